/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three lists one after the other in one view, so that three thousand rows cost as much as thirty. New contents
 * are spliced in where they differ: a pass that sends row after row must not throw the reader back to the top. */

#include "app/sync-list.h"

#include <glib/gi18n-lib.h>

#include "base/instant.h"
#include "kit/kit.h"

struct _RoundsSyncList {
  AdwBin parent_instance;

  GListStore *lists[ROUNDS_SYNC_N_KINDS];
  GtkWidget *view;          /* borrowed */
  GtkWidget *scroller;      /* borrowed */

  RoundsStore *store;
  GCancellable *cancellable;
  GPtrArray *wanted;        /* RoundsSyncItem whose words are missing */
  guint read_id;
  gboolean reading;
  int to_top_frames;
};

enum {
  VERB,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSyncList, rounds_sync_list, ADW_TYPE_BIN)

/* --- words, read as rows come into sight -------------------------------------------------------------- */

static void read_soon (RoundsSyncList *self);

static gpointer
read_words (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  GPtrArray *items = data, *words = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_sync_words_free);

  for (guint i = 0; i < items->len && !g_cancellable_is_cancelled (cancellable); i++)
    g_ptr_array_add (words, rounds_sync_item_read (items->pdata[i], store));
  return words;
}

typedef struct {
  RoundsSyncList *list;
  GPtrArray *items;
} Reading;

static void
words_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reading *reading = user_data;
  RoundsSyncList *self = reading->list;
  g_autoptr (GPtrArray) words = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  if (self->store == (RoundsStore *) source)
    self->reading = FALSE;
  if (words != NULL)
    for (guint i = 0; i < words->len; i++)
      rounds_sync_item_take_words (reading->items->pdata[i], g_steal_pointer (&words->pdata[i]));
  if (self->store == (RoundsStore *) source && self->wanted->len > 0)
    read_soon (self);
  g_ptr_array_unref (reading->items);
  g_object_unref (self);
  g_free (reading);
}

static gboolean
read_now_cb (gpointer data)
{
  RoundsSyncList *self = data;
  Reading *reading = NULL;

  self->read_id = 0;
  if (self->store == NULL || self->reading || self->wanted->len == 0)
    return G_SOURCE_REMOVE;
  reading = g_new0 (Reading, 1);
  reading->list = g_object_ref (self);
  reading->items = g_steal_pointer (&self->wanted);
  self->wanted = g_ptr_array_new_with_free_func (g_object_unref);
  self->reading = TRUE;
  rounds_store_run_async (self->store, read_words, g_ptr_array_ref (reading->items), (GDestroyNotify) g_ptr_array_unref,
                          (GDestroyNotify) g_ptr_array_unref, self->cancellable, words_read_cb, reading);
  return G_SOURCE_REMOVE;
}

static void
read_soon (RoundsSyncList *self)
{
  if (self->read_id == 0 && !self->reading)
    self->read_id = g_idle_add (read_now_cb, self);
}

/* --- rows --------------------------------------------------------------------------------------------- */

typedef struct {
  GtkListItem *item;    /* borrowed: the row is its child */
  GtkWidget *dot, *title, *patient, *detail, *age, *decide, *retry, *discard, *buttons;
  gulong handler;
} Row;

static void
row_verb (GtkWidget *button, const char *verb)
{
  GtkWidget *list = gtk_widget_get_ancestor (button, ROUNDS_TYPE_SYNC_LIST);
  Row *row = g_object_get_data (G_OBJECT (button), "row");

  if (list != NULL && gtk_list_item_get_item (row->item) != NULL)
    g_signal_emit (list, signals[VERB], 0, verb, gtk_list_item_get_item (row->item));
}

static void
decide_clicked_cb (GtkWidget *button)
{
  row_verb (button, "decide");
}

static void
retry_clicked_cb (GtkWidget *button)
{
  row_verb (button, "retry");
}

static void
discard_clicked_cb (GtkWidget *button)
{
  row_verb (button, "discard");
}

static GtkWidget *
label_new (const char *css)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  if (css != NULL)
    gtk_widget_add_css_class (label, css);
  return label;
}

static GtkWidget *
button_new (Row *row, const char *label, GCallback callback)
{
  GtkWidget *button = gtk_button_new_with_label (label);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_object_set_data (G_OBJECT (button), "row", row);
  g_signal_connect (button, "clicked", callback, NULL);
  return button;
}

static void
setup_cb (RoundsSyncList *self, GtkListItem *item)
{
  Row *row = g_new0 (Row, 1);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *wrap = adw_wrap_box_new ();

  row->item = item;
  row->dot = gtk_image_new ();
  gtk_widget_set_valign (row->dot, GTK_ALIGN_START);
  gtk_widget_set_margin_top (row->dot, 2);
  row->title = label_new ("strong");
  row->patient = label_new (NULL);
  row->detail = label_new ("dim-label");
  row->age = label_new ("dim-label");
  gtk_widget_add_css_class (row->age, "caption");
  gtk_label_set_wrap (GTK_LABEL (row->age), FALSE);
  gtk_widget_set_valign (row->age, GTK_ALIGN_START);
  row->decide = button_new (row, _("Decide…"), G_CALLBACK (decide_clicked_cb));
  row->retry = button_new (row, _("Try Again"), G_CALLBACK (retry_clicked_cb));
  row->discard = button_new (row, _("Discard…"), G_CALLBACK (discard_clicked_cb));
  row->buttons = wrap;
  adw_wrap_box_set_child_spacing (ADW_WRAP_BOX (wrap), 6);
  adw_wrap_box_set_line_spacing (ADW_WRAP_BOX (wrap), 6);
  adw_wrap_box_append (ADW_WRAP_BOX (wrap), row->decide);
  adw_wrap_box_append (ADW_WRAP_BOX (wrap), row->retry);
  adw_wrap_box_append (ADW_WRAP_BOX (wrap), row->discard);
  gtk_widget_set_margin_top (wrap, 4);
  gtk_box_append (GTK_BOX (texts), row->title);
  gtk_box_append (GTK_BOX (texts), row->patient);
  gtk_box_append (GTK_BOX (texts), row->detail);
  gtk_box_append (GTK_BOX (texts), wrap);
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (box), row->dot);
  gtk_box_append (GTK_BOX (box), texts);
  gtk_box_append (GTK_BOX (box), row->age);
  gtk_widget_add_css_class (box, "sync-row");
  gtk_list_item_set_child (item, box);
  g_object_set_data_full (G_OBJECT (item), "row", row, g_free);
}

static void
set_text (GtkWidget *label, const char *text)
{
  gtk_label_set_label (GTK_LABEL (label), text != NULL ? text : "");
  gtk_widget_set_visible (label, text != NULL && *text != '\0');
}

/* Whose it is belongs to it: the same problem of two patients must not sound the same. */
static void
name_button (GtkWidget *button, const char *verb, const char *title, const char *patient)
{
  g_autofree char *name = patient != NULL ? g_strdup_printf ("%s: %s, %s", verb, title, patient)
                                          : g_strdup_printf ("%s: %s", verb, title);

  rounds_accessible_name (button, name);
}

static void
fill (Row *row)
{
  RoundsSyncItem *item = gtk_list_item_get_item (row->item);
  RoundsSyncKind kind = rounds_sync_item_get_kind (item);
  gboolean record = rounds_sync_item_get_id (item) != NULL;
  const char *title = rounds_sync_item_get_title (item);
  const char *patient = rounds_sync_item_get_patient (item);
  g_autofree char *detail = rounds_sync_item_dup_detail (item, rounds_instant_now_us ());
  g_autofree char *since = rounds_sync_item_dup_age (item);
  g_autofree char *spoken = NULL;

  gtk_image_set_from_icon_name (GTK_IMAGE (row->dot), kind == ROUNDS_SYNC_ITEM_WAITING ? "send-to-symbolic"
                                                                                        : "dialog-warning-symbolic");
  rounds_tone_apply (row->dot, kind == ROUNDS_SYNC_ITEM_WAITING   ? ROUNDS_TONE_UNSYNCED
                               : kind == ROUNDS_SYNC_ITEM_REFUSED ? ROUNDS_TONE_ACT
                                                                  : ROUNDS_TONE_LOOK);
  set_text (row->title, title != NULL ? title : "…");
  set_text (row->patient, patient);
  set_text (row->detail, detail);
  set_text (row->age, since);
  gtk_widget_set_visible (row->decide, kind == ROUNDS_SYNC_ITEM_CONFLICT);
  gtk_widget_set_visible (row->retry, kind == ROUNDS_SYNC_ITEM_REFUSED && record);
  gtk_widget_set_visible (row->discard, kind == ROUNDS_SYNC_ITEM_REFUSED && record);
  gtk_widget_set_visible (row->buttons, kind != ROUNDS_SYNC_ITEM_WAITING && record);
  name_button (row->decide, _("Decide"), title != NULL ? title : "", patient);
  name_button (row->retry, _("Try again"), title != NULL ? title : "", patient);
  name_button (row->discard, _("Discard the change"), title != NULL ? title : "", patient);
  spoken = g_strjoin (", ", title != NULL ? title : "…", patient != NULL ? patient : "", detail != NULL ? detail : "",
                      since, NULL);
  gtk_list_item_set_accessible_label (row->item, spoken);
}

static void
bind_cb (RoundsSyncList *self, GtkListItem *list_item)
{
  Row *row = g_object_get_data (G_OBJECT (list_item), "row");
  RoundsSyncItem *item = gtk_list_item_get_item (list_item);

  row->handler = g_signal_connect_swapped (item, "words-changed", G_CALLBACK (fill), row);
  fill (row);
  if (!rounds_sync_item_has_words (item))
    {
      g_ptr_array_add (self->wanted, g_object_ref (item));
      read_soon (self);
    }
}

static void
unbind_cb (RoundsSyncList *self, GtkListItem *list_item)
{
  Row *row = g_object_get_data (G_OBJECT (list_item), "row");

  g_clear_signal_handler (&row->handler, gtk_list_item_get_item (list_item));
}

/* --- headings ----------------------------------------------------------------------------------------- */

static void
retry_all_cb (GtkWidget *button)
{
  GtkWidget *list = gtk_widget_get_ancestor (button, ROUNDS_TYPE_SYNC_LIST);

  if (list != NULL)
    g_signal_emit (list, signals[VERB], 0, "retry-all", NULL);
}

static void show_header (GtkListHeader *header);

static void
setup_header_cb (RoundsSyncList *self, GtkListHeader *header)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *button = gtk_button_new_with_label (_("Try All Again"));
  GtkWidget *title = label_new ("heading"), *note = label_new ("dim-label");

  gtk_box_append (GTK_BOX (texts), title);
  gtk_box_append (GTK_BOX (texts), note);
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_signal_connect (button, "clicked", G_CALLBACK (retry_all_cb), NULL);
  gtk_box_append (GTK_BOX (box), texts);
  gtk_box_append (GTK_BOX (box), button);
  gtk_widget_add_css_class (box, "sync-heading");
  g_object_set_data (G_OBJECT (header), "title", title);
  g_object_set_data (G_OBJECT (header), "note", note);
  g_object_set_data (G_OBJECT (header), "button", button);
  gtk_list_header_set_child (header, box);
  /* A section grows and shrinks under its heading. */
  g_signal_connect (header, "notify::n-items", G_CALLBACK (show_header), NULL);
}

static void
show_header (GtkListHeader *header)
{
  static const char *const titles[] = { N_("Changed in two places"), N_("Refused by the server"), N_("To send") };
  static const char *const notes[] = {
    N_("Nothing is lost until you decide, and afterwards both versions stay in the history."),
    N_("All of it is kept here. Everything else went on."),
    NULL,
  };
  RoundsSyncItem *item = gtk_list_header_get_item (header);
  RoundsSyncKind kind = item != NULL ? rounds_sync_item_get_kind (item) : ROUNDS_SYNC_ITEM_WAITING;
  guint n = gtk_list_header_get_n_items (header);
  g_autofree char *title = n > 1 ? g_strdup_printf ("%s (%u)", _(titles[kind]), n) : g_strdup (_(titles[kind]));

  set_text (g_object_get_data (G_OBJECT (header), "title"), title);
  set_text (g_object_get_data (G_OBJECT (header), "note"), notes[kind] != NULL ? _(notes[kind]) : NULL);
  gtk_widget_set_visible (g_object_get_data (G_OBJECT (header), "button"), kind == ROUNDS_SYNC_ITEM_REFUSED && n > 1);
}

static void
bind_header_cb (RoundsSyncList *self, GtkListHeader *header)
{
  show_header (header);
}

static void
activate_cb (RoundsSyncList *self, guint position)
{
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (self->view)));
  g_autoptr (RoundsSyncItem) item = g_list_model_get_item (model, position);

  if (item == NULL)
    return;
  if (rounds_sync_item_get_kind (item) == ROUNDS_SYNC_ITEM_CONFLICT)
    g_signal_emit (self, signals[VERB], 0, "decide", item);
  else if (rounds_sync_item_get_patient_id (item) != NULL)
    g_signal_emit (self, signals[VERB], 0, "show", item);
}

/* Rows that come into an empty list, and the focus on the first of them, push their own heading out of sight; it
 * takes some frames until the list has measured its rows. */
static gboolean
to_top_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  RoundsSyncList *self = ROUNDS_SYNC_LIST (widget);

  gtk_adjustment_set_value (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller)), 0);
  return --self->to_top_frames > 0;
}

static void
to_top (RoundsSyncList *self)
{
  if (self->to_top_frames <= 0)
    gtk_widget_add_tick_callback (GTK_WIDGET (self), to_top_cb, NULL, NULL);
  self->to_top_frames = 8;
}

static gboolean
is_empty (RoundsSyncList *self)
{
  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    if (g_list_model_get_n_items (G_LIST_MODEL (self->lists[kind])) > 0)
      return FALSE;
  return TRUE;
}

/* --- contents ------------------------------------------------------------------------------------------ */

void
rounds_sync_list_set_items (RoundsSyncList *self, RoundsSyncKind kind, GPtrArray *items)
{
  GListStore *list;
  guint n_old, first = 0, last = 0;
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

  g_return_if_fail (ROUNDS_IS_SYNC_LIST (self) && kind < ROUNDS_SYNC_N_KINDS);

  list = self->lists[kind];
  if (is_empty (self) && items->len > 0)
    to_top (self);
  n_old = g_list_model_get_n_items (G_LIST_MODEL (list));
  for (guint i = 0; i < n_old; i++)
    {
      g_autoptr (RoundsSyncItem) item = g_list_model_get_item (G_LIST_MODEL (list), i);

      g_hash_table_insert (known, (char *) rounds_sync_item_get_key (item), item);
    }
  for (guint i = 0; i < items->len; i++)
    {
      RoundsSyncItem *same = g_hash_table_lookup (known, rounds_sync_item_get_key (items->pdata[i]));

      if (same != NULL)
        {
          g_object_unref (items->pdata[i]);
          items->pdata[i] = g_object_ref (same);
        }
    }
#define OLD_IS(position, item) \
  G_STMT_START { g_autoptr (GObject) old = g_list_model_get_item (G_LIST_MODEL (list), position); is = old == (item); } G_STMT_END
  for (gboolean is = TRUE; is && first < MIN (n_old, items->len); first += is)
    OLD_IS (first, items->pdata[first]);
  for (gboolean is = TRUE; is && last < MIN (n_old, items->len) - first; last += is)
    OLD_IS (n_old - 1 - last, items->pdata[items->len - 1 - last]);
#undef OLD_IS
  if (n_old != items->len || first + last < n_old)
    g_list_store_splice (list, first, n_old - first - last, items->pdata + first, items->len - first - last);
}

void
rounds_sync_list_tick (RoundsSyncList *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_LIST (self));

  /* Only rows that are seen listen. */
  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    for (guint i = 0; i < MIN (g_list_model_get_n_items (G_LIST_MODEL (self->lists[kind])), 200); i++)
      {
        g_autoptr (RoundsSyncItem) item = g_list_model_get_item (G_LIST_MODEL (self->lists[kind]), i);

        if (rounds_sync_item_has_words (item))
          g_signal_emit_by_name (item, "words-changed");
      }
}

void
rounds_sync_list_set_store (RoundsSyncList *self, RoundsStore *store)
{
  g_return_if_fail (ROUNDS_IS_SYNC_LIST (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_set_object (&self->store, store);
  g_ptr_array_set_size (self->wanted, 0);
  g_clear_handle_id (&self->read_id, g_source_remove);
  self->reading = FALSE;
  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    g_list_store_remove_all (self->lists[kind]);
}

/* --- type ---------------------------------------------------------------------------------------------- */

static gboolean
rounds_sync_list_grab_focus (GtkWidget *widget)
{
  RoundsSyncList *self = ROUNDS_SYNC_LIST (widget);

  if (!gtk_widget_get_mapped (self->view) || !gtk_widget_grab_focus (self->view))
    return FALSE;
  if (gtk_adjustment_get_value (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller))) < 1)
    to_top (self);
  return TRUE;
}

static void
rounds_sync_list_dispose (GObject *object)
{
  RoundsSyncList *self = ROUNDS_SYNC_LIST (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->read_id, g_source_remove);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (rounds_sync_list_parent_class)->dispose (object);
}

static void
rounds_sync_list_finalize (GObject *object)
{
  RoundsSyncList *self = ROUNDS_SYNC_LIST (object);

  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    g_clear_object (&self->lists[kind]);
  g_clear_object (&self->cancellable);
  g_ptr_array_unref (self->wanted);
  G_OBJECT_CLASS (rounds_sync_list_parent_class)->finalize (object);
}

static void
rounds_sync_list_class_init (RoundsSyncListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_sync_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_sync_list_finalize;
  GTK_WIDGET_CLASS (klass)->grab_focus = rounds_sync_list_grab_focus;
  signals[VERB] = g_signal_new ("verb", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                2, G_TYPE_STRING, ROUNDS_TYPE_SYNC_ITEM);
}

static void
rounds_sync_list_init (RoundsSyncList *self)
{
  GtkListItemFactory *rows = gtk_signal_list_item_factory_new ();
  GtkListItemFactory *headers = gtk_signal_list_item_factory_new ();
  GListStore *all = g_list_store_new (G_TYPE_LIST_MODEL);
  GtkWidget *scroller = gtk_scrolled_window_new (), *clamp = adw_clamp_scrollable_new ();

  self->wanted = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    {
      self->lists[kind] = g_list_store_new (ROUNDS_TYPE_SYNC_ITEM);
      g_list_store_append (all, self->lists[kind]);
    }
  g_signal_connect_swapped (rows, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect_swapped (rows, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect_swapped (rows, "unbind", G_CALLBACK (unbind_cb), self);
  g_signal_connect_swapped (headers, "setup", G_CALLBACK (setup_header_cb), self);
  g_signal_connect_swapped (headers, "bind", G_CALLBACK (bind_header_cb), self);
  self->view = gtk_list_view_new (
      GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (all))))), rows);
  gtk_list_view_set_header_factory (GTK_LIST_VIEW (self->view), headers);
  g_object_unref (headers);
  gtk_widget_add_css_class (self->view, "sync-list");
  rounds_accessible_name (self->view, _("What waits"));
  g_signal_connect_swapped (self->view, "activate", G_CALLBACK (activate_cb), self);
  adw_clamp_scrollable_set_maximum_size (ADW_CLAMP_SCROLLABLE (clamp), 888);
  adw_clamp_scrollable_set_child (ADW_CLAMP_SCROLLABLE (clamp), self->view);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), clamp);
  self->scroller = scroller;
  adw_bin_set_child (ADW_BIN (self), scroller);
}
