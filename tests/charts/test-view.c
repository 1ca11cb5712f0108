/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The widgets of the chart on a virtual display: drafts at every keystroke, nothing of the patient before,
 * one form for every section, and the keyboard's verbs. */

#include "charts-test.h"

#include <adwaita.h>
#include <string.h>

#include "charts/edit.h"
#include "charts/list-model.h"
#include "charts/sections.h"
#include "charts/view/chart-page.h"
#include "charts/view/concept-entry.h"
#include "charts/view/form-panel.h"
#include "charts/view/patient-banner.h"
#include "charts/view/patient-filter.h"
#include "charts/view/patient-list.h"
#include "charts/view/section-card.h"
#include "kit/card.h"
#include "kit/kit.h"

/* The nth widget of a type below another, in order. */
static GtkWidget *
find_type (GtkWidget *widget, GType type, guint *skip)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type) && (*skip)-- == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_type (child, type, skip);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
nth (GtkWidget *widget, GType type, guint n)
{
  return find_type (widget, type, &n);
}

/* Whether some visible label below a widget holds this text. */
static gboolean
shows (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_visible (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_label (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (shows (child, text))
      return TRUE;
  return FALSE;
}

typedef struct {
  char *folder;
  RoundsStore *store;
  GtkWidget *window;
  GtkWidget *overlay;
} Screen;

static void
screen_open (Screen *screen, GtkWidget *child)
{
  screen->window = gtk_window_new ();
  screen->overlay = adw_toast_overlay_new ();
  gtk_window_set_default_size (GTK_WINDOW (screen->window), 1200, 800);
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (screen->overlay), child);
  gtk_window_set_child (GTK_WINDOW (screen->window), screen->overlay);
  gtk_window_present (GTK_WINDOW (screen->window));
  test_wait (gtk_widget_get_mapped (child));
}

static void
screen_end (Screen *screen)
{
  gtk_window_destroy (GTK_WINDOW (screen->window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  test_store_end (screen->store, screen->folder);
}

static void
screen_begin (Screen *screen)
{
  screen->store = test_store_new (&screen->folder);
  test_put_patient (screen->store);
  test_put (screen->store, "{'resourceType':'Patient','id':'p2','name':[{'family':'Zweite','given':['Berta']}],"
                           "'birthDate':'1970-01-01'}");
  test_put (screen->store, "{'resourceType':'Condition','id':'c1','code':{'text':'Gout'},'subject':{'reference':'Patient/p1'},"
                           "'clinicalStatus':{'coding':[{'code':'active'}]}}");
}

static void
test_drafts (void)
{
  Screen screen;
  GtkWidget *page = rounds_chart_page_new (), *form, *text;
  g_autofree char *key = rounds_draft_key ("p1", "notes", NULL);
  char *draft = NULL;

  screen_begin (&screen);
  screen_open (&screen, page);
  rounds_chart_page_set_patient (ROUNDS_CHART_PAGE (page), screen.store, "p1");
  rounds_chart_page_add (ROUNDS_CHART_PAGE (page), "notes");
  form = nth (page, ROUNDS_TYPE_FORM_PANEL, 0);
  g_assert_true (rounds_form_panel_is_open (ROUNDS_FORM_PANEL (form)));
  text = nth (form, GTK_TYPE_TEXT_VIEW, 0);
  gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (text)), "half", -1);
  gtk_text_buffer_insert_at_cursor (gtk_text_view_get_buffer (GTK_TEXT_VIEW (text)), " a word", -1);
  test_wait ((g_free (draft), draft = rounds_store_dup_draft (screen.store, key, NULL)) != NULL
             && strstr (draft, "half a word") != NULL);
  g_free (draft);

  /* Another patient comes: the form goes, the draft stays with the first. */
  rounds_chart_page_set_patient (ROUNDS_CHART_PAGE (page), screen.store, "p2");
  g_assert_false (rounds_form_panel_is_open (ROUNDS_FORM_PANEL (form)));
  g_assert_false (shows (page, "Unfinished"));
  rounds_chart_page_set_patient (ROUNDS_CHART_PAGE (page), screen.store, "p1");
  test_wait (shows (page, "Unfinished"));
  screen_end (&screen);
}

static void
test_save_and_undo (void)
{
  Screen screen;
  GtkWidget *page = rounds_chart_page_new (), *form, *entry;
  g_autoptr (RoundsListModel) model = NULL;

  screen_begin (&screen);
  screen_open (&screen, page);
  rounds_chart_page_set_patient (ROUNDS_CHART_PAGE (page), screen.store, "p1");
  model = rounds_list_model_get_shared (screen.store, &rounds_section_problems, "p1");
  test_wait (g_list_model_get_n_items (G_LIST_MODEL (model)) == 1);
  rounds_chart_page_add (ROUNDS_CHART_PAGE (page), "problems");
  form = nth (page, ROUNDS_TYPE_FORM_PANEL, 0);
  entry = nth (form, GTK_TYPE_TEXT, 0);
  gtk_editable_set_text (GTK_EDITABLE (entry), "Asthma");
  gtk_widget_activate_action (form, "form.save", NULL);
  test_wait (g_list_model_get_n_items (G_LIST_MODEL (model)) == 2);
  test_wait (!rounds_form_panel_is_open (ROUNDS_FORM_PANEL (form)));
  test_wait (shows (page, "Asthma"));
  test_wait (shows (page, "recorded"));

  /* Resolve what is selected, and take it back. */
  test_wait (rounds_list_model_get_n_active (model) == 2);
  gtk_widget_activate_action (page, "chart.stop", NULL);
  test_wait (rounds_list_model_get_n_active (model) == 1);
  test_wait (shows (screen.overlay, "Resolve: "));
  gtk_widget_activate_action (page, "chart.undo", NULL);
  test_wait (rounds_list_model_get_n_active (model) == 2);
  screen_end (&screen);
}

static void
test_reason (void)
{
  Screen screen;
  GtkWidget *page = rounds_chart_page_new (), *form;
  guint before;

  screen_begin (&screen);
  test_put (screen.store, "{'resourceType':'AllergyIntolerance','id':'a','patient':{'reference':'Patient/p1'},"
                          "'code':{'text':'penicillin V'},'verificationStatus':{'coding':[{'code':'confirmed'}]},"
                          "'reaction':[{'manifestation':[{'text':'anaphylaxis'}]}]}");
  screen_open (&screen, page);
  rounds_chart_page_set_patient (ROUNDS_CHART_PAGE (page), screen.store, "p1");
  rounds_chart_page_add (ROUNDS_CHART_PAGE (page), "medications");
  form = nth (page, ROUNDS_TYPE_FORM_PANEL, 0);
  gtk_editable_set_text (GTK_EDITABLE (nth (form, GTK_TYPE_TEXT, 0)), "amoxicillin 500 mg");
  test_wait (shows (form, "Allergic to penicillin V"));
  g_assert_true (shows (form, "Reason to prescribe"));
  /* Without a reason the verb does nothing; with one it goes on. */
  gtk_widget_activate_action (form, "form.save", NULL);
  before = 0;
  while (before++ < 50)
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (rounds_form_panel_is_open (ROUNDS_FORM_PANEL (form)));
  gtk_editable_set_text (GTK_EDITABLE (nth (form, GTK_TYPE_TEXT, 1)), "desensitised");
  gtk_widget_activate_action (form, "form.save", NULL);
  test_wait (!rounds_form_panel_is_open (ROUNDS_FORM_PANEL (form)));
  screen_end (&screen);
}

/* "For problem": the patient's own active problems come first, and the prescription refers to the chosen one. */
static void
test_own_problems (void)
{
  Screen screen;
  GtkWidget *page = rounds_chart_page_new (), *form, *entry, *list;
  g_autoptr (GPtrArray) records = NULL;
  g_autoptr (json_object) made = NULL;

  screen_begin (&screen);
  test_put (screen.store, "{'resourceType':'Condition','id':'c2','code':{'text':'Goitre'},'subject':{'reference':'Patient/p1'},"
                          "'clinicalStatus':{'coding':[{'code':'resolved'}]}}");
  test_put (screen.store, "{'resourceType':'Condition','id':'c3','code':{'text':'Gout of another'},'subject':"
                          "{'reference':'Patient/p2'},'clinicalStatus':{'coding':[{'code':'active'}]}}");
  screen_open (&screen, page);
  rounds_chart_page_set_patient (ROUNDS_CHART_PAGE (page), screen.store, "p1");
  rounds_chart_page_add (ROUNDS_CHART_PAGE (page), "medications");
  form = nth (page, ROUNDS_TYPE_FORM_PANEL, 0);
  gtk_editable_set_text (GTK_EDITABLE (nth (form, GTK_TYPE_TEXT, 0)), "allopurinol 100 mg");
  entry = nth (form, ROUNDS_TYPE_CONCEPT_ENTRY, 3);
  gtk_widget_grab_focus (entry);
  gtk_editable_set_text (GTK_EDITABLE (nth (entry, GTK_TYPE_TEXT, 0)), "go");
  list = nth (entry, GTK_TYPE_LIST_BOX, 0);
  test_wait (shows (list, "of this patient"));
  g_assert_false (shows (list, "Gout of another"));
  g_assert_false (shows (list, "Goitre"));
  g_signal_emit_by_name (list, "row-activated", gtk_list_box_get_row_at_index (GTK_LIST_BOX (list), 0));
  gtk_widget_activate_action (form, "form.save", NULL);
  test_wait (!rounds_form_panel_is_open (ROUNDS_FORM_PANEL (form)));
  records = rounds_store_list (screen.store, "MedicationRequest", "p1", 0, NULL);
  g_assert_cmpuint (records->len, ==, 1);
  made = rounds_record_parse (g_ptr_array_index (records, 0));
  g_assert_cmpstr (rounds_json_peek_string (made, "reasonReference.0.reference"), ==, "Condition/c1");
  g_assert_cmpstr (rounds_json_peek_string (made, "reasonReference.0.display"), ==, "Gout");
  screen_end (&screen);
}

static void
test_banner (void)
{
  Screen screen;
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *banner = rounds_patient_banner_new (), *card = rounds_section_card_new ("problems");

  screen_begin (&screen);
  gtk_box_append (GTK_BOX (box), banner);
  gtk_box_append (GTK_BOX (box), card);
  screen_open (&screen, box);
  rounds_patient_banner_set_patient (ROUNDS_PATIENT_BANNER (banner), screen.store, "p1");
  rounds_section_card_set_patient (ROUNDS_SECTION_CARD (card), screen.store, "p1");
  /* The answer for p1 is on its way; p2 is chosen before it comes. */
  rounds_patient_banner_set_patient (ROUNDS_PATIENT_BANNER (banner), screen.store, "p2");
  rounds_section_card_set_patient (ROUNDS_SECTION_CARD (card), screen.store, "p2");
  test_wait (shows (banner, "ZWEITE"));
  test_wait (shows (card, "No problems"));
  g_assert_false (shows (banner, "MUSTER"));
  g_assert_false (shows (card, "Gout"));
  g_assert_true (shows (banner, "No allergies recorded"));
  rounds_patient_banner_set_patient (ROUNDS_PATIENT_BANNER (banner), screen.store, "p1");
  g_assert_false (shows (banner, "ZWEITE"));
  test_wait (shows (banner, "MUSTER"));
  rounds_patient_banner_set_patient (ROUNDS_PATIENT_BANNER (banner), NULL, NULL);
  g_assert_false (shows (banner, "MUSTER"));
  screen_end (&screen);
}

static char *chosen;

static void
selected_cb (RoundsPatientList *list, const char *id, gpointer data)
{
  g_free (chosen);
  chosen = g_strdup (id);
}

static void
test_list (void)
{
  Screen screen;
  GtkWidget *list = rounds_patient_list_new (), *search;

  screen_begin (&screen);
  screen_open (&screen, list);
  g_signal_connect (list, "patient-selected", G_CALLBACK (selected_cb), NULL);
  rounds_patient_list_set_store (ROUNDS_PATIENT_LIST (list), screen.store);
  test_wait (shows (list, "MUSTER") && shows (list, "ZWEITE"));
  search = nth (list, GTK_TYPE_SEARCH_ENTRY, 0);
  gtk_editable_set_text (GTK_EDITABLE (search), "zwei");
  test_wait (!shows (list, "MUSTER"));
  g_signal_emit_by_name (search, "activate");
  g_assert_cmpstr (chosen, ==, "p2");
  gtk_editable_set_text (GTK_EDITABLE (search), "nobody");
  test_wait (shows (list, "No patient found"));
  rounds_patient_list_set_store (ROUNDS_PATIENT_LIST (list), NULL);
  g_assert_false (shows (list, "ZWEITE"));
  g_clear_pointer (&chosen, g_free);
  screen_end (&screen);
}

static GtkWidget *
row_titled (GtkWidget *root, GType type, const char *title)
{
  for (guint i = 0;; i++)
    {
      GtkWidget *row = nth (root, type, i);

      if (row == NULL || g_str_equal (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), title))
        return row;
    }
}

/* Order and filter with the mouse's and the keys' own signals; who is left out is said. */
static void
test_filter (void)
{
  Screen screen;
  GtkWidget *list = rounds_patient_list_new (), *filter, *sex, *from;
  g_autoptr (RoundsQuery) query = NULL;

  screen_begin (&screen);
  test_put (screen.store, "{'resourceType':'Patient','id':'p3','name':[{'family':'Alt'}],'gender':'other','birthDate':'1925-01-01'}");
  test_put (screen.store, "{'resourceType':'Encounter','id':'e1','status':'in-progress','subject':{'reference':'Patient/p2'},"
                          "'period':{'start':'2001-01-01'}}");
  screen_open (&screen, list);
  rounds_patient_list_set_store (ROUNDS_PATIENT_LIST (list), screen.store);
  filter = nth (list, ROUNDS_TYPE_PATIENT_FILTER, 0);
  sex = row_titled (filter, ADW_TYPE_COMBO_ROW, "Sex");
  from = row_titled (filter, ADW_TYPE_SPIN_ROW, "From age");
  test_wait (shows (list, "MUSTER") && shows (list, "ZWEITE") && shows (list, "ALT"));
  g_assert_null (rounds_patient_filter_make_query (ROUNDS_PATIENT_FILTER (filter)));
  adw_combo_row_set_selected (ADW_COMBO_ROW (sex), 3);
  test_wait (!shows (list, "MUSTER") && !shows (list, "ZWEITE") && shows (list, "ALT"));
  g_assert_true (rounds_patient_filter_leaves_out (ROUNDS_PATIENT_FILTER (filter)));
  adw_combo_row_set_selected (ADW_COMBO_ROW (sex), 0);
  adw_spin_row_set_value (ADW_SPIN_ROW (from), 95);
  test_wait (!shows (list, "ZWEITE") && shows (list, "ALT"));
  adw_spin_row_set_value (ADW_SPIN_ROW (from), 0);
  adw_switch_row_set_active (ADW_SWITCH_ROW (row_titled (filter, ADW_TYPE_SWITCH_ROW, "Open encounter")), TRUE);
  test_wait (shows (list, "ZWEITE") && !shows (list, "ALT") && !shows (list, "MUSTER"));
  /* Among men nobody is left, and the way back is there. */
  adw_combo_row_set_selected (ADW_COMBO_ROW (row_titled (filter, ADW_TYPE_COMBO_ROW, "Sex")), 2);
  test_wait (g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (nth (list, GTK_TYPE_STACK, 0))), "filtered") == 0);
  gtk_widget_activate_action (list, "patients.show-all", NULL);
  test_wait (shows (list, "MUSTER") && shows (list, "ZWEITE") && shows (list, "ALT"));
  g_assert_false (rounds_patient_filter_leaves_out (ROUNDS_PATIENT_FILTER (filter)));
  adw_combo_row_set_selected (ADW_COMBO_ROW (row_titled (filter, ADW_TYPE_COMBO_ROW, "Order")), 1);
  query = rounds_patient_filter_make_query (ROUNDS_PATIENT_FILTER (filter));
  g_assert_nonnull (query);
  g_assert_false (rounds_patient_filter_leaves_out (ROUNDS_PATIENT_FILTER (filter)));
  /* Locking forgets what was chosen. */
  rounds_patient_list_set_store (ROUNDS_PATIENT_LIST (list), NULL);
  g_assert_null (rounds_patient_filter_make_query (ROUNDS_PATIENT_FILTER (filter)));
  screen_end (&screen);
}

static void
test_card (void)
{
  GtkWidget *card = g_object_ref_sink (rounds_card_new ("Title"));

  rounds_card_set_suffix (ROUNDS_CARD (card), "5 active");
  rounds_card_append (ROUNDS_CARD (card), rounds_card_row_new ("Gout", ROUNDS_TONE_ACT, "left toe", "unsynced",
                                                               ROUNDS_TONE_UNSYNCED, "2019"));
  g_assert_true (shows (card, "left toe"));
  rounds_card_set_note (ROUNDS_CARD (card), "Nothing");
  g_assert_false (shows (card, "left toe"));
  g_assert_true (shows (card, "Nothing"));
  g_object_add_weak_pointer (G_OBJECT (card), (gpointer *) &card);
  g_object_unref (card);
  g_assert_null (card);
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
      return 0;
    }
  adw_init ();
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", FALSE, NULL);
  rounds_kit_init ();
  g_test_add_func ("/charts/view/card", test_card);
  g_test_add_func ("/charts/view/list", test_list);
  g_test_add_func ("/charts/view/filter", test_filter);
  g_test_add_func ("/charts/view/own-problems", test_own_problems);
  g_test_add_func ("/charts/view/banner", test_banner);
  g_test_add_func ("/charts/view/save-and-undo", test_save_and_undo);
  g_test_add_func ("/charts/view/drafts", test_drafts);
  g_test_add_func ("/charts/view/reason", test_reason);
  return g_test_run ();
}
