/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Downloads that are cut, and servers whose lists, clocks and histories are not what they should be. */

#include "download-case.h"

#define HOUR_US ((gint64) 3600 * G_USEC_PER_SEC)
#define YEAR_US ((gint64) 365 * 24 * 3600 * G_USEC_PER_SEC)

/* --- the first sync ------------------------------------------------------------------------------------ */

static gboolean
fail_page_4 (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (!g_str_equal (request->method, "GET") || !g_str_has_prefix (request->path, "/fhir/Patient?") ||
      strstr (request->path, "_summary") != NULL || ++self->n < 4)
    return FALSE;
  answer->drop = TRUE;
  return TRUE;
}

/* Cut after three pages of ten. */
static void
test_first_sync_resumes (gconstpointer data)
{
  Case self;
  gboolean complete;
  guint n_pages = 0, n_here, i;

  case_new (&self);
  self.server->snapshots = GPOINTER_TO_INT (data);
  case_put_many (&self, 500);
  self.server->before = fail_page_4;
  g_assert_false (run (&self));
  n_here = case_count (&self, "Patient");
  g_assert_cmpuint (n_here, >=, 145);
  g_assert_false (self.report.complete);
  g_assert_true (self.report.first_sync);
  g_assert_cmpuint (self.report.first_total, ==, 500);
  g_assert_cmpuint (self.report.first_done, >=, 145);
  g_assert_cmpuint (self.report.first_done, <, 170);
  case_watermark (&self, "search/Patient", &complete);
  g_assert_false (complete);
  case_watermark (&self, "history", &complete);
  g_assert_false (complete);

  self.server->before = NULL;
  mini_forget_requests (self.server);
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 500);
  g_assert_cmpuint (self.report.pulled, ==, 500 - n_here);
  g_assert_true (self.report.complete);
  g_assert_false (self.report.first_sync);
  g_assert_cmpuint (self.report.first_done, ==, 500);
  /* What was here is not fetched again: as many pages as the rest has, and one more for the edges. */
  for (i = 0; i < self.server->log->len; i++)
    n_pages += g_str_has_prefix (self.server->log->pdata[i], "GET /fhir/Patient?_") &&
               strstr (self.server->log->pdata[i], "_summary") == NULL;
  g_assert_cmpuint (n_pages, <=, 9);
  case_clear (&self);
}

/* Deleted at the server between the two halves of a first sync. */
static void
test_deleted_between (void)
{
  Case self;

  case_new (&self);
  case_put_many (&self, 120);
  mini_fault (self.server, (MiniFault){ .method = "GET", .prefix = "Patient?_lastUpdated", .status = 500 });
  g_assert_false (run (&self));
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 50);
  mini_put (self.server, "Patient", "p3", NULL);
  self.server->now_us += HOUR_US;   /* the second half comes much later */
  must_run (&self);
  must_run (&self);
  g_assert_true (case_is_gone (&self, "Patient", "p3"));
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 119);
  case_clear (&self);
}

/* Refuses what the word in data stands in, as a server with smaller pages, or without order, does. */
static gboolean
refuse_word (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (strstr (request->path, data) == NULL)
    return FALSE;
  mini_outcome (answer, 400, "that parameter is not taken");
  return TRUE;
}

static void
test_asks_plainly (gconstpointer data)
{
  Case self;

  case_new (&self);
  case_put_many (&self, 120);
  self.server->before = refuse_word;
  self.server->data = (gpointer) data;
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 120);
  g_assert_true (self.report.complete);
  case_clear (&self);
}

static const char many_types[] = "Patient Account Basic CarePlan CareTeam Claim Composition Condition Consent Coverage Device "
                                 "DocumentReference Encounter Flag Goal Group Immunization Library List Location Media "
                                 "Medication Observation Organization Person Practitioner Procedure Provenance Schedule Slot "
                                 "Specimen Substance Task ValueSet";

static gboolean
refuse_batches (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (!g_str_equal (request->method, "POST"))
    return FALSE;
  mini_outcome (answer, 405, "no batches");
  return TRUE;
}

/* The counts lie: 0, and yet there are some. */
static void
count_nothing (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  char *at;

  if (g_str_equal (request->method, "POST"))
    while ((at = strstr (answer->body->str, "\"total\":3}")) != NULL)
      {
        gsize start = at - answer->body->str;

        g_string_erase (answer->body, start, strlen ("\"total\":3}"));
        g_string_insert (answer->body, start, "\"total\":0,\"entry\":[{}]}");
      }
}

/* A server of many types that has records of few: nobody waits for a search of each. mode 1 = no batches, 2 = refused
 * though it says that it takes them, 3 = counts that are none. */
static void
test_asks_little (gconstpointer data)
{
  Case self;
  int mode = GPOINTER_TO_INT (data);

  case_new (&self);
  self.server->types = many_types;
  self.server->history = FALSE;
  self.server->transactions = mode != 1;
  self.server->before = mode == 2 ? refuse_batches : NULL;
  self.server->after = mode == 3 ? count_nothing : NULL;
  case_put_many (&self, 3);
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 3);
  g_assert_true (self.report.complete);
  g_assert_false (self.report.first_sync);
  g_assert_cmpuint (self.report.first_total, ==, mode == 3 ? 0 : 3);
  /* Patient alone is searched; one request is for the server's time. */
  g_assert_cmpuint (mini_count_requests (self.server, "?_sort="), ==, 1);
  if (mode == 0 || mode == 3)
    g_assert_cmpuint (mini_count_requests (self.server, "_summary=count"), <=, 2);

  /* What comes later is found all the same, also what was committed late. */
  mini_put (self.server, "Flag", "f1", "{\"resourceType\":\"Flag\",\"id\":\"f1\"}");
  mini_get (self.server, "Flag", "f1")->updated_us -= 100 * G_USEC_PER_SEC;
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Flag"), ==, 1);
  case_clear (&self);
}

/* --- lists ------------------------------------------------------------------------------------------------ */

static gboolean
change_first (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (self->n == 0 && g_str_has_prefix (request->path, "/fhir/Patient?_") && strstr (request->path, "_summary") == NULL &&
      mini_count_requests (server, "/fhir/Patient?_") > 2)
    {
      self->n++;
      case_put (self, "p0", "Changed", 0);   /* goes from the first page to the end */
    }
  return FALSE;
}

/* A server that pages by counting: a record that changes moves all that come after it. */
static void
test_list_moves (void)
{
  Case self;

  case_new (&self);
  self.server->history = FALSE;
  case_put_many (&self, 200);
  self.server->before = change_first;
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 200);
  g_assert_true (case_has (&self, "Patient", "p0", "Changed"));
  case_clear (&self);
}

/* Fifty of one instant across the edge of a page, and others around them. */
static void
test_ties (gconstpointer data)
{
  Case self;
  guint i;

  case_new (&self);
  self.server->page = 40;
  self.server->snapshots = GPOINTER_TO_INT (data);
  case_put_many (&self, 60);
  for (i = 0; i < 50; i++)
    {
      g_autofree char *id = g_strdup_printf ("tie%u", i);

      case_put (&self, id, "Tie", 905);
    }
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 110);
  case_clear (&self);
}

/* Without an order no cursor may stand in the middle. */
static void
test_unsorted (void)
{
  Case self;

  case_new (&self);
  self.server->no_sort = TRUE;
  case_put_many (&self, 120);
  mini_fault (self.server, (MiniFault){ .method = "GET", .prefix = "Patient?_sort=_lastUpdated&_count=250&_offset=100",
                                        .status = 500 });
  g_assert_false (run (&self));
  g_assert_cmpint (case_watermark (&self, "search/Patient", NULL), ==, 0);
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 120);
  case_clear (&self);
}

static void
test_empty_end (gconstpointer data)
{
  Case self;
  gboolean complete;

  case_new (&self);
  self.server->end_of_list = GPOINTER_TO_INT (data) % 10;
  self.server->no_total = GPOINTER_TO_INT (data) >= 10;
  self.server->history = FALSE;
  case_put_many (&self, 120);
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 120);
  g_assert_true (self.report.complete);
  case_watermark (&self, "search/Patient", &complete);
  g_assert_true (complete);
  g_assert_cmpuint (fault_server_get_n_requests (self.server->server), <, 200);
  case_clear (&self);
}

static void
test_pages_expire (void)
{
  Case self;

  case_new (&self);
  self.server->page_life_us = 2 * G_USEC_PER_SEC;   /* two requests */
  case_put_many (&self, 400);
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 400);
  g_assert_cmpuint (self.report.pulled, ==, 400);
  case_clear (&self);
}

/* --- what a search shows, and does not --------------------------------------------------------------------- */

static gboolean
must_be_fresh (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  /* A batch too: its counts would be those of an older search. */
  g_assert_cmpstr (fault_request_header (request, "cache-control"), ==, "no-cache");
  return FALSE;
}

/* A search that shows what was a minute ago must not take an own write back. */
static void
test_stale_search (gconstpointer data)
{
  Case self;
  g_autofree char *json = patient_json ("p1", "Mine", "Ann");

  case_new (&self);
  self.server->history = FALSE;
  self.server->search_cache_us = 60 * G_USEC_PER_SEC;
  self.server->keeps_no_cache = GPOINTER_TO_INT (data);
  self.server->before = must_be_fresh;
  case_put (&self, "p1", "Old", 600);
  must_run (&self);
  must_put (self.store, "Patient", "p1", json);
  must_run (&self);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "p1", "Mine"));
  g_assert_cmpuint (self.report.conflicts, ==, 0);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 2);
  /* Where the server heeds no-cache, nothing old was ever given. */
  g_assert_true (self.server->keeps_no_cache || self.server->n_cached == 0);
  case_clear (&self);
}

/* Not found for ten minutes while the server builds its index, and changed meanwhile. */
static void
test_reindexing (void)
{
  Case self;
  guint i;

  case_new (&self);
  self.server->history = FALSE;
  case_put_many (&self, 3);
  must_run (&self);
  mini_get (self.server, "Patient", "p1")->hidden = TRUE;
  case_put (&self, "p1", "Meanwhile", 0);
  for (i = 0; i < 3; i++)
    {
      self.server->now_us += 300 * G_USEC_PER_SEC;
      must_run (&self);
    }
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 3);
  mini_get (self.server, "Patient", "p1")->hidden = FALSE;
  self.server->now_us += 300 * G_USEC_PER_SEC;
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 3);
  g_assert_true (case_has (&self, "Patient", "p1", "Meanwhile"));
  case_clear (&self);
}

static void
test_deleted (gconstpointer data)
{
  Case self;
  int mode = GPOINTER_TO_INT (data);

  case_new (&self);
  self.server->history = mode == 2;
  self.server->type_history = mode == 1;
  case_put_many (&self, 60);
  must_run (&self);
  must_run (&self);
  mini_put (self.server, "Patient", "p1", NULL);
  case_put (&self, "new", "New", 0);   /* the number is the same */
  must_run (&self);
  g_assert_true (case_is_gone (&self, "Patient", "p1"));
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 60);
  /* Nothing to compare: no list is read again. */
  must_run (&self);
  mini_forget_requests (self.server);
  must_run (&self);
  g_assert_cmpuint (mini_count_requests (self.server, "_elements"), ==, 0);
  case_clear (&self);
}

static gboolean
forbid_patients (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (!g_str_has_prefix (request->path, "/fhir/Patient"))
    return FALSE;
  mini_outcome (answer, 403, "not yours");
  return TRUE;
}

static gboolean
show_no_patients (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (!g_str_has_prefix (request->path, "/fhir/Patient"))
    return FALSE;
  if (g_str_has_prefix (request->path, "/fhir/Patient/"))
    mini_outcome (answer, 403, "not yours");
  else
    g_string_assign (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":0}");
  return TRUE;
}

static void
test_access_revoked (gconstpointer data)
{
  Case self;

  case_new (&self);
  self.server->history = FALSE;
  self.server->transactions = FALSE;
  case_put_many (&self, 3);
  must_run (&self);
  self.server->before = GPOINTER_TO_INT (data) ? forbid_patients : show_no_patients;
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 3);
  self.server->before = NULL;
  case_put (&self, "p1", "Again", 0);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "p1", "Again"));
  case_clear (&self);
}

/* Patient/1 and Condition/1 have nothing to do with each other. */
static void
test_same_id (void)
{
  Case self;
  static const char condition[] = "{\"resourceType\":\"Condition\",\"id\":\"1\",\"subject\":{\"reference\":\"Patient/1\"},"
                                  "\"code\":{\"text\":\"%s\"}}";
  g_autofree char *mine = patient_json ("1", "Mine", "Ann");
  g_autofree char *theirs = patient_json ("1", "Theirs", "Ann");
  g_autofree char *base = patient_json ("1", "Base", "Ann");
  g_autofree char *first = g_strdup_printf (condition, "First");
  g_autofree char *second = g_strdup_printf (condition, "Second");
  g_autoptr (RoundsRecord) record = NULL;

  case_new (&self);
  mini_put (self.server, "Patient", "1", base);
  mini_put (self.server, "Condition", "1", first);
  must_run (&self);
  must_put (self.store, "Patient", "1", mine);
  mini_put (self.server, "Patient", "1", theirs);
  run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 1);
  /* The one in conflict does not keep the other from being changed, deleted or sent. */
  mini_put (self.server, "Condition", "1", second);
  run (&self);
  g_assert_true (case_has (&self, "Condition", "1", "Second"));
  record = rounds_store_get (self.store, "Condition", "1", NULL);
  g_assert_null (record->sync_state);
  mini_put (self.server, "Condition", "1", NULL);
  run (&self);
  g_assert_true (case_is_gone (&self, "Condition", "1"));
  g_assert_true (case_has (&self, "Patient", "1", "Mine"));
  g_assert_cmpuint (self.report.conflicts, ==, 1);
  case_clear (&self);
}

/* --- clocks --------------------------------------------------------------------------------------------------- */

/* The server's clock goes back an hour, things happen, and it is put right. */
static void
test_clock_back (gconstpointer data)
{
  Case self;

  case_new (&self);
  self.server->history = GPOINTER_TO_INT (data);
  case_put_many (&self, 3);
  must_run (&self);
  must_run (&self);
  self.server->now_us -= HOUR_US;
  case_put (&self, "during", "During", 0);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "during", "During"));
  case_put (&self, "later", "Later", 0);
  self.server->now_us += HOUR_US;   /* nobody asked in between */
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "later", "Later"));
  case_put (&self, "after", "After", 0);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "after", "After"));
  case_clear (&self);
}

/* Date is years off, or not there; lastUpdated is right. skew 0 = no Date. */
static void
test_wrong_date (gconstpointer data)
{
  int years = GPOINTER_TO_INT (data);
  Case self;
  gint64 watermark;

  case_new (&self);
  self.server->date_skew_us = years * YEAR_US;
  self.server->no_date = years == 0;
  case_put_many (&self, 60);
  must_run (&self);
  must_run (&self);
  watermark = case_watermark (&self, "search/Patient", NULL);
  g_assert_cmpint (watermark, <=, self.server->now_us);
  watermark = case_watermark (&self, "history", NULL);
  g_assert_cmpint (watermark, <=, self.server->now_us);
  case_put (&self, "p1", "Changed", 60);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "p1", "Changed"));
  /* It is put right. */
  self.server->date_skew_us = 0;
  self.server->no_date = FALSE;
  case_put (&self, "p2", "Changed", 60);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "p2", "Changed"));
  mini_put (self.server, "Patient", "p3", NULL);
  must_run (&self);
  g_assert_true (case_is_gone (&self, "Patient", "p3"));
  case_clear (&self);
}

static void
forge (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  static const char *const lies[] = { "9999-12-31T23:59:59Z", "yesterday", "", "2026-13-45T99:99:99Z", "1" };
  guint i = 0;
  char *at = answer->body->str;

  while ((at = strstr (at, "\"lastUpdated\":\"")) != NULL)
    {
      gsize start;

      at += strlen ("\"lastUpdated\":\"");
      start = at - answer->body->str;
      g_string_erase (answer->body, start, strcspn (at, "\""));
      g_string_insert (answer->body, start, lies[i % G_N_ELEMENTS (lies)]);
      i++;
      at = answer->body->str + start;
    }
}

static void
test_forged_times (gconstpointer data)
{
  Case self;

  case_new (&self);
  self.server->history = GPOINTER_TO_INT (data) % 2;
  self.server->no_date = GPOINTER_TO_INT (data) >= 2;
  self.server->version_form = "v%d-x";
  self.server->etag_form = "W/\"v%d-x\"";
  case_put_many (&self, 60);
  self.server->after = forge;
  must_run (&self);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 60);
  g_assert_cmpint (case_watermark (&self, "search/Patient", NULL), <=, self.server->now_us);
  self.server->after = NULL;
  case_put (&self, "p1", "Changed", 0);
  case_put (&self, "p0", "Changed", 0);
  must_run (&self);
  g_assert_true (case_has (&self, "Patient", "p1", "Changed"));
  g_assert_true (case_has (&self, "Patient", "p0", "Changed"));
  case_clear (&self);
}

/* --- bombs ---------------------------------------------------------------------------------------------------- */

static void
many_entries (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  guint i;

  if (!g_str_has_prefix (request->path, "/fhir/Patient?_sort"))
    return;
  g_string_assign (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{}");
  for (i = 0; i < 1000000; i++)
    g_string_append (answer->body, i % 1000 == 0 ? ",{\"resource\":{\"resourceType\":\"../x\",\"id\":\"../..\"}}" : ",{}");
  g_string_append (answer->body, "]}");
}

static void
test_many_entries (void)
{
  Case self;

  case_new (&self);
  self.server->after = many_entries;
  must_run (&self);
  g_assert_cmpuint (self.report.pulled, ==, 0);
  case_clear (&self);
}

/* --- what the server can ------------------------------------------------------------------------------------- */

static void
set_age (Case *self, gint64 tried_us, gint64 asked_us)
{
  g_autofree char *scope = rounds_connection_scope (self->server->url, "profile-age");
  g_autofree char *text = rounds_store_dup_cursor (self->store, scope, NULL);
  g_autoptr (json_object) json = rounds_json_parse (text, -1, NULL);
  g_autofree char *aged = NULL;

  json_object_object_add (json, "tried_us", json_object_new_int64 (g_get_real_time () - tried_us));
  json_object_object_add (json, "asked_us", json_object_new_int64 (g_get_real_time () - asked_us));
  aged = rounds_json_print (json);
  g_assert_true (rounds_store_set_cursor (self->store, scope, aged, NULL));
}

static guint
count_probes (Case *self)
{
  guint n = mini_count_requests (self->server, "rounds-probe");

  mini_forget_requests (self->server);
  return n;
}

static void
test_profile_age (void)
{
  Case self;

  case_new (&self);
  must_run (&self);
  g_assert_cmpuint (count_probes (&self), >, 0);
  must_run (&self);
  g_assert_cmpuint (mini_count_requests (self.server, "metadata"), ==, 0);
  g_assert_cmpuint (count_probes (&self), ==, 0);
  set_age (&self, 2 * HOUR_US, 2 * HOUR_US);
  must_run (&self);
  g_assert_cmpuint (mini_count_requests (self.server, "metadata"), ==, 1);   /* asked, and it is the same */
  g_assert_cmpuint (count_probes (&self), ==, 0);

  /* A new release, which knows one type more. */
  self.server->software_version = "2";
  self.server->types = "Patient Observation Condition Basic Encounter";
  mini_put_late (self.server, "Encounter", "e1", "{\"resourceType\":\"Encounter\",\"id\":\"e1\",\"status\":\"planned\"}",
                 48 * HOUR_US);
  set_age (&self, 2 * HOUR_US, 2 * HOUR_US);
  must_run (&self);
  g_assert_cmpuint (count_probes (&self), >, 0);
  g_assert_true (case_has (&self, "Encounter", "e1", "planned"));

  set_age (&self, 25 * HOUR_US, 0);
  set_age (&self, 25 * HOUR_US, 2 * HOUR_US);
  must_run (&self);
  g_assert_cmpuint (count_probes (&self), >, 0);
  /* The clock was put back ten years: what was kept lies ahead. */
  set_age (&self, -10 * YEAR_US, -10 * YEAR_US);
  must_run (&self);
  g_assert_cmpuint (count_probes (&self), >, 0);
  must_run (&self);
  g_assert_cmpuint (count_probes (&self), ==, 0);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/download/first-sync-resumes/by-time", GINT_TO_POINTER (0), test_first_sync_resumes);
  g_test_add_data_func ("/download/first-sync-resumes/snapshot", GINT_TO_POINTER (1), test_first_sync_resumes);
  g_test_add_data_func ("/download/asks-plainly/page", "_count=250", test_asks_plainly);
  g_test_add_data_func ("/download/asks-plainly/order", "_sort=", test_asks_plainly);
  g_test_add_data_func ("/download/asks-little", GINT_TO_POINTER (0), test_asks_little);
  g_test_add_data_func ("/download/asks-little/no-batches", GINT_TO_POINTER (1), test_asks_little);
  g_test_add_data_func ("/download/asks-little/refused", GINT_TO_POINTER (2), test_asks_little);
  g_test_add_data_func ("/download/asks-little/counts-lie", GINT_TO_POINTER (3), test_asks_little);
  g_test_add_func ("/download/deleted-between", test_deleted_between);
  g_test_add_func ("/download/list-moves", test_list_moves);
  g_test_add_data_func ("/download/ties/by-time", GINT_TO_POINTER (0), test_ties);
  g_test_add_data_func ("/download/ties/snapshot", GINT_TO_POINTER (1), test_ties);
  g_test_add_func ("/download/unsorted", test_unsorted);
  g_test_add_data_func ("/download/empty-end/once", GINT_TO_POINTER (MINI_END_EMPTY), test_empty_end);
  g_test_add_data_func ("/download/empty-end/ever", GINT_TO_POINTER (MINI_END_EMPTY_EVER), test_empty_end);
  g_test_add_data_func ("/download/empty-end/self", GINT_TO_POINTER (MINI_END_EMPTY_SELF), test_empty_end);
  g_test_add_data_func ("/download/empty-end/self-without-total", GINT_TO_POINTER (10 + MINI_END_EMPTY_SELF), test_empty_end);
  g_test_add_func ("/download/pages-expire", test_pages_expire);
  g_test_add_data_func ("/download/stale-search/heeds-no-cache", GINT_TO_POINTER (0), test_stale_search);
  g_test_add_data_func ("/download/stale-search/ignores-no-cache", GINT_TO_POINTER (1), test_stale_search);
  g_test_add_func ("/download/reindexing", test_reindexing);
  g_test_add_data_func ("/download/deleted/lists", GINT_TO_POINTER (0), test_deleted);
  g_test_add_data_func ("/download/deleted/type-history", GINT_TO_POINTER (1), test_deleted);
  g_test_add_data_func ("/download/deleted/history", GINT_TO_POINTER (2), test_deleted);
  g_test_add_data_func ("/download/access-revoked/hidden", GINT_TO_POINTER (0), test_access_revoked);
  g_test_add_data_func ("/download/access-revoked/forbidden", GINT_TO_POINTER (1), test_access_revoked);
  g_test_add_func ("/download/same-id-other-type", test_same_id);
  g_test_add_data_func ("/download/clock-back/search", GINT_TO_POINTER (0), test_clock_back);
  g_test_add_data_func ("/download/clock-back/history", GINT_TO_POINTER (1), test_clock_back);
  g_test_add_data_func ("/download/wrong-date/none", GINT_TO_POINTER (0), test_wrong_date);
  g_test_add_data_func ("/download/wrong-date/ahead", GINT_TO_POINTER (20), test_wrong_date);
  g_test_add_data_func ("/download/wrong-date/behind", GINT_TO_POINTER (-20), test_wrong_date);
  g_test_add_data_func ("/download/forged-times/search", GINT_TO_POINTER (0), test_forged_times);
  g_test_add_data_func ("/download/forged-times/history", GINT_TO_POINTER (1), test_forged_times);
  g_test_add_data_func ("/download/forged-times/search-without-date", GINT_TO_POINTER (2), test_forged_times);
  g_test_add_data_func ("/download/forged-times/history-without-date", GINT_TO_POINTER (3), test_forged_times);
  g_test_add_func ("/download/many-entries", test_many_entries);
  g_test_add_func ("/download/profile-age", test_profile_age);
  return g_test_run ();
}
