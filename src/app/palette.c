/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The palette lists what the window can do under the names that menus use, with their keys, and the patients
 * that the typed words find. It only activates actions, so whatever it offers can be done without it too.
 */

#include "app/palette.h"

#include "app/window-private.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"

#define MAX_PATIENTS 8

typedef struct {
  const char *label;
  const char *action;
  const char *target;
  const char *keys;
} Command;

static const Command commands[] = {
  { N_("Summary"), "win.page", "summary", "Ctrl+1" },
  { N_("Chart"), "win.page", "chart", "Ctrl+2" },
  { N_("Scans"), "win.page", "scans", "Ctrl+3" },
  { N_("Vitals"), "win.page", "vitals", "Ctrl+4" },
  { N_("Problems"), "win.show-section", "problems", NULL },
  { N_("Allergies"), "win.show-section", "allergies", NULL },
  { N_("Medications"), "win.show-section", "medications", NULL },
  { N_("Encounters"), "win.show-section", "encounters", NULL },
  { N_("Notes"), "win.show-section", "notes", NULL },
  { N_("Results"), "win.show-section", "results", NULL },
  { N_("Immunizations"), "win.show-section", "immunizations", NULL },
  { N_("Procedures"), "win.show-section", "procedures", NULL },
  { N_("Enter Vitals"), "win.enter-vitals", NULL, NULL },
  { N_("Edit Patient"), "win.edit-patient", NULL, NULL },
  { N_("New Patient"), "win.new-patient", NULL, "Ctrl+Shift+N" },
  { N_("Import Files…"), "win.import", NULL, "Ctrl+O" },
  { N_("Import Folder…"), "win.import-folder", NULL, NULL },
  { N_("Sync Now"), "win.sync", NULL, "Ctrl+R" },
  { N_("Sync and Outbox"), "win.show-sync", NULL, "Ctrl+Shift+S" },
  { N_("Connections"), "win.show-connections", NULL, "Ctrl+Shift+C" },
  { N_("Verify Audit Trail"), "win.verify-audit", NULL, NULL },
  { N_("Keyboard Shortcuts"), "win.show-shortcuts", NULL, "Ctrl+?" },
  { N_("Help"), "app.help", NULL, "F1" },
  { N_("Unlock with This Desktop"), "win.keyring", NULL, NULL },
  { N_("Lock"), "win.lock", NULL, "Ctrl+L" },
};

typedef struct {
  RoundsWindow *window;   /* borrowed: the dialog lives on it */
  AdwDialog *dialog;      /* borrowed */
  GtkSearchEntry *entry;
  GtkListBox *list;
  GCancellable *cancellable;
  guint ticket;
} Palette;

static void
palette_free (gpointer data)
{
  Palette *self = data;

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_free (self);
}

static GtkWidget *
add_row (Palette *self, const char *title, const char *end)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new (title);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), label);
  if (end != NULL)
    {
      GtkWidget *keys = gtk_label_new (end);

      gtk_widget_add_css_class (keys, "dim-label");
      gtk_widget_add_css_class (keys, "caption");
      gtk_box_append (GTK_BOX (box), keys);
    }
  gtk_widget_set_margin_top (box, 8);
  gtk_widget_set_margin_bottom (box, 8);
  gtk_widget_set_margin_start (box, 8);
  gtk_widget_set_margin_end (box, 8);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  rounds_accessible_name (row, title);
  gtk_list_box_append (self->list, row);
  return row;
}

static void
select_first (Palette *self)
{
  GtkListBoxRow *first = gtk_list_box_get_row_at_index (self->list, 0);

  if (first != NULL)
    gtk_list_box_select_row (self->list, first);
}

static gpointer
find_patients (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_store_find_patients (store, data, MAX_PATIENTS, error);
}

typedef struct {
  AdwDialog *dialog;
  guint ticket;
} Lookup;

static void
patients_found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Lookup *lookup = user_data;
  g_autoptr (AdwDialog) dialog = lookup->dialog;
  g_autoptr (GPtrArray) hits = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);
  Palette *self = g_object_get_data (G_OBJECT (dialog), "palette");

  if (hits == NULL || self == NULL || self->ticket != lookup->ticket)
    return;
  for (guint i = 0; i < hits->len; i++)
    {
      RoundsPatientHit *hit = hits->pdata[i];
      GtkWidget *row = add_row (self, hit->name, hit->birth_date);

      g_object_set_data_full (G_OBJECT (row), "patient", g_strdup (hit->id), g_free);
    }
  if (gtk_list_box_get_selected_row (self->list) == NULL)
    select_first (self);
}

static void
search_changed_cb (Palette *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  g_autofree char *needle = g_utf8_casefold (text, -1);
  RoundsStore *store = rounds_window_get_store (self->window);

  gtk_list_box_remove_all (self->list);
  self->ticket++;
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      const char *label = _(commands[i].label);
      g_autofree char *folded = g_utf8_casefold (label, -1);
      GtkWidget *row = NULL;

      if (strstr (folded, needle) == NULL)
        continue;
      row = add_row (self, label, commands[i].keys);
      g_object_set_data (G_OBJECT (row), "command", (gpointer) &commands[i]);
    }
  select_first (self);
  if (*text != '\0' && store != NULL)
    {
      Lookup *lookup = g_new0 (Lookup, 1);

      lookup->dialog = g_object_ref (self->dialog);
      lookup->ticket = self->ticket;
      rounds_store_run_async (store, find_patients, g_strdup (text), g_free, (GDestroyNotify) g_ptr_array_unref,
                              self->cancellable, patients_found_cb, lookup);
    }
}

static void
row_activated_cb (Palette *self, GtkListBoxRow *row)
{
  const Command *command = g_object_get_data (G_OBJECT (row), "command");
  g_autofree char *patient = g_strdup (g_object_get_data (G_OBJECT (row), "patient"));
  RoundsWindow *window = self->window;

  /* Closing frees the palette. */
  adw_dialog_close (self->dialog);
  if (patient != NULL)
    {
      rounds_window_set_patient (window, patient);
      rounds_window_focus_page (window);
    }
  else if (command != NULL && command->target != NULL)
    gtk_widget_activate_action (GTK_WIDGET (window), command->action, "s", command->target);
  else if (command != NULL)
    gtk_widget_activate_action (GTK_WIDGET (window), command->action, NULL);
}

static void
entry_activated_cb (Palette *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);

  if (row != NULL)
    row_activated_cb (self, row);
}

static gboolean
key_pressed_cb (Palette *self, guint keyval, guint keycode, GdkModifierType state)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);
  int index = row != NULL ? gtk_list_box_row_get_index (row) : -1;

  if (keyval != GDK_KEY_Down && keyval != GDK_KEY_Up)
    return GDK_EVENT_PROPAGATE;
  row = gtk_list_box_get_row_at_index (self->list, index + (keyval == GDK_KEY_Down ? 1 : -1));
  if (row != NULL)
    gtk_list_box_select_row (self->list, row);
  return GDK_EVENT_STOP;
}

void
rounds_palette_present (RoundsWindow *window)
{
  Palette *self = g_new0 (Palette, 1);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->window = window;
  self->cancellable = g_cancellable_new ();
  self->dialog = adw_dialog_new ();
  adw_dialog_set_title (self->dialog, _("Find or Do"));
  adw_dialog_set_content_width (self->dialog, 520);
  adw_dialog_set_content_height (self->dialog, 460);

  self->entry = GTK_SEARCH_ENTRY (gtk_search_entry_new ());
  gtk_search_entry_set_placeholder_text (self->entry, _("A patient, a page, something to do…"));
  rounds_accessible_name (GTK_WIDGET (self->entry), _("Find or do"));
  gtk_widget_set_margin_top (GTK_WIDGET (self->entry), 12);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->entry), 12);
  gtk_widget_set_margin_start (GTK_WIDGET (self->entry), 12);
  gtk_widget_set_margin_end (GTK_WIDGET (self->entry), 12);
  gtk_search_entry_set_search_delay (self->entry, 0);

  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "navigation-sidebar");
  rounds_accessible_name (GTK_WIDGET (self->list), _("Matches"));
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->list));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->entry));
  gtk_box_append (GTK_BOX (box), scroller);
  adw_dialog_set_child (self->dialog, box);
  g_object_set_data_full (G_OBJECT (self->dialog), "palette", self, palette_free);

  g_signal_connect_swapped (self->entry, "search-changed", G_CALLBACK (search_changed_cb), self);
  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (entry_activated_cb), self);
  g_signal_connect_swapped (self->list, "row-activated", G_CALLBACK (row_activated_cb), self);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  gtk_widget_add_controller (box, keys);

  search_changed_cb (self);
  /* As a bottom sheet it would give the focus to the list, and what is typed would be lost. */
  adw_dialog_set_presentation_mode (self->dialog, ADW_DIALOG_FLOATING);
  adw_dialog_set_focus (self->dialog, GTK_WIDGET (self->entry));
  adw_dialog_present (self->dialog, GTK_WIDGET (window));
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
}
