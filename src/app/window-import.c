/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files and folders that someone chooses or drops. The job runs on a worker; what was not taken is named with its
 * reason in one dialog at the end. */

#include "app/window-private.h"

#include <glib/gi18n-lib.h>

#include "import/import.h"

typedef struct {
  char **paths;
  RoundsWindow *window;        /* only for progress, on the main thread */
  RoundsImportSummary summary;
  GString *problems;
  guint n_problems;
} ImportJob;

static void
import_job_free (ImportJob *job)
{
  g_strfreev (job->paths);
  g_string_free (job->problems, TRUE);
  g_free (job);
}

static void
import_reported (const RoundsImportReport *report, guint done, guint total, gpointer data)
{
  ImportJob *job = data;

  if (report->status != ROUNDS_STATUS_REJECTED && !report->refused_some)
    return;
  if (job->n_problems++ < 20)
    {
      g_autofree char *name = g_path_get_basename (report->path);

      g_string_append_printf (job->problems, "%s: %s\n", name, report->detail != NULL ? report->detail : "");
    }
}

static gpointer
import_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  ImportJob *job = data;
  RoundsImportOptions options = { 0 };

  if (!rounds_import_paths (store, (const char *const *) job->paths, &options, import_reported, job, &job->summary,
                            cancellable, error))
    return NULL;
  return job;
}

static void
import_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  ImportJob *job = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autofree char *text = NULL;

  if (job == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        rounds_window_toast (self, error->message);
      return;
    }
  text = g_strdup_printf (_("%u files: %u imported, %u updated, %u unchanged, %u rejected"), job->summary.files,
                          job->summary.by_status[ROUNDS_STATUS_IMPORTED],
                          job->summary.by_status[ROUNDS_STATUS_UPDATED],
                          job->summary.by_status[ROUNDS_STATUS_UNCHANGED],
                          job->summary.by_status[ROUNDS_STATUS_REJECTED]);
  rounds_window_toast (self, text);
  if (job->n_problems > 0)
    {
      AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Not everything could be taken"), NULL));

      if (job->n_problems > 20)
        g_string_append_printf (job->problems, _("… and %u more"), job->n_problems - 20);
      adw_alert_dialog_set_body (dialog, job->problems->str);
      adw_alert_dialog_add_response (dialog, "close", _("_Close"));
      adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
    }
}

void
rounds_window_import (RoundsWindow *self, const char *const *paths)
{
  RoundsStore *store = rounds_window_get_store (self);
  ImportJob *job = NULL;

  g_return_if_fail (ROUNDS_IS_WINDOW (self));

  if (store == NULL || paths == NULL || paths[0] == NULL)
    return;
  job = g_new0 (ImportJob, 1);
  job->paths = g_strdupv ((char **) paths);
  job->problems = g_string_new (NULL);
  rounds_window_toast (self, _("Importing…"));
  /* The job is its own result; it is freed with the task. */
  rounds_store_run_async (store, import_work, job, (GDestroyNotify) import_job_free, NULL, self->cancellable,
                          import_done_cb, g_object_ref (self));
}

static void
import_list (RoundsWindow *self, GListModel *files)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      if (g_file_peek_path (file) != NULL)
        g_strv_builder_add (paths, g_file_peek_path (file));
    }
  list = g_strv_builder_end (paths);
  rounds_window_import (self, (const char *const *) list);
}

static void
files_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GListModel) files = gtk_file_dialog_open_multiple_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (files != NULL)
    import_list (self, files);
}

static void
folder_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GListModel) files =
      gtk_file_dialog_select_multiple_folders_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (files != NULL)
    import_list (self, files);
}

void
rounds_window_import_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  if (g_strcmp0 (name, "win.import-folder") == 0)
    {
      gtk_file_dialog_set_title (dialog, _("Import a Folder"));
      gtk_file_dialog_select_multiple_folders (dialog, GTK_WINDOW (widget), NULL, folder_chosen_cb,
                                               g_object_ref (widget));
      return;
    }
  gtk_file_dialog_set_title (dialog, _("Import Records, Scans or Vitals"));
  gtk_file_dialog_open_multiple (dialog, GTK_WINDOW (widget), NULL, files_chosen_cb, g_object_ref (widget));
}

gboolean
rounds_window_dropped_cb (RoundsWindow *self, const GValue *value)
{
  GSList *files = g_value_get_boxed (value);
  g_autoptr (GListStore) list = g_list_store_new (G_TYPE_FILE);

  for (GSList *item = files; item != NULL; item = item->next)
    g_list_store_append (list, item->data);
  import_list (self, G_LIST_MODEL (list));
  return TRUE;
}
