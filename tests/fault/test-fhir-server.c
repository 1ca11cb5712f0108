/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small server itself: a fault server that is wrong makes tests that are wrong. */

#include "fhir-server.h"

#include <string.h>

#include "cloud/http.h"

static RoundsHttp *
client_of (MiniFhir *server)
{
  g_autoptr (RoundsAuth) auth = rounds_auth_new_none ();

  return rounds_http_new (server->url, auth);
}

/* Status; *text (nullable) the body. */
static int
ask (RoundsHttp *http, const char *method, const char *url, const char *body, const char *header, char **text)
{
  const char *headers[] = { "Content-Type: application/fhir+json", header, NULL };
  g_autoptr (GBytes) bytes = body != NULL ? g_bytes_new_static (body, strlen (body)) : NULL;
  RoundsHttpRequest request = { .method = method, .url = url, .headers = headers, .body = bytes };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  gsize size;
  gconstpointer data;

  rounds_http_send (http, &request, &answer, NULL, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (answer.body, &size);
  if (text != NULL)
    {
      g_free (*text);
      *text = g_strndup (data != NULL ? data : "", size);
    }
  if (answer.status >= 400)
    g_assert_nonnull (g_strstr_len (data, size, "OperationOutcome"));
  return answer.status;
}

#define ANN "{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[{\"family\":\"Ann\"}]}"

static void
test_strict (void)
{
  static const struct { const char *method, *url, *body, *header; int status; } rows[] = {
    { "PUT", "Patient/a", ANN, NULL, 201 },
    { "PUT", "Patient/a", ANN, "If-Match: W/\"1\"", 200 },
    { "PUT", "Patient/a", ANN, "If-Match: W/\"1\"", 412 },
    { "PUT", "Patient/b", ANN, NULL, 400 },                                            /* another id */
    { "PUT", "Observation/a", ANN, NULL, 400 },                                        /* another type */
    { "PUT", "Patients/a", ANN, NULL, 404 },
    { "PUT", "Patient/a", "{\"resourceType\":\"Patient\",\"id\":\"a\"", NULL, 400 },   /* no JSON */
    { "PUT", "Patient/a", "{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[]}", NULL, 400 },
    { "PUT", "Patient/a", "{\"resourceType\":\"Patient\",\"id\":\"a\",\"gender\":\"none\"}", NULL, 400 },
    { "PUT", "Observation/o", "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\"}", NULL, 422 },
    { "POST", "Patient/a", ANN, NULL, 405 },
    { "GET", "Patient/a", NULL, NULL, 200 },
    { "GET", "Patient/a/_history/1", NULL, NULL, 200 },
    { "GET", "Patient/a/_history/7", NULL, NULL, 404 },
    { "GET", "Patient/none", NULL, NULL, 404 },
    { "GET", "Patient?_id=a", NULL, NULL, 200 },
    { "GET", "Patient?eyes=blue", NULL, NULL, 400 },
    { "GET", "Patient?_lastUpdated=yesterday", NULL, NULL, 400 },
    { "GET", "nothing/at/all", NULL, NULL, 404 },
    { "DELETE", "Patient/a", NULL, NULL, 204 },
    { "GET", "Patient/a", NULL, NULL, 410 },
  };
  g_autoptr (MiniFhir) server = mini_fhir_new ();
  RoundsHttp *http = client_of (server);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s %s", rows[i].method, rows[i].url);
      g_assert_cmpint (ask (http, rows[i].method, rows[i].url, rows[i].body, rows[i].header, NULL), ==, rows[i].status);
    }
  rounds_http_free (http);
}

static void
test_creates (void)
{
  static const char patient[] = "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"urn:x\",\"value\":\"1\"}]}";
  g_autoptr (MiniFhir) server = mini_fhir_new ();
  RoundsHttp *http = client_of (server);
  g_autofree char *text = NULL;

  server->put_creates = FALSE;
  g_assert_cmpint (ask (http, "PUT", "Patient/a", ANN, NULL, NULL), ==, 405);
  g_assert_cmpint (ask (http, "POST", "Patient", patient, "If-None-Exist: identifier=urn:x|1", &text), ==, 201);
  g_assert_cmpint (ask (http, "POST", "Patient", patient, "If-None-Exist: identifier=urn:x|1", &text), ==, 200);
  g_assert_cmpuint (mini_count (server, "Patient"), ==, 1);
  g_assert_cmpint (ask (http, "POST", "Patient", patient, NULL, NULL), ==, 201);
  g_assert_cmpint (ask (http, "POST", "Patient", patient, "If-None-Exist: identifier=urn:x|1", &text), ==, 412);
  rounds_http_free (http);
}

#define TRANSACTION \
  "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" \
  "{\"fullUrl\":\"urn:uuid:11111111-1111-4111-8111-111111111111\",\"resource\":{\"resourceType\":\"Patient\"," \
  "\"active\":true},\"request\":{\"method\":\"POST\",\"url\":\"Patient\"}}," \
  "{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"c\",\"subject\":{\"reference\":\"%s\"}}," \
  "\"request\":{\"method\":\"PUT\",\"url\":\"Condition/c\"}}]}"

static void
test_transactions (void)
{
  g_autoptr (MiniFhir) server = mini_fhir_new ();
  RoundsHttp *http = client_of (server);
  g_autofree char *bad = g_strdup_printf (TRANSACTION, "Patient/none");
  g_autofree char *good = g_strdup_printf (TRANSACTION, "urn:uuid:11111111-1111-4111-8111-111111111111");
  g_autofree char *text = NULL;

  server->integrity = TRUE;
  g_assert_cmpint (ask (http, "POST", "../fhir", bad, NULL, &text), ==, 422);
  g_assert_cmpuint (mini_count (server, "Patient"), ==, 0);   /* nothing of it */
  server->not_atomic = TRUE;
  g_assert_cmpint (ask (http, "POST", "../fhir", bad, NULL, &text), ==, 422);
  g_assert_cmpuint (mini_count (server, "Patient"), ==, 1);
  g_assert_cmpint (ask (http, "POST", "../fhir", good, NULL, &text), ==, 200);
  g_assert_nonnull (strstr (text, "\"reference\":\"Patient/s"));
  g_assert_nonnull (strstr (text, "/_history/1\""));
  g_assert_cmpuint (mini_count (server, "Condition"), ==, 1);
  g_assert_cmpint (ask (http, "DELETE", "Patient/s3", NULL, NULL, NULL), ==, 409);
  server->max_entries = 1;
  g_assert_cmpint (ask (http, "POST", "../fhir", good, NULL, &text), ==, 413);
  rounds_http_free (http);
}

static void
test_pages (void)
{
  g_autoptr (MiniFhir) server = mini_fhir_new ();
  RoundsHttp *http = client_of (server);
  g_autofree char *text = NULL;

  mini_put (server, "Patient", "a", ANN);
  server->search_cache_us = 60 * G_USEC_PER_SEC;
  server->now_us += 5 * G_USEC_PER_SEC;
  g_assert_cmpint (ask (http, "GET", "Patient?_sort=_lastUpdated", NULL, NULL, &text), ==, 200);
  g_assert_nonnull (strstr (text, "\"total\":1,"));
  mini_put (server, "Patient", "b", "{\"resourceType\":\"Patient\",\"id\":\"b\"}");
  ask (http, "GET", "Patient?_sort=_lastUpdated", NULL, NULL, &text);
  g_assert_nonnull (strstr (text, "\"total\":1,"));   /* a minute old */
  ask (http, "GET", "Patient?_sort=_lastUpdated", NULL, "Cache-Control: no-cache", &text);
  g_assert_nonnull (strstr (text, "\"total\":2,"));

  server->page = 1;
  server->page_life_us = 10 * G_USEC_PER_SEC;
  ask (http, "GET", "Patient?_sort=_lastUpdated", NULL, "Cache-Control: no-cache", &text);
  {
    const char *next = strstr (text, "\"next\",\"url\":\"") + strlen ("\"next\",\"url\":\"");
    g_autofree char *url = g_strndup (next, strcspn (next, "\""));

    mini_put (server, "Patient", "b", NULL);
    g_assert_cmpint (ask (http, "GET", url, NULL, NULL, &text), ==, 200);
    g_assert_nonnull (strstr (text, "\"id\":\"b\""));   /* as it was */
    server->now_us += 60 * G_USEC_PER_SEC;
    g_assert_cmpint (ask (http, "GET", url, NULL, NULL, &text), ==, 410);
  }
  g_assert_cmpint (ask (http, "GET", "_history?_since=2026-01-01T00:00:00Z", NULL, NULL, &text), ==, 200);
  g_assert_nonnull (strstr (text, "\"method\":\"DELETE\""));   /* the newest is first */
  g_assert_nonnull (strstr (text, "\"total\":3,"));
  rounds_http_free (http);
}

static void
test_backup (void)
{
  g_autoptr (MiniFhir) server = mini_fhir_new ();
  g_autoptr (MiniBackup) backup = NULL;
  RoundsHttp *http = client_of (server);

  mini_put (server, "Patient", "a", ANN);
  backup = mini_backup (server);
  mini_put (server, "Patient", "a", ANN);
  mini_put (server, "Patient", "b", "{\"resourceType\":\"Patient\",\"id\":\"b\"}");
  mini_restore (server, backup);
  g_assert_cmpint (mini_get (server, "Patient", "a")->version, ==, 1);
  g_assert_cmpint (ask (http, "GET", "Patient/b", NULL, NULL, NULL), ==, 404);
  mini_fault (server, (MiniFault){ .method = "PUT", .prefix = "Patient/", .skip = 1, .status = 503,
                                   .headers = "Retry-After: 3\r\n" });
  g_assert_cmpint (ask (http, "PUT", "Patient/a", ANN, NULL, NULL), ==, 200);
  g_assert_cmpint (ask (http, "PUT", "Patient/a", ANN, NULL, NULL), ==, 503);
  g_assert_cmpint (ask (http, "PUT", "Patient/a", ANN, NULL, NULL), ==, 200);
  g_assert_cmpuint (mini_count_requests (server, "PUT /fhir/Patient/a"), ==, 3);
  rounds_http_free (http);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fault-server/strict", test_strict);
  g_test_add_func ("/fault-server/creates", test_creates);
  g_test_add_func ("/fault-server/transactions", test_transactions);
  g_test_add_func ("/fault-server/pages", test_pages);
  g_test_add_func ("/fault-server/backup", test_backup);
  return g_test_run ();
}
