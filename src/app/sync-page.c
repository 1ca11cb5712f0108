/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The page shows the store's outbox as it is and starts passes of sync. It never touches the network itself:
 * a pass runs in a worker of its own and comes back with a report; what it changed arrives as the store's
 * signals, like everything else.
 */

#include "app/sync-page.h"

#include <glib/gi18n-lib.h>

#include "app/change-words.h"
#include "app/conflict-view.h"
#include "base/instant.h"
#include "charts/words.h"
#include "kit/kit.h"
#include "store/outbox.h"
#include "sync/connection.h"
#include "sync/schedule.h"

#define MAX_ROWS 60

struct _RoundsSyncPage {
  AdwBin parent_instance;

  GtkStack *views;
  GtkLabel *status_label;
  GtkWidget *cancel_button;
  GtkWidget *sync_now_button;
  GtkProgressBar *progress_bar;
  AdwPreferencesGroup *conflict_group;
  AdwPreferencesGroup *refused_group;
  AdwPreferencesGroup *outbox_group;
  AdwPreferencesGroup *connection_group;
  AdwExpanderRow *add_row;
  AdwEntryRow *name_row, *fhir_row, *dicomweb_row, *user_row;
  AdwPasswordEntryRow *password_row;
  GtkLabel *add_error_label;
  RoundsConflictView *conflict_view;

  RoundsStore *store;
  RoundsSyncStatus *status;
  RoundsSyncSchedule *schedule;
  GCancellable *cancellable;
  GPtrArray *rows;          /* of all groups, to take them out again; borrowed widgets */
  guint reload_id;
  gboolean loading, stale;
};

G_DEFINE_FINAL_TYPE (RoundsSyncPage, rounds_sync_page, ADW_TYPE_BIN)

/* --- what is shown ------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *items;         /* RoundsOutboxItem */
  GPtrArray *conflicts;     /* RoundsConflict */
  GPtrArray *item_words, *conflict_words;   /* RoundsChangeWords, one each; NULL where no row is shown */
  GPtrArray *connections;   /* RoundsConnection */
  guint n_scans;
} Overview;

static void
overview_free (Overview *self)
{
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->conflicts, g_ptr_array_unref);
  g_clear_pointer (&self->item_words, g_ptr_array_unref);
  g_clear_pointer (&self->conflict_words, g_ptr_array_unref);
  g_clear_pointer (&self->connections, g_ptr_array_unref);
  g_free (self);
}

static void
free_words (gpointer words)
{
  if (words != NULL)
    rounds_change_words_free (words);
}

static void
read_words (RoundsStore *store, Overview *self)
{
  guint n_refused = 0, n_waiting = 0;

  self->item_words = g_ptr_array_new_with_free_func (free_words);
  self->conflict_words = g_ptr_array_new_with_free_func (free_words);
  for (guint i = 0; i < self->items->len; i++)
    {
      const RoundsOutboxItem *item = self->items->pdata[i];
      guint *n = g_strcmp0 (item->state, "quarantined") == 0 ? &n_refused : &n_waiting;
      gboolean shown = g_strcmp0 (item->state, "conflict") != 0 && (*n)++ < MAX_ROWS;

      g_ptr_array_add (self->item_words,
                       shown ? rounds_change_words_new (store, item->type, item->id, item->json, item->base_json) : NULL);
    }
  for (guint i = 0; i < self->conflicts->len; i++)
    {
      const RoundsConflict *conflict = self->conflicts->pdata[i];

      g_ptr_array_add (self->conflict_words, rounds_change_words_new (store, conflict->type, conflict->id,
                                                                      conflict->mine, conflict->theirs));
    }
}

static gpointer
read_overview (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Overview *self = g_new0 (Overview, 1);

  self->items = rounds_store_outbox_list (store, NULL, 0, error);
  if (self->items != NULL)
    self->conflicts = rounds_store_conflict_list (store, error);
  if (self->conflicts != NULL)
    self->connections = rounds_connection_list (store, error);
  if (self->connections == NULL)
    {
      overview_free (self);
      return NULL;
    }
  read_words (store, self);
  self->n_scans = rounds_store_scan_outbox_count (store, NULL);
  return self;
}

static const char *
state_words (const RoundsOutboxItem *item)
{
  if (g_strcmp0 (item->verb, "delete") == 0)
    return _("to be deleted there");
  if (g_strcmp0 (item->state, "inflight") == 0)
    return _("being sent");
  if (g_strcmp0 (item->state, "unknown") == 0)
    return _("sent, answer not known: will be checked");
  if (g_strcmp0 (item->state, "blocked") == 0)
    return _("waits for what it refers to");
  return g_strcmp0 (item->verb, "create") == 0 ? _("new") : _("changed");
}

static AdwActionRow *
add_row (RoundsSyncPage *self, AdwPreferencesGroup *group, const char *title, const char *subtitle)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (row, subtitle != NULL ? subtitle : "");
  adw_action_row_set_subtitle_lines (row, 0);
  adw_preferences_group_add (group, GTK_WIDGET (row));
  g_ptr_array_add (self->rows, row);
  return row;
}

static GtkWidget *
add_button (AdwActionRow *row, const char *label, const char *accessible, GCallback callback, gpointer self)
{
  GtkWidget *button = gtk_button_new_with_label (label);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  rounds_accessible_name (button, accessible);
  g_signal_connect (button, "clicked", callback, self);
  adw_action_row_add_suffix (row, button);
  return button;
}

/* --- decisions on one change ----------------------------------------------------------------------- */

typedef struct {
  char *type, *id;
  gboolean discard;
} Verdict;

static void
verdict_free (Verdict *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self);
}

static gpointer
give_verdict (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Verdict *verdict = data;

  if (verdict->discard)
    return GINT_TO_POINTER (rounds_store_outbox_discard (store, verdict->type, verdict->id, error));
  return GINT_TO_POINTER (rounds_store_outbox_retry (store, verdict->type, verdict->id, error));
}

static void reload (RoundsSyncPage *self);

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
  reload (self);
}

static void
give (RoundsSyncPage *self, GtkWidget *button)
{
  Verdict *verdict = g_new0 (Verdict, 1);

  if (self->store == NULL)
    {
      g_free (verdict);
      return;
    }
  verdict->type = g_strdup (g_object_get_data (G_OBJECT (button), "type"));
  verdict->id = g_strdup (g_object_get_data (G_OBJECT (button), "id"));
  verdict->discard = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "discard"));
  gtk_widget_set_sensitive (button, FALSE);
  rounds_store_run_async (self->store, give_verdict, verdict, (GDestroyNotify) verdict_free, NULL, self->cancellable,
                          written_cb, g_object_ref (self));
}

static void
discard_answered_cb (AdwAlertDialog *dialog, const char *response, GtkWidget *button)
{
  GtkWidget *self = gtk_widget_get_ancestor (button, ROUNDS_TYPE_SYNC_PAGE);

  /* The list may have been made anew meanwhile: then there is nothing that was asked about. */
  if (g_strcmp0 (response, "discard") == 0 && self != NULL)
    give (ROUNDS_SYNC_PAGE (self), button);
}

static void
verdict_clicked_cb (GtkWidget *button, RoundsSyncPage *self)
{
  AdwAlertDialog *dialog;

  if (!g_object_get_data (G_OBJECT (button), "discard"))
    {
      give (self, button);
      return;
    }
  dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Discard the change made here?"), NULL));
  adw_alert_dialog_format_body (dialog, _("%s\nIt goes back to what the server has. What was written here stays in "
                                          "its history."), (char *) g_object_get_data (G_OBJECT (button), "words"));
  adw_alert_dialog_add_responses (dialog, "keep", _("_Keep"), "discard", _("_Discard"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "discard", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "keep");
  adw_alert_dialog_set_close_response (dialog, "keep");
  g_signal_connect_object (dialog, "response", G_CALLBACK (discard_answered_cb), button, G_CONNECT_DEFAULT);
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

static void
tag_button (GtkWidget *button, const char *type, const char *id, gboolean discard)
{
  g_object_set_data_full (G_OBJECT (button), "type", g_strdup (type), g_free);
  g_object_set_data_full (G_OBJECT (button), "id", g_strdup (id), g_free);
  g_object_set_data (G_OBJECT (button), "discard", GINT_TO_POINTER (discard));
}

typedef struct {
  RoundsConflict *conflict;
  RoundsChangeWords *words;
} Question;

static void
question_free (Question *self)
{
  g_clear_pointer (&self->conflict, rounds_conflict_free);
  rounds_change_words_free (self->words);
  g_free (self);
}

static gpointer
read_conflict (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (data, "/", 2);
  RoundsConflict *conflict =
      parts[0] != NULL && parts[1] != NULL ? rounds_store_conflict_get (store, parts[0], parts[1], error) : NULL;
  Question *question = NULL;

  if (conflict == NULL)
    return NULL;
  question = g_new0 (Question, 1);
  question->conflict = conflict;
  question->words = rounds_change_words_new (store, conflict->type, conflict->id,
                                             conflict->mine != NULL ? conflict->mine : conflict->theirs, conflict->base);
  return question;
}

static void
conflict_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;
  Question *question = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  if (question == NULL || self->store != (RoundsStore *) source)
    {
      g_clear_pointer (&question, question_free);
      if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
      return;
    }
  rounds_conflict_view_set_conflict (self->conflict_view, self->store, g_steal_pointer (&question->conflict),
                                     question->words->title, question->words->patient);
  question_free (question);
  gtk_stack_set_visible_child_name (self->views, "conflict");
}

void
rounds_sync_page_show_conflict (RoundsSyncPage *self, const char *reference)
{
  g_return_if_fail (ROUNDS_IS_SYNC_PAGE (self));

  if (self->store != NULL)
    rounds_store_run_async (self->store, read_conflict, g_strdup (reference), g_free, (GDestroyNotify) question_free,
                            self->cancellable,
                            conflict_read_cb, g_object_ref (self));
}

static void
decide_clicked_cb (GtkWidget *button, RoundsSyncPage *self)
{
  g_autofree char *reference = g_strdup_printf ("%s/%s", (char *) g_object_get_data (G_OBJECT (button), "type"),
                                                (char *) g_object_get_data (G_OBJECT (button), "id"));

  rounds_sync_page_show_conflict (self, reference);
}

static void
conflict_done_cb (RoundsSyncPage *self)
{
  gtk_stack_set_visible_child_name (self->views, "overview");
  rounds_conflict_view_set_conflict (self->conflict_view, NULL, NULL, NULL, NULL);
  reload (self);
}

/* --- connections ------------------------------------------------------------------------------------ */

static gpointer
remove_connection (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return GINT_TO_POINTER (rounds_connection_remove (store, data, error));
}

static void
remove_clicked_cb (GtkWidget *button, RoundsSyncPage *self)
{
  if (self->store != NULL)
    rounds_store_run_async (self->store, remove_connection, g_strdup (g_object_get_data (G_OBJECT (button), "name")),
                            g_free, NULL, self->cancellable, written_cb, g_object_ref (self));
}

typedef struct {
  RoundsConnection *connection;
  RoundsSecret *password;
} NewConnection;

static void
new_connection_free (NewConnection *self)
{
  rounds_connection_free (self->connection);
  g_clear_pointer (&self->password, rounds_secret_unref);
  g_free (self);
}

static gpointer
add_connection (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  NewConnection *input = data;

  return GINT_TO_POINTER (rounds_connection_save (store, input->connection, input->password, error));
}

static void
connection_added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (error != NULL)
    {
      gtk_label_set_label (self->add_error_label, error->message);
      return;
    }
  gtk_label_set_label (self->add_error_label, "");
  gtk_editable_set_text (GTK_EDITABLE (self->name_row), "");
  gtk_editable_set_text (GTK_EDITABLE (self->fhir_row), "");
  gtk_editable_set_text (GTK_EDITABLE (self->dicomweb_row), "");
  gtk_editable_set_text (GTK_EDITABLE (self->user_row), "");
  adw_expander_row_set_expanded (self->add_row, FALSE);
  rounds_sync_page_start (self);
  reload (self);
}

/* NULL when the row is empty. */
static char *
text_of (gpointer row)
{
  char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  if (*text == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}

static void
add_clicked_cb (RoundsSyncPage *self)
{
  g_autofree char *name = text_of (self->name_row);
  g_autofree char *user = text_of (self->user_row);
  NewConnection *input = NULL;

  if (self->store == NULL)
    return;
  if (name == NULL)
    {
      gtk_label_set_label (self->add_error_label, _("The connection needs a name."));
      gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
      return;
    }
  input = g_new0 (NewConnection, 1);
  input->connection = rounds_connection_new (name);
  input->connection->fhir_url = text_of (self->fhir_row);
  input->connection->dicomweb_url = text_of (self->dicomweb_row);
  g_free (input->connection->auth);
  input->connection->auth = g_strdup (user != NULL ? "basic" : "none");
  input->connection->user = g_steal_pointer (&user);
  if (input->connection->user != NULL)
    input->password =
        rounds_secret_new_take_text (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->password_row))));
  gtk_editable_set_text (GTK_EDITABLE (self->password_row), "");
  rounds_store_run_async (self->store, add_connection, input, (GDestroyNotify) new_connection_free, NULL,
                          self->cancellable, connection_added_cb, g_object_ref (self));
}

/* --- building the lists ------------------------------------------------------------------------------ */

static void
clear_rows (RoundsSyncPage *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      GtkWidget *row = self->rows->pdata[i];
      GtkWidget *group = gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP);

      adw_preferences_group_remove (ADW_PREFERENCES_GROUP (group), row);
    }
  g_ptr_array_set_size (self->rows, 0);
}

/* Whose first, then what happened to it. */
static char *
subtitle_of (const RoundsChangeWords *words, const char *text)
{
  if (words->patient == NULL || text == NULL)
    return g_strdup (words->patient != NULL ? words->patient : text);
  return g_strdup_printf ("%s\n%s", words->patient, text);
}

static void
show_refused (RoundsSyncPage *self, const RoundsOutboxItem *item, const RoundsChangeWords *words)
{
  const char *title = words->title;
  g_autofree char *subtitle = subtitle_of (words, item->reason);
  g_autofree char *what = g_strdup_printf ("%s\n%s", title, words->patient != NULL ? words->patient : "");
  g_autofree char *retry_name = g_strdup_printf (_("Try again: %s"), title);
  g_autofree char *discard_name = g_strdup_printf (_("Discard the change: %s"), title);
  AdwActionRow *row = add_row (self, self->refused_group, title, subtitle);
  GtkWidget *button = add_button (row, _("Try Again"), retry_name, G_CALLBACK (verdict_clicked_cb), self);

  tag_button (button, item->type, item->id, FALSE);
  button = add_button (row, _("Discard"), discard_name, G_CALLBACK (verdict_clicked_cb), self);
  gtk_widget_add_css_class (button, "destructive-action");
  tag_button (button, item->type, item->id, TRUE);
  g_object_set_data_full (G_OBJECT (button), "words", g_steal_pointer (&what), g_free);
}

/* "Dose, Reason": elements as people call them. NULL for none. */
static char *
field_words (char **paths)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;

  if (paths == NULL)
    return NULL;
  for (guint i = 0; paths[i] != NULL; i++)
    g_strv_builder_take (builder, rounds_words_path (paths[i]));
  words = g_strv_builder_end (builder);
  return g_strjoinv (", ", words);
}

static void
show_overview (RoundsSyncPage *self, const Overview *overview)
{
  guint n_refused = 0, n_waiting = 0;

  clear_rows (self);
  for (guint i = 0; i < overview->conflicts->len; i++)
    {
      RoundsConflict *conflict = overview->conflicts->pdata[i];
      const RoundsChangeWords *words = overview->conflict_words->pdata[i];
      const char *title = words->title;
      g_autofree char *name = g_strdup_printf (_("Decide: %s"), title);
      g_autofree char *fields = field_words (conflict->paths);
      g_autofree char *subtitle = subtitle_of (words, fields);
      AdwActionRow *row = add_row (self, self->conflict_group, title, subtitle);
      GtkWidget *button = add_button (row, _("Decide…"), name, G_CALLBACK (decide_clicked_cb), self);

      tag_button (button, conflict->type, conflict->id, FALSE);
    }
  for (guint i = 0; i < overview->items->len; i++)
    {
      RoundsOutboxItem *item = overview->items->pdata[i];

      if (g_strcmp0 (item->state, "conflict") == 0)
        continue;
      if (g_strcmp0 (item->state, "quarantined") == 0)
        {
          if (n_refused++ < MAX_ROWS)
            show_refused (self, item, overview->item_words->pdata[i]);
          continue;
        }
      if (n_waiting++ < MAX_ROWS)
        {
          const RoundsChangeWords *words = overview->item_words->pdata[i];
          g_autofree char *state = item->reason != NULL ? g_strdup_printf ("%s · %s", state_words (item), item->reason)
                                                        : g_strdup (state_words (item));
          g_autofree char *subtitle = subtitle_of (words, state);

          add_row (self, self->outbox_group, words->title, subtitle);
        }
    }
  if (n_waiting > MAX_ROWS)
    {
      g_autofree char *more = g_strdup_printf (_("… and %u more"), n_waiting - MAX_ROWS);

      add_row (self, self->outbox_group, more, NULL);
    }
  if (overview->n_scans > 0)
    {
      g_autofree char *scans = g_strdup_printf (ngettext ("%u image", "%u images", overview->n_scans),
                                                overview->n_scans);

      add_row (self, self->outbox_group, scans, _("for the DICOMweb server"));
    }
  if (n_waiting == 0 && overview->n_scans == 0)
    add_row (self, self->outbox_group, _("Nothing waits to be sent"), NULL);
  for (guint i = 0; i < overview->connections->len; i++)
    {
      RoundsConnection *connection = overview->connections->pdata[i];
      g_autofree char *name = g_strdup_printf (_("Remove the connection %s"), connection->name);
      const char *address = connection->fhir_url != NULL ? connection->fhir_url : connection->dicomweb_url;
      AdwActionRow *row = add_row (self, self->connection_group, connection->name, address);
      GtkWidget *button = add_button (row, _("Remove"), name, G_CALLBACK (remove_clicked_cb), self);

      g_object_set_data_full (G_OBJECT (button), "name", g_strdup (connection->name), g_free);
    }
  if (overview->connections->len == 0)
    {
      add_row (self, self->connection_group, _("No connection yet"), _("Everything works without one; add it below."));
      adw_expander_row_set_expanded (self->add_row, TRUE);
    }

  gtk_widget_set_visible (GTK_WIDGET (self->conflict_group), overview->conflicts->len > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->refused_group), n_refused > 0);
  gtk_widget_set_sensitive (self->sync_now_button, overview->connections->len > 0);
}

static void
overview_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  Overview *overview = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  self->loading = FALSE;
  if (overview != NULL && self->store == (RoundsStore *) source)
    show_overview (self, overview);
  g_clear_pointer (&overview, overview_free);
  if (self->stale)
    reload (self);
}

/* One read at a time: a bulk import changes the outbox faster than it can be drawn. */
static void
reload (RoundsSyncPage *self)
{
  self->stale = self->loading;
  if (self->store == NULL || self->loading)
    return;
  self->loading = TRUE;
  rounds_store_run_async (self->store, read_overview, NULL, NULL, (GDestroyNotify) overview_free, self->cancellable,
                          overview_read_cb, g_object_ref (self));
}

/* --- passes ------------------------------------------------------------------------------------------ */

static char *
status_words (RoundsSyncPage *self)
{
  const char *message = rounds_sync_status_get_message (self->status);
  gint64 last_us = rounds_sync_status_get_last_success_us (self->status);
  g_autofree char *age = last_us > 0 ? rounds_instant_age (last_us, rounds_instant_now_us ()) : NULL;

  switch (rounds_sync_status_get_state (self->status))
    {
    case ROUNDS_SYNC_STATUS_NONE:
      return g_strdup (_("No connection yet"));
    case ROUNDS_SYNC_STATUS_OFFLINE:
      return g_strdup_printf (_("Offline: %s. Nothing is lost; it will be tried again."), message);
    case ROUNDS_SYNC_STATUS_TROUBLE:
      return g_strdup_printf (_("Sync stopped: %s. Nothing is lost; it will be tried again."), message);
    default:
      return age != NULL ? g_strdup_printf (_("Last sync %s ago"), age) : g_strdup (_("Not synced yet"));
    }
}

static void
status_changed_cb (RoundsSyncPage *self)
{
  gboolean running = rounds_sync_status_get_state (self->status) == ROUNDS_SYNC_STATUS_SYNCING;
  g_autofree char *phase = NULL, *words = NULL;
  guint done = 0, total = 0;

  g_object_get (self->status, "phase", &phase, "done", &done, "total", &total, NULL);
  if (running)
    {
      const char *what = g_strcmp0 (phase, "upload") == 0     ? _("Sending")
                         : g_strcmp0 (phase, "download") == 0 ? _("Receiving")
                         : g_strcmp0 (phase, "images") == 0   ? _("Images")
                                                              : _("Syncing");

      words = total > 0 ? g_strdup_printf (_("%s: %u of %u"), what, done, total)
                        : g_strdup_printf ("%s: %u", what, done);
      if (total > 0)
        gtk_progress_bar_set_fraction (self->progress_bar, (double) MIN (done, total) / total);
      else
        gtk_progress_bar_pulse (self->progress_bar);
    }
  else
    words = status_words (self);
  gtk_label_set_label (self->status_label, words);
  gtk_widget_set_visible (GTK_WIDGET (self->progress_bar), running);
  gtk_widget_set_visible (self->cancel_button, running);
  gtk_widget_set_visible (self->sync_now_button, !running);
}

void
rounds_sync_page_start (RoundsSyncPage *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_PAGE (self));

  if (self->schedule != NULL)
    rounds_sync_schedule_run_now (self->schedule);
}

static void
sync_clicked_cb (RoundsSyncPage *self)
{
  rounds_sync_page_start (self);
}

static void
cancel_clicked_cb (RoundsSyncPage *self)
{
  if (self->schedule != NULL)
    rounds_sync_schedule_cancel_pass (self->schedule);
}

static void
forget_schedule (RoundsSyncPage *self)
{
  if (self->schedule != NULL)
    rounds_sync_schedule_stop (self->schedule);
  if (self->status != NULL)
    g_signal_handlers_disconnect_by_data (self->status, self);
  g_clear_object (&self->schedule);
  g_clear_object (&self->status);
}

void
rounds_sync_page_set_store (RoundsSyncPage *self, RoundsStore *store)
{
  g_return_if_fail (ROUNDS_IS_SYNC_PAGE (self));

  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_set_object (&self->store, store);
  forget_schedule (self);
  rounds_conflict_view_set_conflict (self->conflict_view, NULL, NULL, NULL, NULL);
  gtk_stack_set_visible_child_name (self->views, "overview");
  gtk_editable_set_text (GTK_EDITABLE (self->password_row), "");
  clear_rows (self);
  self->loading = self->stale = FALSE;
  if (store != NULL)
    {
      g_signal_connect_object (store, "outbox-changed", G_CALLBACK (reload), self, G_CONNECT_SWAPPED);
      self->status = rounds_sync_status_new (store);
      self->schedule = rounds_sync_schedule_new (store, self->status);
      g_signal_connect_swapped (self->status, "notify", G_CALLBACK (status_changed_cb), self);
      status_changed_cb (self);
      reload (self);
    }
}

/* --- type --------------------------------------------------------------------------------------------- */

static void
rounds_sync_page_dispose (GObject *object)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->store);
  forget_schedule (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_SYNC_PAGE);
  G_OBJECT_CLASS (rounds_sync_page_parent_class)->dispose (object);
}

static void
rounds_sync_page_finalize (GObject *object)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (object);

  g_clear_object (&self->cancellable);
  g_ptr_array_unref (self->rows);
  G_OBJECT_CLASS (rounds_sync_page_parent_class)->finalize (object);
}

static void
rounds_sync_page_class_init (RoundsSyncPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_sync_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_sync_page_finalize;
  g_type_ensure (ROUNDS_TYPE_CONFLICT_VIEW);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "win.show-sync", NULL);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/sync-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, views);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, status_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, sync_now_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, conflict_group);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, refused_group);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, outbox_group);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, connection_group);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, add_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, name_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, fhir_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, dicomweb_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, user_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, password_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, add_error_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, conflict_view);
  gtk_widget_class_bind_template_callback (widget_class, sync_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_clicked_cb);
}

static void
rounds_sync_page_init (RoundsSyncPage *self)
{
  self->rows = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->conflict_view, "done", G_CALLBACK (conflict_done_cb), self);
}
