/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trust beyond the system's: own authorities, pins and a certificate of this installation.
 *
 * Everything is given to libcurl as bytes: a path would have to stay readable, and a private key would lie on
 * disk in the clear. What cannot work is refused when it is set up, not at the next sync. */

#include "cloud/tls.h"

#include <glib/gi18n-lib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "cloud/url.h"

#define MAX_PEM (1024 * 1024)
#define MAX_PINS 16

struct _RoundsTrust {
  char **homes;
  char *ca_file;
  char *ca_pem;
  char *pins;
  char *cert_pem;
  RoundsSecret *key_pem;
};

RoundsTrust *
rounds_trust_new (const char *const *homes, const char *ca_file, const char *ca_pem, const char *pins,
                  const char *cert_pem, RoundsSecret *key_pem)
{
  RoundsTrust *self = g_atomic_rc_box_new0 (RoundsTrust);

  self->homes = g_strdupv ((char **) homes);
  self->ca_file = g_strdup (ca_file);
  self->ca_pem = g_strdup (ca_pem);
  self->pins = g_strdup (pins);
  self->cert_pem = g_strdup (cert_pem);
  self->key_pem = key_pem != NULL ? rounds_secret_ref (key_pem) : NULL;
  return self;
}

RoundsTrust *
rounds_trust_ref (RoundsTrust *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  RoundsTrust *self = data;

  g_strfreev (self->homes);
  g_free (self->ca_file);
  g_free (self->ca_pem);
  g_free (self->pins);
  g_free (self->cert_pem);
  g_clear_pointer (&self->key_pem, rounds_secret_unref);
}

void
rounds_trust_unref (RoundsTrust *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

void
rounds_trust_apply (RoundsTrust *self, RoundsHttp *http)
{
  gboolean home = FALSE;
  guint i;

  for (i = 0; !home && self->homes[i] != NULL; i++)
    home = rounds_url_same_origin (self->homes[i], rounds_http_get_base (http));
  rounds_http_set_ca_file (http, self->ca_file);
  rounds_http_set_ca_pem (http, self->ca_pem);
  rounds_http_set_pins (http, home ? self->pins : NULL);
  if (home && self->cert_pem != NULL && self->key_pem != NULL)
    rounds_http_set_client (http, self->cert_pem, self->key_pem);
}

/* --- checks --------------------------------------------------------------------------------------------- */

/* Never asks anybody: OpenSSL's own would, on the terminal. */
static int
no_passphrase_cb (char *buffer, int size, int writing, void *data)
{
  return -1;
}

static X509 *
read_certificate (const char *name, const char *header, const unsigned char *data, long size)
{
  if (!g_str_has_suffix (name, "CERTIFICATE") || *header != '\0')
    return NULL;
  return d2i_X509 (NULL, &data, size);
}

/* The certificates of a text and nothing else of it: a file often holds the private key too, which must not lie
 * among the settings, and a block that wants a passphrase would have OpenSSL, and at each sync libcurl, ask on the
 * terminal. NULL when there is none or one cannot be read; else *first (caller frees) is the first. */
static char *
dup_certificates (const char *pem, X509 **first)
{
  BIO *in = strlen (pem) <= MAX_PEM ? BIO_new_mem_buf (pem, -1) : NULL, *out = BIO_new (BIO_s_mem ());
  char *name = NULL, *header = NULL, *text = NULL, *bytes = NULL;
  unsigned char *data = NULL;
  gboolean ok = in != NULL && out != NULL;
  long size = 0;

  *first = NULL;
  while (ok && PEM_read_bio (in, &name, &header, &data, &size) == 1)
    {
      X509 *certificate = read_certificate (name, header, data, size);

      ok = certificate != NULL ? PEM_write_bio_X509 (out, certificate) == 1 : strstr (name, "CERTIFICATE") == NULL;
      if (*first == NULL)
        *first = certificate;
      else
        X509_free (certificate);
      OPENSSL_free (name);
      OPENSSL_free (header);
      OPENSSL_clear_free (data, (size_t) size);
    }
  ok = ok && *first != NULL && ERR_GET_REASON (ERR_peek_last_error ()) == PEM_R_NO_START_LINE;
  if (ok && (size = BIO_get_mem_data (out, &bytes)) > 0)
    text = g_strndup (bytes, (gsize) size);
  BIO_free (in);
  BIO_free (out);
  ERR_clear_error ();
  if (text == NULL)
    g_clear_pointer (first, X509_free);
  return text;
}

char *
rounds_tls_dup_authorities (const char *pem, GError **error)
{
  X509 *first;
  char *text = dup_certificates (pem, &first);

  X509_free (first);
  if (text == NULL)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS,
                         _("The file of certificate authorities holds no certificate in PEM form"));
  return text;
}

char *
rounds_tls_dup_client (const char *cert_pem, RoundsSecret *key_pem, GError **error)
{
  X509 *first;
  g_autofree char *text = dup_certificates (cert_pem, &first);
  EVP_PKEY *key = NULL;
  BIO *bio = NULL;
  gsize size;
  const guint8 *bytes = rounds_secret_get (key_pem, &size);
  const char *words = NULL;

  if (size <= MAX_PEM && (bio = BIO_new_mem_buf (bytes, (int) size)) != NULL)
    key = PEM_read_bio_PrivateKey (bio, NULL, no_passphrase_cb, NULL);
  if (text == NULL)
    words = _("The client certificate is no certificate in PEM form");
  else if (key == NULL)
    words = _("The key of the client certificate is no private key in PEM form without a passphrase");
  else if (X509_check_private_key (first, key) != 1)
    words = _("The key does not belong to the client certificate");
  BIO_free (bio);
  EVP_PKEY_free (key);
  X509_free (first);
  ERR_clear_error ();
  if (words == NULL)
    return g_steal_pointer (&text);
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS, words);
  return NULL;
}

gboolean
rounds_tls_check_pins (const char *pins, guint *n, GError **error)
{
  static const char prefix[] = "sha256//";
  g_auto (GStrv) parts = g_strsplit (pins, ";", MAX_PINS + 1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean ok = parts[0] != NULL && g_strv_length (parts) <= MAX_PINS;
  guint i;

  for (i = 0; ok && parts[i] != NULL; i++)
    {
      const char *text = g_str_has_prefix (parts[i], prefix) ? parts[i] + strlen (prefix) : "";
      g_autofree guchar *hash = NULL;
      g_autofree char *again = NULL;
      gsize size = 0;

      hash = g_base64_decode (text, &size);
      again = g_base64_encode (hash, size);
      ok = size == 32 && g_str_equal (again, text);
      g_hash_table_add (seen, parts[i]);
    }
  if (!ok)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS,
                         _("A pin is written sha256// and the hash of the server’s public key in base64"));
  if (n != NULL)
    *n = ok ? g_hash_table_size (seen) : 0;
  return ok;
}
