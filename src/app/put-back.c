/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Whoever restores a backup knows it and says so once; whoever did not must see at once that this is an older cache,
 * on every page and until it is settled. Saying so is asked twice and stands in the audit trail, because it is also
 * what an intruder would press.
 */

#include "app/put-back.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"
#include "sync/anchor.h"

struct _RoundsPutBack {
  AdwBin parent_instance;

  AdwBanner *banner;
  RoundsStore *store;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (RoundsPutBack, rounds_put_back, ADW_TYPE_BIN)

static gpointer
read_trouble (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_anchor_dup_trouble (store);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsPutBack) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *trouble = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  /* A question that could not be asked is no good news: what stood there stays. */
  if ((RoundsStore *) source != self->store || error != NULL)
    return;
  adw_banner_set_title (self->banner, trouble != NULL ? trouble : "");
  adw_banner_set_revealed (self->banner, trouble != NULL);
}

void
rounds_put_back_refresh (RoundsPutBack *self)
{
  g_return_if_fail (ROUNDS_IS_PUT_BACK (self));

  if (self->store != NULL)
    rounds_store_run_async (self->store, read_trouble, NULL, NULL, g_free, self->cancellable, read_cb,
                            g_object_ref (self));
}

static gpointer
accept_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return GINT_TO_POINTER (rounds_anchor_accept (store, error));
}

static void
accepted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsPutBack) self = user_data;
  g_autoptr (GError) error = NULL;

  (void) rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if ((RoundsStore *) source != self->store)
    return;
  if (error != NULL)
    rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
  rounds_put_back_refresh (self);
}

static void
response_cb (AdwAlertDialog *dialog, const char *response, RoundsPutBack *self)
{
  /* Locked meanwhile, or another account: then it was not this what was asked for. */
  if (g_str_equal (response, "accept") && self->store != NULL &&
      g_object_get_data (G_OBJECT (dialog), "store") == (gpointer) self->store)
    rounds_store_run_async (self->store, accept_work, NULL, NULL, NULL, self->cancellable, accepted_cb,
                            g_object_ref (self));
}

static void
clicked_cb (RoundsPutBack *self)
{
  AdwDialog *dialog = adw_alert_dialog_new (_("Was this cache put back on purpose?"), NULL);

  if (self->store == NULL)
    {
      g_object_ref_sink (dialog);
      g_object_unref (dialog);
      return;
    }
  adw_alert_dialog_set_body (ADW_ALERT_DIALOG (dialog),
                             _("From a backup, for example. Then the cloud takes this audit trail from now on, and your "
                               "name and the time stand in it. If nobody put it back on purpose, leave this as it is and "
                               "tell whoever looks after this computer."));
  adw_alert_dialog_add_responses (ADW_ALERT_DIALOG (dialog), "cancel", _("_Leave It"), "accept", _("_On Purpose"), NULL);
  adw_alert_dialog_set_response_appearance (ADW_ALERT_DIALOG (dialog), "accept", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (ADW_ALERT_DIALOG (dialog), "cancel");
  adw_alert_dialog_set_close_response (ADW_ALERT_DIALOG (dialog), "cancel");
  g_object_set_data (G_OBJECT (dialog), "store", self->store);   /* only compared */
  g_signal_connect_object (dialog, "response", G_CALLBACK (response_cb), self, G_CONNECT_DEFAULT);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

/* --- type --------------------------------------------------------------------------------------------- */

static void
rounds_put_back_dispose (GObject *object)
{
  rounds_put_back_set_store (ROUNDS_PUT_BACK (object), NULL);
  G_OBJECT_CLASS (rounds_put_back_parent_class)->dispose (object);
}

static void
rounds_put_back_class_init (RoundsPutBackClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_put_back_dispose;
}

static void
rounds_put_back_init (RoundsPutBack *self)
{
  self->banner = ADW_BANNER (adw_banner_new (""));
  adw_banner_set_button_label (self->banner, _("On Purpose…"));
  g_signal_connect_swapped (self->banner, "button-clicked", G_CALLBACK (clicked_cb), self);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->banner));
}

void
rounds_put_back_set_store (RoundsPutBack *self, RoundsStore *store)
{
  g_return_if_fail (ROUNDS_IS_PUT_BACK (self));

  if (store == self->store)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_set_object (&self->store, store);
  if (self->banner != NULL && store == NULL)
    {
      adw_banner_set_revealed (self->banner, FALSE);
      adw_banner_set_title (self->banner, "");
    }
  if (store == NULL)
    return;
  self->cancellable = g_cancellable_new ();
  rounds_put_back_refresh (self);
}
