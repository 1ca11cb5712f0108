/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of a cloud: JSON text in the store, the secret in the vault under a name made of a hash (names of
 * connections may have any case, names of secrets may not). */

#include "sync/connection.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "cloud/url.h"

RoundsConnection *
rounds_connection_new (const char *name)
{
  RoundsConnection *self = g_new0 (RoundsConnection, 1);

  self->name = g_strdup (name);
  self->auth = g_strdup ("none");
  return self;
}

void
rounds_connection_free (RoundsConnection *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->fhir_url);
  g_free (self->dicomweb_url);
  g_free (self->auth);
  g_free (self->user);
  g_free (self->client_id);
  g_free (self->scope);
  g_free (self->ca_file);
  g_free (self->ca_pem);
  g_free (self->pins);
  g_free (self->client_cert);
  g_clear_pointer (&self->client_key, rounds_secret_unref);
  g_free (self);
}

char *
rounds_connection_scope (const char *url, const char *what)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, url, -1);

  return g_strdup_printf ("%.16s/%s", hash, what);
}

static char *
secret_name (const char *name)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);

  return g_strdup_printf ("connection.%.32s", hash);
}

static gboolean
is_name (const char *name)
{
  gsize n = name != NULL ? strlen (name) : 0;

  return n > 0 && n <= 64 &&
         strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static RoundsAuth *
make_auth (const RoundsConnection *connection, RoundsSecret *secret, GError **error)
{
  if (strcmp (connection->auth, "none") == 0)
    return rounds_auth_new_none ();
  if (secret != NULL && strcmp (connection->auth, "basic") == 0)
    return rounds_auth_new_basic (connection->user, secret, error);
  if (secret != NULL && strcmp (connection->auth, "bearer") == 0)
    return rounds_auth_new_bearer (secret, error);
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                       secret == NULL ? _("The password or token of this connection is missing")
                                      : _("This way of signing in is not known"));
  return NULL;
}

static gboolean
check (const RoundsConnection *connection, RoundsSecret *secret, GError **error)
{
  g_autoptr (RoundsAuth) auth = NULL;
  const char *urls[] = { connection->fhir_url, connection->dicomweb_url };
  guint i, n = 0;

  if (!is_name (connection->name))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                           _("A connection’s name has 1 to 64 letters, digits, dots, dashes or underscores"));
      return FALSE;
    }
  for (i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autofree char *base = NULL;

      if (urls[i] == NULL)
        continue;
      base = rounds_url_normalise_base (urls[i], error);
      if (base == NULL)
        return FALSE;
      n++;
    }
  if (n == 0)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                           _("A connection needs an address for records or for images"));
      return FALSE;
    }
  auth = make_auth (connection, secret, error);
  return auth != NULL;
}

gboolean
rounds_connection_save (RoundsStore *store, const RoundsConnection *connection, RoundsSecret *secret, GError **error)
{
  g_autoptr (json_object) json = json_object_new_object ();
  g_autoptr (RoundsSecret) key = NULL;
  g_autofree char *text = NULL;
  g_autofree char *name = NULL;

  if (!check (connection, secret, error))
    return FALSE;
  rounds_json_add_string (json, "fhir", connection->fhir_url);
  rounds_json_add_string (json, "dicomweb", connection->dicomweb_url);
  rounds_json_add_string (json, "auth", connection->auth);
  rounds_json_add_string (json, "user", connection->user);
  rounds_json_add_string (json, "ca_file", connection->ca_file);
  rounds_json_add_string (json, "pins", connection->pins);
  text = rounds_json_print (json);
  /* The store checks the right to configure; the secret follows only then. */
  if (!rounds_store_connection_set (store, connection->name, text, error))
    return FALSE;
  name = secret_name (connection->name);
  if (strcmp (connection->auth, "none") == 0)
    {
      rounds_vault_remove_secret (rounds_store_get_vault (store), name, NULL);
      return TRUE;
    }
  key = rounds_store_dup_key (store);
  return rounds_vault_store_secret (rounds_store_get_vault (store), key, name, secret, error);
}

RoundsConnection *
rounds_connection_load (RoundsStore *store, const char *name, GError **error)
{
  g_autofree char *text = rounds_store_connection_dup (store, name, error);
  g_autoptr (json_object) json = NULL;
  RoundsConnection *self;
  const char *auth;

  if (text == NULL || (json = rounds_json_parse (text, -1, error)) == NULL)
    return NULL;
  self = rounds_connection_new (name);
  self->fhir_url = g_strdup (rounds_json_peek_string (json, "fhir"));
  self->dicomweb_url = g_strdup (rounds_json_peek_string (json, "dicomweb"));
  self->user = g_strdup (rounds_json_peek_string (json, "user"));
  self->ca_file = g_strdup (rounds_json_peek_string (json, "ca_file"));
  self->pins = g_strdup (rounds_json_peek_string (json, "pins"));
  auth = rounds_json_peek_string (json, "auth");
  if (auth != NULL)
    {
      g_free (self->auth);
      self->auth = g_strdup (auth);
    }
  return self;
}

GPtrArray *
rounds_connection_list (RoundsStore *store, GError **error)
{
  g_auto (GStrv) names = rounds_store_connection_list (store, error);
  g_autoptr (GPtrArray) list = NULL;
  guint i;

  if (names == NULL)
    return NULL;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_connection_free);
  for (i = 0; names[i] != NULL; i++)
    {
      RoundsConnection *connection = rounds_connection_load (store, names[i], error);

      if (connection == NULL)
        return NULL;
      g_ptr_array_add (list, connection);
    }
  return g_steal_pointer (&list);
}

gboolean
rounds_connection_remove (RoundsStore *store, const char *name, GError **error)
{
  g_autofree char *text = rounds_store_connection_dup (store, name, error);
  g_autofree char *secret = secret_name (name);

  if (text == NULL || !rounds_store_connection_set (store, name, NULL, error))
    return FALSE;
  rounds_vault_remove_secret (rounds_store_get_vault (store), secret, NULL);
  return TRUE;
}

/* --- clients --------------------------------------------------------------------------------------- */

static RoundsAuth *
open_auth (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  g_autoptr (RoundsSecret) secret = NULL;

  if (strcmp (connection->auth, "none") != 0)
    {
      g_autoptr (RoundsSecret) key = rounds_store_dup_key (store);
      g_autofree char *name = secret_name (connection->name);

      secret = rounds_vault_load_secret (rounds_store_get_vault (store), key, name, error);
      if (secret == NULL)
        return NULL;
    }
  return make_auth (connection, secret, error);
}

static void
set_up_http (RoundsHttp *http, const RoundsConnection *connection)
{
  rounds_http_set_ca_file (http, connection->ca_file);
  rounds_http_set_pins (http, connection->pins);
}

static gboolean
need_url (const char *url, GError **error)
{
  if (url == NULL)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                         _("This connection has no address for that"));
  return url != NULL;
}

RoundsFhirClient *
rounds_connection_open_fhir (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  g_autoptr (RoundsAuth) auth = NULL;
  RoundsFhirClient *client;

  if (!need_url (connection->fhir_url, error) || (auth = open_auth (store, connection, error)) == NULL)
    return NULL;
  client = rounds_fhir_client_new (connection->fhir_url, auth, error);
  if (client != NULL)
    set_up_http (rounds_fhir_client_get_http (client), connection);
  return client;
}

RoundsDicomwebClient *
rounds_connection_open_dicomweb (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  g_autoptr (RoundsAuth) auth = NULL;
  RoundsDicomwebClient *client;

  if (!need_url (connection->dicomweb_url, error) || (auth = open_auth (store, connection, error)) == NULL)
    return NULL;
  client = rounds_dicomweb_client_new (connection->dicomweb_url, auth, error);
  if (client != NULL)
    set_up_http (rounds_dicomweb_client_get_http (client), connection);
  return client;
}

RoundsServerProfile *
rounds_connection_dup_profile (RoundsStore *store, const RoundsConnection *connection)
{
  g_autofree char *scope = NULL;
  g_autofree char *text = NULL;
  g_autoptr (json_object) json = NULL;

  if (connection->fhir_url == NULL)
    return NULL;
  scope = rounds_connection_scope (connection->fhir_url, "profile");
  text = rounds_store_dup_cursor (store, scope, NULL);
  json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  return json != NULL ? rounds_server_profile_from_json (json) : NULL;
}

RoundsServerProfile *
rounds_connection_probe (RoundsStore *store, const char *name, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (store, name, error);
  g_autoptr (RoundsFhirClient) client = NULL;
  g_autoptr (RoundsServerProfile) profile = NULL;
  g_autoptr (json_object) json = NULL;
  g_autofree char *scope = NULL;
  g_autofree char *text = NULL;

  if (connection == NULL || (client = rounds_connection_open_fhir (store, connection, error)) == NULL)
    return NULL;
  profile = rounds_server_profile_probe (client, rounds_role_may (rounds_store_get_role (store), ROUNDS_ACT_SYNC, NULL),
                                         cancellable, error);
  if (profile == NULL)
    return NULL;
  json = rounds_server_profile_to_json (profile);
  text = rounds_json_print (json);
  scope = rounds_connection_scope (connection->fhir_url, "profile");
  if (!rounds_store_set_cursor (store, scope, text, error))
    return NULL;
  return g_steal_pointer (&profile);
}
