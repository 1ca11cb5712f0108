/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typing ahead over a pick list. Searches run in a worker, one at a time, newest text last; the list never
 * takes the keyboard away from the entry, so a fast typist is not interrupted. */

#include "charts/view/concept-entry.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "kit/kit.h"

#define MAX_TERMS 30

struct _RoundsConceptEntry
{
  GtkBox parent_instance;

  GtkWidget *entry;
  GtkPopover *popover;
  GtkLabel *warning;
  GtkListBox *list;

  RoundsTermList terms;
  GPtrArray *found;      /* RoundsTerm of the rows */
  const char *system;    /* of what was chosen; static or interned */
  char *code;
  char *reference;       /* instead of a code: the patient's own record */
  GPtrArray *own;        /* RoundsTerm, or NULL */
  gboolean searching;
  gboolean stale;
  gboolean quiet;
};

enum {
  SIGNAL_CHANGED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsConceptEntry, rounds_concept_entry, GTK_TYPE_BOX)

static void search_start (RoundsConceptEntry *self);

static void
show_found (RoundsConceptEntry *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);
  for (guint i = 0; i < self->found->len; i++)
    {
      const RoundsTerm *term = g_ptr_array_index (self->found, i);
      GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
      GtkWidget *label = rounds_label_new (term->display, NULL);

      gtk_widget_set_hexpand (label, TRUE);
      gtk_box_append (GTK_BOX (row), label);
      if (term->reference != NULL)
        gtk_box_append (GTK_BOX (row), rounds_label_new (_("of this patient"), "dimmed caption"));
      else if (term->code != NULL && self->terms == ROUNDS_TERMS_PROBLEMS)
        gtk_box_append (GTK_BOX (row), rounds_label_new (term->code, "dimmed caption"));
      gtk_list_box_append (self->list, row);
    }
  if (self->found->len > 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    {
      gtk_widget_set_size_request (GTK_WIDGET (self->popover), MAX (gtk_widget_get_width (GTK_WIDGET (self)), 240), -1);
      gtk_popover_popup (self->popover);
    }
  else
    gtk_popover_popdown (self->popover);
}

typedef struct {
  RoundsTermList terms;
  char *query;
} Query;

static void
query_free (gpointer data)
{
  Query *query = data;

  g_free (query->query);
  g_free (query);
}

static void
search_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Query *query = data;

  g_task_return_pointer (task, rounds_terms_search (query->terms, query->query, MAX_TERMS),
                         (GDestroyNotify) g_ptr_array_unref);
}

/* Those of the patient's own that fit what is typed, before what the list has. */
static void
put_own_first (RoundsConceptEntry *self, GPtrArray *found)
{
  const char *query = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  guint n = 0;

  for (guint i = 0; self->own != NULL && i < self->own->len && n < MAX_TERMS; i++)
    {
      const RoundsTerm *own = g_ptr_array_index (self->own, i);
      RoundsTerm *term;

      if (*query != '\0' && !g_str_match_string (query, own->display, TRUE))
        continue;
      term = g_new0 (RoundsTerm, 1);
      term->display = g_strdup (own->display);
      term->reference = g_strdup (own->reference);
      g_ptr_array_insert (found, (int) n++, term);
    }
}

static gboolean
has_focus (RoundsConceptEntry *self)
{
  return (gtk_widget_get_state_flags (self->entry) & GTK_STATE_FLAG_FOCUS_WITHIN) != 0;
}

static void
search_done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  RoundsConceptEntry *self = ROUNDS_CONCEPT_ENTRY (source);
  g_autoptr (GPtrArray) found = g_task_propagate_pointer (G_TASK (result), NULL);

  self->searching = FALSE;
  if (self->stale)
    search_start (self);
  else if (found != NULL && has_focus (self))
    {
      g_clear_pointer (&self->found, g_ptr_array_unref);
      self->found = g_steal_pointer (&found);
      put_own_first (self, self->found);
      show_found (self);
    }
}

static void
search_start (RoundsConceptEntry *self)
{
  g_autoptr (GTask) task = NULL;
  Query *query;

  self->stale = self->searching;
  if (self->searching || self->terms == ROUNDS_TERMS_NONE)
    return;
  self->searching = TRUE;
  query = g_new0 (Query, 1);
  query->terms = self->terms;
  query->query = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry)));
  task = g_task_new (self, NULL, search_done_cb, NULL);
  g_task_set_task_data (task, query, query_free);
  g_task_run_in_thread (task, search_thread);
}

static void
entry_changed_cb (GtkEditable *editable, RoundsConceptEntry *self)
{
  if (self->quiet)
    return;
  /* Other words: what was chosen before no longer says what stands here. */
  self->system = NULL;
  g_clear_pointer (&self->code, g_free);
  g_clear_pointer (&self->reference, g_free);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  search_start (self);
}

static void
choose (RoundsConceptEntry *self, guint index)
{
  const RoundsTerm *term;

  if (index >= self->found->len)
    return;
  term = g_ptr_array_index (self->found, index);
  self->quiet = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), term->display);
  gtk_editable_set_position (GTK_EDITABLE (self->entry), -1);
  self->quiet = FALSE;
  self->system = term->system;
  g_free (self->code);
  self->code = g_strdup (term->code);
  g_free (self->reference);
  self->reference = g_strdup (term->reference);
  gtk_popover_popdown (self->popover);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
row_activated_cb (GtkListBox *list, GtkListBoxRow *row, RoundsConceptEntry *self)
{
  choose (self, (guint) gtk_list_box_row_get_index (row));
}

static void
move_selection (RoundsConceptEntry *self, int step)
{
  GtkListBoxRow *selected = gtk_list_box_get_selected_row (self->list);
  int index = selected != NULL ? gtk_list_box_row_get_index (selected) + step : step > 0 ? 0 : -1;
  GtkListBoxRow *row = index >= 0 ? gtk_list_box_get_row_at_index (self->list, index) : NULL;

  if (row != NULL)
    {
      graphene_rect_t bounds;
      GtkWidget *scroller = gtk_widget_get_ancestor (GTK_WIDGET (self->list), GTK_TYPE_SCROLLED_WINDOW);

      gtk_list_box_select_row (self->list, row);
      if (scroller != NULL && gtk_widget_compute_bounds (GTK_WIDGET (row), GTK_WIDGET (self->list), &bounds))
        gtk_adjustment_clamp_page (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller)),
                                   bounds.origin.y, bounds.origin.y + bounds.size.height);
    }
}

static gboolean
key_pressed_cb (GtkEventControllerKey *keys, guint keyval, guint keycode, GdkModifierType state, RoundsConceptEntry *self)
{
  const gboolean open = gtk_widget_get_visible (GTK_WIDGET (self->popover));
  GtkListBoxRow *selected = gtk_list_box_get_selected_row (self->list);

  if (keyval == GDK_KEY_Down && !open)
    {
      search_start (self);
      return TRUE;
    }
  if (!open)
    return FALSE;
  switch (keyval)
    {
    case GDK_KEY_Down:
      move_selection (self, 1);
      return TRUE;
    case GDK_KEY_Up:
      move_selection (self, -1);
      return TRUE;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
      if (selected == NULL)
        return FALSE;
      choose (self, (guint) gtk_list_box_row_get_index (selected));
      return TRUE;
    case GDK_KEY_Escape:
      gtk_popover_popdown (self->popover);
      return TRUE;
    default:
      return FALSE;
    }
}

/* The patient's own few are worth a look before a word is typed. */
static void
focus_came_cb (GtkEventControllerFocus *focus, RoundsConceptEntry *self)
{
  if (self->own != NULL && self->own->len > 0 && *gtk_editable_get_text (GTK_EDITABLE (self->entry)) == '\0')
    search_start (self);
}

static void
focus_left_cb (GtkEventControllerFocus *focus, RoundsConceptEntry *self)
{
  gtk_popover_popdown (self->popover);
}

static gboolean
rounds_concept_entry_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (ROUNDS_CONCEPT_ENTRY (widget)->entry);
}

static void
rounds_concept_entry_dispose (GObject *object)
{
  RoundsConceptEntry *self = ROUNDS_CONCEPT_ENTRY (object);

  g_clear_pointer ((GtkWidget **) &self->popover, gtk_widget_unparent);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_clear_pointer (&self->own, g_ptr_array_unref);
  g_clear_pointer (&self->code, g_free);
  g_clear_pointer (&self->reference, g_free);
  G_OBJECT_CLASS (rounds_concept_entry_parent_class)->dispose (object);
}

static void
rounds_concept_entry_class_init (RoundsConceptEntryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_concept_entry_dispose;
  GTK_WIDGET_CLASS (klass)->grab_focus = rounds_concept_entry_grab_focus;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
rounds_concept_entry_init (RoundsConceptEntry *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_term_free);
  self->entry = gtk_entry_new ();
  gtk_widget_set_hexpand (self->entry, TRUE);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->entry), 4);
  gtk_box_append (GTK_BOX (self), self->entry);
  g_signal_connect (self->entry, "changed", G_CALLBACK (entry_changed_cb), self);

  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  g_signal_connect (self->list, "row-activated", G_CALLBACK (row_activated_cb), self);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->list));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 260);
  self->popover = GTK_POPOVER (gtk_popover_new ());
  self->warning = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->warning, TRUE);
  gtk_label_set_max_width_chars (self->warning, 30);
  gtk_label_set_xalign (self->warning, 0);
  gtk_widget_add_css_class (GTK_WIDGET (self->warning), "list-warning");
  gtk_widget_set_visible (GTK_WIDGET (self->warning), FALSE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->warning));
  gtk_box_append (GTK_BOX (box), scroller);
  gtk_popover_set_child (self->popover, box);
  gtk_popover_set_autohide (self->popover, FALSE);
  gtk_popover_set_has_arrow (self->popover, FALSE);
  gtk_popover_set_position (self->popover, GTK_POS_BOTTOM);
  gtk_widget_add_css_class (GTK_WIDGET (self->popover), "menu");
  gtk_widget_set_parent (GTK_WIDGET (self->popover), GTK_WIDGET (self));

  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  gtk_widget_add_controller (self->entry, keys);
  g_signal_connect (focus, "enter", G_CALLBACK (focus_came_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (focus_left_cb), self);
  gtk_widget_add_controller (self->entry, focus);
}

GtkWidget *
rounds_concept_entry_new (RoundsTermList list, const char *accessible_name, const char *hint)
{
  RoundsConceptEntry *self = g_object_new (ROUNDS_TYPE_CONCEPT_ENTRY, NULL);

  self->terms = list;
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), hint);
  rounds_accessible_name (self->entry, accessible_name);
  return GTK_WIDGET (self);
}

json_object *
rounds_concept_entry_get_value (RoundsConceptEntry *self)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry))));
  json_object *value;

  if (*text == '\0' && self->reference == NULL)
    return NULL;
  value = json_object_new_object ();
  rounds_json_add_string (value, "text", *text != '\0' ? text : NULL);
  rounds_json_add_string (value, "system", self->system);
  rounds_json_add_string (value, "code", self->code);
  rounds_json_add_string (value, "reference", self->reference);
  return value;
}

void
rounds_concept_entry_set_value (RoundsConceptEntry *self, json_object *value)
{
  const char *text = rounds_json_peek_string (value, "text");

  self->quiet = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text != NULL ? text : "");
  self->quiet = FALSE;
  self->system = g_intern_string (rounds_json_peek_string (value, "system"));
  g_free (self->code);
  self->code = g_strdup (rounds_json_peek_string (value, "code"));
  g_free (self->reference);
  self->reference = g_strdup (rounds_json_peek_string (value, "reference"));
}

void
rounds_concept_entry_take_own (RoundsConceptEntry *self, GPtrArray *own)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  const char *name = self->reference;   /* at least that something stands here */

  g_clear_pointer (&self->own, g_ptr_array_unref);
  self->own = own;
  /* Someone typed faster than they came. */
  if (has_focus (self) && self->reference == NULL)
    search_start (self);
  if (self->reference == NULL || *text != '\0')
    return;
  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      const RoundsTerm *term = g_ptr_array_index (own, i);

      if (g_strcmp0 (term->reference, self->reference) == 0)
        name = term->display;
    }
  self->quiet = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->entry), name);
  self->quiet = FALSE;
}

void
rounds_concept_entry_set_warning (RoundsConceptEntry *self, const char *text, RoundsTone tone)
{
  gtk_label_set_label (self->warning, text != NULL ? text : "");
  rounds_tone_apply (GTK_WIDGET (self->warning), tone);
  gtk_widget_set_visible (GTK_WIDGET (self->warning), text != NULL);
}
