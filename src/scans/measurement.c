/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reader measures, always on the original values: an enhanced picture may look better, but a number that
 * is written down must be the scanner's. Without a spacing a distance is in "px" and says so. */
#include "scans/measurement.h"

#include <glib/gi18n-lib.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "scans/error.h"

#define MAX_JSON_BYTES 16384

RoundsMeasurement *
rounds_measurement_new (RoundsMeasureKind kind, const char *sop_uid, int frame)
{
  RoundsMeasurement *self = g_new0 (RoundsMeasurement, 1);

  self->uuid = g_uuid_string_random ();
  self->sop_uid = g_strdup (sop_uid);
  self->frame = frame;
  self->kind = kind;
  self->mean = self->sd = self->min = self->max = NAN;
  return self;
}

RoundsMeasurement *
rounds_measurement_copy (const RoundsMeasurement *self)
{
  RoundsMeasurement *copy = g_memdup2 (self, sizeof *self);

  copy->uuid = g_strdup (self->uuid);
  copy->sop_uid = g_strdup (self->sop_uid);
  return copy;
}

void
rounds_measurement_free (RoundsMeasurement *self)
{
  g_free (self->uuid);
  g_free (self->sop_uid);
  g_free (self);
}

const char *
rounds_measure_unit (const RoundsDicomImage *image, double *row_mm, double *column_mm)
{
  gboolean known = isfinite (image->spacing_mm[0]) && isfinite (image->spacing_mm[1]) && image->spacing_mm[0] > 0
                   && image->spacing_mm[1] > 0 && !g_str_equal (image->spacing_kind, "none")
                   && *image->spacing_kind != '\0';

  *row_mm = known ? image->spacing_mm[0] : 1;
  *column_mm = known ? image->spacing_mm[1] : 1;
  if (!known)
    return "px";
  return g_str_equal (image->spacing_kind, "detector") ? "mm (detector)" : "mm";
}

static void
measure_ellipse (RoundsMeasurement *self, const RoundsScanFrame *frame, double row_mm, double column_mm)
{
  double cx = (self->x[0] + self->x[1]) / 2, cy = (self->y[0] + self->y[1]) / 2;
  double rx = fabs (self->x[1] - self->x[0]) / 2, ry = fabs (self->y[1] - self->y[0]) / 2;
  int c0 = (int) CLAMP (floor (cx - rx), 0, frame->pixels->columns), c1 = (int) CLAMP (ceil (cx + rx), 0, frame->pixels->columns);
  int r0 = (int) CLAMP (floor (cy - ry), 0, frame->pixels->rows), r1 = (int) CLAMP (ceil (cy + ry), 0, frame->pixels->rows);
  double mean = 0, m2 = 0;

  self->area = G_PI * rx * column_mm * ry * row_mm;
  if (!(rx > 0) || !(ry > 0))
    return;
  for (int r = r0; r < r1; r++)
    for (int c = c0; c < c1; c++)
      {
        double dx = (c + 0.5 - cx) / rx, dy = (r + 0.5 - cy) / ry, v, delta;

        if (dx * dx + dy * dy > 1)
          continue;
        v = rounds_scan_frame_value_at (frame, c, r);
        if (!isfinite (v))
          continue;
        /* Welford: no loss of digits on large values. */
        self->n++;
        delta = v - mean;
        mean += delta / self->n;
        m2 += delta * (v - mean);
        self->min = self->n == 1 ? v : MIN (self->min, v);
        self->max = self->n == 1 ? v : MAX (self->max, v);
      }
  if (self->n > 0)
    self->mean = mean;
  if (self->n > 1)
    self->sd = sqrt (m2 / (self->n - 1));
}

void
rounds_measurement_compute (RoundsMeasurement *self, const RoundsScanFrame *frame)
{
  double row_mm, column_mm;

  g_strlcpy (self->unit, rounds_measure_unit (&frame->image, &row_mm, &column_mm), sizeof self->unit);
  g_strlcpy (self->value_unit, frame->units, sizeof self->value_unit);
  self->length = self->area = 0;
  self->mean = self->sd = self->min = self->max = NAN;
  self->n = 0;
  switch (self->kind)
    {
    case ROUNDS_MEASURE_LENGTH:
      self->length = hypot ((self->x[1] - self->x[0]) * column_mm, (self->y[1] - self->y[0]) * row_mm);
      break;
    case ROUNDS_MEASURE_ELLIPSE:
      measure_ellipse (self, frame, row_mm, column_mm);
      break;
    case ROUNDS_MEASURE_PROBE:
      self->mean = rounds_scan_frame_value_at (frame, (int) floor (self->x[0]), (int) floor (self->y[0]));
      self->n = isfinite (self->mean) ? 1 : 0;
      break;
    default:
      break;
    }
}

const char *
rounds_measure_kind_title (RoundsMeasureKind kind)
{
  switch (kind)
    {
    case ROUNDS_MEASURE_LENGTH: return _("Length");
    case ROUNDS_MEASURE_ELLIPSE: return _("Ellipse");
    case ROUNDS_MEASURE_PROBE:
    default: return _("Probe");
    }
}

static char *
with_unit (double value, int decimals, const char *unit)
{
  g_autofree char *minus = NULL;
  char text[64];

  g_snprintf (text, sizeof text, "%.*f", decimals, value);
  if (text[0] == '-')
    {
      minus = g_strconcat ("−", text + 1, NULL);
      return *unit != '\0' ? g_strdup_printf ("%s %s", minus, unit) : g_steal_pointer (&minus);
    }
  return *unit != '\0' ? g_strdup_printf ("%s %s", text, unit) : g_strdup (text);
}

static char *
length_text (const RoundsMeasurement *self)
{
  return with_unit (self->length, g_str_equal (self->unit, "px") ? 0 : 1, self->unit);
}

static char *
area_text (const RoundsMeasurement *self)
{
  gboolean px = g_str_equal (self->unit, "px");

  if (px)
    return with_unit (self->area, 0, "px²");
  if (self->area >= 100)
    return with_unit (self->area / 100, 2, g_str_equal (self->unit, "mm") ? "cm²" : "cm² (detector)");
  return with_unit (self->area, 1, g_str_equal (self->unit, "mm") ? "mm²" : "mm² (detector)");
}

char *
rounds_measurement_dup_value (const RoundsMeasurement *self)
{
  switch (self->kind)
    {
    case ROUNDS_MEASURE_LENGTH:
      return length_text (self);
    case ROUNDS_MEASURE_ELLIPSE:
      if (isfinite (self->mean) && isfinite (self->sd))
        {
          g_autofree char *mean = with_unit (self->mean, 1, ""), *sd = with_unit (self->sd, 1, self->value_unit);
          return g_strdup_printf ("%s ± %s", mean, sd);
        }
      return area_text (self);
    case ROUNDS_MEASURE_PROBE:
    default:
      if (!isfinite (self->mean))
        return g_strdup (_("no value"));
      return with_unit (self->mean, self->mean == floor (self->mean) ? 0 : 1, self->value_unit);
    }
}

char *
rounds_measurement_dup_text (const RoundsMeasurement *self)
{
  g_autofree char *value = NULL, *area = NULL, *mean = NULL, *low = NULL, *high = NULL;

  if (self->kind == ROUNDS_MEASURE_LENGTH)
    return length_text (self);
  if (self->kind == ROUNDS_MEASURE_PROBE)
    {
      value = rounds_measurement_dup_value (self);
      return g_strdup_printf ("%s\n%d, %d", value, (int) floor (self->x[0]), (int) floor (self->y[0]));
    }
  area = area_text (self);
  if (!isfinite (self->mean))
    return g_steal_pointer (&area);
  mean = with_unit (self->mean, 1, self->value_unit);
  low = with_unit (self->min, self->min == floor (self->min) ? 0 : 1, "");
  high = with_unit (self->max, self->max == floor (self->max) ? 0 : 1, self->value_unit);
  return g_strdup_printf (_("Mean %s · SD %.1f\n%s … %s\n%s · %'u px"), mean, isfinite (self->sd) ? self->sd : 0.0, low,
                          high, area, self->n);
}

/* --- JSON ---------------------------------------------------------------------------------------- */

static const char *const kind_names[] = { "length", "ellipse", "probe" };

static void
put_number (json_object *object, const char *name, double value)
{
  g_autofree char *text = NULL;

  if (!isfinite (value))
    return;
  text = rounds_decimal_format (value, 0);
  json_object_object_add (object, name, json_object_new_double_s (value, text));
}

char *
rounds_measurement_to_json (const RoundsMeasurement *self)
{
  json_object *root = json_object_new_object (), *x = json_object_new_array (), *y = json_object_new_array ();
  char *text;

  for (int i = 0; i < 2; i++)
    {
      json_object_array_add (x, json_object_new_double (self->x[i]));
      json_object_array_add (y, json_object_new_double (self->y[i]));
    }
  json_object_object_add (root, "version", json_object_new_int (1));
  json_object_object_add (root, "uuid", json_object_new_string (self->uuid));
  json_object_object_add (root, "kind", json_object_new_string (kind_names[self->kind]));
  json_object_object_add (root, "sop_uid", json_object_new_string (self->sop_uid));
  json_object_object_add (root, "frame", json_object_new_int (self->frame + 1));
  json_object_object_add (root, "x", x);
  json_object_object_add (root, "y", y);
  json_object_object_add (root, "unit", json_object_new_string (self->unit));
  json_object_object_add (root, "value_unit", json_object_new_string (self->value_unit));
  put_number (root, "length", self->length);
  put_number (root, "area", self->area);
  put_number (root, "mean", self->mean);
  put_number (root, "sd", self->sd);
  put_number (root, "min", self->min);
  put_number (root, "max", self->max);
  json_object_object_add (root, "n", json_object_new_int64 (self->n));
  text = g_strdup (json_object_to_json_string_ext (root, JSON_C_TO_STRING_PLAIN));
  json_object_put (root);
  return text;
}

static const char *
get_text (json_object *root, const char *name)
{
  json_object *value;

  return json_object_object_get_ex (root, name, &value) && json_object_is_type (value, json_type_string)
           ? json_object_get_string (value) : NULL;
}

static double
get_number (json_object *root, const char *name)
{
  json_object *value;

  if (!json_object_object_get_ex (root, name, &value)
      || !(json_object_is_type (value, json_type_double) || json_object_is_type (value, json_type_int)))
    return NAN;
  return json_object_get_double (value);
}

static gboolean
get_points (json_object *root, const char *name, double out[2])
{
  json_object *value;

  if (!json_object_object_get_ex (root, name, &value) || !json_object_is_type (value, json_type_array)
      || json_object_array_length (value) != 2)
    return FALSE;
  for (int i = 0; i < 2; i++)
    {
      out[i] = json_object_get_double (json_object_array_get_idx (value, i));
      if (!isfinite (out[i]) || fabs (out[i]) > 1e6)
        return FALSE;
    }
  return TRUE;
}

static RoundsMeasurement *
from_object (json_object *root)
{
  const char *uuid = get_text (root, "uuid"), *kind = get_text (root, "kind"), *sop = get_text (root, "sop_uid");
  double frame = get_number (root, "frame"), n = get_number (root, "n");
  g_autoptr (RoundsMeasurement) self = NULL;
  int found = -1;

  for (int i = 0; kind != NULL && i < (int) G_N_ELEMENTS (kind_names); i++)
    if (g_str_equal (kind, kind_names[i]))
      found = i;
  if (found < 0 || uuid == NULL || !g_uuid_string_is_valid (uuid) || sop == NULL || strlen (sop) > 64
      || !(frame >= 1 && frame <= G_MAXINT))
    return NULL;
  self = rounds_measurement_new ((RoundsMeasureKind) found, sop, (int) frame - 1);
  g_free (self->uuid);
  self->uuid = g_strdup (uuid);
  if (!get_points (root, "x", self->x) || !get_points (root, "y", self->y))
    return NULL;
  g_strlcpy (self->unit, get_text (root, "unit") != NULL ? get_text (root, "unit") : "px", sizeof self->unit);
  g_strlcpy (self->value_unit, get_text (root, "value_unit") != NULL ? get_text (root, "value_unit") : "",
             sizeof self->value_unit);
  self->length = get_number (root, "length");
  self->area = get_number (root, "area");
  self->length = isfinite (self->length) ? self->length : 0;
  self->area = isfinite (self->area) ? self->area : 0;
  self->mean = get_number (root, "mean");
  self->sd = get_number (root, "sd");
  self->min = get_number (root, "min");
  self->max = get_number (root, "max");
  self->n = n >= 0 && n <= G_MAXINT ? (guint) n : 0;
  return g_steal_pointer (&self);
}

RoundsMeasurement *
rounds_measurement_from_json (const char *json, GError **error)
{
  RoundsMeasurement *self = NULL;

  if (json != NULL && strlen (json) <= MAX_JSON_BYTES)
    {
      json_tokener *tokener = json_tokener_new_ex (4);
      json_object *root = json_tokener_parse_ex (tokener, json, (int) strlen (json) + 1);

      if (json_object_is_type (root, json_type_object))
        self = from_object (root);
      json_object_put (root);
      json_tokener_free (tokener);
    }
  if (self == NULL)
    g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID, _("this is no measurement of Rounds"));
  return self;
}
