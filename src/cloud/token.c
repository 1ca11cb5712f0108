/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sign-in leaves, as it is kept: lines of "name value" in wiped memory. JSON would need copies on the
 * ordinary heap; no value holds a line end (checked where they come in). */

#include <string.h>

#include "base/instant.h"
#include "cloud/token-auth.h"
#include "cloud/url.h"

#define MAGIC "rounds-token 1\n"
#define MAX_TEXT (64 * 1024)

RoundsToken *
rounds_token_new (void)
{
  RoundsToken *self = g_atomic_rc_box_new0 (RoundsToken);

  self->until_us = G_MAXINT64;
  return self;
}

RoundsToken *
rounds_token_ref (RoundsToken *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  RoundsToken *self = data;

  g_free (self->token_endpoint);
  g_free (self->revocation_endpoint);
  g_free (self->client_id);
  g_free (self->scope);
  g_free (self->who);
  g_clear_pointer (&self->access, rounds_secret_unref);
  g_clear_pointer (&self->refresh, rounds_secret_unref);
}

void
rounds_token_unref (RoundsToken *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/* --- out ---------------------------------------------------------------------------------------------------- */

typedef struct {
  guint8 *at;    /* NULL: only count */
  gsize used;
} Out;

static void
put (Out *out, const void *bytes, gsize size)
{
  if (out->at != NULL)
    memcpy (out->at + out->used, bytes, size);
  out->used += size;
}

static void
put_line (Out *out, const char *name, const void *value, gsize size)
{
  put (out, name, strlen (name));
  put (out, " ", 1);
  put (out, value, size);
  put (out, "\n", 1);
}

static void
put_text (Out *out, const char *name, const char *value)
{
  if (value != NULL)
    put_line (out, name, value, strlen (value));
}

static void
put_secret (Out *out, const char *name, RoundsSecret *value)
{
  gsize size;
  const guint8 *bytes;

  if (value == NULL)
    return;
  bytes = rounds_secret_get (value, &size);
  put_line (out, name, bytes, size);
}

static void
put_number (Out *out, const char *name, gint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  put_text (out, name, text);
}

static void
put_all (Out *out, const RoundsToken *self)
{
  put (out, MAGIC, strlen (MAGIC));
  put_text (out, "token-endpoint", self->token_endpoint);
  put_text (out, "revocation-endpoint", self->revocation_endpoint);
  put_text (out, "client-id", self->client_id);
  put_text (out, "scope", self->scope);
  put_text (out, "who", self->who);
  put_secret (out, "access", self->access);
  put_secret (out, "refresh", self->refresh);
  put_number (out, "since", self->since_us);
  put_number (out, "until", self->until_us);
}

RoundsSecret *
rounds_token_to_secret (const RoundsToken *self)
{
  Out count = { NULL, 0 }, out = { NULL, 0 };
  RoundsSecret *secret;

  put_all (&count, self);
  secret = rounds_secret_new (count.used);
  out.at = rounds_secret_get (secret, NULL);
  put_all (&out, self);
  return secret;
}

/* --- in ----------------------------------------------------------------------------------------------------- */

static void
take_line (RoundsToken *self, const char *name, gsize n_name, const char *value, gsize size)
{
  const struct { const char *name; char **text; RoundsSecret **secret; gint64 *number; } members[] = {
    { "token-endpoint", &self->token_endpoint, NULL, NULL },
    { "revocation-endpoint", &self->revocation_endpoint, NULL, NULL },
    { "client-id", &self->client_id, NULL, NULL },
    { "scope", &self->scope, NULL, NULL },
    { "who", &self->who, NULL, NULL },
    { "access", NULL, &self->access, NULL },
    { "refresh", NULL, &self->refresh, NULL },
    { "since", NULL, NULL, &self->since_us },
    { "until", NULL, NULL, &self->until_us },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (members); i++)
    {
      if (strlen (members[i].name) != n_name || memcmp (members[i].name, name, n_name) != 0)
        continue;
      if (members[i].text != NULL && *members[i].text == NULL)
        *members[i].text = g_strndup (value, size);
      else if (members[i].secret != NULL && *members[i].secret == NULL)
        *members[i].secret = rounds_secret_new_copy (value, size);
      else if (members[i].number != NULL)
        {
          g_autofree char *text = g_strndup (value, size);

          *members[i].number = g_ascii_strtoll (text, NULL, 10);
        }
    }
}

RoundsToken *
rounds_token_from_secret (RoundsSecret *secret)
{
  gsize size;
  const char *at = (const char *) rounds_secret_get (secret, &size), *end = at + size;
  g_autoptr (RoundsToken) self = rounds_token_new ();

  if (size > MAX_TEXT || size < strlen (MAGIC) || memcmp (at, MAGIC, strlen (MAGIC)) != 0)
    return NULL;
  at += strlen (MAGIC);
  while (at < end)
    {
      const char *line_end = memchr (at, '\n', (gsize) (end - at));
      const char *blank = line_end != NULL ? memchr (at, ' ', (gsize) (line_end - at)) : NULL;

      if (blank == NULL)
        return NULL;
      take_line (self, at, (gsize) (blank - at), blank + 1, (gsize) (line_end - blank - 1));
      at = line_end + 1;
    }
  if (self->client_id == NULL || !rounds_url_check_endpoint (self->token_endpoint, NULL) ||
      (self->revocation_endpoint != NULL && !rounds_url_check_endpoint (self->revocation_endpoint, NULL)))
    return NULL;
  return g_steal_pointer (&self);
}

RoundsToken *
rounds_token_from_grant (RoundsOauthGrant *grant, const RoundsToken *before, gint64 now_us)
{
  RoundsToken *self = rounds_token_new ();

  if (before != NULL)
    {
      self->token_endpoint = g_strdup (before->token_endpoint);
      self->revocation_endpoint = g_strdup (before->revocation_endpoint);
      self->client_id = g_strdup (before->client_id);
      self->who = g_strdup (before->who);
      /* A server that does not rotate gives none anew. */
      self->refresh = before->refresh != NULL && grant->refresh == NULL ? rounds_secret_ref (before->refresh) : NULL;
      self->scope = grant->scope == NULL ? g_strdup (before->scope) : NULL;
    }
  self->access = g_steal_pointer (&grant->access);
  if (grant->refresh != NULL)
    self->refresh = g_steal_pointer (&grant->refresh);
  if (grant->scope != NULL)
    self->scope = g_steal_pointer (&grant->scope);
  self->since_us = now_us;
  self->until_us = grant->expires_in_s >= 0 ? now_us + grant->expires_in_s * G_USEC_PER_SEC : G_MAXINT64;
  return self;
}
