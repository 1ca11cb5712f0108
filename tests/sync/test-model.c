/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random histories: edits, deletions, edits of others, lost answers and refusals, in any order. Whatever happens, an
 * edit that the store took is on the server, waits, is in conflict or was refused and is shown; nothing is there
 * twice; and when all faults are over, both sides are the same but for what waits for a person.
 *
 * Each edit carries a word of its own in an element of its own, so that it can be found wherever it is. The seed is
 * told; ROUNDS_MODEL_SEED and ROUNDS_MODEL_HISTORIES repeat and widen it. */

#include "sync-case.h"

#define N_RECORDS 4
#define N_STEPS 14

typedef struct {
  Case test;
  GRand *rand;
  gboolean posts;
  guint next_word, next_record;
  GPtrArray *ids;        /* local ids */
  GPtrArray *words;      /* "ID WORD" of edits that the store took */
} Model;

static void
random_fault (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Model *self = data;
  gboolean write = g_str_equal (request->method, "PUT") || g_str_equal (request->method, "POST") ||
                   g_str_equal (request->method, "DELETE");

  if (is_probe (request) || self->test.status == 0)
    return;
  if (write && g_rand_int_range (self->rand, 0, 4) == 0)
    answer->drop = TRUE;   /* done, and the answer is lost */
}

static gboolean
random_refusal (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Model *self = data;
  int kind = self->test.status == 0 || is_probe (request) ? 0 : g_rand_int_range (self->rand, 0, 12);

  if (kind == 1)
    answer->drop = TRUE;   /* never arrives */
  else if (kind == 2)
    mini_outcome (answer, 500, "ill");
  return kind == 1 || kind == 2;
}

static char *
record_text (const char *id, const char *word, json_object *before)
{
  g_autoptr (json_object) json = before != NULL ? rounds_json_copy (before) : json_object_new_object ();
  json_object *name = json_object_new_object ();
  json_object *names = NULL;

  if (before == NULL)
    {
      json_object_object_add (json, "resourceType", json_object_new_string ("Patient"));
      json_object_object_add (json, "id", json_object_new_string (id));
    }
  if (!json_object_object_get_ex (json, "name", &names))
    {
      names = json_object_new_array ();
      json_object_object_add (json, "name", names);
    }
  json_object_object_add (name, "text", json_object_new_string (word));
  json_object_array_add (names, name);
  return rounds_json_print (json);
}

static void
edit_here (Model *self)
{
  const char *id = self->ids->pdata[g_rand_int_range (self->rand, 0, self->ids->len)];
  g_autoptr (RoundsRecord) now = rounds_store_get (self->test.store, "Patient", id, NULL);
  g_autoptr (json_object) before = now != NULL ? rounds_record_parse (now) : NULL;
  g_autofree char *word = g_strdup_printf ("here-%u-", self->next_word++);
  g_autofree char *text = record_text (id, word, before);

  if (put (self->test.store, "Patient", now != NULL ? now->id : id, text, -1, NULL))
    g_ptr_array_add (self->words, g_strdup_printf ("%s %s", id, word));
}

static void
delete_here (Model *self)
{
  const char *id = self->ids->pdata[g_rand_int_range (self->rand, 0, self->ids->len)];
  guint i;

  if (!delete_one (self->test.store, "Patient", id, -1, NULL))
    return;
  /* What a person deletes is not lost. */
  for (i = 0; i < self->words->len;)
    if (g_str_has_prefix (self->words->pdata[i], id) && ((char *) self->words->pdata[i])[strlen (id)] == ' ')
      g_ptr_array_remove_index (self->words, i);
    else
      i++;
}

static void
edit_there (Model *self)
{
  GHashTableIter iter;
  gpointer key, value;
  guint n = g_hash_table_size (self->test.server->resources), skip;
  g_autofree char *word = NULL, *text = NULL, *id = NULL;

  if (n == 0)
    return;
  skip = g_rand_int_range (self->rand, 0, n);
  g_hash_table_iter_init (&iter, self->test.server->resources);
  while (g_hash_table_iter_next (&iter, &key, &value) && skip-- > 0)
    ;
  if (!g_str_has_prefix (key, "Patient/") || ((MiniResource *) value)->json == NULL)
    return;
  id = g_strdup ((char *) key + strlen ("Patient/"));
  word = g_strdup_printf ("there-%u-", self->next_word++);
  text = record_text (id, word, ((MiniResource *) value)->json);
  self->test.server->now_us += G_USEC_PER_SEC;
  mini_put (self->test.server, "Patient", id, text);
}

/* Where a word of an edit is: times on the server, and whether it is kept here. */
static guint
count_there (Model *self, const char *word)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->test.server->resources);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MiniResource *resource = value;
      g_autofree char *text = resource->json != NULL ? rounds_json_print (resource->json) : NULL;
      const char *at = text;

      for (; at != NULL && (at = strstr (at, word)) != NULL; at += strlen (word))
        n++;
    }
  return n;
}

/* The history that is under way, for the message of what went wrong. */
static guint32 present_seed;

static void
check (Model *self)
{
  guint i;

  for (i = 0; i < self->words->len; i++)
    {
      g_auto (GStrv) parts = g_strsplit (self->words->pdata[i], " ", 2);
      g_autoptr (RoundsRecord) record = rounds_store_get (self->test.store, "Patient", parts[0], NULL);
      gboolean here = record != NULL && strstr (record->json, parts[1]) != NULL;
      gboolean waits = record != NULL && record->unsynced;
      guint there = count_there (self, parts[1]);

      if (there > 1 || !(there == 1 || (here && waits)))
        g_error ("seed %u: edit %s of %s: %u times there, here %d, waits %d", present_seed, parts[1], parts[0], there, here,
                 waits);
    }
}

/* Without faults everything that can be settled is, and both sides say the same. */
static void
check_end (Model *self)
{
  g_autoptr (GPtrArray) conflicts = NULL, waiting = NULL;
  guint i, tries;

  self->test.status = 0;
  for (tries = 0; tries < 4; tries++)
    run (&self->test);
  if (self->test.error != NULL)
    g_error ("seed %u: %s", present_seed, self->test.error->message);
  check (self);
  waiting = rounds_store_outbox_list (self->test.store, NULL, 0, NULL);
  for (i = 0; i < waiting->len; i++)
    {
      RoundsOutboxItem *item = waiting->pdata[i];

      if (g_strcmp0 (item->state, "conflict") != 0 && g_strcmp0 (item->state, "quarantined") != 0)
        g_error ("seed %u: %s/%s is %s (%s) without a fault", present_seed, item->type, item->id, item->state,
                 item->reason);
    }
  for (i = 0; i < self->ids->len; i++)
    {
      g_autoptr (RoundsRecord) record = rounds_store_get (self->test.store, "Patient", self->ids->pdata[i], NULL);
      MiniResource *there = record != NULL ? mini_get (self->test.server, "Patient", record->id) : NULL;
      g_autofree char *text = there != NULL && there->json != NULL ? rounds_json_print (there->json) : NULL;

      if (record != NULL && !record->unsynced)
        g_assert_cmpstr (record->json, ==, text);
    }
}

static void
model_new (Model *self, RoundsStore *store_or_null)
{
  Case *test = &self->test;

  case_new (test);
  test->server->data = self;
  test->server->after = random_fault;
  test->server->before = random_refusal;
}

static void
run_history (Model *self, guint32 seed)
{
  guint i;

  present_seed = seed;
  g_rand_set_seed (self->rand, seed);
  self->ids = g_ptr_array_new_with_free_func (g_free);
  self->words = g_ptr_array_new_with_free_func (g_free);
  self->test.server->put_creates = seed % 3 != 0;
  self->test.server->conditional_create = seed % 2 == 0;
  self->test.server->ignores_if_match = FALSE;
  self->test.server->says_nothing = seed % 5 == 0;
  for (i = 0; i < N_RECORDS; i++)
    g_ptr_array_add (self->ids, g_strdup_printf ("local-%u", self->next_record++));
  for (i = 0; i < N_STEPS; i++)
    {
      switch (g_rand_int_range (self->rand, 0, 10))
        {
        case 0:
          delete_here (self);
          break;
        case 1:
        case 2:
          edit_there (self);
          break;
        case 3:
        case 4:
        case 5:
        case 6:
          edit_here (self);
          break;
        default:
          self->test.status = 1;   /* faults on */
          run (&self->test);
          self->test.status = 0;
          check (self);
          break;
        }
    }
  check_end (self);
  g_ptr_array_unref (self->ids);
  g_ptr_array_unref (self->words);
}

static void
test_histories (void)
{
  const char *seed_text = g_getenv ("ROUNDS_MODEL_SEED"), *n_text = g_getenv ("ROUNDS_MODEL_HISTORIES");
  guint32 seed = seed_text != NULL ? (guint32) g_ascii_strtoull (seed_text, NULL, 10) : g_random_int ();
  guint i, n = n_text != NULL ? (guint) g_ascii_strtoull (n_text, NULL, 10) : 60;
  Model self = { .rand = g_rand_new_with_seed (seed) };

  g_test_message ("ROUNDS_MODEL_SEED=%u", seed);
  model_new (&self, NULL);
  must_run (&self.test);
  for (i = 0; i < n; i++)
    run_history (&self, seed + i);
  self.test.server->data = &self.test;
  g_rand_free (self.rand);
  case_clear (&self.test);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/random-histories", test_histories);
  return g_test_run ();
}
