/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The decision about a resource that was changed in two places. The merge has already joined what does not
 * touch; this shows the rest and takes one choice a field. The result becomes a change on top of theirs, so
 * the loser stays in the history of both sides.
 */

#include "app/conflict-view.h"

#include <glib/gi18n-lib.h>

#include "charts/words.h"
#include "fhir/merge.h"
#include "fhir/resource.h"
#include "kit/kit.h"

struct _RoundsConflictView {
  AdwBin parent_instance;

  GtkLabel *title_label, *patient_label;
  GtkGrid *grid;
  GtkLabel *hint_label;
  GtkWidget *save_button;

  RoundsStore *store;
  RoundsConflict *conflict;
  json_object *base, *mine, *theirs;
  GPtrArray *choices;   /* Choice, one a path */
  gboolean whole;       /* one side deleted it: the choice is all or nothing */
};

typedef struct {
  const char *path;      /* borrowed from the conflict */
  GtkCheckButton *mine;  /* borrowed from the grid */
  GtkCheckButton *theirs;
} Choice;

enum {
  DONE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsConflictView, rounds_conflict_view, ADW_TYPE_BIN)

static void
clear (RoundsConflictView *self)
{
  GtkWidget *child = NULL;

  g_ptr_array_set_size (self->choices, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->grid))) != NULL)
    gtk_grid_remove (self->grid, child);
  g_clear_pointer (&self->base, json_object_put);
  g_clear_pointer (&self->mine, json_object_put);
  g_clear_pointer (&self->theirs, json_object_put);
  g_clear_pointer (&self->conflict, rounds_conflict_free);
  g_clear_object (&self->store);
  gtk_label_set_label (self->title_label, "");
  gtk_label_set_label (self->patient_label, "");
}

static gboolean
is_decided (const Choice *choice)
{
  return gtk_check_button_get_active (choice->mine) || gtk_check_button_get_active (choice->theirs);
}

static void
choice_toggled_cb (RoundsConflictView *self)
{
  guint open = 0;

  for (guint i = 0; i < self->choices->len; i++)
    open += !is_decided (self->choices->pdata[i]);
  gtk_widget_set_sensitive (self->save_button, open == 0 && self->choices->len > 0);
  if (open > 0)
    {
      g_autofree char *hint =
          g_strdup_printf (ngettext ("%u field differs: choose. Clinical fields are never merged for you.",
                                     "%u fields differ: choose. Clinical fields are never merged for you.", open),
                           open);
      gtk_label_set_label (self->hint_label, hint);
    }
  else
    gtk_label_set_label (self->hint_label, "");
}

static void
attach_text (RoundsConflictView *self, const char *text, const char *css, int column, int row)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars (GTK_LABEL (label), 12);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 36);
  gtk_widget_set_hexpand (label, column > 0);
  if (css != NULL)
    gtk_widget_add_css_class (label, css);
  gtk_grid_attach (self->grid, label, column, row, 1, 1);
}

static GtkCheckButton *
attach_choice (RoundsConflictView *self, const char *side, const char *field, const char *value, int column, int row,
               GtkCheckButton *group)
{
  GtkWidget *check = gtk_check_button_new ();
  GtkWidget *label = gtk_label_new (value);
  g_autofree char *name = g_strdup_printf ("%s, %s: %s", field, side, value);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 36);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (check), label);
  gtk_check_button_set_group (GTK_CHECK_BUTTON (check), group);
  gtk_widget_set_hexpand (check, TRUE);
  rounds_accessible_name (check, name);
  g_signal_connect_swapped (check, "toggled", G_CALLBACK (choice_toggled_cb), self);
  gtk_grid_attach (self->grid, check, column, row, 1, 1);
  return GTK_CHECK_BUTTON (check);
}

static void
add_choice (RoundsConflictView *self, const char *path, const char *field, const char *base, const char *mine,
            const char *theirs)
{
  int row = self->choices->len + 1;
  Choice *choice = g_new0 (Choice, 1);

  attach_text (self, field, "dim-label", 0, row);
  attach_text (self, base, "dim-label", 1, row);
  choice->path = path;
  choice->mine = attach_choice (self, _("mine"), field, mine, 2, row, NULL);
  choice->theirs = attach_choice (self, _("theirs"), field, theirs, 3, row, choice->mine);
  g_ptr_array_add (self->choices, choice);
}

static char *
words_at (json_object *resource, const char *path)
{
  char *words = resource != NULL ? rounds_words_any (rounds_json_peek (resource, path)) : NULL;

  return words != NULL ? words : g_strdup ("—");
}

static json_object *
parse_or_null (const char *text)
{
  return text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
}

/* The side chosen for a path; what was not asked about stays as it is here. */
static RoundsMergeKeep
choose (const char *path, gpointer data)
{
  RoundsConflictView *self = data;

  for (guint i = 0; i < self->choices->len; i++)
    {
      const Choice *choice = self->choices->pdata[i];

      if (strcmp (choice->path, path) == 0 && gtk_check_button_get_active (choice->theirs))
        return ROUNDS_MERGE_KEEP_THEIRS;
    }
  return ROUNDS_MERGE_KEEP_MINE;
}

/* The text that the choices make; *deleted instead when the chosen side deleted it. */
static char *
decide (RoundsConflictView *self, gboolean *deleted)
{
  g_autoptr (json_object) merged = NULL;
  gboolean mixed = FALSE;

  *deleted = FALSE;
  if (self->whole)
    {
      const Choice *choice = self->choices->pdata[0];
      json_object *side = gtk_check_button_get_active (choice->mine) ? self->mine : self->theirs;

      *deleted = side == NULL;
      return side != NULL ? rounds_json_print (side) : NULL;
    }
  merged = rounds_merge_resolve_each (self->base, self->mine, self->theirs, choose, self, &mixed);
  return merged != NULL ? rounds_json_print (merged) : NULL;
}

typedef struct {
  char *type, *id, *json;
} Decision;

static void
decision_free (Decision *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self->json);
  g_free (self);
}

static gpointer
resolve (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Decision *decision = data;

  return GINT_TO_POINTER (rounds_store_conflict_resolve (store, decision->type, decision->id, decision->json, error));
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsConflictView) self = user_data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (error != NULL)
    {
      gtk_widget_set_sensitive (self->save_button, TRUE);
      gtk_label_set_label (self->hint_label, error->message);
      return;
    }
  rounds_toast (GTK_WIDGET (self), _("Decided; it will be sent with the next sync"), NULL, NULL, NULL, NULL);
  g_signal_emit (self, signals[DONE], 0);
}

static void
save_clicked_cb (RoundsConflictView *self)
{
  gboolean deleted = FALSE;
  g_autofree char *json = self->store != NULL ? decide (self, &deleted) : NULL;
  Decision *decision = NULL;

  if (json == NULL && !deleted)
    {
      gtk_label_set_label (self->hint_label, _("A drug and its dose, a value and its unit belong together: choose "
                                              "the same side for them."));
      return;
    }
  decision = g_new0 (Decision, 1);
  decision->type = g_strdup (self->conflict->type);
  decision->id = g_strdup (self->conflict->id);
  decision->json = g_steal_pointer (&json);
  gtk_widget_set_sensitive (self->save_button, FALSE);
  rounds_store_run_async (self->store, resolve, decision, (GDestroyNotify) decision_free, NULL, NULL, resolved_cb,
                          g_object_ref (self));
}

static void
all_mine_clicked_cb (RoundsConflictView *self)
{
  for (guint i = 0; i < self->choices->len; i++)
    gtk_check_button_set_active (((Choice *) self->choices->pdata[i])->mine, TRUE);
}

static void
all_theirs_clicked_cb (RoundsConflictView *self)
{
  for (guint i = 0; i < self->choices->len; i++)
    gtk_check_button_set_active (((Choice *) self->choices->pdata[i])->theirs, TRUE);
}

static void
later_clicked_cb (RoundsConflictView *self)
{
  g_signal_emit (self, signals[DONE], 0);
}

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
  g_ptr_array_unref (ROUNDS_CONFLICT_VIEW (object)->choices);
  G_OBJECT_CLASS (rounds_conflict_view_parent_class)->finalize (object);
}

static void
rounds_conflict_view_class_init (RoundsConflictViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_conflict_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_conflict_view_finalize;
  signals[DONE] = g_signal_new ("done", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/conflict-view.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, title_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, patient_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, grid);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, hint_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConflictView, save_button);
  gtk_widget_class_bind_template_callback (widget_class, save_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, all_mine_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, all_theirs_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, later_clicked_cb);
}

static void
rounds_conflict_view_init (RoundsConflictView *self)
{
  self->choices = g_ptr_array_new_with_free_func (g_free);
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
rounds_conflict_view_set_conflict (RoundsConflictView *self, RoundsStore *store, RoundsConflict *conflict,
                                   const char *title, const char *patient)
{
  g_autofree char *heading = NULL;

  g_return_if_fail (ROUNDS_IS_CONFLICT_VIEW (self));

  clear (self);
  if (store == NULL || conflict == NULL)
    {
      g_clear_pointer (&conflict, rounds_conflict_free);
      return;
    }
  self->store = g_object_ref (store);
  self->conflict = conflict;
  self->base = parse_or_null (conflict->base);
  self->mine = parse_or_null (conflict->mine);
  self->theirs = parse_or_null (conflict->theirs);
  self->whole = self->mine == NULL || self->theirs == NULL;

  heading = g_strdup_printf (_("%s was changed in two places"), title != NULL ? title : conflict->type);
  gtk_label_set_label (self->title_label, heading);
  gtk_label_set_label (self->patient_label, patient != NULL ? patient : "");

  attach_text (self, "", NULL, 0, 0);
  attach_text (self, _("Before"), "heading", 1, 0);
  attach_text (self, _("Mine"), "heading", 2, 0);
  attach_text (self, _("Theirs"), "heading", 3, 0);
  if (self->whole)
    add_choice (self, "", _("The whole entry"), _("was there"),
                self->mine != NULL ? _("keep it, as changed here") : _("deleted here"),
                self->theirs != NULL ? _("keep it, as changed there") : _("deleted there"));
  else
    for (guint i = 0; conflict->paths != NULL && conflict->paths[i] != NULL; i++)
      {
        const char *path = conflict->paths[i];
        g_autofree char *field = rounds_words_path (path);
        g_autofree char *base = words_at (self->base, path);
        g_autofree char *mine = words_at (self->mine, path);
        g_autofree char *theirs = words_at (self->theirs, path);

        add_choice (self, path, field, base, mine, theirs);
      }
  choice_toggled_cb (self);
}
