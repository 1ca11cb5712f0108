/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Search: each class at its borders, hostile text, the index through edits, deletion and older caches, and a few
 * hundred random queries against a filter that reads every text. */
#include <math.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "fhir/resource.h"
#include "people.h"
#include "rounds-schema.h"
#include "store-fixture.h"
#include "store/database.h"
#include "store/glass.h"
#include "store/search.h"
#include "store/store-private.h"

/* --- helpers ---------------------------------------------------------------------------------------- */

/* The ids that a query gives, in its order, blank-separated. */
static char *
ids_of (RoundsStore *store, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = rounds_query_parse (text, &error);
  g_autoptr (GPtrArray) list = NULL;
  GString *out = g_string_new (NULL);
  guint64 n = 0;

  g_assert_no_error (error);
  list = rounds_store_search (store, query, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", ((RoundsRecord *) list->pdata[i])->id);
  if (strstr (text, "_count") == NULL && strstr (text, "_offset") == NULL)
    {
      g_assert_true (rounds_store_search_count (store, query, NULL, NULL, NULL, &n, &error));
      g_assert_cmpuint (n, ==, list->len);
    }
  return g_string_free (out, FALSE);
}

#define FINDS(store, query, expected) \
  G_STMT_START { \
    g_autofree char *found_ = ids_of (store, query); \
    g_assert_cmpstr (found_, ==, expected); \
  } G_STMT_END

static void
refused (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = rounds_query_parse (text, &error);

  if (query != NULL)
    g_error ("not refused: %.200s", text);
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
}

static void
add_patient (RoundsStore *store, const char *id, const char *rest)
{
  g_autofree char *json = g_strdup_printf ("{\"resourceType\":\"Patient\",\"id\":\"%s\"%s}", id, rest);

  must_put (store, "Patient", id, json);
}

static void
add_observation (RoundsStore *store, const char *id, const char *rest)
{
  g_autofree char *json = g_strdup_printf ("{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\"%s}", id, rest);

  must_put (store, "Observation", id, json);
}

/* --- string ----------------------------------------------------------------------------------------- */

static void
test_string (void)
{
  Fixture f;
  g_autofree char *long_name = g_strnfill (10000, 'x');
  g_autofree char *long_rest = g_strdup_printf (",\"name\":[{\"family\":\"%s\"}]", long_name);
  g_autofree char *long_query = g_strdup_printf ("Patient?family=%s", long_name);
  g_autofree char *longer_query = g_strdup_printf ("Patient?family=%sy", long_name);

  fixture_new (&f);
  add_patient (f.store, "a", ",\"name\":[{\"family\":\"Müller-Lüdenscheidt\",\"given\":[\"Jörg\",\"Éric\"]}]");
  add_patient (f.store, "b", ",\"name\":[{\"family\":\"Muller\",\"given\":[\"Anna\"]},{\"family\":\"Strauß\"}]");
  add_patient (f.store, "c", ",\"name\":[{\"text\":\"王秀英\",\"family\":\"王\",\"given\":[\"秀英\"]}]");
  add_patient (f.store, "d", ",\"name\":[{\"family\":\"O'Brien; DROP TABLE resource;--\"}]");
  add_patient (f.store, "e", ",\"gender\":\"male\"");
  add_patient (f.store, "f", long_rest);
  FINDS (f.store, "Patient?name=mull", "a b");
  FINDS (f.store, "Patient?name=M%C3%9CLLER", "a b");
  FINDS (f.store, "Patient?family=muller&given=eric", "a");
  FINDS (f.store, "Patient?given=ric", "");
  FINDS (f.store, "Patient?given:contains=ric", "a");
  FINDS (f.store, "Patient?family:contains=denscheid", "a");
  FINDS (f.store, "Patient?family:exact=Muller", "b");
  FINDS (f.store, "Patient?family:exact=muller", "");
  FINDS (f.store, "Patient?family:exact=Mull", "");
  FINDS (f.store, "Patient?family=strauss", "b");
  FINDS (f.store, "Patient?family=strau%C3%9F", "b");
  FINDS (f.store, "Patient?name=%E7%8E%8B", "c");
  FINDS (f.store, "Patient?name:contains=%E8%8B%B1", "c");
  FINDS (f.store, "Patient?family=o'brien;+drop", "d");
  FINDS (f.store, "Patient?family=%27+OR+1=1--", "");
  FINDS (f.store, "Patient?family=mul,str&given=anna,nobody", "b");
  FINDS (f.store, "Patient?name:missing=true", "e");
  FINDS (f.store, "Patient?name:missing=false", "a b c d f");
  FINDS (f.store, "Patient?gender:missing=false&name:missing=true", "e");
  FINDS (f.store, long_query, "f");
  FINDS (f.store, longer_query, "");
  fixture_clear (&f);
}

/* --- token ------------------------------------------------------------------------------------------ */

static void
test_token (void)
{
  Fixture f;

  fixture_new (&f);
  add_patient (f.store, "a", ",\"gender\":\"female\",\"identifier\":[{\"system\":\"urn:s1\",\"value\":\"A-1\"}],"
                             "\"telecom\":[{\"system\":\"phone\",\"value\":\"123\"},{\"system\":\"email\",\"value\":\"A@x.org\"}]");
  add_patient (f.store, "b", ",\"gender\":\"male\",\"identifier\":[{\"system\":\"urn:s2\",\"value\":\"A-1\"},{\"value\":\"a,b|c$\"}],"
                             "\"deceasedBoolean\":true");
  add_patient (f.store, "c", ",\"identifier\":[{\"value\":\"A-1\"}],\"active\":false,\"deceasedBoolean\":false,"
                             "\"telecom\":[{\"system\":\"email\",\"value\":\"123\"}]");
  FINDS (f.store, "Patient?gender=male", "b");
  FINDS (f.store, "Patient?gender=male,female", "a b");
  FINDS (f.store, "Patient?gender:not=male", "a c");
  FINDS (f.store, "Patient?gender:not=male,female", "c");
  FINDS (f.store, "Patient?gender:missing=true", "c");
  FINDS (f.store, "Patient?identifier=a-1", "a b c");
  FINDS (f.store, "Patient?identifier=urn:s1%7CA-1", "a");
  FINDS (f.store, "Patient?identifier=%7CA-1", "c");
  FINDS (f.store, "Patient?identifier=urn:s2%7C", "b");
  FINDS (f.store, "Patient?identifier=urn:none%7CA-1", "");
  FINDS (f.store, "Patient?identifier=a%5C,b%5C%7Cc%5C$", "b");
  FINDS (f.store, "Patient?identifier=A-1&gender=female", "a");
  FINDS (f.store, "Patient?active=false", "c");
  FINDS (f.store, "Patient?deceased=true", "b");
  FINDS (f.store, "Patient?deceased=false", "a c");
  FINDS (f.store, "Patient?phone=123", "a");
  FINDS (f.store, "Patient?email=a@X.org", "a");
  FINDS (f.store, "Patient?_id=a,c", "a c");
  FINDS (f.store, "Patient?_id=nobody", "");
  fixture_clear (&f);
}

/* --- date ------------------------------------------------------------------------------------------- */

static void
test_birth_date (void)
{
  Fixture f;

  fixture_new (&f);
  add_patient (f.store, "day", ",\"birthDate\":\"1980-02-03\"");
  add_patient (f.store, "month", ",\"birthDate\":\"1980-02\"");
  add_patient (f.store, "year", ",\"birthDate\":\"1980\"");
  add_patient (f.store, "end", ",\"birthDate\":\"1980-12-31\"");
  add_patient (f.store, "next", ",\"birthDate\":\"1981-01-01\"");
  add_patient (f.store, "none", "");
  add_patient (f.store, "bad", ",\"birthDate\":\"long ago\"");
  FINDS (f.store, "Patient?birthdate=1980", "day month year end");
  FINDS (f.store, "Patient?birthdate=1980-02", "day month");
  FINDS (f.store, "Patient?birthdate=1980-02-03", "day");
  FINDS (f.store, "Patient?birthdate=eq1980-12-31", "end");
  FINDS (f.store, "Patient?birthdate=ne1980-02", "year end next");
  FINDS (f.store, "Patient?birthdate=gt1980-02", "year end next");
  FINDS (f.store, "Patient?birthdate=ge1980-02", "day month year end next");
  FINDS (f.store, "Patient?birthdate=ge1980-12-31", "end next");
  FINDS (f.store, "Patient?birthdate=le1980-01-01", "");
  FINDS (f.store, "Patient?birthdate=gt1980-12-31", "next");
  FINDS (f.store, "Patient?birthdate=lt1980-02-03", "month year");
  FINDS (f.store, "Patient?birthdate=le1980-02-03", "day month year");
  FINDS (f.store, "Patient?birthdate=sa1980-02-03", "end next");
  FINDS (f.store, "Patient?birthdate=sa1980", "next");
  FINDS (f.store, "Patient?birthdate=eb1981", "day month year end");
  FINDS (f.store, "Patient?birthdate=eb1980-12-31", "day month");
  FINDS (f.store, "Patient?birthdate=ap1980-06-01", "day month year end next");
  FINDS (f.store, "Patient?birthdate=ge1980-02-01&birthdate=le1980-02-29", "day month year");
  FINDS (f.store, "Patient?birthdate=1981,1980-02-03", "day next");
  FINDS (f.store, "Patient?birthdate:missing=true", "none bad");
  fixture_clear (&f);
}

static void
set_zone (const char *name)
{
  g_setenv ("TZ", name, TRUE);
  tzset ();
}

/* A birth date is the same day in Shanghai and in Lima; an instant falls on the day of the local clock. */
static void
test_zones (void)
{
  Fixture f;

  set_zone ("Asia/Shanghai");
  fixture_new (&f);
  add_patient (f.store, "p", ",\"birthDate\":\"1980-02-03\"");
  add_observation (f.store, "late", ",\"effectiveDateTime\":\"2024-05-31T23:30:00-05:00\"");
  add_observation (f.store, "plain", ",\"effectiveDateTime\":\"2024-05-31\"");
  FINDS (f.store, "Patient?birthdate=1980-02-03", "p");
  FINDS (f.store, "Observation?date=2024-05-31", "plain");
  FINDS (f.store, "Observation?date=2024-06-01", "late");
  set_zone ("America/Lima");
  FINDS (f.store, "Patient?birthdate=1980-02-03", "p");
  FINDS (f.store, "Patient?birthdate=1980-02-02", "");
  FINDS (f.store, "Observation?date=2024-05-31", "late plain");
  FINDS (f.store, "Observation?date=2024-06-01", "");
  set_zone ("UTC");
  fixture_clear (&f);
}

static void
test_periods (void)
{
  Fixture f;
  static const char *const encounters[][2] = {
    { "closed", "\"start\":\"2024-01-10T08:00:00Z\",\"end\":\"2024-01-12T10:00:00Z\"" },
    { "open", "\"start\":\"2024-01-11T08:00:00Z\"" },
    { "ended", "\"end\":\"2024-01-05\"" },
    { "empty", "" },
  };

  fixture_new (&f);
  for (guint i = 0; i < G_N_ELEMENTS (encounters); i++)
    {
      g_autofree char *json = g_strdup_printf ("{\"resourceType\":\"Encounter\",\"id\":\"%s\",\"status\":\"finished\",\"period\":{%s}}",
                                               encounters[i][0], encounters[i][1]);
      must_put (f.store, "Encounter", encounters[i][0], json);
    }
  FINDS (f.store, "Encounter?date=2024-01", "closed");
  FINDS (f.store, "Encounter?date=2024-01-10", "");
  FINDS (f.store, "Encounter?date=gt2024-01-11", "closed open");
  FINDS (f.store, "Encounter?date=gt2024-02", "open");
  FINDS (f.store, "Encounter?date=lt2024-01-09", "ended");
  FINDS (f.store, "Encounter?date=sa2024-01-10T07:59:59Z", "closed open");
  FINDS (f.store, "Encounter?date=sa2024-01-10T08:00:00Z", "open");
  FINDS (f.store, "Encounter?date=eb2024-01-06", "ended");
  FINDS (f.store, "Encounter?date=eb2024-01-05", "");
  FINDS (f.store, "Encounter?date:missing=true", "empty");
  FINDS (f.store, "Encounter?_sort=date", "ended closed open empty");
  FINDS (f.store, "Encounter?_sort=-date", "open closed ended empty");
  fixture_clear (&f);
}

/* --- quantity --------------------------------------------------------------------------------------- */

static void
test_quantity (void)
{
  Fixture f;

  fixture_new (&f);
  add_observation (f.store, "c", ",\"valueQuantity\":{\"value\":38.5,\"system\":\"http://unitsofmeasure.org\",\"code\":\"Cel\"}");
  add_observation (f.store, "f", ",\"valueQuantity\":{\"value\":101.3,\"system\":\"http://unitsofmeasure.org\",\"code\":\"[degF]\"}");
  add_observation (f.store, "kg", ",\"valueQuantity\":{\"value\":38.5,\"unit\":\"kg\"}");
  add_observation (f.store, "bare", ",\"valueQuantity\":{\"value\":38.5}");
  add_observation (f.store, "own", ",\"valueQuantity\":{\"value\":38.5,\"system\":\"urn:ours\",\"code\":\"Cel\"}");
  add_observation (f.store, "under", ",\"valueQuantity\":{\"value\":35,\"comparator\":\"<\",\"code\":\"Cel\"}");
  add_observation (f.store, "text", ",\"valueString\":\"38.5\"");
  FINDS (f.store, "Observation?value-quantity=38.5%7Chttp://unitsofmeasure.org%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=38.5%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=101.3%7C%7C%5BdegF%5D", "c f");
  FINDS (f.store, "Observation?value-quantity=38.5", "c kg bare own");
  FINDS (f.store, "Observation?value-quantity=38500%7C%7Cg", "kg");
  FINDS (f.store, "Observation?value-quantity=38.5%7Curn:ours%7CCel", "own");
  FINDS (f.store, "Observation?value-quantity=38%7C%7CCel", "");
  FINDS (f.store, "Observation?value-quantity=39%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=38.50%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=38.51%7C%7CCel", "");
  FINDS (f.store, "Observation?value-quantity=gt38.5%7C%7CCel", "");
  FINDS (f.store, "Observation?value-quantity=ge38.5%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=lt38.5%7C%7CCel", "under");
  FINDS (f.store, "Observation?value-quantity=le38.5%7C%7CCel", "c f under");
  FINDS (f.store, "Observation?value-quantity=ge35%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=lt35%7C%7CCel", "under");
  FINDS (f.store, "Observation?value-quantity=ap40%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=ne38.5%7C%7CCel", "under");
  FINDS (f.store, "Observation?value-quantity=sa38%7C%7CCel", "c f");
  FINDS (f.store, "Observation?value-quantity=eb38%7C%7CCel", "under");
  FINDS (f.store, "Observation?value-quantity=ge0%7C%7C%7Bscore%7D", "");
  FINDS (f.store, "Observation?value-quantity:missing=true", "text");
  fixture_clear (&f);
}

/* --- reference, has --------------------------------------------------------------------------------- */

static void
test_reference (void)
{
  Fixture f;

  fixture_new (&f);
  add_patient (f.store, "p1", "");
  add_patient (f.store, "p2", "");
  add_patient (f.store, "p3", "");
  must_put (f.store, "Encounter", "e1", "{\"resourceType\":\"Encounter\",\"id\":\"e1\",\"status\":\"in-progress\","
                                        "\"subject\":{\"reference\":\"Patient/p1\"}}");
  must_put (f.store, "Encounter", "e2", "{\"resourceType\":\"Encounter\",\"id\":\"e2\",\"status\":\"finished\","
                                        "\"subject\":{\"reference\":\"https://h.example/fhir/Patient/p2/_history/3\"}}");
  must_put (f.store, "Encounter", "e3", "{\"resourceType\":\"Encounter\",\"id\":\"e3\",\"status\":\"in-progress\","
                                        "\"subject\":{\"reference\":\"Group/p3\"}}");
  add_observation (f.store, "o1", ",\"encounter\":{\"reference\":\"Encounter/e1\"},\"subject\":{\"reference\":\"Patient/p1\"}");
  add_observation (f.store, "o2", ",\"encounter\":{\"reference\":\"Encounter/e2\"},\"subject\":{\"reference\":\"Patient/p2\"}");
  FINDS (f.store, "Observation?encounter=Encounter/e1", "o1");
  FINDS (f.store, "Observation?encounter=e1", "o1");
  FINDS (f.store, "Observation?subject:Patient=p2", "o2");
  FINDS (f.store, "Observation?subject:Group=p2", "");
  FINDS (f.store, "Observation?patient=p1,p2", "o1 o2");
  FINDS (f.store, "Encounter?subject=p3", "e3");
  FINDS (f.store, "Encounter?subject=Patient/p3", "");
  FINDS (f.store, "Patient?_has:Encounter:subject:status=in-progress", "p1");
  FINDS (f.store, "Patient?_has:Encounter:subject:status=in-progress,finished", "p1 p2");
  FINDS (f.store, "Patient?_has:Encounter:subject:status:not=finished", "p1");
  FINDS (f.store, "Patient?_has:Encounter:subject:_has:Observation:encounter:status=final&_id=p2", "p2");
  FINDS (f.store, "Patient?_has:Encounter:subject:status=cancelled", "");
  /* A deleted encounter counts no more; one whose subject changed counts for the other. */
  g_assert_true (delete_one (f.store, "Encounter", "e1", -1, NULL));
  FINDS (f.store, "Patient?_has:Encounter:subject:status=in-progress", "");
  must_put (f.store, "Encounter", "e2", "{\"resourceType\":\"Encounter\",\"id\":\"e2\",\"status\":\"in-progress\","
                                        "\"subject\":{\"reference\":\"Patient/p3\"}}");
  FINDS (f.store, "Patient?_has:Encounter:subject:status=in-progress", "p3");
  fixture_clear (&f);
}

/* --- order, pages, what changed --------------------------------------------------------------------- */

static void
import_known (RoundsStore *store, const char *type, const char *id, const char *json)
{
  RoundsImportItem item = { .type = type, .id = id, .json = json };
  g_autoptr (GError) error = NULL;

  rounds_store_import (store, &item, 1, TRUE, "test", NULL, &error);
  g_assert_no_error (error);
}

static void
test_order (void)
{
  Fixture f;

  fixture_new (&f);
  import_known (f.store, "Patient", "a", "{\"resourceType\":\"Patient\",\"id\":\"a\",\"meta\":{\"lastUpdated\":\"2024-03-01T00:00:00Z\"},"
                                         "\"name\":[{\"family\":\"Zeta\"}],\"birthDate\":\"1950-01-01\"}");
  import_known (f.store, "Patient", "b", "{\"resourceType\":\"Patient\",\"id\":\"b\",\"meta\":{\"lastUpdated\":\"2024-01-01T00:00:00Z\"},"
                                         "\"name\":[{\"family\":\"Álvarez\"}],\"birthDate\":\"1990\"}");
  import_known (f.store, "Patient", "c", "{\"resourceType\":\"Patient\",\"id\":\"c\",\"meta\":{\"lastUpdated\":\"2024-02-01T00:00:00Z\"},"
                                         "\"name\":[{\"family\":\"Meyer\"}]}");
  FINDS (f.store, "Patient?_sort=name", "b c a");
  FINDS (f.store, "Patient?_sort=-name", "a c b");
  FINDS (f.store, "Patient?_sort=birthdate", "a b c");
  FINDS (f.store, "Patient?_sort=-birthdate", "b a c");
  FINDS (f.store, "Patient?_sort=_lastUpdated", "b c a");
  FINDS (f.store, "Patient?_sort=-_lastUpdated,name", "a c b");
  FINDS (f.store, "Patient?_sort=-family", "a c b");
  FINDS (f.store, "Patient?_lastUpdated=ge2024-02-01T00:00:00Z", "a c");
  FINDS (f.store, "Patient?_lastUpdated=lt2024-02&name=al", "b");
  FINDS (f.store, "Patient?_sort=name&_count=1", "b");
  FINDS (f.store, "Patient?_sort=name&_count=1&_offset=1", "c");
  FINDS (f.store, "Patient?_sort=name&_offset=2", "a");
  FINDS (f.store, "Patient?_sort=name&_offset=9", "");
  FINDS (f.store, "Patient?_unsynced=true", "");
  /* An edit here is the last change, until the server has it. */
  must_put (f.store, "Patient", "b", "{\"resourceType\":\"Patient\",\"id\":\"b\",\"name\":[{\"family\":\"Novák\"}]}");
  FINDS (f.store, "Patient?_sort=-_lastUpdated", "b a c");
  FINDS (f.store, "Patient?_sort=name", "c b a");
  FINDS (f.store, "Patient?family=alvarez", "");
  FINDS (f.store, "Patient?family=novak", "b");
  FINDS (f.store, "Patient?_unsynced=true", "b");
  FINDS (f.store, "Patient?_unsynced=false", "a c");
  FINDS (f.store, "Patient?_conflict=true", "");
  FINDS (f.store, "Patient?_conflict=false", "a b c");
  g_assert_true (rounds_store_undo (f.store, "Patient", "b", 2, NULL));
  FINDS (f.store, "Patient?family=alvarez", "b");
  g_assert_true (delete_one (f.store, "Patient", "a", -1, NULL));
  FINDS (f.store, "Patient?_sort=name", "b c");
  FINDS (f.store, "Patient?family=zeta", "");
  FINDS (f.store, "Patient?_sort=-_lastUpdated", "c b");
  fixture_clear (&f);
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "", "?", "Nothing", "Nothing?a=b", "Patient?foo=bar", "Patient?name:fuzzy=x", "Patient?name=", "Patient?name=---",
    "Patient?name=a,", "Patient?family=%25", "Patient?gender=", "Patient?gender=a%7Cb%7Cc", "Patient?birthdate=yesterday", "Patient?birthdate=xx1980",
    "Patient?birthdate=1980-13", "Observation?value-quantity=abc", "Observation?value-quantity=1%7C2",
    "Observation?value-quantity=NaN", "Observation?value-quantity=1%7Cs%7C", "Observation?subject=a/b/c%20d",
    "Observation?subject:Patient=Group/1", "Patient?_has=x", "Patient?_has:Encounter=x", "Patient?_has:Nothing:subject:status=x",
    "Patient?_has:Encounter:status:status=x", "Patient?_has:Encounter:subject:foo=x", "Patient?_sort=gender", "Patient?_sort=",
    "Patient?_count=-1", "Patient?_count=x", "Patient?_summary=text", "Patient?name:missing=maybe", "Patient?_id=a%20b",
    "Patient?name=%FF", "Patient?name=%00", "Patient?name=%zz", "Patient?_unsynced=1", "Patient?_lastUpdated:missing=true",
    "Patient?_id:exact=a", "Patient?=x",
    "Patient?_has:Patient:a:_has:Patient:a:_has:Patient:a:_has:Patient:a:_has:Patient:a:name=x",
  };
  g_autofree char *long_value = g_strnfill (20000, 'a');
  g_autofree char *long_query = g_strconcat ("Patient?name=", long_value, NULL);
  g_autoptr (GString) many = g_string_new ("Patient?name=a");
  g_autoptr (GString) values = g_string_new ("Patient?name=a");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    refused (bad[i]);
  refused (long_query);
  for (guint i = 0; i < 100; i++)
    g_string_append (many, "&name=a");
  refused (many->str);
  for (guint i = 0; i < 300; i++)
    g_string_append (values, ",a");
  refused (values->str);
}

/* Restricted records are not found, not counted and lead to nobody, until the glass is broken: also when the index
 * was built while they were hidden. */
static void
test_restricted (void)
{
  static const char label[] = "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\","
                              "\"code\":\"R\"}]}";
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *secret = g_strdup_printf (",%s,\"code\":{\"coding\":[{\"code\":\"hiv\"}]},\"subject\":{\"reference\":"
                                             "\"Patient/a\"}", label);

  fixture_new (&f);
  add_patient (f.store, "a", ",\"name\":[{\"family\":\"Open\"}]");
  add_observation (f.store, "o", ",\"code\":{\"coding\":[{\"code\":\"pulse\"}]},\"subject\":{\"reference\":\"Patient/a\"}");
  {
    g_autofree char *json = g_strdup_printf ("{\"resourceType\":\"Observation\",\"id\":\"s\",\"status\":\"final\"%s}", secret);

    import_known (f.store, "Observation", "s", json);
  }
  FINDS (f.store, "Observation?status=final", "o");
  FINDS (f.store, "Observation?code=hiv", "");
  FINDS (f.store, "Observation?_sort=-_lastUpdated", "o");
  FINDS (f.store, "Patient?_has:Observation:subject:code=hiv", "");
  FINDS (f.store, "Patient?_has:Observation:subject:code=pulse", "a");
  rounds_store_break_glass (f.store, "a", "unconscious in the emergency room", &error);
  g_assert_no_error (error);
  FINDS (f.store, "Observation?code=hiv", "s");
  FINDS (f.store, "Patient?_has:Observation:subject:code=hiv", "a");
  g_assert_true (rounds_store_end_glass (f.store, &error));
  FINDS (f.store, "Observation?code=hiv", "");
  fixture_clear (&f);
}

/* What the functions say is what the address says. */
static void
test_builder (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = rounds_query_new ("Patient", &error);
  RoundsQuery *other = rounds_query_new ("Encounter", &error);
  g_autoptr (GPtrArray) list = NULL;

  fixture_new (&f);
  add_patient (f.store, "a", ",\"name\":[{\"family\":\"A,b|c\\\\d\"}],\"gender\":\"male\",\"birthDate\":\"1980-02-03\"");
  add_patient (f.store, "b", ",\"name\":[{\"family\":\"Other\"}],\"gender\":\"male\",\"birthDate\":\"1980-02-03\"");
  must_put (f.store, "Encounter", "e", "{\"resourceType\":\"Encounter\",\"id\":\"e\",\"status\":\"planned\",\"subject\":{"
                                       "\"reference\":\"Patient/a\"}}");
  g_assert_true (rounds_query_add_string (query, "family", ROUNDS_STRING_EXACT, "A,b|c\\d", &error));
  g_assert_true (rounds_query_add_token (query, "gender", NULL, "male", &error));
  g_assert_true (rounds_query_add_date (query, "birthdate", "le", "1980-02-03", &error));
  g_assert_true (rounds_query_add_missing (query, "address", TRUE, &error));
  g_assert_true (rounds_query_add_token (other, "status", NULL, "planned", &error));
  g_assert_true (rounds_query_add_reference (other, "subject", "Patient", "a", &error));
  g_assert_true (rounds_query_add_has (query, "subject", other, &error));
  g_assert_true (rounds_query_add_sort (query, "name", TRUE, &error));
  g_assert_no_error (error);
  rounds_query_set_page (query, 5, 0);
  list = rounds_store_search (f.store, query, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpstr (((RoundsRecord *) list->pdata[0])->id, ==, "a");
  fixture_clear (&f);
}

/* --- the index while it is built -------------------------------------------------------------------- */

typedef struct {
  RoundsStore *store;
  guint64 calls, last, total;
  GCancellable *cancel;
} Progress;

/* Edits, deletes and adds between the slices of a build. */
static void
progress_cb (guint64 done, guint64 total, gpointer data)
{
  Progress *progress = data;

  g_assert_cmpuint (done, >=, progress->last);
  progress->last = done;
  progress->total = total;
  progress->calls++;
  if (progress->calls == 1 && progress->store != NULL)
    {
      add_patient (progress->store, "p0000000", ",\"name\":[{\"family\":\"Early\"}]");
      add_patient (progress->store, "p0002500", ",\"name\":[{\"family\":\"Later\"}]");
      add_patient (progress->store, "added", ",\"name\":[{\"family\":\"Added\"}]");
      g_assert_true (delete_one (progress->store, "Patient", "p0000001", -1, NULL));
      g_assert_true (delete_one (progress->store, "Patient", "p0002501", -1, NULL));
    }
  if (progress->cancel != NULL)
    g_cancellable_cancel (progress->cancel);
}

static void
import_people (RoundsStore *store, guint n)
{
  g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, n);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      char *id = people_id (i), *json = people_patient (7, i);

      g_ptr_array_add (texts, id);
      g_ptr_array_add (texts, json);
      items[i] = (RoundsImportItem){ .type = "Patient", .id = id, .json = json };
    }
  rounds_store_import (store, items, n, TRUE, "test", NULL, &error);
  g_assert_no_error (error);
}

static void
test_building (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = rounds_query_parse ("Patient?name:missing=true", &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Progress progress = { .cancel = cancellable };
  guint64 n;

  fixture_new (&f);
  import_people (f.store, 3500);
  /* Cut off after the first slice: nothing is answered, and the next goes on from there. */
  g_assert_false (rounds_store_search_count (f.store, query, progress_cb, &progress, cancellable, &n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  fixture_close (&f);
  fixture_open (&f);
  progress = (Progress){ .store = f.store };
  g_assert_true (rounds_store_search_count (f.store, query, progress_cb, &progress, NULL, &n, &error));
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpuint (progress.calls, >=, 3);
  g_assert_cmpuint (progress.last, ==, progress.total);
  FINDS (f.store, "Patient?family:exact=Early", "p0000000");
  FINDS (f.store, "Patient?family:exact=Later", "p0002500");
  FINDS (f.store, "Patient?name:exact=Added", "added");
  FINDS (f.store, "Patient?name:exact=Later", "p0002500");
  FINDS (f.store, "Patient?_id=p0002501", "");
  fixture_clear (&f);
}

/* --- against a filter that reads every text --------------------------------------------------------- */

#define N_PEOPLE 300
#define N_QUERIES 400

typedef struct {
  GPtrArray *patients, *encounters, *observations;   /* json_object */
} Everything;

static GPtrArray *
parsed_array (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
}

static void
keep (RoundsStore *store, GPtrArray *list, char *json)
{
  json_object *resource = rounds_json_parse (json, -1, NULL);

  import_known (store, rounds_json_peek_string (resource, "resourceType"), rounds_json_peek_string (resource, "id"), json);
  g_ptr_array_add (list, resource);
  g_free (json);
}

/* "1980" → "1980-01-01" or "1980-12-31": dates as texts compare as dates. */
static char *
edge (const char *date, gboolean last)
{
  static const guint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  int year = atoi (date), month = strlen (date) >= 7 ? atoi (date + 5) : last ? 12 : 1;
  int day = strlen (date) >= 10 ? atoi (date + 8)
            : !last ? 1 : days[month - 1] + (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));

  return g_strdup_printf ("%04d-%02d-%02d", year, month, day);
}

static gboolean
date_fits (const char *value, const char *prefix, const char *asked)
{
  g_autofree char *v1 = NULL, *v2 = NULL, *a1 = NULL, *a2 = NULL;
  gboolean inside, above, below;

  if (value == NULL)
    return FALSE;
  v1 = edge (value, FALSE);
  v2 = edge (value, TRUE);
  a1 = edge (asked, FALSE);
  a2 = edge (asked, TRUE);
  inside = strcmp (v1, a1) >= 0 && strcmp (v2, a2) <= 0;
  above = strcmp (v2, a2) > 0;
  below = strcmp (v1, a1) < 0;
  if (g_str_equal (prefix, "eq"))
    return inside;
  if (g_str_equal (prefix, "ne"))
    return !inside;
  if (g_str_equal (prefix, "gt"))
    return above;
  if (g_str_equal (prefix, "lt"))
    return below;
  if (g_str_equal (prefix, "ge"))
    return above || inside;
  if (g_str_equal (prefix, "le"))
    return below || inside;
  if (g_str_equal (prefix, "sa"))
    return strcmp (v1, a2) > 0;
  return strcmp (v2, a1) < 0;
}

static gboolean
quantity_fits (json_object *resource, const char *prefix, double asked, double half, const char *unit)
{
  const char *digits = rounds_json_peek_digits (resource, "valueQuantity.value");
  const char *own = rounds_json_peek_string (resource, "valueQuantity.code");
  double value, tolerance = 1e-9;

  if (digits == NULL || (unit != NULL && !rounds_quantity_convert (g_ascii_strtod (digits, NULL), own, unit, &value)))
    return FALSE;
  if (unit == NULL)
    value = g_ascii_strtod (digits, NULL);
  if (g_str_equal (prefix, "eq"))
    return value >= asked - half - tolerance && value < asked + half - tolerance;
  if (g_str_equal (prefix, "ne"))
    return !(value >= asked - half - tolerance && value < asked + half - tolerance);
  if (g_str_equal (prefix, "gt"))
    return value > asked + tolerance;
  if (g_str_equal (prefix, "lt"))
    return value < asked - tolerance;
  if (g_str_equal (prefix, "ge"))
    return value >= asked - tolerance;
  return value <= asked + tolerance;
}

static gboolean
name_fits (json_object *patient, const char *folded)
{
  static const char *const paths[] = { "name.0.family", "name.0.given.0", "name.0.given.1", "name.0.text" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      const char *text = rounds_json_peek_string (patient, paths[i]);
      g_autofree char *own = text != NULL ? rounds_fold_words (text) : NULL;

      if (own != NULL && g_str_has_prefix (own, folded))
        return TRUE;
    }
  return FALSE;
}

static const char *
pick (GRand *random, const char *const *list, guint n)
{
  return list[g_rand_int_range (random, 0, (int) n)];
}

/* One random condition on patients: added to the address, and told by the filter for each of them. */
static void
patient_condition (GRand *random, Everything *all, GString *query, gboolean *fits)
{
  static const char *const prefixes[] = { "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb" };
  static const char *const sexes[] = { "male", "female", "other" };
  static const char *const statuses[] = { "in-progress", "finished", "cancelled" };
  int which = g_rand_int_range (random, 0, 5);
  json_object *some = all->patients->pdata[g_rand_int_range (random, 0, (int) all->patients->len)];
  const char *family = rounds_json_peek_string (some, "name.0.family");
  const char *born = rounds_json_peek_string (some, "birthDate");
  g_autofree char *start = g_utf8_substring (family, 0, MIN (g_utf8_strlen (family, -1), g_rand_int_range (random, 1, 4)));
  g_autofree char *folded = rounds_fold_words (start);
  g_autofree char *coded = g_uri_escape_string (start, NULL, FALSE);
  g_autofree char *asked = g_strndup (born != NULL ? born : "1970", (gsize[]){ 4, 7, 10 }[g_rand_int_range (random, 0, 3)]);
  const char *prefix = pick (random, prefixes, 8), *sex = pick (random, sexes, 3), *status = pick (random, statuses, 3);

  if (which == 0)
    g_string_append_printf (query, "&name=%s", coded);
  else if (which == 1)
    g_string_append_printf (query, "&gender=%s", sex);
  else if (which == 2)
    g_string_append_printf (query, "&gender:not=%s", sex);
  else if (which == 3)
    g_string_append_printf (query, "&birthdate=%s%s", prefix, asked);
  else
    g_string_append_printf (query, "&_has:Encounter:subject:status=%s", status);
  for (guint i = 0; i < all->patients->len; i++)
    {
      json_object *patient = all->patients->pdata[i];
      const char *own = rounds_json_peek_string (patient, "gender");
      gboolean ok = FALSE;

      if (which == 0)
        ok = name_fits (patient, folded);
      else if (which <= 2)
        ok = (g_strcmp0 (own, sex) == 0) == (which == 1);
      else if (which == 3)
        ok = date_fits (rounds_json_peek_string (patient, "birthDate"), prefix, asked);
      else
        for (guint k = 0; k < all->encounters->len && !ok; k++)
          ok = g_str_equal (rounds_resource_peek_patient_id (all->encounters->pdata[k]), rounds_json_peek_string (patient, "id")) &&
               g_strcmp0 (rounds_json_peek_string (all->encounters->pdata[k], "status"), status) == 0;
      fits[i] = fits[i] && ok;
    }
}

static void
observation_condition (GRand *random, Everything *all, GString *query, gboolean *fits)
{
  static const char *const prefixes[] = { "eq", "ne", "gt", "lt", "ge", "le" };
  static const char *const units[] = { "Cel", "[degF]", "kg", "g", "cm", "[in_i]", "g/dL", "g/L", "mm[Hg]", "kPa", "/min", "%" };
  int which = g_rand_int_range (random, 0, 4);
  json_object *some = all->observations->pdata[g_rand_int_range (random, 0, (int) all->observations->len)];
  const char *code = rounds_json_peek_string (some, "code.coding.0.code");
  const char *subject = rounds_resource_peek_patient_id (some);
  const char *prefix = pick (random, prefixes, 6), *unit = pick (random, units, 12);
  const char *digits = rounds_json_peek_digits (some, "valueQuantity.value"), *point = strchr (digits, '.');
  g_autofree char *day = g_strndup (rounds_json_peek_string (some, "effectiveDateTime"), 10);
  g_autofree char *coded = g_uri_escape_string (unit, NULL, FALSE);
  double half = point != NULL ? 0.05 : 0.5;

  if (which == 0)
    g_string_append_printf (query, "&code=http://loinc.org%%7C%s", code);
  else if (which == 1)
    g_string_append_printf (query, "&value-quantity=%s%s%%7C%%7C%s", prefix, digits, coded);
  else if (which == 2)
    g_string_append_printf (query, "&date=%s%s", prefix, day);
  else
    g_string_append_printf (query, "&subject=Patient/%s", subject);
  for (guint i = 0; i < all->observations->len; i++)
    {
      json_object *observation = all->observations->pdata[i];
      g_autofree char *own = g_strndup (rounds_json_peek_string (observation, "effectiveDateTime"), 10);
      gboolean ok;

      if (which == 0)
        ok = g_str_equal (rounds_json_peek_string (observation, "code.coding.0.code"), code);
      else if (which == 1)
        ok = quantity_fits (observation, prefix, g_ascii_strtod (digits, NULL), half, unit);
      else if (which == 2)
        ok = date_fits (own, prefix, day);
      else
        ok = g_str_equal (rounds_resource_peek_patient_id (observation), subject);
      fits[i] = fits[i] && ok;
    }
}

static void
compare_all (RoundsStore *store, GPtrArray *list, const char *query, const gboolean *fits)
{
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree char *found = ids_of (store, query);

  for (guint i = 0; i < list->len; i++)
    if (fits[i])
      g_string_append_printf (expected, "%s%s", expected->len > 0 ? " " : "", rounds_json_peek_string (list->pdata[i], "id"));
  if (!g_str_equal (found, expected->str))
    g_test_message ("differs: %s", query);
  g_assert_cmpstr (found, ==, expected->str);
}

static void
test_differential (void)
{
  Fixture f;
  Everything all = { parsed_array (), parsed_array (), parsed_array () };
  g_autoptr (GRand) random = g_rand_new_with_seed (20261101);

  set_zone ("UTC");
  fixture_new (&f);
  for (guint i = 0; i < N_PEOPLE; i++)
    {
      keep (f.store, all.patients, people_patient (11, i));
      for (guint k = 0; k < i % 3; k++)
        keep (f.store, all.encounters, people_encounter (11, i, k));
      keep (f.store, all.observations, people_observation (11, i, 0));
    }
  for (guint i = 0; i < N_QUERIES; i++)
    {
      gboolean fits[N_PEOPLE];
      gboolean patients = i % 2 == 0;
      g_autoptr (GString) query = g_string_new (patients ? "Patient?" : "Observation?");

      for (guint k = 0; k < N_PEOPLE; k++)
        fits[k] = TRUE;
      for (int n = g_rand_int_range (random, 1, 4); n > 0; n--)
        (patients ? patient_condition : observation_condition) (random, &all, query, fits);
      compare_all (f.store, patients ? all.patients : all.observations, query->str, fits);
    }
  g_ptr_array_unref (all.patients);
  g_ptr_array_unref (all.encounters);
  g_ptr_array_unref (all.observations);
  fixture_clear (&f);
}

/* --- a cache of the first schema -------------------------------------------------------------------- */

static GPtrArray *
names_of (sqlite3 *handle, const char *sql)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *statement;

  g_assert_cmpint (sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL), ==, SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_ptr_array_add (names, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  sqlite3_finalize (statement);
  return names;
}

/* Makes the cache into what the first Rounds wrote: 001-records.sql alone, with the same rows. */
static void
age_cache (Fixture *f)
{
  g_autofree char *path = fixture_path (f, "records.db");
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDatabase) db = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GPtrArray) old_tables = NULL, tables = NULL;
  g_autoptr (GString) sql = g_string_new ("BEGIN;"), back = g_string_new (NULL);
  sqlite3 *plain;

  first = g_resource_lookup_data (rounds_schema_get_resource (), ROUNDS_RESOURCE_BASE "/schema/001-records.sql", 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (sqlite3_open (":memory:", &plain), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (plain, g_bytes_get_data (first, NULL), NULL, NULL, NULL), ==, SQLITE_OK);
  old_tables = names_of (plain, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f->key, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < old_tables->len; i++)
    {
      const char *table = old_tables->pdata[i];
      g_autofree char *ask = g_strdup_printf ("SELECT group_concat(name) FROM pragma_table_info('%s')", table);
      g_autoptr (GPtrArray) columns = names_of (plain, ask);

      g_string_append_printf (sql, "CREATE TEMP TABLE old_%s AS SELECT %s FROM main.%s;", table, (char *) columns->pdata[0], table);
      g_string_append_printf (back, "INSERT INTO main.%s (%s) SELECT %s FROM temp.old_%s;", table, (char *) columns->pdata[0],
                              (char *) columns->pdata[0], table);
    }
  tables = names_of (rounds_database_get_handle (db), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                                                      "'sqlite%'");
  for (guint i = 0; i < tables->len; i++)
    g_string_append_printf (sql, "DROP TABLE main.%s;", (char *) tables->pdata[i]);
  g_string_append (sql, g_bytes_get_data (first, NULL));
  g_string_append (sql, back->str);
  g_string_append (sql, "PRAGMA user_version = 1; COMMIT;");
  g_assert_true (rounds_database_exec (db, "PRAGMA foreign_keys = OFF", &error));
  rounds_database_exec (db, sql->str, &error);
  g_assert_no_error (error);
  sqlite3_close (plain);
}

static void
test_old_cache (void)
{
  Fixture f;
  g_autoptr (GPtrArray) hits = NULL;
  g_autoptr (RoundsDatabase) db = NULL;
  g_autofree char *path = NULL;
  gint64 n;

  fixture_new (&f);
  add_patient (f.store, "a", ",\"name\":[{\"family\":\"Müller\"}],\"birthDate\":\"1980-02-03\"");
  add_patient (f.store, "b", ",\"name\":[{\"family\":\"Nowak\"}],\"birthDate\":\"1990-02-03\"");
  g_assert_true (delete_one (f.store, "Patient", "b", -1, NULL));
  add_observation (f.store, "o", ",\"subject\":{\"reference\":\"Patient/a\"},\"valueQuantity\":{\"value\":5,\"code\":\"kg\"}");
  fixture_close (&f);
  age_cache (&f);
  path = fixture_path (&f, "records.db");
  fixture_open (&f);
  FINDS (f.store, "Patient?name=mull", "a");
  FINDS (f.store, "Patient?birthdate=ge1980&_sort=-_lastUpdated", "a");
  FINDS (f.store, "Observation?value-quantity=5000%7C%7Cg&subject=a", "o");
  hits = rounds_store_find_patients (f.store, "muller", 0, NULL);
  g_assert_cmpuint (hits->len, ==, 1);
  fixture_close (&f);
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_READER, f.key, NULL);
  g_assert_true (rounds_database_int (db, 0, &n, NULL, "SELECT count(*) FROM search_string", ""));
  g_assert_cmpint (n, >, 0);
  g_clear_pointer (&db, rounds_database_free);
  fixture_clear (&f);
}

/* --- type-ahead ------------------------------------------------------------------------------------- */

static char *
typed (RoundsStore *store, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = rounds_store_find_patients (store, text, 0, &error);
  GString *out = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < hits->len; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", ((RoundsPatientHit *) hits->pdata[i])->id);
  return g_string_free (out, FALSE);
}

#define TYPED(store, text, expected) \
  G_STMT_START { \
    g_autofree char *found_ = typed (store, text); \
    g_assert_cmpstr (found_, ==, expected); \
  } G_STMT_END

static void
check_typing (RoundsStore *store)
{
  TYPED (store, "MÜLL", "u");
  TYPED (store, "muller jorg", "u");
  TYPED (store, "jörg mul", "u");
  TYPED (store, "ludensch", "u");
  TYPED (store, "strauss", "s");
  TYPED (store, "STRAUß", "s");
  TYPED (store, "strauß", "s");
  TYPED (store, "jaskolka", "s");
  TYPED (store, "王", "z");
  TYPED (store, "英", "z");
  TYPED (store, "秀英", "z");
  TYPED (store, "王秀英", "z");
  TYPED (store, "محمد", "m");
  TYPED (store, "مُحَمَّد", "m");
  TYPED (store, "احمد", "m");
  TYPED (store, "أحمد", "m");
  TYPED (store, "fernandez", "f");
  TYPED (store, "1955", "f");
  TYPED (store, "1955-07", "f");
  TYPED (store, "1955-07-14", "f");
  TYPED (store, "19550714", "f");
  TYPED (store, "14.07.1955", "f");
  TYPED (store, "14071955", "f");
  TYPED (store, "07141955", "f");
  TYPED (store, "4471-0093", "f");
  TYPED (store, "44710093", "f");
  TYPED (store, "0093", "f");
  TYPED (store, "+34600", "f");
  TYPED (store, "600 123", "f");
  TYPED (store, "600123456", "f");
  TYPED (store, "nobody", "");
  TYPED (store, "fernandez muller", "");
  TYPED (store, "' OR 1=1 --", "");
}

static void
test_typing (void)
{
  static const char *const name = "fernandez";
  Fixture f;

  fixture_new (&f);
  add_patient (f.store, "u", ",\"name\":[{\"family\":\"Müller-Lüdenscheidt\",\"given\":[\"Jörg\"]}]");
  add_patient (f.store, "s", ",\"name\":[{\"family\":\"Strauß\",\"given\":[\"Jaskółka\"]}]");
  add_patient (f.store, "z", ",\"name\":[{\"text\":\"王秀英\",\"family\":\"王\",\"given\":[\"秀英\"]}]");
  add_patient (f.store, "m", ",\"name\":[{\"family\":\"أحمد\",\"given\":[\"مُحَمَّد\"]}]");
  add_patient (f.store, "f", ",\"name\":[{\"family\":\"Fernández\"}],\"birthDate\":\"1955-07-14\",\"identifier\":[{\"value\":"
                             "\"4471-0093\"}],\"telecom\":[{\"system\":\"phone\",\"value\":\"+34 600 123456\"}]");
  check_typing (f.store);
  /* One letter wrong, missing, too many or swapped with the next, at every place. */
  for (gsize i = 0; i < strlen (name); i++)
    {
      g_autofree char *wrong = g_strdup (name);
      g_autofree char *missing = g_strdup_printf ("%.*s%s", (int) i, name, name + i + 1);
      g_autofree char *more = g_strdup_printf ("%.*sq%s", (int) i, name, name + i);
      g_autofree char *swapped = g_strdup (name);

      wrong[i] = 'q';
      TYPED (f.store, wrong, "f");
      TYPED (f.store, missing, "f");
      TYPED (f.store, more, "f");
      if (i + 1 < strlen (name))
        {
          swapped[i] = name[i + 1];
          swapped[i + 1] = name[i];
          TYPED (f.store, swapped, "f");
        }
    }
  TYPED (f.store, "fqrnqndez", "");
  /* The same out of the packed words: among thousands of others, and after opening again. */
  import_people (f.store, 6000);
  g_assert_true (delete_one (f.store, "Patient", "p0000005", -1, NULL));
  TYPED (f.store, "ludensch müller-lüdenscheidt jörg 4471", "");
  {
    g_autofree char *before = typed (f.store, "garcia mar");
    g_autofree char *cjk = typed (f.store, "英");
    g_autofree char *typo = typed (f.store, "gonzalex");
    g_autofree char *number = typed (f.store, "19");

    g_assert_nonnull (strstr (cjk, "z"));
    g_assert_cmpuint (strlen (before), >, 0);
    g_assert_cmpuint (strlen (typo), >, 0);
    fixture_close (&f);
    fixture_open (&f);
    TYPED (f.store, "garcia mar", before);
    TYPED (f.store, "英", cjk);
    TYPED (f.store, "gonzalex", typo);
    TYPED (f.store, "19", number);
  }
  /* Somebody among the packed who is another now, and one who is gone. */
  TYPED (f.store, "44710093", "f");
  add_patient (f.store, "f", ",\"name\":[{\"family\":\"Quilla\"}]");
  TYPED (f.store, "44710093", "");
  TYPED (f.store, "quilla", "f");
  g_assert_true (delete_one (f.store, "Patient", "s", -1, NULL));
  TYPED (f.store, "jaskolka", "");
  add_patient (f.store, "new", ",\"name\":[{\"family\":\"Quetzalcoatl\"}]");
  TYPED (f.store, "quetzal", "new");
  add_patient (f.store, "new", ",\"name\":[{\"family\":\"Xochitl\"}]");
  TYPED (f.store, "quetzal", "");
  TYPED (f.store, "xochi", "new");
  g_assert_true (delete_one (f.store, "Patient", "new", -1, NULL));
  TYPED (f.store, "xochi", "");
  fixture_clear (&f);
}

/* The list: text, filter and order together. */
static void
test_list (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = rounds_query_parse ("Patient?gender=female&_sort=-birthdate", &error);
  g_autoptr (GPtrArray) hits = NULL;
  g_autoptr (GPtrArray) two = NULL;

  fixture_new (&f);
  add_patient (f.store, "a", ",\"name\":[{\"family\":\"Anna\"}],\"gender\":\"female\",\"birthDate\":\"1950-01-01\"");
  add_patient (f.store, "b", ",\"name\":[{\"family\":\"Annika\"}],\"gender\":\"female\",\"birthDate\":\"1960-01-01\"");
  add_patient (f.store, "c", ",\"name\":[{\"family\":\"Anton\"}],\"gender\":\"male\",\"birthDate\":\"1970-01-01\"");
  add_patient (f.store, "d", ",\"name\":[{\"family\":\"Berta\"}],\"gender\":\"female\",\"birthDate\":\"1980-01-01\"");
  hits = rounds_store_list_patients (f.store, "ann", query, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hits->len, ==, 2);
  g_assert_cmpstr (((RoundsPatientHit *) hits->pdata[0])->id, ==, "b");
  g_assert_cmpstr (((RoundsPatientHit *) hits->pdata[1])->id, ==, "a");
  two = rounds_store_list_patients (f.store, NULL, query, 2, NULL, &error);
  g_assert_cmpuint (two->len, ==, 2);
  g_assert_cmpstr (((RoundsPatientHit *) two->pdata[0])->id, ==, "d");
  g_assert_cmpuint (list_length (rounds_store_list_patients (f.store, "an", NULL, 0, NULL, &error)), ==, 3);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  set_zone ("UTC");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/search/string", test_string);
  g_test_add_func ("/search/token", test_token);
  g_test_add_func ("/search/birth-date", test_birth_date);
  g_test_add_func ("/search/zones", test_zones);
  g_test_add_func ("/search/periods", test_periods);
  g_test_add_func ("/search/quantity", test_quantity);
  g_test_add_func ("/search/reference", test_reference);
  g_test_add_func ("/search/order", test_order);
  g_test_add_func ("/search/refused", test_refused);
  g_test_add_func ("/search/restricted", test_restricted);
  g_test_add_func ("/search/builder", test_builder);
  g_test_add_func ("/search/building", test_building);
  g_test_add_func ("/search/differential", test_differential);
  g_test_add_func ("/search/old-cache", test_old_cache);
  g_test_add_func ("/search/typing", test_typing);
  g_test_add_func ("/search/list", test_list);
  return g_test_run ();
}
