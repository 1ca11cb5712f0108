/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads a model's manifest and checks that the ONNX file is the one it describes. A manifest may be a
 * user's own, so everything in it is bounded and nothing is guessed: a missing field that matters is an
 * error that names the field. The ONNX file is kept in memory after hashing, so what runs is what was
 * checked, whatever happens to the file meanwhile.
 */

#include "enhance/model.h"

#include <glib/gi18n-lib.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#define MANIFEST_MAX_BYTES (256 * 1024)
#define MANIFEST_MAX_DEPTH 16
#define MODEL_MAX_BYTES (512 * 1024 * 1024)
#define MODALITIES_MAX 64

struct _RoundsModel
{
  GObject parent;

  char *name, *title, *version, *task, *units, *sha256, *licence, *intended_use;
  char *path, *card_path;
  GBytes *bytes;
  GPtrArray *modalities;    /* char *, NULL-ended */
  RoundsModelScale *scales; /* one for each modality */

  int min_size, max_size, max_bits, align, reach, whole_max;
  double sigma_max;
};

G_DEFINE_FINAL_TYPE (RoundsModel, rounds_model, G_TYPE_OBJECT)

typedef struct json_object JsonNode;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (JsonNode, json_object_put)
typedef struct json_tokener JsonReader;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (JsonReader, json_tokener_free)

static void
rounds_model_finalize (GObject *object)
{
  RoundsModel *self = ROUNDS_MODEL (object);

  g_free (self->name);
  g_free (self->title);
  g_free (self->version);
  g_free (self->task);
  g_free (self->units);
  g_free (self->sha256);
  g_free (self->licence);
  g_free (self->intended_use);
  g_free (self->path);
  g_free (self->card_path);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->modalities, g_ptr_array_unref);
  g_free (self->scales);
  G_OBJECT_CLASS (rounds_model_parent_class)->finalize (object);
}

static void
rounds_model_class_init (RoundsModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_model_finalize;
}

static void
rounds_model_init (RoundsModel *self)
{
  self->modalities = g_ptr_array_new_with_free_func (g_free);
}

/* --- reading fields ------------------------------------------------------------ */

static gboolean
bad_field (const char *field, const char *wanted, GError **error)
{
  g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_MANIFEST, _("manifest.json: '%s' must be %s"),
               field, wanted);
  return FALSE;
}

static gboolean
read_text (JsonNode *object, const char *field, gsize max, char **ret_text, GError **error)
{
  JsonNode *node = NULL;
  if (!json_object_object_get_ex (object, field, &node) || !json_object_is_type (node, json_type_string))
    return bad_field (field, _("a text"), error);
  const char *text = json_object_get_string (node);
  if (*text == '\0' || strlen (text) > max || !g_utf8_validate (text, -1, NULL))
    return bad_field (field, _("a text that is not empty and not overlong"), error);
  *ret_text = g_strdup (text);
  return TRUE;
}

static gboolean
read_number (JsonNode *object, const char *field, double min, double max, double *ret_value, GError **error)
{
  JsonNode *node = NULL;
  if (!json_object_object_get_ex (object, field, &node)
      || !(json_object_is_type (node, json_type_double) || json_object_is_type (node, json_type_int)))
    return bad_field (field, _("a number"), error);
  double value = json_object_get_double (node);
  if (!isfinite (value) || value < min || value > max)
    {
      g_autofree char *wanted = g_strdup_printf (_("a number from %g to %g"), min, max);
      return bad_field (field, wanted, error);
    }
  *ret_value = value;
  return TRUE;
}

static gboolean
read_int (JsonNode *object, const char *field, int min, int max, int *ret_value, GError **error)
{
  double value;
  if (!read_number (object, field, min, max, &value, error))
    return FALSE;
  if (value != floor (value))
    return bad_field (field, _("a whole number"), error);
  *ret_value = (int)value;
  return TRUE;
}

static JsonNode *
read_object (JsonNode *object, const char *field, GError **error)
{
  JsonNode *node = NULL;
  if (json_object_object_get_ex (object, field, &node) && json_object_is_type (node, json_type_object))
    return node;
  bad_field (field, _("an object"), error);
  return NULL;
}

static gboolean
read_scale (JsonNode *object, RoundsModelScale *scale, GError **error)
{
  g_autofree char *kind = NULL;
  g_autofree char *noise = NULL;
  *scale = (RoundsModelScale){ FALSE, 0, 1, -INFINITY, 0, FALSE, -INFINITY, 0 };
  if (!read_text (object, "kind", 16, &kind, error)
      || !read_number (object, "flat_tolerance", 0, 1e6, &scale->flat_tolerance, error)
      || !read_text (object, "noise", 16, &noise, error)
      || !read_number (object, "noise_min_snr", 0, 100, &scale->noise_min_snr, error))
    return FALSE;
  scale->noise_correlated = g_str_equal (noise, "correlated");
  if (!scale->noise_correlated && !g_str_equal (noise, "white"))
    return bad_field ("noise", "\"correlated\" or \"white\"", error);
  scale->fixed = g_str_equal (kind, "fixed");
  if (!scale->fixed)
    return g_str_equal (kind, "percentile") || bad_field ("kind", "\"fixed\" or \"percentile\"", error);
  if (json_object_object_get_ex (object, "padding_below", NULL)
      && !read_number (object, "padding_below", -1e9, 1e9, &scale->padding_below, error))
    return FALSE;
  return read_number (object, "noise_floor", -1e9, 1e9, &scale->noise_floor, error)
         && read_number (object, "low", -1e9, 1e9, &scale->low, error)
         && read_number (object, "span", 1e-9, 1e9, &scale->span, error);
}

static gboolean
read_modalities (RoundsModel *self, JsonNode *root, GError **error)
{
  JsonNode *object = read_object (root, "modalities", error);
  if (object == NULL)
    return FALSE;
  int n = json_object_object_length (object);
  if (n < 1 || n > MODALITIES_MAX)
    return bad_field ("modalities", _("an object with 1 to 64 members"), error);

  self->scales = g_new0 (RoundsModelScale, n);
  struct json_object_iterator at = json_object_iter_begin (object), end = json_object_iter_end (object);
  for (int i = 0; i < n && !json_object_iter_equal (&at, &end); i++, json_object_iter_next (&at))
    {
      const char *term = json_object_iter_peek_name (&at);
      JsonNode *scale = json_object_iter_peek_value (&at);
      if (strlen (term) > 16 || !json_object_is_type (scale, json_type_object))
        return bad_field ("modalities", _("an object of DICOM modality terms"), error);
      if (!read_scale (scale, &self->scales[i], error))
        return FALSE;
      g_ptr_array_add (self->modalities, g_strdup (term));
    }
  g_ptr_array_add (self->modalities, NULL);
  return TRUE;
}

static gboolean
read_fields (RoundsModel *self, JsonNode *root, char **ret_file, char **ret_card, GError **error)
{
  int format = 0;
  if (!read_int (root, "format", 1, 1, &format, error) || !read_text (root, "name", 64, &self->name, error)
      || !read_text (root, "title", 200, &self->title, error)
      || !read_text (root, "version", 32, &self->version, error)
      || !read_text (root, "task", 32, &self->task, error) || !read_text (root, "file", 200, ret_file, error)
      || !read_text (root, "sha256", 64, &self->sha256, error)
      || !read_text (root, "licence", 100, &self->licence, error)
      || !read_text (root, "intended_use", 1000, &self->intended_use, error)
      || !read_text (root, "card", 200, ret_card, error) || !read_modalities (self, root, error))
    return FALSE;

  JsonNode *input = read_object (root, "input", error);
  if (input == NULL || !read_text (input, "units", 32, &self->units, error)
      || !read_int (input, "min_size", 8, 4096, &self->min_size, error)
      || !read_int (input, "max_size", self->min_size, 32768, &self->max_size, error)
      || !read_int (input, "max_bits", 1, 32, &self->max_bits, error))
    return FALSE;

  JsonNode *network = read_object (root, "network", error);
  return network != NULL && read_int (network, "align", 1, 256, &self->align, error)
         && read_int (network, "reach", 0, 1024, &self->reach, error)
         && read_int (network, "whole_max", 64, 8192, &self->whole_max, error)
         && read_number (network, "sigma_max", 1e-6, 1e6, &self->sigma_max, error);
}

static JsonNode *
read_manifest (const char *dir, GError **error)
{
  g_autofree char *path = g_build_filename (dir, "manifest.json", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  if (stream == NULL)
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_NO_MODEL, _("there is no model in %s"),
                   dir);
      return NULL;
    }
  g_autofree char *text = g_malloc (MANIFEST_MAX_BYTES + 1);
  gsize size = 0;
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), text, MANIFEST_MAX_BYTES + 1, &size, NULL, error))
    {
      g_prefix_error (error, "manifest.json: ");
      return NULL;
    }
  if (size > MANIFEST_MAX_BYTES)
    {
      g_set_error_literal (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_MANIFEST,
                           _("manifest.json is larger than 256 KiB"));
      return NULL;
    }

  g_autoptr (JsonReader) reader = json_tokener_new_ex (MANIFEST_MAX_DEPTH);
  json_tokener_set_flags (reader, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  g_autoptr (JsonNode) root = json_tokener_parse_ex (reader, text, (int)size);
  if (json_tokener_get_error (reader) != json_tokener_success
      || !json_object_is_type (root, json_type_object))
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_MANIFEST,
                   _("manifest.json is not a JSON object: %s"),
                   json_tokener_get_error (reader) == json_tokener_continue
                       ? _("it ends in the middle")
                       : json_tokener_error_desc (json_tokener_get_error (reader)));
      return NULL;
    }
  return g_steal_pointer (&root);
}

static gboolean
read_model_file (RoundsModel *self, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->path);
  g_autoptr (GFileInfo) info
      = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE, NULL, NULL);
  if (info == NULL || g_file_info_get_size (info) > MODEL_MAX_BYTES)
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_NO_MODEL,
                   info == NULL ? _("%s is missing") : _("%s is larger than 512 MiB"), self->path);
      return FALSE;
    }
  g_autoptr (GError) read_error = NULL;
  self->bytes = g_file_load_bytes (file, NULL, NULL, &read_error);
  if (self->bytes == NULL)
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_NO_MODEL, _("%s cannot be read: %s"),
                   self->path, read_error->message);
      return FALSE;
    }
  g_autofree char *found = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, self->bytes);
  if (g_ascii_strcasecmp (found, self->sha256) != 0)
    {
      g_set_error (
          error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_HASH,
          _("the file of model '%s' is not the one its manifest describes (SHA-256 %.12s…, expected %.12s…)"),
          self->name, found, self->sha256);
      return FALSE;
    }
  g_free (self->sha256);
  self->sha256 = g_steal_pointer (&found);
  return TRUE;
}

/* --- public -------------------------------------------------------------------- */

char *
rounds_models_dir (void)
{
  const char *own = g_getenv ("ROUNDS_MODELS_DIR");
  return own != NULL && *own != '\0' ? g_strdup (own) : g_build_filename (ROUNDS_PKGDATADIR, "models", NULL);
}

static gboolean
is_plain_name (const char *name)
{
  return name[0] != '.' && strchr (name, '/') == NULL;
}

RoundsModel *
rounds_model_load (const char *dir, GError **error)
{
  g_return_val_if_fail (dir != NULL, NULL);

  g_autoptr (JsonNode) root = read_manifest (dir, error);
  if (root == NULL)
    return NULL;

  g_autoptr (RoundsModel) self = g_object_new (ROUNDS_TYPE_MODEL, NULL);
  g_autofree char *file = NULL, *card = NULL;
  if (!read_fields (self, root, &file, &card, error))
    return NULL;
  if (!is_plain_name (file) || !is_plain_name (card))
    {
      bad_field (is_plain_name (file) ? "card" : "file", _("a file name in the model's own folder"), error);
      return NULL;
    }
  self->path = g_build_filename (dir, file, NULL);
  g_autofree char *card_path = g_build_filename (dir, card, NULL);
  if (g_file_test (card_path, G_FILE_TEST_IS_REGULAR))
    self->card_path = g_steal_pointer (&card_path);
  return read_model_file (self, error) ? g_steal_pointer (&self) : NULL;
}

RoundsModel *
rounds_model_load_named (const char *name, GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);

  static const char allowed[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_";
  if (*name == '\0' || strlen (name) > 64 || name[strspn (name, allowed)] != '\0')
    {
      g_set_error_literal (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_NO_MODEL,
                           _("a model's name has letters, digits, '-' and '_' only"));
      return NULL;
    }
  g_autofree char *top = rounds_models_dir ();
  g_autofree char *dir = g_build_filename (top, name, NULL);
  return rounds_model_load (dir, error);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(RoundsModel *const *)a)->name, (*(RoundsModel *const *)b)->name);
}

GPtrArray *
rounds_model_list (const char *dir)
{
  g_autofree char *top = dir != NULL ? g_strdup (dir) : rounds_models_dir ();
  GPtrArray *models = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GDir) folder = g_dir_open (top, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (top, name, NULL);
      g_autofree char *manifest = g_build_filename (path, "manifest.json", NULL);
      if (!g_file_test (manifest, G_FILE_TEST_IS_REGULAR))
        continue;
      g_autoptr (GError) error = NULL;
      RoundsModel *model = rounds_model_load (path, &error);
      if (model != NULL)
        g_ptr_array_add (models, model);
      else
        g_warning ("model '%s' is left out: %s", name, error->message);
    }
  g_ptr_array_sort (models, by_name);
  return models;
}

gboolean
rounds_model_get_scale (RoundsModel *self, const char *modality, RoundsModelScale *scale)
{
  g_return_val_if_fail (ROUNDS_IS_MODEL (self) && modality != NULL && scale != NULL, FALSE);

  for (guint i = 0; i + 1 < self->modalities->len; i++)
    if (g_str_equal (modality, g_ptr_array_index (self->modalities, i)))
      {
        *scale = self->scales[i];
        return TRUE;
      }
  return FALSE;
}

gboolean
rounds_model_accepts (
    RoundsModel *self, const char *modality, int bits, int rows, int columns, int samples, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_MODEL (self) && modality != NULL, FALSE);

  RoundsModelScale scale;
  g_autofree char *why = NULL;
  if (!rounds_model_get_scale (self, modality, &scale))
    {
      g_autofree char *known = g_strjoinv (", ", (char **)self->modalities->pdata);
      /* the modality is a short code of the file, not a name; still only print what looks like one */
      gboolean plain = *modality != '\0' && strlen (modality) <= 16
                       && modality[strspn (modality, G_CSET_A_2_Z G_CSET_DIGITS "_")] == '\0';
      why = g_strdup_printf (_("it was made for %s images, not for %s"), known,
                             plain ? modality : _("this kind"));
    }
  else if (samples != 1)
    why = g_strdup (_("it works on grey images, and this one is in colour"));
  else if (bits < 0 || bits > self->max_bits)
    why = g_strdup_printf (_("it was made for up to %d bits a pixel, and this image has %d"), self->max_bits,
                           bits);
  else if (rows < self->min_size || columns < self->min_size)
    why = g_strdup_printf (_("the image is %d × %d pixels, smaller than %d on a side"), columns, rows,
                           self->min_size);
  else if (rows > self->max_size || columns > self->max_size)
    why = g_strdup_printf (_("the image is %d × %d pixels, larger than %d on a side"), columns, rows,
                           self->max_size);
  else
    return TRUE;

  g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED,
               _("'%s' cannot enhance this image: %s"), self->name, why);
  return FALSE;
}

#define GETTER(type, field)                                                                                  \
  type rounds_model_get_##field (RoundsModel *self)                                                          \
  {                                                                                                          \
    g_return_val_if_fail (ROUNDS_IS_MODEL (self), (type)0);                                                  \
    return self->field;                                                                                      \
  }

GETTER (const char *, name)
GETTER (const char *, title)
GETTER (const char *, version)
GETTER (const char *, task)
GETTER (const char *, units)
GETTER (const char *, sha256)
GETTER (const char *, licence)
GETTER (const char *, intended_use)
GETTER (const char *, path)
GETTER (const char *, card_path)
GETTER (GBytes *, bytes)
GETTER (int, min_size)
GETTER (int, max_size)
GETTER (int, max_bits)
GETTER (int, align)
GETTER (int, reach)
GETTER (int, whole_max)
GETTER (double, sigma_max)

const char *const *
rounds_model_get_modalities (RoundsModel *self)
{
  g_return_val_if_fail (ROUNDS_IS_MODEL (self), NULL);
  return (const char *const *)self->modalities->pdata;
}
