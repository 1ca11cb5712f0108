/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The measurements of one series with undo and redo. The set only keeps books; whoever owns it writes what each
 * change answers, so that nothing here blocks. */
#include "scans/measurement.h"

#define MAX_UNDO 200

typedef struct {
  gboolean added;          /* else removed */
  RoundsMeasurement *what;
} Step;

struct _RoundsMeasurementSet
{
  char *series_uid;
  GPtrArray *list;
  GPtrArray *done, *undone;   /* Step */
};

static void
step_free (gpointer data)
{
  Step *step = data;

  rounds_measurement_free (step->what);
  g_free (step);
}

RoundsMeasurementSet *
rounds_measurement_set_new (const char *series_uid)
{
  RoundsMeasurementSet *self = g_new0 (RoundsMeasurementSet, 1);

  self->series_uid = g_strdup (series_uid);
  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_measurement_free);
  self->done = g_ptr_array_new_with_free_func (step_free);
  self->undone = g_ptr_array_new_with_free_func (step_free);
  return self;
}

void
rounds_measurement_set_free (RoundsMeasurementSet *self)
{
  g_free (self->series_uid);
  g_ptr_array_unref (self->list);
  g_ptr_array_unref (self->done);
  g_ptr_array_unref (self->undone);
  g_free (self);
}

const char *
rounds_measurement_set_get_series_uid (RoundsMeasurementSet *self)
{
  return self->series_uid;
}

RoundsMeasurementSet *
rounds_measurement_set_load (RoundsStore *store, const char *series_uid, guint *n_bad, GError **error)
{
  g_autoptr (GPtrArray) texts = rounds_store_scan_list_measurements (store, series_uid, error);
  RoundsMeasurementSet *self;
  guint bad = 0;

  if (texts == NULL)
    return NULL;
  self = rounds_measurement_set_new (series_uid);
  for (guint i = 0; i < texts->len; i++)
    {
      RoundsMeasurement *m = rounds_measurement_from_json (g_ptr_array_index (texts, i), NULL);

      if (m != NULL)
        g_ptr_array_add (self->list, m);
      else
        bad++;
    }
  if (n_bad != NULL)
    *n_bad = bad;
  return self;
}

GPtrArray *
rounds_measurement_set_list (RoundsMeasurementSet *self)
{
  return self->list;
}

void
rounds_measurement_write_free (RoundsMeasurementWrite *self)
{
  g_free (self->uuid);
  g_free (self->json);
  g_free (self);
}

static RoundsMeasurementWrite *
write_new (const char *uuid, char *json)
{
  RoundsMeasurementWrite *self = g_new0 (RoundsMeasurementWrite, 1);

  self->uuid = g_strdup (uuid);
  self->json = json;
  return self;
}

static gboolean
take_out (RoundsMeasurementSet *self, const char *uuid)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const RoundsMeasurement *m = g_ptr_array_index (self->list, i);

      if (g_str_equal (m->uuid, uuid))
        return g_ptr_array_remove_index (self->list, i) != NULL;
    }
  return FALSE;
}

static void
remember (GPtrArray *steps, gboolean added, const RoundsMeasurement *what)
{
  Step *step = g_new0 (Step, 1);

  step->added = added;
  step->what = rounds_measurement_copy (what);
  g_ptr_array_add (steps, step);
  if (steps->len > MAX_UNDO)
    g_ptr_array_remove_index (steps, 0);
}

static RoundsMeasurementWrite *
put_in (RoundsMeasurementSet *self, const RoundsMeasurement *what)
{
  g_ptr_array_add (self->list, rounds_measurement_copy (what));
  return write_new (what->uuid, rounds_measurement_to_json (what));
}

RoundsMeasurementWrite *
rounds_measurement_set_add_take (RoundsMeasurementSet *self, RoundsMeasurement *m)
{
  RoundsMeasurementWrite *write = put_in (self, m);

  remember (self->done, TRUE, m);
  g_ptr_array_set_size (self->undone, 0);
  rounds_measurement_free (m);
  return write;
}

RoundsMeasurementWrite *
rounds_measurement_set_remove (RoundsMeasurementSet *self, const char *uuid)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const RoundsMeasurement *m = g_ptr_array_index (self->list, i);

      if (g_strcmp0 (m->uuid, uuid) == 0)
        {
          RoundsMeasurementWrite *write = write_new (uuid, NULL);

          remember (self->done, FALSE, m);
          g_ptr_array_set_size (self->undone, 0);
          g_ptr_array_remove_index (self->list, i);
          return write;
        }
    }
  return NULL;
}

/* Does step (forward) or takes it back, and moves it to the other pile. */
static RoundsMeasurementWrite *
move_step (RoundsMeasurementSet *self, GPtrArray *from, GPtrArray *to, gboolean forward)
{
  g_autofree Step *step = NULL;
  RoundsMeasurementWrite *write;

  if (from->len == 0)
    return NULL;
  step = g_ptr_array_steal_index (from, from->len - 1);
  if (step->added == forward)
    write = put_in (self, step->what);
  else
    {
      take_out (self, step->what->uuid);
      write = write_new (step->what->uuid, NULL);
    }
  remember (to, step->added, step->what);
  rounds_measurement_free (step->what);
  return write;
}

RoundsMeasurementWrite *
rounds_measurement_set_undo (RoundsMeasurementSet *self)
{
  return move_step (self, self->done, self->undone, FALSE);
}

RoundsMeasurementWrite *
rounds_measurement_set_redo (RoundsMeasurementSet *self)
{
  return move_step (self, self->undone, self->done, TRUE);
}
