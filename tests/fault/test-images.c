/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images to and from a server that keeps some, refuses some, has others under the same name, and frames its
 * answers in every way. */

#include "../dicom/builder.h"
#include "../store/store-fixture.h"
#include "cloud/dicomweb-client.h"
#include "dicom-server.h"
#include "sync/connection.h"
#include "sync/images.h"
#include "sync/session.h"

#define STUDY "2.25.100"
#define SERIES "2.25.100.1"

typedef struct {
  Fixture fixture;
  RoundsStore *store;
  MiniDicom *server;
  RoundsSync *sync;
  RoundsSyncReport report;
  GError *error;
  guint n;
} Case;

static char *
uid_of (guint i)
{
  return g_strdup_printf ("2.25.100.1.%u", i);
}

/* pixels: what stands in them; text of the traps. */
static GBytes *
image_of (guint i, const char *pixels, gsize size)
{
  g_autofree char *uid = uid_of (i);
  GByteArray *out = g_byte_array_new ();

  g_byte_array_set_size (out, 128);
  memset (out->data, 0, 128);
  g_byte_array_append (out, (const guint8 *) "DICM", 4);
  put_text (out, 0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7");
  put_text (out, 0x00020003, "UI", uid);
  put_text (out, 0x00020010, "UI", "1.2.840.10008.1.2.1");
  put_text (out, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7");
  put_text (out, 0x00080018, "UI", uid);
  put_text (out, 0x00100020, "LO", "MRN-p1");
  put_text (out, 0x0020000D, "UI", STUDY);
  put_text (out, 0x0020000E, "UI", SERIES);
  put_bytes (out, 0x7FE00010, "OB", pixels, size);
  return g_byte_array_free_to_bytes (out);
}

static GBytes *
plain_image (guint i)
{
  char pixels[64];

  memset (pixels, (int) i, sizeof pixels);
  return image_of (i, pixels, sizeof pixels);
}

static gboolean
keep (RoundsStore *store, GBytes *bytes, gboolean as_known, RoundsImportOutcome *outcome, char **detail, GError **error)
{
  g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, error);
  RoundsScanInstance *info;
  gboolean ok;

  if (file == NULL)
    return FALSE;
  info = rounds_scan_instance_new ();
  info->sop_uid = rounds_dicom_file_dup_string (file, 0x00080018);
  info->series_uid = rounds_dicom_file_dup_string (file, 0x0020000E);
  info->study_uid = rounds_dicom_file_dup_string (file, 0x0020000D);
  info->sop_class_uid = rounds_dicom_file_dup_string (file, 0x00080016);
  info->transfer_syntax = g_strdup ("1.2.840.10008.1.2.1");
  info->size_bytes = (gint64) g_bytes_get_size (bytes);
  info->on_device = TRUE;
  info->frames = 1;
  ok = rounds_store_scan_put (store, info, bytes, !as_known, outcome, error);
  rounds_scan_instance_free (info);
  return ok;
}

static void
case_new (Case *self)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("images");

  memset (self, 0, sizeof *self);
  fixture_new (&self->fixture);
  self->store = self->fixture.store;
  self->server = mini_dicom_new ();
  self->server->data = self;
  connection->dicomweb_url = g_strdup (self->server->url);
  rounds_connection_save (self->store, connection, NULL, &self->error);
  g_assert_no_error (self->error);
  self->sync = rounds_sync_new (self->store, "images");
}

static void
case_clear (Case *self)
{
  g_clear_object (&self->sync);
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  fixture_clear (&self->fixture);
  mini_dicom_free (self->server);
}

static gboolean
run (Case *self)
{
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  return rounds_sync_run (self->sync, TRUE, NULL, &self->report, &self->error);
}

static void
import (Case *self, guint i)
{
  g_autoptr (GBytes) bytes = plain_image (i);
  RoundsImportOutcome outcome;

  g_assert_true (keep (self->store, bytes, FALSE, &outcome, NULL, &self->error));
  g_assert_no_error (self->error);
}

static void
serve (Case *self, guint i)
{
  g_autoptr (GBytes) bytes = plain_image (i);

  mini_dicom_put (self->server, bytes);
}

static gboolean
is_here (Case *self, guint i)
{
  g_autofree char *uid = uid_of (i);
  g_autoptr (RoundsScanInstance) info = rounds_store_scan_info (self->store, uid, NULL);

  return info != NULL && info->on_device;
}

/* --- sending ------------------------------------------------------------------------------------------- */

/* One of three is refused, with a status that says that all were. */
static void
test_stow_in_part (gconstpointer data)
{
  Case self;
  guint i;

  case_new (&self);
  self.server->refused_status = GPOINTER_TO_INT (data);
  for (i = 1; i <= 3; i++)
    import (&self, i);
  g_hash_table_insert (self.server->refused, uid_of (2), GINT_TO_POINTER (0xA700));
  g_assert_false (run (&self));
  g_assert_cmpuint (self.report.images_pushed, ==, 2);
  g_assert_cmpuint (self.report.pending, ==, 1);
  g_assert_nonnull (strstr (self.error->message, "A700"));
  g_assert_cmpuint (g_hash_table_size (self.server->instances), ==, 2);
  g_hash_table_remove_all (self.server->refused);
  g_assert_true (run (&self));
  g_assert_cmpuint (self.report.pending, ==, 0);
  g_assert_cmpuint (self.server->n_sent, ==, 4);   /* the two were not sent again */
  case_clear (&self);
}

static void
test_stow_forgotten (void)
{
  Case self;

  case_new (&self);
  import (&self, 1);
  import (&self, 2);
  g_hash_table_add (self.server->forgotten, uid_of (1));
  g_assert_false (run (&self));
  g_assert_cmpuint (self.report.images_pushed, ==, 1);
  g_assert_cmpuint (self.report.pending, ==, 1);
  case_clear (&self);
}

static void
drop_stow (MiniDicom *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (g_str_equal (request->method, "POST") && self->n++ == 0)
    answer->drop = TRUE;
}

/* Stored, and the answer lost: nothing is sent twice, nothing is lost. */
static void
test_stow_repeated (void)
{
  Case self;

  case_new (&self);
  self.server->after = drop_stow;
  import (&self, 1);
  import (&self, 2);
  g_assert_false (run (&self));
  g_assert_cmpuint (self.report.pending, ==, 2);
  g_assert_true (run (&self));
  g_assert_cmpuint (self.report.pending, ==, 0);
  g_assert_cmpuint (self.server->n_sent, ==, 2);
  g_assert_cmpuint (g_hash_table_size (self.server->instances), ==, 2);
  case_clear (&self);
}

/* The server has another image under the same UID: found once, not fetched and compared in every pass. */
static void
test_same_uid (void)
{
  Case self;
  char other[64] = "another image";
  g_autoptr (GBytes) bytes = image_of (1, other, sizeof other);
  g_autoptr (GPtrArray) refusals = NULL;
  guint n_wado;

  case_new (&self);
  mini_dicom_put (self.server, bytes);
  import (&self, 1);
  import (&self, 2);
  run (&self);
  g_assert_cmpuint (self.report.pending, ==, 1);
  g_assert_false (self.report.complete);
  n_wado = self.server->n_wado;
  g_assert_cmpuint (n_wado, ==, 1);
  run (&self);
  run (&self);
  g_assert_cmpuint (self.server->n_wado, ==, n_wado);
  g_assert_cmpuint (self.report.pending, ==, 1);
  g_assert_false (self.report.complete);
  refusals = rounds_store_scan_outbox_refusals (self.store, 10, NULL);
  g_assert_cmpuint (refusals->len, ==, 1);
  /* Somebody took it away there: it goes. */
  {
    g_autofree char *uid = uid_of (1);

    g_hash_table_remove (self.server->instances, uid);
  }
  g_assert_true (run (&self));
  g_assert_cmpuint (self.report.pending, ==, 0);
  case_clear (&self);
}

static void
test_batches_are_bounded (void)
{
  Case self;
  guint i;
  gsize size = 7 * 1024 * 1024;
  g_autofree char *pixels = g_malloc0 (size);

  case_new (&self);
  for (i = 1; i <= 7; i++)
    {
      g_autoptr (GBytes) bytes = image_of (i, pixels, size);
      RoundsImportOutcome outcome;

      g_assert_true (keep (self.store, bytes, FALSE, &outcome, NULL, NULL));
    }
  g_assert_true (run (&self));
  g_assert_cmpuint (self.server->n_stow, ==, 3);
  g_assert_cmpuint (self.server->largest_stow, <=, 25 * 1024 * 1024);
  g_assert_cmpuint (g_hash_table_size (self.server->instances), ==, 7);
  case_clear (&self);
}

/* --- fetching -------------------------------------------------------------------------------------------- */

static void
test_parts (gconstpointer data)
{
  static const char edges[] = "\r\n--edge\r\r\n--edge-\r\n--edge--- \r\n--edg\r\n\r\n--edge of 'parts'x\n--edge--\n";
  Case self;
  MiniParts parts = GPOINTER_TO_INT (data);
  g_autoptr (GBytes) bytes = image_of (2, edges, sizeof edges - 1);
  g_autoptr (GBytes) got = NULL;
  g_autofree char *uid = uid_of (2);
  guint n = 0;
  gboolean ok;

  case_new (&self);
  serve (&self, 1);
  if (parts != MINI_PARTS_PLAIN && parts != MINI_PARTS_QUOTED)
    serve (&self, 2);
  else
    mini_dicom_put (self.server, bytes);
  serve (&self, 3);
  g_assert_true (run (&self));
  g_assert_cmpuint (self.report.images_indexed, ==, 3);
  self.server->parts = parts;
  ok = rounds_sync_fetch_study (self.store, STUDY, keep, &n, NULL, &self.error);
  if (parts == MINI_PARTS_LONG_HEADER)
    {
      g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT);
      g_assert_false (is_here (&self, 1));
    }
  else if (parts == MINI_PARTS_NO_END)
    {
      /* What was whole stays; the last may be cut. */
      g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_INTERRUPTED);
      g_assert_true (is_here (&self, 1) && is_here (&self, 2));
      g_assert_false (is_here (&self, 3));
      g_clear_error (&self.error);
      self.server->parts = MINI_PARTS_PLAIN;
      n = 0;
      g_assert_true (rounds_sync_fetch_study (self.store, STUDY, keep, &n, NULL, &self.error));
      g_assert_cmpuint (n, ==, 1);   /* only what was missing */
    }
  else
    {
      g_assert_no_error (self.error);
      g_assert_true (ok);
      g_assert_cmpuint (n, ==, 3);
      got = rounds_store_scan_get (self.store, uid, NULL);
      g_assert_true (g_bytes_equal (got, ((MiniInstance *) g_hash_table_lookup (self.server->instances, uid))->bytes));
    }
  case_clear (&self);
}

static void
test_syntax_fails (gconstpointer data)
{
  Case self;
  guint n = 0;

  case_new (&self);
  serve (&self, 1);
  serve (&self, 2);
  self.server->as_stored_status = GPOINTER_TO_INT (data);
  g_assert_true (run (&self));
  g_assert_true (rounds_sync_fetch_study (self.store, STUDY, keep, &n, NULL, &self.error));
  g_assert_cmpuint (n, ==, 2);
  g_assert_true (is_here (&self, 1) && is_here (&self, 2));
  case_clear (&self);
}

static gboolean
fail_one (MiniDicom *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  gboolean whole = g_str_has_suffix (request->path, "/studies/" STUDY), one = strstr (request->path, "instances/2.25.100.1.1") != NULL;

  if (!g_str_equal (request->method, "GET") || (!whole && !one))
    return FALSE;
  answer->status = 500;
  return TRUE;
}

/* One that the server cannot read makes the whole study fail there: the others come all the same. */
static void
test_one_fails (void)
{
  Case self;
  guint n = 0;

  case_new (&self);
  serve (&self, 1);
  serve (&self, 2);
  serve (&self, 3);
  g_assert_true (run (&self));
  self.server->before = fail_one;
  g_assert_false (rounds_sync_fetch_study (self.store, STUDY, keep, &n, NULL, &self.error));
  g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_STATUS);
  g_assert_cmpuint (n, ==, 2);
  g_assert_false (is_here (&self, 1));
  g_assert_true (is_here (&self, 2) && is_here (&self, 3));
  case_clear (&self);
}

/* --- hostile answers --------------------------------------------------------------------------------------- */

static gboolean
answer_nonsense (MiniDicom *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  static const char *const lies[] = {
    "{}", "[1,2,null,[],\"x\"]", "[{\"0020000D\":{\"Value\":[\"../../etc/passwd\"]}}]",
    "[{\"0020000D\":{\"Value\":\"2.25.1\"}},{\"0020000D\":[]},{\"0020000D\":{\"Value\":[{}]}}]",
    "[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"2.25.1\"]},\"00201208\":{\"Value\":[1e400]},\"00100020\":{\"Value\":[[[]]]}}]",
    "[{\"0020000D\":{\"Value\":[\"2.25.1\"]}", "\xff\xfe",
  };
  Case *self = data;

  g_string_assign (answer->body, lies[self->n % G_N_ELEMENTS (lies)]);
  return TRUE;
}

static void
test_nonsense (void)
{
  Case self;

  case_new (&self);
  self.server->before = answer_nonsense;
  for (self.n = 0; self.n < 7; self.n++)
    {
      run (&self);
      g_assert_cmpuint (self.report.images_indexed, ==, 0);
    }
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/images/stow-in-part/400", GINT_TO_POINTER (400), test_stow_in_part);
  g_test_add_data_func ("/images/stow-in-part/409", GINT_TO_POINTER (409), test_stow_in_part);
  g_test_add_data_func ("/images/stow-in-part/202", GINT_TO_POINTER (202), test_stow_in_part);
  g_test_add_func ("/images/stow-forgotten", test_stow_forgotten);
  g_test_add_func ("/images/stow-repeated", test_stow_repeated);
  g_test_add_func ("/images/same-uid", test_same_uid);
  g_test_add_func ("/images/batches-are-bounded", test_batches_are_bounded);
  g_test_add_data_func ("/images/parts/plain", GINT_TO_POINTER (MINI_PARTS_PLAIN), test_parts);
  g_test_add_data_func ("/images/parts/quoted", GINT_TO_POINTER (MINI_PARTS_QUOTED), test_parts);
  g_test_add_data_func ("/images/parts/preamble", GINT_TO_POINTER (MINI_PARTS_PREAMBLE), test_parts);
  g_test_add_data_func ("/images/parts/no-end", GINT_TO_POINTER (MINI_PARTS_NO_END), test_parts);
  g_test_add_data_func ("/images/parts/lf", GINT_TO_POINTER (MINI_PARTS_LF), test_parts);
  g_test_add_data_func ("/images/parts/long-header", GINT_TO_POINTER (MINI_PARTS_LONG_HEADER), test_parts);
  g_test_add_data_func ("/images/syntax-fails/500", GINT_TO_POINTER (500), test_syntax_fails);
  g_test_add_data_func ("/images/syntax-fails/406", GINT_TO_POINTER (406), test_syntax_fails);
  g_test_add_func ("/images/one-fails", test_one_fails);
  g_test_add_func ("/images/nonsense", test_nonsense);
  return g_test_run ();
}
