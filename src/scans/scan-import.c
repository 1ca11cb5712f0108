/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DICOM objects into the store. What the header says is indexed, the bytes are kept as they came. Only the 128
 * bytes before "DICM" are emptied when they hold something: no reader needs them, and they are where a program
 * hides in an image. */
#include "scans/scan-import.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "dicom/writer.h"
#include "scans/error.h"
#include "scans/render.h"

#define PREAMBLE 128
#define DICOMDIR_CLASS "1.2.840.10008.1.3.10"

static char *
dup_uid (RoundsDicomFile *file, guint32 tag)
{
  g_autofree char *uid = rounds_dicom_file_dup_string (file, tag);

  return uid != NULL && rounds_dicom_is_uid (uid) ? g_steal_pointer (&uid) : NULL;
}

static int
get_small (RoundsDicomFile *file, guint32 tag)
{
  gint64 value = 0;

  return rounds_dicom_file_get_int (file, tag, 0, &value) ? (int) CLAMP (value, G_MININT, G_MAXINT) : 0;
}

gboolean
rounds_scan_describe (RoundsDicomFile *file, GBytes *bytes, RoundsScanInstance *out, GError **error)
{
  g_autofree char *sop = dup_uid (file, 0x00080018), *series = dup_uid (file, 0x0020000e);
  g_autofree char *study = dup_uid (file, 0x0020000d), *sop_class = rounds_dicom_file_dup_string (file, 0x00080016);
  const char *const *warnings = rounds_dicom_file_get_warnings (file);
  RoundsDicomImage image;

#define TAKE(field, value) G_STMT_START { g_free (out->field); out->field = (value); } G_STMT_END
  if (g_strcmp0 (sop_class, DICOMDIR_CLASS) == 0)
    {
      g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID,
                           _("a DICOMDIR is a table of contents, not an image"));
      return FALSE;
    }
  if (sop == NULL || series == NULL || study == NULL)
    {
      g_set_error (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID, _("%s Instance UID is missing or not a UID"),
                   sop == NULL ? "SOP" : series == NULL ? "Series" : "Study");
      return FALSE;
    }
  TAKE (sop_uid, g_steal_pointer (&sop));
  TAKE (series_uid, g_steal_pointer (&series));
  TAKE (study_uid, g_steal_pointer (&study));
  TAKE (sop_class_uid, g_steal_pointer (&sop_class));
  TAKE (transfer_syntax, g_strdup (rounds_dicom_file_get_transfer_syntax (file)));
  TAKE (dicom_patient_id, rounds_dicom_file_dup_string (file, 0x00100020));
  TAKE (dicom_patient_name, rounds_dicom_file_dup_string (file, 0x00100010));
  TAKE (dicom_birth_date, rounds_dicom_file_dup_string (file, 0x00100030));
  TAKE (modality, rounds_dicom_file_dup_string (file, 0x00080060));
  TAKE (study_date, rounds_dicom_file_dup_string (file, 0x00080020));
  TAKE (study_time, rounds_dicom_file_dup_string (file, 0x00080030));
  TAKE (study_description, rounds_dicom_file_dup_string (file, 0x00081030));
  TAKE (series_description, rounds_dicom_file_dup_string (file, 0x0008103e));
  TAKE (body_part, rounds_dicom_file_dup_string (file, 0x00180015));
  TAKE (image_type, rounds_dicom_file_dup_string (file, 0x00080008));
  TAKE (accession, rounds_dicom_file_dup_string (file, 0x00080050));
  TAKE (warnings, warnings != NULL && warnings[0] != NULL ? g_strjoinv ("\n", (char **) warnings) : NULL);
#undef TAKE
  out->series_number = get_small (file, 0x00200011);
  out->instance_number = get_small (file, 0x00200013);
  out->size_bytes = bytes != NULL ? (gint64) g_bytes_get_size (bytes) : 0;
  out->on_device = bytes != NULL;
  out->rows = out->columns = out->frames = out->bits_stored = out->samples = 0;
  out->has_geometry = FALSE;
  /* An object without an image (a report, a PDF) is kept too. */
  if (!rounds_dicom_file_get_image (file, 0, &image, NULL))
    return TRUE;
  out->rows = image.rows;
  out->columns = image.columns;
  out->frames = image.frames;
  out->bits_stored = image.bits_stored;
  out->samples = image.samples;
  out->has_geometry = image.has_position;
  for (int i = 0; i < 3; i++)
    out->has_geometry = out->has_geometry && isfinite (image.position_mm[i]);
  for (int i = 0; i < 6; i++)
    out->has_geometry = out->has_geometry && isfinite (image.orientation[i]);
  if (out->has_geometry)
    {
      memcpy (out->position_mm, image.position_mm, sizeof out->position_mm);
      memcpy (out->orientation, image.orientation, sizeof out->orientation);
    }
  memcpy (out->spacing_mm, image.spacing_mm, sizeof out->spacing_mm);
  return TRUE;
}

/* A copy with an empty preamble, or the same bytes when it is empty already. */
static GBytes *
without_preamble (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint8 *copy;

  if (size < PREAMBLE + 4 || memcmp (data + PREAMBLE, "DICM", 4) != 0)
    return g_bytes_ref (bytes);
  for (gsize i = 0; i < PREAMBLE; i++)
    if (data[i] != 0)
      {
        copy = g_memdup2 (data, size);
        memset (copy, 0, PREAMBLE);
        return g_bytes_new_take (copy, size);
      }
  return g_bytes_ref (bytes);
}

typedef struct {
  RoundsDicomFile *file;
  RoundsScanInstance *instance;
  GBytes *bytes;
} Parsed;

static gboolean
parse_one (GBytes *bytes, Parsed *out, GError **error)
{
  out->bytes = without_preamble (bytes);
  /* As it came: what could run in it is told, and not kept. */
  out->file = rounds_dicom_file_new (bytes, error);
  if (out->file == NULL)
    return FALSE;
  out->instance = rounds_scan_instance_new ();
  return rounds_scan_describe (out->file, out->bytes, out->instance, error);
}

static void
parsed_clear (Parsed *self)
{
  g_clear_pointer (&self->file, rounds_dicom_file_unref);
  g_clear_pointer (&self->instance, rounds_scan_instance_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
}

/* A thumbnail is a convenience: without one the import is as good. Made before the object is announced, so that
 * whoever looks finds it; TRUE when one was added. */
static gboolean
make_thumbnail (RoundsStore *store, const Parsed *parsed)
{
  g_autoptr (GBytes) old = rounds_store_scan_get_thumbnail (store, parsed->instance->series_uid, NULL);
  g_autoptr (RoundsScanFrame) frame = NULL;
  g_autoptr (GBytes) png = NULL;
  g_autoptr (GError) error = NULL;

  if (old != NULL || parsed->instance->rows <= 0)
    return FALSE;
  frame = rounds_scan_frame_load (parsed->file, 0, &error);
  png = frame != NULL ? rounds_render_thumbnail (frame, NULL, ROUNDS_THUMBNAIL_SIZE, &error) : NULL;
  if (png == NULL || !rounds_store_scan_set_thumbnail (store, parsed->instance->series_uid, png, &error))
    {
      g_debug ("no thumbnail: %s", error != NULL ? error->message : "?");
      return FALSE;
    }
  return TRUE;
}

gboolean
rounds_scans_import_many (RoundsStore *store, GBytes *const *bytes, guint n, gboolean as_known,
                          RoundsImportOutcome *outcomes, char **details, GError **errors, GError **error)
{
  g_autofree Parsed *parsed = g_new0 (Parsed, n);
  g_autofree guint *index = g_new0 (guint, n);
  g_autofree RoundsScanInstance **instances = g_new0 (RoundsScanInstance *, n);
  g_autofree GBytes **kept = g_new0 (GBytes *, n);
  g_autofree RoundsImportOutcome *taken = g_new0 (RoundsImportOutcome, n);
  g_autofree gboolean *pictured = g_new0 (gboolean, n);
  guint good = 0;
  gboolean ok;

  for (guint i = 0; i < n; i++)
    {
      if (details != NULL)
        details[i] = NULL;
      if (!parse_one (bytes[i], &parsed[i], &errors[i]))
        continue;
      parsed[i].instance->patient_id
        = rounds_store_scan_match_patient (store, parsed[i].instance->dicom_patient_id, NULL);
      index[good] = i;
      instances[good] = parsed[i].instance;
      pictured[good] = make_thumbnail (store, &parsed[i]);
      kept[good++] = parsed[i].bytes;
    }
  ok = good == 0 || rounds_store_scan_put_many (store, instances, kept, good, !as_known, taken, error);
  /* What may not be kept leaves no picture behind. */
  for (guint k = 0; !ok && k < good; k++)
    if (pictured[k])
      rounds_store_scan_set_thumbnail (store, instances[k]->series_uid, NULL, NULL);
  for (guint k = 0; ok && k < good; k++)
    {
      const Parsed *at = &parsed[index[k]];

      outcomes[index[k]] = taken[k];
      if (details == NULL)
        continue;
      if (at->instance->patient_id == NULL)
        details[index[k]] = g_strdup (_("no patient has this identifier: kept, not yet assigned to a chart"));
      else if (at->instance->warnings != NULL)
        details[index[k]] = g_strdelimit (g_strdup (at->instance->warnings), "\n", ';');
    }
  for (guint i = 0; i < n; i++)
    parsed_clear (&parsed[i]);
  return ok;
}

gboolean
rounds_scans_import_bytes (RoundsStore *store, GBytes *bytes, gboolean as_known, RoundsImportOutcome *outcome,
                           char **detail, GError **error)
{
  RoundsImportOutcome result = ROUNDS_IMPORT_UNCHANGED;
  g_autofree char *text = NULL;
  GError *refused = NULL;

  if (!rounds_scans_import_many (store, &bytes, 1, as_known, &result, &text, &refused, error))
    {
      g_clear_error (&refused);
      return FALSE;
    }
  if (refused != NULL)
    {
      g_propagate_error (error, refused);
      return FALSE;
    }
  if (outcome != NULL)
    *outcome = result;
  if (detail != NULL)
    *detail = g_steal_pointer (&text);
  return TRUE;
}
