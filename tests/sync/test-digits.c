/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server that keeps numbers as doubles says 37 where 37.0 was written. That is the same finding: it is there, and
 * what was written stays, through answers, downloads, edits of others and a server that is read again. */

#include "sync-case.h"

#include <string.h>

/* --- the server ------------------------------------------------------------------------------------------ */

static json_object *
shorten (json_object *value)
{
  const char *digits = rounds_json_peek_digits (value, "");
  g_autofree char *text = NULL;

  if (json_object_is_type (value, json_type_object))
    {
      json_object *out = json_object_new_object ();

      json_object_object_foreach (value, name, member)
        json_object_object_add (out, name, shorten (member));
      return out;
    }
  if (json_object_is_type (value, json_type_array))
    {
      json_object *out = json_object_new_array ();
      gsize i;

      for (i = 0; i < json_object_array_length (value); i++)
        json_object_array_add (out, shorten (json_object_array_get_idx (value, i)));
      return out;
    }
  if (digits == NULL || strchr (digits, '.') == NULL)
    return rounds_json_copy (value);
  text = g_strdup_printf ("%.15g", g_ascii_strtod (digits, NULL));
  return rounds_json_new_decimal (text);
}

/* Whatever it says, it says as JavaScript would. */
static void
say_shorter (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_autoptr (json_object) body = rounds_json_parse (answer->body->str, -1, NULL);
  g_autoptr (json_object) less = body != NULL ? shorten (body) : NULL;
  g_autofree char *text = less != NULL ? rounds_json_print (less) : NULL;

  if (text != NULL)
    g_string_assign (answer->body, text);
}

static void
put_value (Case *self, const char *value)
{
  g_autofree char *json = observation_json ("o1", "p1", "8310-5", value, "2024-01-01");

  must_put (self->store, "Observation", "o1", json);
}

static void
assert_has (Case *self, const char *what)
{
  g_autofree char *text = text_of (self, "Observation", "o1");

  g_test_message ("%s in %s", what, text);
  g_assert_nonnull (strstr (text, what));
}

static guint
n_versions (Case *self)
{
  return list_length (rounds_store_history (self->store, "Observation", "o1", NULL));
}

static void
case_new_js (Case *self, gboolean transactions)
{
  case_new (self);
  self->server->transactions = transactions;
  self->server->after = say_shorter;
  put_patient (self, "p1", "One");
  put_value (self, "37.0");
}

static void
assert_quiet (Case *self)
{
  g_assert_cmpuint (self->report.conflicts + self->report.quarantined + self->report.pending, ==, 0);
  g_assert_cmpuint (rounds_store_outbox_count (self->store, NULL), ==, 0);
}

/* Another client writes status and note, and has read the shorter number. */
static void
edit_there (Case *self, const char *value, const char *note)
{
  g_autofree char *text = observation_json ("o1", "p1", "8310-5", value, "2024-01-01");
  g_autoptr (json_object) json = rounds_json_parse (text, -1, NULL);
  g_autofree char *changed = NULL;

  json_object_object_add (json, "status", json_object_new_string (note));
  changed = rounds_json_print (json);
  mini_put (self->server, "Observation", "o1", changed);
}

/* --- tests ----------------------------------------------------------------------------------------------- */

static void
test_kept (gconstpointer data)
{
  Case self;
  guint versions;

  case_new_js (&self, GPOINTER_TO_INT (data));
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 2);
  assert_quiet (&self);
  assert_has (&self, "\"value\":37.0");
  g_assert_cmpuint (g_strv_length (self.report.notes), ==, 1);
  g_assert_nonnull (strstr (self.report.notes[0], "1 record "));
  versions = n_versions (&self);
  /* Told once; the pass after it finds nothing. */
  must_run (&self);
  g_assert_cmpuint (self.report.pulled + self.report.pushed, ==, 0);
  g_assert_cmpuint (g_strv_length (self.report.notes), ==, 0);
  g_assert_cmpuint (n_versions (&self), ==, versions);
  case_clear (&self);
}

/* What another client writes is taken, with our digits where it is the same number. */
static void
test_download (void)
{
  Case self;

  case_new_js (&self, TRUE);
  must_run (&self);
  edit_there (&self, "37", "amended");
  must_run (&self);
  assert_quiet (&self);
  assert_has (&self, "amended");
  assert_has (&self, "\"value\":37.0");
  edit_there (&self, "38", "corrected");
  must_run (&self);
  assert_has (&self, "corrected");
  assert_has (&self, "\"value\":38,");
  case_clear (&self);
}

/* A later edit of something else sends our digits again. */
static void
test_later_edit (void)
{
  Case self;
  g_autofree char *there = NULL;

  case_new_js (&self, TRUE);
  must_run (&self);
  {
    g_autofree char *text = text_of (&self, "Observation", "o1");
    g_autoptr (json_object) json = rounds_json_parse (text, -1, NULL);
    g_autofree char *changed = NULL;

    json_object_object_add (json, "status", json_object_new_string ("amended"));
    changed = rounds_json_print (json);
    must_put (self.store, "Observation", "o1", changed);
  }
  must_run (&self);
  assert_quiet (&self);
  there = rounds_json_print (mini_get (self.server, "Observation", "o1")->json);
  g_assert_nonnull (strstr (there, "37.0"));
  g_assert_nonnull (strstr (there, "amended"));
  assert_has (&self, "\"value\":37.0");
  case_clear (&self);
}

/* Both change something, and neither the number: it merges. Both write the same new number: that merges, too. */
static void
test_merge (gconstpointer data)
{
  gboolean number = GPOINTER_TO_INT (data);
  Case self;

  case_new_js (&self, TRUE);
  must_run (&self);
  edit_there (&self, number ? "38" : "37", number ? "final" : "amended");
  {
    g_autofree char *text = observation_json ("o1", "p1", "8310-5", number ? "38.0" : "37.0", "2024-01-02");

    must_put (self.store, "Observation", "o1", text);
  }
  must_run (&self);
  assert_quiet (&self);
  assert_has (&self, number ? "\"value\":38.0" : "\"value\":37.0");
  assert_has (&self, "2024-01-02");
  assert_has (&self, number ? "final" : "amended");
  case_clear (&self);
}

/* All is read again (another epoch): nothing changes, nothing is asked. */
static void
test_read_again (void)
{
  Case self;
  guint versions;
  g_autoptr (GError) error = NULL;

  case_new_js (&self, TRUE);
  must_run (&self);
  versions = n_versions (&self);
  g_assert_true (rounds_store_new_epoch (self.store, &error));
  must_run (&self);
  assert_quiet (&self);
  assert_has (&self, "\"value\":37.0");
  g_assert_cmpuint (n_versions (&self), ==, versions);
  case_clear (&self);
}

/* Another number is no rewriting. */
static void
say_another (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_auto (GStrv) parts = g_strsplit (answer->body->str, "36.99999999999999999", -1);
  g_autofree char *text = g_strjoinv ("37", parts);

  g_string_assign (answer->body, text);
}

static void
test_another_number (void)
{
  Case self;
  g_autoptr (GPtrArray) items = NULL;

  case_new (&self);
  self.server->after = say_another;
  put_patient (&self, "p1", "One");
  put_value (&self, "36.99999999999999999");
  must_run (&self);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  items = rounds_store_outbox_list (self.store, NULL, 0, NULL);
  g_assert_nonnull (strstr (((RoundsOutboxItem *) items->pdata[0])->reason, "valueQuantity.value"));
  assert_has (&self, "36.99999999999999999");
  case_clear (&self);
}

/* Only the digits were changed, and the request never arrived: what stands there is not that. */
static gboolean
never_arrives (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (self->n_done == 0 || is_probe (request) ||
      (!g_str_equal (request->method, "PUT") && strstr (request->body, "\"transaction\"") == NULL))
    return FALSE;
  self->n_done--;
  answer->drop = TRUE;
  return TRUE;
}

static void
test_only_digits (void)
{
  Case self;
  g_autofree char *there = NULL;

  case_new (&self);
  put_patient (&self, "p1", "One");
  put_value (&self, "37");
  must_run (&self);
  put_value (&self, "37.0");
  self.server->before = never_arrives;
  self.n_done = 1;
  must_run (&self);
  g_assert_cmpuint (self.n_done, ==, 0);
  assert_quiet (&self);
  there = rounds_json_print (mini_get (self.server, "Observation", "o1")->json);
  g_assert_nonnull (strstr (there, "37.0"));
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/digits/kept/transaction", GINT_TO_POINTER (1), test_kept);
  g_test_add_data_func ("/digits/kept/single", GINT_TO_POINTER (0), test_kept);
  g_test_add_func ("/digits/download", test_download);
  g_test_add_func ("/digits/later-edit", test_later_edit);
  g_test_add_data_func ("/digits/merge/other", GINT_TO_POINTER (0), test_merge);
  g_test_add_data_func ("/digits/merge/number", GINT_TO_POINTER (1), test_merge);
  g_test_add_func ("/digits/read-again", test_read_again);
  g_test_add_func ("/digits/another-number", test_another_number);
  g_test_add_func ("/digits/only-digits", test_only_digits);
  return g_test_run ();
}
