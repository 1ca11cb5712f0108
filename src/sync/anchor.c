/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of the audit trail, told to the cloud.
 *
 * Whoever puts back yesterday's whole profile, key file, head and all, has a trail that is right in itself. The cloud
 * remembers a longer one. One AuditEvent a profile is written over and over; the server's own versions keep the older
 * ones. It is read before anything is sent: where the trail here is shorter or another one, the pass reads what the
 * cloud has before it sends, so that what waits here meets the newest version and not the one that it was made from,
 * and no anchor is written until a person says that the cache was put back on purpose. */
#include "sync/anchor.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/json.h"

#define INTERVAL_US ((gint64) 600 * G_USEC_PER_SEC)
#define TROUBLE "anchor.trouble"
#define ACCEPTED "anchor.accepted"     /* SEQ:HASH of the anchor that was overruled */
#define MAX_HASH 64

typedef struct {
  gint64 seq;
  char hash[MAX_HASH + 1];
  char *version;
} Anchor;

static char *
anchor_id (RoundsStore *store)
{
  return g_strconcat ("rounds-audit-", rounds_store_get_profile_id (store), NULL);
}

static gboolean
is_wanted (RoundsPass *pass)
{
  g_autofree char *scope = rounds_connection_scope_of (pass, "anchor-refused");
  g_autofree char *refused = rounds_store_dup_cursor (pass->store, scope, NULL);

  return refused == NULL && pass->profile != NULL && pass->profile->search_types != NULL &&
         g_hash_table_contains (pass->profile->search_types, "AuditEvent");
}

/* Noted once: then this server is left alone. */
static gboolean
give_up (RoundsPass *pass, const RoundsFhirAnswer *answer, GError **error)
{
  g_autofree char *scope = rounds_connection_scope_of (pass, "anchor-refused");

  if (answer->status >= 500 || answer->status == 429 || answer->status == 409 || answer->status == 412)
    return TRUE;   /* another time */
  rounds_pass_note (pass, g_strdup (_("The cloud does not take the ends of the audit trail: a cache that was put back from "
                                      "outside would not be noticed there")));
  return rounds_store_set_cursor (pass->store, scope, "{}", error);
}

static const char *
detail_of (json_object *event, const char *name)
{
  json_object *entities = rounds_json_peek (event, "entity");

  for (gsize i = 0; json_object_is_type (entities, json_type_array) && i < json_object_array_length (entities); i++)
    {
      json_object *details = rounds_json_peek (json_object_array_get_idx (entities, i), "detail");

      for (gsize k = 0; json_object_is_type (details, json_type_array) && k < json_object_array_length (details); k++)
        {
          json_object *detail = json_object_array_get_idx (details, k);

          if (g_strcmp0 (rounds_json_peek_string (detail, "type"), name) == 0)
            return rounds_json_peek_string (detail, "valueString");
        }
    }
  return NULL;
}

static gboolean
read_anchor (json_object *event, Anchor *out)
{
  const char *seq = detail_of (event, "rounds-audit-length"), *hash = detail_of (event, "rounds-audit-hash");

  if (seq == NULL || hash == NULL || strlen (hash) != MAX_HASH || strspn (hash, "0123456789abcdef") != MAX_HASH)
    return FALSE;
  g_strlcpy (out->hash, hash, sizeof out->hash);
  return g_ascii_string_to_signed (seq, 10, 1, G_MAXINT64, &out->seq, NULL);
}

/* The trail's row at seq, or its last one (seq 0). FALSE: none. */
static gboolean
local_end (RoundsStore *store, gint64 seq, Anchor *out, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  RoundsAuditRow *row;

  rows = seq > 0 ? rounds_store_audit_list (store, seq - 1, 1, error) : rounds_store_audit_last (store, error);
  if (rows == NULL || rows->len == 0)
    return FALSE;
  row = rows->pdata[0];
  out->seq = row->seq;
  g_strlcpy (out->hash, row->hash, sizeof out->hash);
  return seq == 0 || (gint64) row->seq == seq;
}

static gboolean
fits (RoundsStore *store, const Anchor *there)
{
  Anchor here = { 0 };

  return local_end (store, there->seq, &here, NULL) && g_str_equal (here.hash, there->hash);
}

static gboolean
is_accepted (RoundsStore *store, const Anchor *there)
{
  g_autofree char *accepted = rounds_store_dup_setting (store, ACCEPTED, NULL);
  g_autofree char *this = g_strdup_printf ("%" G_GINT64_FORMAT ":%s", there->seq, there->hash);

  return g_strcmp0 (accepted, this) == 0;
}

gboolean
rounds_anchor_check (RoundsPass *pass, gboolean *restored, GError **error)
{
  g_autofree char *id = anchor_id (pass->store);
  g_autofree char *scope = rounds_connection_scope_of (pass, "anchor");
  g_autofree char *last = NULL, *keep = NULL, *before = NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };
  Anchor there = { 0 };

  *restored = FALSE;
  if (!is_wanted (pass))
    return TRUE;
  if (!rounds_fhir_client_read (pass->fhir, "AuditEvent", id, &answer, pass->cancellable, error))
    return FALSE;
  if (answer.status == 404 || answer.status == 410)
    return rounds_store_set_cursor (pass->store, scope, "{}", error);
  if (answer.status != 200 || answer.resource == NULL)
    return give_up (pass, &answer, error);
  if (!read_anchor (answer.resource, &there))
    return TRUE;   /* somebody else's under our name: written over by the next one */
  keep = g_strdup_printf ("{\"length\":%" G_GINT64_FORMAT ",\"version\":\"%s\"}", there.seq,
                          answer.version != NULL && strpbrk (answer.version, "\"\\") == NULL ? answer.version : "");
  if (!rounds_store_set_cursor (pass->store, scope, keep, error))
    return FALSE;
  if (fits (pass->store, &there) || is_accepted (pass->store, &there))
    return rounds_store_set_setting (pass->store, TROUBLE, NULL, error);
  *restored = TRUE;
  last = g_strdup_printf ("%" G_GINT64_FORMAT ":%s", there.seq, there.hash);
  rounds_pass_note (pass, g_strdup (_("This cache was put back from outside: the cloud knows a longer or another audit "
                                      "trail. What the cloud has is read before anything is sent.")));
  before = rounds_store_dup_setting (pass->store, TROUBLE, NULL);
  if (before == NULL &&
      !rounds_store_audit (pass->store, "anchor-differs", NULL, NULL, last, error))
    return FALSE;
  return rounds_store_set_setting (pass->store, TROUBLE, last, error);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static json_object *
coding (const char *system, const char *code, const char *display)
{
  json_object *out = json_object_new_object ();

  rounds_json_add_string (out, "system", system);
  rounds_json_add_string (out, "code", code);
  rounds_json_add_string (out, "display", display);
  return out;
}

static json_object *
list_of (json_object *one)
{
  json_object *list = json_object_new_array ();

  json_object_array_add (list, one);
  return list;
}

static json_object *
detail (const char *name, const char *value)
{
  json_object *out = json_object_new_object ();

  rounds_json_add_string (out, "type", name);
  rounds_json_add_string (out, "valueString", value);
  return out;
}

static json_object *
identified (RoundsStore *store)
{
  json_object *who = json_object_new_object (), *identifier = json_object_new_object ();
  g_autofree char *urn = g_strconcat ("urn:uuid:", rounds_store_get_profile_id (store), NULL);

  rounds_json_add_string (identifier, "system", "urn:ietf:rfc:3986");
  rounds_json_add_string (identifier, "value", urn);
  json_object_object_add (who, "identifier", identifier);
  return who;
}

/* In the shape of IHE's basic audit patterns: DICOM's "audit log used", by this account, about its own trail. */
static char *
print_event (RoundsStore *store, const char *id, const Anchor *end)
{
  g_autoptr (json_object) event = json_object_new_object ();
  g_autofree char *now = rounds_instant_format_utc (rounds_instant_now_us ());
  g_autofree char *length = g_strdup_printf ("%" G_GINT64_FORMAT, end->seq);
  json_object *agent = json_object_new_object (), *agent_type = json_object_new_object (), *who = identified (store);
  json_object *source = json_object_new_object (), *observer = identified (store), *entity = json_object_new_object ();
  json_object *details = list_of (detail ("rounds-audit-length", length));

  rounds_json_add_string (event, "resourceType", "AuditEvent");
  rounds_json_add_string (event, "id", id);
  json_object_object_add (event, "type", coding ("http://dicom.nema.org/resources/ontology/DCM", "110101", "Audit Log Used"));
  rounds_json_add_string (event, "action", "E");
  rounds_json_add_string (event, "recorded", now);
  rounds_json_add_string (event, "outcome", "0");
  json_object_object_add (agent_type, "coding",
                          list_of (coding ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "AUT", "author")));
  json_object_object_add (agent, "type", agent_type);
  rounds_json_add_string (who, "display", rounds_store_get_account_name (store));
  json_object_object_add (agent, "who", who);
  json_object_object_add (agent, "requestor", json_object_new_boolean (TRUE));
  json_object_object_add (event, "agent", list_of (agent));
  rounds_json_add_string (observer, "display", "Rounds");
  json_object_object_add (source, "observer", observer);
  json_object_object_add (source, "type",
                          list_of (coding ("http://terminology.hl7.org/CodeSystem/security-source-type", "1", "User Device")));
  json_object_object_add (event, "source", source);
  json_object_object_add (entity, "what", identified (store));
  json_object_object_add (entity, "type",
                          coding ("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2", "System Object"));
  json_object_object_add (entity, "role",
                          coding ("http://terminology.hl7.org/CodeSystem/object-role", "13", "Security Resource"));
  json_object_array_add (details, detail ("rounds-audit-hash", end->hash));
  json_object_object_add (entity, "detail", details);
  json_object_object_add (event, "entity", list_of (entity));
  return g_strdup (json_object_to_json_string_ext (event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static gboolean
is_early (RoundsPass *pass, const char *scope)
{
  g_autofree char *text = rounds_store_dup_cursor (pass->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  gint64 at_us = json != NULL ? json_object_get_int64 (rounds_json_peek (json, "written_us")) : 0;
  gint64 since_us = rounds_instant_now_us () - at_us;

  return at_us > 0 && since_us >= 0 && since_us < INTERVAL_US;
}

gboolean
rounds_anchor_write (RoundsPass *pass, GError **error)
{
  g_autofree char *id = anchor_id (pass->store);
  g_autofree char *scope = rounds_connection_scope_of (pass, "anchor"), *when = rounds_connection_scope_of (pass, "anchor-time");
  g_autofree char *known = rounds_store_dup_cursor (pass->store, scope, NULL), *trouble = NULL, *json = NULL, *now = NULL;
  g_autoptr (json_object) last = known != NULL ? rounds_json_parse (known, -1, NULL) : NULL;
  const char *version = last != NULL ? rounds_json_peek_string (last, "version") : NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };
  Anchor end = { 0 };

  trouble = rounds_store_dup_setting (pass->store, TROUBLE, NULL);
  if (!is_wanted (pass) || trouble != NULL || is_early (pass, when))
    return TRUE;
  if (!local_end (pass->store, 0, &end, error))
    return error == NULL || *error == NULL;
  if (last != NULL && json_object_get_int64 (rounds_json_peek (last, "length")) == end.seq)
    return TRUE;
  json = print_event (pass->store, id, &end);
  if (!rounds_fhir_client_update (pass->fhir, "AuditEvent", id, json,
                                  version != NULL && *version != '\0' && pass->profile->if_match ? version : NULL, &answer,
                                  pass->cancellable, error))
    return FALSE;
  if (answer.status != 200 && answer.status != 201)
    return give_up (pass, &answer, error);
  now = g_strdup_printf ("{\"written_us\":%" G_GINT64_FORMAT "}", rounds_instant_now_us ());
  return rounds_store_set_cursor (pass->store, when, now, error);
}

/* --- people ------------------------------------------------------------------------------------------- */

char *
rounds_anchor_dup_trouble (RoundsStore *store)
{
  g_autofree char *trouble = NULL;
  gint64 length = 0;

  g_return_val_if_fail (ROUNDS_IS_STORE (store), NULL);

  trouble = rounds_store_dup_setting (store, TROUBLE, NULL);
  if (trouble == NULL)
    return NULL;
  length = g_ascii_strtoll (trouble, NULL, 10);
  return g_strdup_printf (_("The cloud knows an audit trail of %" PRId64 " entries with another end: this cache was put "
                            "back from outside"), length);
}

gboolean
rounds_anchor_accept (RoundsStore *store, GError **error)
{
  g_autofree char *trouble = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (store), FALSE);

  trouble = rounds_store_dup_setting (store, TROUBLE, NULL);
  if (trouble == NULL)
    return TRUE;
  return rounds_store_audit (store, "anchor-accepted", NULL, NULL, trouble, error) &&
         rounds_store_set_setting (store, ACCEPTED, trouble, error) &&
         rounds_store_set_setting (store, TROUBLE, NULL, error);
}
