/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last studies on the Summary. A study that may be of another patient shows a warning instead of its picture:
 * the question is asked where it is opened. */
#include "scans/view/scans-card.h"

#include <glib/gi18n-lib.h>

#include "kit/card.h"
#include "kit/kit.h"
#include "scans/scan-mismatch.h"
#include "scans/view/series-strip.h"

#define MAX_STUDIES 4
#define RELOAD_MS 250

struct _RoundsScansCard
{
  GtkWidget parent_instance;

  GtkWidget *card;
  RoundsStore *store;
  gulong changed_handler;
  char *patient_id;
  guint64 ticket;
  guint reload_timer;
};

G_DEFINE_FINAL_TYPE (RoundsScansCard, rounds_scans_card, GTK_TYPE_WIDGET)

typedef struct {
  GPtrArray *studies;
  GHashTable *thumbnails;
  RoundsChartIdentity *identity;
} Loaded;

static void
loaded_free (gpointer data)
{
  Loaded *self = data;

  g_clear_pointer (&self->studies, g_ptr_array_unref);
  g_clear_pointer (&self->thumbnails, g_hash_table_unref);
  g_clear_pointer (&self->identity, rounds_chart_identity_free);
  g_free (self);
}

static gpointer
load_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsRecord *record = rounds_store_get (store, "Patient", data, error);
  Loaded *self;

  if (record == NULL)
    return NULL;
  self = g_new0 (Loaded, 1);
  self->identity = rounds_chart_identity_new (record->json, error);
  rounds_record_free (record);
  self->studies = self->identity != NULL ? rounds_study_list_load (store, data, error) : NULL;
  if (self->studies == NULL)
    {
      loaded_free (self);
      return NULL;
    }
  if (self->studies->len > MAX_STUDIES * 2)
    g_ptr_array_set_size (self->studies, MAX_STUDIES * 2);
  self->thumbnails = rounds_thumbnails_load (store, self->studies);
  return self;
}

static gboolean
is_questioned (const Loaded *loaded, RoundsScanStudy *study)
{
  for (guint i = 0; i < study->series->len; i++)
    {
      GPtrArray *instances = rounds_scan_series_get_instances (g_ptr_array_index (study->series, i));

      for (guint k = 0; k < instances->len; k++)
        if (rounds_scan_mismatch (loaded->identity, g_ptr_array_index (instances, k)) != ROUNDS_MISMATCH_NONE)
          return TRUE;
    }
  return FALSE;
}

static GtkWidget *
study_button_new (const Loaded *loaded, RoundsScanStudy *study)
{
  RoundsScanSeries *series = g_ptr_array_index (study->series, 0);
  const char *uid = rounds_scan_series_get_uid (series);
  GdkTexture *thumbnail = g_hash_table_lookup (loaded->thumbnails, uid);
  GtkWidget *button = gtk_button_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2), *picture, *label;
  g_autofree char *date = rounds_dicom_date_display (study->date, study->time), *name = NULL;

  if (thumbnail != NULL && !is_questioned (loaded, study))
    {
      picture = gtk_picture_new_for_paintable (GDK_PAINTABLE (thumbnail));
      gtk_picture_set_content_fit (GTK_PICTURE (picture), GTK_CONTENT_FIT_CONTAIN);
    }
  else
    {
      picture = gtk_image_new_from_icon_name (thumbnail != NULL ? "dialog-warning-symbolic" : "image-x-generic-symbolic");
      gtk_widget_add_css_class (picture, "no-picture");
    }
  gtk_widget_set_size_request (picture, 84, 84);
  gtk_box_append (GTK_BOX (box), picture);
  label = rounds_label_new (study->description, "caption strong");
  gtk_label_set_max_width_chars (GTK_LABEL (label), 11);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), rounds_label_new (date, "caption dim-label"));
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "scan-button");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "win.show-scan");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", uid);
  name = g_strdup_printf (_("Open %s, %s"), study->description, date);
  rounds_accessible_name (button, name);
  gtk_widget_set_tooltip_text (button, study->description);
  return button;
}

static void
show_studies (RoundsScansCard *self, const Loaded *loaded)
{
  RoundsCard *card = ROUNDS_CARD (self->card);
  g_autofree char *suffix = NULL;
  GtkWidget *flow;

  rounds_card_clear (card);
  if (loaded->studies->len == 0)
    {
      rounds_card_set_suffix (card, NULL);
      rounds_card_set_note (card, _("None yet"));
      return;
    }
  flow = gtk_flow_box_new ();
  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (flow), GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (flow), MAX_STUDIES);
  gtk_widget_set_halign (flow, GTK_ALIGN_START);
  gtk_flow_box_set_min_children_per_line (GTK_FLOW_BOX (flow), 2);
  for (guint i = 0; i < loaded->studies->len && i < MAX_STUDIES; i++)
    {
      gtk_flow_box_append (GTK_FLOW_BOX (flow), study_button_new (loaded, g_ptr_array_index (loaded->studies, i)));
      gtk_widget_set_focusable (gtk_widget_get_last_child (flow), FALSE);
    }
  rounds_card_append (card, flow);
  if (loaded->studies->len > MAX_STUDIES)
    suffix = g_strdup_printf (_("%u more"), loaded->studies->len - MAX_STUDIES);
  rounds_card_set_suffix (card, suffix);
}

typedef struct {
  RoundsScansCard *card;
  guint64 ticket;
} Call;

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Call *call = data;
  g_autoptr (RoundsScansCard) self = call->card;
  g_autoptr (GError) error = NULL;
  Loaded *loaded = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  /* An answer for another patient, or for a card that is gone, is dropped. */
  if (call->ticket == self->ticket && self->card != NULL)
    {
      if (loaded != NULL)
        show_studies (self, loaded);
      else
        rounds_card_set_note (ROUNDS_CARD (self->card), error->message);
    }
  g_clear_pointer (&loaded, loaded_free);
}

static void
load (RoundsScansCard *self)
{
  Call *call = g_new0 (Call, 1);

  call->card = g_object_ref (self);
  call->ticket = ++self->ticket;
  rounds_store_run_async (self->store, load_work, g_strdup (self->patient_id), g_free, loaded_free, NULL, loaded_cb, call);
}

static gboolean
reload_cb (gpointer data)
{
  RoundsScansCard *self = data;

  self->reload_timer = 0;
  load (self);
  return G_SOURCE_REMOVE;
}

static void
scans_changed_cb (RoundsStore *store, const char *patient_id, RoundsScansCard *self)
{
  if (patient_id != NULL && *patient_id != '\0' && g_strcmp0 (patient_id, self->patient_id) != 0)
    return;
  /* An import tells of every file. */
  if (self->reload_timer == 0)
    self->reload_timer = g_timeout_add (RELOAD_MS, reload_cb, self);
}

void
rounds_scans_card_set_patient (RoundsScansCard *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_SCANS_CARD (self));

  if (store != NULL && self->store == store && g_strcmp0 (patient_id, self->patient_id) == 0)
    return;
  self->ticket++;
  g_clear_handle_id (&self->reload_timer, g_source_remove);
  if (self->store != NULL)
    g_clear_signal_handler (&self->changed_handler, self->store);
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
  if (self->card != NULL)
    {
      rounds_card_clear (ROUNDS_CARD (self->card));
      rounds_card_set_suffix (ROUNDS_CARD (self->card), NULL);
    }
  if (store == NULL || patient_id == NULL)
    return;
  self->store = g_object_ref (store);
  self->patient_id = g_strdup (patient_id);
  self->changed_handler = g_signal_connect (store, "scans-changed", G_CALLBACK (scans_changed_cb), self);
  load (self);
}

static void
rounds_scans_card_dispose (GObject *object)
{
  RoundsScansCard *self = ROUNDS_SCANS_CARD (object);

  g_clear_pointer (&self->card, gtk_widget_unparent);
  rounds_scans_card_set_patient (self, NULL, NULL);
  G_OBJECT_CLASS (rounds_scans_card_parent_class)->dispose (object);
}

static void
rounds_scans_card_class_init (RoundsScansCardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_scans_card_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
}

static void
rounds_scans_card_init (RoundsScansCard *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "scans-summary");
  self->card = rounds_card_new (_("Scans"));
  gtk_widget_set_parent (self->card, GTK_WIDGET (self));
}

GtkWidget *
rounds_scans_card_new (void)
{
  return g_object_new (ROUNDS_TYPE_SCANS_CARD, NULL);
}
