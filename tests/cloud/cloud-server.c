/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts one of the servers on free ports, and asks it things past Rounds' sync. */

#include "cloud-server.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define START_SECONDS 300

static const char *const fault_types =
  "AllergyIntolerance Basic CarePlan CareTeam Claim Condition DiagnosticReport Encounter ExplanationOfBenefit "
  "ImagingStudy Immunization MedicationRequest Observation Organization Patient Practitioner Procedure";

/* --- starting --------------------------------------------------------------------------------------- */

static char *
find_missing (CloudKind kind)
{
  static const char *const needed[CLOUD_N_KINDS][6] = {
    [CLOUD_HAPI] = { "java", "Orthanc", "mvn", "nginx", "openssl", NULL },
    [CLOUD_MEDPLUM] = { "node", "npm", NULL },
    [CLOUD_FAULT] = { NULL },
  };
  guint i;

  for (i = 0; needed[kind][i] != NULL; i++)
    {
      g_autofree char *path = g_find_program_in_path (needed[kind][i]);

      if (path == NULL)
        return g_strdup_printf ("%s is not installed", needed[kind][i]);
    }
  if (kind == CLOUD_HAPI && !g_file_test ("/usr/lib/postgresql", G_FILE_TEST_IS_DIR))
    return g_strdup ("PostgreSQL is not installed");
  return NULL;
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

/* Starts a program and returns the line with which it says that it is ready, without "ready: "; NULL when it
 * ended instead. */
static char *
start_program (Cloud *self, const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GDataInputStream) stream = NULL;
  g_autofree char *line = NULL;
  guint timer;

  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  timer = g_timeout_add_seconds (START_SECONDS, give_up_cb, self->process);
  stream = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (stream), FALSE);
  line = g_data_input_stream_read_line (stream, NULL, NULL, &error);
  g_source_remove (timer);
  g_assert_no_error (error);
  if (line == NULL)
    return NULL;
  g_assert_true (g_str_has_prefix (line, "ready: "));
  return g_strdup (line + strlen ("ready: "));
}

/* "fhir URL dicomweb URL ca FILE user NAME password FILE replicas PORT,PORT" */
static void
take_words (Cloud *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  guint i;

  for (i = 0; words[i] != NULL && words[i + 1] != NULL; i += 2)
    {
      if (g_str_equal (words[i], "fhir"))
        self->fhir = g_strdup (words[i + 1]);
      else if (g_str_equal (words[i], "dicomweb"))
        self->dicomweb = g_strdup (words[i + 1]);
      else if (g_str_equal (words[i], "ca"))
        self->ca_file = g_strdup (words[i + 1]);
      else if (g_str_equal (words[i], "user"))
        self->user = g_strdup (words[i + 1]);
      else if (g_str_equal (words[i], "password"))
        {
          g_autoptr (GError) error = NULL;

          g_file_get_contents (words[i + 1], &self->password, NULL, &error);
          g_assert_no_error (error);
          g_strchomp (self->password);
        }
      else if (g_str_equal (words[i], "replicas"))
        {
          self->replica_ports[0] = atoi (words[i + 1]);
          self->replica_ports[1] = atoi (strchr (words[i + 1], ',') + 1);
        }
    }
  g_assert_nonnull (self->fhir);
  if (self->folder == NULL && self->ca_file != NULL)
    self->folder = g_path_get_dirname (self->ca_file);
}

/* The script has named on stderr what is not here; any other end is a failure. */
static gboolean
lacks_something (Cloud *self, const char *words, char **reason)
{
  g_subprocess_wait (self->process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 3);
  g_clear_object (&self->process);
  *reason = g_strdup (words);
  return FALSE;
}

static gboolean
start_hapi (Cloud *self, char **reason)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "cloud", "cloud.sh", NULL);
  g_autofree char *line = NULL;
  /* The script's own folder: it goes with the script, also when this program is killed. */
  const char *argv[] = { "sh", script, "--free-ports", "--replicas", NULL };

  /* For working on one test: servers that cloud.sh --replicas has started. */
  if (g_getenv ("ROUNDS_TEST_CLOUD") != NULL)
    {
      line = g_strdup (g_getenv ("ROUNDS_TEST_CLOUD"));
      take_words (self, g_str_has_prefix (line, "ready: ") ? line + strlen ("ready: ") : line);
      return TRUE;
    }
  line = start_program (self, argv);
  if (line == NULL)
    return lacks_something (self, "a part of the cloud is missing or cannot be had", reason);
  take_words (self, line);
  return TRUE;
}

static gboolean
start_medplum (Cloud *self, char **reason)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "cloud", "medplum", "medplum.sh", NULL);
  const char *argv[] = { "sh", script, NULL };

  self->fhir = start_program (self, argv);
  return self->fhir != NULL || lacks_something (self, "Medplum's packages cannot be had", reason);
}

gboolean
cloud_start (Cloud *self, const char *name, char **reason)
{
  static const Cloud kinds[CLOUD_N_KINDS] = {
    { .kind = CLOUD_HAPI, .name = "hapi", .gone_status = 410, .keeps_digits = TRUE, .integrity = TRUE },
    { .kind = CLOUD_MEDPLUM, .name = "medplum", .gone_status = 404 },
    { .kind = CLOUD_FAULT, .name = "fault", .gone_status = 410, .keeps_digits = TRUE, .integrity = TRUE },
  };
  guint i;

  for (i = 0; i < CLOUD_N_KINDS && g_strcmp0 (name, kinds[i].name) != 0; i++)
    ;
  g_assert_cmpuint (i, <, CLOUD_N_KINDS);
  *self = kinds[i];
  *reason = find_missing (self->kind);
  if (*reason != NULL)
    return FALSE;
  if (self->kind == CLOUD_HAPI)
    return start_hapi (self, reason);
  if (self->kind == CLOUD_MEDPLUM)
    return start_medplum (self, reason);
  self->mini = mini_fhir_new ();
  self->mini->types = fault_types;
  self->mini->integrity = TRUE;
  self->mini->page = 250;
  self->fhir = g_strdup (self->mini->url);
  return TRUE;
}

gboolean
cloud_start_own_ids (Cloud *self, CloudKind kind)
{
  g_autofree char *reason = NULL;
  const char *line = g_getenv ("ROUNDS_TEST_OWN_IDS");
  gboolean ok;

  if (kind == CLOUD_HAPI)
    {
      if (line == NULL)
        return FALSE;
      *self = (Cloud){ .kind = CLOUD_HAPI, .name = "hapi", .gone_status = 410, .keeps_digits = TRUE, .integrity = TRUE };
      take_words (self, g_str_has_prefix (line, "ready: ") ? line + strlen ("ready: ") : line);
      return TRUE;
    }
  g_setenv ("ROUNDS_CLOUD_CLIENT_IDS", "no", TRUE);
  ok = cloud_start (self, kind == CLOUD_MEDPLUM ? "medplum" : "fault", &reason);
  g_unsetenv ("ROUNDS_CLOUD_CLIENT_IDS");
  g_assert_true (ok);
  if (self->mini != NULL)
    self->mini->put_creates = FALSE;
  return TRUE;
}

void
cloud_clear (Cloud *self)
{
  if (self->process != NULL)
    {
      g_autoptr (GError) error = NULL;

      g_subprocess_send_signal (self->process, SIGTERM);
      g_subprocess_wait (self->process, NULL, &error);
      g_assert_no_error (error);
      if (self->kind == CLOUD_HAPI)
        g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
    }
  g_clear_object (&self->process);
  g_clear_pointer (&self->mini, mini_fhir_free);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->fhir, g_free);
  g_clear_pointer (&self->dicomweb, g_free);
  g_clear_pointer (&self->ca_file, g_free);
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->password, g_free);
}

/* --- replicas ----------------------------------------------------------------------------------------- */

static void
signal_part (Cloud *self, const char *name, int number)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  int pid;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  pid = atoi (text);
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, number), ==, 0);
}

void
cloud_kill_replica (Cloud *self, guint index)
{
  g_autofree char *name = g_strdup_printf ("replica-%u.pid", index + 1);

  signal_part (self, name, SIGKILL);
}

void
cloud_crash_database (Cloud *self)
{
  signal_part (self, "database.pid", SIGQUIT);
}

void
cloud_restart_images (Cloud *self)
{
  signal_part (self, "images.pid", SIGTERM);
}

void
cloud_wait_replica (Cloud *self, guint index)
{
  gint64 deadline = g_get_monotonic_time () + START_SECONDS * G_USEC_PER_SEC;

  while (cloud_count_at (self, index, "Patient") < 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (200000);
    }
}

/* --- as somebody else ----------------------------------------------------------------------------------- */

static RoundsFhirClient *
open_at (const char *url, const char *ca_file, const char *user, const char *password)
{
  g_autoptr (RoundsAuth) auth = NULL;
  g_autoptr (GError) error = NULL;
  RoundsFhirClient *client;

  if (user != NULL)
    {
      g_autoptr (RoundsSecret) secret = rounds_secret_new_take_text (g_strdup (password));

      auth = rounds_auth_new_basic (user, secret, &error);
    }
  else
    auth = rounds_auth_new_none ();
  g_assert_no_error (error);
  client = rounds_fhir_client_new (url, auth, &error);
  g_assert_no_error (error);
  rounds_http_set_ca_file (rounds_fhir_client_get_http (client), ca_file);
  return client;
}

RoundsFhirClient *
cloud_open_client (const Cloud *self)
{
  return open_at (self->fhir, self->ca_file, self->user, self->password);
}

/* Entries of a Bundle, or its total when it says one; −1 when there is no such answer. */
static gint64
ask_total (RoundsFhirClient *client, const char *url)
{
  g_auto (RoundsFhirAnswer) answer = { 0 };
  json_object *list;

  if (!rounds_fhir_client_page (client, url, &answer, NULL, NULL) || answer.status != 200)
    return -1;
  if (rounds_json_peek (answer.resource, "total") != NULL)
    return json_object_get_int64 (rounds_json_peek (answer.resource, "total"));
  list = rounds_json_peek (answer.resource, "entry");
  return json_object_is_type (list, json_type_array) ? (gint64) json_object_array_length (list) : 0;
}

gint64
cloud_count (const Cloud *self, const char *type)
{
  g_autoptr (RoundsFhirClient) client = cloud_open_client (self);
  g_autofree char *url = g_strdup_printf ("%s?_summary=count", type);
  gint64 count = ask_total (client, url);

  g_assert_cmpint (count, >=, 0);
  return count;
}

gint64
cloud_count_at (const Cloud *self, guint replica, const char *type)
{
  g_autofree char *base = g_strdup_printf ("http://127.0.0.1:%d/fhir", self->replica_ports[replica]);
  g_autoptr (RoundsFhirClient) client = open_at (base, NULL, NULL, NULL);
  g_autofree char *url = g_strdup_printf ("%s?_summary=count", type);

  return ask_total (client, url);
}

int
cloud_status (const Cloud *self, const char *type, const char *id)
{
  g_autoptr (RoundsFhirClient) client = cloud_open_client (self);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  rounds_fhir_client_read (client, type, id, &answer, NULL, &error);
  g_assert_no_error (error);
  return answer.status;
}

guint
cloud_versions (const Cloud *self, const char *type, const char *id)
{
  g_autoptr (RoundsFhirClient) client = cloud_open_client (self);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = g_strdup_printf ("%s/%s/_history?_since=2000-01-01T00:00:00Z&_count=50", type, id);
  json_object *list;

  rounds_fhir_client_page (client, url, &answer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer.status, ==, 200);
  list = rounds_json_peek (answer.resource, "entry");
  return json_object_is_type (list, json_type_array) ? (guint) json_object_array_length (list) : 0;
}

void
cloud_put (const Cloud *self, const char *type, const char *id, const char *json)
{
  g_autoptr (RoundsFhirClient) client = cloud_open_client (self);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  rounds_fhir_client_update (client, type, id, json, NULL, &answer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer.status / 100, ==, 2);
}

void
cloud_delete (const Cloud *self, const char *type, const char *id)
{
  g_autoptr (RoundsFhirClient) client = cloud_open_client (self);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  rounds_fhir_client_delete (client, type, id, NULL, &answer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer.status / 100, ==, 2);
}

char *
cloud_bad_record (const Cloud *self, const char *id, const char *patient, const char **word)
{
  *word = self->integrity ? "nobody-of-this-name" : "roundsUnknown";
  return g_strdup_printf ("{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\",\"code\":{\"text\":"
                          "\"x\"},\"subject\":{\"reference\":\"Patient/%s\"}%s}",
                          id, self->integrity ? "nobody-of-this-name" : patient,
                          self->integrity ? "" : ",\"roundsUnknown\":true");
}
