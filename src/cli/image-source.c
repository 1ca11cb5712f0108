/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Where the commands on pictures take them from and put them. */

#include "cli/image-source.h"

#include <glib/gi18n-lib.h>

#include "dicom/writer.h"
#include "import/walk.h"
#include "scans/scan-import.h"
#include "store/scan-store.h"
#include "sync/images.h"

#define MAX_FILE_BYTES ((gint64) 2048 * 1024 * 1024)

static GBytes *
read_stored (RoundsCli *cli, const char *uid, RoundsExit *code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsScanInstance) instance = NULL;
  GBytes *bytes = NULL;

  *code = rounds_cli_open (cli);
  if (*code != ROUNDS_EXIT_DONE)
    return NULL;
  instance = rounds_store_scan_info (cli->store, uid, &error);
  if (instance != NULL && !instance->on_device &&
      !rounds_sync_fetch_instance (cli->store, uid, rounds_scans_import_bytes, cli->cancellable, &error))
    {
      rounds_cli_fail (error);
      *code = ROUNDS_EXIT_CLOUD;
      return NULL;
    }
  if (instance != NULL)
    bytes = rounds_store_scan_get (cli->store, uid, &error);
  if (bytes == NULL ||
      !rounds_store_audit (cli->store, "view", instance->patient_id != NULL ? "Patient" : NULL, instance->patient_id,
                           "scans", &error))
    {
      *code = rounds_cli_fail (error);
      g_clear_pointer (&bytes, g_bytes_unref);
    }
  return bytes;
}

GPtrArray *
rounds_cli_list_instances (RoundsCli *cli, const char *argument, RoundsExit *code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsScanInstance) instance = NULL;
  g_autoptr (GPtrArray) found = NULL;
  const RoundsScanInstance *first = NULL;

  *code = ROUNDS_EXIT_DONE;
  if (g_file_test (argument, G_FILE_TEST_EXISTS) || !rounds_dicom_is_uid (argument))
    return NULL;
  *code = rounds_cli_open (cli);
  if (*code != ROUNDS_EXIT_DONE)
    return NULL;
  instance = rounds_store_scan_info (cli->store, argument, NULL);
  if (instance != NULL)
    return NULL;
  found = rounds_store_scan_list (cli->store, NULL, NULL, argument, &error);
  if (found != NULL && found->len == 0)
    {
      g_clear_pointer (&found, g_ptr_array_unref);
      found = rounds_store_scan_list (cli->store, NULL, argument, NULL, &error);
    }
  if (found == NULL)
    {
      *code = rounds_cli_fail (error);
      return NULL;
    }
  if (found->len == 0)
    {
      rounds_cli_complain (_("%s: no instance, series or study here has this UID"), argument);
      *code = ROUNDS_EXIT_REJECTED;
      return NULL;
    }
  first = found->pdata[0];
  if (!rounds_store_audit (cli->store, "view", first->patient_id != NULL ? "Patient" : NULL, first->patient_id, "scans",
                           &error))
    {
      *code = rounds_cli_fail (error);
      return NULL;
    }
  return g_steal_pointer (&found);
}

RoundsDicomFile *
rounds_cli_open_image (RoundsCli *cli, const char *argument, GBytes **bytes_out, RoundsExit *code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  RoundsDicomFile *file = NULL;

  if (g_file_test (argument, G_FILE_TEST_EXISTS))
    {
      g_autofree char *real = g_canonicalize_filename (argument, NULL);

      bytes = rounds_import_read (real, MAX_FILE_BYTES, &error);
      if (bytes == NULL)
        {
          rounds_cli_complain ("%s: %s", argument, error->message);
          *code = ROUNDS_EXIT_REJECTED;
          return NULL;
        }
    }
  else if (rounds_dicom_is_uid (argument))
    {
      bytes = read_stored (cli, argument, code);
      if (bytes == NULL)
        return NULL;
    }
  else
    {
      rounds_cli_complain (_("%s: no such file, and no UID"), argument);
      *code = ROUNDS_EXIT_REJECTED;
      return NULL;
    }
  file = rounds_dicom_file_new (bytes, &error);
  if (file == NULL)
    {
      rounds_cli_complain ("%s: %s", argument, error->message);
      *code = ROUNDS_EXIT_REJECTED;
      return NULL;
    }
  if (bytes_out != NULL)
    *bytes_out = g_steal_pointer (&bytes);
  return file;
}

gboolean
rounds_cli_may_take_out (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;

  if (cli->store == NULL || rounds_store_audit (cli->store, "export", NULL, NULL, "scans", &error))
    return TRUE;
  rounds_cli_fail (error);
  return FALSE;
}

gboolean
rounds_cli_write_file (const char *path, gconstpointer data, gsize size)
{
  g_autoptr (GError) error = NULL;

  if (g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &error))
    return TRUE;
  rounds_cli_complain ("%s", error->message);
  return FALSE;
}
