/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes of which nobody knows whether they arrived: the connection broke, or the server did. They are looked for
 * before anything is sent again, and what cannot be looked for now stays unknown. */

#include "sync/upload-private.h"

gboolean
rounds_upload_set_all (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, const char *state, int status,
                       const char *reason, GError **error)
{
  guint i;

  for (i = 0; i < n; i++)
    if (!rounds_store_outbox_set_state (self->pass->store, items[i], state, status, reason, 0, error))
      return FALSE;
  return TRUE;
}

gboolean
rounds_upload_stop (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, const RoundsExchange *exchange,
                    GError **error)
{
  gboolean sign_in = exchange->status == 401;

  if (!rounds_upload_set_all (self, items, n, "pending", exchange->status, exchange->outcome, error))
    return FALSE;
  if (!sign_in)
    self->pass->retry_after_us = MAX (exchange->retry_after_us, 0);
  g_set_error (error, ROUNDS_CLOUD_ERROR, sign_in ? ROUNDS_CLOUD_ERROR_SIGN_IN : ROUNDS_CLOUD_ERROR_THROTTLED, "%s",
               exchange->outcome);
  return FALSE;
}

gboolean
rounds_upload_verify (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, guint *n_left, GError **error)
{
  g_autoptr (GPtrArray) remotes = rounds_pass_read_many (self->pass, items, n, error);
  gboolean ok = remotes != NULL;
  guint i;

  *n_left = 0;
  if (!ok)
    return FALSE;
  rounds_pass_collect (self->pass);
  for (i = 0; ok && i < n; i++)
    {
      RoundsSettled settled = ROUNDS_SETTLED;

      ok = rounds_pass_settle_read (self->pass, items[i], remotes->pdata[i], TRUE, &settled, error);
      if (settled == ROUNDS_SETTLED_AGAIN)
        (*n_left)++;
      else
        rounds_upload_step (self, 1);
    }
  self->again |= *n_left > 0;
  return rounds_pass_flush (self->pass, ok ? error : NULL) && ok;
}

gboolean
rounds_upload_recover (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, int status, const char *reason,
                       guint *n_left, GError **error)
{
  *n_left = 0;
  return rounds_upload_set_all (self, items, n, "unknown", status, reason, error) &&
         rounds_upload_verify (self, items, n, n_left, error);
}

gboolean
rounds_upload_transport_failed (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, GError *local,
                                guint *n_left, GError **error)
{
  gboolean unknown = g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_INTERRUPTED) ||
                     g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL) ||
                     g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT) ||
                     g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  GError *second = NULL;

  *n_left = 0;
  if (!unknown)
    {
      if (!rounds_upload_set_all (self, items, n, "pending", 0, NULL, &second))
        g_clear_error (&second);
    }
  else if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (!rounds_upload_set_all (self, items, n, "unknown", 0, NULL, &second))
        g_clear_error (&second);
    }
  else if (rounds_upload_recover (self, items, n, 0, local->message, n_left, &second))
    {
      /* What got lost is known again; what did not arrive goes once more, in smaller pieces. */
      self->pass->max_entries = MAX (self->pass->max_entries / 2, 1);
      if (++self->failures < ROUNDS_MAX_FAILURES_IN_A_ROW)
        {
          g_error_free (local);
          return TRUE;
        }
    }
  else
    g_clear_error (&second);
  g_propagate_error (error, local);
  return FALSE;
}
