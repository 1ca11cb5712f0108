/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Manifests that are right, wrong and hostile, and what a model refuses.
 */

#include <glib/gstdio.h>

#include "enhance/provenance.h"
#include "fixture.h"

/* A copy of the shipped model in a folder of its own, for spoiling. */
typedef struct
{
  char *dir, *manifest, *onnx, *text;
} Copy;

static void
copy_set_up (Copy *copy, gconstpointer data)
{
  g_autoptr (RoundsModel) model = fixture_model ();
  g_autofree char *top = rounds_models_dir ();
  g_autofree char *source = g_build_filename (top, "denoise", "manifest.json", NULL);
  copy->dir = g_dir_make_tmp ("rounds-enhance-XXXXXX", NULL);
  copy->manifest = g_build_filename (copy->dir, "manifest.json", NULL);
  copy->onnx = g_build_filename (copy->dir, "model.onnx", NULL);
  g_assert_true (g_file_get_contents (source, &copy->text, NULL, NULL));
  gsize size;
  const char *bytes = g_bytes_get_data (rounds_model_get_bytes (model), &size);
  g_assert_true (g_file_set_contents (copy->manifest, copy->text, -1, NULL));
  g_assert_true (g_file_set_contents (copy->onnx, bytes, (gssize)size, NULL));
}

static void
copy_tear_down (Copy *copy, gconstpointer data)
{
  g_unlink (copy->manifest);
  g_unlink (copy->onnx);
  g_assert_cmpint (g_rmdir (copy->dir), ==, 0);
  g_free (copy->dir);
  g_free (copy->manifest);
  g_free (copy->onnx);
  g_free (copy->text);
}

static void
test_shipped (void)
{
  g_autoptr (RoundsModel) model = fixture_model ();
  g_assert_cmpstr (rounds_model_get_name (model), ==, "denoise");
  g_assert_cmpstr (rounds_model_get_task (model), ==, "denoise");
  g_assert_cmpstr (rounds_model_get_units (model), ==, "modality");
  g_assert_cmpuint (strlen (rounds_model_get_sha256 (model)), ==, 64);
  g_assert_nonnull (rounds_model_get_card_path (model));
  g_assert_true (g_strv_contains (rounds_model_get_modalities (model), "CT"));
  RoundsModelScale scale;
  g_assert_true (rounds_model_get_scale (model, "CT", &scale));
  g_assert_true (scale.fixed);
  g_assert_false (rounds_model_get_scale (model, "US", &scale));

  g_autoptr (GPtrArray) models = rounds_model_list (NULL);
  g_assert_cmpuint (models->len, >=, 1);
  g_autofree char *name = g_strdup (rounds_model_get_name (g_ptr_array_index (models, 0)));
  g_assert_cmpstr (name, ==, "denoise");
}

static void
assert_refused (
    RoundsModel *model, const char *modality, int bits, int rows, int columns, int samples, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (rounds_model_accepts (model, modality, bits, rows, columns, samples, &error));
  g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refusals (void)
{
  g_autoptr (RoundsModel) model = fixture_model ();
  g_assert_true (rounds_model_accepts (model, "CT", 12, 512, 512, 1, NULL));
  g_assert_true (rounds_model_accepts (model, "MR", 0, 33, 4000, 1, NULL));
  assert_refused (model, "US", 8, 512, 512, 1, "not for US");
  assert_refused (model, "", 8, 512, 512, 1, "not for this kind");
  assert_refused (model, "A^B\n", 8, 512, 512, 1, "not for this kind");
  assert_refused (model, "CT", 8, 512, 512, 3, "in colour");
  assert_refused (model, "CT", 32, 512, 512, 1, "this image has 32");
  assert_refused (model, "CT", 16, 16, 512, 1, "smaller than");
  assert_refused (model, "CT", 16, 512, 100000, 1, "larger than");
  assert_refused (model, "CT", 16, 0, -5, 1, "smaller than");
}

static void
test_wrong_hash (Copy *copy, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (copy->onnx, &bytes, &size, NULL));
  bytes[size / 2] ^= 1;
  g_assert_true (g_file_set_contents (copy->onnx, bytes, (gssize)size, NULL));
  g_assert_null (rounds_model_load (copy->dir, &error));
  g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_HASH);

  g_clear_error (&error);
  g_assert_cmpint (g_unlink (copy->onnx), ==, 0);
  g_assert_null (rounds_model_load (copy->dir, &error));
  g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_NO_MODEL);
}

static void
assert_bad_manifest (Copy *copy, const char *text, gssize size, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (copy->manifest, text, size, NULL));
  g_assert_null (rounds_model_load (copy->dir, &error));
  g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_MANIFEST);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

static char *
replaced (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = g_strsplit (text, from, 2);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  return g_strjoinv (to, parts);
}

static void
test_bad_manifests (Copy *copy, gconstpointer data)
{
  static const char *const cases[][3] = {
    { "\"format\": 1", "\"format\": 2", "'format'" },
    { "\"name\": \"denoise\"", "\"name\": 5", "'name'" },
    { "\"file\": \"model.onnx\"", "\"file\": \"../model.onnx\"", "'file'" },
    { "\"file\": \"model.onnx\"", "\"file\": \"/etc/passwd\"", "'file'" },
    { "\"card\": \"MODEL-CARD.md\"", "\"card\": \"a/b\"", "'card'" },
    { "\"span\": 2000", "\"span\": 0", "'span'" },
    { "\"span\": 2000", "\"span\": 1e400", "number expected" },
    { "\"align\": 16", "\"align\": 0", "'align'" },
    { "\"align\": 16", "\"align\": 1.5", "'align'" },
    { "\"min_size\": 32", "\"min_size\": 90000", "'min_size'" },
    { "\"modalities\": {", "\"modalities\": {}, \"x\": {", "'modalities'" },
    { "\"kind\": \"fixed\"", "\"kind\": \"magic\"", "'kind'" },
    { "\"network\": {", "\"network\": 1, \"y\": {", "'network'" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = replaced (copy->text, cases[i][0], cases[i][1]);
      assert_bad_manifest (copy, text, -1, cases[i][2]);
    }
  assert_bad_manifest (copy, "", 0, "not a JSON object");
  assert_bad_manifest (copy, "[]", -1, "not a JSON object");
  assert_bad_manifest (copy, "{\"format\": 1", -1, "not a JSON object");
  g_autofree char *deep = g_strnfill (100000, '[');
  assert_bad_manifest (copy, deep, -1, "not a JSON object");
  g_autofree char *large = g_strnfill (300 * 1024, ' ');
  assert_bad_manifest (copy, large, -1, "larger than");
  for (gsize cut = 1; cut < strlen (copy->text) - 2; cut += 37)
    assert_bad_manifest (copy, copy->text, (gssize)cut, "");
}

static void
test_other_task (Copy *copy, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = replaced (copy->text, "\"task\": \"denoise\"", "\"task\": \"segment\"");
  g_assert_true (g_file_set_contents (copy->manifest, text, -1, NULL));
  g_autoptr (RoundsModel) model = rounds_model_load (copy->dir, &error);
  g_assert_no_error (error);
  g_assert_null (rounds_model_get_card_path (model));
  g_autoptr (RoundsEnhanceSession) session = rounds_enhance_session_new (model, 1, &error);
  g_assert_no_error (error);
  g_autofree float *in = fixture_image ("ct"), *out = g_new (float, PIXELS);
  RoundsDenoiseParams params = ROUNDS_DENOISE_PARAMS_INIT;
  params.modality = "CT";
  g_assert_false (rounds_denoise_run (session, in, SIDE, SIDE, &params, out, NULL, NULL, &error));
  g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED);
}

static void
test_names (void)
{
  static const char *const names[] = { "", "..", "a/b", "../denoise", "denoise ", "no-such-model" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (rounds_model_load_named (names[i], &error));
      g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_NO_MODEL);
    }
  g_autoptr (GPtrArray) none = rounds_model_list ("/nonexistent");
  g_assert_cmpuint (none->len, ==, 0);
}

static void
test_provenance (void)
{
  g_autoptr (RoundsModel) model = fixture_model ();
  RoundsDenoiseReport report = { .sigma = 14.25, .strength = 0.6, .clamped_fraction = 0.001 };
  g_auto (RoundsEnhanceProvenance) said = { 0 };
  rounds_enhance_provenance_init (&said, model, "CT", &report);
  g_assert_true (g_str_is_ascii (said.description));
  g_assert_cmpuint (strlen (said.description), <=, 1024);
  g_assert_nonnull (strstr (said.description, rounds_model_get_sha256 (model)));
  g_assert_nonnull (strstr (said.description, "noise level 14.25 HU"));
  g_autofree char *label = rounds_enhance_provenance_label (&said);
  g_assert_true (g_str_has_prefix (label, "ENHANCED denoise "));
  g_assert_nonnull (strstr (label, "strength 60 %"));
  g_assert_nonnull (strstr (label, "noise 14.25 HU"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enhance/model/shipped", test_shipped);
  g_test_add_func ("/enhance/model/refusals", test_refusals);
  g_test_add_func ("/enhance/model/names", test_names);
  g_test_add ("/enhance/model/wrong-hash", Copy, NULL, copy_set_up, test_wrong_hash, copy_tear_down);
  g_test_add ("/enhance/model/bad-manifests", Copy, NULL, copy_set_up, test_bad_manifests, copy_tear_down);
  g_test_add ("/enhance/model/other-task", Copy, NULL, copy_set_up, test_other_task, copy_tear_down);
  g_test_add_func ("/enhance/model/provenance", test_provenance);
  return g_test_run ();
}
