/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in and staying signed in, against a strict sign-in server: enemies in the browser, tokens that end in
 * the middle of an upload, programs that die between two steps. Given a folder, the program is the one that
 * dies: it syncs that profile once. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../store/store-fixture.h"
#include "sign-in-server.h"
#include "sync/session.h"
#include "sync/sign-in.h"

typedef struct {
  Fixture fixture;
  SignInServer *server;
  RoundsConnection *connection;
  /* of the browser */
  const char *instead;     /* the answer to bring first; "STATE" and "ISS" are put in */
  gboolean twice;
  GThread *browser;
  char *url;
  int first_status, second_status;
  GCancellable *cancel_at_open;
} Case;

static Fixture fresh;   /* what every case starts from */

static void
case_new_with (Case *self, const char *auth)
{
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  fixture_new_like (&self->fixture, &fresh);
  self->server = sign_in_server_new ();
  self->connection = rounds_connection_new ("ward");
  self->connection->fhir_url = g_strdup (self->server->fhir->url);
  g_free (self->connection->auth);
  self->connection->auth = g_strdup (auth);
  self->connection->client_id = g_strdup ("rounds-ward");
  rounds_connection_save (self->fixture.store, self->connection, NULL, &error);
  g_assert_no_error (error);
}

static void
case_new (Case *self)
{
  case_new_with (self, "smart");
}

static void
case_clear (Case *self)
{
  if (self->fixture.store != NULL)
    assert_audit_ok (self->fixture.store);
  fixture_clear (&self->fixture);
  sign_in_server_free (self->server);
  rounds_connection_free (self->connection);
  g_free (self->url);
}

/* --- the browser -------------------------------------------------------------------------------------------- */

static gpointer
browse (gpointer data)
{
  Case *self = data;
  g_autofree char *query = sign_in_server_authorize (self->server, self->url);

  if (self->instead != NULL)
    {
      g_autofree char *state = sign_in_parameter (self->url, "state");
      g_autofree char *issuer = g_uri_escape_string (self->server->fhir->url, NULL, FALSE);
      g_autoptr (GString) text = g_string_new (self->instead);

      g_string_replace (text, "STATE", state, 0);
      g_string_replace (text, "ISS", issuer, 0);
      g_string_replace (text, "CODE", self->server->code, 0);
      g_free (query);
      query = g_string_free (g_steal_pointer (&text), FALSE);
    }
  self->first_status = sign_in_bring (self->url, query);
  return NULL;
}

static void
opened (const char *url, gpointer data)
{
  Case *self = data;

  g_free (self->url);
  self->url = g_strdup (url);
  if (self->cancel_at_open != NULL)
    g_cancellable_cancel (self->cancel_at_open);
  else
    self->browser = g_thread_new ("browser", browse, self);
}

static gboolean
sign_in (Case *self, GError **error)
{
  gboolean ok = rounds_sign_in (self->fixture.store, "ward", 30, opened, self, self->cancel_at_open, error);

  if (self->browser != NULL)
    g_thread_join (g_steal_pointer (&self->browser));
  return ok;
}

static void
must_sign_in (Case *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = sign_in (self, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static RoundsSignInState
state_of (Case *self)
{
  return rounds_sign_in_get_state (self->fixture.store, self->connection, NULL);
}

static gboolean
run_sync (Case *self, GError **error)
{
  g_autoptr (RoundsSync) sync = rounds_sync_new (self->fixture.store, "ward");
  RoundsSyncReport report = { 0 };
  gboolean ok = rounds_sync_run (sync, TRUE, NULL, &report, error);

  rounds_sync_report_clear (&report);
  return ok;
}

static void
put_patients (Case *self, guint n)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      g_autofree char *json = patient_json (id, "Doe", "Ann");

      must_put (self->fixture.store, "Patient", id, json);
    }
}

/* Everything arrived, and nothing twice. */
static void
assert_landed (Case *self, guint n)
{
  guint i;

  g_assert_cmpuint (rounds_store_outbox_count (self->fixture.store, NULL), ==, 0);
  g_assert_cmpuint (mini_count (self->server->fhir, "Patient"), ==, n);
  for (i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      MiniResource *resource = mini_get (self->server->fhir, "Patient", id);

      g_assert_nonnull (resource);
      g_assert_cmpint (resource->version, ==, 1);
    }
}

/* --- signing in ----------------------------------------------------------------------------------------------- */

static void
test_good (void)
{
  Case self;
  g_autofree char *who = NULL, *audience = NULL;
  g_autoptr (GError) error = NULL;
  gboolean told = FALSE;

  case_new (&self);
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_NEEDED);
  g_assert_false (run_sync (&self, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  g_clear_error (&error);

  must_sign_in (&self);
  g_assert_cmpint (self.first_status, ==, 200);
  audience = sign_in_parameter (self.url, "aud");
  g_assert_true (g_str_has_prefix (self.server->fhir->url, audience));
  g_assert_false (g_str_has_suffix (audience, "/"));
  g_assert_cmpint (rounds_sign_in_get_state (self.fixture.store, self.connection, &who), ==, ROUNDS_SIGN_IN_DONE);
  g_assert_cmpstr (who, ==, "Practitioner/12");
  put_patients (&self, 3);
  run_sync (&self, &error);
  g_assert_no_error (error);
  assert_landed (&self, 3);
  g_assert_cmpuint (self.server->n_refreshes, ==, 0);

  rounds_sign_out (self.fixture.store, "ward", &told, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (told);
  g_assert_cmpuint (self.server->n_revoked, ==, 1);
  told = FALSE;
  g_assert_true (rounds_sign_out (self.fixture.store, "ward", &told, NULL, NULL));
  g_assert_true (told);   /* there was nothing left to tell */
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_NEEDED);
  g_assert_false (run_sync (&self, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  g_assert_cmpuint (self.server->n_leaks, ==, 0);
  case_clear (&self);
}

typedef struct {
  const char *what;
  const char *instead;        /* brought by the browser */
  gboolean swap_challenge;
  const char *nonce;
  int code;                   /* of the error */
  guint n_codes;              /* traded: 0 = the answer was not even used */
} Enemy;

static const Enemy enemies[] = {
  { "wrong-state", "code=CODE&state=xSTATE&iss=ISS", FALSE, NULL, ROUNDS_CLOUD_ERROR_REFUSED, 0 },
  { "no-state", "code=CODE&iss=ISS", FALSE, NULL, ROUNDS_CLOUD_ERROR_REFUSED, 0 },
  { "wrong-issuer", "code=CODE&state=STATE&iss=https%3A%2F%2Fevil.example", FALSE, NULL, ROUNDS_CLOUD_ERROR_REFUSED, 0 },
  { "no-issuer", "code=CODE&state=STATE", FALSE, NULL, ROUNDS_CLOUD_ERROR_REFUSED, 0 },
  { "two-codes", "code=CODE&code=x&state=STATE&iss=ISS", FALSE, NULL, ROUNDS_CLOUD_ERROR_REFUSED, 0 },
  { "declined", "error=access_denied&state=STATE&iss=ISS", FALSE, NULL, ROUNDS_CLOUD_ERROR_SIGN_IN, 0 },
  { "server-error", "error=server_error&state=STATE&iss=ISS", FALSE, NULL, ROUNDS_CLOUD_ERROR_SIGN_IN, 0 },
  { "another-code", "code=stolen&state=STATE&iss=ISS", FALSE, NULL, ROUNDS_CLOUD_ERROR_SIGN_IN, 1 },
  { "wrong-verifier", NULL, TRUE, NULL, ROUNDS_CLOUD_ERROR_SIGN_IN, 1 },
  { "another-nonce", NULL, FALSE, "old", ROUNDS_CLOUD_ERROR_REFUSED, 1 },
};

/* However it fails, nothing is kept of it, nobody listens any more, and the next try is a clean one. */
static void
test_enemies (void)
{
  Case self;
  g_autofree char *last = NULL;
  guint i;

  case_new (&self);
  for (i = 0; i < G_N_ELEMENTS (enemies); i++)
    {
      const Enemy *enemy = &enemies[i];
      g_autoptr (GError) error = NULL;
      g_autofree char *state = NULL;
      guint n_codes = self.server->n_codes;

      g_test_message ("%s", enemy->what);
      self.instead = enemy->instead;
      self.server->swap_challenge = enemy->swap_challenge;
      self.server->nonce = enemy->nonce;
      g_assert_false (sign_in (&self, &error));
      g_assert_error (error, ROUNDS_CLOUD_ERROR, enemy->code);
      g_assert_cmpuint (self.server->n_codes, ==, n_codes + enemy->n_codes);
      g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_NEEDED);
      g_assert_cmpint (sign_in_bring (self.url, "code=a&state=b"), ==, 0);
      state = sign_in_parameter (self.url, "state");
      g_assert_cmpstr (state, !=, last);
      g_free (last);
      last = g_steal_pointer (&state);
    }
  self.instead = self.server->nonce = NULL;
  self.server->swap_challenge = FALSE;
  must_sign_in (&self);
  case_clear (&self);
}

/* The first answer is the only one, be it the right one or not. */
static void
test_second_answer (void)
{
  Case self;
  g_autofree char *state = NULL, *query = NULL;

  case_new (&self);
  must_sign_in (&self);
  state = sign_in_parameter (self.url, "state");
  query = g_strdup_printf ("code=second&state=%s", state);
  g_assert_cmpint (sign_in_bring (self.url, query), ==, 0);
  g_assert_cmpuint (self.server->n_codes, ==, 1);
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_DONE);
  case_clear (&self);
}

static void
test_cancelled (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  self.cancel_at_open = g_cancellable_new ();
  g_assert_false (sign_in (&self, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (sign_in_bring (self.url, "code=a&state=b"), ==, 0);
  g_clear_object (&self.cancel_at_open);
  case_clear (&self);
}

typedef struct {
  Case self;
  GMainLoop *loop;
  GThread *main_thread;
  gboolean ok, opened_here;
} Window;

static void
opened_in_window (const char *url, gpointer data)
{
  Window *window = data;

  window->opened_here = g_thread_self () == window->main_thread;
  opened (url, &window->self);
}

static void
signed_in_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Window *window = data;

  window->ok = rounds_sign_in_finish (ROUNDS_STORE (source), result, NULL);
  g_main_loop_quit (window->loop);
}

static void
test_window (void)
{
  Window window = { .loop = g_main_loop_new (NULL, FALSE), .main_thread = g_thread_self () };

  case_new (&window.self);
  rounds_sign_in_async (window.self.fixture.store, "ward", 30, opened_in_window, &window, NULL, signed_in_cb, &window);
  g_main_loop_run (window.loop);
  g_thread_join (g_steal_pointer (&window.self.browser));
  g_assert_true (window.ok);
  g_assert_true (window.opened_here);
  g_main_loop_unref (window.loop);
  case_clear (&window.self);
}

/* --- redirects ------------------------------------------------------------------------------------------------ */

static void
count_request (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_string_assign (answer->body, "{\"access_token\":\"evil\",\"token_type\":\"Bearer\"}");
}

/* Not for codes, not for refresh tokens, not for records. */
static void
test_redirects (void)
{
  Case self;
  g_autoptr (FaultServer) evil = fault_server_new (count_request, NULL);
  g_autofree char *place = g_strconcat (fault_server_get_origin (evil), "/token", NULL);
  g_autofree char *location = g_strdup_printf ("Location: %s\r\n", place);
  g_autoptr (GError) error = NULL;

  case_new (&self);
  self.server->redirect = place;
  g_assert_false (sign_in (&self, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED);
  g_clear_error (&error);
  self.server->redirect = NULL;
  must_sign_in (&self);
  self.server->redirect = place;
  self.server->n_before_expiry = 0;
  put_patients (&self, 1);
  g_assert_false (run_sync (&self, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED);
  g_clear_error (&error);
  self.server->redirect = NULL;
  mini_fault (self.server->fhir, (MiniFault) { .status = 302, .headers = location, .times = 1000 });
  g_assert_false (run_sync (&self, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (fault_server_get_n_requests (evil), ==, 0);
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 1);
  case_clear (&self);
}

/* --- staying signed in ------------------------------------------------------------------------------------------ */

/* The token ends after any number of requests of an upload: it goes on with a new one, and nothing is sent
 * twice. */
static void
test_expiry_mid_upload (void)
{
  Case self;
  g_autoptr (GError) error = NULL;
  const guint n = 45;
  guint round, i;

  case_new (&self);
  self.server->fhir->max_entries = 15;
  must_sign_in (&self);
  run_sync (&self, &error);   /* tries the server and knows it from here on */
  g_assert_no_error (error);
  for (round = 0; round < 7; round++)
    {
      for (i = 0; i < n; i++)
        {
          g_autofree char *id = g_strdup_printf ("r%u-%u", round, i);
          g_autofree char *json = patient_json (id, "Doe", "Ann");

          must_put (self.fixture.store, "Patient", id, json);
        }
      self.server->n_before_expiry = (int) round;
      run_sync (&self, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (self.server->n_refreshes, ==, round + 1);
      g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 0);
      for (i = 0; i < n; i++)
        {
          g_autofree char *id = g_strdup_printf ("r%u-%u", round, i);
          MiniResource *resource = mini_get (self.server->fhir, "Patient", id);

          g_assert_nonnull (resource);
          g_assert_cmpint (resource->version, ==, 1);
        }
    }
  g_assert_cmpuint (self.server->n_leaks, ==, 0);
  case_clear (&self);
}

/* A server that refuses even the new token ends the pass after one try; the queue stays. */
static void
test_refused_twice (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  must_sign_in (&self);
  put_patients (&self, 2);
  self.server->n_401 = 1000;
  g_assert_false (run_sync (&self, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  g_assert_cmpuint (self.server->n_refreshes, <=, 2);
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 2);
  self.server->n_401 = 0;
  g_clear_error (&error);
  run_sync (&self, &error);
  g_assert_no_error (error);
  assert_landed (&self, 2);
  case_clear (&self);
}

/* A token is renewed before it ends, and asked for no more often than that. */
static void
test_early (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  self.server->life_s = 0;   /* each is over as it comes, as far as we are told */
  must_sign_in (&self);
  self.server->life_s = 3600;
  run_sync (&self, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (self.server->n_refreshes, ==, 1);
  case_clear (&self);
}

/* The sign-in server is away: that is no reason to sign in again, and no reason to send anything. */
static void
test_token_server_away (void)
{
  Case self;
  g_autoptr (GError) error = NULL;
  guint16 port;

  case_new (&self);
  must_sign_in (&self);
  put_patients (&self, 1);
  self.server->n_before_expiry = 0;
  port = (guint16) g_ascii_strtoull (strrchr (fault_server_get_origin (self.server->tokens), ':') + 1, NULL, 10);
  fault_server_free (self.server->tokens);
  self.server->tokens = NULL;
  g_assert_false (run_sync (&self, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE);
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_DONE);
  sign_in_server_listen (self.server, port);
  g_clear_error (&error);
  run_sync (&self, &error);
  g_assert_no_error (error);
  assert_landed (&self, 1);
  case_clear (&self);
}

static gpointer
read_one (gpointer data)
{
  Case *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsFhirClient) client = rounds_connection_open_fhir (self->fixture.store, self->connection, &error);
  g_auto (RoundsFhirAnswer) answer = { 0 };

  g_assert_no_error (error);
  rounds_fhir_client_read (client, "Patient", "x", &answer, NULL, &error);
  g_assert_no_error (error);
  return GINT_TO_POINTER (answer.status);
}

/* Several at once need new tokens: one asks, the others take what it got. */
static void
test_race (void)
{
  Case self;
  GThread *threads[4];
  guint i;

  case_new (&self);
  must_sign_in (&self);
  g_mutex_lock (&self.server->lock);
  g_clear_pointer (&self.server->access, g_free);
  self.server->token_delay_ms = 300;
  g_mutex_unlock (&self.server->lock);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", read_one, &self);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, 404);
  g_assert_cmpuint (self.server->n_refreshes, ==, 1);
  g_assert_false (self.server->over);
  case_clear (&self);
}

/* Folders stand where the vault writes its new files, so that nothing can be saved (which stops root too). */
static void
block_secrets (Fixture *self, gboolean block)
{
  g_autofree char *folder = fixture_path (self, "secrets");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *beside = g_strconcat (path, ".new", NULL);

      if (block && g_str_has_suffix (name, ".token"))
        g_assert_cmpint (g_mkdir (beside, 0700), ==, 0);
      else if (!block && g_str_has_suffix (name, ".new"))
        g_assert_cmpint (g_rmdir (path), ==, 0);
    }
}

/* A disk that is full when the new tokens come: they are not used, not lost, and not asked for again. */
static void
test_cannot_save (void)
{
  Case self;
  guint n_known, i;
  g_autoptr (RoundsFhirClient) client = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };

  case_new (&self);
  must_sign_in (&self);
  client = rounds_connection_open_fhir (self.fixture.store, self.connection, &error);
  g_assert_no_error (error);
  rounds_fhir_client_read (client, "Patient", "x", &answer, NULL, &error);
  g_assert_cmpint (answer.status, ==, 404);
  rounds_fhir_answer_clear (&answer);
  n_known = self.server->n_known;
  block_secrets (&self.fixture, TRUE);
  g_clear_pointer (&self.server->access, g_free);
  mini_forget_requests (self.server->fhir);
  for (i = 0; i < 2; i++)
    {
      g_assert_false (rounds_fhir_client_read (client, "Patient", "x", &answer, NULL, &error));
      g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED);
      g_clear_error (&error);
      g_assert_cmpuint (self.server->n_refreshes, ==, 1);
    }
  g_assert_cmpuint (self.server->n_known, ==, n_known);   /* the new token was not used */
  block_secrets (&self.fixture, FALSE);
  rounds_fhir_client_read (client, "Patient", "x", &answer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (answer.status, ==, 404);
  g_assert_cmpuint (self.server->n_refreshes, ==, 1);
  case_clear (&self);
}

/* --- dying between two steps -------------------------------------------------------------------------------------- */

static int
sync_folder (const char *folder)
{
  g_autoptr (RoundsVault) vault = rounds_vault_open (folder, NULL);
  g_autoptr (RoundsSecret) passphrase = secret_of ("correct horse");
  g_autoptr (RoundsSecret) key = vault != NULL ? rounds_vault_unlock (vault, passphrase, NULL) : NULL;
  g_autoptr (RoundsStore) store = key != NULL ? rounds_store_open (vault, key, FALSE, NULL) : NULL;
  g_autoptr (RoundsSync) sync = NULL;
  RoundsSyncReport report = { 0 };

  if (store == NULL)
    return 2;
  raise (SIGSTOP);   /* until the test knows whom to end */
  sync = rounds_sync_new (store, "ward");
  return rounds_sync_run (sync, TRUE, NULL, &report, NULL) ? 0 : 1;
}

/* Starts a sync in another program that dies where the server has been told to end it. */
static void
sync_and_die (Case *self, gboolean at_use)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { program, (char *) "--sync", self->fixture.folder, NULL };
  g_autoptr (GError) error = NULL;
  GPid pid;
  int status;

  fixture_close (&self->fixture);
  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  while (waitpid (pid, &status, WUNTRACED) < 0 && errno == EINTR)
    ;
  g_assert_true (WIFSTOPPED (status));
  g_mutex_lock (&self->server->lock);
  *(at_use ? &self->server->kill_at_use : &self->server->kill_at_refresh) = pid;
  g_mutex_unlock (&self->server->lock);
  kill (pid, SIGCONT);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  g_spawn_close_pid (pid);
  fixture_open (&self->fixture);
}

typedef struct {
  gboolean grace;    /* the server still takes the refresh token before */
  gboolean at_use;   /* dies after the save instead of before it */
} Death;

static void
test_death (gconstpointer data)
{
  const Death *death = data;
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  self.server->grace = death->grace;
  must_sign_in (&self);
  put_patients (&self, 3);
  self.server->n_before_expiry = 0;
  sync_and_die (&self, death->at_use);
  g_assert_cmpuint (self.server->n_refreshes, ==, 1);
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 3);
  if (!death->grace && !death->at_use)
    {
      /* Nothing can be done about it but to say so, once and for all, and to keep the queue. */
      g_assert_false (run_sync (&self, &error));
      g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
      g_clear_error (&error);
      g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_NEEDED);
      g_assert_cmpuint (self.server->n_refreshes, ==, 2);
      g_assert_false (run_sync (&self, NULL));
      g_assert_cmpuint (self.server->n_refreshes, ==, 2);
      g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 3);
      must_sign_in (&self);
    }
  run_sync (&self, &error);
  g_assert_no_error (error);
  if (death->at_use)
    g_assert_cmpuint (self.server->n_refreshes, ==, 1);   /* it was on disk before it was used */
  assert_landed (&self, 3);
  case_clear (&self);
}

/* --- settings ---------------------------------------------------------------------------------------------------- */

static void
save (Case *self, const char *name, const char *fhir, const char *dicomweb, int code)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new (name);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  connection->fhir_url = g_strdup (fhir);
  connection->dicomweb_url = g_strdup (dicomweb);
  ok = rounds_connection_save (self->fixture.store, connection, NULL, &error);
  g_assert_cmpint (ok, ==, code < 0);
  if (!ok)
    g_assert_error (error, ROUNDS_CLOUD_ERROR, code);
}

static gboolean
takes_images (Case *self, const char *name)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (self->fixture.store, name, NULL);

  return rounds_connection_takes_images (self->fixture.store, connection);
}

static void
test_one_cloud (void)
{
  Case self;
  g_autoptr (GError) error = NULL;
  g_autofree char *other = NULL;

  case_new_with (&self, "smart");
  must_sign_in (&self);
  put_patients (&self, 2);
  save (&self, "second", "https://other.example/fhir", NULL, ROUNDS_CLOUD_ERROR_ADDRESS);
  save (&self, "a-images", NULL, "https://a.example/dicom", -1);
  save (&self, "b-images", NULL, "https://b.example/dicom", -1);
  g_assert_true (takes_images (&self, "a-images"));
  g_assert_false (takes_images (&self, "b-images"));
  g_free (self.connection->dicomweb_url);
  self.connection->dicomweb_url = g_strdup ("https://c.example/dicom");
  rounds_connection_save (self.fixture.store, self.connection, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (takes_images (&self, "ward"));
  g_assert_false (takes_images (&self, "a-images"));
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_DONE);   /* nothing that the sign-in rests on changed */
  g_clear_pointer (&self.connection->dicomweb_url, g_free);
  rounds_connection_save (self.fixture.store, self.connection, NULL, &error);

  /* Another name keeps the sign-in and the queue; another address keeps the queue. */
  g_assert_false (rounds_connection_rename (self.fixture.store, "ward", "a-images", NULL));
  g_assert_false (rounds_connection_rename (self.fixture.store, "ward", "no/name", NULL));
  rounds_connection_rename (self.fixture.store, "ward", "Ward-2", &error);
  g_assert_no_error (error);
  g_assert_null (rounds_connection_load (self.fixture.store, "ward", NULL));
  g_free (self.connection->name);
  self.connection->name = g_strdup ("Ward-2");
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_DONE);
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 2);
  other = g_strdup (self.connection->fhir_url);
  g_free (self.connection->fhir_url);
  self.connection->fhir_url = g_strdup ("https://moved.example/fhir");
  rounds_connection_save (self.fixture.store, self.connection, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (state_of (&self), ==, ROUNDS_SIGN_IN_NEEDED);   /* tokens never go to a new address */
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 2);
  rounds_connection_remove (self.fixture.store, "Ward-2", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 2);
  save (&self, "second", "https://other.example/fhir", NULL, -1);
  case_clear (&self);
}

static void
move_to (Case *self, const char *url, RoundsSecret *secret, int code)
{
  g_autoptr (RoundsConnection) moved = rounds_connection_load (self->fixture.store, "ward", NULL), now = NULL;
  g_autofree char *before = g_strdup (moved->fhir_url);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  g_free (moved->fhir_url);
  moved->fhir_url = g_strdup (url);
  ok = rounds_connection_save (self->fixture.store, moved, secret, &error);
  if (code < 0)
    g_assert_no_error (error);
  g_assert_cmpint (ok, ==, code < 0);
  if (!ok)
    g_assert_cmpint (error->code, ==, code);
  now = rounds_connection_load (self->fixture.store, "ward", NULL);
  g_assert_cmpstr (now->fhir_url, ==, ok ? url : before);
}

/* A password goes to the server that it was given for; another one wants it anew. */
static void
test_password_stays (void)
{
  Case self;
  g_autoptr (RoundsSecret) password = secret_of ("canary");
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;

  case_new (&self);
  g_free (connection->auth);
  connection->auth = g_strdup ("basic");
  connection->user = g_strdup ("ann");
  connection->fhir_url = g_strdup ("https://h.example/fhir");
  rounds_connection_save (self.fixture.store, connection, password, &error);
  g_assert_no_error (error);
  move_to (&self, "https://h.example:443/other", NULL, -1);
  move_to (&self, "https://evil.example/fhir", NULL, ROUNDS_CLOUD_ERROR_SIGN_IN);
  move_to (&self, "https://h.example:8443/fhir", NULL, ROUNDS_CLOUD_ERROR_SIGN_IN);
  connection->dicomweb_url = g_strdup ("https://images.example/");
  g_assert_false (rounds_connection_save (self.fixture.store, connection, NULL, NULL));
  move_to (&self, "https://h.example:8443/fhir", password, -1);
  case_clear (&self);
}

static void
opened_and_moved (const char *url, gpointer data)
{
  Case *self = data;

  move_to (self, "https://evil.example/fhir", NULL, -1);
  opened (url, data);
}

/* Somebody changes the address while the person is at the browser: what comes belongs to the old one. */
static void
test_moved_meanwhile (void)
{
  Case self;
  g_autoptr (RoundsConnection) now = NULL;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  g_assert_false (rounds_sign_in (self.fixture.store, "ward", 30, opened_and_moved, &self, NULL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  g_thread_join (g_steal_pointer (&self.browser));
  now = rounds_connection_load (self.fixture.store, "ward", NULL);
  g_assert_cmpint (rounds_sign_in_get_state (self.fixture.store, now, NULL), ==, ROUNDS_SIGN_IN_NEEDED);
  case_clear (&self);
}

/* A folder where the tokens lay cannot be removed as a file can (which stops root too). */
static void
spoil_tokens (Fixture *self)
{
  g_autofree char *folder = fixture_path (self, "secrets");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!g_str_has_suffix (name, ".token"))
        continue;
      g_assert_cmpint (g_remove (path), ==, 0);
      g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
    }
}

/* Tokens that cannot be removed: the address stays, and nobody is told that he has signed out. */
static void
test_cannot_forget (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  must_sign_in (&self);
  spoil_tokens (&self.fixture);
  move_to (&self, "https://moved.example/fhir", NULL, ROUNDS_VAULT_ERROR_FAILED);
  g_assert_false (rounds_sign_out (self.fixture.store, "ward", NULL, NULL, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (rounds_connection_remove (self.fixture.store, "ward", &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED);
  case_clear (&self);
}

/* A lock that cannot be opened is no other program. */
static void
test_no_lock (void)
{
  Case self;
  g_autofree char *path = NULL;

  case_new (&self);
  path = fixture_path (&self.fixture, "sign-in.lock");
  g_remove (path);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  move_to (&self, "https://moved.example/fhir", NULL, ROUNDS_STORE_ERROR_FAILED);
  case_clear (&self);
}

static void
refuse_settings (Case *self, const char *auth, const char *client_id, const char *scope, const char *pins, int code)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;

  connection->fhir_url = g_strdup (self->server->fhir->url);
  g_free (connection->auth);
  connection->auth = g_strdup (auth);
  connection->client_id = g_strdup (client_id);
  connection->scope = g_strdup (scope);
  connection->pins = g_strdup (pins);
  g_assert_false (rounds_connection_save (self->fixture.store, connection, NULL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, code);
}

static void
test_settings (void)
{
  Case self;
  g_autofree char *one = NULL, *same = NULL, *other = NULL, *of_smart = NULL;
  g_autoptr (RoundsConnection) pinned = rounds_connection_new ("x");
  g_auto (GStrv) warnings = NULL, none = NULL;
  const int sign_in = ROUNDS_CLOUD_ERROR_SIGN_IN, tls = ROUNDS_CLOUD_ERROR_TLS;

  case_new_with (&self, "backend");
  refuse_settings (&self, "smart", NULL, NULL, NULL, sign_in);
  refuse_settings (&self, "smart", "a\r\nX: y", NULL, NULL, sign_in);
  refuse_settings (&self, "smart", "a", "b\nc", NULL, sign_in);
  refuse_settings (&self, "magic", "a", NULL, NULL, sign_in);
  refuse_settings (&self, "basic", NULL, NULL, NULL, sign_in);
  refuse_settings (&self, "none", NULL, NULL, "sha256//abc=", tls);
  refuse_settings (&self, "none", NULL, NULL, "md5//x", tls);
  refuse_settings (&self, "none", NULL, NULL, "", tls);
  one = rounds_connection_dup_jwks (self.fixture.store, "ward", FALSE, NULL);
  same = rounds_connection_dup_jwks (self.fixture.store, "ward", FALSE, NULL);
  other = rounds_connection_dup_jwks (self.fixture.store, "ward", TRUE, NULL);
  g_assert_nonnull (one);
  g_assert_cmpstr (one, ==, same);
  g_assert_cmpstr (one, !=, other);
  pinned->pins = g_strdup ("sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  warnings = rounds_connection_warnings (pinned);
  g_assert_nonnull (warnings);
  g_free (pinned->pins);
  pinned->pins = g_strdup ("sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;"
                           "sha256//BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  none = rounds_connection_warnings (pinned);
  g_assert_null (none);
  case_clear (&self);
}

/* What a thief of the folder finds: no token in any file. */
static void
test_sealed (void)
{
  Case self;
  g_autofree char *output = NULL, *command = NULL;

  case_new (&self);
  must_sign_in (&self);
  command = g_strdup_printf ("grep -rlE 'access-1|refresh-1' %s", self.fixture.folder);
  g_spawn_command_line_sync (command, &output, NULL, NULL, NULL);
  g_assert_cmpstr (output, ==, "");
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  int status;
  static const Death before_save = { FALSE, FALSE }, with_grace = { TRUE, FALSE }, after_save = { FALSE, TRUE };

  if (argc == 3 && g_str_equal (argv[1], "--sync"))
    return sync_folder (argv[2]);
  g_test_init (&argc, &argv, NULL);
  fixture_new (&fresh);
  fixture_close (&fresh);
  g_test_add_func ("/sign-in/good", test_good);
  g_test_add_func ("/sign-in/enemies", test_enemies);
  g_test_add_func ("/sign-in/second-answer", test_second_answer);
  g_test_add_func ("/sign-in/cancelled", test_cancelled);
  g_test_add_func ("/sign-in/window", test_window);
  g_test_add_func ("/sign-in/redirects", test_redirects);
  g_test_add_func ("/sign-in/expiry-mid-upload", test_expiry_mid_upload);
  g_test_add_func ("/sign-in/refused-twice", test_refused_twice);
  g_test_add_func ("/sign-in/early", test_early);
  g_test_add_func ("/sign-in/token-server-away", test_token_server_away);
  g_test_add_func ("/sign-in/race", test_race);
  g_test_add_func ("/sign-in/cannot-save", test_cannot_save);
  g_test_add_data_func ("/sign-in/death/between-rotation-and-save", &before_save, test_death);
  g_test_add_data_func ("/sign-in/death/between-rotation-and-save-with-grace", &with_grace, test_death);
  g_test_add_data_func ("/sign-in/death/between-save-and-use", &after_save, test_death);
  g_test_add_func ("/sign-in/one-cloud", test_one_cloud);
  g_test_add_func ("/sign-in/password-stays", test_password_stays);
  g_test_add_func ("/sign-in/moved-meanwhile", test_moved_meanwhile);
  g_test_add_func ("/sign-in/cannot-forget", test_cannot_forget);
  g_test_add_func ("/sign-in/no-lock", test_no_lock);
  g_test_add_func ("/sign-in/settings", test_settings);
  g_test_add_func ("/sign-in/sealed", test_sealed);
  status = g_test_run ();
  fixture_clear (&fresh);
  return status;
}
