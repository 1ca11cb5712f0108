/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of work and the truth about them: see work.h. */
#include "work.h"

const char *const work_names[WORK_N_KINDS] = { "edit", "import", "series", "image", "draft", "page", "ack" };

#define PAGE_SCOPE "work"

static char *
value_text (gint64 value)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, value);
}

static gboolean
do_record (RoundsStore *store, gint32 number, gint64 value, GError **error)
{
  g_autofree char *id = g_strdup_printf ("r%d", number);
  g_autofree char *text = value_text (value);
  g_autofree char *json = observation_json (id, "p1", "8867-4", text, "2024-01-01T00:00:00Z");

  return put (store, "Observation", id, json, -1, error);
}

static gboolean
do_import (RoundsStore *store, gint64 value, GError **error)
{
  RoundsImportItem items[WORK_IMPORT] = { 0 };
  g_autofree char *text = value_text (value);
  gboolean ok;

  for (guint i = 0; i < WORK_IMPORT; i++)
    {
      items[i].type = "Observation";
      items[i].id = g_strdup_printf ("i%" G_GINT64_FORMAT "-%u", value, i);
      items[i].json = observation_json (items[i].id, "p2", "8310-5", text, "2024-01-01T00:00:00Z");
    }
  ok = rounds_store_import (store, items, WORK_IMPORT, FALSE, "f", NULL, error);
  for (guint i = 0; i < WORK_IMPORT; i++)
    {
      g_free ((char *) items[i].id);
      g_free ((char *) items[i].json);
      g_free (items[i].stored_id);
    }
  return ok;
}

static gboolean
do_series (RoundsStore *store, gint64 value, GError **error)
{
  RoundsSample samples[WORK_SAMPLES];

  for (guint i = 0; i < WORK_SAMPLES; i++)
    samples[i] = (RoundsSample){ value * WORK_SAMPLES + i, i };
  return rounds_store_series_append (store, "p1", "hr", "/min", "HR", "f", samples, WORK_SAMPLES, NULL, error);
}

static GBytes *
blob_of (gint64 value)
{
  char *bytes = g_malloc (100000);

  memset (bytes, 'a' + value % 26, 100000);
  memcpy (bytes, &value, sizeof value);
  return g_bytes_new_take (bytes, 100000);
}

static gboolean
do_blob (RoundsStore *store, gint64 value, GError **error)
{
  g_autoptr (RoundsScanInstance) it = rounds_scan_instance_new ();
  g_autoptr (GBytes) bytes = blob_of (value);

  it->sop_uid = g_strdup_printf ("1.2.%" G_GINT64_FORMAT, value);
  it->series_uid = g_strdup ("1.2");
  it->study_uid = g_strdup ("1");
  return rounds_store_scan_put (store, it, bytes, TRUE, NULL, error);
}

static gboolean
do_draft (RoundsStore *store, gint64 value, GError **error)
{
  g_autofree char *text = value_text (value);

  return rounds_store_set_draft (store, "note", text, error);
}

/* The page says how many pages there were with it, in its own records and in the cursor. */
static gboolean
do_page (RoundsStore *store, gint64 value, GError **error)
{
  g_autofree char *before = rounds_store_dup_cursor (store, PAGE_SCOPE, NULL);
  g_autofree char *cursor =
    g_strdup_printf ("%" G_GINT64_FORMAT, (before != NULL ? g_ascii_strtoll (before, NULL, 10) : 0) + 1);
  g_autofree char *text = value_text (value);
  g_autoptr (GPtrArray) keep = g_ptr_array_new_with_free_func (g_free);
  RoundsDownload page[WORK_PAGE];
  guint n_new, n_conflicts;

  for (guint i = 0; i < WORK_PAGE; i++)
    {
      char *id = g_strdup_printf ("d%s-%u", cursor, i);
      char *json = observation_json (id, "p3", "8310-5", text, "2024-01-01T00:00:00Z");

      g_ptr_array_add (keep, id);
      g_ptr_array_add (keep, json);
      page[i] = (RoundsDownload){ "Observation", id, "1", json, value };
    }
  return rounds_store_download_page (store, page, WORK_PAGE, PAGE_SCOPE, cursor, &n_new, &n_conflicts, error);
}

static gboolean
do_ack (RoundsStore *store, gint64 value, GError **error)
{
  g_autofree char *id = g_strdup_printf ("a%" G_GINT64_FORMAT, value);
  g_autofree char *json = patient_json (id, "Ack", "Ann");
  g_autofree char *request = g_uuid_string_random ();
  g_autoptr (GPtrArray) list = NULL;

  if (!put (store, "Patient", id, json, -1, error))
    return FALSE;
  list = rounds_store_outbox_list (store, NULL, 0, error);
  for (guint i = 0; list != NULL && i < list->len; i++)
    {
      RoundsOutboxItem *item = list->pdata[i];

      if (g_str_equal (item->id, id))
        return rounds_store_outbox_begin (store, &item, 1, request, error) &&
               rounds_store_outbox_ack (store, item, "7", json, 201, error);
    }
  return FALSE;
}

gboolean
work_step (RoundsStore *store, WorkKind kind, gint32 number, gint64 value, WorkSay say, gpointer data, GError **error)
{
  WorkWord word = { kind, FALSE, number, value };
  gboolean ok = FALSE;

  say (&word, data);
  switch (kind)
    {
    case WORK_RECORD: ok = do_record (store, number, value, error); break;
    case WORK_FILE: ok = do_import (store, value, error); break;
    case WORK_SERIES: ok = do_series (store, value, error); break;
    case WORK_BLOB: ok = do_blob (store, value, error); break;
    case WORK_DRAFT: ok = do_draft (store, value, error); break;
    case WORK_DOWNLOAD: ok = do_page (store, value, error); break;
    case WORK_ACK: ok = do_ack (store, value, error); break;
    case WORK_N_KINDS: break;
    }
  if (ok)
    {
      word.done = TRUE;
      say (&word, data);
    }
  return ok;
}

gboolean
work_any (RoundsStore *store, GRand *rand, gint64 value, WorkSay say, gpointer data, GError **error)
{
  int kind = g_rand_int_range (rand, 0, WORK_N_KINDS + 4);

  return work_step (store, kind >= WORK_N_KINDS ? WORK_RECORD : kind, g_rand_int_range (rand, 0, WORK_RECORDS), value,
                    say, data, error);
}

/* --- what must be there ----------------------------------------------------------------------------- */

void
work_truth_init (WorkTruth *self)
{
  memset (self, 0, sizeof *self);
  self->next_value = 1;
  self->draft = (WorkKnown){ -1, -1 };
  for (guint i = 0; i < WORK_RECORDS; i++)
    self->records[i] = (WorkKnown){ -1, -1 };
  for (guint i = 0; i < WORK_N_KINDS; i++)
    {
      self->lists[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
      self->maybe[i] = -1;
    }
}

void
work_truth_clear (WorkTruth *self)
{
  for (guint i = 0; i < WORK_N_KINDS; i++)
    g_array_unref (self->lists[i]);
}

void
work_truth_hear (const WorkWord *word, gpointer truth)
{
  WorkTruth *self = truth;
  WorkKnown *known = word->kind == WORK_RECORD  ? &self->records[word->number]
                     : word->kind == WORK_DRAFT ? &self->draft
                                                : NULL;

  g_assert_true (word->kind >= 0 && word->kind < WORK_N_KINDS);
  self->next_value = MAX (self->next_value, word->value + 1);
  self->n_acked[word->kind] += word->done != 0;
  if (known != NULL)
    *(word->done ? &known->acked : &known->tried) = word->value;
  else if (word->done)
    {
      g_array_append_val (self->lists[word->kind], word->value);
      self->maybe[word->kind] = -1;
    }
  else
    self->maybe[word->kind] = word->value;
}

static gint64
value_in (const char *json)
{
  const char *at = strstr (json, "\"valueQuantity\":{\"value\":");

  g_assert_nonnull (at);
  return g_ascii_strtoll (at + strlen ("\"valueQuantity\":{\"value\":"), NULL, 10);
}

static void
check_known (WorkKnown *known, gint64 found)
{
  if (found == known->acked)
    known->tried = found;
  else
    {
      /* Not acknowledged, but the last thing that was tried: whole. */
      g_assert_cmpint (found, ==, known->tried);
      known->acked = found;
    }
}

static void
check_records (WorkTruth *self, RoundsStore *store)
{
  for (guint i = 0; i < WORK_RECORDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("r%u", i);
      g_autoptr (RoundsRecord) record = rounds_store_get (store, "Observation", id, NULL);
      g_autoptr (GPtrArray) history = NULL;

      check_known (&self->records[i], record != NULL ? value_in (record->json) : -1);
      if (record == NULL)
        continue;
      g_assert_true (record->unsynced);
      history = rounds_store_history (store, "Observation", id, NULL);
      /* No version lost and none twice. */
      g_assert_cmpint (history->len, ==, record->revision);
      for (guint k = 1; k < history->len; k++)
        g_assert_cmpint (value_in (((RoundsRecord *) history->pdata[k])->json), <,
                         value_in (((RoundsRecord *) history->pdata[k - 1])->json));
    }
}

/* Takes what was only tried for true when it is there, and for gone when it is not. */
static void
settle (WorkTruth *self, WorkKind kind, gboolean there)
{
  if (self->maybe[kind] >= 0 && there)
    g_array_append_val (self->lists[kind], self->maybe[kind]);
  self->maybe[kind] = -1;
}

static void
check_import (WorkTruth *self, RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_list (store, "Observation", "p2", 0, NULL);
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    n += value_in (((RoundsRecord *) list->pdata[i])->json) == self->maybe[WORK_FILE];
  g_assert_true (n == 0 || n == WORK_IMPORT);
  settle (self, WORK_FILE, n > 0);
  g_assert_cmpuint (list->len, ==, self->lists[WORK_FILE]->len * WORK_IMPORT);
}

static void
check_series (WorkTruth *self, RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_series_list (store, "p1", NULL);
  g_autoptr (GArray) samples = NULL;
  guint n = 0;

  if (list->len > 0)
    {
      samples = rounds_store_series_read (store, ((RoundsSeriesInfo *) list->pdata[0])->id, G_MININT64, G_MAXINT64,
                                          NULL);
      g_assert_cmpuint (samples->len, ==, ((RoundsSeriesInfo *) list->pdata[0])->n);
      n = samples->len;
    }
  settle (self, WORK_SERIES, n == (self->lists[WORK_SERIES]->len + 1) * WORK_SAMPLES);
  g_assert_cmpuint (n, ==, self->lists[WORK_SERIES]->len * WORK_SAMPLES);
}

static void
check_blobs (WorkTruth *self, RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_scan_list (store, NULL, NULL, "1.2", NULL);
  GArray *blobs = self->lists[WORK_BLOB];

  settle (self, WORK_BLOB, list->len == blobs->len + 1);
  g_assert_cmpuint (list->len, ==, blobs->len);
  g_assert_cmpuint (rounds_store_scan_outbox_count (store, NULL), ==, list->len);
  for (guint i = blobs->len > 5 ? blobs->len - 5 : 0; i < blobs->len; i++)
    {
      gint64 value = g_array_index (blobs, gint64, i);
      g_autofree char *uid = g_strdup_printf ("1.2.%" G_GINT64_FORMAT, value);
      g_autoptr (GBytes) bytes = rounds_store_scan_get (store, uid, NULL);
      g_autoptr (GBytes) want = blob_of (value);

      g_assert_nonnull (bytes);
      g_assert_true (g_bytes_equal (bytes, want));
    }
}

/* Page and cursor are one: whatever the cursor says is here, and nothing else. */
static void
check_pages (WorkTruth *self, RoundsStore *store)
{
  g_autofree char *cursor = rounds_store_dup_cursor (store, PAGE_SCOPE, NULL);
  g_autoptr (GPtrArray) list = rounds_store_list (store, "Observation", "p3", 0, NULL);
  guint n = cursor != NULL ? (guint) g_ascii_strtoull (cursor, NULL, 10) : 0;

  settle (self, WORK_DOWNLOAD, n == self->lists[WORK_DOWNLOAD]->len + 1);
  g_assert_cmpuint (n, ==, self->lists[WORK_DOWNLOAD]->len);
  g_assert_cmpuint (list->len, ==, n * WORK_PAGE);
}

static void
check_acks (WorkTruth *self, RoundsStore *store)
{
  const char *inflight[] = { "inflight", NULL };
  GArray *acks = self->lists[WORK_ACK];
  g_autofree char *maybe = g_strdup_printf ("a%" G_GINT64_FORMAT, self->maybe[WORK_ACK]);
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Patient", maybe, NULL);

  /* Nobody is sending: what was under way when the program died is not known to be there or not. */
  g_assert_cmpuint (list_length (rounds_store_outbox_list (store, inflight, 0, NULL)), ==, 0);
  settle (self, WORK_ACK, record != NULL && !record->unsynced);
  for (guint i = acks->len > 10 ? acks->len - 10 : 0; i < acks->len; i++)
    {
      g_autofree char *id = g_strdup_printf ("a%" G_GINT64_FORMAT, g_array_index (acks, gint64, i));
      g_autoptr (RoundsRecord) acked = rounds_store_get (store, "Patient", id, NULL);

      g_assert_nonnull (acked);
      g_assert_false (acked->unsynced);
      g_assert_cmpstr (acked->base_version, ==, "7");
    }
}

void
work_truth_check (WorkTruth *self, RoundsStore *store)
{
  g_autofree char *draft = rounds_store_dup_draft (store, "note", NULL);

  check_known (&self->draft, draft != NULL ? g_ascii_strtoll (draft, NULL, 10) : -1);
  check_records (self, store);
  check_import (self, store);
  check_series (self, store);
  check_blobs (self, store);
  check_pages (self, store);
  check_acks (self, store);
  assert_audit_ok (store);
}

guint
work_truth_count (const WorkTruth *self)
{
  guint n = 0;

  for (guint i = 0; i < WORK_N_KINDS; i++)
    n += self->n_acked[i];
  return n;
}
