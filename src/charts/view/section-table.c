/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns out of a descriptor. Cells are labels that are rebound, never rebuilt, while one scrolls. */

#include "charts/view/section-table.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "kit/kit.h"
#include "kit/sparkline.h"

#define COLUMN_PILLS G_MAXUINT

static RoundsTone
tone_of (RoundsMark mark)
{
  return mark == ROUNDS_MARK_ACT ? ROUNDS_TONE_ACT : mark == ROUNDS_MARK_LOOK ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;
}

typedef struct {
  const RoundsSection *section;
  guint column;
  gboolean narrow;
} Cell;

static void
cell_free (gpointer data, GClosure *closure)
{
  g_free (data);
}

static void
text_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, Cell *cell)
{
  const RoundsColumn *column = &cell->section->columns[cell->column];
  GtkWidget *label = rounds_label_new (NULL, column->strong ? "strong" : "numeric");

  if (cell->narrow)
    {
      GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1);

      GtkWidget *second = rounds_label_new (NULL, "dimmed caption");

      /* Dose and date are read whole; a row's height is settled before its width, so a long name ends in dots. */
      gtk_label_set_ellipsize (GTK_LABEL (second), PANGO_ELLIPSIZE_NONE);
      gtk_box_append (GTK_BOX (box), label);
      gtk_box_append (GTK_BOX (box), second);
      gtk_list_item_set_child (item, box);
    }
  else
    {
      gtk_label_set_width_chars (GTK_LABEL (label), column->strong ? 16 : column->wide ? 12 : 6);
      /* Dates, values and ranges are read whole or not at all; the table scrolls before it cuts them. */
      if (!column->strong && !column->wide)
        gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_NONE);
      gtk_list_item_set_child (item, label);
    }
}

static void
style_row (GtkWidget *widget, RoundsRow *row)
{
  if (rounds_row_is_error (row))
    gtk_widget_add_css_class (widget, "was");
  else
    gtk_widget_remove_css_class (widget, "was");
  if (!rounds_row_is_active (row) && rounds_row_get_section (row)->group == NULL)
    gtk_widget_add_css_class (widget, "ended");
  else
    gtk_widget_remove_css_class (widget, "ended");
}

static void
text_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, Cell *cell)
{
  RoundsRow *row = gtk_list_item_get_item (item);
  GtkWidget *child = gtk_list_item_get_child (item);
  GtkWidget *label = GTK_IS_LABEL (child) ? child : gtk_widget_get_first_child (child);
  const char *id = cell->section->columns[cell->column].id;

  rounds_label_set (GTK_LABEL (label), rounds_row_get_cell (row, cell->column));
  style_row (label, row);
  /* Red and amber go to the name of what is grave, and to a result's value and flag. */
  if (cell->section->group != NULL ? strcmp (id, "value") == 0 || strcmp (id, "flag") == 0 : cell->column == 0)
    rounds_tone_apply (label, tone_of (rounds_row_get_mark (row)));
  if (cell->narrow)
    {
      const char *line = rounds_row_get_line (row), *when = rounds_row_get_when (row);
      g_autofree char *text = g_strdup_printf ("%s%s%s", line != NULL ? line : "",
                                               line != NULL && when != NULL ? " · " : "", when != NULL ? when : "");
      GtkWidget *second = gtk_widget_get_last_child (child);

      rounds_label_set (GTK_LABEL (second), text);
      if (cell->section->group != NULL)
        rounds_tone_apply (second, tone_of (rounds_row_get_mark (row)));
    }
}

static void
pills_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, Cell *cell)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *decide = gtk_button_new_with_label (_("decide"));

  gtk_widget_set_halign (box, GTK_ALIGN_END);
  if (cell->section->group != NULL && !cell->narrow)
    gtk_box_append (GTK_BOX (box), rounds_sparkline_new ());
  gtk_box_append (GTK_BOX (box), rounds_pill_new (ROUNDS_TONE_PLAIN, ""));
  gtk_box_append (GTK_BOX (box), rounds_pill_new (ROUNDS_TONE_UNSYNCED, ""));
  gtk_widget_add_css_class (decide, "flat");
  gtk_widget_add_css_class (decide, "look");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (decide), "chart.decide");
  gtk_box_append (GTK_BOX (box), decide);
  gtk_list_item_set_child (item, box);
}

static void
bind_trend (GtkWidget *trend, RoundsRow *row)
{
  GPtrArray *points = rounds_row_get_points (row);
  g_autofree double *times = g_new (double, points->len + 1), *values = g_new (double, points->len + 1);

  for (guint i = 0; i < points->len; i++)
    {
      times[i] = (double) ((RoundsPoint *) g_ptr_array_index (points, i))->us;
      values[i] = ((RoundsPoint *) g_ptr_array_index (points, i))->value;
    }
  rounds_sparkline_set_points (ROUNDS_SPARKLINE (trend), times, values, points->len > 1 ? points->len : 0);
  rounds_tone_apply (trend, tone_of (rounds_row_get_mark (row)));
}

static void
pills_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, Cell *cell)
{
  RoundsRow *row = gtk_list_item_get_item (item);
  GtkWidget *child = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  RoundsMark mark;
  const char *words;

  if (cell->section->group != NULL && !cell->narrow)
    {
      bind_trend (child, row);
      child = gtk_widget_get_next_sibling (child);
    }
  /* A group's flag has its own column. */
  words = rounds_row_get_pill (row, &mark);
  rounds_pill_set (child, tone_of (mark), cell->section->group != NULL && !cell->narrow ? NULL : words);
  child = gtk_widget_get_next_sibling (child);
  words = rounds_row_get_sync_words (row, &mark);
  rounds_pill_set (child, mark == ROUNDS_MARK_NONE ? ROUNDS_TONE_UNSYNCED : tone_of (mark),
                   mark == ROUNDS_MARK_LOOK ? NULL : words);
  gtk_widget_set_visible (gtk_widget_get_next_sibling (child), mark == ROUNDS_MARK_LOOK);
}

static void
append_column (GtkColumnView *table, const RoundsSection *section, guint column, gboolean narrow)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  const gboolean pills = column == COLUMN_PILLS;
  g_autoptr (GtkColumnViewColumn) made = NULL;
  Cell *cell = g_new0 (Cell, 1), *second = g_new0 (Cell, 1);

  cell->section = section;
  cell->column = column;
  cell->narrow = narrow;
  *second = *cell;
  g_signal_connect_data (factory, "setup", G_CALLBACK (pills ? pills_setup_cb : text_setup_cb), cell, cell_free, 0);
  g_signal_connect_data (factory, "bind", G_CALLBACK (pills ? pills_bind_cb : text_bind_cb), second, cell_free, 0);
  made = gtk_column_view_column_new (pills ? "" : _(section->columns[column].title), factory);
  gtk_column_view_column_set_expand (made, !pills && section->columns[column].wide);
  gtk_column_view_column_set_resizable (made, !narrow && !pills);
  gtk_column_view_append_column (table, made);
}

static void
header_setup_cb (GtkSignalListItemFactory *factory, GtkListHeader *header, gpointer data)
{
  GtkWidget *label = rounds_label_new (NULL, "dimmed caption-heading");

  gtk_widget_set_margin_start (label, 12);
  gtk_list_header_set_child (header, label);
}

static void
header_bind_cb (GtkSignalListItemFactory *factory, GtkListHeader *header, gpointer data)
{
  RoundsRow *row = gtk_list_header_get_item (header);

  rounds_label_set (GTK_LABEL (gtk_list_header_get_child (header)), row != NULL ? rounds_row_get_group (row) : NULL);
}

void
rounds_section_table_build (GtkColumnView *table, const RoundsSection *section, gboolean narrow)
{
  GListModel *columns = gtk_column_view_get_columns (table);

  while (g_list_model_get_n_items (columns) > 0)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (columns, 0);

      gtk_column_view_remove_column (table, column);
    }
  for (guint i = 0; i < (narrow ? 1 : section->n_columns); i++)
    {
      /* Where a pill says what is not as usual, a column of "active" says nothing more. */
      if (section->pill != NULL && strcmp (section->columns[i].id, "status") == 0)
        continue;
      append_column (table, section, i, narrow);
    }
  append_column (table, section, COLUMN_PILLS, narrow);
  if (section->group != NULL)
    {
      g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

      g_signal_connect (factory, "setup", G_CALLBACK (header_setup_cb), NULL);
      g_signal_connect (factory, "bind", G_CALLBACK (header_bind_cb), NULL);
      gtk_column_view_set_header_factory (table, factory);
    }
  else
    gtk_column_view_set_header_factory (table, NULL);
}

static int
group_compare (gconstpointer a, gconstpointer b, gpointer data)
{
  const char *left = rounds_row_get_group ((RoundsRow *) a), *right = rounds_row_get_group ((RoundsRow *) b);

  if (left == NULL || right == NULL)
    return left == right ? 0 : left == NULL ? 1 : -1;
  return g_utf8_collate (left, right);
}

GListModel *
rounds_section_table_sections (const RoundsSection *section, GListModel *model)
{
  GtkSortListModel *sorted;

  if (section->group == NULL)
    return g_object_ref (model);
  sorted = gtk_sort_list_model_new (g_object_ref (model), NULL);
  g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (group_compare, NULL, NULL));

  gtk_sort_list_model_set_section_sorter (sorted, sorter);
  return G_LIST_MODEL (sorted);
}
