/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens that are signed or read.
 *
 * One algorithm to sign with, ES384: every SMART server must take it, and its keys are small and quick to make.
 * OpenSSL's libcrypto does the arithmetic, the same that libcurl's TLS runs on. */

#include "cloud/jwt.h"

#include <glib/gi18n-lib.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

#include "cloud/error.h"
#include "fhir/reference.h"

#define COORDINATE_BYTES 48   /* of P-384 */
#define MAX_JWT (64 * 1024)
#define LIFE_US (4 * 60 * G_USEC_PER_SEC)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_free)

char *
rounds_base64url (const guint8 *bytes, gsize size)
{
  gsize length = sodium_base64_encoded_len (size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

  return sodium_bin2base64 (g_malloc (length), length, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static gboolean
fail (GError **error, const char *words)
{
  ERR_clear_error ();
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL, words);
  return FALSE;
}

/* --- keys ------------------------------------------------------------------------------------------------- */

RoundsSecret *
rounds_jwt_key_new (GError **error)
{
  g_autoptr (EVP_PKEY) key = EVP_EC_gen ("P-384");
  g_autoptr (RoundsSecret) out = NULL;
  PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8 (key) : NULL;
  int size = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO (info, NULL) : 0;

  if (size > 0)
    {
      unsigned char *at;

      out = rounds_secret_new ((gsize) size);
      at = rounds_secret_get (out, NULL);
      i2d_PKCS8_PRIV_KEY_INFO (info, &at);
    }
  PKCS8_PRIV_KEY_INFO_free (info);
  if (out == NULL)
    fail (error, _("No key can be made on this computer"));
  return g_steal_pointer (&out);
}

static EVP_PKEY *
read_key (RoundsSecret *secret, GError **error)
{
  gsize size;
  const unsigned char *at = rounds_secret_get (secret, &size);
  EVP_PKEY *key = size < 4096 ? d2i_AutoPrivateKey (NULL, &at, (long) size) : NULL;
  char group[32] = "";

  if (key != NULL && EVP_PKEY_get_group_name (key, group, sizeof group, NULL) == 1 &&
      (strcmp (group, "secp384r1") == 0 || strcmp (group, "P-384") == 0))
    return key;
  EVP_PKEY_free (key);
  fail (error, _("The key of this connection cannot be used; make a new one"));
  return NULL;
}

static char *
coordinate (EVP_PKEY *key, const char *which)
{
  g_autoptr (BIGNUM) number = NULL;
  BIGNUM *got = NULL;
  guint8 bytes[COORDINATE_BYTES];

  if (EVP_PKEY_get_bn_param (key, which, &got) != 1)
    return NULL;
  number = got;
  return BN_bn2binpad (number, bytes, sizeof bytes) == sizeof bytes ? rounds_base64url (bytes, sizeof bytes) : NULL;
}

/* The members in the order that the thumbprint is made of. */
static char *
dup_members (EVP_PKEY *key)
{
  g_autofree char *x = coordinate (key, OSSL_PKEY_PARAM_EC_PUB_X);
  g_autofree char *y = coordinate (key, OSSL_PKEY_PARAM_EC_PUB_Y);

  if (x == NULL || y == NULL)
    return NULL;
  return g_strdup_printf ("\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"", x, y);
}

static char *
thumbprint (const char *members)
{
  g_autofree char *text = g_strdup_printf ("{%s}", members);
  guint8 hash[crypto_hash_sha256_BYTES];

  crypto_hash_sha256 (hash, (const guint8 *) text, strlen (text));
  return rounds_base64url (hash, sizeof hash);
}

char *
rounds_jwt_key_dup_jwks (RoundsSecret *secret, GError **error)
{
  g_autoptr (EVP_PKEY) key = read_key (secret, error);
  g_autofree char *members = key != NULL ? dup_members (key) : NULL;
  g_autofree char *kid = NULL;

  if (members == NULL)
    {
      if (key != NULL)
        fail (error, _("The key of this connection cannot be used; make a new one"));
      return NULL;
    }
  kid = thumbprint (members);
  return g_strdup_printf ("{\"keys\":[{%s,\"use\":\"sig\",\"alg\":\"ES384\",\"key_ops\":[\"verify\"],\"kid\":\"%s\"}]}",
                          members, kid);
}

/* --- signing ---------------------------------------------------------------------------------------------- */

/* JOSE wants r and s side by side, OpenSSL gives them in DER. */
static gboolean
sign (EVP_PKEY *key, const char *text, guint8 out[2 * COORDINATE_BYTES])
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autoptr (ECDSA_SIG) pair = NULL;
  unsigned char der[256];
  const unsigned char *at = der;
  size_t size = sizeof der;

  if (context == NULL || EVP_DigestSignInit (context, NULL, EVP_sha384 (), NULL, key) != 1 ||
      EVP_DigestSign (context, der, &size, (const unsigned char *) text, strlen (text)) != 1)
    return FALSE;
  pair = d2i_ECDSA_SIG (NULL, &at, (long) size);
  return pair != NULL && BN_bn2binpad (ECDSA_SIG_get0_r (pair), out, COORDINATE_BYTES) == COORDINATE_BYTES &&
         BN_bn2binpad (ECDSA_SIG_get0_s (pair), out + COORDINATE_BYTES, COORDINATE_BYTES) == COORDINATE_BYTES;
}

static char *
encode_json (json_object *json)
{
  g_autofree char *text = rounds_json_print (json);

  return rounds_base64url ((const guint8 *) text, strlen (text));
}

RoundsSecret *
rounds_jwt_assertion (RoundsSecret *secret, const char *client_id, const char *audience, gint64 now_us, GError **error)
{
  g_autoptr (EVP_PKEY) key = read_key (secret, error);
  g_autoptr (json_object) head = json_object_new_object ();
  g_autoptr (json_object) claims = json_object_new_object ();
  g_autofree char *members = key != NULL ? dup_members (key) : NULL;
  g_autofree char *kid = NULL, *jti = NULL, *first = NULL, *second = NULL, *text = NULL, *end = NULL;
  guint8 random[24], signature[2 * COORDINATE_BYTES];

  if (key == NULL)
    return NULL;
  if (members == NULL)
    {
      fail (error, _("The key of this connection cannot be used; make a new one"));
      return NULL;
    }
  kid = thumbprint (members);
  randombytes_buf (random, sizeof random);
  jti = rounds_base64url (random, sizeof random);
  rounds_json_add_string (head, "alg", "ES384");
  rounds_json_add_string (head, "typ", "JWT");
  rounds_json_add_string (head, "kid", kid);
  rounds_json_add_string (claims, "iss", client_id);
  rounds_json_add_string (claims, "sub", client_id);
  rounds_json_add_string (claims, "aud", audience);
  rounds_json_add_string (claims, "jti", jti);
  json_object_object_add (claims, "iat", json_object_new_int64 (now_us / G_USEC_PER_SEC));
  json_object_object_add (claims, "exp", json_object_new_int64 ((now_us + LIFE_US) / G_USEC_PER_SEC));
  first = encode_json (head);
  second = encode_json (claims);
  text = g_strconcat (first, ".", second, NULL);
  if (!sign (key, text, signature))
    {
      fail (error, _("The key of this connection cannot be used; make a new one"));
      return NULL;
    }
  end = rounds_base64url (signature, sizeof signature);
  return rounds_secret_new_take_text (g_strconcat (text, ".", end, NULL));
}

/* --- reading ---------------------------------------------------------------------------------------------- */

json_object *
rounds_jwt_peek_claims (const char *jwt, gsize size, GError **error)
{
  const char *dot = size <= MAX_JWT ? memchr (jwt, '.', size) : NULL;
  const char *end = dot != NULL ? memchr (dot + 1, '.', size - (gsize) (dot + 1 - jwt)) : NULL;
  g_autofree guint8 *bytes = NULL;
  json_object *claims = NULL;
  gsize length, room;

  if (end != NULL)
    {
      room = (gsize) (end - dot);
      bytes = g_malloc (room);
      if (sodium_base642bin (bytes, room, dot + 1, (gsize) (end - dot - 1), NULL, &length, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 && length > 0)
        claims = rounds_json_parse ((const char *) bytes, (gssize) length, NULL);
    }
  if (!json_object_is_type (claims, json_type_object))
    {
      g_clear_pointer (&claims, json_object_put);
      fail (error, _("The cloud’s word on who signed in cannot be read"));
    }
  return claims;
}

static gboolean
is_for (json_object *claims, const char *client_id)
{
  json_object *audience = rounds_json_peek (claims, "aud");
  const char *party = rounds_json_peek_string (claims, "azp");
  gsize i, n;

  if (party != NULL && strcmp (party, client_id) != 0)
    return FALSE;
  if (json_object_is_type (audience, json_type_string))
    return strcmp (json_object_get_string (audience), client_id) == 0;
  n = json_object_is_type (audience, json_type_array) ? json_object_array_length (audience) : 0;
  for (i = 0; i < n; i++)
    {
      json_object *item = json_object_array_get_idx (audience, i);

      if (json_object_is_type (item, json_type_string) && strcmp (json_object_get_string (item), client_id) == 0)
        return n == 1 || party != NULL;
    }
  return FALSE;
}

gboolean
rounds_jwt_check_id_token (const char *jwt, gsize size, const char *issuer, const char *client_id, const char *nonce,
                           char **who, GError **error)
{
  g_autoptr (json_object) claims = rounds_jwt_peek_claims (jwt, size, error);
  g_auto (RoundsReference) reference = { 0 };
  const char *user;

  if (claims == NULL)
    return FALSE;
  if ((issuer != NULL && g_strcmp0 (rounds_json_peek_string (claims, "iss"), issuer) != 0) ||
      !is_for (claims, client_id) ||
      (nonce != NULL && g_strcmp0 (rounds_json_peek_string (claims, "nonce"), nonce) != 0))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                           _("The cloud’s word on who signed in is not meant for this sign-in"));
      return FALSE;
    }
  user = rounds_json_peek_string (claims, "fhirUser");
  *who = NULL;
  if (user != NULL && strlen (user) <= 2048 && rounds_reference_parse (user, &reference) && reference.id != NULL)
    *who = g_strconcat (reference.type, "/", reference.id, NULL);
  return TRUE;
}
