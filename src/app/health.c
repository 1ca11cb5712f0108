/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One flipped bit is found only when its page is read, and the only copy of an edit may be on that page. So the whole
 * cache is read once a day, some while after the unlock, when nobody waits for the disk; what is found is told in
 * words, with what to do. What a lock ends goes on tomorrow. */

#include "app/health.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "store/damage.h"

#define AFTER_S 60
#define MAX_LINES 3

typedef struct {
  GtkWidget *window;         /* weak */
  GWeakRef store;
  GCancellable *cancellable;
} Watch;

static void
watch_free (gpointer data)
{
  Watch *self = data;

  g_clear_weak_pointer (&self->window);
  g_weak_ref_clear (&self->store);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static Watch *
watch_new (GtkWidget *window, RoundsStore *store, GCancellable *cancellable)
{
  Watch *self = g_new0 (Watch, 1);

  g_set_weak_pointer (&self->window, window);
  g_weak_ref_init (&self->store, store);
  self->cancellable = g_object_ref (cancellable);
  return self;
}

static void
show (GtkWidget *window, const char *heading, const char *body)
{
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (heading, body));

  adw_alert_dialog_set_body_use_markup (dialog, FALSE);
  adw_alert_dialog_add_response (dialog, "close", _("_Close"));
  adw_dialog_present (ADW_DIALOG (dialog), window);
}

static void
report_free (gpointer data)
{
  rounds_check_report_clear (data);
  g_free (data);
}

static gpointer
check (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsCheckReport *report = g_new0 (RoundsCheckReport, 1);

  if (rounds_store_check_if_due (store, cancellable, report, error))
    return report;
  g_free (report);
  return NULL;
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Watch *self = data;
  g_autoptr (GError) error = NULL;
  RoundsCheckReport *report = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autoptr (GString) text = g_string_new (NULL);

  if (report == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      !g_cancellable_is_cancelled (self->cancellable))
    g_warning ("the cache could not be checked: %s", error->message);
  if (report != NULL && !report->ok && self->window != NULL && !g_cancellable_is_cancelled (self->cancellable))
    {
      for (guint i = 0; i < report->problems->len && i < MAX_LINES; i++)
        g_string_append_printf (text, "%s\n", (const char *) report->problems->pdata[i]);
      g_string_append (text, "\n");
      g_string_append (text, _("Sync what can still be sent. Then close Rounds and run “roundsctl profile set-aside”: it keeps "
                               "the damaged files and goes on with a new cache."));
      show (self->window, _("This cache is damaged"), text->str);
    }
  g_clear_pointer (&report, report_free);
  watch_free (self);
}

static gboolean
due_cb (gpointer data)
{
  Watch *self = data;
  g_autoptr (RoundsStore) store = g_weak_ref_get (&self->store);

  if (store == NULL || self->window == NULL || g_cancellable_is_cancelled (self->cancellable))
    return G_SOURCE_REMOVE;
  rounds_store_run_async (store, check, NULL, NULL, report_free, self->cancellable, checked_cb,
                          watch_new (self->window, store, self->cancellable));
  return G_SOURCE_REMOVE;
}

/* Tests do not wait so long. */
static guint
after_s (void)
{
  const char *text = g_getenv ("ROUNDS_CHECK_AFTER_S");
  guint64 value;

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, AFTER_S, &value, NULL) ? (guint) value : AFTER_S;
}

void
rounds_health_watch (GtkWidget *window, RoundsStore *store, GCancellable *cancellable)
{
  g_return_if_fail (GTK_IS_WIDGET (window) && ROUNDS_IS_STORE (store) && G_IS_CANCELLABLE (cancellable));

  if (rounds_store_get_trouble (store) != NULL)
    show (window, _("This cache may be incomplete"), rounds_store_get_trouble (store));
  g_timeout_add_seconds_full (G_PRIORITY_LOW, after_s (), due_cb, watch_new (window, store, cancellable), watch_free);
}
