/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done to the selected row, in a worker, and taking it back. Each deed carries the store and resource that
 * it was meant for, so that a late Undo never reaches the patient who is shown by then. */

#include "charts/view/chart-page-private.h"

#include <glib/gi18n-lib.h>

#include "charts/notes.h"
#include "charts/view/ask.h"
#include "kit/kit.h"

typedef struct {
  GWeakRef page;
  RoundsStore *store;
  RoundsEdited edited;
  RoundsRecord *record;
  const RoundsSection *section;
  RoundsEdited *(*verb) (RoundsStore *, const RoundsSection *, const RoundsRecord *, GError **);
  char *title;
} Deed;

static void
deed_free (gpointer data)
{
  Deed *deed = data;

  g_weak_ref_clear (&deed->page);
  g_clear_object (&deed->store);
  g_clear_pointer (&deed->record, rounds_record_free);
  g_free (deed->edited.type);
  g_free (deed->edited.id);
  g_free (deed->title);
  g_free (deed);
}

static Deed *
deed_new (RoundsChartPage *self, const char *type, const char *id, gint64 revision)
{
  Deed *deed = g_new0 (Deed, 1);

  g_weak_ref_init (&deed->page, self);
  deed->store = g_object_ref (self->store);
  deed->edited.type = g_strdup (type);
  deed->edited.id = g_strdup (id);
  deed->edited.revision = revision;
  return deed;
}

static gpointer
undo_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Deed *deed = data;

  return GINT_TO_POINTER (rounds_edit_undo (store, &deed->edited, error));
}

static void
undo_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  rounds_toast (widget, error == NULL ? _("Taken back")
                        : g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE)
                          ? _("It was changed again since: not taken back") : error->message,
                NULL, NULL, NULL, NULL);
}

static void
undo (RoundsChartPage *self, RoundsStore *store, const RoundsEdited *edited)
{
  Deed *deed = deed_new (self, edited->type, edited->id, edited->revision);

  g_set_object (&deed->store, store);
  rounds_ask (self, store, NULL, undo_work, deed, deed_free, NULL, undo_answer);
}

/* The toast's undo acts on the store and resource of its own edit, whatever patient is shown by then. */
static void
undo_cb (gpointer data)
{
  Deed *deed = data;
  g_autoptr (RoundsChartPage) page = g_weak_ref_get (&deed->page);

  if (page != NULL)
    undo (page, deed->store, &deed->edited);
}

void
rounds_chart_page_offer_undo (RoundsChartPage *self, RoundsStore *store, const char *title, const char *type,
                              const char *id, gint64 revision)
{
  Deed *deed;

  g_clear_pointer (&self->last_edit, rounds_edited_free);
  if (revision != 0 && store == self->store)
    {
      self->last_edit = g_new0 (RoundsEdited, 1);
      self->last_edit->type = g_strdup (type);
      self->last_edit->id = g_strdup (id);
      self->last_edit->revision = revision;
    }
  if (revision == 0)
    {
      rounds_toast (GTK_WIDGET (self), title, NULL, NULL, NULL, NULL);
      return;
    }
  deed = g_new0 (Deed, 1);
  g_weak_ref_init (&deed->page, self);
  deed->store = g_object_ref (store);
  deed->edited.type = g_strdup (type);
  deed->edited.id = g_strdup (id);
  deed->edited.revision = revision;
  rounds_toast (GTK_WIDGET (self), title, _("Undo"), undo_cb, deed, deed_free);
}

static gpointer
verb_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Deed *deed = data;

  return deed->verb (store, deed->section, deed->record, error);
}

static void
verb_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsChartPage *self = widget;
  RoundsEdited *edited = result;
  Deed *deed = data;

  if (edited == NULL)
    rounds_toast (widget, g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE)
                            ? _("It was changed meanwhile: look at it again") : error->message, NULL, NULL, NULL, NULL);
  else
    rounds_chart_page_offer_undo (self, deed->store, deed->title, edited->type, edited->id, edited->revision);
}

static void
do_verb (RoundsChartPage *self, RoundsEdited *(*verb) (RoundsStore *, const RoundsSection *, const RoundsRecord *, GError **),
         const char *format)
{
  RoundsRow *row = rounds_chart_page_selected (self);
  Deed *deed;

  if (row == NULL || self->store == NULL)
    return;
  deed = deed_new (self, NULL, NULL, 0);
  deed->section = self->section;
  deed->record = rounds_record_copy (rounds_row_get_record (row));
  deed->verb = verb;
  /* A test has many values; what is done is done to the newest, so it is named. */
  deed->title = self->section->group != NULL && rounds_row_get_line (row) != NULL
                  ? g_strdup_printf ("%s: %s %s", format, rounds_row_get_name (row), rounds_row_get_line (row))
                  : g_strdup_printf ("%s: %s", format, rounds_row_get_name (row));
  rounds_ask (self, self->store, NULL, verb_work, deed, deed_free, (GDestroyNotify) rounds_edited_free, verb_answer);
}

static void
add_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);

  rounds_chart_page_add (self, self->section->id);
}

static void
edit_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsRow *row = rounds_chart_page_selected (self);

  if (row != NULL && rounds_row_can_edit (row))
    rounds_chart_page_open_form (self, self->section, rounds_row_get_record (row), NULL);
}

static void
stop_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);

  do_verb (self, rounds_edit_stop, _(self->section->stop));
}

static void
remove_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  do_verb (ROUNDS_CHART_PAGE (widget), rounds_edit_remove, _("Entered in error"));
}

static void
addendum_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsRow *row = rounds_chart_page_selected (self);
  g_autoptr (json_object) original = row != NULL ? rounds_record_parse (rounds_row_get_record (row)) : NULL;
  g_autoptr (json_object) values = original != NULL ? rounds_note_addendum_values (original) : NULL;

  if (values != NULL)
    rounds_chart_page_open_form (self, self->section, NULL, values);
}

static void
undo_version_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsEdited edited;
  const char *type, *id;

  g_variant_get (parameter, "(&s&sx)", &type, &id, &edited.revision);
  edited.type = (char *) type;
  edited.id = (char *) id;
  if (self->store != NULL)
    undo (self, self->store, &edited);
}

static void
undo_last_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  g_autoptr (RoundsEdited) edited = g_steal_pointer (&self->last_edit);

  if (edited == NULL || self->store == NULL)
    rounds_toast (widget, _("There is nothing to take back"), NULL, NULL, NULL, NULL);
  else
    undo (self, self->store, edited);
}

void
rounds_chart_page_install_verbs (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "chart.add", NULL, add_action);
  gtk_widget_class_install_action (widget_class, "chart.edit", NULL, edit_action);
  gtk_widget_class_install_action (widget_class, "chart.stop", NULL, stop_action);
  gtk_widget_class_install_action (widget_class, "chart.addendum", NULL, addendum_action);
  gtk_widget_class_install_action (widget_class, "chart.remove", NULL, remove_action);
  gtk_widget_class_install_action (widget_class, "chart.undo-version", "(ssx)", undo_version_action);
  gtk_widget_class_install_action (widget_class, "chart.undo", NULL, undo_last_action);
  /* Bubbling from the focus: a letter typed into a field never comes this far. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_n, 0, "chart.add", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "chart.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F2, 0, "chart.edit", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "chart.remove", NULL);
}
