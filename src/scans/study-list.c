/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stacks from instances. The order comes from geometry (position along the normal), never from file names; the
 * direction is the scanner's own (rising instance number), so that ↓ goes where the reader expects. Where
 * geometry is missing or mixed the instance number decides. */
#include "scans/study-list.h"

#include <math.h>
#include <string.h>

#define SAME_DIRECTION 1e-3   /* largest difference of direction cosines that counts as one orientation */

struct _RoundsScanSeries
{
  GObject parent_instance;

  GPtrArray *instances;  /* RoundsScanInstance with an image, in order */
  GArray *slices;        /* RoundsScanSlice */
  char *description;
  gboolean has_geometry;
  double step_mm;
};

G_DEFINE_FINAL_TYPE (RoundsScanSeries, rounds_scan_series, G_TYPE_OBJECT)

static void
normal_of (const double o[6], double n[3])
{
  n[0] = o[1] * o[5] - o[2] * o[4];
  n[1] = o[2] * o[3] - o[0] * o[5];
  n[2] = o[0] * o[4] - o[1] * o[3];
}

/* One orientation for all, and a position that differs between instances. */
static gboolean
stack_normal (GPtrArray *instances, double n[3])
{
  const RoundsScanInstance *first = instances->len > 0 ? g_ptr_array_index (instances, 0) : NULL;

  if (first == NULL || !first->has_geometry)
    return FALSE;
  for (guint i = 1; i < instances->len; i++)
    {
      const RoundsScanInstance *at = g_ptr_array_index (instances, i);

      if (!at->has_geometry)
        return FALSE;
      for (int k = 0; k < 6; k++)
        if (!(fabs (at->orientation[k] - first->orientation[k]) <= SAME_DIRECTION))
          return FALSE;
    }
  normal_of (first->orientation, n);
  return fabs (n[0] * n[0] + n[1] * n[1] + n[2] * n[2] - 1) < 0.05;
}

static double
along (const RoundsScanInstance *at, const double n[3])
{
  return at->position_mm[0] * n[0] + at->position_mm[1] * n[1] + at->position_mm[2] * n[2];
}

typedef struct {
  gboolean geometry;
  double normal[3];
  double sign;
} Order;

static int
compare_instances (gconstpointer a, gconstpointer b, gpointer data)
{
  const RoundsScanInstance *x = *(RoundsScanInstance *const *) a, *y = *(RoundsScanInstance *const *) b;
  const Order *order = data;

  if (order->geometry)
    {
      double d = (along (x, order->normal) - along (y, order->normal)) * order->sign;

      if (fabs (d) > 1e-4)
        return d < 0 ? -1 : 1;
    }
  if (x->instance_number != y->instance_number)
    return x->instance_number < y->instance_number ? -1 : 1;
  return g_strcmp0 (x->sop_uid, y->sop_uid);
}

/* Whether positions fall while numbers rise. */
static double
direction (GPtrArray *instances, const double n[3])
{
  double mean_p = 0, mean_i = 0, sum = 0;

  for (guint i = 0; i < instances->len; i++)
    {
      const RoundsScanInstance *at = g_ptr_array_index (instances, i);
      mean_p += along (at, n) / instances->len;
      mean_i += (double) at->instance_number / instances->len;
    }
  for (guint i = 0; i < instances->len; i++)
    {
      const RoundsScanInstance *at = g_ptr_array_index (instances, i);
      sum += (along (at, n) - mean_p) * (at->instance_number - mean_i);
    }
  return sum < 0 ? -1 : 1;
}

static double
even_step (GArray *slices)
{
  double step = 0;

  for (guint i = 1; i < slices->len; i++)
    {
      double d = fabs (g_array_index (slices, RoundsScanSlice, i).along_mm
                       - g_array_index (slices, RoundsScanSlice, i - 1).along_mm);

      if (i == 1)
        step = d;
      if (!(fabs (d - step) <= MAX (0.01, step * 0.01)))
        return 0;
    }
  return step;
}

RoundsScanSeries *
rounds_scan_series_new_take (GPtrArray *instances)
{
  RoundsScanSeries *self = g_object_new (ROUNDS_TYPE_SCAN_SERIES, NULL);
  const RoundsScanInstance *first;
  Order order = { .sign = 1 };

  for (guint i = instances->len; i > 0; i--)
    {
      const RoundsScanInstance *at = g_ptr_array_index (instances, i - 1);
      if (at->rows <= 0 || at->columns <= 0)
        g_ptr_array_remove_index (instances, i - 1);
    }
  order.geometry = stack_normal (instances, order.normal);
  if (order.geometry)
    order.sign = direction (instances, order.normal);
  g_ptr_array_sort_with_data (instances, compare_instances, &order);
  self->instances = instances;
  self->has_geometry = order.geometry;
  for (guint i = 0; i < instances->len; i++)
    {
      RoundsScanInstance *at = g_ptr_array_index (instances, i);

      for (int frame = 0; frame < MAX (at->frames, 1); frame++)
        {
          RoundsScanSlice slice = { at, frame, order.geometry && at->frames <= 1 ? along (at, order.normal) : NAN };
          g_array_append_val (self->slices, slice);
        }
    }
  self->step_mm = order.geometry ? even_step (self->slices) : 0;
  if (!isfinite (self->step_mm))
    self->step_mm = 0;
  first = instances->len > 0 ? g_ptr_array_index (instances, 0) : NULL;
  if (first != NULL)
    {
      if (first->series_description != NULL && *first->series_description != '\0')
        self->description = g_strdup (first->series_description);
      else
        self->description = g_strdup_printf ("%s %d", first->modality != NULL ? first->modality : "",
                                             first->series_number);
      g_strstrip (self->description);
    }
  return self;
}

static const RoundsScanInstance *
head (RoundsScanSeries *self)
{
  static const RoundsScanInstance nothing;
  return self->instances != NULL && self->instances->len > 0 ? g_ptr_array_index (self->instances, 0) : &nothing;
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

const char *rounds_scan_series_get_uid (RoundsScanSeries *self) { return or_empty (head (self)->series_uid); }
const char *rounds_scan_series_get_study_uid (RoundsScanSeries *self) { return or_empty (head (self)->study_uid); }
const char *rounds_scan_series_get_modality (RoundsScanSeries *self) { return or_empty (head (self)->modality); }
const char *rounds_scan_series_get_description (RoundsScanSeries *self) { return or_empty (self->description); }
const char *rounds_scan_series_get_study_date (RoundsScanSeries *self) { return or_empty (head (self)->study_date); }
const char *rounds_scan_series_get_study_time (RoundsScanSeries *self) { return or_empty (head (self)->study_time); }
int rounds_scan_series_get_number (RoundsScanSeries *self) { return head (self)->series_number; }
gboolean rounds_scan_series_is_derived_here (RoundsScanSeries *self) { return head (self)->derived_here; }
GPtrArray *rounds_scan_series_get_instances (RoundsScanSeries *self) { return self->instances; }
guint rounds_scan_series_get_n_slices (RoundsScanSeries *self) { return self->slices->len; }
gboolean rounds_scan_series_has_geometry (RoundsScanSeries *self) { return self->has_geometry; }
double rounds_scan_series_get_step_mm (RoundsScanSeries *self) { return self->step_mm; }

const char *
rounds_scan_series_get_study_description (RoundsScanSeries *self)
{
  return or_empty (head (self)->study_description);
}

const RoundsScanSlice *
rounds_scan_series_get_slice (RoundsScanSeries *self, guint index)
{
  g_return_val_if_fail (index < self->slices->len, NULL);
  return &g_array_index (self->slices, RoundsScanSlice, index);
}

static void
rounds_scan_series_finalize (GObject *object)
{
  RoundsScanSeries *self = ROUNDS_SCAN_SERIES (object);

  g_clear_pointer (&self->instances, g_ptr_array_unref);
  g_clear_pointer (&self->slices, g_array_unref);
  g_free (self->description);
  G_OBJECT_CLASS (rounds_scan_series_parent_class)->finalize (object);
}

static void
rounds_scan_series_class_init (RoundsScanSeriesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_scan_series_finalize;
}

static void
rounds_scan_series_init (RoundsScanSeries *self)
{
  self->slices = g_array_new (FALSE, FALSE, sizeof (RoundsScanSlice));
}

/* --- studies ------------------------------------------------------------------------------------- */

void
rounds_scan_study_free (RoundsScanStudy *self)
{
  g_free (self->uid);
  g_free (self->description);
  g_free (self->date);
  g_free (self->time);
  g_free (self->modalities);
  g_clear_pointer (&self->series, g_ptr_array_unref);
  g_free (self);
}

static int
compare_series (gconstpointer a, gconstpointer b)
{
  RoundsScanSeries *x = *(RoundsScanSeries *const *) a, *y = *(RoundsScanSeries *const *) b;
  int dx = rounds_scan_series_is_derived_here (x), dy = rounds_scan_series_is_derived_here (y);

  if (dx != dy)
    return dx - dy;   /* what came from the scanner first */
  if (rounds_scan_series_get_number (x) != rounds_scan_series_get_number (y))
    return rounds_scan_series_get_number (x) < rounds_scan_series_get_number (y) ? -1 : 1;
  return strcmp (rounds_scan_series_get_uid (x), rounds_scan_series_get_uid (y));
}

static int
compare_studies (gconstpointer a, gconstpointer b)
{
  const RoundsScanStudy *x = *(RoundsScanStudy *const *) a, *y = *(RoundsScanStudy *const *) b;
  int d = strcmp (y->date, x->date);

  if (d == 0)
    d = strcmp (y->time, x->time);
  return d != 0 ? d : strcmp (x->uid, y->uid);
}

static void
finish_study (RoundsScanStudy *study)
{
  RoundsScanSeries *first = g_ptr_array_index (study->series, 0);
  g_autoptr (GString) modalities = g_string_new (NULL);

  g_ptr_array_sort (study->series, compare_series);
  for (guint i = 0; i < study->series->len; i++)
    {
      const char *modality = rounds_scan_series_get_modality (g_ptr_array_index (study->series, i));

      if (*modality != '\0' && strstr (modalities->str, modality) == NULL)
        g_string_append_printf (modalities, "%s%s", modalities->len > 0 ? ", " : "", modality);
    }
  study->uid = g_strdup (rounds_scan_series_get_study_uid (first));
  study->date = g_strdup (rounds_scan_series_get_study_date (first));
  study->time = g_strdup (rounds_scan_series_get_study_time (first));
  study->description = g_strdup (rounds_scan_series_get_study_description (first));
  study->modalities = g_strdup (modalities->str);
  if (*study->description == '\0')
    {
      const RoundsScanInstance *at = head (first);

      g_free (study->description);
      study->description = g_strstrip (g_strdup_printf ("%s %s", study->modalities, or_empty (at->body_part)));
    }
}

GPtrArray *
rounds_study_list_from_instances (GPtrArray *instances)
{
  g_autoptr (GPtrArray) taken = instances;
  g_autoptr (GHashTable) by_series = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) by_study = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();
  GPtrArray *studies = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_study_free);
  gsize n = 0;
  g_autofree gpointer *all = NULL;

  g_ptr_array_set_free_func (taken, NULL);
  all = g_ptr_array_steal (taken, &n);
  for (gsize i = 0; i < n; i++)
    {
      RoundsScanInstance *at = all[i];
      GPtrArray *group;

      if (at->series_uid == NULL || at->study_uid == NULL || at->rows <= 0)
        {
          rounds_scan_instance_free (at);
          continue;
        }
      group = g_hash_table_lookup (by_series, at->series_uid);
      if (group == NULL)
        {
          group = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_instance_free);
          g_hash_table_insert (by_series, at->series_uid, group);
          g_ptr_array_add (groups, group);
        }
      g_ptr_array_add (group, at);
    }
  for (guint i = 0; i < groups->len; i++)
    {
      RoundsScanSeries *series = rounds_scan_series_new_take (g_ptr_array_index (groups, i));
      const char *uid = rounds_scan_series_get_study_uid (series);
      RoundsScanStudy *study = g_hash_table_lookup (by_study, uid);

      if (study == NULL)
        {
          study = g_new0 (RoundsScanStudy, 1);
          study->series = g_ptr_array_new_with_free_func (g_object_unref);
          g_hash_table_insert (by_study, (gpointer) uid, study);
          g_ptr_array_add (studies, study);
        }
      g_ptr_array_add (study->series, series);
    }
  for (guint i = 0; i < studies->len; i++)
    finish_study (g_ptr_array_index (studies, i));
  g_ptr_array_sort (studies, compare_studies);
  return studies;
}

GPtrArray *
rounds_study_list_load (RoundsStore *store, const char *patient_id, GError **error)
{
  GPtrArray *instances = rounds_store_scan_list (store, patient_id, NULL, NULL, error);

  return instances != NULL ? rounds_study_list_from_instances (instances) : NULL;
}

RoundsScanSeries *
rounds_scan_series_load (RoundsStore *store, const char *series_uid, GError **error)
{
  GPtrArray *instances = rounds_store_scan_list (store, NULL, NULL, series_uid, error);

  return instances != NULL ? rounds_scan_series_new_take (instances) : NULL;
}
