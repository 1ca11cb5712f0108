/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server can do is found out once, and again when that is a day old or when the server says of itself
 * something else than it did; which is asked at most once an hour. Never at each pass: the trial writes. */

#include "sync/listing.h"

#include "base/instant.h"

#define TRY_EVERY_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define ASK_EVERY_US ((gint64) 3600 * G_USEC_PER_SEC)

typedef struct {
  gint64 tried_us, asked_us;
  char *statement;         /* digest of what the CapabilityStatement says */
} Age;

static void
age_clear (Age *self)
{
  g_clear_pointer (&self->statement, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Age, age_clear)

static void
age_load (RoundsStore *store, const char *scope, Age *out)
{
  g_autofree char *text = rounds_store_dup_cursor (store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  out->tried_us = json_object_get_int64 (rounds_json_peek (json, "tried_us"));
  out->asked_us = json_object_get_int64 (rounds_json_peek (json, "asked_us"));
  out->statement = g_strdup (rounds_json_peek_string (json, "statement"));
}

static gboolean
age_save (RoundsStore *store, const char *scope, const Age *age, GError **error)
{
  g_autofree char *text =
    g_strdup_printf ("{\"tried_us\":%" G_GINT64_FORMAT ",\"asked_us\":%" G_GINT64_FORMAT ",\"statement\":\"%s\"}",
                     age->tried_us, age->asked_us, age->statement != NULL ? age->statement : "");

  return rounds_store_set_cursor (store, scope, text, error);
}

/* A time of this computer's clock that lies ahead was kept before the clock was put back. */
static gboolean
is_older (gint64 then_us, gint64 than_us)
{
  gint64 age = rounds_instant_now_us () - then_us;

  return age < 0 || age > than_us;
}

/* Its date changes each time; what counts is the software, the version and what it can. NULL = not to be had. */
static char *
ask_statement (RoundsFhirClient *client, GCancellable *cancellable)
{
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autofree char *software = NULL, *rest = NULL, *all = NULL;

  if (!rounds_fhir_client_capabilities (client, &answer, cancellable, NULL) || answer.status != 200)
    return NULL;
  software = rounds_json_print (rounds_json_peek (answer.resource, "software"));
  rest = rounds_json_print (rounds_json_peek (answer.resource, "rest"));
  all = g_strconcat (software, rest, NULL);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, all, -1);
}

/* Types may have come: the searches look once more, then the history goes on from where it was. */
static void
search_again (RoundsStore *store, const RoundsConnection *connection)
{
  g_autofree char *scope = rounds_connection_scope (connection->fhir_url, "history");
  RoundsPass pass = { .store = store, .fhir_url = connection->fhir_url };
  gint64 watermark = rounds_listing_load (&pass, scope, NULL);

  if (watermark > 0)
    rounds_listing_save (&pass, scope, watermark, FALSE, NULL);
}

RoundsServerProfile *
rounds_pass_get_profile (RoundsStore *store, const RoundsConnection *connection, RoundsFhirClient *client,
                         GCancellable *cancellable, GError **error)
{
  g_autofree char *scope = rounds_connection_scope (connection->fhir_url, "profile-age");
  g_autoptr (RoundsServerProfile) profile = rounds_connection_dup_profile (store, connection);
  g_autoptr (RoundsServerProfile) fresh = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *statement = NULL;
  g_auto (Age) age = { 0 };
  gboolean other = FALSE;

  age_load (store, scope, &age);
  if (profile != NULL && !is_older (age.asked_us, ASK_EVERY_US))
    return g_steal_pointer (&profile);
  statement = ask_statement (client, cancellable);
  if (profile != NULL && statement == NULL)
    return g_steal_pointer (&profile);   /* not to be had now; the requests that follow tell why */
  other = profile != NULL && age.statement != NULL && *age.statement != '\0' && g_strcmp0 (statement, age.statement) != 0;
  if (profile == NULL || other || is_older (age.tried_us, TRY_EVERY_US))
    {
      fresh = rounds_connection_probe (store, connection->name, cancellable, &local);
      if (fresh == NULL && profile == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      if (fresh == NULL)
        return g_steal_pointer (&profile);
      if (other)
        search_again (store, connection);
      g_clear_pointer (&profile, rounds_server_profile_free);
      profile = g_steal_pointer (&fresh);
      age.tried_us = rounds_instant_now_us ();
    }
  g_set_str (&age.statement, statement);
  age.asked_us = rounds_instant_now_us ();
  if (!age_save (store, scope, &age, error))
    return NULL;
  return g_steal_pointer (&profile);
}
