/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scale 2 makes a low saturation score nothing: it is never a silent switch, but a decision that is asked for, named
 * and recorded. */
#include "vitals/view/vitals-scale.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "kit/kit.h"
#include "vitals/entry.h"

typedef struct {
  RoundsStore *store;
  char *patient_id, *performer;
  int wanted;
  GWeakRef near;
} Decision;

static void
decision_free (gpointer data, GClosure *closure)
{
  Decision *decision = data;

  g_object_unref (decision->store);
  g_free (decision->patient_id);
  g_free (decision->performer);
  g_weak_ref_clear (&decision->near);
  g_free (decision);
}

static gpointer
save_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_vitals_save (store, data, "NEWS2 scale decided", error);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) near = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) receipts = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  /* The store tells everybody that the record changed; here only words are needed. */
  if (near != NULL)
    rounds_toast (near, receipts != NULL ? _("Decision recorded") : error->message, NULL, NULL, NULL, NULL);
}

static void
answered_cb (AdwAlertDialog *dialog, const char *response, gpointer data)
{
  Decision *decision = data;
  GPtrArray *resources;

  if (strcmp (response, "record") != 0)
    return;
  resources = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
  g_ptr_array_add (resources, rounds_vitals_scale_decision (decision->patient_id, decision->wanted,
                                                            rounds_instant_now_us (), decision->performer));
  rounds_store_run_async (decision->store, save_work, resources, (GDestroyNotify) g_ptr_array_unref,
                          (GDestroyNotify) g_ptr_array_unref, NULL, saved_cb, g_weak_ref_get (&decision->near));
}

AdwDialog *
rounds_vitals_scale_dialog_new (RoundsStore *store, const char *patient_id, const char *performer, int current,
                                GtkWidget *near)
{
  Decision *decision = g_new0 (Decision, 1);
  AdwDialog *dialog;

  decision->store = g_object_ref (store);
  decision->patient_id = g_strdup (patient_id);
  decision->performer = g_strdup (performer);
  decision->wanted = current == 2 ? 1 : 2;
  g_weak_ref_init (&decision->near, near);
  dialog = adw_alert_dialog_new (current == 2 ? _("Back to SpO₂ Scale 1?") : _("Use SpO₂ Scale 2?"),
                                 current == 2 ? /* xgettext:no-c-format */
                                                  _("Target saturation 96 % and more. The decision is recorded with "
                                                    "your name.")
                                              : _("Only for confirmed hypercapnic respiratory failure, target 88–92 %. "
                                                  "The decision is recorded with your name."));
  adw_alert_dialog_add_responses (ADW_ALERT_DIALOG (dialog), "cancel", _("_Cancel"), "record", _("_Record Decision"),
                                  NULL);
  adw_alert_dialog_set_response_appearance (ADW_ALERT_DIALOG (dialog), "record", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_close_response (ADW_ALERT_DIALOG (dialog), "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (answered_cb), decision, decision_free, 0);
  return dialog;
}
