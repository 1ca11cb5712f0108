/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sync against a server that loses answers, refuses, forgets and lies. */

#include "sync-case.h"
#include "sync/schedule.h"

/* --- lost answers ----------------------------------------------------------------------------------- */

static void
drop_first_write (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;
  gboolean write = g_str_equal (request->method, "PUT") || strstr (request->body, "\"transaction\"") != NULL;

  if (write && !is_probe (request) && self->n_done++ == 0)
    answer->drop = TRUE;
}

static void
test_commit_then_drop (gconstpointer data)
{
  gboolean transactions = GPOINTER_TO_INT (data);
  Case self;

  case_new (&self);
  self.server->transactions = transactions;
  must_run (&self);
  self.server->after = drop_first_write;
  self.server->n_puts = 0;
  put_patient (&self, "p1", "One");
  put_patient (&self, "p2", "Two");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 2);
  g_assert_cmpuint (self.server->n_puts, ==, 2);   /* nothing was sent twice */
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 1);

  self.n_done = 0;
  self.server->n_puts = 0;
  put_patient (&self, "p1", "Changed");
  put_patient (&self, "p2", "Changed");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 2);
  g_assert_cmpuint (self.report.conflicts, ==, 0);
  g_assert_cmpuint (self.server->n_puts, ==, 2);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 2);
  g_assert_cmpuint (rounds_store_outbox_count (self.store, NULL), ==, 0);
  case_clear (&self);
}

/* The answer is lost, and until it can be read back somebody else has changed the record. */
static gboolean
offline_after_write (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (self->n_done == 0 && g_str_equal (request->method, "PUT"))
    {
      self->n_done = 1;   /* never arrives */
      answer->drop = TRUE;
      return TRUE;
    }
  if (self->n_done == 1)
    answer->drop = TRUE;
  return self->n_done == 1;
}

static void
test_unknown_is_verified_later (void)
{
  Case self;

  case_new (&self);
  put_patient (&self, "p1", "One");
  must_run (&self);
  self.server->before = offline_after_write;
  put_patient (&self, "p1", "Changed");
  g_assert_false (run (&self));
  g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_INTERRUPTED);
  g_assert_cmpuint (self.report.pending, ==, 1);
  g_assert_true (has_family (&self, "p1", "Changed"));
  self.n_done = 2;
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 2);
  case_clear (&self);
}

/* --- what others did ---------------------------------------------------------------------------------- */

static void
test_stale_and_gone (gconstpointer data)
{
  Case self;

  case_new (&self);
  self.server->ignores_if_match = GPOINTER_TO_INT (data);
  put_patient (&self, "p1", "One");
  put_patient (&self, "p2", "Two");
  must_run (&self);
  server_patient (&self, "p1", "Theirs");
  mini_put (self.server, "Patient", "p2", NULL);
  put_patient (&self, "p1", "Mine");
  put_patient (&self, "p2", "Mine");
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 2);
  g_assert_cmpuint (self.report.pending, ==, 0);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 2);   /* theirs stands there */
  g_assert_null (mini_get (self.server, "Patient", "p2")->json);
  g_assert_true (has_family (&self, "p1", "Mine"));
  g_assert_true (has_family (&self, "p2", "Mine"));
  case_clear (&self);
}

/* A search that is answered out of an older one must not undo our own write. */
static gboolean
stale_search (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (!g_str_has_prefix (request->path, "/fhir/Patient?"))
    return FALSE;
  g_assert_cmpstr (fault_request_header (request, "cache-control"), ==, "no-cache");
  if (self->saved == NULL)
    return FALSE;
  g_string_assign (answer->body, self->saved);
  return TRUE;
}

static void
keep_search (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (g_str_has_prefix (request->path, "/fhir/Patient?") && self->n_done > 0 && self->saved == NULL)
    self->saved = g_strdup (answer->body->str);
}

static void
test_stale_search (void)
{
  Case self;

  case_new (&self);
  self.server->history = FALSE;
  self.server->before = stale_search;
  self.server->after = keep_search;
  put_patient (&self, "p1", "One");
  must_run (&self);
  self.n_done = 1;
  must_run (&self);
  g_assert_nonnull (self.saved);
  put_patient (&self, "p1", "Two");
  must_run (&self);
  g_assert_true (has_family (&self, "p1", "Two"));
  g_assert_cmpuint (self.report.conflicts + self.report.pending, ==, 0);
  case_clear (&self);
}

static void
test_deletions_without_history (void)
{
  Case self;

  case_new (&self);
  self.server->history = FALSE;
  server_patient (&self, "p1", "One");
  server_patient (&self, "p2", "Two");
  must_run (&self);
  g_assert_cmpuint (self.report.pulled, ==, 2);
  mini_put (self.server, "Patient", "p1", NULL);
  must_run (&self);
  g_assert_false (has_family (&self, "p1", "One"));
  g_assert_true (has_family (&self, "p2", "Two"));
  case_clear (&self);
}

static gboolean
refuse_path (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (self->status == 0 || (self->method != NULL && !g_str_equal (request->method, self->method)) ||
      !g_str_has_prefix (request->path, self->prefix) || is_probe (request))
    return FALSE;
  mini_outcome (answer, self->status, "not now");
  return TRUE;
}

static void
test_access_revoked_is_no_deletion (void)
{
  Case self;

  case_new (&self);
  self.server->history = FALSE;
  self.server->before = refuse_path;
  self.method = "GET";
  self.prefix = "/fhir/Patient";
  server_patient (&self, "p1", "One");
  must_run (&self);
  self.status = 403;
  must_run (&self);
  g_assert_true (has_family (&self, "p1", "One"));
  g_assert_cmpuint (g_strv_length (self.report.notes), ==, 1);
  case_clear (&self);
}

/* --- refusals -------------------------------------------------------------------------------------------- */

static void
test_one_invalid_of_300 (void)
{
  Case self;
  g_autoptr (GPtrArray) items = NULL;
  const char *const refused[] = { "quarantined", NULL };
  guint i;

  case_new (&self);
  for (i = 0; i < 300; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      g_autofree char *json = i == 137 ? g_strdup_printf ("{\"resourceType\":\"Patient\",\"id\":\"%s\","
                                                          "\"mustBeRefused\":true}", id)
                                       : patient_json (id, "Many", "Ann");

      must_put (self.store, "Patient", id, json);
    }
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 299);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  g_assert_cmpuint (self.report.pending, ==, 0);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 299);
  items = rounds_store_outbox_list (self.store, refused, 0, NULL);
  g_assert_cmpstr (((RoundsOutboxItem *) items->pdata[0])->id, ==, "p137");
  g_assert_nonnull (strstr (((RoundsOutboxItem *) items->pdata[0])->reason, "is not allowed"));
  /* A second pass asks for nothing again. */
  self.server->n_puts = self.server->n_transactions = 0;
  must_run (&self);
  g_assert_cmpuint (self.server->n_puts + self.server->n_transactions, ==, 0);
  case_clear (&self);
}

static void
test_forbidden_is_shown (void)
{
  Case self;

  case_new (&self);
  must_run (&self);
  self.server->before = refuse_path;
  self.server->transactions = FALSE;
  self.method = "PUT";
  self.prefix = "/fhir/Patient/p1";
  self.status = 403;
  put_patient (&self, "p1", "One");
  put_patient (&self, "p2", "Two");
  /* The profile of the first pass says transactions; the bundle goes through as a whole there. Sent alone: */
  {
    g_autoptr (RoundsServerProfile) again = rounds_connection_probe (self.store, "ward", NULL, NULL);

    g_assert_nonnull (again);
    g_assert_false (again->has_transaction);
  }
  must_run (&self);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 1);
  case_clear (&self);
}

/* A server that keeps only part of a record. */
static void
drop_element (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  MiniResource *resource = mini_get (server, "Patient", "p1");

  if (resource == NULL || resource->json == NULL || rounds_json_peek (resource->json, "gender") == NULL)
    return;
  json_object_object_del (resource->json, "gender");
  if (g_str_equal (request->method, "PUT"))
    {
      g_autofree char *text = rounds_json_print (resource->json);

      g_string_assign (answer->body, text);
    }
}

static void
test_dropped_element_is_shown (void)
{
  Case self;
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) items = NULL;

  case_new (&self);
  self.server->transactions = FALSE;
  self.server->after = drop_element;
  put_patient (&self, "p1", "One");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 0);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  text = text_of (&self, "Patient", "p1");
  g_assert_nonnull (strstr (text, "gender"));   /* ours is whole */
  items = rounds_store_outbox_list (self.store, NULL, 0, NULL);
  g_assert_nonnull (strstr (((RoundsOutboxItem *) items->pdata[0])->reason, "gender"));
  case_clear (&self);
}

/* A copy of the server that is behind: what was taken is not shown yet. */
static gboolean
read_behind (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (strchr (request->path, '?') != NULL)
    {
      mini_outcome (answer, 500, "not now");
      return TRUE;
    }
  if (!g_str_equal (request->method, "GET") || !g_str_equal (request->path, "/fhir/Patient/p1"))
    return FALSE;
  g_string_assign (answer->body, self->saved);
  g_string_append (answer->headers, "ETag: W/\"1\"\r\n");
  return TRUE;
}

static void
test_behind_is_no_loss (void)
{
  Case self;

  case_new (&self);
  self.server->transactions = FALSE;
  self.server->says_nothing = TRUE;
  put_patient (&self, "p1", "One");
  must_run (&self);
  self.saved = rounds_json_print (mini_get (self.server, "Patient", "p1")->json);
  self.server->before = read_behind;
  put_patient (&self, "p1", "Two");
  run (&self);
  g_assert_cmpuint (self.report.quarantined + self.report.conflicts, ==, 0);
  g_assert_cmpuint (self.report.pending, ==, 1);
  g_assert_true (has_family (&self, "p1", "Two"));
  self.server->before = NULL;
  must_run (&self);
  g_assert_cmpuint (self.report.quarantined + self.report.conflicts + self.report.pending, ==, 0);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 2);
  g_assert_true (has_family (&self, "p1", "Two"));
  case_clear (&self);
}

/* --- patience ---------------------------------------------------------------------------------------------- */

static gboolean
throttle (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (self->n_done == 0)
    return FALSE;
  mini_outcome (answer, self->n_done == 1 ? 429 : 503, "slow down");
  if (self->n_done == 1)
    g_string_append (answer->headers, "Retry-After: 120\r\n");
  else
    {
      g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (server->now_us / G_USEC_PER_SEC + 120);
      g_autofree char *line = g_date_time_format (when, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n");

      g_string_append (answer->headers, line);
    }
  return TRUE;
}

static void
test_retry_after (gconstpointer data)
{
  Case self;
  guint before;

  case_new (&self);
  must_run (&self);
  put_patient (&self, "p1", "One");
  self.server->before = throttle;
  self.n_done = GPOINTER_TO_UINT (data);
  g_assert_false (run (&self));
  g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_THROTTLED);
  g_assert_cmpuint (self.report.pending, ==, 1);
  /* Before the time is over nothing at all is asked. */
  before = fault_server_get_n_requests (self.server->server);
  g_assert_false (run (&self));
  g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_THROTTLED);
  g_assert_cmpuint (fault_server_get_n_requests (self.server->server), ==, before);
  case_clear (&self);
}

static gboolean
too_large (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (strstr (request->body, "\"transaction\"") == NULL || request->body_size < 6000)
    return FALSE;
  self->n_done++;
  mini_outcome (answer, 413, "too large");
  return TRUE;
}

static void
test_too_large_is_halved (void)
{
  Case self;
  guint i;

  case_new (&self);
  self.server->before = too_large;
  for (i = 0; i < 120; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "Many");
    }
  must_run (&self);
  g_assert_cmpuint (self.n_done, >, 0);
  g_assert_cmpuint (mini_count_requests (self.server, "PUT /fhir/Patient/p"), ==, 0);   /* halves, and no single ones */
  g_assert_cmpuint (self.report.pushed, ==, 120);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 120);
  case_clear (&self);
}

static gboolean
refuse_writes (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (!g_str_equal (request->method, "PUT") && strstr (request->body, "\"transaction\"") == NULL)
    return FALSE;
  mini_outcome (answer, 500, "disk full");
  return TRUE;
}

static void
test_server_error_keeps_everything (void)
{
  Case self;
  guint i;

  case_new (&self);
  must_run (&self);
  for (i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "Many");
    }
  self.server->before = refuse_path;
  self.prefix = "/fhir";
  self.status = 500;
  g_assert_false (run (&self));
  g_assert_cmpint (self.error->domain, ==, ROUNDS_CLOUD_ERROR);
  g_assert_cmpuint (self.report.pending, ==, 40);
  g_assert_cmpuint (self.report.quarantined, ==, 0);
  g_assert_cmpuint (fault_server_get_n_requests (self.server->server), <, 60);   /* no storm */
  /* It can read again, and fails at every single write. */
  self.method = "PUT";
  self.prefix = "/fhir/Patient";
  self.server->before = refuse_writes;
  g_assert_false (run (&self));
  g_assert_cmpint (self.error->domain, ==, ROUNDS_CLOUD_ERROR);
  g_assert_cmpuint (self.report.pending, ==, 40);
  g_assert_cmpuint (self.report.quarantined, ==, 0);
  g_assert_cmpuint (fault_server_get_n_requests (self.server->server), <, 200);
  /* Bundles alone fail: the records go one by one. */
  self.server->before = refuse_path;
  self.method = "POST";
  self.prefix = "/fhir";
  must_run (&self);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 40);
  g_assert_cmpuint (self.report.pushed, ==, 40);
  case_clear (&self);
}

/* --- edits meanwhile, order ----------------------------------------------------------------------------------- */

static gboolean
edit_during_upload (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (g_str_equal (request->method, "PUT") && strstr (request->path, "Patient/p1") != NULL && self->n_done++ == 0)
    put_patient (self, "p1", "Later");
  return FALSE;
}

static void
test_edit_during_upload (void)
{
  Case self;
  g_autofree char *there = NULL;

  case_new (&self);
  self.server->transactions = FALSE;
  self.server->before = edit_during_upload;
  put_patient (&self, "p1", "Early");
  must_run (&self);
  g_assert_true (has_family (&self, "p1", "Later"));
  must_run (&self);
  there = rounds_json_print (mini_get (self.server, "Patient", "p1")->json);
  g_assert_nonnull (strstr (there, "Later"));
  g_assert_cmpuint (rounds_store_outbox_count (self.store, NULL), ==, 0);
  case_clear (&self);
}

static void
test_circle_and_nothing (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  must_put (self.store, "Condition", "c1", "{\"resourceType\":\"Condition\",\"id\":\"c1\",\"subject\":{\"reference\":"
                                           "\"Patient/p1\"},\"evidence\":[{\"detail\":[{\"reference\":"
                                           "\"Observation/o1\"}]}]}");
  must_put (self.store, "Observation", "o1", "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\","
                                             "\"code\":{\"text\":\"x\"},\"focus\":[{\"reference\":\"Condition/c1\"}]}");
  put_patient (&self, "p1", "One");
  put_patient (&self, "p9", "Never");
  delete_one (self.store, "Patient", "p9", -1, &error);
  g_assert_no_error (error);
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 3);
  g_assert_null (mini_get (self.server, "Patient", "p9"));
  g_assert_nonnull (mini_get (self.server, "Condition", "c1"));
  case_clear (&self);
}

/* Each form of an ETag, and none; the version is known from the answer, without a download. */
static void
test_etag_forms (void)
{
  static const struct { const char *etag, *version, *expected; gboolean quiet; } forms[] = {
    { "W/\"%d\"", "%d", "2", FALSE },
    { "\"%d\"", "%d", "2", FALSE },
    { "%d", "%d", "2", FALSE },
    { "W/\"%d-c0ffee\"", "%d-c0ffee", "2-c0ffee", FALSE },
    { NULL, "%d", "2", FALSE },
    { NULL, "%d", "2", TRUE },   /* read back */
  };
  guint i;
  Case self;

  case_new (&self);
  self.server->transactions = FALSE;
  self.server->before = refuse_path;
  self.method = "GET";
  self.prefix = "/fhir/_history";
  for (i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      g_autoptr (RoundsRecord) record = NULL;

      self.server->etag_form = forms[i].etag;
      self.server->version_form = forms[i].version;
      self.server->says_nothing = forms[i].quiet;
      self.status = 0;
      put_patient (&self, id, "One");
      must_run (&self);
      put_patient (&self, id, "Two");
      self.status = 500;   /* of the download alone */
      run (&self);
      g_assert_cmpuint (self.report.pushed, ==, 1);
      record = rounds_store_get (self.store, "Patient", id, NULL);
      g_assert_cmpstr (record->base_version, ==, forms[i].expected);
    }
  case_clear (&self);
}

/* --- what was done already ------------------------------------------------------------------------------------ */

/* The create arrived, and the answer to it is 409. */
static void
test_conflict_with_the_original (void)
{
  Case self;
  g_autoptr (RoundsRecord) record = NULL;

  case_new (&self);
  self.server->transactions = FALSE;
  must_run (&self);
  put_patient (&self, "p1", "One");
  mini_fault (self.server, (MiniFault){ .method = "PUT", .prefix = "Patient/p1", .commit = TRUE, .status = 409 });
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  g_assert_cmpuint (self.report.conflicts + self.report.quarantined + self.report.pending, ==, 0);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 1);
  record = rounds_store_get (self.store, "Patient", "p1", NULL);
  g_assert_cmpstr (record->base_version, ==, "1");
  case_clear (&self);
}

/* Base, mine and theirs are all there to decide with. */
static void
test_three_versions (void)
{
  Case self;
  RoundsConflict *conflict;

  case_new (&self);
  put_patient (&self, "p1", "Base");
  must_run (&self);
  server_patient (&self, "p1", "Theirs");
  put_patient (&self, "p1", "Mine");
  must_run (&self);
  conflict = rounds_store_conflict_get (self.store, "Patient", "p1", NULL);
  g_assert_nonnull (conflict);
  g_assert_nonnull (strstr (conflict->base, "Base"));
  g_assert_nonnull (strstr (conflict->mine, "Mine"));
  g_assert_nonnull (strstr (conflict->theirs, "Theirs"));
  g_assert_cmpstr (conflict->theirs_version, ==, "2");
  rounds_conflict_free (conflict);
  case_clear (&self);
}

static void
test_delete_against_update (void)
{
  Case self;
  RoundsConflict *conflict;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  put_patient (&self, "p1", "One");
  put_patient (&self, "p2", "Two");
  must_run (&self);
  server_patient (&self, "p1", "Theirs");
  delete_one (self.store, "Patient", "p1", -1, &error);
  g_assert_no_error (error);
  mini_put (self.server, "Patient", "p2", NULL);
  put_patient (&self, "p2", "Mine");
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 2);
  g_assert_nonnull (mini_get (self.server, "Patient", "p1")->json);
  g_assert_null (mini_get (self.server, "Patient", "p2")->json);
  conflict = rounds_store_conflict_get (self.store, "Patient", "p1", NULL);
  g_assert_null (conflict->mine);
  g_assert_nonnull (strstr (conflict->theirs, "Theirs"));
  rounds_conflict_free (conflict);
  conflict = rounds_store_conflict_get (self.store, "Patient", "p2", NULL);
  g_assert_null (conflict->theirs);
  g_assert_nonnull (strstr (conflict->mine, "Mine"));
  rounds_conflict_free (conflict);
  case_clear (&self);
}

/* Patient/1 and Observation/1 are two. */
static void
test_same_id_other_type (void)
{
  Case self;
  g_autofree char *ours = observation_json ("1", "1", "8867-4", "70", "2024-01-01");
  g_autofree char *theirs = observation_json ("1", "1", "8867-4", "99", "2024-01-01");
  g_autofree char *edited = observation_json ("1", "1", "8867-4", "71", "2024-01-01");
  g_autofree char *there = NULL;

  case_new (&self);
  put_patient (&self, "1", "One");
  must_put (self.store, "Observation", "1", ours);
  must_run (&self);
  mini_put (self.server, "Observation", "1", theirs);
  must_put (self.store, "Observation", "1", edited);
  put_patient (&self, "1", "Two");
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 1);
  g_assert_null (rounds_store_conflict_get (self.store, "Patient", "1", NULL));
  there = rounds_json_print (mini_get (self.server, "Patient", "1")->json);
  g_assert_nonnull (strstr (there, "Two"));
  case_clear (&self);
}

/* Made and deleted while offline: nothing of it goes, and who refers to it is told by the server, not lost. */
static void
test_create_then_delete (void)
{
  Case self;
  g_autofree char *observation = observation_json ("o1", "p9", "8867-4", "70", "2024-01-01");
  g_autoptr (GError) error = NULL;

  case_new (&self);
  must_run (&self);
  self.server->integrity = TRUE;
  put_patient (&self, "p9", "Never");
  must_put (self.store, "Observation", "o1", observation);
  delete_one (self.store, "Patient", "p9", -1, &error);
  g_assert_no_error (error);
  mini_forget_requests (self.server);
  must_run (&self);
  g_assert_cmpuint (mini_count_requests (self.server, "Patient/p9"), ==, 0);
  g_assert_null (mini_get (self.server, "Patient", "p9"));
  g_assert_cmpuint (self.report.quarantined, ==, 1);   /* the referrer, in the server's words */
  g_assert_null (mini_get (self.server, "Observation", "o1"));
  case_clear (&self);
}

/* What is given up here is given up here alone. */
static void
test_discard_sends_nothing (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  put_patient (&self, "p1", "One");
  must_run (&self);
  put_patient (&self, "p1", "Changed");
  put_patient (&self, "p2", "Two");
  g_assert_true (rounds_store_outbox_discard (self.store, "Patient", "p1", &error));
  g_assert_true (rounds_store_outbox_discard (self.store, "Patient", "p2", &error));
  mini_forget_requests (self.server);
  must_run (&self);
  g_assert_cmpuint (mini_count_requests (self.server, "DELETE") + mini_count_requests (self.server, "PUT") +
                      mini_count_requests (self.server, "POST"), ==, 0);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 1);
  g_assert_true (has_family (&self, "p1", "One"));
  case_clear (&self);
}

/* Nothing that is given up, taken back, put aside or never went makes a DELETE; what was sent and is deleted here
 * makes exactly one. */
static guint
n_deletes (Case *self)
{
  return mini_count_requests (self->server, "DELETE /fhir/Patient");
}

static void
test_deletes_only_what_was_deleted (void)
{
  Case self;
  g_autoptr (RoundsRecord) record = NULL;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  put_patient (&self, "kept", "Kept");
  put_patient (&self, "given-up", "Given");
  put_patient (&self, "refused-there", "One");
  must_run (&self);
  mini_forget_requests (self.server);
  /* Made here and deleted again; made here and discarded; a deletion that is discarded. */
  put_patient (&self, "brief", "Brief");
  g_assert_true (delete_one (self.store, "Patient", "brief", -1, &error));
  put_patient (&self, "draft", "Draft");
  g_assert_true (rounds_store_outbox_discard (self.store, "Patient", "draft", &error));
  g_assert_true (delete_one (self.store, "Patient", "given-up", -1, &error));
  g_assert_true (rounds_store_outbox_discard (self.store, "Patient", "given-up", &error));
  g_assert_no_error (error);
  must_run (&self);
  g_assert_cmpuint (n_deletes (&self), ==, 0);
  g_assert_true (has_family (&self, "given-up", "Given"));
  /* Refused, then deleted here: it never was there. */
  must_put (self.store, "Patient", "refused", "{\"resourceType\":\"Patient\",\"id\":\"refused\",\"mustBeRefused\":true}");
  must_run (&self);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  g_assert_true (delete_one (self.store, "Patient", "refused", -1, &error));
  must_run (&self);
  g_assert_cmpuint (n_deletes (&self), ==, 0);
  g_assert_cmpuint (rounds_store_outbox_count (self.store, NULL), ==, 0);
  /* Another client's deletion is not repeated. */
  mini_put (self.server, "Patient", "refused-there", NULL);
  must_run (&self);
  must_run (&self);
  g_assert_cmpuint (n_deletes (&self), ==, 0);
  /* The connection is taken away, and set up again. */
  g_assert_true (rounds_store_connection_set (self.store, "ward", NULL, &error));
  g_assert_no_error (error);
  {
    g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");

    connection->fhir_url = g_strdup (self.server->url);
    g_assert_true (rounds_connection_save (self.store, connection, NULL, &error));
  }
  must_run (&self);
  g_assert_cmpuint (n_deletes (&self), ==, 0);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 2);
  /* And what is deleted, is. */
  g_assert_true (delete_one (self.store, "Patient", "kept", -1, &error));
  must_run (&self);
  g_assert_cmpuint (n_deletes (&self), ==, 1);
  g_assert_null (mini_get (self.server, "Patient", "kept")->json);
  case_clear (&self);
}

/* Offline, a pass asks once, however much waits. */
static gboolean
drop_all (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  answer->drop = TRUE;
  return TRUE;
}

static void
test_offline_asks_once (void)
{
  Case self;
  guint i, before;

  case_new (&self);
  must_run (&self);
  for (i = 0; i < 60; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "Many");
    }
  self.server->before = drop_all;
  for (i = 0; i < 5; i++)
    {
      before = fault_server_get_n_requests (self.server->server);
      g_assert_false (run (&self));
      g_assert_cmpint (self.error->domain, ==, ROUNDS_CLOUD_ERROR);
      g_assert_cmpuint (fault_server_get_n_requests (self.server->server) - before, <=, 2);
      g_assert_cmpuint (self.report.pending, ==, 60);
    }
  case_clear (&self);
}

/* An hour without a cloud, by a clock of this test's own: passes come at the times at which the window and the
 * command wait for them, and each asks once. */
static void
test_offline_for_an_hour (void)
{
  const gint64 hour_us = (gint64) 3600 * G_USEC_PER_SEC;
  gint64 now_us = 0;
  guint i, n = 0, before;
  Case self;

  case_new (&self);
  must_run (&self);
  for (i = 0; i < 60; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "Many");
    }
  self.server->before = drop_all;
  before = fault_server_get_n_requests (self.server->server);
  while (now_us < hour_us)
    {
      g_assert_false (run (&self));
      g_assert_cmpint (self.error->domain, ==, ROUNDS_CLOUD_ERROR);
      now_us += rounds_sync_wait_us (++n, FALSE);
      g_assert_cmpuint (fault_server_get_n_requests (self.server->server) - before, <=, 80);
    }
  g_assert_cmpuint (n, >=, 5);   /* and it does not give up */
  g_test_message ("%u passes, %u requests", n, fault_server_get_n_requests (self.server->server) - before);
  g_assert_cmpuint (self.report.pending, ==, 60);
  self.server->before = NULL;
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 60);
  case_clear (&self);
}

/* Answers that do not come in time make bundles smaller. */
static gboolean
drop_large (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (strstr (request->body, "\"transaction\"") == NULL || request->body_size < 9000)
    return FALSE;
  self->n_done++;
  answer->drop = TRUE;
  return TRUE;
}

static void
test_timeouts_shrink (void)
{
  Case self;
  guint i;

  case_new (&self);
  self.server->before = drop_large;
  for (i = 0; i < 60; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "Many");
    }
  must_run (&self);
  g_assert_cmpuint (self.n_done, >, 0);
  g_assert_cmpuint (self.report.pushed, ==, 60);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 60);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/faults/commit-then-drop/transaction", GINT_TO_POINTER (1), test_commit_then_drop);
  g_test_add_data_func ("/faults/commit-then-drop/single", GINT_TO_POINTER (0), test_commit_then_drop);
  g_test_add_func ("/faults/unknown-is-verified-later", test_unknown_is_verified_later);
  g_test_add_data_func ("/faults/stale-and-gone", GINT_TO_POINTER (0), test_stale_and_gone);
  g_test_add_data_func ("/faults/stale-and-gone/if-match-ignored", GINT_TO_POINTER (1), test_stale_and_gone);
  g_test_add_func ("/faults/stale-search", test_stale_search);
  g_test_add_func ("/faults/deletions-without-history", test_deletions_without_history);
  g_test_add_func ("/faults/access-revoked-is-no-deletion", test_access_revoked_is_no_deletion);
  g_test_add_func ("/faults/one-invalid-of-300", test_one_invalid_of_300);
  g_test_add_func ("/faults/forbidden-is-shown", test_forbidden_is_shown);
  g_test_add_func ("/faults/dropped-element-is-shown", test_dropped_element_is_shown);
  g_test_add_func ("/faults/behind-is-no-loss", test_behind_is_no_loss);
  g_test_add_data_func ("/faults/retry-after/seconds", GUINT_TO_POINTER (1), test_retry_after);
  g_test_add_data_func ("/faults/retry-after/date", GUINT_TO_POINTER (2), test_retry_after);
  g_test_add_func ("/faults/too-large-is-halved", test_too_large_is_halved);
  g_test_add_func ("/faults/server-error-keeps-everything", test_server_error_keeps_everything);
  g_test_add_func ("/faults/edit-during-upload", test_edit_during_upload);
  g_test_add_func ("/faults/circle-and-nothing", test_circle_and_nothing);
  g_test_add_func ("/faults/etag-forms", test_etag_forms);
  g_test_add_func ("/faults/conflict-with-the-original", test_conflict_with_the_original);
  g_test_add_func ("/faults/three-versions", test_three_versions);
  g_test_add_func ("/faults/delete-against-update", test_delete_against_update);
  g_test_add_func ("/faults/same-id-other-type", test_same_id_other_type);
  g_test_add_func ("/faults/create-then-delete", test_create_then_delete);
  g_test_add_func ("/faults/discard-sends-nothing", test_discard_sends_nothing);
  g_test_add_func ("/faults/deletes-only-what-was-deleted", test_deletes_only_what_was_deleted);
  g_test_add_func ("/faults/offline-asks-once", test_offline_asks_once);
  g_test_add_func ("/faults/offline-for-an-hour", test_offline_for_an_hour);
  g_test_add_func ("/faults/timeouts-shrink", test_timeouts_shrink);
  return g_test_run ();
}
