/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the server still has what it confirmed.
 *
 * A server that was put back from a backup has forgotten what it acknowledged since, and nothing says so. Each pass
 * looks at a few of the newest receipts and a few others in turn. A version that went back is proof. A record that
 * is not there may have been deleted by somebody, where the server does not keep that in mind: then more receipts
 * are looked at. A server that was put back has lost the newest of them all; one that still has a newer one has
 * not, and what it lacks was deleted. After a restore everything is read again, and each confirmed change that is
 * missing is shown to a person: never sent again by itself, since what stands there may be right. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/digits.h"
#include "fhir/resource.h"
#include "sync/compare.h"

#define N_NEWEST 3
#define N_IN_TURN 2
#define N_DOUBT 40                 /* of the newest, when one is missing */
#define WALK_BATCH 100
#define MAX_WALK 5000              /* receipts a pass; the others wait for the next */
#define CLOCK_GRAIN_US (2 * G_USEC_PER_SEC)   /* servers store times coarser than they tell them */
#define ONE_ACT_US (60 * G_USEC_PER_SEC)      /* what was confirmed within this was one piece of work */

typedef enum {
  KEPT,
  MISSING,
  WENT_BACK,
} Verdict;

static gboolean
is_number (const char *text)
{
  return text != NULL && *text != '\0' && strspn (text, "0123456789") == strlen (text) && strlen (text) < 19;
}

/* −1, 0, 1 when both versions are numbers, which no clock can falsify; G_MAXINT else. */
static int
compare_versions (const char *held, const char *there)
{
  gint64 a, b;

  if (!is_number (held) || !is_number (there))
    return G_MAXINT;
  a = g_ascii_strtoll (held, NULL, 10);
  b = g_ascii_strtoll (there, NULL, 10);
  return (b > a) - (b < a);
}

/* A receipt of a deletion has the version that was deleted or that of the deletion: made anew since, it has a
 * higher one. Servers that count from 1 again are told by the time. */
static Verdict
judge_deleted (const RoundsReceipt *receipt, const RoundsRemote *remote, gboolean times, gint64 later)
{
  int order = compare_versions (receipt->version, remote->version);

  if (remote->status != 200 || order == 1)
    return KEPT;
  return times && later <= CLOCK_GRAIN_US ? WENT_BACK : KEPT;
}

static Verdict
judge (const RoundsReceipt *receipt, const RoundsRemote *remote)
{
  gboolean times = receipt->last_updated_us > 0 && remote->last_updated_us > 0;
  gint64 later = remote->last_updated_us - receipt->last_updated_us;
  int order;

  if (receipt->is_delete)
    return judge_deleted (receipt, remote, times, later);
  if (remote->status == 404)
    return MISSING;
  if (remote->status != 200 || remote->resource == NULL)
    return KEPT;
  if (g_strcmp0 (receipt->version, remote->version) == 0)
    return times && ABS (later) > CLOCK_GRAIN_US ? WENT_BACK : KEPT;
  order = compare_versions (receipt->version, remote->version);
  if (order != G_MAXINT)
    return order < 0 ? WENT_BACK : KEPT;
  return times && later < -CLOCK_GRAIN_US ? WENT_BACK : KEPT;
}

/* That very version is there: the server knows of that time. */
static gboolean
is_proof (const RoundsReceipt *receipt, const RoundsRemote *remote)
{
  return !receipt->is_delete && remote->status == 200 && remote->resource != NULL && receipt->version != NULL &&
         g_strcmp0 (receipt->version, remote->version) == 0;
}

/* Some servers answer 404 for what was deleted, too; its history tells. */
static gboolean
was_deleted (RoundsPass *self, const RoundsReceipt *receipt)
{
  g_autofree char *url = g_strdup_printf ("%s/%s/_history?_count=1", receipt->type, receipt->id);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  json_object *entries;

  if (!g_hash_table_contains (self->profile->history_types, receipt->type) ||
      !rounds_fhir_client_page (self->fhir, url, &answer, self->cancellable, NULL) || answer.status != 200)
    return FALSE;
  entries = rounds_json_peek (answer.resource, "entry");
  return json_object_is_type (entries, json_type_array) && json_object_array_length (entries) > 0;
}

static GPtrArray *
read_receipts (RoundsPass *self, GPtrArray *receipts, GError **error)
{
  g_autofree RoundsOutboxItem *items = g_new0 (RoundsOutboxItem, receipts->len + 1);
  g_autofree RoundsOutboxItem **list = g_new0 (RoundsOutboxItem *, receipts->len + 1);
  guint i;

  for (i = 0; i < receipts->len; i++)
    {
      RoundsReceipt *receipt = receipts->pdata[i];

      items[i].type = receipt->type;
      items[i].id = receipt->id;
      list[i] = &items[i];
    }
  return rounds_pass_read_many (self, list, receipts->len, error);
}

/* --- a few a pass --------------------------------------------------------------------------------------- */

/* Where the turn stands is kept, so that all come to it in time. */
static GPtrArray *
choose_sample (RoundsPass *self, GError **error)
{
  g_autofree char *scope = rounds_connection_scope_of (self, "sample");
  g_autofree char *text = rounds_store_dup_cursor (self->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  gint64 before = json_object_get_int64 (rounds_json_peek (json, "before_us"));
  g_autoptr (GPtrArray) sample = rounds_store_receipt_list (self->store, 0, FALSE, N_NEWEST, error);
  g_autoptr (GPtrArray) turn = NULL;
  g_autofree char *next = NULL;
  gint64 newest;

  if (sample == NULL || sample->len < N_NEWEST)
    return g_steal_pointer (&sample);
  newest = ((RoundsReceipt *) sample->pdata[N_NEWEST - 1])->acked_at_us;
  turn = rounds_store_receipt_list (self->store, before > 0 && before < newest ? before : newest, FALSE, N_IN_TURN, error);
  if (turn == NULL)
    return NULL;
  before = turn->len == N_IN_TURN ? ((RoundsReceipt *) turn->pdata[N_IN_TURN - 1])->acked_at_us : 0;
  next = g_strdup_printf ("{\"before_us\":%" G_GINT64_FORMAT "}", before);
  if (!rounds_store_set_cursor (self->store, scope, next, error))
    return NULL;
  g_ptr_array_extend_and_steal (sample, g_steal_pointer (&turn));
  return g_steal_pointer (&sample);
}

/* Whose the record is; NULL when nobody's. */
static char *
patient_of (RoundsPass *self, const RoundsReceipt *receipt)
{
  g_autoptr (RoundsRecord) now = rounds_store_get (self->store, receipt->type, receipt->id, NULL);
  g_autoptr (json_object) json = now != NULL ? rounds_record_parse (now) : NULL;

  if (g_str_equal (receipt->type, "Patient"))
    return g_strdup (receipt->id);
  return json != NULL ? g_strdup (rounds_resource_peek_patient_id (json)) : NULL;
}

/* Several that are missing, none of which was deleted as far as can be told: of two patients, or confirmed at two
 * times. One piece of work on one patient is rather what somebody took away again. */
static gboolean
is_more_than_one_act (RoundsPass *self, GPtrArray *missing, GHashTable *deleted_patients)
{
  g_autoptr (GHashTable) patients = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gint64 first = G_MAXINT64, last = 0;
  guint i, n = 0;

  for (i = 0; i < missing->len; i++)
    {
      const RoundsReceipt *receipt = missing->pdata[i];
      char *patient = patient_of (self, receipt);

      if (patient != NULL && g_hash_table_contains (deleted_patients, patient))
        {
          g_free (patient);
          continue;
        }
      g_hash_table_add (patients, patient != NULL ? patient : g_strconcat (receipt->type, "/", receipt->id, NULL));
      first = MIN (first, receipt->acked_at_us);
      last = MAX (last, receipt->acked_at_us);
      n++;
    }
  return n > 1 && (g_hash_table_size (patients) > 1 || last - first > ONE_ACT_US);
}

/* What the newest receipts say together. */
static gboolean
look_closer (RoundsPass *self, gboolean *restored, GError **error)
{
  g_autoptr (GPtrArray) receipts = rounds_store_receipt_list (self->store, 0, FALSE, N_DOUBT, error);
  g_autoptr (GPtrArray) remotes = receipts != NULL ? read_receipts (self, receipts, error) : NULL;
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_autoptr (GHashTable) deleted_patients = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gint64 known_us = 0;
  guint i;

  if (remotes == NULL)
    return FALSE;
  for (i = 0; i < receipts->len; i++)
    {
      const RoundsReceipt *receipt = receipts->pdata[i];

      *restored |= judge (receipt, remotes->pdata[i]) == WENT_BACK;
      if (is_proof (receipt, remotes->pdata[i]))
        known_us = MAX (known_us, receipt->acked_at_us);
    }
  for (i = 0; i < receipts->len; i++)
    {
      RoundsReceipt *receipt = receipts->pdata[i];

      if (judge (receipt, remotes->pdata[i]) != MISSING || was_deleted (self, receipt))
        continue;
      /* Something that was confirmed later, or with it, is there. */
      if (receipt->acked_at_us <= known_us)
        {
          char *patient = patient_of (self, receipt);

          if (patient != NULL)
            g_hash_table_add (deleted_patients, patient);
        }
      else
        g_ptr_array_add (missing, receipt);
    }
  *restored |= is_more_than_one_act (self, missing, deleted_patients);
  return TRUE;
}

static gboolean
is_restored (RoundsPass *self, gboolean *restored, GError **error)
{
  g_autoptr (GPtrArray) sample = choose_sample (self, error);
  g_autoptr (GPtrArray) remotes = NULL;
  gboolean doubt = FALSE;
  guint i;

  *restored = FALSE;
  if (sample == NULL)
    return FALSE;
  if (sample->len == 0)
    return TRUE;
  remotes = read_receipts (self, sample, error);
  if (remotes == NULL)
    return FALSE;
  for (i = 0; i < sample->len && !*restored; i++)
    {
      Verdict verdict = judge (sample->pdata[i], remotes->pdata[i]);

      *restored = verdict == WENT_BACK;
      doubt |= verdict == MISSING;
    }
  return *restored || !doubt || look_closer (self, restored, error);
}

/* --- all that was confirmed ------------------------------------------------------------------------------ */

static gboolean
offer_again (RoundsPass *self, const RoundsReceipt *receipt, const RoundsRemote *remote, guint *n_lost, GError **error)
{
  g_autoptr (RoundsRecord) now = rounds_store_get (self->store, receipt->type, receipt->id, NULL);
  g_autoptr (json_object) mine = now != NULL ? rounds_record_parse (now) : NULL;
  g_autofree char *theirs = NULL;
  RoundsConflict conflict = { .type = receipt->type, .id = receipt->id, .status = (char *) "restored",
                              .theirs_version = remote->version };

  /* Waiting for a person already, or nothing lost after all. */
  if ((now != NULL && g_strcmp0 (now->sync_state, "conflict") == 0) ||
      rounds_compare_same_content (mine, remote->status == 200 ? remote->resource : NULL))
    return TRUE;
  (*n_lost)++;
  if (remote->status == 200)
    {
      if (mine != NULL)
        rounds_json_keep_digits (mine, remote->resource, FALSE);
      conflict.theirs = theirs = rounds_json_print (remote->resource);
    }
  return rounds_store_conflict_record (self->store, &conflict, error);
}

static gboolean
walk_batch (RoundsPass *self, guint *n, guint *n_lost, GError **error)
{
  g_autoptr (GPtrArray) receipts = rounds_store_receipt_list (self->store, 0, TRUE, WALK_BATCH, error);
  g_autoptr (GPtrArray) remotes = NULL;
  g_autofree gint64 *rids = NULL;
  guint i;

  *n = 0;
  if (receipts == NULL)
    return FALSE;
  if (receipts->len == 0)
    return TRUE;
  remotes = read_receipts (self, receipts, error);
  if (remotes == NULL)
    return FALSE;
  rids = g_new (gint64, receipts->len);
  for (i = 0; i < receipts->len; i++)
    {
      RoundsReceipt *receipt = receipts->pdata[i];
      Verdict verdict = judge (receipt, remotes->pdata[i]);

      rids[i] = receipt->rid;
      if (verdict == KEPT || (verdict == MISSING && was_deleted (self, receipt)))
        continue;
      if (!offer_again (self, receipt, remotes->pdata[i], n_lost, error))
        return FALSE;
    }
  *n = receipts->len;
  return rounds_store_receipt_confirm (self->store, rids, receipts->len, error);
}

static gboolean
walk (RoundsPass *self, GError **error)
{
  guint done = 0, n = 1, n_lost = 0;
  gboolean ok = TRUE;

  while (ok && n > 0 && done < MAX_WALK)
    {
      ok = walk_batch (self, &n, &n_lost, error);
      done += n;
    }
  self->incomplete |= n > 0;
  if (n_lost > 0)
    rounds_pass_note (self, g_strdup_printf (ngettext ("The cloud was put back to an earlier state: %u change that it had "
                                                       "confirmed is not there any more and waits for your decision",
                                                       "The cloud was put back to an earlier state: %u changes that it had "
                                                       "confirmed are not there any more and wait for your decision",
                                                       n_lost), n_lost));
  return ok;
}

gboolean
rounds_pass_check_server (RoundsPass *self, GError **error)
{
  g_autofree char *scope = rounds_connection_scope_of (self, "");
  gboolean changed, restored;

  if (self->server_checked)
    return TRUE;
  scope[strlen (scope) - 1] = '\0';   /* without the slash */
  if (!rounds_store_bind_server (self->store, scope, &changed, error) || !is_restored (self, &restored, error) ||
      (restored && !rounds_store_new_epoch (self->store, error)) || !walk (self, error))
    return FALSE;
  self->server_checked = TRUE;
  return TRUE;
}
