/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in at a real OpenID provider (oidc/provider.mjs) that stands before a FHIR server: what Rounds says
 * must be right for a server that Rounds' developers did not write. Skipped where node or its packages are
 * not to be had. */

#include <curl/curl.h>

#include "../fault/fhir-server.h"
#include "../store/store-fixture.h"
#include "sync/credentials.h"
#include "sync/session.h"
#include "sync/sign-in.h"

typedef struct {
  Fixture fixture;
  RoundsConnection *connection;
  GThread *browser;
} Case;

/* One provider for all cases: it takes longest to come up. */
static struct {
  Fixture fresh;          /* what every case starts from: a connection of backend services, its key registered */
  char *jwks;
  MiniFhir *upstream;
  GSubprocess *provider;
  char *base;             /* NULL = there is none */
} ward;

/* --- the provider ------------------------------------------------------------------------------------------ */

static void
start_provider (void)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "cloud", "oidc", "oidc.sh", NULL);
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                               G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GDataInputStream) output = NULL;
  g_autofree char *path = fixture_path (&ward.fresh, "jwks.json");
  const char *argv[] = { script, ward.upstream->url, path, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  g_assert_true (g_file_set_contents (path, ward.jwks, -1, NULL));
  ward.provider = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (ward.provider));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (output), FALSE);
  do
    {
      g_free (line);
      line = g_data_input_stream_read_line (output, NULL, NULL, NULL);
    }
  while (line != NULL && !g_str_has_prefix (line, "ready: "));
  if (line != NULL)
    {
      ward.base = g_strdup (line + strlen ("ready: "));
      return;
    }
  g_subprocess_wait (ward.provider, NULL, NULL);
  g_assert_cmpint (g_subprocess_get_exit_status (ward.provider), ==, 3);
}

static void
save (Case *self, const char *auth, const char *client_id)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->connection, rounds_connection_free);
  self->connection = rounds_connection_new ("ward");
  self->connection->fhir_url = g_strdup (ward.base != NULL ? ward.base : "https://later.example/fhir");
  g_free (self->connection->auth);
  self->connection->auth = g_strdup (auth);
  self->connection->client_id = g_strdup (client_id);
  rounds_connection_save (self->fixture.store, self->connection, NULL, &error);
  g_assert_no_error (error);
}

static void
set_up (void)
{
  Case first = { 0 };

  fixture_new (&first.fixture);
  save (&first, "backend", "rounds-backend");
  ward.jwks = rounds_connection_dup_jwks (first.fixture.store, "ward", FALSE, NULL);
  rounds_connection_free (first.connection);
  fixture_close (&first.fixture);
  ward.fresh = first.fixture;
  ward.upstream = mini_fhir_new ();
  start_provider ();
}

static void
tear_down (void)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (ward.provider), NULL, NULL);
  g_subprocess_wait (ward.provider, NULL, NULL);
  g_object_unref (ward.provider);
  mini_fhir_free (ward.upstream);
  fixture_clear (&ward.fresh);
  g_free (ward.jwks);
  g_free (ward.base);
}

/* FALSE: skipped. */
static gboolean
case_new (Case *self)
{
  memset (self, 0, sizeof *self);
  if (ward.base == NULL)
    {
      g_test_skip ("node, npm or the packages of the OpenID provider are not here");
      return FALSE;
    }
  fixture_new_like (&self->fixture, &ward.fresh);
  return TRUE;
}

static void
case_clear (Case *self)
{
  fixture_clear (&self->fixture);
  rounds_connection_free (self->connection);
}

/* --- the browser --------------------------------------------------------------------------------------------- */

static size_t
swallow (char *data, size_t size, size_t n, void *user_data)
{
  return size * n;
}

/* Follows every redirect with its cookies, as browsers do; the last one leads to Rounds. */
static gpointer
browse (gpointer data)
{
  g_autofree char *url = data;
  CURL *easy = curl_easy_init ();

  curl_easy_setopt (easy, CURLOPT_URL, url);
  curl_easy_setopt (easy, CURLOPT_COOKIEFILE, "");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt (easy, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, swallow);
  curl_easy_perform (easy);
  curl_easy_cleanup (easy);
  return NULL;
}

static void
opened (const char *url, gpointer data)
{
  Case *self = data;

  self->browser = g_thread_new ("browser", browse, g_strdup (url));
}

static void
sign_in (Case *self)
{
  g_autoptr (GError) error = NULL;

  rounds_sign_in (self->fixture.store, "ward", 60, opened, self, NULL, &error);
  g_thread_join (g_steal_pointer (&self->browser));
  g_assert_no_error (error);
}

static void
expire (void)
{
  g_autofree char *url = g_strdup_printf ("%.*s/test/expire", (int) (strlen (ward.base) - strlen ("/fhir")), ward.base);

  browse (g_steal_pointer (&url));
}

static void
sync_one (Case *self, const char *id)
{
  g_autoptr (RoundsSync) sync = rounds_sync_new (self->fixture.store, "ward");
  g_autofree char *json = patient_json (id, "Doe", "Ann");
  g_autoptr (GError) error = NULL;
  RoundsSyncReport report = { 0 };
  MiniResource *resource;

  must_put (self->fixture.store, "Patient", id, json);
  rounds_sync_run (sync, TRUE, NULL, &report, &error);
  g_assert_no_error (error);
  rounds_sync_report_clear (&report);
  resource = mini_get (ward.upstream, "Patient", id);
  g_assert_nonnull (resource);
  g_assert_cmpint (resource->version, ==, 1);
}

static RoundsToken *
token_of (Case *self)
{
  g_autoptr (RoundsSecret) secret =
    rounds_credential_load (self->fixture.store, "ward", ROUNDS_CREDENTIAL_TOKEN, NULL);

  return secret != NULL ? rounds_token_from_secret (secret) : NULL;
}

/* Whether the provider still gives something for it. */
static gboolean
is_worth (Case *self, const RoundsToken *token)
{
  g_autoptr (RoundsTrust) trust = rounds_credential_trust (self->fixture.store, self->connection, NULL);
  g_autoptr (RoundsForm) form = rounds_form_new ();
  g_auto (RoundsOauthGrant) grant = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean over = FALSE, ok;

  rounds_form_add (form, "grant_type", "refresh_token");
  rounds_form_add_secret (form, "refresh_token", token->refresh);
  rounds_form_add (form, "client_id", token->client_id);
  ok = rounds_oauth_ask (trust, token->token_endpoint, form, &grant, &over, NULL, &error);
  g_assert_cmpint (over, ==, !ok);
  return ok;
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void
test_person (void)
{
  Case self;
  g_autofree char *who = NULL;
  g_autoptr (RoundsToken) first = NULL, second = NULL;
  g_autoptr (GError) error = NULL;
  gboolean told = FALSE;

  if (!case_new (&self))
    return;
  save (&self, "smart", "rounds-ward");
  sign_in (&self);
  g_assert_cmpint (rounds_sign_in_get_state (self.fixture.store, self.connection, &who), ==, ROUNDS_SIGN_IN_DONE);
  g_assert_cmpstr (who, ==, "Practitioner/12");
  first = token_of (&self);
  g_assert_nonnull (first->refresh);
  sync_one (&self, "a");
  expire ();
  sync_one (&self, "b");   /* the second token */
  expire ();
  sync_one (&self, "c");   /* and the third: rotation was followed */
  second = token_of (&self);
  g_assert_cmpstr ((const char *) rounds_secret_get (first->refresh, NULL), !=,
                   (const char *) rounds_secret_get (second->refresh, NULL));
  rounds_sign_out (self.fixture.store, "ward", &told, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (told);
  g_assert_false (is_worth (&self, second));
  case_clear (&self);
}

/* An old refresh token ends the sign-in at a server that rotates: the next pass says so and the queue stays. */
static void
test_reuse (void)
{
  Case self;
  g_autoptr (RoundsToken) first = NULL;
  g_autoptr (RoundsSync) sync = NULL;
  g_autofree char *json = patient_json ("r3", "Doe", "Ann");
  g_autoptr (GError) error = NULL;
  RoundsSyncReport report = { 0 };

  if (!case_new (&self))
    return;
  save (&self, "smart", "rounds-ward");
  sign_in (&self);
  first = token_of (&self);
  sync_one (&self, "r1");
  expire ();
  sync_one (&self, "r2");
  g_assert_false (is_worth (&self, first));
  expire ();
  must_put (self.fixture.store, "Patient", "r3", json);
  sync = rounds_sync_new (self.fixture.store, "ward");
  g_assert_false (rounds_sync_run (sync, TRUE, NULL, &report, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  rounds_sync_report_clear (&report);
  g_assert_cmpint (rounds_sign_in_get_state (self.fixture.store, self.connection, NULL), ==,
                   ROUNDS_SIGN_IN_NEEDED);
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 1);
  sign_in (&self);
  sync_one (&self, "r4");
  g_assert_cmpuint (rounds_store_outbox_count (self.fixture.store, NULL), ==, 0);
  case_clear (&self);
}

static void
test_installation (void)
{
  Case self;
  g_autofree char *other = NULL;
  g_autoptr (RoundsSync) sync = NULL;
  g_autoptr (GError) error = NULL;
  RoundsSyncReport report = { 0 };

  if (!case_new (&self))
    return;
  save (&self, "backend", "rounds-backend");
  sync_one (&self, "i1");
  expire ();
  sync_one (&self, "i2");
  /* A key that is not registered opens nothing. */
  other = rounds_connection_dup_jwks (self.fixture.store, "ward", TRUE, NULL);
  g_assert_cmpstr (other, !=, ward.jwks);
  sync = rounds_sync_new (self.fixture.store, "ward");
  g_assert_false (rounds_sync_run (sync, TRUE, NULL, &report, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  rounds_sync_report_clear (&report);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  set_up ();
  g_test_add_func ("/oidc/person", test_person);
  g_test_add_func ("/oidc/reuse", test_reuse);
  g_test_add_func ("/oidc/installation", test_installation);
  status = g_test_run ();
  tear_down ();
  return status;
}
