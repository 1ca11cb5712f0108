/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Demographics are rarely edited and belong to no page, so their form comes as a dialog: the same form panel
 * with the patient descriptor. */

#include "charts/view/patient-dialog.h"

#include <glib/gi18n-lib.h>

#include "charts/edit.h"
#include "charts/sections.h"
#include "charts/view/ask.h"
#include "charts/view/form-panel.h"
#include "kit/kit.h"

typedef struct {
  GWeakRef parent;
  RoundsStore *store;
  RoundsPatientSaved saved;
  gpointer data;
} Context;

static void
context_free (gpointer data, GClosure *closure)
{
  Context *context = data;

  g_weak_ref_clear (&context->parent);
  g_object_unref (context->store);
  g_free (context);
}

typedef struct {
  RoundsStore *store;
  RoundsEdited edited;
} Undo;

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  g_object_unref (undo->store);
  g_free (undo->edited.type);
  g_free (undo->edited.id);
  g_free (undo);
}

static gpointer
undo_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Undo *undo = data;

  return GINT_TO_POINTER (rounds_edit_undo (store, &undo->edited, error));
}

static void
undo_done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (error != NULL)
    g_warning ("undo: %s", error->message);
}

static void
undo_cb (gpointer data)
{
  Undo *undo = data, *copy = g_new0 (Undo, 1);

  copy->store = g_object_ref (undo->store);
  copy->edited.type = g_strdup (undo->edited.type);
  copy->edited.id = g_strdup (undo->edited.id);
  copy->edited.revision = undo->edited.revision;
  rounds_store_run_async (copy->store, undo_work, copy, undo_free, NULL, NULL, undo_done_cb, NULL);
}

static void
saved_cb (RoundsFormPanel *panel, const char *title, const char *type, const char *id, gint64 revision, Context *context)
{
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&context->parent);

  if (parent == NULL)
    return;
  if (context->saved != NULL)
    context->saved (id, context->data != NULL ? context->data : parent);
  /* A new patient cannot be undone from here: the chart is already open on them. */
  if (revision > 0 && context->saved == NULL)
    {
      Undo *undo = g_new0 (Undo, 1);

      undo->store = g_object_ref (context->store);
      undo->edited.type = g_strdup (type);
      undo->edited.id = g_strdup (id);
      undo->edited.revision = revision;
      rounds_toast (parent, title, _("Undo"), undo_cb, undo, undo_free);
    }
  else
    rounds_toast (parent, title, NULL, NULL, NULL, NULL);
}

static void
closed_cb (RoundsFormPanel *panel, AdwDialog *dialog)
{
  adw_dialog_force_close (dialog);
}

static void
dialog_closed_cb (AdwDialog *dialog, RoundsFormPanel *panel)
{
  g_signal_handlers_disconnect_by_func (panel, closed_cb, dialog);
  rounds_form_panel_leave (panel);
}

typedef struct {
  RoundsPatientSaved saved;
  gpointer data;
  RoundsStore *store;
  RoundsRecord *record;
  char *patient_id;
  RoundsDraft *draft;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_object_unref (opening->store);
  g_clear_pointer (&opening->record, rounds_record_free);
  g_free (opening->patient_id);
  g_clear_pointer (&opening->draft, rounds_draft_free);
  g_free (opening);
}

static gpointer
opening_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Opening *opening = data;
  g_autofree char *key = NULL, *text = NULL;

  if (opening->record == NULL && opening->patient_id != NULL)
    {
      opening->record = rounds_store_get (store, "Patient", opening->patient_id, error);
      if (opening->record == NULL)
        return NULL;
    }
  key = rounds_draft_key (opening->record != NULL ? opening->record->id : NULL, rounds_section_patient.id,
                          opening->record != NULL ? opening->record->id : NULL);
  text = rounds_store_dup_draft (store, key, NULL);
  opening->draft = text != NULL ? rounds_draft_parse (key, text) : NULL;
  return GINT_TO_POINTER (TRUE);
}

static void
opening_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  Opening *opening = data;
  AdwDialog *dialog;
  GtkWidget *panel;
  Context *context;

  if (result == NULL)
    {
      rounds_toast (widget, error->message, NULL, NULL, NULL, NULL);
      return;
    }
  dialog = adw_dialog_new ();
  panel = rounds_form_panel_new ();
  context = g_new0 (Context, 1);
  g_weak_ref_init (&context->parent, widget);
  context->store = g_object_ref (opening->store);
  context->saved = opening->saved;
  context->data = opening->data;
  adw_dialog_set_title (dialog, opening->record != NULL ? _("Edit patient") : _("New patient"));
  adw_dialog_set_content_width (dialog, 480);
  adw_dialog_set_content_height (dialog, 620);
  adw_dialog_set_child (dialog, panel);
  g_signal_connect_data (panel, "saved", G_CALLBACK (saved_cb), context, context_free, 0);
  g_signal_connect (panel, "closed", G_CALLBACK (closed_cb), dialog);
  g_signal_connect (dialog, "closed", G_CALLBACK (dialog_closed_cb), panel);
  adw_dialog_present (dialog, widget);
  rounds_form_panel_open (ROUNDS_FORM_PANEL (panel), opening->store, &rounds_section_patient,
                          opening->record != NULL ? opening->record->id : NULL, opening->record,
                          opening->draft != NULL ? opening->draft->values : NULL);
}

static void
present (GtkWidget *parent, RoundsStore *store, const RoundsRecord *record, const char *patient_id,
         RoundsPatientSaved saved, gpointer data)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->store = g_object_ref (store);
  opening->record = record != NULL ? rounds_record_copy (record) : NULL;
  opening->patient_id = g_strdup (patient_id);
  opening->saved = saved;
  opening->data = data;
  rounds_ask (parent, store, NULL, opening_work, opening, opening_free, NULL, opening_answer);
}

void
rounds_patient_dialog_present (GtkWidget *parent, RoundsStore *store, const RoundsRecord *record,
                               RoundsPatientSaved saved, gpointer data)
{
  present (parent, store, record, NULL, saved, data);
}

void
rounds_patient_dialog_edit (GtkWidget *parent, RoundsStore *store, const char *patient_id)
{
  present (parent, store, NULL, patient_id, NULL, NULL);
}
