/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The page shows the store's outbox as it is and starts passes of sync. It never touches the network itself:
 * a pass runs in a worker of its own and comes back with a report; what it changed arrives as the store's
 * signals, like everything else.
 */

#include "app/sync-page.h"

#include <glib/gi18n-lib.h>

#include "app/conflict-view.h"
#include "app/sync-list.h"
#include "kit/kit.h"
#include "sync/schedule.h"

#define MAX_NOTES 5
#define UNDO_S 12   /* a toast stays ten seconds, and a person takes a moment to see it */

struct _RoundsSyncPage {
  AdwBin parent_instance;

  GtkStack *views, *contents;
  AdwStatusPage *nothing;
  GtkWidget *connect_button;
  GtkLabel *status_label;
  GtkWidget *cancel_button, *sync_now_button, *connections_button;
  GtkProgressBar *progress_bar;
  AdwBanner *banner;
  GtkWidget *notes_box;
  GtkLabel *notes_label;
  RoundsSyncList *list;
  RoundsConflictView *conflict_view;

  RoundsStore *store;
  RoundsSyncStatus *status;
  RoundsSyncSchedule *schedule;
  GCancellable *cancellable;
  guint tick_id;
  guint n_connections;
  guint n_rows;
  gboolean loading, stale;

  struct _Deed *last;       /* what Ctrl+Z takes back, or NULL */
};

enum {
  STATUS,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSyncPage, rounds_sync_page, ADW_TYPE_BIN)

static void reload (RoundsSyncPage *self);
static void status_changed_cb (RoundsSyncPage *self);

static void
say (RoundsSyncPage *self, const GError *error)
{
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
}

/* --- what is shown ------------------------------------------------------------------------------- */

static gpointer
read_overview (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_sync_overview_read (store, error);
}

static void
show_contents (RoundsSyncPage *self)
{
  gboolean none = self->n_connections == 0;
  gboolean first = self->status != NULL && rounds_sync_status_get_first_sync (self->status);
  gboolean never = self->status != NULL && rounds_sync_status_get_last_success_us (self->status) == 0;
  const char *words = first   ? _("Everything written here has been sent. What others wrote is still arriving.")
                      : never ? _("Nothing was written here that has to be sent. Nothing was received yet.")
                              : _("Everything written here has been sent.");

  gtk_stack_set_visible_child_name (self->contents, self->n_rows > 0 ? "list" : "nothing");
  adw_status_page_set_title (self->nothing, none ? _("Not Connected") : _("Nothing Waits"));
  adw_status_page_set_description (self->nothing,
                                   none ? _("Everything works without a server. Connect one to share what is written "
                                            "here, and to receive what others write.")
                                        : words);
  adw_status_page_set_icon_name (self->nothing, none || first || never ? "network-transmit-receive-symbolic"
                                                                       : "object-select-symbolic");
  gtk_widget_set_visible (self->connect_button, none);
}

static void
overview_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  RoundsSyncOverview *overview = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  if (self->store == (RoundsStore *) source)
    {
      self->loading = FALSE;
      if (overview != NULL)
        {
          self->n_rows = 0;
          for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
            {
              rounds_sync_list_set_items (self->list, kind, overview->items[kind]);
              self->n_rows += overview->items[kind]->len;
            }
          self->n_connections = overview->n_connections;
          show_contents (self);
          status_changed_cb (self);
        }
      if (self->stale)
        reload (self);
    }
  g_clear_pointer (&overview, rounds_sync_overview_free);
}

/* One read at a time: a bulk import changes the outbox faster than it can be drawn. And none at all while nobody
 * looks: coming back to the page reads. */
static void
reload (RoundsSyncPage *self)
{
  self->stale = self->loading || !gtk_widget_get_mapped (GTK_WIDGET (self));
  if (self->store == NULL || self->stale)
    return;
  self->loading = TRUE;
  rounds_store_run_async (self->store, read_overview, NULL, NULL, (GDestroyNotify) rounds_sync_overview_free, self->cancellable,
                          overview_read_cb, g_object_ref (self));
}

/* --- decisions on changes, and taking them back ------------------------------------------------------- */

typedef struct _Deed {
  RoundsStore *store;
  char *type, *id;
  char *status;       /* of a conflict that was decided; NULL = a refused change that was discarded */
  gint64 revision;
} Deed;

static void
deed_free (Deed *self)
{
  g_clear_object (&self->store);
  g_free (self->type);
  g_free (self->id);
  g_free (self->status);
  g_free (self);
}

static Deed *
deed_copy (const Deed *deed)
{
  Deed *self = g_new0 (Deed, 1);

  self->store = g_object_ref (deed->store);
  self->type = g_strdup (deed->type);
  self->id = g_strdup (deed->id);
  self->status = g_strdup (deed->status);
  self->revision = deed->revision;
  return self;
}

static gpointer
undo_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  const Deed *deed = data;

  if (deed->status != NULL)
    return GINT_TO_POINTER (
        rounds_store_conflict_reopen (store, deed->type, deed->id, deed->revision, deed->status, error));
  return GINT_TO_POINTER (rounds_store_undo (store, deed->type, deed->id, deed->revision, error));
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  say (self, error);
  reload (self);
}

static void
undo (RoundsSyncPage *self, const Deed *deed)
{
  if (self->store != NULL && self->store == deed->store)
    rounds_store_run_async (self->store, undo_work, deed_copy (deed), (GDestroyNotify) deed_free, NULL, self->cancellable,
                            done_cb, g_object_ref (self));
}

typedef struct {
  GWeakRef page;
  Deed *deed;
} Offer;

static void
offer_free (gpointer data)
{
  Offer *offer = data;

  g_weak_ref_clear (&offer->page);
  deed_free (offer->deed);
  g_free (offer);
}

static void
undo_pressed_cb (gpointer data)
{
  Offer *offer = data;
  g_autoptr (RoundsSyncPage) self = g_weak_ref_get (&offer->page);

  if (self != NULL)
    undo (self, offer->deed);
}

/* Takes deed. */
static void
offer_undo (RoundsSyncPage *self, const char *words, Deed *deed)
{
  Offer *offer = g_new0 (Offer, 1);

  g_weak_ref_init (&offer->page, self);
  offer->deed = deed_copy (deed);
  g_clear_pointer (&self->last, deed_free);
  self->last = deed;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "sync.undo", TRUE);
  rounds_toast (GTK_WIDGET (self), words, _("Undo"), undo_pressed_cb, offer, offer_free);
}

static void
undo_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (widget);

  if (self->last == NULL)
    return;
  undo (self, self->last);
  g_clear_pointer (&self->last, deed_free);
  gtk_widget_action_set_enabled (widget, "sync.undo", FALSE);
}

static gpointer
retry_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  const Deed *deed = data;
  const char *const refused[] = { "quarantined", NULL };
  g_autoptr (GPtrArray) all = NULL;

  if (deed->type != NULL)
    return GINT_TO_POINTER (rounds_store_outbox_retry (store, deed->type, deed->id, error));
  all = rounds_store_outbox_list (store, refused, 0, error);
  if (all == NULL)
    return NULL;
  for (guint i = 0; i < all->len && !g_cancellable_is_cancelled (cancellable); i++)
    {
      const RoundsOutboxItem *item = all->pdata[i];

      if (!rounds_store_outbox_retry (store, item->type, item->id, error))
        return NULL;
    }
  return GINT_TO_POINTER (TRUE);
}

static void
retried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (rounds_store_run_finish (ROUNDS_STORE (source), result, &error) != NULL &&
      self->store == (RoundsStore *) source)
    rounds_sync_page_start (self);
  say (self, error);
  reload (self);
}

/* item NULL: all that was refused. */
static void
retry (RoundsSyncPage *self, RoundsSyncItem *item)
{
  Deed *deed = g_new0 (Deed, 1);

  deed->type = item != NULL ? g_strdup (rounds_sync_item_get_type_name (item)) : NULL;
  deed->id = item != NULL ? g_strdup (rounds_sync_item_get_id (item)) : NULL;
  rounds_store_run_async (self->store, retry_work, deed, (GDestroyNotify) deed_free, NULL, self->cancellable, retried_cb,
                          g_object_ref (self));
}

static gpointer
discard_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Deed *deed = data;
  g_autoptr (GPtrArray) history = NULL;

  if (!rounds_store_outbox_discard (store, deed->type, deed->id, error))
    return NULL;
  history = rounds_store_history (store, deed->type, deed->id, NULL);
  if (history == NULL || history->len == 0)
    return deed_copy (deed);
  deed->revision = ((RoundsRecord *) history->pdata[0])->revision;
  return deed_copy (deed);
}

static void
discarded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;
  Deed *deed = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  say (self, error);
  if (deed != NULL && self->store == (RoundsStore *) source && deed->revision > 0)
    offer_undo (self, _("Discarded; it stays in the history"), g_steal_pointer (&deed));
  g_clear_pointer (&deed, deed_free);
  reload (self);
}

typedef struct {
  RoundsSyncPage *page;
  Deed *deed;
} Asked;

static void
asked_free (gpointer data, GClosure *closure)
{
  Asked *asked = data;

  g_object_unref (asked->page);
  g_clear_pointer (&asked->deed, deed_free);
  g_free (asked);
}

static void
discard_answered_cb (AdwAlertDialog *dialog, const char *response, Asked *asked)
{
  RoundsSyncPage *self = asked->page;

  if (g_strcmp0 (response, "discard") != 0 || self->store == NULL || self->store != asked->deed->store)
    return;
  rounds_store_run_async (self->store, discard_work, g_steal_pointer (&asked->deed), (GDestroyNotify) deed_free,
                          (GDestroyNotify) deed_free, self->cancellable, discarded_cb, g_object_ref (self));
}

static void
discard (RoundsSyncPage *self, RoundsSyncItem *item)
{
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Discard the change made here?"), NULL));
  Asked *asked = g_new0 (Asked, 1);
  const char *title = rounds_sync_item_get_title (item), *patient = rounds_sync_item_get_patient (item);

  asked->page = g_object_ref (self);
  asked->deed = g_new0 (Deed, 1);
  asked->deed->store = g_object_ref (self->store);
  asked->deed->type = g_strdup (rounds_sync_item_get_type_name (item));
  asked->deed->id = g_strdup (rounds_sync_item_get_id (item));
  adw_alert_dialog_format_body (dialog,
                                _("%s\n%s\n\nIt goes back to what the server has; what the server never had goes away. "
                                  "What was written here stays in its history, and the discarding can be undone."),
                                title != NULL ? title : asked->deed->type, patient != NULL ? patient : "");
  adw_alert_dialog_add_responses (dialog, "keep", _("_Keep"), "discard", _("_Discard"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "discard", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "keep");
  adw_alert_dialog_set_close_response (dialog, "keep");
  g_signal_connect_data (dialog, "response", G_CALLBACK (discard_answered_cb), asked, asked_free, G_CONNECT_DEFAULT);
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

static void
verb_cb (RoundsSyncPage *self, const char *verb, RoundsSyncItem *item)
{
  if (self->store == NULL)
    return;
  if (g_str_equal (verb, "decide"))
    {
      g_autofree char *reference = g_strdup_printf ("%s/%s", rounds_sync_item_get_type_name (item),
                                                    rounds_sync_item_get_id (item));

      rounds_sync_page_show_conflict (self, reference);
    }
  else if (g_str_equal (verb, "show"))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.open-patient", "s", rounds_sync_item_get_patient_id (item));
  else if (g_str_equal (verb, "discard"))
    discard (self, item);
  else
    retry (self, item);
}

/* --- a conflict ---------------------------------------------------------------------------------------- */

static gpointer
read_question (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (data, "/", 2);

  if (parts[0] == NULL || parts[1] == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("There is no such record"));
      return NULL;
    }
  return rounds_question_load (store, parts[0], parts[1], error);
}

static void
question_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncPage) self = user_data;
  g_autoptr (GError) error = NULL;
  RoundsQuestion *question = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  if (question == NULL || self->store != (RoundsStore *) source)
    {
      g_clear_pointer (&question, rounds_question_free);
      say (self, error);
      return;
    }
  rounds_conflict_view_set_question (self->conflict_view, self->store, question);
  gtk_stack_set_visible_child_name (self->views, "conflict");
  gtk_widget_grab_focus (GTK_WIDGET (self->conflict_view));
}

void
rounds_sync_page_show_conflict (RoundsSyncPage *self, const char *reference)
{
  g_return_if_fail (ROUNDS_IS_SYNC_PAGE (self));

  if (self->store != NULL)
    rounds_store_run_async (self->store, read_question, g_strdup (reference), g_free,
                            (GDestroyNotify) rounds_question_free, self->cancellable, question_read_cb,
                            g_object_ref (self));
}

static void
show_overview (RoundsSyncPage *self)
{
  gtk_stack_set_visible_child_name (self->views, "overview");
  rounds_conflict_view_set_question (self->conflict_view, NULL, NULL);
  reload (self);
  gtk_widget_grab_focus (GTK_WIDGET (self));
}

/* What is decided is sent when it can no longer be taken back by the toast, not before. */
static void
deciding_cb (RoundsSyncPage *self)
{
  if (self->schedule != NULL)
    rounds_sync_schedule_hold (self->schedule, UNDO_S);
}

static void
decided_cb (RoundsSyncPage *self, const char *type, const char *id, gint64 revision, const char *status)
{
  Deed *deed = g_new0 (Deed, 1);

  deed->store = g_object_ref (self->store);
  deed->type = g_strdup (type);
  deed->id = g_strdup (id);
  deed->status = g_strdup (status);
  deed->revision = revision;
  deciding_cb (self);   /* the ten seconds of the toast begin now */
  show_overview (self);
  offer_undo (self, _("Decided; it will be sent with the next sync"), deed);
}

/* --- passes ------------------------------------------------------------------------------------------ */

char *
rounds_sync_page_dup_words (RoundsSyncPage *self)
{
  const char *message;
  gint64 last_us;
  g_autofree char *ago = NULL;

  g_return_val_if_fail (ROUNDS_IS_SYNC_PAGE (self), NULL);

  if (self->status == NULL)
    return NULL;
  message = rounds_sync_status_get_message (self->status);
  last_us = rounds_sync_status_get_last_success_us (self->status);
  ago = last_us > 0 ? rounds_words_ago (last_us) : NULL;
  switch (rounds_sync_status_get_state (self->status))
    {
    case ROUNDS_SYNC_STATUS_NONE:
      return g_strdup (_("No connection yet"));
    case ROUNDS_SYNC_STATUS_OFFLINE:
      return message != NULL ? g_strdup_printf (_("Offline: %s. Nothing is lost; it will be tried again."), message)
                             : g_strdup (_("Offline. Nothing is lost; it will be tried again."));
    case ROUNDS_SYNC_STATUS_TROUBLE:
      return message != NULL ? g_strdup_printf (_("Sync stopped: %s. Nothing is lost; it will be tried again."), message)
                             : g_strdup (_("Sync stopped. Nothing is lost; it will be tried again."));
    case ROUNDS_SYNC_STATUS_SYNCING:
    case ROUNDS_SYNC_STATUS_IDLE:
    default:
      /* Half a ward must never look like a whole one. */
      if (rounds_sync_status_get_first_sync (self->status))
        return g_strdup (_("The first sync is not through yet: not everything is here. It goes on where it is."));
      if (ago != NULL && g_network_monitor_get_network_metered (g_network_monitor_get_default ()))
        return g_strdup_printf (_("Last sync: %s. The network is metered: once in half an hour."), ago);
      return ago != NULL ? g_strdup_printf (_("Last sync: %s"), ago) : g_strdup (_("Not synced yet"));
    }
}

static char *
progress_words (RoundsSyncPage *self)
{
  g_autofree char *phase = NULL;
  guint done = 0, total = 0;
  const char *what;

  g_object_get (self->status, "phase", &phase, "done", &done, "total", &total, NULL);
  what = g_strcmp0 (phase, "upload") == 0     ? _("Sending")
         : g_strcmp0 (phase, "download") == 0 ? _("Receiving")
         : g_strcmp0 (phase, "images") == 0   ? _("Images")
                                              : _("Syncing");
  if (total > 0)
    gtk_progress_bar_set_fraction (self->progress_bar, (double) MIN (done, total) / total);
  else
    gtk_progress_bar_pulse (self->progress_bar);
  if (phase == NULL)
    return g_strdup (_("Syncing…"));
  if (rounds_sync_status_get_first_sync (self->status) && g_str_equal (phase, "download"))
    return total > 0 ? g_strdup_printf (_("First sync: %u of %u records are here. Rounds can be used meanwhile; "
                                          "lists are not complete yet."), done, total)
                     : g_strdup_printf (_("First sync: %u records are here. Rounds can be used meanwhile; lists are "
                                          "not complete yet."), done);
  return total > 0 ? g_strdup_printf (_("%s: %u of %u"), what, done, total) : g_strdup_printf ("%s: %u", what, done);
}

static void
show_banner (RoundsSyncPage *self, const char *words, gboolean stopped, gboolean trouble)
{
  const char *sign_in = rounds_sync_status_get_sign_in (self->status);
  g_autofree char *asks = NULL;

  /* One press, and the browser is at the place. */
  if (sign_in != NULL)
    {
      asks = g_strdup_printf (_("“%s” waits for you to sign in: nothing is sent or received until then. Nothing is lost."),
                              sign_in);
      rounds_action_set (GTK_ACTIONABLE (self->banner), "win.sign-in", sign_in);
      adw_banner_set_button_label (self->banner, _("Sign In…"));
    }
  else
    {
      rounds_action_set (GTK_ACTIONABLE (self->banner), "win.show-connections", NULL);
      adw_banner_set_button_label (self->banner, trouble ? _("Connections…") : NULL);
    }
  adw_banner_set_title (self->banner, sign_in != NULL ? asks : stopped ? words : "");
  adw_banner_set_revealed (self->banner, sign_in != NULL || stopped);
}

static void
show_notes (RoundsSyncPage *self)
{
  const char *const *notes = rounds_sync_status_get_notes (self->status);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *all = notes != NULL ? g_strjoinv ("\n", (char **) notes) : NULL;
  guint n = notes != NULL ? g_strv_length ((char **) notes) : 0;

  for (guint i = 0; i < MIN (n, MAX_NOTES); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", notes[i]);
  if (n > MAX_NOTES)
    g_string_append_printf (text, ngettext ("\nand %u more", "\nand %u more", n - MAX_NOTES), n - MAX_NOTES);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->notes_label), n > MAX_NOTES ? all : NULL);
  gtk_label_set_label (self->notes_label, text->str);
  gtk_widget_set_visible (self->notes_box, text->len > 0);
}

static void
status_changed_cb (RoundsSyncPage *self)
{
  RoundsSyncStatusState state;
  gboolean running, stopped;
  g_autofree char *words = NULL;
  gint64 last_us;

  if (self->status == NULL)
    return;
  state = rounds_sync_status_get_state (self->status);
  running = state == ROUNDS_SYNC_STATUS_SYNCING;
  stopped = state == ROUNDS_SYNC_STATUS_TROUBLE || state == ROUNDS_SYNC_STATUS_OFFLINE;
  words = running ? progress_words (self) : rounds_sync_page_dup_words (self);
  last_us = rounds_sync_status_get_last_success_us (self->status);
  /* What is wrong stands in the banner; the line below the title says when it last went well. */
  show_banner (self, words, stopped, state == ROUNDS_SYNC_STATUS_TROUBLE);
  show_notes (self);
  show_contents (self);
  if (stopped)
    {
      g_autofree char *ago = last_us > 0 ? rounds_words_ago (last_us) : NULL;

      g_free (words);
      words = ago != NULL ? g_strdup_printf (_("Last sync: %s"), ago) : g_strdup (_("Not synced yet"));
    }
  gtk_label_set_label (self->status_label, words);
  gtk_widget_set_visible (GTK_WIDGET (self->progress_bar), running);
  gtk_widget_set_visible (self->cancel_button, running);
  gtk_widget_set_visible (self->sync_now_button, !running && self->n_connections > 0);
  g_signal_emit (self, signals[STATUS], 0);
}

void
rounds_sync_page_start (RoundsSyncPage *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_PAGE (self));

  if (self->schedule != NULL)
    rounds_sync_schedule_run_now (self->schedule);
}

RoundsSyncStatus *
rounds_sync_page_get_status (RoundsSyncPage *self)
{
  g_return_val_if_fail (ROUNDS_IS_SYNC_PAGE (self), NULL);

  return self->status;
}

static void
cancel_clicked_cb (RoundsSyncPage *self)
{
  if (self->schedule != NULL)
    rounds_sync_schedule_cancel_pass (self->schedule);
}

static gboolean
tick_cb (gpointer data)
{
  RoundsSyncPage *self = data;

  status_changed_cb (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    rounds_sync_list_tick (self->list);
  return G_SOURCE_CONTINUE;
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
  g_clear_pointer (&self->last, deed_free);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "sync.undo", FALSE);
  rounds_conflict_view_set_question (self->conflict_view, NULL, NULL);
  gtk_stack_set_visible_child_name (self->views, "overview");
  rounds_sync_list_set_store (self->list, store);
  self->loading = FALSE;
  self->n_rows = self->n_connections = 0;
  adw_banner_set_revealed (self->banner, FALSE);
  gtk_label_set_label (self->notes_label, "");
  gtk_widget_set_visible (self->notes_box, FALSE);
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
back_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (widget);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->views), "conflict") == 0)
    show_overview (self);
  else
    gtk_widget_activate_action (widget, "win.show-sync", NULL);
}

static void
rounds_sync_page_map (GtkWidget *widget)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (widget);

  GTK_WIDGET_CLASS (rounds_sync_page_parent_class)->map (widget);
  reload (self);
}

static gboolean
rounds_sync_page_grab_focus (GtkWidget *widget)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (widget);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->views), "conflict") == 0)
    return gtk_widget_grab_focus (GTK_WIDGET (self->conflict_view));
  return gtk_widget_grab_focus (GTK_WIDGET (self->list)) || gtk_widget_grab_focus (self->connect_button) ||
         gtk_widget_grab_focus (self->sync_now_button) || gtk_widget_grab_focus (self->connections_button);
}

static void
rounds_sync_page_dispose (GObject *object)
{
  RoundsSyncPage *self = ROUNDS_SYNC_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_object (&self->store);
  g_clear_pointer (&self->last, deed_free);
  forget_schedule (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_SYNC_PAGE);
  G_OBJECT_CLASS (rounds_sync_page_parent_class)->dispose (object);
}

static void
rounds_sync_page_finalize (GObject *object)
{
  g_clear_object (&ROUNDS_SYNC_PAGE (object)->cancellable);
  G_OBJECT_CLASS (rounds_sync_page_parent_class)->finalize (object);
}

static void
rounds_sync_page_class_init (RoundsSyncPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_sync_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_sync_page_finalize;
  widget_class->map = rounds_sync_page_map;
  widget_class->grab_focus = rounds_sync_page_grab_focus;
  signals[STATUS] = g_signal_new ("status", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  g_type_ensure (ROUNDS_TYPE_CONFLICT_VIEW);
  g_type_ensure (ROUNDS_TYPE_SYNC_LIST);
  gtk_widget_class_install_action (widget_class, "sync.undo", NULL, undo_activated);
  gtk_widget_class_install_action (widget_class, "sync.back", NULL, back_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "sync.back", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "sync.undo", NULL);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/sync-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, views);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, contents);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, nothing);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, connect_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, status_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, sync_now_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, connections_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, banner);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, notes_box);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, notes_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, list);
  gtk_widget_class_bind_template_child (widget_class, RoundsSyncPage, conflict_view);
  gtk_widget_class_bind_template_callback (widget_class, cancel_clicked_cb);
}

static void
rounds_sync_page_init (RoundsSyncPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "sync.undo", FALSE);
  g_signal_connect_swapped (self->list, "verb", G_CALLBACK (verb_cb), self);
  g_signal_connect_swapped (self->conflict_view, "later", G_CALLBACK (show_overview), self);
  g_signal_connect_swapped (self->conflict_view, "decided", G_CALLBACK (decided_cb), self);
  g_signal_connect_swapped (self->conflict_view, "deciding", G_CALLBACK (deciding_cb), self);
  self->tick_id = g_timeout_add_seconds (20, tick_cb, self);
}
