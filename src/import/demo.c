/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Makes the demo ward from the files beside the program and opens it. It goes the way of every other import,
 * so that what is seen in the demo is what an import gives. Times that the files give as "@now-NNm" become
 * instants here, once: the ward's night then ages like a real one.
 */

#include "import/demo.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/instant.h"
#include "import/import.h"
#include "import/walk.h"
#include "vitals/csv.h"

/* Guards nothing: everything in the ward is public. A real account never has it. */
#define DEMO_PASSPHRASE "demo"
#define DEMO_NAME "Dr A. Osei"
#define DONE_SETTING "demo-ward"
#define MARK_FILE "demo-ward"

static char *
data_folder (void)
{
  const char *override = g_getenv ("ROUNDS_DEMO_DIR");

  return g_strdup (override != NULL ? override : ROUNDS_PKGDATADIR "/demo");
}

char *
rounds_demo_default_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "rounds", "demo", NULL);
}

gboolean
rounds_demo_is (RoundsStore *store)
{
  g_autofree char *mark = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (store), FALSE);

  mark = rounds_store_dup_setting (store, DONE_SETTING, NULL);
  return mark != NULL;
}

static gboolean
replace_time (const GMatchInfo *match, GString *result, gpointer data)
{
  gint64 now_us = *(gint64 *) data;
  g_autofree char *minutes = g_match_info_fetch (match, 1);
  g_autofree char *text =
      rounds_instant_format_utc (now_us - g_ascii_strtoll (minutes, NULL, 10) * 60 * G_USEC_PER_SEC);

  g_string_append (result, text);
  return FALSE;
}

/* The ward's records with real times in a private file, which goes the way of every file. */
static char *
write_records_of_today (const char *data, const char *folder, gint64 now_us, GError **error)
{
  g_autofree char *source = g_build_filename (data, "fhir", "ward.json", NULL);
  g_autofree char *target = g_build_filename (folder, "ward-today.json", NULL);
  g_autofree char *text = NULL, *dated = NULL;
  g_autoptr (GRegex) pattern = g_regex_new ("@now-([0-9]+)m", 0, 0, NULL);

  if (!g_file_get_contents (source, &text, NULL, error))
    return NULL;
  dated = g_regex_replace_eval (pattern, text, -1, 0, 0, replace_time, &now_us, error);
  if (dated == NULL ||
      !g_file_set_contents_full (target, dated, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return NULL;
  return g_steal_pointer (&target);
}

typedef struct {
  void (*progress) (double fraction, gpointer data);
  gpointer data;
  double from, to;
  char *problem;     /* the first that was refused */
} Progress;

static void
reported (const RoundsImportReport *report, guint done, guint total, gpointer data)
{
  Progress *self = data;

  if (report->status == ROUNDS_STATUS_REJECTED && self->problem == NULL)
    self->problem = g_strdup_printf ("%s: %s", report->path, report->detail);
  if (self->progress != NULL)
    self->progress (self->from + (self->to - self->from) * done / MAX (total, 1), self->data);
}

static gboolean
import (RoundsStore *store, const char *const *paths, Progress *progress, GCancellable *cancellable, GError **error)
{
  RoundsImportOptions options = { .as_known = TRUE };
  RoundsImportSummary summary;

  return rounds_import_paths (store, paths, &options, reported, progress, &summary, cancellable, error);
}

/* The last sample of a course happens now. */
static gboolean
import_course (RoundsStore *store, const char *path, gint64 now_us, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GBytes) bytes = rounds_import_read (path, 16 * 1024 * 1024, error);
  g_autoptr (RoundsVitalsFile) file = NULL;
  g_autoptr (GPtrArray) hits = NULL;
  gint64 end_us = 0;
  guint64 n_new = 0;

  if (bytes == NULL)
    return FALSE;
  file = rounds_vitals_csv_read (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error);
  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < file->signals->len; i++)
    {
      RoundsVitalsSignal *signal = file->signals->pdata[i];

      for (guint k = 0; k < signal->samples->len; k++)
        end_us = MAX (end_us, g_array_index (signal->samples, RoundsSample, k).time_us);
    }
  if (g_str_has_suffix (name, ".csv"))
    name[strlen (name) - 4] = '\0';
  hits = rounds_store_find_patients (store, g_strdelimit (name, "-", ' '), 1, error);
  if (hits == NULL)
    return FALSE;
  if (hits->len == 0)
    return TRUE;
  return rounds_vitals_file_store (file, store, ((RoundsPatientHit *) hits->pdata[0])->id, now_us - end_us,
                                   _("Bedside monitor (demo)"), &n_new, error);
}

static gboolean
fill (RoundsStore *store, const char *folder, Progress *progress, GCancellable *cancellable, GError **error)
{
  g_autofree char *data = data_folder ();
  g_autofree char *records = g_build_filename (data, "fhir", NULL);
  g_autofree char *scans = g_build_filename (data, "scans", NULL);
  g_autofree char *vitals = g_build_filename (data, "vitals", NULL);
  g_autofree char *today = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GPtrArray) past = g_ptr_array_new ();
  gint64 now_us = rounds_instant_now_us ();

  today = write_records_of_today (data, folder, now_us, error);
  if (today == NULL)
    return FALSE;

  files = rounds_import_walk ((const char *const[]) { records, NULL }, cancellable);
  for (guint i = 0; i < files->len; i++)
    {
      const char *path = ((RoundsFoundFile *) files->pdata[i])->path;

      if (!g_str_has_suffix (path, "/ward.json"))
        g_ptr_array_add (past, (gpointer) path);
    }
  g_ptr_array_add (past, today);
  g_ptr_array_add (past, NULL);
  progress->to = 0.5;
  if (!import (store, (const char *const *) past->pdata, progress, cancellable, error))
    return FALSE;
  g_unlink (today);

  progress->from = 0.5;
  progress->to = 0.95;
  if (!import (store, (const char *const[]) { scans, NULL }, progress, cancellable, error))
    return FALSE;

  g_ptr_array_unref (files);
  files = rounds_import_walk ((const char *const[]) { vitals, NULL }, cancellable);
  for (guint i = 0; i < files->len; i++)
    if (!import_course (store, ((RoundsFoundFile *) files->pdata[i])->path, now_us, error))
      return FALSE;
  if (progress->problem != NULL)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID, _("The demo ward is damaged: %s"),
                   progress->problem);
      return FALSE;
    }
  return rounds_store_set_setting (store, DONE_SETTING, "1", error);
}

/* The mark is written before the account, and only here: what carries it is nobody's. */
static gboolean
has_mark (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, MARK_FILE, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

static gboolean
write_mark (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, MARK_FILE, NULL);

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED, "%s: %s", folder, g_strerror (errno));
      return FALSE;
    }
  return g_file_set_contents (path, "This folder holds the demo ward of Rounds.\n", -1, error);
}

/* A ward that was not finished holds nothing that is anybody's: it is made again. */
static void
remove_unfinished (const char *folder)
{
  static const char *const names[] = {
    "vault.json", "records.db", "records.db-wal", "records.db-shm", "pixels.db", "pixels.db-wal", "pixels.db-shm",
    "audit-head", "audit.head", "unlocks.json", "throttle.json", "ward-today.json", "sync.lock",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
}

static RoundsStore *
open_finished (const char *folder, gboolean *unfinished, GError **error)
{
  g_autoptr (RoundsVault) vault = rounds_vault_open (folder, error);
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_copy (DEMO_PASSPHRASE, strlen (DEMO_PASSPHRASE));
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (RoundsStore) store = NULL;

  *unfinished = FALSE;
  if (vault == NULL)
    return NULL;
  /* A folder that another passphrase guards is somebody's account: it is left alone. */
  key = rounds_vault_unlock (vault, passphrase, error);
  if (key == NULL)
    return NULL;
  store = rounds_store_open (vault, key, FALSE, error);
  if (store != NULL && rounds_demo_is (store))
    return g_steal_pointer (&store);
  *unfinished = has_mark (folder);
  if (store != NULL)
    {
      rounds_store_close (store);
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                   _("%s holds an account that is no demo ward"), folder);
    }
  return NULL;
}

RoundsStore *
rounds_demo_open (const char *folder, void (*progress_func) (double fraction, gpointer data), gpointer data,
                  GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsStore) store = NULL;
  g_autoptr (RoundsVault) vault = NULL;
  g_autoptr (RoundsSecret) passphrase = NULL, recovery = NULL, key = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean unfinished = FALSE, ok = FALSE;
  Progress progress = { progress_func, data, 0, 0.5, NULL };

  g_return_val_if_fail (folder != NULL, NULL);

  store = open_finished (folder, &unfinished, &local_error);
  if (store != NULL)
    return g_steal_pointer (&store);
  if (unfinished)
    remove_unfinished (folder);
  else if (!g_error_matches (local_error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  if (!write_mark (folder, error))
    return NULL;
  passphrase = rounds_secret_new_copy (DEMO_PASSPHRASE, strlen (DEMO_PASSPHRASE));
  vault = rounds_vault_create (folder, DEMO_NAME, ROUNDS_ROLE_PHYSICIAN, passphrase, &recovery, error);
  if (vault == NULL)
    return NULL;
  key = rounds_vault_unlock (vault, passphrase, error);
  if (key == NULL)
    return NULL;
  store = rounds_store_open (vault, key, TRUE, error);
  if (store == NULL)
    return NULL;
  ok = fill (store, folder, &progress, cancellable, error);
  g_free (progress.problem);
  if (!ok)
    {
      rounds_store_close (store);
      return NULL;
    }
  return g_steal_pointer (&store);
}
