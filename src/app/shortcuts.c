/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The list of keys. GtkShortcutsWindow has no future from GTK 4.18 on and its successor comes only with
 * libadwaita 1.8, so this is a plain dialog of rows that a screen reader reads as "what, key".
 */

#include "app/shortcuts.h"

#include <glib/gi18n-lib.h>

typedef struct {
  const char *group;   /* NULL: as the one before */
  const char *title;
  const char *keys;
} Shortcut;

static const Shortcut shortcuts[] = {
  { N_("General"), N_("Find or do"), "Ctrl K" },
  { NULL, N_("Find a patient"), "Ctrl F" },
  { NULL, N_("Order and filter"), "Ctrl Shift F" },
  { NULL, N_("New patient"), "Ctrl Shift N" },
  { NULL, N_("Import files"), "Ctrl O" },
  { NULL, N_("Summary, chart, scans, vitals"), "Ctrl 1 … 4" },
  { NULL, N_("Sync now"), "Ctrl R" },
  { NULL, N_("Sync and outbox"), "Ctrl Shift S" },
  { NULL, N_("Connections"), "Ctrl Shift C" },
  { NULL, N_("Patient list"), "F9" },
  { NULL, N_("Full screen"), "F11" },
  { NULL, N_("Lock"), "Ctrl L" },
  { NULL, N_("Help"), "F1" },
  { NULL, N_("Quit"), "Ctrl Q" },
  { N_("Chart"), N_("Add"), "N" },
  { NULL, N_("Problems, allergies, medications …"), "Alt 1 … 8" },
  { NULL, N_("Edit the selected row"), "F2" },
  { NULL, N_("Delete (entered in error)"), "Delete" },
  { NULL, N_("Save the form"), "Ctrl ⏎" },
  { NULL, N_("Close the form, its draft is kept"), "Esc" },
  { N_("Scans"), N_("Previous and next slice"), "↑ ↓" },
  { NULL, N_("Ten slices"), "Shift ↑ ↓" },
  { NULL, N_("First and last slice"), "Home End" },
  { NULL, N_("Previous and next series"), "Page Up, Page Down" },
  { NULL, N_("Automatic window"), "0" },
  { NULL, N_("Window presets"), "1 … 9" },
  { NULL, N_("Invert"), "I" },
  { NULL, N_("Play or stop"), "C" },
  { NULL, N_("Rotate right and left"), "R L" },
  { NULL, N_("Flip"), "H V" },
  { NULL, N_("Measure a length, an ellipse, a value"), "D E B" },
  { NULL, N_("Hold for the original pixels"), "O" },
  { NULL, N_("Overlay text"), "Space" },
  { NULL, N_("Reset the view"), "Esc" },
  { N_("Changed in two places"), N_("Take mine or theirs of one field"), "M T" },
  { NULL, N_("Take all mine or all theirs"), "Alt M, Alt T" },
  { NULL, N_("Save the decision"), "Ctrl ⏎" },
  { NULL, N_("Decide later"), "Esc" },
  { NULL, N_("Take the decision back"), "Ctrl Z" },
  { N_("Vitals"), N_("Move the crosshair"), "← →" },
  { NULL, N_("Zoom"), "+ −" },
  { NULL, N_("Save entered values"), "Ctrl ⏎" },
};

void
rounds_shortcuts_present (GtkWidget *parent)
{
  AdwDialog *dialog = adw_dialog_new ();
  GtkWidget *view = adw_toolbar_view_new ();
  GtkWidget *page = adw_preferences_page_new ();
  GtkWidget *group = NULL;

  adw_dialog_set_title (dialog, _("Keyboard Shortcuts"));
  adw_dialog_set_content_width (dialog, 520);
  adw_dialog_set_content_height (dialog, 640);
  for (gsize i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    {
      GtkWidget *row = adw_action_row_new ();
      GtkWidget *keys = gtk_label_new (shortcuts[i].keys);

      if (shortcuts[i].group != NULL)
        {
          group = adw_preferences_group_new ();
          adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _(shortcuts[i].group));
          adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
        }
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _(shortcuts[i].title));
      gtk_widget_add_css_class (keys, "dim-label");
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), keys);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
    }
  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), adw_header_bar_new ());
  adw_toolbar_view_set_content (ADW_TOOLBAR_VIEW (view), page);
  adw_dialog_set_child (dialog, view);
  adw_dialog_present (dialog, parent);
}
