/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of the audit trail at the cloud: written, not shown, and what becomes of a profile that was put back. */
#include "sync-case.h"

#include <sys/stat.h>

#include "sync/anchor.h"

static char *
anchor_key (Case *c)
{
  return g_strconcat ("rounds-audit-", rounds_vault_get_id (c->fixture.vault), NULL);
}

static gint64
anchored (Case *c)
{
  g_autofree char *id = anchor_key (c);
  MiniResource *there = mini_get (c->server, "AuditEvent", id);
  const char *text = there != NULL ? json_object_to_json_string (there->json) : "";
  const char *at = strstr (text, "rounds-audit-length");

  at = at != NULL ? strstr (at, "valueString") : NULL;
  return at != NULL ? g_ascii_strtoll (at + strcspn (at, "0123456789"), NULL, 10) : 0;
}

static void
new_case (Case *c)
{
  case_new (c);
  c->server->types = "Patient Observation AuditEvent Basic";
}

/* As if ten minutes had gone by. */
static void
let_time_pass (Case *c)
{
  g_autofree char *scope = rounds_connection_scope (c->server->url, "anchor-time");

  g_assert_true (rounds_store_set_cursor (c->store, scope, NULL, NULL));
}

static guint
n_notes (Case *c, const char *words)
{
  guint n = 0;

  for (guint i = 0; c->report.notes != NULL && c->report.notes[i] != NULL; i++)
    n += strstr (c->report.notes[i], words) != NULL;
  return n;
}

static void
test_written (void)
{
  Case c;
  gint64 first;

  new_case (&c);
  put_patient (&c, "p1", "Anker");
  must_run (&c);
  first = anchored (&c);
  g_assert_cmpint (first, >, 0);
  /* Not every pass, and never into the chart. */
  put_patient (&c, "p2", "Anker");
  must_run (&c);
  g_assert_cmpint (anchored (&c), ==, first);
  let_time_pass (&c);
  must_run (&c);
  g_assert_cmpint (anchored (&c), >, first);
  must_run (&c);
  g_assert_cmpuint (list_length (rounds_store_list (c.store, "AuditEvent", NULL, 0, NULL)), ==, 0);
  g_assert_cmpuint (mini_count (c.server, "AuditEvent"), ==, 1);
  g_assert_null (rounds_anchor_dup_trouble (c.store));
  case_clear (&c);
}

static void
close_case (Case *c)
{
  g_clear_object (&c->sync);
  fixture_close (&c->fixture);
  c->store = NULL;
}

static void
open_case (Case *c)
{
  fixture_open (&c->fixture);
  c->store = c->fixture.store;
  c->sync = rounds_sync_new (c->store, "ward");
}

/* The whole profile of yesterday, right in itself: only the cloud knows better. */
static void
test_put_back (void)
{
  Case c;
  g_autofree char *old = g_dir_make_tmp ("rounds-old-XXXXXX", NULL), *text = NULL;
  RoundsAuditState state = { 0 };
  guint n_puts;

  new_case (&c);
  put_patient (&c, "p1", "Yesterday");
  must_run (&c);
  /* What waits to be sent at the time of the copy was sent later, and changed again elsewhere. */
  put_patient (&c, "p1", "Waiting");
  close_case (&c);
  copy_tree (c.fixture.folder, old);
  open_case (&c);
  let_time_pass (&c);
  must_run (&c);
  put_patient (&c, "p1", "Today");
  let_time_pass (&c);
  must_run (&c);
  close_case (&c);
  remove_tree (c.fixture.folder);
  copy_tree (old, c.fixture.folder);

  open_case (&c);
  g_assert_null (rounds_store_get_trouble (c.store));
  assert_audit_ok (c.store);
  g_assert_true (has_family (&c, "p1", "Waiting"));
  n_puts = c.server->n_puts;
  run (&c);
  g_assert_cmpuint (n_notes (&c, "put back from outside"), ==, 1);
  text = rounds_anchor_dup_trouble (c.store);
  g_assert_nonnull (text);
  /* Today's text stands at the server still, and nobody's was sent over it. */
  {
    MiniResource *there = mini_get (c.server, "Patient", "p1");

    g_assert_nonnull (strstr (json_object_to_json_string (there->json), "Today"));
  }
  g_assert_cmpuint (c.server->n_puts, ==, n_puts);
  /* No anchor hides it, however long it goes on. */
  for (guint i = 0; i < 3; i++)
    {
      let_time_pass (&c);
      run (&c);
    }
  g_free (text);
  text = rounds_anchor_dup_trouble (c.store);
  g_assert_nonnull (text);
  g_assert_true (rounds_store_audit_verify (c.store, &state, NULL));
  rounds_audit_state_clear (&state);

  g_assert_true (rounds_anchor_accept (c.store, NULL));
  g_assert_null (rounds_anchor_dup_trouble (c.store));
  let_time_pass (&c);
  run (&c);
  g_assert_null (rounds_anchor_dup_trouble (c.store));
  let_time_pass (&c);
  run (&c);
  g_assert_cmpuint (n_notes (&c, "put back from outside"), ==, 0);
  remove_tree (old);
  case_clear (&c);
}

static void
test_refused (void)
{
  Case c;

  new_case (&c);
  mini_fault (c.server, (MiniFault){ .method = "PUT", .prefix = "AuditEvent/", .status = 403 });
  must_run (&c);
  g_assert_cmpuint (n_notes (&c, "audit trail"), ==, 1);
  mini_forget_requests (c.server);
  put_patient (&c, "p1", "Anker");
  must_run (&c);
  g_assert_cmpuint (n_notes (&c, "audit trail"), ==, 0);
  g_assert_cmpuint (mini_count_requests (c.server, "/AuditEvent/"), ==, 0);
  g_assert_cmpint (anchored (&c), ==, 0);
  case_clear (&c);
}

/* What a cloud says there may be anything. */
static void
test_nonsense (void)
{
  static const char *const lies[] = {
    "{\"resourceType\":\"AuditEvent\",\"id\":\"%s\"}",
    "{\"resourceType\":\"AuditEvent\",\"id\":\"%s\",\"entity\":{\"detail\":7}}",
    ("{\"resourceType\":\"AuditEvent\",\"id\":\"%s\",\"entity\":[{\"detail\":[{\"type\":\"rounds-audit-length\",\"valueString\":"
     "\"-5\"},{\"type\":\"rounds-audit-hash\",\"valueString\":\"zz\"}]}]}"),
  };
  Case c;

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autofree char *id = NULL, *json = NULL;

      new_case (&c);
      id = anchor_key (&c);
      json = g_strdup_printf (lies[i], id);
      mini_put (c.server, "AuditEvent", id, json);
      must_run (&c);
      g_assert_null (rounds_anchor_dup_trouble (c.store));
      g_assert_cmpint (anchored (&c), >, 0);
      case_clear (&c);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sync/anchor/written", test_written);
  g_test_add_func ("/sync/anchor/put-back", test_put_back);
  g_test_add_func ("/sync/anchor/refused", test_refused);
  g_test_add_func ("/sync/anchor/nonsense", test_nonsense);
  return g_test_run ();
}
