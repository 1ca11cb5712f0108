/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom Rounds trusts, and to whom it proves itself: nginx speaks TLS in right and wrong ways before the small
 * FHIR server. OpenSSL is told to allow everything here, so that what is refused is refused by Rounds. Skipped
 * where nginx or openssl is not installed. */

#include <signal.h>
#include <sys/prctl.h>

#include "../fault/fhir-server.h"
#include "../store/store-fixture.h"
#include "cloud/tls.h"
#include "sync/connection.h"

enum { GOOD, OLD, EXPIRED, WRONG_HOST, SELF_SIGNED, MUTUAL, N_PORTS };

static struct {
  Fixture fixture;
  MiniFhir *upstream;
  char *folder;
  GSubprocess *nginx;
  guint ports[N_PORTS];
  char *pin;        /* of GOOD's key */
} self;

#define WRONG_PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* --- certificates ------------------------------------------------------------------------------------------ */

static const char *const certificates =
  "set -e; exec 2>/dev/null\n"
  "key () { openssl ecparam -name prime256v1 -genkey -noout -out $1.ec; openssl pkey -in $1.ec -out $1.key; }\n"
  "authority () { key $1; openssl req -x509 -new -key $1.key -subj /CN=$1 -addext "
  "basicConstraints=critical,CA:TRUE -days 30 -out $1.pem; }\n"
  "signed () { key $1; openssl req -x509 -new -key $1.key -CA $2.pem -CAkey $2.key -subj /CN=$1 -addext "
  "basicConstraints=CA:FALSE -addext subjectAltName=$3 -out $1.pem $4 $5 $6 $7; }\n"
  "authority ca; authority clients; authority strangers\n"
  "signed good ca IP:127.0.0.1 -days 30\n"
  "signed expired ca IP:127.0.0.1 -not_before 20200101000000Z -not_after 20210101000000Z\n"
  "signed wrong ca DNS:elsewhere.example -days 30\n"
  "signed client clients DNS:ward -days 30\n"
  "signed stranger strangers DNS:ward -days 30\n"
  "key self; openssl req -x509 -new -key self.key -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 30 "
  "-out self.pem\n"
  "cat client.pem client.key >both.pem; cat ca.key ca.pem >both-ca.pem\n"
  "sed 's/^-----BEGIN CERT.*/&\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: AES-256-CBC,00000000000000000000000000000000\\n/' "
  "ca.pem >asks.pem; cat ca.pem asks.pem >asks-later.pem; head -n 3 ca.pem >cut.pem; cat ca.pem cut.pem >cut-later.pem\n"
  "openssl ec -in client.ec -aes256 -passout pass:x -out locked.key\n"
  "openssl x509 -in good.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | "
  "openssl base64 -A >pin\n";

static char *
path_of (const char *name)
{
  return g_build_filename (self.folder, name, NULL);
}

static gboolean
make_certificates (void)
{
  const char *argv[] = { "sh", "-c", certificates, NULL };
  g_autofree char *path = path_of ("pin"), *text = NULL;
  int status = 1;

  if (!g_spawn_sync (self.folder, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL) ||
      status != 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  self.pin = g_strconcat ("sha256//", text, NULL);
  return TRUE;
}

/* --- nginx --------------------------------------------------------------------------------------------------- */

static void
find_ports (void)
{
  GSocket *sockets[N_PORTS];
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  guint i;

  for (i = 0; i < N_PORTS; i++)
    {
      g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0), got = NULL;

      sockets[i] = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
      g_assert_true (g_socket_bind (sockets[i], any, TRUE, NULL));
      got = g_socket_get_local_address (sockets[i], NULL);
      self.ports[i] = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
    }
  for (i = 0; i < N_PORTS; i++)
    g_object_unref (sockets[i]);
}

static gboolean
answers (guint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) port, NULL, NULL);
  return connection != NULL;
}

/* Also when a test fails and nobody tears down. */
static void
end_with_us (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean
start_nginx (const char *program)
{
  static const char *const names[N_PORTS] = { "good", "good", "expired", "wrong", "self", "good" };
  static const char *const extra[N_PORTS] = {
    [OLD] = "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;",
    [MUTUAL] = "ssl_verify_client on; ssl_client_certificate clients.pem;",
  };
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *path = path_of ("nginx.conf");
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint i;

  g_string_printf (text,
                   "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr crit;\n"
                   "events { worker_connections 64; }\n"
                   "http { access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n"
                   "uwsgi_temp_path t4; scgi_temp_path t5;\n");
  for (i = 0; i < N_PORTS; i++)
    g_string_append_printf (text,
                            "server { listen 127.0.0.1:%u ssl; ssl_certificate %s.pem; ssl_certificate_key %s.key; %s\n"
                            "location / { proxy_pass %s; } }\n",
                            self.ports[i], names[i], names[i], extra[i] != NULL ? extra[i] : "",
                            fault_server_get_origin (self.upstream->server));
  g_string_append (text, "}\n");
  g_assert_true (g_file_set_contents (path, text->str, -1, NULL));
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_child_setup (launcher, end_with_us, NULL, NULL);
  self.nginx = g_subprocess_launcher_spawn (launcher, NULL, program, "-p", self.folder, "-e", "stderr", "-c", path, NULL);
  g_assert_nonnull (self.nginx);
  for (i = 0; i < N_PORTS;)
    {
      if (answers (self.ports[i]))
        i++;
      else if (g_get_monotonic_time () > deadline || g_subprocess_get_identifier (self.nginx) == NULL)
        return FALSE;
      else
        g_usleep (10000);
    }
  return TRUE;
}

/* FALSE: there is nothing to test with. */
static gboolean
set_up (void)
{
  g_autofree char *nginx = g_find_program_in_path ("nginx"), *openssl = g_find_program_in_path ("openssl");
  g_autofree char *config = NULL, *keys = NULL;

  if (nginx == NULL && g_file_test ("/usr/sbin/nginx", G_FILE_TEST_IS_EXECUTABLE))
    nginx = g_strdup ("/usr/sbin/nginx");
  self.folder = g_dir_make_tmp ("rounds-tls-XXXXXX", NULL);
  config = path_of ("openssl.cnf");
  g_assert_true (g_file_set_contents (config,
                                      "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                                      "MinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n", -1, NULL));
  g_setenv ("OPENSSL_CONF", config, TRUE);
  keys = path_of ("keys.log");
  g_setenv ("SSLKEYLOGFILE", keys, TRUE);
  rounds_secret_harden_process ();
  if (nginx == NULL || openssl == NULL || !make_certificates ())
    return FALSE;
  fixture_new (&self.fixture);
  self.upstream = mini_fhir_new ();
  find_ports ();
  return start_nginx (nginx);
}

static void
tear_down (void)
{
  if (self.nginx != NULL)
    {
      g_subprocess_force_exit (self.nginx);
      g_subprocess_wait (self.nginx, NULL, NULL);
      g_object_unref (self.nginx);
    }
  if (self.upstream != NULL)
    {
      fixture_clear (&self.fixture);
      mini_fhir_free (self.upstream);
    }
  remove_tree (self.folder);
  g_free (self.folder);
  g_free (self.pin);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

typedef struct {
  int port;
  gboolean private_ca;
  const char *pins;
  const char *cert, *key;   /* names of files */
} Setting;

static RoundsConnection *
new_connection (const Setting *setting)
{
  RoundsConnection *connection = rounds_connection_new ("ward");

  connection->fhir_url = g_strdup_printf ("https://127.0.0.1:%u/fhir", self.ports[setting->port]);
  connection->ca_file = setting->private_ca ? path_of ("ca.pem") : NULL;
  connection->pins = g_strdup (setting->pins);
  if (setting->cert != NULL)
    {
      g_autofree char *cert = path_of (setting->cert), *key = path_of (setting->key);
      char *text = NULL;

      g_assert_true (g_file_get_contents (cert, &connection->client_cert, NULL, NULL));
      g_assert_true (g_file_get_contents (key, &text, NULL, NULL));
      connection->client_key = rounds_secret_new_take_text (text);
    }
  return connection;
}

static gboolean
ask_saved (GError **error)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (self.fixture.store, "ward", error);
  g_autoptr (RoundsFhirClient) client =
    connection != NULL ? rounds_connection_open_fhir (self.fixture.store, connection, error) : NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };

  if (client == NULL || !rounds_fhir_client_read (client, "Patient", "x", &answer, NULL, error))
    return FALSE;
  g_assert_cmpint (answer.status, ==, 404);   /* the small FHIR server's word */
  return TRUE;
}

static void
expect (Setting setting, gboolean trusted)
{
  g_autoptr (RoundsConnection) connection = new_connection (&setting);
  g_autoptr (GError) error = NULL;
  guint before = fault_server_get_n_requests (self.upstream->server);
  gboolean ok;

  rounds_connection_save (self.fixture.store, connection, NULL, &error);
  g_assert_no_error (error);
  ok = ask_saved (&error);
  if (trusted)
    g_assert_no_error (error);
  else
    g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);
  g_assert_cmpint (ok, ==, trusted);
  g_assert_cmpuint (fault_server_get_n_requests (self.upstream->server) - before, ==, trusted ? 1 : 0);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static gboolean
skip (void)
{
  if (self.nginx == NULL)
    g_test_skip ("nginx or openssl is not here");
  return self.nginx == NULL;
}

static void
test_certificates (void)
{
  if (skip ())
    return;
  expect ((Setting) { GOOD, TRUE }, TRUE);
  expect ((Setting) { GOOD, FALSE }, FALSE);   /* nobody on this computer knows that authority */
  expect ((Setting) { EXPIRED, TRUE }, FALSE);
  expect ((Setting) { WRONG_HOST, TRUE }, FALSE);
  expect ((Setting) { SELF_SIGNED, TRUE }, FALSE);
}

/* Whoever set that variable to look into a browser must not look into this; libcurl reads it when it is started. */
static void
test_no_key_log (void)
{
  g_autofree char *path = path_of ("keys.log");

  if (skip ())
    return;
  expect ((Setting) { GOOD, TRUE }, TRUE);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_version (void)
{
  g_autofree char *address = NULL;
  g_autoptr (GSubprocess) control = NULL;

  if (skip ())
    return;
  /* Somebody less careful gets through. */
  address = g_strdup_printf ("127.0.0.1:%u", self.ports[OLD]);
  control = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "openssl", "s_client", "-tls1_1", "-cipher",
                              "DEFAULT@SECLEVEL=0", "-connect", address, NULL);
  g_subprocess_wait (control, NULL, NULL);   /* its stdin is /dev/null: it shakes hands and goes */
  g_assert_cmpint (g_subprocess_get_exit_status (control), ==, 0);
  expect ((Setting) { OLD, TRUE }, FALSE);
}

static void
test_pins (void)
{
  g_autofree char *both = NULL;

  if (skip ())
    return;
  both = g_strconcat (WRONG_PIN, ";", self.pin, NULL);
  expect ((Setting) { GOOD, TRUE, WRONG_PIN }, FALSE);
  expect ((Setting) { GOOD, TRUE, self.pin }, TRUE);
  expect ((Setting) { GOOD, TRUE, both }, TRUE);
  expect ((Setting) { GOOD, FALSE, self.pin }, FALSE);   /* a pin is no trust of its own */
  expect ((Setting) { EXPIRED, TRUE, self.pin }, FALSE);
}

static void
test_mutual (void)
{
  if (skip ())
    return;
  expect ((Setting) { MUTUAL, TRUE, NULL, "client.pem", "client.key" }, TRUE);
  expect ((Setting) { MUTUAL, TRUE, NULL, NULL, NULL }, FALSE);
  expect ((Setting) { MUTUAL, TRUE, NULL, "stranger.pem", "stranger.key" }, FALSE);
  expect ((Setting) { GOOD, TRUE, self.pin, "client.pem", "client.key" }, TRUE);
}

static gboolean
ask_beside (int home, int port, GError **error)
{
  g_autofree char *base = g_strdup_printf ("https://127.0.0.1:%u/fhir/", self.ports[port]);
  g_autofree char *home_url = g_strdup_printf ("https://127.0.0.1:%u/fhir/", self.ports[home]);
  g_autofree char *ca = path_of ("ca.pem"), *cert = path_of ("client.pem"), *key = path_of ("client.key");
  g_autofree char *cert_pem = NULL;
  char *key_pem = NULL;
  const char *homes[] = { home_url, NULL };
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autoptr (RoundsHttp) http = rounds_http_new (base, none);
  g_autoptr (RoundsSecret) secret = NULL;
  g_autoptr (RoundsTrust) trust = NULL;
  RoundsHttpRequest request = { .method = "GET", .url = "Patient/x" };
  g_auto (RoundsHttpAnswer) answer = { 0 };

  g_assert_true (g_file_get_contents (cert, &cert_pem, NULL, NULL));
  g_assert_true (g_file_get_contents (key, &key_pem, NULL, NULL));
  secret = rounds_secret_new_take_text (key_pem);
  trust = rounds_trust_new (homes, ca, NULL, home == MUTUAL ? NULL : WRONG_PIN, cert_pem, secret);
  rounds_trust_apply (trust, http);
  return rounds_http_send (http, &request, &answer, NULL, error);
}

/* A server that only signs people in: the pins are not its, and it does not see the certificate. */
static void
test_beside (void)
{
  g_autoptr (GError) error = NULL;

  if (skip ())
    return;
  g_assert_false (ask_beside (GOOD, GOOD, NULL));
  ask_beside (EXPIRED, GOOD, &error);
  g_assert_no_error (error);
  ask_beside (MUTUAL, MUTUAL, &error);
  g_assert_no_error (error);
  g_assert_false (ask_beside (GOOD, MUTUAL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);
}

static gboolean
find_in_profile (const char *needle)
{
  const char *argv[] = { "grep", "-rqaF", needle, self.fixture.folder, NULL };
  int status = 0;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  return status == 0;
}

/* What was given once is kept: files may go, and the key lies nowhere in the clear. */
static void
test_kept (void)
{
  g_autofree char *key = NULL, *text = NULL, *moved_ca = NULL, *ca = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  if (skip ())
    return;
  expect ((Setting) { MUTUAL, TRUE, NULL, "client.pem", "client.key" }, TRUE);
  ca = path_of ("ca.pem");
  moved_ca = path_of ("moved.pem");
  key = path_of ("client.key");
  g_assert_cmpint (g_rename (ca, moved_ca), ==, 0);
  ask_saved (&error);
  g_assert_no_error (error);
  g_assert_cmpint (g_rename (moved_ca, ca), ==, 0);
  g_assert_true (g_file_get_contents (key, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (strlen (lines[1]), >, 40);
  g_assert_false (find_in_profile (lines[1]));
}

static void
refuse (const char *cert, const char *key)
{
  Setting setting = { MUTUAL, TRUE, NULL, cert, key };
  g_autoptr (RoundsConnection) connection = new_connection (&setting);
  g_autoptr (GError) error = NULL;

  g_assert_false (rounds_connection_save (self.fixture.store, connection, NULL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);
}

static void
refuse_authorities (const char *name)
{
  Setting setting = { GOOD, FALSE };
  g_autoptr (RoundsConnection) connection = new_connection (&setting);
  g_autoptr (GError) error = NULL;

  connection->ca_file = path_of (name);
  g_assert_false (rounds_connection_save (self.fixture.store, connection, NULL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);
}

/* Many keep certificate and key in one file: only certificates become settings. */
static void
test_both_in_one (void)
{
  g_autoptr (RoundsConnection) connection = NULL, saved = NULL;
  Setting setting = { MUTUAL, FALSE, NULL, "both.pem", "both.pem" };
  g_autoptr (GError) error = NULL;

  if (skip ())
    return;
  connection = new_connection (&setting);
  connection->ca_file = path_of ("both-ca.pem");
  rounds_connection_save (self.fixture.store, connection, NULL, &error);
  g_assert_no_error (error);
  saved = rounds_connection_load (self.fixture.store, "ward", NULL);
  g_assert_null (strstr (saved->client_cert, "PRIVATE KEY"));
  g_assert_null (strstr (saved->ca_pem, "PRIVATE KEY"));
  g_assert_true (ask_saved (&error));
  g_assert_no_error (error);
}

/* What cannot work is refused when it is given. */
static void
test_unusable (void)
{
  if (skip ())
    return;
  refuse ("client.pem", "stranger.key");
  refuse ("client.pem", "locked.key");
  refuse ("client.key", "client.key");
  refuse ("client.pem", "client.pem");
  refuse ("asks.pem", "client.key");
  refuse_authorities ("good.key");
  refuse_authorities ("nowhere.pem");
  refuse_authorities ("cut.pem");
  refuse_authorities ("cut-later.pem");
  refuse_authorities ("asks.pem");         /* nobody is asked for a passphrase, now or at the next sync */
  refuse_authorities ("asks-later.pem");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!set_up ())
    g_clear_object (&self.nginx);
  g_test_add_func ("/tls/certificates", test_certificates);
  g_test_add_func ("/tls/no-key-log", test_no_key_log);
  g_test_add_func ("/tls/version", test_version);
  g_test_add_func ("/tls/pins", test_pins);
  g_test_add_func ("/tls/mutual", test_mutual);
  g_test_add_func ("/tls/beside", test_beside);
  g_test_add_func ("/tls/kept", test_kept);
  g_test_add_func ("/tls/both-in-one", test_both_in_one);
  g_test_add_func ("/tls/unusable", test_unusable);
  status = g_test_run ();
  tear_down ();
  return status;
}
