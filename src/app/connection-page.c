/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections change rarely and are few, so the page makes its rows anew after each change. What takes long (a
 * try, a sign-in) has a task of its own per connection, and goes on while others are edited. */

#include "app/connection-page.h"

#include <glib/gi18n-lib.h>

#include "app/connection-card.h"
#include "app/connection-form.h"
#include "kit/kit.h"

/* What is under way, or went wrong, at one connection. */
typedef struct {
  RoundsConnectionBusy busy;
  GCancellable *cancellable;
  char *error;
  char *url;          /* that the browser was sent to */
} Work;

struct _RoundsConnectionPage {
  AdwBin parent_instance;

  GtkStack *views, *contents;
  GtkBox *cards;
  GtkWidget *add_button;
  GtkLabel *role_label;
  RoundsConnectionForm *form;

  RoundsStore *store;
  GCancellable *cancellable;
  GPtrArray *facts;         /* RoundsConnectionFacts */
  GHashTable *work;         /* name → Work */
  char *try_next;           /* to be tried when it is in the list */
  gboolean loading, stale;
};

enum {
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsConnectionPage, rounds_connection_page, ADW_TYPE_BIN)

static void reload (RoundsConnectionPage *self);
static void try_connection (RoundsConnectionPage *self, const char *name);

static void
work_free (Work *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_free (self->error);
  g_free (self->url);
  g_free (self);
}

static const RoundsConnectionFacts *
facts_of (RoundsConnectionPage *self, const char *name)
{
  for (guint i = 0; self->facts != NULL && i < self->facts->len; i++)
    {
      const RoundsConnectionFacts *facts = self->facts->pdata[i];

      if (g_str_equal (facts->connection->name, name))
        return facts;
    }
  return NULL;
}

/* --- the list ------------------------------------------------------------------------------------------- */

/* The first button under widget, or the one of that action. */
static GtkWidget *
find_button (GtkWidget *widget, const char *action)
{
  if (GTK_IS_BUTTON (widget) &&
      (action == NULL || g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)), action) == 0))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, action);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* Which card has the focus, from 0; −1 = none. *action: of its button; static. */
static int
focused_card (RoundsConnectionPage *self, const char **action)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  int i = 0;

  for (GtkWidget *card = gtk_widget_get_first_child (GTK_WIDGET (self->cards)); card != NULL && focus != NULL;
       card = gtk_widget_get_next_sibling (card), i++)
    if (gtk_widget_is_ancestor (focus, card))
      {
        *action = GTK_IS_ACTIONABLE (focus)
                      ? g_intern_string (gtk_actionable_get_action_name (GTK_ACTIONABLE (focus)))
                      : NULL;
        return i;
      }
  return -1;
}

/* The cards are new, but who works by keyboard must not begin at the top again: the same button, or the one that ends
 * what was begun, or the first. */
static void
focus_card (RoundsConnectionPage *self, int at, const char *action)
{
  GtkWidget *card = at >= 0 ? gtk_widget_get_first_child (GTK_WIDGET (self->cards)) : NULL, *button = NULL;

  for (; card != NULL && at > 0; at--)
    card = gtk_widget_get_next_sibling (card);
  if (card == NULL)
    return;
  button = action != NULL ? find_button (card, action) : NULL;
  if (button == NULL)
    button = find_button (card, "connection.cancel");
  if (button == NULL)
    button = find_button (card, NULL);
  if (button != NULL)
    gtk_widget_grab_focus (button);
}

static void
show_cards (RoundsConnectionPage *self)
{
  gboolean may = rounds_role_may (rounds_store_get_role (self->store), ROUNDS_ACT_CONFIGURE, NULL);
  GtkWidget *child = NULL;
  const char *action = NULL;
  int focused = focused_card (self, &action);

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->cards))) != NULL)
    gtk_box_remove (self->cards, child);
  for (guint i = 0; self->facts != NULL && i < self->facts->len; i++)
    {
      const RoundsConnectionFacts *facts = self->facts->pdata[i];
      const Work *work = g_hash_table_lookup (self->work, facts->connection->name);

      gtk_box_append (self->cards, rounds_connection_card_new (facts, work != NULL ? work->busy : ROUNDS_CONNECTION_AT_REST,
                                                               work != NULL ? work->error : NULL, may));
    }
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "connection.add", may);
  gtk_widget_set_visible (GTK_WIDGET (self->role_label), !may);
  gtk_stack_set_visible_child_name (self->contents,
                                    self->facts != NULL && self->facts->len > 0 ? "cards" : "nothing");
  focus_card (self, focused, action);
}

static gpointer
read_facts (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) connections = rounds_connection_list (store, error);
  GPtrArray *facts = NULL;

  if (connections == NULL)
    return NULL;
  facts = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_connection_facts_free);
  for (guint i = 0; i < connections->len; i++)
    g_ptr_array_add (facts, rounds_connection_facts_load (store, g_steal_pointer (&connections->pdata[i])));
  return facts;
}

static void
facts_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsConnectionPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) facts = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autofree char *next = NULL;

  if (self->store != (RoundsStore *) source)
    return;
  self->loading = FALSE;
  if (facts != NULL)
    {
      g_clear_pointer (&self->facts, g_ptr_array_unref);
      self->facts = g_steal_pointer (&facts);
      show_cards (self);
      next = g_steal_pointer (&self->try_next);
      if (next != NULL && facts_of (self, next) != NULL)
        try_connection (self, next);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
  if (self->stale)
    reload (self);
}

static void
reload (RoundsConnectionPage *self)
{
  self->stale = self->loading;
  if (self->store == NULL || self->loading)
    return;
  self->loading = TRUE;
  rounds_store_run_async (self->store, read_facts, NULL, NULL, (GDestroyNotify) g_ptr_array_unref, self->cancellable,
                          facts_read_cb, g_object_ref (self));
}

/* --- trying and signing in -------------------------------------------------------------------------------- */

static Work *
begin (RoundsConnectionPage *self, const char *name, RoundsConnectionBusy busy)
{
  Work *work = g_new0 (Work, 1);

  work->busy = busy;
  work->cancellable = g_cancellable_new ();
  g_hash_table_replace (self->work, g_strdup (name), work);
  show_cards (self);
  return work;
}

typedef struct {
  RoundsConnectionPage *page;
  RoundsStore *store;
  char *name;
  GCancellable *cancellable;   /* also the ticket: another try has another one */
} Context;

static Context *
context_new (RoundsConnectionPage *self, const char *name, Work *work)
{
  Context *context = g_new0 (Context, 1);

  context->page = g_object_ref (self);
  context->store = g_object_ref (self->store);
  context->name = g_strdup (name);
  context->cancellable = g_object_ref (work->cancellable);
  return context;
}

static void
context_free (Context *context)
{
  g_object_unref (context->page);
  g_object_unref (context->store);
  g_object_unref (context->cancellable);
  g_free (context->name);
  g_free (context);
}

/* The work that this answer belongs to; NULL when nobody waits for it any more. */
static Work *
current (Context *context)
{
  RoundsConnectionPage *self = context->page;
  Work *work = self->store == context->store ? g_hash_table_lookup (self->work, context->name) : NULL;

  return work != NULL && work->cancellable == context->cancellable ? work : NULL;
}

static void
end (Context *context, const GError *error, gboolean changed)
{
  RoundsConnectionPage *self = context->page;
  Work *work = current (context);

  if (work == NULL)
    return;
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      work->busy = ROUNDS_CONNECTION_AT_REST;
      work->error = g_strdup (error->message);
      /* Who does not see the card hears it. */
      gtk_accessible_announce (GTK_ACCESSIBLE (self), error->message, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
    }
  else
    g_hash_table_remove (self->work, context->name);
  show_cards (self);
  reload (self);
  /* Also after a failure: that there is a connection now, and that it does not answer, is for the indicator too. */
  if (changed)
    g_signal_emit (self, signals[CHANGED], 0);
}

static gpointer
try_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_connection_probe (store, data, cancellable, error);
}

static void
tried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Context *context = user_data;
  g_autoptr (GError) error = NULL;
  RoundsServerProfile *profile = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  end (context, error, TRUE);
  g_clear_pointer (&profile, rounds_server_profile_free);
  context_free (context);
}

static void
try_connection (RoundsConnectionPage *self, const char *name)
{
  const RoundsConnectionFacts *facts = facts_of (self, name);
  Work *work = NULL;

  if (self->store == NULL || facts == NULL || facts->connection->fhir_url == NULL)
    {
      g_signal_emit (self, signals[CHANGED], 0);
      return;
    }
  /* Without a sign-in the server would only say no. */
  if (facts->sign_in == ROUNDS_SIGN_IN_NEEDED)
    return;
  work = begin (self, name, ROUNDS_CONNECTION_TRYING);
  rounds_store_run_async (self->store, try_work, g_strdup (name), g_free, (GDestroyNotify) rounds_server_profile_free,
                          work->cancellable, tried_cb, context_new (self, name, work));
}

static void
launched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsConnectionPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!gtk_uri_launcher_launch_finish (GTK_URI_LAUNCHER (source), result, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rounds_toast (GTK_WIDGET (self), _("No browser could be opened: copy the address and open it yourself"), NULL, NULL,
                  NULL, NULL);
}

static void
open_browser_cb (const char *url, gpointer user_data)
{
  Context *context = user_data;
  Work *work = current (context);
  g_autoptr (GtkUriLauncher) launcher = NULL;

  if (work == NULL)
    return;
  g_free (work->url);
  work->url = g_strdup (url);
  launcher = gtk_uri_launcher_new (url);
  gtk_uri_launcher_launch (launcher, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (context->page))),
                           work->cancellable, launched_cb, g_object_ref (context->page));
}

static void
signed_in_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Context *context = user_data;
  g_autoptr (GError) error = NULL;
  gboolean ok = rounds_sign_in_finish (context->store, result, &error);
  gboolean mine = current (context) != NULL;

  end (context, error, FALSE);
  if (ok && mine)
    {
      GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (context->page)));

      g_free (context->page->try_next);
      context->page->try_next = g_strdup (context->name);
      reload (context->page);
      if (window != NULL)
        gtk_window_present (window);
    }
  context_free (context);
}

/* Seconds that a person has in the browser; 0 = as long as signing in takes by itself. Tests have less time. */
static guint
patience_s (void)
{
  const char *text = g_getenv ("ROUNDS_SIGN_IN_PATIENCE_S");
  guint64 seconds = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;

  return (guint) MIN (seconds, 3600);
}

void
rounds_connection_page_sign_in (RoundsConnectionPage *self, const char *name)
{
  Context *context = NULL;
  Work *work = NULL;

  g_return_if_fail (ROUNDS_IS_CONNECTION_PAGE (self));

  work = g_hash_table_lookup (self->work, name);
  if (self->store == NULL || (work != NULL && work->busy == ROUNDS_CONNECTION_SIGNING_IN))
    return;
  work = begin (self, name, ROUNDS_CONNECTION_SIGNING_IN);
  context = context_new (self, name, work);
  rounds_sign_in_async (self->store, name, patience_s (), open_browser_cb, context, work->cancellable, signed_in_cb,
                        context);
}

static void
sign_in_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_connection_page_sign_in (ROUNDS_CONNECTION_PAGE (widget), g_variant_get_string (parameter, NULL));
}

static gpointer
sign_out_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return GINT_TO_POINTER (rounds_sign_out (store, data, NULL, cancellable, error));
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsConnectionPage) self = user_data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (self->store != (RoundsStore *) source)
    return;
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
  else
    g_signal_emit (self, signals[CHANGED], 0);
  reload (self);
}

static void
sign_out_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (widget);

  if (self->store != NULL)
    rounds_store_run_async (self->store, sign_out_work, g_variant_dup_string (parameter, NULL), g_free, NULL,
                            self->cancellable, written_cb, g_object_ref (self));
}

static void
cancel_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (widget);

  if (g_hash_table_remove (self->work, g_variant_get_string (parameter, NULL)))
    show_cards (self);
}

static void
try_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (widget);
  const char *connection = g_variant_get_string (parameter, NULL);
  const RoundsConnectionFacts *facts = facts_of (self, connection);

  if (facts != NULL && facts->sign_in == ROUNDS_SIGN_IN_NEEDED)
    rounds_toast (widget, _("Sign in first"), NULL, NULL, NULL, NULL);
  try_connection (self, connection);
}

static void
copy_address_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (widget);
  const Work *work = g_hash_table_lookup (self->work, g_variant_get_string (parameter, NULL));

  if (work == NULL || work->url == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), work->url);
  rounds_toast (widget, _("Address copied"), NULL, NULL, NULL, NULL);
}

/* --- the key of this installation ------------------------------------------------------------------------- */

typedef struct {
  char *name;
  gboolean anew;
} KeyCall;

static void
key_call_free (KeyCall *call)
{
  g_free (call->name);
  g_free (call);
}

static gpointer
key_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  const KeyCall *call = data;

  return rounds_connection_dup_jwks (store, call->name, call->anew, error);
}

static void
key_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsConnectionPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *jwks = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  if (self->store != (RoundsStore *) source)
    return;
  if (jwks == NULL)
    {
      rounds_toast (GTK_WIDGET (self), error->message, NULL, NULL, NULL, NULL);
      return;
    }
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), jwks);
  rounds_toast (GTK_WIDGET (self), _("Public key copied: register it at the server"), NULL, NULL, NULL, NULL);
}

static void
read_key (RoundsConnectionPage *self, const char *name, gboolean anew)
{
  KeyCall *call = g_new0 (KeyCall, 1);

  call->name = g_strdup (name);
  call->anew = anew;
  rounds_store_run_async (self->store, key_work, call, (GDestroyNotify) key_call_free, g_free, self->cancellable,
                          key_read_cb, g_object_ref (self));
}

static void
copy_key_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  read_key (ROUNDS_CONNECTION_PAGE (widget), g_variant_get_string (parameter, NULL), FALSE);
}

/* --- questions ---------------------------------------------------------------------------------------------- */

static void
ask (RoundsConnectionPage *self, const char *heading, const char *body, const char *verb, GCallback answered,
     const char *name)
{
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (heading, body));

  adw_alert_dialog_add_responses (dialog, "keep", _("_Keep"), "do", verb, NULL);
  adw_alert_dialog_set_response_appearance (dialog, "do", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "keep");
  adw_alert_dialog_set_close_response (dialog, "keep");
  g_object_set_data_full (G_OBJECT (dialog), "name", g_strdup (name), g_free);
  g_object_set_data_full (G_OBJECT (dialog), "store", g_object_ref (self->store), g_object_unref);
  g_signal_connect_object (dialog, "response", answered, self, G_CONNECT_DEFAULT);
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

static gboolean
is_yes (AdwAlertDialog *dialog, const char *response, RoundsConnectionPage *self)
{
  return g_str_equal (response, "do") && self->store != NULL &&
         self->store == g_object_get_data (G_OBJECT (dialog), "store");
}

static void
new_key_answered_cb (AdwAlertDialog *dialog, const char *response, RoundsConnectionPage *self)
{
  if (is_yes (dialog, response, self))
    read_key (self, g_object_get_data (G_OBJECT (dialog), "name"), TRUE);
}

static void
new_key_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ask (ROUNDS_CONNECTION_PAGE (widget), _("Make a new key?"),
       _("The server takes nothing from this installation until the new public key is registered there."),
       _("_Make New Key"), G_CALLBACK (new_key_answered_cb), g_variant_get_string (parameter, NULL));
}

static gpointer
remove_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return GINT_TO_POINTER (rounds_connection_remove (store, data, error));
}

static void
remove_answered_cb (AdwAlertDialog *dialog, const char *response, RoundsConnectionPage *self)
{
  const char *name = g_object_get_data (G_OBJECT (dialog), "name");

  if (!is_yes (dialog, response, self))
    return;
  g_hash_table_remove (self->work, name);
  rounds_store_run_async (self->store, remove_work, g_strdup (name), g_free, NULL, self->cancellable, written_cb,
                          g_object_ref (self));
}

static void
remove_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const char *connection = g_variant_get_string (parameter, NULL);
  g_autofree char *heading = g_strdup_printf (_("Remove the connection “%s”?"), connection);

  ask (ROUNDS_CONNECTION_PAGE (widget), heading,
       _("Everything that was received stays here, and what waits to be sent goes on waiting. The password or token is "
         "forgotten."),
       _("_Remove"), G_CALLBACK (remove_answered_cb), connection);
}

/* --- the form ------------------------------------------------------------------------------------------------ */

static void
show_list (RoundsConnectionPage *self)
{
  rounds_connection_form_set_connection (self->form, NULL, NULL);
  gtk_stack_set_visible_child_name (self->views, "list");
  reload (self);
  gtk_widget_grab_focus (self->add_button);
}

static void
show_form (RoundsConnectionPage *self, const RoundsConnection *connection)
{
  if (self->store == NULL)
    return;
  rounds_connection_form_set_connection (self->form, self->store, connection);
  gtk_stack_set_visible_child_name (self->views, "form");
  gtk_widget_grab_focus (GTK_WIDGET (self->form));
}

static void
saved_cb (RoundsConnectionPage *self, const char *name)
{
  g_hash_table_remove (self->work, name);
  g_free (self->try_next);
  self->try_next = g_strdup (name);
  show_list (self);
}

static void
add_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  show_form (ROUNDS_CONNECTION_PAGE (widget), NULL);
}

static void
edit_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const RoundsConnectionFacts *facts =
      facts_of (ROUNDS_CONNECTION_PAGE (widget), g_variant_get_string (parameter, NULL));

  if (facts != NULL)
    show_form (ROUNDS_CONNECTION_PAGE (widget), facts->connection);
}

/* --- type ------------------------------------------------------------------------------------------------------ */

void
rounds_connection_page_set_store (RoundsConnectionPage *self, RoundsStore *store)
{
  g_return_if_fail (ROUNDS_IS_CONNECTION_PAGE (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_hash_table_remove_all (self->work);
  g_clear_pointer (&self->facts, g_ptr_array_unref);
  g_clear_pointer (&self->try_next, g_free);
  self->loading = self->stale = FALSE;
  rounds_connection_form_set_connection (self->form, NULL, NULL);
  gtk_stack_set_visible_child_name (self->views, "list");
  g_set_object (&self->store, store);
  if (store != NULL)
    {
      show_cards (self);
      reload (self);
    }
}

static void
rounds_connection_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (rounds_connection_page_parent_class)->map (widget);
  reload (ROUNDS_CONNECTION_PAGE (widget));
}

static gboolean
rounds_connection_page_grab_focus (GtkWidget *widget)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (widget);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->views), "form") == 0)
    return gtk_widget_grab_focus (GTK_WIDGET (self->form));
  return gtk_widget_grab_focus (self->add_button);
}

static void
rounds_connection_page_dispose (GObject *object)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  if (self->work != NULL)
    g_hash_table_remove_all (self->work);
  g_clear_object (&self->store);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_CONNECTION_PAGE);
  G_OBJECT_CLASS (rounds_connection_page_parent_class)->dispose (object);
}

static void
rounds_connection_page_finalize (GObject *object)
{
  RoundsConnectionPage *self = ROUNDS_CONNECTION_PAGE (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->facts, g_ptr_array_unref);
  g_clear_pointer (&self->work, g_hash_table_unref);
  g_free (self->try_next);
  G_OBJECT_CLASS (rounds_connection_page_parent_class)->finalize (object);
}

static void
rounds_connection_page_class_init (RoundsConnectionPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const struct { const char *name; GtkWidgetActionActivateFunc func; } actions[] = {
    { "connection.try", try_activated }, { "connection.sign-in", sign_in_activated },
    { "connection.sign-out", sign_out_activated }, { "connection.cancel", cancel_activated },
    { "connection.copy-address", copy_address_activated }, { "connection.copy-key", copy_key_activated },
    { "connection.new-key", new_key_activated }, { "connection.edit", edit_activated },
    { "connection.remove", remove_activated },
  };

  G_OBJECT_CLASS (klass)->dispose = rounds_connection_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_connection_page_finalize;
  widget_class->map = rounds_connection_page_map;
  widget_class->grab_focus = rounds_connection_page_grab_focus;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  g_type_ensure (ROUNDS_TYPE_CONNECTION_FORM);
  gtk_widget_class_install_action (widget_class, "connection.add", NULL, add_activated);
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, "s", actions[i].func);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "win.show-connections", NULL);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/connection-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionPage, views);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionPage, contents);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionPage, cards);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionPage, add_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionPage, role_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionPage, form);
}

static void
rounds_connection_page_init (RoundsConnectionPage *self)
{
  self->work = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) work_free);
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_swapped (self->form, "saved", G_CALLBACK (saved_cb), self);
  g_signal_connect_swapped (self->form, "cancelled", G_CALLBACK (show_list), self);
}
