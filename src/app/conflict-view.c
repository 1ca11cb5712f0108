/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The decision about a resource that was changed in two places. The merge has already joined what does not
 * touch; this shows all of it and takes one choice a field. The result becomes a change on top of theirs, so
 * the loser stays in the history of both sides.
 */

#include "app/conflict-view.h"

#include <glib/gi18n-lib.h>

#include "app/conflict-rows.h"
#include "fhir/merge.h"
#include "kit/kit.h"

struct _RoundsConflictView {
  AdwBin parent_instance;

  GtkLabel *title_label, *patient_label, *what_label;
  GtkGrid *grid, *result_grid;
  GtkLabel *hint_label;
  GtkWidget *save_button;

  RoundsStore *store;
  RoundsQuestion *question;
  json_object *base, *mine, *theirs;
  GPtrArray *rows;      /* RoundsConflictRow */
  GPtrArray *choices;   /* Choice, one a row that must be chosen */
  GPtrArray *cells;     /* Cell: what stands in the grid, for another layout when it is narrow */
  guint ticket;         /* of the question that is shown */
  gboolean whole;       /* deleted on one side, or lost by the server: the choice is all or nothing */
  gboolean narrow;
  gboolean filling;
  gboolean can_save;
};

typedef struct {
  const RoundsConflictRow *row;   /* borrowed */
  GtkCheckButton *mine;           /* borrowed from the grid */
  GtkCheckButton *theirs;
} Choice;

typedef struct {
  GtkWidget *widget;   /* borrowed from the grid */
  GtkWidget *caption;  /* inside it: whose value it is, where no head of a column says so; or NULL */
  int column, row;
} Cell;

enum {
  DECIDED,
  DECIDING,
  LATER,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsConflictView, rounds_conflict_view, ADW_TYPE_BIN)

void
rounds_question_free (RoundsQuestion *self)
{
  if (self == NULL)
    return;
  rounds_conflict_free (self->conflict);
  rounds_change_words_free (self->words);
  g_free (self->mine_who);
  g_free (self);
}

RoundsQuestion *
rounds_question_load (RoundsStore *store, const char *type, const char *id, GError **error)
{
  RoundsConflict *conflict = rounds_store_conflict_get (store, type, id, error);
  g_autoptr (GPtrArray) history = NULL;
  RoundsQuestion *self = NULL;

  if (conflict == NULL)
    return NULL;
  self = g_new0 (RoundsQuestion, 1);
  self->conflict = conflict;
  self->words = rounds_change_words_new (store, conflict->type, conflict->id,
                                         conflict->mine != NULL ? conflict->mine : conflict->theirs, conflict->base);
  history = rounds_store_history (store, type, id, NULL);
  if (history != NULL && history->len > 0)
    {
      const RoundsRecord *record = history->pdata[0];

      self->mine_us = record->changed_us;
      self->mine_who = g_strcmp0 (record->changed_by, "cloud") != 0 ? g_strdup (record->changed_by) : NULL;
    }
  return self;
}

/* --- the grid ------------------------------------------------------------------------------------------ */

static void
empty_grid (GtkGrid *grid)
{
  GtkWidget *child = NULL;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (grid))) != NULL)
    gtk_grid_remove (grid, child);
}

static void
clear (RoundsConflictView *self)
{
  self->ticket++;
  g_ptr_array_set_size (self->choices, 0);
  g_ptr_array_set_size (self->cells, 0);
  empty_grid (self->grid);
  empty_grid (self->result_grid);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->base, json_object_put);
  g_clear_pointer (&self->mine, json_object_put);
  g_clear_pointer (&self->theirs, json_object_put);
  g_clear_pointer (&self->question, rounds_question_free);
  g_clear_object (&self->store);
  gtk_label_set_label (self->title_label, "");
  gtk_label_set_label (self->patient_label, "");
  gtk_label_set_label (self->what_label, "");
  gtk_label_set_label (self->hint_label, "");
}

/* Four columns side by side; one below the other where they would not be readable. */
static void
place (RoundsConflictView *self, const Cell *cell)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self->grid));
  GtkGridLayoutChild *child = GTK_GRID_LAYOUT_CHILD (gtk_layout_manager_get_layout_child (layout, cell->widget));
  gboolean heads = cell->row == 0;

  gtk_grid_layout_child_set_column (child, self->narrow ? 0 : cell->column);
  gtk_grid_layout_child_set_row (child, self->narrow ? cell->row * 4 + cell->column : cell->row);
  gtk_widget_set_visible (cell->widget, !(self->narrow && heads));
  gtk_widget_set_margin_top (cell->widget, self->narrow && cell->column == 0 && cell->row > 1 ? 10 : 0);
  if (cell->caption != NULL)
    gtk_widget_set_visible (cell->caption, self->narrow);
}

static void
lay_out (RoundsConflictView *self)
{
  for (guint i = 0; i < self->cells->len; i++)
    place (self, self->cells->pdata[i]);
}

static void
narrow_cb (RoundsConflictView *self)
{
  self->narrow = TRUE;
  lay_out (self);
}

static void
wide_cb (RoundsConflictView *self)
{
  self->narrow = FALSE;
  lay_out (self);
}

static void
attach (RoundsConflictView *self, GtkWidget *widget, GtkWidget *caption, int column, int row)
{
  Cell *cell = g_new0 (Cell, 1);

  cell->widget = widget;
  cell->caption = caption;
  cell->column = column;
  cell->row = row;
  gtk_grid_attach (self->grid, widget, column, row, 1, 1);
  g_ptr_array_add (self->cells, cell);
  place (self, cell);
}

static GtkWidget *
text_new (const char *text, const char *css)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_natural_wrap_mode (GTK_LABEL (label), GTK_NATURAL_WRAP_WORD);
  if (css != NULL)
    gtk_widget_add_css_class (label, css);
  return label;
}

/* A value under the small word that says whose it is. */
static GtkWidget *
value_new (const char *text, const char *css, int column, GtkWidget **caption)
{
  static const char *const sides[] = { NULL, N_("Before"), N_("Mine"), N_("Theirs") };
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *label = text_new (text, css);

  *caption = NULL;
  if (sides[column] != NULL)
    {
      *caption = text_new (_(sides[column]), "caption");
      gtk_widget_add_css_class (*caption, "dim-label");
      gtk_widget_set_visible (*caption, FALSE);
      gtk_box_append (GTK_BOX (box), *caption);
    }
  gtk_label_set_width_chars (GTK_LABEL (label), column == 0 ? 10 : 12);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 34);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), label);
  return box;
}

static void
attach_text (RoundsConflictView *self, const char *text, const char *css, int column, int row)
{
  GtkWidget *caption = NULL, *box = value_new (text, css, column, &caption);

  gtk_widget_set_hexpand (box, column > 0);
  attach (self, box, caption, column, row);
}

/* "Mine" over "yesterday 17:52 · Dr Example". */
static void
attach_head (RoundsConflictView *self, const char *title, const char *detail, int column)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  gtk_box_append (GTK_BOX (box), text_new (title, "heading"));
  if (detail != NULL)
    {
      GtkWidget *label = text_new (detail, "caption");

      gtk_widget_add_css_class (label, "dim-label");
      gtk_box_append (GTK_BOX (box), label);
    }
  gtk_widget_set_valign (box, GTK_ALIGN_START);
  attach (self, box, NULL, column, 0);
}

/* The button follows the action. */
static void
set_can_save (RoundsConflictView *self, gboolean can_save)
{
  self->can_save = can_save;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "conflict.save", can_save);
}

/* --- deciding ------------------------------------------------------------------------------------------- */

static gboolean
is_decided (const Choice *choice)
{
  return gtk_check_button_get_active (choice->mine) || gtk_check_button_get_active (choice->theirs);
}

/* The side chosen for a path; what was not asked about stays as it is here. */
static RoundsMergeKeep
choose (const char *path, gpointer data)
{
  RoundsConflictView *self = data;

  for (guint i = 0; i < self->choices->len; i++)
    {
      const Choice *choice = self->choices->pdata[i];

      if (strcmp (choice->row->path, path) == 0 && gtk_check_button_get_active (choice->theirs))
        return ROUNDS_MERGE_KEEP_THEIRS;
    }
  return ROUNDS_MERGE_KEEP_MINE;
}

/* What the choices make; *deleted when the chosen side deleted it. NULL also when they do not go together. */
static json_object *
decide (RoundsConflictView *self, gboolean *deleted)
{
  gboolean mixed = FALSE;

  *deleted = FALSE;
  if (self->whole)
    {
      const Choice *choice = self->choices->pdata[0];
      json_object *side = gtk_check_button_get_active (choice->mine) ? self->mine : self->theirs;

      *deleted = side == NULL;
      return side != NULL ? json_object_get (side) : NULL;
    }
  return rounds_merge_resolve_each (self->base, self->mine, self->theirs, choose, self, &mixed);
}

static gboolean
is_open (RoundsConflictView *self, const char *element)
{
  for (guint i = 0; i < self->choices->len; i++)
    {
      const Choice *choice = self->choices->pdata[i];

      if (strcmp (choice->row->element, element) == 0 && !is_decided (choice))
        return TRUE;
    }
  return FALSE;
}

static void
add_result (RoundsConflictView *self, const char *field, const char *value, const char *css)
{
  int row = 0;

  while (gtk_grid_get_child_at (self->result_grid, 0, row) != NULL)
    row++;
  gtk_grid_attach (self->result_grid, text_new (field, "dim-label"), 0, row, 1, 1);
  gtk_grid_attach (self->result_grid, text_new (value, css), 1, row, 1, 1);
}

/* The record as it will be, element by element. */
static void
show_result (RoundsConflictView *self, guint n_open)
{
  gboolean deleted = FALSE;
  g_autoptr (json_object) merged = NULL;
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  empty_grid (self->result_grid);
  if (self->whole && n_open > 0)
    {
      add_result (self, _("The whole entry"), _("not decided yet"), "look");
      return;
    }
  merged = decide (self, &deleted);
  if (deleted)
    {
      add_result (self, _("The whole entry"), _("will be deleted; it stays in the history"), "strong");
      return;
    }
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RoundsConflictRow *row = self->rows->pdata[i];
      const char *field = row->element_field;
      g_autofree char *words = rounds_conflict_words (merged, row->element);

      if (field == NULL || !g_hash_table_add (told, row->element))
        continue;
      if (is_open (self, row->element) || merged == NULL)
        add_result (self, field, _("not decided yet"), "look");
      else
        add_result (self, field, words, row->kind == ROUNDS_CONFLICT_SAME ? NULL : "strong");
    }
}

static void
choice_toggled_cb (RoundsConflictView *self)
{
  guint n_open = 0;
  gboolean mixed = FALSE, deleted = FALSE;

  if (self->filling)
    return;
  for (guint i = 0; i < self->choices->len; i++)
    n_open += !is_decided (self->choices->pdata[i]);
  if (n_open == 0 && self->choices->len > 0)
    {
      g_autoptr (json_object) merged = decide (self, &deleted);

      mixed = merged == NULL && !deleted;
    }
  set_can_save (self, n_open == 0 && !mixed && self->choices->len > 0);
  if (n_open > 0)
    {
      g_autofree char *hint =
          g_strdup_printf (ngettext ("%u field differs: choose. Clinical fields are never merged for you.",
                                     "%u fields differ: choose. Clinical fields are never merged for you.", n_open),
                           n_open);
      gtk_label_set_label (self->hint_label, hint);
    }
  else
    gtk_label_set_label (self->hint_label,
                         mixed ? _("A drug and its dose, a value and its unit belong together: choose the same side "
                                   "for them.")
                               : "");
  if (self->choices->len > 0)
    show_result (self, n_open);
}

static GtkCheckButton *
attach_choice (RoundsConflictView *self, const char *side, const char *field, const char *value, int column, int row,
               GtkCheckButton *group)
{
  GtkWidget *check = gtk_check_button_new (), *caption = NULL;
  GtkWidget *box = value_new (value, NULL, column, &caption);
  g_autofree char *name = g_strdup_printf ("%s, %s: %s", field, side, value);

  gtk_check_button_set_child (GTK_CHECK_BUTTON (check), box);
  gtk_check_button_set_group (GTK_CHECK_BUTTON (check), group);
  gtk_widget_set_hexpand (check, TRUE);
  gtk_widget_add_css_class (check, "conflict-choice");
  rounds_accessible_name (check, name);
  g_signal_connect_swapped (check, "toggled", G_CALLBACK (choice_toggled_cb), self);
  attach (self, check, caption, column, row);
  return GTK_CHECK_BUTTON (check);
}

static void
add_choice (RoundsConflictView *self, const RoundsConflictRow *row, int at)
{
  Choice *choice = g_new0 (Choice, 1);

  attach_text (self, row->field, "strong", 0, at);
  attach_text (self, row->base, "dim-label", 1, at);
  choice->row = row;
  choice->mine = attach_choice (self, _("mine"), row->field, row->mine, 2, at, NULL);
  choice->theirs = attach_choice (self, _("theirs"), row->field, row->theirs, 3, at, choice->mine);
  g_ptr_array_add (self->choices, choice);
}

/* A tick stands where the merge took the value from. */
static void
add_merged (RoundsConflictView *self, const RoundsConflictRow *row, int at)
{
  gboolean joined = row->kind == ROUNDS_CONFLICT_JOINED;
  gboolean mine = !self->whole && (row->kind == ROUNDS_CONFLICT_FROM_MINE || joined);
  gboolean theirs = !self->whole && (row->kind == ROUNDS_CONFLICT_FROM_THEIRS || joined);
  g_autofree char *mine_words = g_strdup_printf ("✓ %s", row->mine);
  g_autofree char *theirs_words = g_strdup_printf ("✓ %s", row->theirs);

  attach_text (self, row->field, "dim-label", 0, at);
  attach_text (self, row->base, "dim-label", 1, at);
  attach_text (self, mine ? mine_words : row->mine, mine || self->whole ? NULL : "dim-label", 2, at);
  attach_text (self, theirs ? theirs_words : row->theirs, theirs || self->whole ? NULL : "dim-label", 3, at);
}

/* --- saving --------------------------------------------------------------------------------------------- */

typedef struct {
  char *type, *id, *json, *status;
  gint64 revision;   /* out */
  guint ticket;
  RoundsConflictView *view;
} Decision;

static void
decision_free (Decision *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self->json);
  g_free (self->status);
  g_object_unref (self->view);
  g_free (self);
}

static gpointer
resolve (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Decision *decision = data;
  g_autoptr (GPtrArray) history = NULL;

  if (!rounds_store_conflict_resolve (store, decision->type, decision->id, decision->json, error))
    return NULL;
  history = rounds_store_history (store, decision->type, decision->id, NULL);
  if (history != NULL && history->len > 0)
    decision->revision = ((RoundsRecord *) history->pdata[0])->revision;
  return GINT_TO_POINTER (TRUE);
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Decision *decision = user_data;
  RoundsConflictView *self = decision->view;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (decision->ticket != self->ticket)
    ;   /* another question, or another person, stands there by now */
  else if (error != NULL)
    {
      set_can_save (self, TRUE);
      gtk_label_set_label (self->hint_label, error->message);
      gtk_accessible_announce (GTK_ACCESSIBLE (self), error->message, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH);
      /* Its keys go on working: the button that had the focus was insensitive meanwhile. */
      gtk_widget_grab_focus (self->save_button);
    }
  else
    g_signal_emit (self, signals[DECIDED], 0, decision->type, decision->id, decision->revision, decision->status);
  decision_free (decision);
}

static void
save (RoundsConflictView *self)
{
  gboolean deleted = FALSE;
  g_autoptr (json_object) merged = NULL;
  Decision *decision = NULL;

  if (self->store == NULL || !self->can_save)
    return;
  merged = decide (self, &deleted);
  if (merged == NULL && !deleted)
    return;
  decision = g_new0 (Decision, 1);
  decision->type = g_strdup (self->question->conflict->type);
  decision->id = g_strdup (self->question->conflict->id);
  decision->status = g_strdup (self->question->conflict->status);
  decision->json = merged != NULL ? rounds_json_print (merged) : NULL;
  decision->ticket = self->ticket;
  decision->view = g_object_ref (self);
  set_can_save (self, FALSE);
  g_signal_emit (self, signals[DECIDING], 0);
  rounds_store_run_async (self->store, resolve, decision, NULL, NULL, NULL, resolved_cb, decision);
}

/* --- keys and buttons ------------------------------------------------------------------------------------ */

static void
take_all (RoundsConflictView *self, gboolean mine)
{
  self->filling = TRUE;
  for (guint i = 0; i < self->choices->len; i++)
    {
      const Choice *choice = self->choices->pdata[i];

      gtk_check_button_set_active (mine ? choice->mine : choice->theirs, TRUE);
    }
  self->filling = FALSE;
  choice_toggled_cb (self);
  if (self->can_save)
    gtk_widget_grab_focus (self->save_button);
}

static const Choice *
focused_choice (RoundsConflictView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  for (guint i = 0; i < self->choices->len; i++)
    {
      const Choice *choice = self->choices->pdata[i];

      if (focus == GTK_WIDGET (choice->mine) || focus == GTK_WIDGET (choice->theirs))
        return choice;
    }
  return NULL;
}

static void
focus_next_open (RoundsConflictView *self)
{
  for (guint i = 0; i < self->choices->len; i++)
    if (!is_decided (self->choices->pdata[i]))
      {
        gtk_widget_grab_focus (GTK_WIDGET (((Choice *) self->choices->pdata[i])->mine));
        return;
      }
  if (self->can_save)
    gtk_widget_grab_focus (self->save_button);
}

static void
take_one (RoundsConflictView *self, gboolean mine)
{
  const Choice *choice = focused_choice (self);

  if (choice == NULL)
    {
      focus_next_open (self);
      choice = focused_choice (self);
    }
  if (choice == NULL)
    return;
  gtk_check_button_set_active (mine ? choice->mine : choice->theirs, TRUE);
  focus_next_open (self);
}

static void
take_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const char *what = g_variant_get_string (parameter, NULL);
  RoundsConflictView *self = ROUNDS_CONFLICT_VIEW (widget);

  if (self->question == NULL)
    return;
  if (g_str_has_prefix (what, "all-"))
    take_all (self, g_str_equal (what, "all-mine"));
  else
    take_one (self, g_str_equal (what, "mine"));
}

static void
save_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  save (ROUNDS_CONFLICT_VIEW (widget));
}

static void
later_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[LATER], 0);
}

static gboolean
rounds_conflict_view_grab_focus (GtkWidget *widget)
{
  RoundsConflictView *self = ROUNDS_CONFLICT_VIEW (widget);

  if (self->choices->len == 0)
    return FALSE;
  focus_next_open (self);
  return TRUE;
}

/* --- type ------------------------------------------------------------------------------------------------ */

static void
rounds_conflict_view_dispose (GObject *object)
{
  RoundsConflictView *self = ROUNDS_CONFLICT_VIEW (object);

  if (self->choices != NULL && self->grid != NULL)
    clear (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_CONFLICT_VIEW);
  G_OBJECT_CLASS (rounds_conflict_view_parent_class)->dispose (object);
}

static void
rounds_conflict_view_finalize (GObject *object)
{
  RoundsConflictView *self = ROUNDS_CONFLICT_VIEW (object);

  g_ptr_array_unref (self->choices);
  g_ptr_array_unref (self->cells);
  G_OBJECT_CLASS (rounds_conflict_view_parent_class)->finalize (object);
}

static void
install_keys (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "conflict.take", "s", take_activated);
  gtk_widget_class_install_action (widget_class, "conflict.save", NULL, save_activated);
  gtk_widget_class_install_action (widget_class, "conflict.later", NULL, later_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_m, 0, "conflict.take", "s", "mine");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_t, 0, "conflict.take", "s", "theirs");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_m, GDK_ALT_MASK, "conflict.take", "s", "all-mine");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_t, GDK_ALT_MASK, "conflict.take", "s", "all-theirs");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK, "conflict.save", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_KP_Enter, GDK_CONTROL_MASK, "conflict.save", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "conflict.later", NULL);
}

static void
rounds_conflict_view_class_init (RoundsConflictViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_conflict_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_conflict_view_finalize;
  widget_class->grab_focus = rounds_conflict_view_grab_focus;
  signals[DECIDED] = g_signal_new ("decided", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 4, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_INT64, G_TYPE_STRING);
  signals[DECIDING] = g_signal_new ("deciding", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 0);
  signals[LATER] = g_signal_new ("later", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
  install_keys (widget_class);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/conflict-view.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, title_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, patient_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, what_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, grid);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, result_grid);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, hint_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, save_button);
  gtk_widget_class_bind_template_callback (widget_class, narrow_cb);
  gtk_widget_class_bind_template_callback (widget_class, wide_cb);
}

static void
rounds_conflict_view_init (RoundsConflictView *self)
{
  self->choices = g_ptr_array_new_with_free_func (g_free);
  self->cells = g_ptr_array_new_with_free_func (g_free);
  gtk_widget_init_template (GTK_WIDGET (self));
  set_can_save (self, FALSE);
}

/* --- a question ------------------------------------------------------------------------------------------ */

static json_object *
parse_or_null (const char *text)
{
  return text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
}

static gboolean
is_signed_note (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "docStatus");

  return g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "DocumentReference") == 0 &&
         (g_strcmp0 (status, "final") == 0 || g_strcmp0 (status, "amended") == 0);
}

static void
show_heading (RoundsConflictView *self)
{
  const RoundsQuestion *question = self->question;
  const char *title = question->words->title;
  gboolean restored = g_strcmp0 (question->conflict->status, "restored") == 0;
  g_autofree char *heading = NULL;
  const char *what = _("It was changed here and on the server. Nothing is lost until you decide, and afterwards both "
                       "versions stay in the history.");

  if (restored)
    {
      heading = g_strdup_printf (_("%s: the server was put back to an earlier day"), title);
      what = _("The server had taken your version and has lost it again, most likely because it was restored from a "
               "backup. Take mine to send it once more, or theirs to follow the server. Both stay in the history.");
    }
  else if (self->theirs == NULL)
    {
      heading = g_strdup_printf (_("%s was deleted on the server and changed here"), title);
      what = _("Somebody deleted it on the server while it was changed here. Keep it and it will be made there again; "
               "or let it go. Your text stays in the history either way.");
    }
  else if (self->mine == NULL)
    {
      heading = g_strdup_printf (_("%s was deleted here and changed on the server"), title);
      what = _("You deleted it while somebody changed it on the server. Nothing was deleted there yet. Both versions "
               "stay in the history.");
    }
  else
    heading = g_strdup_printf (_("%s was changed in two places"), title);
  if (self->mine != NULL && self->theirs != NULL && is_signed_note (self->theirs))
    what = _("On the server it was signed meanwhile, and what is signed cannot be changed: take theirs, and write what "
             "is yours as an addendum. Your text stays in the history.");
  gtk_label_set_label (self->title_label, heading);
  gtk_label_set_label (self->what_label, what);
  gtk_label_set_label (self->patient_label, question->words->patient != NULL ? question->words->patient : "");
  gtk_widget_set_visible (GTK_WIDGET (self->patient_label), question->words->patient != NULL);
}

static void
show_heads (RoundsConflictView *self)
{
  const RoundsQuestion *question = self->question;
  g_autofree char *base = rounds_conflict_version_words (self->base);
  g_autofree char *theirs = rounds_conflict_version_words (self->theirs);
  g_autofree char *ago = question->mine_us > 0 ? rounds_words_ago (question->mine_us) : NULL;
  g_autofree char *mine = ago != NULL && question->mine_who != NULL
                              ? g_strdup_printf ("%s · %s", ago, question->mine_who)
                              : g_strdup (ago != NULL ? ago : question->mine_who);

  attach_text (self, "", NULL, 0, 0);
  attach_head (self, _("Before"), base, 1);
  attach_head (self, _("Mine"), mine, 2);
  attach_head (self, _("Theirs"), theirs, 3);
}

void
rounds_conflict_view_set_question (RoundsConflictView *self, RoundsStore *store, RoundsQuestion *question)
{
  g_return_if_fail (ROUNDS_IS_CONFLICT_VIEW (self));

  clear (self);
  if (store == NULL || question == NULL)
    {
      rounds_question_free (question);
      return;
    }
  self->store = g_object_ref (store);
  self->question = question;
  self->base = parse_or_null (question->conflict->base);
  self->mine = parse_or_null (question->conflict->mine);
  self->theirs = parse_or_null (question->conflict->theirs);
  self->rows = rounds_conflict_rows_new (question->conflict, self->base, self->mine, self->theirs);
  self->whole = self->rows->len > 0 && ((RoundsConflictRow *) self->rows->pdata[0])->path[0] == '\0';
  show_heading (self);
  show_heads (self);
  self->filling = TRUE;
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RoundsConflictRow *row = self->rows->pdata[i];

      if (row->kind == ROUNDS_CONFLICT_CHOOSE)
        add_choice (self, row, i + 1);
      else
        add_merged (self, row, i + 1);
    }
  self->filling = FALSE;
  choice_toggled_cb (self);
}
