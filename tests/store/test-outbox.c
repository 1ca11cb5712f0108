/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits to be sent, and what comes back: squashing, acknowledgement, refusal, conflict, downloads. */
#include "store-fixture.h"

static GPtrArray *
list_state (Fixture *f, const char *state)
{
  const char *const states[] = { state, NULL };
  g_autoptr (GError) error = NULL;
  GPtrArray *list = rounds_store_outbox_list (f->store, state != NULL ? states : NULL, 0, &error);

  g_assert_no_error (error);
  return list;
}

static RoundsOutboxItem *
only_item (Fixture *f, const char *state)
{
  g_autoptr (GPtrArray) list = list_state (f, state);

  g_assert_cmpuint (list->len, ==, 1);
  return g_ptr_array_steal_index (list, 0);
}

static char *
with_family (const char *family)
{
  return patient_json ("p1", family, "Ann");
}

static char *
from_server (const char *family, const char *version)
{
  return g_strdup_printf ("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"meta\":{\"versionId\":\"%s\",\"lastUpdated\":"
                          "\"2026-01-0%sT00:00:00Z\"},\"identifier\":[{\"type\":{\"coding\":[{\"code\":\"MR\"}]},"
                          "\"value\":\"MRN-p1\"}],\"name\":[{\"family\":\"%s\",\"given\":[\"Ann\"]}],"
                          "\"gender\":\"female\",\"birthDate\":\"1980-02-03\"}",
                          version, version, family);
}

static void
download (Fixture *f, const char *json, const char *version, guint want_new, guint want_conflicts)
{
  RoundsDownload item = { "Patient", "p1", version, json, 0 };
  g_autoptr (GError) error = NULL;
  guint n_new, n_conflicts;

  rounds_store_download_page (f->store, &item, 1, "scope", "{}", &n_new, &n_conflicts, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_new, ==, want_new);
  g_assert_cmpuint (n_conflicts, ==, want_conflicts);
}

static void
assert_text (Fixture *f, const char *part)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (f->store, "Patient", "p1", NULL);

  g_assert_nonnull (record);
  g_assert_nonnull (strstr (record->json, part));
}

static void
send (Fixture *f, RoundsOutboxItem *item)
{
  g_autoptr (GError) error = NULL;

  rounds_store_outbox_begin (f->store, &item, 1, "r1", &error);
  g_assert_no_error (error);
}

static void
ack (Fixture *f, RoundsOutboxItem *item, const char *version, const char *json)
{
  g_autoptr (GError) error = NULL;

  rounds_store_outbox_ack (f->store, item, version, json, 200, &error);
  g_assert_no_error (error);
}

/* A known patient, as if downloaded. */
static void
known (Fixture *f)
{
  g_autofree char *json = from_server ("Adams", "1");

  download (f, json, "1", 1, 0);
  g_assert_cmpuint (rounds_store_outbox_count (f->store, NULL), ==, 0);
}

static void
test_squash (void)
{
  Fixture f;
  g_autofree char *a = with_family ("Adams"), *b = with_family ("Brown");
  RoundsOutboxItem *item;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", a);
  must_put (f.store, "Patient", "p1", b);
  item = only_item (&f, NULL);
  g_assert_cmpstr (item->verb, ==, "create");
  g_assert_cmpint (item->seq, ==, 2);
  g_assert_nonnull (strstr (item->json, "Brown"));
  g_assert_null (item->base_json);
  rounds_outbox_item_free (item);
  /* Made and deleted before anybody heard of it. */
  g_assert_true (delete_one (f.store, "Patient", "p1", -1, NULL));
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  /* And made again. */
  must_put (f.store, "Patient", "p1", a);
  item = only_item (&f, "pending");
  g_assert_cmpstr (item->verb, ==, "create");
  rounds_outbox_item_free (item);
  fixture_clear (&f);
}

static void
test_undo_sends_nothing (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown");
  g_autoptr (RoundsRecord) record = NULL;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 1);
  g_assert_true (rounds_store_undo (f.store, "Patient", "p1", 2, NULL));
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_false (record->unsynced);
  fixture_clear (&f);
}

static void
test_ack (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown"), *server = from_server ("Brown", "2");
  g_autoptr (RoundsRecord) record = NULL;
  RoundsOutboxItem *item;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  item = only_item (&f, "pending");
  g_assert_cmpstr (item->verb, ==, "update");
  g_assert_cmpstr (item->base_version, ==, "1");
  g_assert_nonnull (strstr (item->base_json, "Adams"));
  send (&f, item);
  ack (&f, item, "2", server);
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_cmpstr (record->base_version, ==, "2");
  g_assert_false (record->unsynced);
  /* Only meta moved: a form that is open stays valid. */
  g_assert_cmpint (record->revision, ==, 2);
  /* The same version coming down again is nothing new, nor is an older one out of a stale search. */
  download (&f, server, "2", 0, 0);
  {
    g_autofree char *old = from_server ("Adams", "1");
    download (&f, old, "1", 0, 0);
  }
  assert_text (&f, "Brown");
  rounds_outbox_item_free (item);
  fixture_clear (&f);
}

/* The server kept less than was sent: that is shown, as a version of the cloud. */
static void
test_ack_differs (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown");
  g_autoptr (RoundsRecord) record = NULL;
  RoundsOutboxItem *item;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", b);
  item = only_item (&f, "pending");
  send (&f, item);
  ack (&f, item, "1", "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"meta\":{\"versionId\":\"1\"}}");
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_cmpint (record->revision, ==, 2);
  g_assert_cmpstr (record->changed_by, ==, "cloud");
  g_assert_null (strstr (record->json, "Brown"));
  rounds_outbox_item_free (item);
  fixture_clear (&f);
}

/* An edit made while the resource is being uploaded survives the acknowledgement. */
static void
test_edit_during_upload (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown"), *c = with_family ("Clark"), *server = from_server ("Brown", "2");
  RoundsOutboxItem *item, *next;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  item = only_item (&f, "pending");
  send (&f, item);
  must_put (f.store, "Patient", "p1", c);
  /* What is under way is what was sent, and the later edit waits behind it. */
  next = only_item (&f, NULL);
  g_assert_cmpstr (next->state, ==, "inflight");
  g_assert_nonnull (strstr (next->json, "Brown"));
  g_assert_cmpstr (next->request_id, ==, "r1");
  rounds_outbox_item_free (next);
  ack (&f, item, "2", server);
  assert_text (&f, "Clark");
  next = only_item (&f, "pending");
  g_assert_cmpstr (next->verb, ==, "update");
  g_assert_cmpstr (next->base_version, ==, "2");
  g_assert_nonnull (strstr (next->base_json, "Brown"));
  g_assert_nonnull (strstr (next->json, "Clark"));
  rounds_outbox_item_free (item);
  rounds_outbox_item_free (next);
  fixture_clear (&f);
}

/* Created, under way, deleted meanwhile: first the create is settled, then the delete is sent. */
static void
test_delete_during_create (void)
{
  Fixture f;
  g_autofree char *a = with_family ("Adams"), *server = from_server ("Adams", "1");
  RoundsOutboxItem *item, *next;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", a);
  item = only_item (&f, "pending");
  send (&f, item);
  g_assert_true (delete_one (f.store, "Patient", "p1", -1, NULL));
  g_assert_true (rounds_store_outbox_set_state (f.store, item, "unknown", 0, "no answer", 0, NULL));
  next = only_item (&f, "unknown");
  g_assert_cmpstr (next->verb, ==, "create");
  rounds_outbox_item_free (next);
  ack (&f, item, "1", server);
  next = only_item (&f, "pending");
  g_assert_cmpstr (next->verb, ==, "delete");
  g_assert_null (next->json);
  send (&f, next);
  ack (&f, next, NULL, NULL);
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  rounds_outbox_item_free (item);
  rounds_outbox_item_free (next);
  /* The other way: it never arrived, so there is nothing to send. */
  must_put (f.store, "Patient", "p2", "{\"resourceType\":\"Patient\",\"id\":\"p2\"}");
  item = only_item (&f, "pending");
  send (&f, item);
  g_assert_true (delete_one (f.store, "Patient", "p2", -1, NULL));
  g_assert_true (rounds_store_outbox_set_state (f.store, item, "pending", 0, NULL, 0, NULL));
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  rounds_outbox_item_free (item);
  fixture_clear (&f);
}

static void
test_inflight_becomes_unknown (void)
{
  Fixture f;
  g_autofree char *a = with_family ("Adams");
  g_autoptr (RoundsRecord) record = NULL;
  RoundsOutboxItem *item;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", a);
  item = only_item (&f, "pending");
  send (&f, item);
  rounds_outbox_item_free (item);
  /* Not while another process is sending. */
  g_assert_true (rounds_store_sync_lock (f.store, NULL));
  {
    g_autoptr (RoundsStore) other = rounds_store_open (f.vault, f.key, FALSE, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (rounds_store_sync_lock (other, &error));
    g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
  }
  item = only_item (&f, "inflight");
  rounds_outbox_item_free (item);
  fixture_close (&f);
  fixture_open (&f);
  item = only_item (&f, "unknown");
  g_assert_cmpstr (item->request_id, ==, "r1");
  rounds_outbox_item_free (item);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_cmpstr (record->sync_state, ==, "unknown");
  fixture_clear (&f);
}

static void
test_quarantine (void)
{
  Fixture f;
  g_autofree char *a = with_family ("Adams");
  g_autofree char *o = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  g_autofree char *o2 = observation_json ("o2", "p9", "8867-4", "70", "2024-01-01");
  g_autoptr (GPtrArray) list = NULL;
  RoundsOutboxItem *item;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", a);
  must_put (f.store, "Observation", "o1", o);
  must_put (f.store, "Observation", "o2", o2);
  list = list_state (&f, NULL);
  g_assert_cmpuint (list->len, ==, 3);
  item = list->pdata[0];
  g_assert_cmpstr (item->id, ==, "p1");
  g_assert_cmpstr (((RoundsOutboxItem *) list->pdata[1])->depends_on[0], ==, "Patient/p1");
  g_assert_null (((RoundsOutboxItem *) list->pdata[2])->depends_on[0]);
  send (&f, item);
  g_assert_true (rounds_store_outbox_quarantine (f.store, item, 422, "name is wrong", NULL));
  {
    RoundsOutboxItem *one = only_item (&f, "quarantined");

    g_assert_cmpint (one->last_status, ==, 422);
    g_assert_cmpstr (one->reason, ==, "name is wrong");
    rounds_outbox_item_free (one);
    one = only_item (&f, "blocked");
    g_assert_cmpstr (one->id, ==, "o1");
    rounds_outbox_item_free (one);
    /* The rest goes on. */
    one = only_item (&f, "pending");
    g_assert_cmpstr (one->id, ==, "o2");
    rounds_outbox_item_free (one);
  }
  /* Mending it frees what waited for it. */
  {
    g_autofree char *b = with_family ("Brown");
    must_put (f.store, "Patient", "p1", b);
  }
  g_assert_cmpuint (list_length (list_state (&f, "pending")), ==, 3);
  {
    g_autoptr (GPtrArray) again = list_state (&f, "pending");

    g_assert_true (rounds_store_outbox_quarantine (f.store, again->pdata[0], 422, "still", NULL));
  }
  g_assert_cmpuint (list_length (list_state (&f, "blocked")), ==, 1);
  g_assert_true (rounds_store_outbox_retry (f.store, "Patient", "p1", NULL));
  g_assert_cmpuint (list_length (list_state (&f, "pending")), ==, 3);
  g_assert_true (rounds_store_outbox_discard (f.store, "Patient", "p1", NULL));
  g_assert_null (rounds_store_get (f.store, "Patient", "p1", NULL));
  g_assert_cmpuint (list_length (rounds_store_history (f.store, "Patient", "p1", NULL)), ==, 3);
  g_assert_cmpuint (list_length (list_state (&f, "pending")), ==, 2);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

static void
test_discard (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown");
  g_autoptr (GError) error = NULL;
  RoundsOutboxItem *item;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  item = only_item (&f, "pending");
  send (&f, item);
  g_assert_false (rounds_store_outbox_discard (f.store, "Patient", "p1", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
  g_assert_true (rounds_store_outbox_set_state (f.store, item, "pending", 503, "later", 5, NULL));
  rounds_outbox_item_free (item);
  item = only_item (&f, "pending");
  g_assert_cmpint (item->next_at_us, ==, 5);
  g_assert_cmpuint (item->attempts, ==, 1);
  rounds_outbox_item_free (item);
  g_assert_true (rounds_store_outbox_discard (f.store, "Patient", "p1", NULL));
  assert_text (&f, "Adams");
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  fixture_clear (&f);
}

/* Disjoint elements merge, and only what is still news waits. */
static void
test_download_merges (void)
{
  Fixture f;
  g_autoptr (GString) mine = NULL, theirs = NULL;
  g_autofree char *base = from_server ("Adams", "1"), *next = from_server ("Adams", "2");
  RoundsOutboxItem *item;

  fixture_new (&f);
  known (&f);
  mine = g_string_new (base);
  g_string_replace (mine, "\"gender\":\"female\"", "\"gender\":\"other\"", 0);
  must_put (f.store, "Patient", "p1", mine->str);
  theirs = g_string_new (next);
  g_string_replace (theirs, "1980-02-03", "1980-02-04", 0);
  download (&f, theirs->str, "2", 1, 0);
  assert_text (&f, "\"gender\":\"other\"");
  assert_text (&f, "1980-02-04");
  item = only_item (&f, "pending");
  g_assert_cmpstr (item->base_version, ==, "2");
  g_assert_nonnull (strstr (item->base_json, "1980-02-04"));
  g_assert_nonnull (strstr (item->json, "\"gender\":\"other\""));
  rounds_outbox_item_free (item);
  fixture_clear (&f);
}

static void
test_conflict (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown"), *theirs = from_server ("Clark", "2"), *decided = with_family ("Davis");
  g_autoptr (GPtrArray) list = NULL;
  RoundsConflict *conflict;
  RoundsOutboxItem *item;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  download (&f, theirs, "2", 1, 1);
  /* The local copy stays what the clinician wrote. */
  assert_text (&f, "Brown");
  list = rounds_store_conflict_list (f.store, NULL);
  g_assert_cmpuint (list->len, ==, 1);
  conflict = list->pdata[0];
  g_assert_nonnull (strstr (conflict->base, "Adams"));
  g_assert_nonnull (strstr (conflict->mine, "Brown"));
  g_assert_nonnull (strstr (conflict->theirs, "Clark"));
  g_assert_cmpstr (conflict->theirs_version, ==, "2");
  g_assert_cmpuint (g_strv_length (conflict->paths), >=, 1);
  g_assert_cmpstr (conflict->status, ==, "open");
  g_assert_cmpuint (list_length (list_state (&f, "conflict")), ==, 1);
  g_assert_cmpuint (list_length (list_state (&f, "pending")), ==, 0);
  /* An edit meanwhile becomes mine. */
  {
    g_autofree char *e = with_family ("Evans");
    RoundsConflict *now;

    must_put (f.store, "Patient", "p1", e);
    now = rounds_store_conflict_get (f.store, "Patient", "p1", NULL);
    g_assert_nonnull (strstr (now->mine, "Evans"));
    rounds_conflict_free (now);
  }
  g_assert_true (rounds_store_conflict_resolve (f.store, "Patient", "p1", decided, NULL));
  assert_text (&f, "Davis");
  item = only_item (&f, "pending");
  g_assert_cmpstr (item->base_version, ==, "2");
  g_assert_cmpstr (item->verb, ==, "update");
  rounds_outbox_item_free (item);
  g_assert_cmpuint (list_length (rounds_store_conflict_list (f.store, NULL)), ==, 0);
  g_assert_false (rounds_store_conflict_resolve (f.store, "Patient", "p1", decided, NULL));
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

static void
test_conflict_theirs (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown"), *theirs = from_server ("Clark", "2");
  g_autoptr (RoundsRecord) record = NULL;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  download (&f, theirs, "2", 1, 1);
  g_assert_true (rounds_store_conflict_resolve (f.store, "Patient", "p1", theirs, NULL));
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_nonnull (strstr (record->json, "Clark"));
  g_assert_false (record->unsynced);
  g_assert_cmpstr (record->base_version, ==, "2");
  fixture_clear (&f);
}

/* Deleted there, changed here, and the other way round: both are for a person. */
static void
test_delete_conflicts (void)
{
  Fixture f;
  g_autofree char *b = with_family ("Brown"), *theirs = from_server ("Clark", "2");
  RoundsConflict *conflict;
  RoundsOutboxItem *item;

  fixture_new (&f);
  known (&f);
  must_put (f.store, "Patient", "p1", b);
  download (&f, NULL, "2", 1, 1);
  conflict = rounds_store_conflict_get (f.store, "Patient", "p1", NULL);
  g_assert_null (conflict->theirs);
  rounds_conflict_free (conflict);
  assert_text (&f, "Brown");
  g_assert_true (rounds_store_conflict_resolve (f.store, "Patient", "p1", b, NULL));
  item = only_item (&f, "pending");
  g_assert_cmpstr (item->verb, ==, "create");
  rounds_outbox_item_free (item);
  fixture_clear (&f);

  fixture_new (&f);
  known (&f);
  g_assert_true (delete_one (f.store, "Patient", "p1", -1, NULL));
  download (&f, theirs, "2", 1, 1);
  conflict = rounds_store_conflict_get (f.store, "Patient", "p1", NULL);
  g_assert_null (conflict->mine);
  rounds_conflict_free (conflict);
  g_assert_true (rounds_store_conflict_resolve (f.store, "Patient", "p1", NULL, NULL));
  item = only_item (&f, "pending");
  g_assert_cmpstr (item->verb, ==, "delete");
  g_assert_cmpstr (item->base_version, ==, "2");
  rounds_outbox_item_free (item);
  fixture_clear (&f);
}

/* Nothing was changed here: the server's deletion is taken, and kept in the history. */
static void
test_remote_delete (void)
{
  Fixture f;
  g_autofree char *back = from_server ("Adams", "3");

  fixture_new (&f);
  known (&f);
  download (&f, NULL, "2", 1, 0);
  g_assert_null (rounds_store_get (f.store, "Patient", "p1", NULL));
  download (&f, NULL, "2", 0, 0);
  g_assert_cmpuint (list_length (rounds_store_history (f.store, "Patient", "p1", NULL)), ==, 2);
  download (&f, back, "3", 1, 0);
  assert_text (&f, "Adams");
  fixture_clear (&f);
}

/* The page and its cursor are one: a page that cannot be taken leaves the cursor where it was. */
static void
test_page_and_cursor (void)
{
  Fixture f;
  g_autofree char *a = from_server ("Adams", "1");
  RoundsDownload items[2] = { { "Patient", "p1", "1", a, 0 }, { "Patient", "p2", "1", "{\"broken", 0 } };
  g_autofree char *cursor = NULL;
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  g_assert_true (rounds_store_set_cursor (f.store, "scope", "{\"at\":1}", NULL));
  g_assert_false (rounds_store_download_page (f.store, items, 2, "scope", "{\"at\":2}", NULL, NULL, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  cursor = rounds_store_dup_cursor (f.store, "scope", NULL);
  g_assert_cmpstr (cursor, ==, "{\"at\":1}");
  g_assert_null (rounds_store_get (f.store, "Patient", "p1", NULL));
  g_assert_true (rounds_store_download_page (f.store, items, 1, "scope", "{\"at\":2}", NULL, NULL, NULL));
  g_free (cursor);
  cursor = rounds_store_dup_cursor (f.store, "scope", NULL);
  g_assert_cmpstr (cursor, ==, "{\"at\":2}");
  g_assert_null (rounds_store_dup_cursor (f.store, "other", NULL));
  fixture_clear (&f);
}

static void
test_rename (void)
{
  Fixture f;
  g_autofree char *a = patient_json ("temp-1", "Adams", "Ann");
  g_autofree char *o = observation_json ("o1", "temp-1", "8867-4", "70", "2024-01-01");
  g_autofree char *near = observation_json ("o2", "temp-10", "8867-4", "70", "2024-01-01");
  /* As some programs write slashes, and as any letter may be written. */
  const char *escaped = "{\"resourceType\":\"Observation\",\"id\":\"o3\",\"subject\":{\"reference\":\"Patient\\/temp-1\"}}";
  const char *worse = "{\"resourceType\":\"Observation\",\"id\":\"o4\",\"subject\":{\"reference\":\"Patient/t\\u0065mp-1\"}}";
  g_autoptr (RoundsRecord) record = NULL, other = NULL;
  g_autoptr (GPtrArray) list = NULL;

  fixture_new (&f);
  must_put (f.store, "Patient", "temp-1", a);
  must_put (f.store, "Observation", "o1", o);
  must_put (f.store, "Observation", "o2", near);
  must_put (f.store, "Observation", "o3", escaped);
  must_put (f.store, "Observation", "o4", worse);
  g_assert_true (rounds_store_rename (f.store, "Patient", "temp-1", "4711", NULL));
  record = rounds_store_get (f.store, "Patient", "temp-1", NULL);   /* an open window */
  g_assert_cmpstr (record->id, ==, "4711");
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (f.store, "Patient", "4711", NULL);
  g_assert_nonnull (strstr (record->json, "\"id\":\"4711\""));
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (f.store, "Observation", "o1", NULL);
  g_assert_nonnull (strstr (record->json, "\"Patient/4711\""));
  other = rounds_store_get (f.store, "Observation", "o2", NULL);
  g_assert_nonnull (strstr (other->json, "\"Patient/temp-10\""));
  for (int i = 3; i <= 4; i++)
    {
      g_autofree char *id = g_strdup_printf ("o%d", i);
      g_autoptr (RoundsRecord) one = rounds_store_get (f.store, "Observation", id, NULL);

      g_assert_nonnull (strstr (one->json, "\"Patient/4711\""));
    }
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "4711", 0, NULL)), ==, 4);
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, "adams", 0, NULL)), ==, 1);
  list = list_state (&f, "pending");
  for (guint i = 0; i < list->len; i++)
    {
      RoundsOutboxItem *item = list->pdata[i];

      g_assert_nonnull (item->json);
      g_assert_null (strstr (item->json, "/temp-1\""));
      if (g_str_equal (item->id, "o1"))
        g_assert_cmpstr (item->depends_on[0], ==, "Patient/4711");
    }
  fixture_clear (&f);
}

static void
test_connections (void)
{
  Fixture f;
  g_auto (GStrv) names = NULL;
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  g_assert_true (rounds_store_connection_set (f.store, "ward", "{\"fhir\":\"https://h/\"}", NULL));
  names = rounds_store_connection_list (f.store, NULL);
  g_assert_cmpuint (g_strv_length (names), ==, 1);
  json = rounds_store_connection_dup (f.store, "ward", NULL);
  g_assert_cmpstr (json, ==, "{\"fhir\":\"https://h/\"}");
  g_assert_true (rounds_store_connection_set (f.store, "ward", NULL, NULL));
  g_assert_null (rounds_store_connection_dup (f.store, "ward", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/outbox/squash", test_squash);
  g_test_add_func ("/store/outbox/undo-sends-nothing", test_undo_sends_nothing);
  g_test_add_func ("/store/outbox/ack", test_ack);
  g_test_add_func ("/store/outbox/ack-differs", test_ack_differs);
  g_test_add_func ("/store/outbox/edit-during-upload", test_edit_during_upload);
  g_test_add_func ("/store/outbox/delete-during-create", test_delete_during_create);
  g_test_add_func ("/store/outbox/inflight-becomes-unknown", test_inflight_becomes_unknown);
  g_test_add_func ("/store/outbox/quarantine", test_quarantine);
  g_test_add_func ("/store/outbox/discard", test_discard);
  g_test_add_func ("/store/outbox/download-merges", test_download_merges);
  g_test_add_func ("/store/outbox/conflict", test_conflict);
  g_test_add_func ("/store/outbox/conflict-theirs", test_conflict_theirs);
  g_test_add_func ("/store/outbox/delete-conflicts", test_delete_conflicts);
  g_test_add_func ("/store/outbox/remote-delete", test_remote_delete);
  g_test_add_func ("/store/outbox/page-and-cursor", test_page_and_cursor);
  g_test_add_func ("/store/outbox/rename", test_rename);
  g_test_add_func ("/store/outbox/connections", test_connections);
  return g_test_run ();
}
