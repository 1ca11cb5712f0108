/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server that was put back from a backup, another server under the profile, circles and limits. */

#include "sync-case.h"

#include "fhir/merge.h"

/* --- put back -------------------------------------------------------------------------------------------- */

static RoundsConflict *
conflict_of (Case *self, const char *type, const char *id)
{
  return rounds_store_conflict_get (self->store, type, id, NULL);
}

static void
test_put_back (void)
{
  Case self;
  g_autoptr (MiniBackup) backup = NULL;
  g_autofree char *epoch = NULL, *epoch_after = NULL, *there = NULL;
  g_autoptr (GError) error = NULL;
  RoundsConflict *conflict;
  RoundsReceipt *receipt;
  g_autoptr (GPtrArray) receipts = NULL;

  case_new (&self);
  put_patient (&self, "same", "Same");
  put_patient (&self, "changed", "Before");
  put_patient (&self, "deleted", "Deleted");
  must_run (&self);
  backup = mini_backup (self.server);
  put_patient (&self, "changed", "After");
  put_patient (&self, "made", "Made");
  g_assert_true (delete_one (self.store, "Patient", "deleted", -1, NULL));
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 3);
  receipts = rounds_store_receipt_list (self.store, 0, FALSE, 0, NULL);
  g_assert_cmpuint (receipts->len, ==, 4);
  receipt = receipts->pdata[3];
  g_assert_cmpstr (receipt->id, ==, "same");
  g_assert_cmpstr (receipt->version, ==, "1");
  epoch = rounds_store_dup_setting (self.store, "sync.epoch", NULL);

  mini_restore (self.server, backup);
  server_patient (&self, "theirs", "New");
  self.server->n_puts = self.server->n_transactions = 0;
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 3);
  g_assert_cmpuint (self.report.pending, ==, 0);
  g_assert_nonnull (strstr (self.report.notes[0], "3 changes"));
  /* Nothing was written there by itself, nothing of ours is gone, and what is new there has come. */
  g_assert_cmpuint (self.server->n_puts + self.server->n_transactions, ==, 0);
  g_assert_true (has_family (&self, "changed", "After"));
  g_assert_true (has_family (&self, "made", "Made"));
  g_assert_true (has_family (&self, "theirs", "New"));
  g_assert_true (has_family (&self, "same", "Same"));
  g_assert_false (has_family (&self, "deleted", "Deleted"));
  epoch_after = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  g_assert_cmpstr (epoch, !=, epoch_after);

  conflict = conflict_of (&self, "Patient", "changed");
  g_assert_cmpstr (conflict->status, ==, "restored");
  g_assert_nonnull (strstr (conflict->mine, "After"));
  g_assert_nonnull (strstr (conflict->theirs, "Before"));
  rounds_store_conflict_resolve (self.store, "Patient", "changed", conflict->mine, &error);
  g_assert_no_error (error);
  rounds_conflict_free (conflict);
  conflict = conflict_of (&self, "Patient", "made");
  g_assert_null (conflict->theirs);
  rounds_store_conflict_resolve (self.store, "Patient", "made", conflict->mine, &error);
  g_assert_no_error (error);
  rounds_conflict_free (conflict);
  conflict = conflict_of (&self, "Patient", "deleted");
  g_assert_null (conflict->mine);
  rounds_store_conflict_resolve (self.store, "Patient", "deleted", NULL, &error);
  g_assert_no_error (error);
  rounds_conflict_free (conflict);
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts + self.report.pending + self.report.quarantined, ==, 0);
  there = rounds_json_print (mini_get (self.server, "Patient", "changed")->json);
  g_assert_nonnull (strstr (there, "After"));
  g_assert_nonnull (mini_get (self.server, "Patient", "made")->json);
  g_assert_null (mini_get (self.server, "Patient", "deleted")->json);
  /* It is over: the next pass finds nothing more to ask. */
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts + self.report.pulled + self.report.pushed, ==, 0);
  case_clear (&self);
}

/* What waited while the server was put back meets what is there; its old version is not sent along. */
static void
test_put_back_with_edits (void)
{
  Case self;
  g_autoptr (MiniBackup) backup = NULL;
  RoundsConflict *conflict;

  case_new (&self);
  put_patient (&self, "p1", "Before");
  must_run (&self);
  backup = mini_backup (self.server);
  put_patient (&self, "p1", "Confirmed");
  put_patient (&self, "p2", "Confirmed");
  must_run (&self);
  put_patient (&self, "p1", "Waiting");
  mini_restore (self.server, backup);
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 2);
  conflict = conflict_of (&self, "Patient", "p1");
  g_assert_nonnull (strstr (conflict->mine, "Waiting"));
  g_assert_nonnull (strstr (conflict->theirs, "Before"));
  rounds_conflict_free (conflict);
  case_clear (&self);
}

/* Where the server answers 404 for what was deleted and has no history, what somebody deleted is no restore. */
static gboolean
deleted_is_unknown (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_auto (GStrv) parts = g_strsplit (request->path, "/", -1);
  MiniResource *resource = g_strv_length (parts) == 4 ? mini_get (server, parts[2], parts[3]) : NULL;

  if (!g_str_equal (request->method, "GET") || resource == NULL || resource->json != NULL)
    return FALSE;
  mini_outcome (answer, 404, "not known");
  return TRUE;
}

static void
forgetful (Case *self)
{
  case_new (self);
  self->server->transactions = FALSE;
  self->server->history = FALSE;
  self->server->before = deleted_is_unknown;
}

/* The k-th change is the newest; NULL ends the list of those that somebody deletes. */
static void
assert_no_restore (const char *const *deleted)
{
  Case self;
  g_autofree char *epoch = NULL, *after = NULL;
  guint i;

  forgetful (&self);
  for (i = 1; i <= 6; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "One");
      must_run (&self);
    }
  epoch = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  for (i = 0; deleted[i] != NULL; i++)
    mini_put (self.server, "Patient", deleted[i], NULL);
  for (i = 0; i < 3; i++)
    must_run (&self);
  after = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  g_assert_cmpstr (epoch, ==, after);
  g_assert_cmpuint (self.report.conflicts, ==, 0);
  for (i = 0; deleted[i] != NULL; i++)
    g_assert_false (has_family (&self, deleted[i], "One"));   /* gone here as there */
  case_clear (&self);
}

static void
test_deleted_is_no_restore (void)
{
  assert_no_restore ((const char *const[]){ "p1", NULL });
}

static void
test_newest_deleted (void)
{
  assert_no_restore ((const char *const[]){ "p6", NULL });
}

/* Many, but the newest is there still. */
static void
test_many_deleted (void)
{
  assert_no_restore ((const char *const[]){ "p5", "p4", "p3", "p1", NULL });
}

/* A whole patient, whose records are the newest as well as older than what is there. */
static void
test_patient_deleted (void)
{
  Case self;
  g_autofree char *epoch = NULL, *after = NULL;
  g_autofree char *one = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  g_autofree char *two = observation_json ("o2", "p1", "8867-4", "71", "2024-01-02");

  forgetful (&self);
  put_patient (&self, "p1", "One");
  must_run (&self);
  put_patient (&self, "p2", "Two");
  must_run (&self);
  must_put (self.store, "Observation", "o1", one);
  must_put (self.store, "Observation", "o2", two);
  must_run (&self);
  epoch = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  mini_put (self.server, "Patient", "p1", NULL);
  mini_put (self.server, "Observation", "o1", NULL);
  mini_put (self.server, "Observation", "o2", NULL);
  must_run (&self);
  after = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  g_assert_cmpstr (epoch, ==, after);
  g_assert_cmpuint (self.report.conflicts, ==, 0);
  case_clear (&self);
}

/* The newest two of two patients: that is a restore, also where nothing else tells. */
static void
test_newest_lost (void)
{
  Case self;
  g_autofree char *epoch = NULL, *after = NULL;
  g_autoptr (MiniBackup) backup = NULL;

  forgetful (&self);
  put_patient (&self, "p1", "One");
  must_run (&self);
  backup = mini_backup (self.server);
  put_patient (&self, "p2", "Two");
  put_patient (&self, "p3", "Three");
  must_run (&self);
  epoch = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  mini_restore (self.server, backup);
  must_run (&self);
  after = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  g_assert_cmpstr (epoch, !=, after);
  g_assert_cmpuint (self.report.conflicts, ==, 2);
  g_assert_true (has_family (&self, "p2", "Two"));
  g_assert_true (has_family (&self, "p3", "Three"));
  case_clear (&self);
}

/* Deleted by us and made anew by somebody at once: its version went on. */
static void
test_made_anew (void)
{
  Case self;
  g_autofree char *epoch = NULL, *after = NULL;

  case_new (&self);
  self.server->tick_us = 1000;
  put_patient (&self, "p1", "One");
  put_patient (&self, "p2", "Two");
  must_run (&self);
  g_assert_true (delete_one (self.store, "Patient", "p1", -1, NULL));
  must_run (&self);
  epoch = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  server_patient (&self, "p1", "Anew");
  must_run (&self);
  after = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  g_assert_cmpstr (epoch, ==, after);
  g_assert_cmpuint (self.report.conflicts, ==, 0);
  case_clear (&self);
}

/* A version that went on is no restore, whatever the server's clock did; one that went back is, too. */
static void
test_version_before_time (gconstpointer data)
{
  gboolean back = GPOINTER_TO_INT (data);
  Case self;
  g_autofree char *epoch = NULL, *after = NULL;
  guint i;

  case_new (&self);
  for (i = 0; i < 3; i++)
    {
      put_patient (&self, "p1", i % 2 == 0 ? "One" : "Other");
      must_run (&self);
    }
  epoch = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  if (back)
    mini_get (self.server, "Patient", "p1")->version = 1;   /* the next is 2, and newer by the clock */
  else
    self.server->now_us -= (gint64) 3600 * G_USEC_PER_SEC;
  server_patient (&self, "p1", "Theirs");
  must_run (&self);
  after = rounds_store_dup_setting (self.store, "sync.epoch", NULL);
  g_assert_cmpint (g_strcmp0 (epoch, after) != 0, ==, back);
  g_assert_cmpuint (self.report.conflicts, ==, back);
  case_clear (&self);
}

/* --- another server ------------------------------------------------------------------------------------------ */

/* The other server has the same version number with another content. */
static void
test_other_server (void)
{
  Case self;
  MiniFhir *first;
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;
  RoundsConflict *conflict;

  case_new (&self);
  put_patient (&self, "p1", "One");
  put_patient (&self, "p2", "Two");
  must_run (&self);
  put_patient (&self, "p1", "Mine");
  put_patient (&self, "p2", "Mine");
  first = self.server;
  self.server = mini_fhir_new ();
  self.server->data = &self;
  server_patient (&self, "p1", "Theirs");   /* version 1, as at the first one */
  server_patient (&self, "p2", "Two");
  connection->fhir_url = g_strdup (self.server->url);
  rounds_connection_save (self.store, connection, NULL, &error);
  g_assert_no_error (error);
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 1);
  conflict = conflict_of (&self, "Patient", "p1");
  g_assert_nonnull (strstr (conflict->theirs, "Theirs"));
  g_assert_nonnull (strstr (conflict->mine, "Mine"));
  rounds_conflict_free (conflict);
  g_assert_cmpint (mini_get (self.server, "Patient", "p1")->version, ==, 1);
  g_assert_cmpint (mini_get (self.server, "Patient", "p2")->version, ==, 2);   /* the same there: it went */
  mini_fhir_free (first);
  case_clear (&self);
}

/* --- circles and limits --------------------------------------------------------------------------------------- */

/* n observations, each of which has the next as its focus, and the last one the first. */
static void
put_circle (Case *self, guint n)
{
  g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, n);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  guint i;

  for (i = 0; i < n; i++)
    {
      char *id = g_strdup_printf ("o%u", i);
      char *json = g_strdup_printf ("{\"resourceType\":\"Observation\",\"id\":\"o%u\",\"status\":\"final\",\"code\":"
                                    "{\"text\":\"x\"},\"focus\":[{\"reference\":\"Observation/o%u\"}]}", i, (i + 1) % n);

      g_ptr_array_add (texts, id);
      g_ptr_array_add (texts, json);
      items[i] = (RoundsImportItem){ .type = "Observation", .id = id, .json = json };
    }
  g_assert_true (rounds_store_import (self->store, items, n, FALSE, "test", NULL, NULL));
}

/* Larger than what the server takes at once: one by one, and that is told. */
static void
test_large_circle (void)
{
  Case self;

  case_new (&self);
  self.server->max_entries = 160;
  put_circle (&self, 170);
  put_patient (&self, "p1", "One");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 171);
  g_assert_cmpuint (mini_count (self.server, "Observation"), ==, 170);
  g_assert_cmpuint (g_strv_length (self.report.notes), ==, 1);
  g_assert_nonnull (strstr (self.report.notes[0], "170 records refer to each other"));
  case_clear (&self);
}

/* Where references must lead somewhere, nothing of the circle goes, and the reason names the limit. The rest goes. */
static void
test_large_circle_refused (void)
{
  Case self;
  g_autoptr (GPtrArray) items = NULL;
  guint i;

  case_new (&self);
  self.server->max_entries = 160;
  self.server->integrity = TRUE;
  put_circle (&self, 170);
  put_patient (&self, "p1", "One");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  g_assert_cmpuint (self.report.quarantined, ==, 170);
  g_assert_cmpuint (mini_count (self.server, "Observation"), ==, 0);
  items = rounds_store_outbox_list (self.store, NULL, 0, NULL);
  g_assert_cmpuint (items->len, ==, 170);
  for (i = 0; i < items->len; i++)
    g_assert_nonnull (strstr (((RoundsOutboxItem *) items->pdata[i])->reason, "170 records refer to each other"));
  case_clear (&self);
}

/* A circle that fits goes as one transaction, whatever the bundles around it. */
static void
test_circle_that_fits (void)
{
  Case self;
  guint i;

  case_new (&self);
  self.server->max_entries = 160;
  self.server->integrity = TRUE;
  must_run (&self);
  self.server->n_puts = 0;   /* of the trial */
  for (i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      put_patient (&self, id, "Many");
    }
  put_circle (&self, 150);
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 250);
  g_assert_cmpuint (mini_count (self.server, "Observation"), ==, 150);
  g_assert_cmpuint (self.server->n_puts, ==, 250);
  case_clear (&self);
}

static void
count_too_large (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  ((Case *) data)->n_done += answer->status == 413;
}

/* Limits of 160 and 500 entries are found once and kept for the next pass. */
static void
test_limits (gconstpointer data)
{
  guint limit = GPOINTER_TO_UINT (data), i, n = limit + 140;
  Case self;

  case_new (&self);
  must_run (&self);
  self.server->max_entries = limit;
  self.server->after = count_too_large;
  {
    /* As if nothing were known of bundles: all at once. */
    g_autofree char *scope = rounds_connection_scope (self.server->url, "profile");
    g_autofree char *text = rounds_store_dup_cursor (self.store, scope, NULL);
    g_autoptr (json_object) json = rounds_json_parse (text, -1, NULL);
    g_autofree char *changed = NULL;

    json_object_object_add (json, "max_entries", json_object_new_int (5000));
    changed = rounds_json_print (json);
    g_assert_true (rounds_store_set_cursor (self.store, scope, changed, NULL));
  }
  for (i = 0; i < 2; i++)
    {
      g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, n);
      g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
      guint k;

      for (k = 0; k < n; k++)
        {
          char *id = g_strdup_printf ("p%u", k);
          char *json = patient_json (id, i == 0 ? "Once" : "Twice", "Ann");

          g_ptr_array_add (texts, id);
          g_ptr_array_add (texts, json);
          items[k] = (RoundsImportItem){ .type = "Patient", .id = id, .json = json };
        }
      g_assert_true (rounds_store_import (self.store, items, n, FALSE, "test", NULL, NULL));
      self.server->n_puts = self.n_done = 0;
      must_run (&self);
      g_assert_cmpuint (self.report.pushed, ==, n);
      g_assert_cmpuint (self.server->n_puts, ==, n);
      /* The second pass begins with what the first has learned: no bundle is refused. */
      g_assert_cmpuint (self.n_done > 0, ==, i == 0);
    }
  case_clear (&self);
}

/* --- decisions ------------------------------------------------------------------------------------------------- */

static RoundsMergeKeep
choose_cb (const char *path, gpointer data)
{
  return strstr (path, "family") != NULL || strstr (path, "name") != NULL ? ROUNDS_MERGE_KEEP_THEIRS : ROUNDS_MERGE_KEEP_MINE;
}

/* Per field, the loser stays readable, and the decision can be taken back. */
static void
test_decision (void)
{
  Case self;
  RoundsConflict *conflict;
  g_autoptr (json_object) base = NULL, mine = NULL, theirs = NULL, decided = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsRecord) record = NULL;
  gboolean mixed, loser = FALSE;
  guint i;

  case_new (&self);
  put_patient (&self, "p1", "One");
  must_run (&self);
  mini_put (self.server, "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Theirs\","
                                          "\"given\":[\"Ann\"]}],\"gender\":\"male\",\"birthDate\":\"1980-02-03\"}");
  must_put (self.store, "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Mine\","
                                         "\"given\":[\"Ann\"]}],\"gender\":\"other\",\"birthDate\":\"1980-02-03\"}");
  must_run (&self);
  conflict = rounds_store_conflict_get (self.store, "Patient", "p1", NULL);
  g_assert_nonnull (conflict);
  g_assert_cmpuint (g_strv_length (conflict->paths), >=, 2);
  base = rounds_json_parse (conflict->base, -1, NULL);
  mine = rounds_json_parse (conflict->mine, -1, NULL);
  theirs = rounds_json_parse (conflict->theirs, -1, NULL);
  decided = rounds_merge_resolve_each (base, mine, theirs, choose_cb, NULL, &mixed);
  g_assert_nonnull (decided);
  g_assert_false (mixed);
  text = rounds_json_print (decided);
  g_assert_nonnull (strstr (text, "Theirs"));
  g_assert_nonnull (strstr (text, "other"));
  rounds_store_conflict_resolve (self.store, "Patient", "p1", text, &error);
  g_assert_no_error (error);
  versions = rounds_store_history (self.store, "Patient", "p1", NULL);
  for (i = 0; i < versions->len; i++)
    {
      RoundsRecord *version = versions->pdata[i];

      loser |= version->json != NULL && strstr (version->json, "\"male\"") != NULL;
    }
  g_assert_true (loser);
  record = rounds_store_get (self.store, "Patient", "p1", NULL);
  rounds_store_conflict_reopen (self.store, "Patient", "p1", record->revision, "open", &error);
  g_assert_no_error (error);
  g_assert_true (has_family (&self, "p1", "Mine"));
  rounds_store_conflict_resolve (self.store, "Patient", "p1", text, &error);
  g_assert_no_error (error);
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts + self.report.pending, ==, 0);
  g_assert_cmpstr (rounds_json_peek_string (mini_get (self.server, "Patient", "p1")->json, "gender"), ==, "other");
  rounds_conflict_free (conflict);
  case_clear (&self);
}

#define NOTE(status, text) \
  "{\"resourceType\":\"DocumentReference\",\"id\":\"n1\",\"status\":\"current\",\"docStatus\":\"" status "\"," \
  "\"description\":\"" text "\",\"content\":[{\"attachment\":{\"contentType\":\"text/plain\"}}]}"

/* A decision is an edit: it does not change what somebody has signed, here or there. */
static void
test_signed_notes (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  self.server->types = "Patient DocumentReference";
  must_put (self.store, "DocumentReference", "n1", NOTE ("preliminary", "draft"));
  must_run (&self);
  mini_put (self.server, "DocumentReference", "n1", NOTE ("final", "signed there"));
  must_put (self.store, "DocumentReference", "n1", NOTE ("preliminary", "changed here"));
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts, ==, 1);
  g_assert_false (rounds_store_conflict_resolve (self.store, "DocumentReference", "n1",
                                                 NOTE ("preliminary", "changed here"), &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (rounds_store_conflict_resolve (self.store, "DocumentReference", "n1", NULL, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  g_clear_error (&error);
  rounds_store_conflict_resolve (self.store, "DocumentReference", "n1", NOTE ("final", "signed there"), &error);
  g_assert_no_error (error);
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts + self.report.pending, ==, 0);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/restore/put-back", test_put_back);
  g_test_add_func ("/restore/put-back-with-edits", test_put_back_with_edits);
  g_test_add_func ("/restore/deleted-is-no-restore", test_deleted_is_no_restore);
  g_test_add_func ("/restore/newest-deleted", test_newest_deleted);
  g_test_add_func ("/restore/many-deleted", test_many_deleted);
  g_test_add_func ("/restore/patient-deleted", test_patient_deleted);
  g_test_add_func ("/restore/newest-lost", test_newest_lost);
  g_test_add_func ("/restore/made-anew", test_made_anew);
  g_test_add_data_func ("/restore/version-before-time/on", GINT_TO_POINTER (0), test_version_before_time);
  g_test_add_data_func ("/restore/version-before-time/back", GINT_TO_POINTER (1), test_version_before_time);
  g_test_add_func ("/restore/other-server", test_other_server);
  g_test_add_func ("/circle/larger-than-a-bundle", test_large_circle);
  g_test_add_func ("/circle/refused-with-the-limit", test_large_circle_refused);
  g_test_add_func ("/circle/that-fits", test_circle_that_fits);
  g_test_add_data_func ("/limits/160", GUINT_TO_POINTER (160), test_limits);
  g_test_add_data_func ("/limits/500", GUINT_TO_POINTER (500), test_limits);
  g_test_add_func ("/decision/per-field", test_decision);
  g_test_add_func ("/decision/signed-notes", test_signed_notes);
  return g_test_run ();
}
