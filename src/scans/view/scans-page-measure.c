/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measurements: what was drawn becomes a row in the list and a text in the store, at once. Statistics of the final
 * shape are computed where the store is written, off the main thread, on the original values. */
#include "scans/view/scans-page-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "kit/kit.h"

/* Larger ellipses show their statistics only when they are finished: the pen must not stutter. */
#define LIVE_PIXELS 100000

/* --- list ---------------------------------------------------------------------------------------- */

static guint
slice_of (RoundsScansPage *self, const RoundsMeasurement *m)
{
  for (guint i = 0; i < rounds_scan_series_get_n_slices (self->series); i++)
    {
      const RoundsScanSlice *slice = rounds_scan_series_get_slice (self->series, i);
      if (slice->frame == m->frame && g_strcmp0 (slice->instance->sop_uid, m->sop_uid) == 0)
        return i;
    }
  return G_MAXUINT;
}

static GtkWidget *
row_new (RoundsScansPage *self, const RoundsMeasurement *m)
{
  guint index = slice_of (self, m);
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *label, *button;
  g_autofree char *value = rounds_measurement_dup_value (m), *title = NULL, *name = NULL;

  title = index != G_MAXUINT ? g_strdup_printf (_("%s · Im %u"), rounds_measure_kind_title (m->kind), index + 1)
                             : g_strdup (rounds_measure_kind_title (m->kind));
  label = gtk_label_new (title);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), label);
  label = gtk_label_new (value);
  gtk_widget_add_css_class (label, "numeric");
  gtk_box_append (GTK_BOX (box), label);
  button = gtk_button_new_from_icon_name ("edit-delete-symbolic");
  gtk_widget_add_css_class (button, "flat");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "scans.delete-measurement");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", m->uuid);
  gtk_widget_set_tooltip_text (button, _("Delete (Ctrl+Z brings it back)"));
  name = g_strdup_printf (_("Delete %s, %s"), title, value);
  rounds_accessible_name (button, name);
  gtk_box_append (GTK_BOX (box), button);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  g_object_set_data (G_OBJECT (row), "rounds-slice", GUINT_TO_POINTER (index));
  return row;
}

void
rounds_scans_page_update_measurements (RoundsScansPage *self)
{
  GPtrArray *list = self->measurements != NULL ? rounds_measurement_set_list (self->measurements) : NULL;

  gtk_list_box_remove_all (self->measurement_list);
  for (guint i = 0; list != NULL && i < list->len; i++)
    gtk_list_box_append (self->measurement_list, row_new (self, g_ptr_array_index (list, i)));
  gtk_widget_set_visible (GTK_WIDGET (self->measurement_list), list != NULL && list->len > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->no_measurements), list == NULL || list->len == 0);
  rounds_scans_page_update_image (self);
}

void
rounds_scans_page_measurement_activated_cb (RoundsScansPage *self, GtkListBoxRow *row)
{
  guint index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (row), "rounds-slice"));

  if (index != G_MAXUINT)
    rounds_stack_set_index (self->stack, index);
}

/* --- reading ------------------------------------------------------------------------------------- */

typedef struct {
  RoundsScansPage *page;
  guint64 ticket;
} Call;

static Call *
call_new (RoundsScansPage *self)
{
  Call *call = g_new0 (Call, 1);

  call->page = g_object_ref (self);
  call->ticket = self->series_ticket;
  return call;
}

static void
call_free (Call *call)
{
  g_object_unref (call->page);
  g_free (call);
}

static gpointer
load_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_measurement_set_load (store, data, NULL, error);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  RoundsScansPage *self = call->page;
  g_autoptr (GError) error = NULL;
  RoundsMeasurementSet *set = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  if (call->ticket != self->series_ticket)
    g_clear_pointer (&set, rounds_measurement_set_free);
  else if (set != NULL)
    {
      g_clear_pointer (&self->measurements, rounds_measurement_set_free);
      self->measurements = set;
      rounds_scans_page_update_measurements (self);
    }
  else
    rounds_toast (GTK_WIDGET (self), _("The measurements could not be read"), NULL, NULL, NULL, NULL);
  call_free (call);
}

void
rounds_scans_page_load_measurements (RoundsScansPage *self)
{
  rounds_store_run_async (self->store, load_work, g_strdup (rounds_scan_series_get_uid (self->series)), g_free,
                          (GDestroyNotify) rounds_measurement_set_free, NULL, loaded_cb, call_new (self));
}

/* --- writing ------------------------------------------------------------------------------------- */

typedef struct {
  char *series_uid;
  RoundsMeasurementWrite *write;
} WriteData;

static void
write_data_free (gpointer data)
{
  WriteData *self = data;

  g_free (self->series_uid);
  rounds_measurement_write_free (self->write);
  g_free (self);
}

static gpointer
write_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  WriteData *self = data;

  return rounds_store_scan_set_measurement (store, self->series_uid, self->write->uuid, self->write->json, error)
           ? GINT_TO_POINTER (1) : NULL;
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  RoundsScansPage *self = call->page;
  g_autoptr (GError) error = NULL;

  if (rounds_store_run_finish (ROUNDS_STORE (source), result, &error) == NULL && error != NULL
      && call->ticket == self->series_ticket)
    {
      g_autofree char *text = g_strdup_printf (_("The measurement was not saved: %s"), error->message);

      rounds_toast (GTK_WIDGET (self), text, NULL, NULL, NULL, NULL);
      rounds_scans_page_load_measurements (self);   /* show what is kept, not what was meant */
    }
  call_free (call);
}

void
rounds_scans_page_write_measurement (RoundsScansPage *self, RoundsMeasurementWrite *write)
{
  WriteData *data;

  if (write == NULL)
    return;
  data = g_new0 (WriteData, 1);
  data->series_uid = g_strdup (rounds_measurement_set_get_series_uid (self->measurements));
  data->write = write;
  rounds_store_run_async (self->store, write_work, data, write_data_free, NULL, NULL, written_cb, call_new (self));
  rounds_scans_page_update_measurements (self);
}

/* --- drawing ------------------------------------------------------------------------------------- */

static void
measuring_cb (RoundsViewport *viewport, RoundsMeasurement *draft, RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  double pixels = fabs ((draft->x[1] - draft->x[0]) * (draft->y[1] - draft->y[0]));

  if (picture == NULL)
    return;
  if (draft->kind == ROUNDS_MEASURE_ELLIPSE && pixels > LIVE_PIXELS)
    {
      double row_mm, column_mm;

      g_strlcpy (draft->unit, rounds_measure_unit (&picture->frame->image, &row_mm, &column_mm), sizeof draft->unit);
      draft->area = G_PI / 4 * pixels * row_mm * column_mm;
      draft->mean = NAN;
      return;
    }
  rounds_measurement_compute (draft, picture->frame);
}

typedef struct {
  RoundsMeasurement *m;
  RoundsScanFrame *frame;
} ComputeData;

static void
compute_data_free (gpointer data)
{
  ComputeData *self = data;

  rounds_measurement_free (self->m);
  rounds_scan_frame_unref (self->frame);
  g_free (self);
}

static gpointer
compute_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  ComputeData *self = data;
  RoundsMeasurement *m = rounds_measurement_copy (self->m);

  rounds_measurement_compute (m, self->frame);
  return m;
}

static void
computed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  RoundsScansPage *self = call->page;
  RoundsMeasurement *m = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  if (m != NULL && call->ticket == self->series_ticket && self->measurements != NULL)
    rounds_scans_page_write_measurement (self, rounds_measurement_set_add_take (self->measurements, m));
  else
    g_clear_pointer (&m, rounds_measurement_free);
  call_free (call);
}

static void
measured_cb (RoundsViewport *viewport, RoundsMeasurement *m, RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  const RoundsScanSlice *slice;
  ComputeData *data;

  if (picture == NULL || self->measurements == NULL || self->store == NULL)
    return;
  slice = rounds_scan_series_get_slice (self->series, picture->index);
  if (slice->frame != m->frame || g_strcmp0 (slice->instance->sop_uid, m->sop_uid) != 0)
    return;   /* the stack moved on below the pen */
  data = g_new0 (ComputeData, 1);
  data->m = rounds_measurement_copy (m);
  data->frame = rounds_scan_frame_ref (picture->frame);
  rounds_store_run_async (self->store, compute_work, data, compute_data_free, (GDestroyNotify) rounds_measurement_free,
                          NULL, computed_cb, call_new (self));
}

void
rounds_scans_page_init_measure (RoundsScansPage *self)
{
  g_signal_connect (self->viewport, "measuring", G_CALLBACK (measuring_cb), self);
  g_signal_connect (self->viewport, "measured", G_CALLBACK (measured_cb), self);
}
