/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One place that reads a patient's vitals for the views, so that the rules for late answers stand once. */
#include "vitals/view/vitals-watch.h"

struct _RoundsVitalsWatch
{
  RoundsVitalsWatchFunc func;
  gpointer data;
  RoundsStore *store;
  char *patient_id;
  GCancellable *ticket;      /* of the load that may still answer */
  gulong changed_id, series_id;
  guint reload_id;
};

static void
ticket_drop (RoundsVitalsWatch *self)
{
  g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  g_clear_handle_id (&self->reload_id, g_source_remove);
}

static void
store_drop (RoundsVitalsWatch *self)
{
  if (self->store != NULL)
    {
      g_clear_signal_handler (&self->changed_id, self->store);
      g_clear_signal_handler (&self->series_id, self->store);
    }
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
}

RoundsVitalsWatch *
rounds_vitals_watch_new (RoundsVitalsWatchFunc func, gpointer data)
{
  RoundsVitalsWatch *self = g_new0 (RoundsVitalsWatch, 1);

  self->func = func;
  self->data = data;
  return self;
}

void
rounds_vitals_watch_free (RoundsVitalsWatch *self)
{
  if (self == NULL)
    return;
  ticket_drop (self);
  store_drop (self);
  g_free (self);
}

typedef struct {
  RoundsVitalsWatch *watch;      /* valid only while the ticket is not cancelled */
  GCancellable *ticket;
} Answer;

static gpointer
load_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_vitals_chart_load (store, data, cancellable, error);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;
  g_autoptr (GCancellable) ticket = answer->ticket;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsChart) chart = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  RoundsVitalsWatch *watch = answer->watch;

  g_free (answer);
  if (g_cancellable_is_cancelled (ticket))
    return;
  watch->func (chart, error, watch->data);
}

static void
load (RoundsVitalsWatch *self)
{
  Answer *answer;

  ticket_drop (self);
  if (self->store == NULL || self->patient_id == NULL)
    return;
  self->ticket = g_cancellable_new ();
  answer = g_new0 (Answer, 1);
  answer->watch = self;
  answer->ticket = g_object_ref (self->ticket);
  rounds_store_run_async (self->store, load_work, g_strdup (self->patient_id), g_free,
                          (GDestroyNotify) rounds_vitals_chart_unref, self->ticket, loaded_cb, answer);
}

static gboolean
reload_cb (gpointer data)
{
  RoundsVitalsWatch *self = data;

  self->reload_id = 0;
  load (self);
  return G_SOURCE_REMOVE;
}

/* An import sends many signals: one load after them. */
void
rounds_vitals_watch_reload (RoundsVitalsWatch *self)
{
  if (self->reload_id == 0)
    self->reload_id = g_timeout_add (60, reload_cb, self);
}

static void
changed_cb (RoundsStore *store, const char *type, const char *id, const char *patient_id, RoundsVitalsWatch *self)
{
  static const char *const types[] = { "Observation", "MedicationRequest", "MedicationAdministration", "Condition",
                                       "ImagingStudy", "DocumentReference", "Composition", "Patient", NULL };

  if (type != NULL && !g_strv_contains (types, type))
    return;
  if (patient_id == NULL || g_strcmp0 (patient_id, self->patient_id) == 0)
    rounds_vitals_watch_reload (self);
}

static void
series_changed_cb (RoundsStore *store, const char *patient_id, RoundsVitalsWatch *self)
{
  if (patient_id == NULL || g_strcmp0 (patient_id, self->patient_id) == 0)
    rounds_vitals_watch_reload (self);
}

void
rounds_vitals_watch_set_patient (RoundsVitalsWatch *self, RoundsStore *store, const char *patient_id)
{
  ticket_drop (self);
  if (store == NULL || patient_id == NULL)
    {
      store_drop (self);
      self->func (NULL, NULL, self->data);
      return;
    }
  if (self->store != store || g_strcmp0 (self->patient_id, patient_id) != 0)
    {
      g_autofree char *id = g_strdup (patient_id);

      g_object_ref (store);
      store_drop (self);
      self->store = store;
      self->patient_id = g_steal_pointer (&id);
      self->changed_id = g_signal_connect (store, "changed", G_CALLBACK (changed_cb), self);
      self->series_id = g_signal_connect (store, "series-changed", G_CALLBACK (series_changed_cb), self);
      self->func (NULL, NULL, self->data);
    }
  load (self);
}
