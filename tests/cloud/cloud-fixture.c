/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real servers for the tests of this folder: cloud.sh as ./dev cloud starts it, on free ports. */

#include "cloud-fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "sync/compare.h"

#define START_SECONDS 300

gboolean
cloud_possible (const char **reason)
{
  static const struct { const char *program, *reason; } needed[] = {
    { "java", "Java is not installed" },
    { "Orthanc", "Orthanc is not installed" },
    { "mvn", "Maven is not installed" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autofree char *path = g_find_program_in_path (needed[i].program);

      if (path == NULL)
        {
          *reason = needed[i].reason;
          return FALSE;
        }
    }
  if (!g_file_test ("/usr/lib/postgresql", G_FILE_TEST_IS_DIR))
    {
      *reason = "PostgreSQL is not installed";
      return FALSE;
    }
  return TRUE;
}

/* "ready: fhir URL dicomweb URL" */
static void
take_ready_line (Cloud *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  g_assert_cmpuint (g_strv_length (words), ==, 5);
  g_assert_cmpstr (words[0], ==, "ready:");
  g_free (self->fhir);
  g_free (self->dicomweb);
  self->fhir = g_strdup (words[2]);
  self->dicomweb = g_strdup (words[4]);
}

static int
port_of (const char *url)
{
  return url != NULL ? atoi (strrchr (url, ':') + 1) : 0;
}

/* A test that crashes leaves no servers behind. */
static void
end_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static gboolean
give_up_cb (gpointer data)
{
  g_subprocess_send_signal (data, SIGTERM);
  return G_SOURCE_REMOVE;
}

void
cloud_start (Cloud *self)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "cloud", "cloud.sh", NULL);
  g_autofree char *ports = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GDataInputStream) stream = NULL;
  g_autofree char *line = NULL;
  guint timer;

  /* For working on one test: servers that ./dev cloud has started. */
  if (self->process == NULL && g_getenv ("ROUNDS_TEST_CLOUD") != NULL)
    {
      take_ready_line (self, g_getenv ("ROUNDS_TEST_CLOUD"));
      return;
    }
  if (self->folder == NULL)
    self->folder = g_dir_make_tmp ("rounds-cloud-XXXXXX", &error);
  g_assert_no_error (error);
  ports = self->fhir != NULL ? g_strdup_printf ("--ports=%d,%d", port_of (self->fhir), port_of (self->dicomweb))
                             : g_strdup ("--free-ports");
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (launcher, &error, "sh", script, ports, self->folder, NULL);
  g_assert_no_error (error);
  timer = g_timeout_add_seconds (START_SECONDS, give_up_cb, self->process);
  stream = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  line = g_data_input_stream_read_line (stream, NULL, NULL, &error);
  g_source_remove (timer);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  take_ready_line (self, line);
}

void
cloud_stop (Cloud *self)
{
  g_autoptr (GError) error = NULL;

  if (self->process == NULL)
    return;
  g_subprocess_send_signal (self->process, SIGTERM);
  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  g_clear_object (&self->process);
}

void
cloud_clear (Cloud *self)
{
  cloud_stop (self);
  if (self->folder != NULL)
    remove_tree (self->folder);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->fhir, g_free);
  g_clear_pointer (&self->dicomweb, g_free);
}

void
cloud_fixture_new (Fixture *fixture, const Cloud *cloud)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;

  /* Connections are an administrator's to make in some roles; a physician may here. */
  fixture_new (fixture);
  connection->fhir_url = g_strdup (cloud->fhir);
  connection->dicomweb_url = g_strdup (cloud->dicomweb);
  rounds_connection_save (fixture->store, connection, NULL, &error);
  g_assert_no_error (error);
}

void
must_sync (RoundsStore *store, RoundsSyncReport *report)
{
  g_autoptr (RoundsSync) sync = rounds_sync_new (store, "ward");
  g_autoptr (GError) error = NULL;
  gboolean ok = rounds_sync_run (sync, TRUE, NULL, report, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

void
sync_once (RoundsStore *store)
{
  RoundsSyncReport report;

  must_sync (store, &report);
  rounds_sync_report_clear (&report);
}

/* --- the server as somebody else sees it ----------------------------------------------------------- */

static RoundsFhirClient *
open_client (const Cloud *cloud)
{
  g_autoptr (RoundsAuth) auth = rounds_auth_new_none ();
  g_autoptr (GError) error = NULL;
  RoundsFhirClient *client = rounds_fhir_client_new (cloud->fhir, auth, &error);

  g_assert_no_error (error);
  return client;
}

gint64
cloud_count (const Cloud *cloud, const char *type)
{
  g_autoptr (RoundsFhirClient) client = open_client (cloud);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = g_strdup_printf ("%s?_summary=count", type);

  rounds_fhir_client_page (client, url, &answer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer.status, ==, 200);
  return json_object_get_int64 (rounds_json_peek (answer.resource, "total"));
}

int
cloud_status (const Cloud *cloud, const char *type, const char *id)
{
  g_autoptr (RoundsFhirClient) client = open_client (cloud);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  rounds_fhir_client_read (client, type, id, &answer, NULL, &error);
  g_assert_no_error (error);
  return answer.status;
}

void
cloud_put (const Cloud *cloud, const char *type, const char *id, const char *json)
{
  g_autoptr (RoundsFhirClient) client = open_client (cloud);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  rounds_fhir_client_update (client, type, id, json, NULL, &answer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer.status / 100, ==, 2);
}

/* --- comparing ---------------------------------------------------------------------------------------- */

void
assert_outbox_empty (RoundsStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = rounds_store_outbox_list (store, NULL, 0, &error);

  g_assert_no_error (error);
  if (items->len > 0)
    {
      RoundsOutboxItem *item = items->pdata[0];

      g_error ("%u wait, the first: %s %s/%s %s: %s", items->len, item->verb, item->type, item->id, item->state,
               item->reason != NULL ? item->reason : "-");
    }
}

void
assert_counts_equal (const Cloud *cloud, RoundsStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) counts = rounds_store_count (store, NULL, &error);
  guint i;

  g_assert_no_error (error);
  assert_outbox_empty (store);
  g_assert_cmpuint (counts->len, >, 0);
  for (i = 0; i < counts->len; i++)
    {
      RoundsCount *count = counts->pdata[i];

      if ((gint64) count->count != cloud_count (cloud, count->type))
        g_error ("%s: %" G_GUINT64_FORMAT " here, %" G_GINT64_FORMAT " there", count->type, count->count,
                 cloud_count (cloud, count->type));
    }
}

static guint
assert_contains (RoundsStore *a, RoundsStore *b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) counts = rounds_store_count (a, NULL, &error);
  guint i, j, n = 0;

  for (i = 0; i < counts->len; i++)
    {
      const char *type = ((RoundsCount *) counts->pdata[i])->type;
      g_autoptr (GPtrArray) list = rounds_store_list (a, type, NULL, 0, &error);

      g_assert_no_error (error);
      for (j = 0; j < list->len; j++)
        {
          RoundsRecord *mine = list->pdata[j];
          g_autoptr (RoundsRecord) other = rounds_store_get (b, type, mine->id, &error);
          g_autoptr (json_object) left = rounds_record_parse (mine);
          g_autoptr (json_object) right = NULL;

          g_assert_no_error (error);
          right = rounds_record_parse (other);
          if (!rounds_compare_same_content (left, right))
            g_error ("%s/%s differs:\n%s\n%s", type, mine->id, mine->json, other->json);
          n++;
        }
    }
  return n;
}

guint
assert_same_content (RoundsStore *a, RoundsStore *b)
{
  guint n = assert_contains (a, b);

  g_assert_cmpuint (assert_contains (b, a), ==, n);
  return n;
}
