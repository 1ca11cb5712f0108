/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entry form in a real window: an unusual value is asked once, an impossible one refused, Save writes one edit, and
 * numbers typed for one patient are gone when another comes. */
#include <adwaita.h>
#include <glib/gstdio.h>
#include <string.h>

#include "kit/kit.h"
#include "vitals/view/vitals-card.h"
#include "vitals/view/vitals-form.h"
#include "vitals/view/vitals-page.h"

static void
collect (GtkWidget *widget, GType type, GPtrArray *out)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type))
    g_ptr_array_add (out, widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    collect (child, type, out);
}

static GtkWidget *
nth (GtkWidget *root, GType type, guint index)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  collect (root, type, all);
  g_assert_cmpuint (index, <, all->len);
  return g_ptr_array_index (all, index);
}

static gboolean
has_label (GtkWidget *root, const char *part)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  collect (root, GTK_TYPE_LABEL, all);
  for (guint i = 0; i < all->len; i++)
    {
      GtkWidget *label = g_ptr_array_index (all, i);
      gboolean seen = gtk_widget_get_mapped (root) ? gtk_widget_get_mapped (label) : gtk_widget_get_visible (label);
      if (seen && strstr (gtk_label_get_text (GTK_LABEL (label)), part) != NULL)
        return TRUE;
    }
  return FALSE;
}

static RoundsStore *
make_store (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_copy ("a passphrase", 12);
  g_autoptr (RoundsSecret) recovery = NULL, key = NULL;
  g_autoptr (RoundsVault) vault = rounds_vault_create (folder, "Test", ROUNDS_ROLE_PHYSICIAN, passphrase, &recovery, &error);
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);
  RoundsStore *store;

  g_assert_no_error (error);
  key = rounds_vault_unlock (vault, passphrase, &error);
  store = rounds_store_open (vault, key, TRUE, &error);
  g_assert_no_error (error);
  rounds_edit_put (edit, "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"birthDate\":\"1960-05-01\"}", 0);
  rounds_edit_put (edit, "Patient", "p2", "{\"resourceType\":\"Patient\",\"id\":\"p2\",\"birthDate\":\"1960-05-01\"}", 0);
  g_assert_true (rounds_store_apply (store, edit, &error));
  return store;
}

static void
wait_for_label (GtkWidget *root, const char *part)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (!has_label (root, part) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  if (!has_label (root, part))
    g_error ("“%s” never appeared", part);
}

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
type_into (GtkWidget *form, guint index, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (nth (form, GTK_TYPE_ENTRY, index)), text);
}

static void
test_form (void)
{
  g_autofree char *folder = g_dir_make_tmp ("rounds-form-XXXXXX", NULL);
  g_autofree char *profile = g_build_filename (folder, "p", NULL);
  RoundsStore *store = make_store (profile);
  GtkWidget *window = adw_window_new (), *toasts = adw_toast_overlay_new (), *page = rounds_vitals_page_new ();
  GtkWidget *form, *pulse;
  g_autoptr (GPtrArray) observations = NULL;
  guint tick = g_timeout_add (20, tick_cb, NULL);

  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (toasts), page);
  adw_window_set_content (ADW_WINDOW (window), toasts);
  gtk_window_set_default_size (GTK_WINDOW (window), 1200, 800);
  rounds_vitals_page_set_patient (ROUNDS_VITALS_PAGE (page), store, "p1");
  gtk_window_present (GTK_WINDOW (window));
  form = nth (page, ROUNDS_TYPE_VITALS_FORM, 0);
  wait_for_label (page, "No Vitals Recorded");

  type_into (form, 0, "26");
  type_into (form, 1, "91");
  type_into (form, 3, "104 / 62");
  type_into (form, 5, "38,6");
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (nth (form, GTK_TYPE_TOGGLE_BUTTON, 0)), TRUE);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (nth (form, GTK_TYPE_TOGGLE_BUTTON, 2)), TRUE);
  g_assert_true (has_label (form, "≥ 8"));

  pulse = nth (form, GTK_TYPE_ENTRY, 4);
  type_into (form, 4, "900");
  g_signal_emit_by_name (pulse, "activate");
  g_assert_true (gtk_widget_has_css_class (pulse, "error"));
  type_into (form, 4, "212");
  g_signal_emit_by_name (pulse, "activate");
  g_assert_true (gtk_widget_has_css_class (pulse, "warning"));
  g_assert_true (has_label (form, "Enter again"));
  g_signal_emit_by_name (pulse, "activate");
  g_assert_false (gtk_widget_has_css_class (pulse, "warning"));
  g_assert_true (has_label (form, "11"));

  g_assert_true (gtk_widget_activate_action (page, "vitals.enter", NULL));
  for (guint i = 0;; i++)
    {
      GtkWidget *button = nth (form, GTK_TYPE_BUTTON, i);
      if (gtk_widget_has_css_class (button, "suggested-action"))
        {
          g_signal_emit_by_name (button, "clicked");
          break;
        }
    }
  wait_for_label (page, "104/62");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (pulse)), ==, "");
  observations = rounds_store_list (store, "Observation", "p1", 0, NULL);
  g_assert_cmpuint (observations->len, ==, 8);

  type_into (form, 0, "17");
  rounds_vitals_page_set_patient (ROUNDS_VITALS_PAGE (page), store, "p2");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (nth (form, GTK_TYPE_ENTRY, 0))), ==, "");
  g_assert_false (has_label (page, "104/62"));
  wait_for_label (page, "No Vitals Recorded");

  rounds_vitals_page_set_patient (ROUNDS_VITALS_PAGE (page), NULL, NULL);
  {
    gpointer watched = page;
    GtkWidget *card = g_object_ref_sink (rounds_vitals_card_new ());

    rounds_vitals_card_set_patient (ROUNDS_VITALS_CARD (card), store, "p1");
    wait_for_label (card, "104/62");
    g_assert_true (has_label (card, "NEWS2 11"));
    g_object_add_weak_pointer (G_OBJECT (card), (gpointer *) &card);
    g_object_unref (card);
    g_assert_null (card);
    /* Toasts hold the form until they go; the window takes them along. */
    g_object_add_weak_pointer (G_OBJECT (page), &watched);
    gtk_window_destroy (GTK_WINDOW (window));
    while (watched != NULL && g_main_context_iteration (NULL, FALSE))
      ;
    g_assert_null (watched);
  }
  g_source_remove (tick);
  rounds_store_close (store);
  g_object_unref (store);
  remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* GTK warns now and then of a focus event that never comes where there is no window manager. Criticals and
   * errors still end the test. */
  g_log_set_always_fatal ((GLogLevelFlags) (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 77;
    }
  adw_init ();
  rounds_kit_init ();
  g_test_add_func ("/vitals/view/form", test_form);
  return g_test_run ();
}
