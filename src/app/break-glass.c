/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Who needs restricted records in an emergency sees that there are some, says why, and has them: one dialog, one
 * sentence, four hours. What is open is said all the time, with the minutes left and the way to end it. The store
 * decides; this only asks.
 */

#include "app/break-glass.h"

#include <glib/gi18n-lib.h>

#include "app/put-back.h"
#include "base/instant.h"
#include "store/glass.h"

struct _RoundsBreakGlass {
  AdwBin parent_instance;

  RoundsPutBack *put_back;   /* stands above it: both are about what is not as it should be */
  GtkWidget *box, *icon, *button;
  GtkLabel *label;
  GtkEditable *entry;        /* of the dialog, while it is up */

  RoundsStore *store;
  char *patient_id;
  GCancellable *cancellable;
  gulong changed_handler, outbox_handler;
  guint timer;
  gboolean open;
};

G_DEFINE_FINAL_TYPE (RoundsBreakGlass, rounds_break_glass, ADW_TYPE_BIN)

typedef struct {
  guint hidden;
  gboolean open, shut;
  RoundsGlass glass;
} State;

static void
state_free (gpointer data)
{
  State *state = data;

  rounds_glass_clear (&state->glass);
  g_free (state);
}

static gpointer
read_state (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  State *state = g_new0 (State, 1);

  state->open = rounds_store_get_glass (store, data, &state->glass);
  if (data != NULL && !rounds_store_count_hidden (store, data, &state->hidden, error))
    g_clear_pointer (&state, state_free);
  else
    state->shut = data != NULL && rounds_store_is_shut (store, data);
  return state;
}

static char *
open_words (const RoundsGlass *glass)
{
  gint64 minutes = MAX ((glass->until_us - rounds_instant_now_us () + 59 * G_USEC_PER_SEC) / (60 * G_USEC_PER_SEC), 0);

  return g_strdup_printf (_("Restricted records are open for another %d h %d min: %s"), (int) (minutes / 60),
                          (int) (minutes % 60), glass->reason);
}

static void
show_state (RoundsBreakGlass *self, const State *state)
{
  RoundsRole role = rounds_store_get_role (self->store);
  gboolean may = rounds_role_may (role, ROUNDS_ACT_BREAK_GLASS, NULL);
  g_autofree char *words = NULL;

  self->open = state->open;
  gtk_widget_set_visible (self->box, state->open || state->shut || state->hidden > 0);
  if (state->open)
    words = open_words (&state->glass);
  else if (state->shut && state->hidden == 0)
    words = g_strdup (_("This patient is restricted: nothing is shown or written before the glass is broken"));
  else
    words = g_strdup_printf (ngettext ("%u record of this patient is restricted and not shown",
                                       "%u records of this patient are restricted and not shown", state->hidden),
                             state->hidden);
  gtk_label_set_label (self->label, words);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), state->open ? "channel-insecure-symbolic" : "channel-secure-symbolic");
  gtk_button_set_label (GTK_BUTTON (self->button), state->open ? _("End") : _("Break the Glass…"));
  gtk_widget_set_sensitive (self->button, state->open || may);
  gtk_widget_set_tooltip_text (self->button, state->open || may ? NULL : _("Your role may not open restricted records"));
  if (state->open)
    gtk_widget_add_css_class (self->box, "look");
  else
    gtk_widget_remove_css_class (self->box, "look");
}

static void
state_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsBreakGlass) self = user_data;
  State *state = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  if (state != NULL && (RoundsStore *) source == self->store)
    show_state (self, state);
  g_clear_pointer (&state, state_free);
}

static void
refresh (RoundsBreakGlass *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->store == NULL)
    {
      gtk_widget_set_visible (self->box, FALSE);
      gtk_label_set_label (self->label, "");
      rounds_put_back_set_store (self->put_back, NULL);
      return;
    }
  self->cancellable = g_cancellable_new ();
  rounds_put_back_set_store (self->put_back, self->store);
  rounds_put_back_refresh (self->put_back);
  rounds_store_run_async (self->store, read_state, g_strdup (self->patient_id), g_free, state_free, self->cancellable,
                          state_read_cb, g_object_ref (self));
}

static gboolean
tick_cb (gpointer data)
{
  refresh (data);
  return G_SOURCE_CONTINUE;
}

static void
changed_cb (RoundsBreakGlass *self)
{
  refresh (self);
}

/* --- acting ------------------------------------------------------------------------------------------- */

typedef struct {
  char *patient_id, *reason;
} Wish;

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  g_free (wish->patient_id);
  g_free (wish->reason);
  g_free (wish);
}

static gpointer
act (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Wish *wish = data;

  return GINT_TO_POINTER (wish->reason != NULL ? rounds_store_break_glass (store, wish->patient_id, wish->reason, error)
                                               : rounds_store_end_glass (store, error));
}

static void
acted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsBreakGlass) self = user_data;
  g_autoptr (GError) error = NULL;

  (void) rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (error != NULL && (RoundsStore *) source == self->store)
    {
      gtk_label_set_label (self->label, error->message);
      gtk_accessible_announce (GTK_ACCESSIBLE (self->label), error->message, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH);
      return;
    }
  refresh (self);
}

/* reason NULL: end. */
static void
run (RoundsBreakGlass *self, const char *reason)
{
  Wish *wish = g_new0 (Wish, 1);

  wish->patient_id = g_strdup (self->patient_id);
  wish->reason = g_strdup (reason);
  rounds_store_run_async (self->store, act, wish, wish_free, NULL, NULL, acted_cb, g_object_ref (self));
}

static void
reason_changed_cb (AdwAlertDialog *dialog, GtkEditable *entry)
{
  adw_alert_dialog_set_response_enabled (dialog, "break", rounds_glass_is_reason (gtk_editable_get_text (entry)));
}

static void
response_cb (AdwAlertDialog *dialog, const char *response, RoundsBreakGlass *self)
{
  const char *asked_for = g_object_get_data (G_OBJECT (dialog), "patient");

  /* Locked meanwhile, or another patient: then it was not this what was asked for. */
  if (g_str_equal (response, "break") && self->store != NULL && g_strcmp0 (asked_for, self->patient_id) == 0)
    run (self, gtk_editable_get_text (self->entry));
  self->entry = NULL;
}

static void
ask (RoundsBreakGlass *self)
{
  AdwDialog *dialog = adw_alert_dialog_new (_("Break the Glass?"), NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), *entry = gtk_entry_new ();
  GtkWidget *label = gtk_label_new_with_mnemonic (_("_Reason, in a few words"));

  adw_alert_dialog_set_body (ADW_ALERT_DIALOG (dialog),
                             _("The restricted records of this patient open for four hours. Your name, the time and the "
                               "reason stand in the audit trail and are looked at."));
  adw_alert_dialog_add_responses (ADW_ALERT_DIALOG (dialog), "cancel", _("_Cancel"), "break", _("_Break"), NULL);
  adw_alert_dialog_set_response_appearance (ADW_ALERT_DIALOG (dialog), "break", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_response_enabled (ADW_ALERT_DIALOG (dialog), "break", FALSE);
  adw_alert_dialog_set_default_response (ADW_ALERT_DIALOG (dialog), "break");
  adw_alert_dialog_set_close_response (ADW_ALERT_DIALOG (dialog), "cancel");
  /* Wide, and one below the other where it is not: large text must not cut what the buttons say. */
  adw_alert_dialog_set_prefer_wide_layout (ADW_ALERT_DIALOG (dialog), TRUE);
  /* A row's title is cut when it is long; a label is not. */
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_mnemonic_widget (GTK_LABEL (label), entry);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_RELATION_LABELLED_BY, label, NULL, -1);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), entry);
  adw_alert_dialog_set_extra_child (ADW_ALERT_DIALOG (dialog), box);
  adw_dialog_set_focus (dialog, entry);
  g_object_set_data_full (G_OBJECT (dialog), "patient", g_strdup (self->patient_id), g_free);
  self->entry = GTK_EDITABLE (entry);
  g_signal_connect_object (entry, "changed", G_CALLBACK (reason_changed_cb), dialog, G_CONNECT_SWAPPED);
  g_signal_connect_object (dialog, "response", G_CALLBACK (response_cb), self, G_CONNECT_DEFAULT);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

void
rounds_break_glass_activate (RoundsBreakGlass *self)
{
  g_return_if_fail (ROUNDS_IS_BREAK_GLASS (self));

  if (self->store == NULL || self->entry != NULL)
    return;
  if (self->open)
    run (self, NULL);
  else if (self->patient_id != NULL && rounds_role_may (rounds_store_get_role (self->store), ROUNDS_ACT_BREAK_GLASS, NULL))
    ask (self);
}

/* --- type --------------------------------------------------------------------------------------------- */

static void
rounds_break_glass_dispose (GObject *object)
{
  RoundsBreakGlass *self = ROUNDS_BREAK_GLASS (object);

  if (self->store != NULL)
    rounds_break_glass_set_patient (self, NULL, NULL);
  g_clear_handle_id (&self->timer, g_source_remove);
  G_OBJECT_CLASS (rounds_break_glass_parent_class)->dispose (object);
}

static void
rounds_break_glass_finalize (GObject *object)
{
  RoundsBreakGlass *self = ROUNDS_BREAK_GLASS (object);

  g_clear_object (&self->cancellable);
  g_free (self->patient_id);
  G_OBJECT_CLASS (rounds_break_glass_parent_class)->finalize (object);
}

static void
rounds_break_glass_class_init (RoundsBreakGlassClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_break_glass_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_break_glass_finalize;
}

static void
rounds_break_glass_init (RoundsBreakGlass *self)
{
  GtkWidget *wrap = adw_wrap_box_new ();
  GtkWidget *text = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *both = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->put_back = g_object_new (ROUNDS_TYPE_PUT_BACK, NULL);
  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  self->icon = gtk_image_new ();
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->icon), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  self->label = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->label, TRUE);
  gtk_label_set_natural_wrap_mode (self->label, GTK_NATURAL_WRAP_NONE);
  gtk_label_set_xalign (self->label, 0);
  self->button = gtk_button_new ();
  g_signal_connect_swapped (self->button, "clicked", G_CALLBACK (rounds_break_glass_activate), self);
  gtk_box_append (GTK_BOX (text), self->icon);
  gtk_box_append (GTK_BOX (text), GTK_WIDGET (self->label));
  adw_wrap_box_set_child_spacing (ADW_WRAP_BOX (wrap), 12);
  adw_wrap_box_set_line_spacing (ADW_WRAP_BOX (wrap), 6);
  adw_wrap_box_append (ADW_WRAP_BOX (wrap), text);
  adw_wrap_box_append (ADW_WRAP_BOX (wrap), self->button);
  gtk_widget_set_hexpand (wrap, TRUE);
  gtk_widget_set_margin_start (wrap, 12);
  gtk_widget_set_margin_end (wrap, 12);
  gtk_widget_set_margin_top (wrap, 6);
  gtk_widget_set_margin_bottom (wrap, 6);
  gtk_box_append (GTK_BOX (self->box), wrap);
  gtk_widget_set_visible (self->box, FALSE);
  gtk_box_append (GTK_BOX (both), GTK_WIDGET (self->put_back));
  gtk_box_append (GTK_BOX (both), self->box);
  adw_bin_set_child (ADW_BIN (self), both);
}

void
rounds_break_glass_set_patient (RoundsBreakGlass *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_BREAK_GLASS (self));

  if (store != self->store)
    {
      if (self->store != NULL)
        {
          g_clear_signal_handler (&self->changed_handler, self->store);
          g_clear_signal_handler (&self->outbox_handler, self->store);
        }
      g_set_object (&self->store, store);
      if (store != NULL)
        self->changed_handler = g_signal_connect_object (store, "changed", G_CALLBACK (changed_cb), self,
                                                         G_CONNECT_SWAPPED);
      if (store != NULL)
        self->outbox_handler = g_signal_connect_object (store, "outbox-changed", G_CALLBACK (changed_cb), self,
                                                        G_CONNECT_SWAPPED);
      g_clear_handle_id (&self->timer, g_source_remove);
      if (store != NULL)
        self->timer = g_timeout_add_seconds (20, tick_cb, self);
    }
  g_set_str (&self->patient_id, patient_id);
  self->open = FALSE;
  gtk_widget_set_visible (self->box, FALSE);
  refresh (self);
}
