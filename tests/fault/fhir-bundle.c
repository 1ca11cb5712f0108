/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches and transactions of the small server: all or nothing unless it is told to be one of those that are
 * not, urn:uuid references resolved, one answer an entry. */

#include "fhir-server-private.h"

#include <string.h>

#include "fhir/reference.h"

/* --- bundles ------------------------------------------------------------------------------------------------ */

typedef struct {
  MiniInteraction it;
  char **parts;
  char *new_id;
  json_object *body;      /* owned */
  FaultAnswer answer;
} Step;

static void
step_free (gpointer data)
{
  Step *self = data;

  g_strfreev (self->parts);
  g_free (self->new_id);
  g_clear_pointer (&self->body, json_object_put);
  g_string_free (self->answer.headers, TRUE);
  g_string_free (self->answer.body, TRUE);
  g_free (self);
}

static Step *
step_new (MiniFhir *self, json_object *entry)
{
  Step *step = g_new0 (Step, 1);
  const char *url = rounds_json_peek_string (entry, "request.url");
  const char *method = rounds_json_peek_string (entry, "request.method");

  step->parts = g_strsplit (url != NULL ? url : "", "/", 4);
  step->body = rounds_json_copy (rounds_json_peek (entry, "resource"));
  step->answer = (FaultAnswer){ .status = 200, .headers = g_string_new (NULL), .body = g_string_new (NULL) };
  step->it = (MiniInteraction){ .method = method != NULL ? method : "", .type = step->parts[0] != NULL ? step->parts[0] : "",
                            .id = step->parts[0] != NULL ? step->parts[1] : NULL, .body = step->body,
                            .if_match = rounds_json_peek_string (entry, "request.ifMatch"),
                            .if_none_exist = rounds_json_peek_string (entry, "request.ifNoneExist") };
  if (g_str_equal (step->it.method, "POST"))
    step->new_id = g_strdup_printf ("s%u", ++self->next_id);
  return step;
}

static char *
resolve_cb (const char *reference, gpointer data)
{
  const char *key = g_hash_table_lookup (data, reference);

  return key != NULL ? g_strdup (key) : NULL;
}

/* urn:uuid of entries become what they will be called. *together: their keys. FALSE = one key twice. */
static gboolean
link_steps (MiniFhir *self, GPtrArray *steps, json_object *entries, GHashTable *together)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  guint i;

  for (i = 0; i < steps->len; i++)
    {
      Step *step = steps->pdata[i];
      const char *full = rounds_json_peek_string (json_object_array_get_idx (entries, i), "fullUrl");
      g_autofree char *key = NULL;
      g_autoptr (GPtrArray) found = NULL;

      if (g_str_equal (step->it.method, "GET"))
        continue;
      if (step->new_id != NULL && step->it.if_none_exist != NULL && self->conditional_create)
        found = mini_find (self, step->it.type, step->it.if_none_exist);
      if (found != NULL && found->len == 1)
        key = g_strdup (((MiniResource *) found->pdata[0])->key);
      else
        key = g_strconcat (step->it.type, "/", step->new_id != NULL ? step->new_id : step->it.id, NULL);
      if (full != NULL)
        g_hash_table_insert (names, (gpointer) full, g_strdup (key));
      if (!g_hash_table_add (together, g_steal_pointer (&key)))
        return FALSE;
    }
  for (i = 0; i < steps->len; i++)
    {
      Step *step = steps->pdata[i];

      if (step->body != NULL)
        rounds_reference_rewrite (step->body, resolve_cb, names);
      step->it.together = together;
    }
  return TRUE;
}

static void
print_step (MiniFhir *self, Step *step, GString *out)
{
  g_autofree char *etag = NULL, *location = NULL;
  g_auto (GStrv) lines = g_strsplit (step->answer.headers->str, "\r\n", -1);
  guint i;

  for (i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "ETag: "))
        etag = g_strescape (lines[i] + 6, NULL);
      if (g_str_has_prefix (lines[i], "Location: "))
        location = g_strdup (lines[i] + 10);
    }
  g_string_append_printf (out, "%s{\"response\":{\"status\":\"%d\"", out->str[out->len - 1] == '[' ? "" : ",",
                          step->answer.status);
  if (etag != NULL)
    g_string_append_printf (out, ",\"etag\":\"%s\"", etag);
  if (location != NULL)
    g_string_append_printf (out, ",\"location\":\"%s\"", location);
  if (step->answer.status >= 300 && step->answer.body->len > 0)
    g_string_append_printf (out, ",\"outcome\":%s", step->answer.body->str);
  g_string_append (out, "}");
  if (step->answer.status < 300 && step->answer.body->len > 0)
    g_string_append_printf (out, ",\"resource\":%s", step->answer.body->str);
  g_string_append (out, "}");
}

/* What the keys were before a transaction: MiniResource, or NULL. */
static GHashTable *
remember (MiniFhir *self, GHashTable *keys)
{
  GHashTable *before = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, keys);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      MiniResource *resource = g_hash_table_lookup (self->resources, key);

      g_hash_table_insert (before, g_strdup (key), resource != NULL ? mini_copy_resource (resource) : NULL);
    }
  return before;
}

/* Puts them back, or forgets them. Takes before. */
static void
settle (MiniFhir *self, GHashTable *before, gboolean undo)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!undo && value != NULL)
      mini_resource_free (value);
    else if (undo && value != NULL)
      g_hash_table_replace (self->resources, g_strdup (key), value);
    else if (undo)
      g_hash_table_remove (self->resources, key);
  g_hash_table_unref (before);
}

/* Does the steps of a transaction in the order of R4 §3.1.0.11.2. The first that fails is returned. */
static Step *
run_transaction (MiniFhir *self, GPtrArray *steps, GHashTable *together)
{
  static const char *const order[] = { "DELETE", "POST", "PUT", "GET" };
  GHashTable *before = remember (self, together);
  Step *failed = NULL;
  guint m, i;

  for (m = 0; m < G_N_ELEMENTS (order) && failed == NULL; m++)
    for (i = 0; i < steps->len && failed == NULL; i++)
      {
        Step *step = steps->pdata[i];

        if (!g_str_equal (step->it.method, order[m]))
          continue;
        mini_interact (self, &step->it, step->new_id, &step->answer);
        if (step->answer.status >= 400 && m < 3)
          failed = step;
      }
  settle (self, before, failed != NULL && !self->not_atomic);
  return failed;
}

/* "TYPE?…" in a batch. */
static void
search_step (MiniFhir *self, Step *step)
{
  g_autofree char *type = g_strndup (step->it.type, strcspn (step->it.type, "?"));
  g_autoptr (GHashTable) headers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *path = g_strdup (step->it.type);
  g_autofree char *method = g_strdup ("GET");
  FaultRequest request = { .method = method, .path = path, .headers = headers };

  if (mini_has_type (self, type))
    mini_search (self, &request, step->it.type, type, &step->answer);
  else
    mini_outcome (&step->answer, 404, "this type is not known here");
}

void
mini_bundle (MiniFhir *self, json_object *in, gboolean minimal, FaultAnswer *answer)
{
  json_object *entries = rounds_json_peek (in, "entry");
  const char *type = rounds_json_peek_string (in, "type");
  gboolean transaction = g_strcmp0 (type, "transaction") == 0;
  gsize i, n = json_object_is_type (entries, json_type_array) ? json_object_array_length (entries) : 0;
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func (step_free);
  g_autoptr (GHashTable) together = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) out = g_string_new (NULL);
  Step *failed;

  if (g_strcmp0 (rounds_json_peek_string (in, "resourceType"), "Bundle") != 0 || !self->transactions ||
      (!transaction && g_strcmp0 (type, "batch") != 0))
    {
      mini_outcome (answer, self->transactions ? 400 : 405, "neither a batch nor a transaction that can be done");
      return;
    }
  self->n_transactions += transaction;
  if (self->max_entries > 0 && n > self->max_entries)
    {
      mini_outcome (answer, 413, "too many entries");
      return;
    }
  for (i = 0; i < n; i++)
    {
      g_ptr_array_add (steps, step_new (self, json_object_array_get_idx (entries, i)));
      ((Step *) steps->pdata[i])->it.minimal = minimal;
    }
  if (transaction && !link_steps (self, steps, entries, together))
    {
      mini_outcome (answer, 400, "a transaction has one resource twice");
      return;
    }
  failed = transaction ? run_transaction (self, steps, together) : NULL;
  if (failed != NULL)
    {
      answer->status = failed->answer.status;
      g_string_assign (answer->body, failed->answer.body->str);
      return;
    }
  g_string_printf (out, "{\"resourceType\":\"Bundle\",\"type\":\"%s-response\",\"entry\":[", type);
  for (i = 0; i < n; i++)
    {
      Step *step = steps->pdata[i];

      if (!transaction && g_str_equal (step->it.method, "GET") && strchr (step->it.type, '?') != NULL)
        search_step (self, step);
      else if (!transaction)
        mini_interact (self, &step->it, step->new_id, &step->answer);
      print_step (self, step, out);
    }
  g_string_append (out, "]}");
  g_string_assign (answer->body, out->str);
}
