/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ONNX Runtime is not part of a program's start, and what Debian's build says while the first session is made
 * stays away from the terminal, without losing what others say meanwhile.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

static void
test_silent (void)
{
  int real = dup (STDERR_FILENO), caught = memfd_create ("caught", 0);
  g_assert_cmpint (dup2 (caught, STDERR_FILENO), >=, 0);
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  g_assert_cmpint (write (STDERR_FILENO, "heard\n", 6), ==, 6);
  g_assert_cmpint (dup2 (real, STDERR_FILENO), >=, 0);
  close (real);

  char text[4096] = "";
  ssize_t n = pread (caught, text, sizeof text - 1, 0);
  close (caught);
  g_assert_cmpint (n, >=, 6);
  g_assert_null (strstr (text, "Schema error"));
  g_assert_cmpstr (text, ==, "heard\n");
}

static void
test_shared (void)
{
  g_autoptr (RoundsEnhanceSession) a = fixture_session (1), b = fixture_session (1), c = fixture_session (2);
  g_assert_true (a == b);
  g_assert_true (a != c);
  g_assert_cmpint (rounds_enhance_session_get_threads (c), ==, 2);
  g_assert_cmpint (rounds_enhance_default_threads (), >=, 1);
}

static void
test_not_onnx (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("rounds-enhance-XXXXXX", NULL);
  g_autofree char *top = rounds_models_dir ();
  g_autofree char *source = g_build_filename (top, "denoise", "manifest.json", NULL);
  g_autofree char *manifest = g_build_filename (dir, "manifest.json", NULL);
  g_autofree char *onnx = g_build_filename (dir, "model.onnx", NULL);
  g_autofree char *text = NULL, *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "not a network", -1);
  g_assert_true (g_file_get_contents (source, &text, NULL, NULL));
  g_autoptr (RoundsModel) good = fixture_model ();
  char *at = strstr (text, rounds_model_get_sha256 (good));
  memcpy (at, sum, 64);
  g_assert_true (g_file_set_contents (manifest, text, -1, NULL));
  g_assert_true (g_file_set_contents (onnx, "not a network", -1, NULL));

  g_autoptr (RoundsModel) model = rounds_model_load (dir, &error);
  g_assert_no_error (error);
  g_assert_null (rounds_enhance_session_new (model, 1, &error));
  g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_RUNTIME);
  g_assert_cmpint (g_unlink (manifest) | g_unlink (onnx) | g_rmdir (dir), ==, 0);
}

static void
test_not_loaded_before_use (void)
{
  g_autofree char *maps = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  g_assert_null (strstr (maps, "libonnxruntime"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enhance/runtime/not-loaded-before-use", test_not_loaded_before_use);
  g_test_add_func ("/enhance/runtime/silent", test_silent);
  g_test_add_func ("/enhance/runtime/shared", test_shared);
  g_test_add_func ("/enhance/runtime/not-onnx", test_not_onnx);
  return g_test_run ();
}
