/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Credentials as they go onto the wire.
 *
 * A kind is a small table of functions, so that kinds which talk to a sign-in server can join without a change
 * in http. The header is made anew for each request and lives in wiped memory only. */

#include "cloud/auth.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "cloud/error.h"

struct _RoundsAuth {
  const RoundsAuthKind *kind;
  gpointer data;   /* the kind's own */
};

/* A header that never changes; NULL = none is sent. */
static RoundsSecret *
fixed_dup_header (gpointer data, GCancellable *cancellable, GError **error)
{
  return data != NULL ? rounds_secret_ref (data) : NULL;
}

static void
fixed_free (gpointer data)
{
  rounds_secret_unref (data);   /* may be NULL */
}

static const RoundsAuthKind fixed_kind = { fixed_dup_header, NULL, fixed_free };

RoundsAuth *
rounds_auth_new (const RoundsAuthKind *kind, gpointer data)
{
  RoundsAuth *self = g_atomic_rc_box_new0 (RoundsAuth);

  self->kind = kind;
  self->data = data;
  return self;
}

RoundsAuth *
rounds_auth_new_none (void)
{
  return rounds_auth_new (&fixed_kind, NULL);
}

RoundsAuth *
rounds_auth_new_basic (const char *user, RoundsSecret *password, GError **error)
{
  static const char prefix[] = "Authorization: Basic ";
  g_autoptr (RoundsSecret) pair = NULL;
  RoundsSecret *header;
  gsize n_user, n_password, n_pair, n_base64;
  guint8 *bytes = rounds_secret_get (password, &n_password);

  if (user == NULL || *user == '\0' || strchr (user, ':') != NULL || strlen (user) > 256 || n_password > 4096)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                           _("A user name is needed, without a colon"));
      return NULL;
    }
  n_user = strlen (user);
  n_pair = n_user + 1 + n_password;
  pair = rounds_secret_new (n_pair);
  memcpy (rounds_secret_get (pair, NULL), user, n_user);
  rounds_secret_get (pair, NULL)[n_user] = ':';
  memcpy (rounds_secret_get (pair, NULL) + n_user + 1, bytes, n_password);

  n_base64 = sodium_base64_encoded_len (n_pair, sodium_base64_VARIANT_ORIGINAL);   /* counts the NUL */
  header = rounds_secret_new (strlen (prefix) + n_base64);
  memcpy (rounds_secret_get (header, NULL), prefix, strlen (prefix));
  sodium_bin2base64 ((char *) rounds_secret_get (header, NULL) + strlen (prefix), n_base64,
                     rounds_secret_get (pair, NULL), n_pair, sodium_base64_VARIANT_ORIGINAL);
  return rounds_auth_new (&fixed_kind, header);
}

RoundsSecret *
rounds_auth_bearer_header (RoundsSecret *token, GError **error)
{
  static const char prefix[] = "Authorization: Bearer ";
  RoundsSecret *header;
  gsize size, i;
  guint8 *bytes = rounds_secret_get (token, &size);

  for (i = 0; i < size && bytes[i] > 0x20 && bytes[i] < 0x7f; i++)
    ;
  if (size == 0 || size > 16384 || i < size)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                           _("The token is empty or holds characters that no token has"));
      return NULL;
    }
  header = rounds_secret_new (strlen (prefix) + size + 1);
  memcpy (rounds_secret_get (header, NULL), prefix, strlen (prefix));
  memcpy (rounds_secret_get (header, NULL) + strlen (prefix), bytes, size);
  return header;
}

RoundsAuth *
rounds_auth_new_bearer (RoundsSecret *token, GError **error)
{
  RoundsSecret *header = rounds_auth_bearer_header (token, error);

  return header != NULL ? rounds_auth_new (&fixed_kind, header) : NULL;
}

RoundsAuth *
rounds_auth_ref (RoundsAuth *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  RoundsAuth *self = data;

  self->kind->free (self->data);
}

void
rounds_auth_unref (RoundsAuth *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

RoundsSecret *
rounds_auth_dup_header (RoundsAuth *self, GCancellable *cancellable, GError **error)
{
  return self->kind->dup_header (self->data, cancellable, error);
}

gboolean
rounds_auth_refresh (RoundsAuth *self, GCancellable *cancellable, GError **error)
{
  return self->kind->refresh != NULL && self->kind->refresh (self->data, cancellable, error);
}
