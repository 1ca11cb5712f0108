/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding out what a server does, since what it says of itself is not enough: a CapabilityStatement without
 * updateCreate may mean either, and whether a stale If-Match is refused decides if two people can overwrite
 * each other. The trial costs five small requests and one resource of our own that is deleted again; it is
 * made once a connection and its result is kept. */

#include "cloud/server-profile.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/resource.h"

#define PROBE_PREFIX "rounds-probe-"
#define DEFAULT_MAX_ENTRIES 200
#define DEFAULT_MAX_BUNDLE_BYTES (8 * 1024 * 1024)

static RoundsServerProfile *
profile_new (void)
{
  RoundsServerProfile *self = g_new0 (RoundsServerProfile, 1);

  self->search_types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->history_types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->update_create = TRUE;
  self->if_match = TRUE;
  self->max_entries = DEFAULT_MAX_ENTRIES;
  self->max_bundle_bytes = DEFAULT_MAX_BUNDLE_BYTES;
  self->warnings = g_new0 (char *, 1);
  return self;
}

void
rounds_server_profile_free (RoundsServerProfile *self)
{
  if (self == NULL)
    return;
  g_free (self->software);
  g_free (self->fhir_version);
  g_hash_table_unref (self->search_types);
  g_hash_table_unref (self->history_types);
  g_strfreev (self->warnings);
  g_free (self);
}

static void
warn (RoundsServerProfile *self, const char *text)
{
  guint n = g_strv_length (self->warnings);

  self->warnings = g_renew (char *, self->warnings, n + 2);
  self->warnings[n] = g_strdup (text);
  self->warnings[n + 1] = NULL;
}

gboolean
rounds_server_profile_is_probe (const char *type, const char *id)
{
  if (id == NULL)
    return FALSE;
  /* Beside the probes: the ends of audit trails, which workstations leave there for themselves. */
  return (g_strcmp0 (type, "Basic") == 0 && g_str_has_prefix (id, PROBE_PREFIX)) ||
         (g_strcmp0 (type, "AuditEvent") == 0 && g_str_has_prefix (id, "rounds-audit-"));
}

/* --- what it says of itself ---------------------------------------------------------------------- */

static gboolean
has_interaction (json_object *holder, const char *code)
{
  json_object *list = rounds_json_peek (holder, "interaction");
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n; i++)
    if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (list, i), "code"), code) == 0)
      return TRUE;
  return FALSE;
}

static void
read_types (RoundsServerProfile *self, json_object *rest)
{
  json_object *list = rounds_json_peek (rest, "resource");
  gsize i, n = json_object_is_type (list, json_type_array) ? MIN (json_object_array_length (list), 1000) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *entry = json_object_array_get_idx (list, i);
      const char *type = rounds_json_peek_string (entry, "type");

      if (type == NULL || !rounds_fhir_is_type (type))
        continue;
      if (has_interaction (entry, "search-type"))
        g_hash_table_add (self->search_types, g_strdup (type));
      if (has_interaction (entry, "history-type"))
        g_hash_table_add (self->history_types, g_strdup (type));
    }
}

static gboolean
read_statement (RoundsServerProfile *self, json_object *statement, GError **error)
{
  const char *name = rounds_json_peek_string (statement, "software.name");
  const char *release = rounds_json_peek_string (statement, "software.version");
  const char *version = rounds_json_peek_string (statement, "fhirVersion");
  json_object *rest = rounds_json_peek (statement, "rest.0");

  if (g_strcmp0 (rounds_json_peek_string (statement, "resourceType"), "CapabilityStatement") != 0 || rest == NULL)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("There is no FHIR server at this address"));
      return FALSE;
    }
  if (version == NULL || !g_str_has_prefix (version, "4.0"))
    {
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                   _("The server speaks FHIR %s; Rounds needs R4 (4.0)"), version != NULL ? version : "?");
      return FALSE;
    }
  self->fhir_version = g_strdup (version);
  if (name != NULL)
    self->software = release != NULL ? g_strconcat (name, " ", release, NULL) : g_strdup (name);
  self->has_transaction = has_interaction (rest, "transaction");
  self->has_batch = has_interaction (rest, "batch");
  self->has_system_history = has_interaction (rest, "history-system");
  read_types (self, rest);
  /* What is published of bundle limits: 500 entries in Azure, 160 in HealthLake, 50 MB at Google; in the sources
   * of Medplum's router 50 updates a transaction. */
  if (name != NULL && (strstr (name, "HealthLake") != NULL || strstr (name, "AWS") != NULL))
    self->max_entries = 160;
  if (name != NULL && g_ascii_strcasecmp (name, "medplum") == 0)
    self->max_entries = 50;
  if (!self->has_transaction)
    warn (self, _("The server knows no transactions: changes go one by one"));
  if (!self->has_system_history && g_hash_table_size (self->history_types) == 0)
    warn (self, _("The server keeps no history: deletions there are found by comparing lists"));
  return TRUE;
}

/* --- what it does ---------------------------------------------------------------------------------- */

static char *
probe_text (const char *id, int step, gboolean with_unknown)
{
  return g_strdup_printf ("{\"resourceType\":\"Basic\",\"id\":\"%s\",\"code\":{\"text\":\"Connection test of Rounds, "
                          "step %d\"}%s}", id, step, with_unknown ? ",\"roundsUnknown\":\"x\"" : "");
}

/* Status of one PUT of the probe; 0 when no answer came. */
static int
put_probe (RoundsFhirClient *client, const char *id, int step, const char *if_match, char **version,
           gboolean *kept_unknown, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = probe_text (id, step, kept_unknown != NULL);
  g_auto (RoundsFhirAnswer) answer = { 0 };

  if (!rounds_fhir_client_update (client, "Basic", id, text, if_match, &answer, cancellable, error))
    return 0;
  if (version != NULL)
    {
      g_free (*version);
      *version = g_strdup (answer.version);
    }
  if (kept_unknown != NULL)
    *kept_unknown = rounds_json_peek_string (answer.resource, "roundsUnknown") != NULL;
  return answer.status;
}

static gboolean
try_writes (RoundsServerProfile *self, RoundsFhirClient *client, GCancellable *cancellable, GError **error)
{
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *id = g_strconcat (PROBE_PREFIX, uuid, NULL);
  g_autofree char *first = NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };
  int status = put_probe (client, id, 1, NULL, &first, &self->keeps_unknown, cancellable, error);

  if (status == 0)
    return FALSE;
  if (status == 400)
    {
      warn (self, _("The server may refuse a record for one element that it does not know"));
      status = put_probe (client, id, 1, NULL, &first, NULL, cancellable, error);
      self->keeps_unknown = TRUE;   /* refused, never dropped without a word */
      if (status == 0)
        return FALSE;
    }
  if (status != 200 && status != 201)
    {
      self->update_create = status != 404 && status != 405;
      warn (self, status == 401 || status == 403
                    ? _("The server let us read but not try to write: what it allows will show at the first change")
                    : _("The server does not take new records under our ids"));
      return TRUE;
    }
  self->tried = TRUE;
  if (!self->keeps_unknown)
    warn (self, _("The server drops elements that it does not know; what it dropped is shown"));
  status = put_probe (client, id, 2, NULL, NULL, NULL, cancellable, error);
  if (status != 0 && first != NULL)
    {
      status = put_probe (client, id, 3, first, NULL, NULL, cancellable, error);
      self->if_match = status == 409 || status == 412;
    }
  if (status == 0)
    return FALSE;
  if (!self->if_match)
    warn (self, _("The server overwrites newer versions without a word: each change is checked before it is sent"));
  return rounds_fhir_client_delete (client, "Basic", id, NULL, &answer, cancellable, error);
}

RoundsServerProfile *
rounds_server_profile_probe (RoundsFhirClient *client, gboolean write, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsServerProfile) self = profile_new ();
  g_auto (RoundsFhirAnswer) answer = { 0 };

  if (!rounds_fhir_client_capabilities (client, &answer, cancellable, error))
    return NULL;
  if (!rounds_fhir_answer_check (&answer, error) || !read_statement (self, answer.resource, error))
    return NULL;
  if (write && !try_writes (self, client, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* --- kept between two starts ------------------------------------------------------------------------ */

static json_object *
names_to_json (GHashTable *set)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (set), (GCompareFunc) strcmp);
  json_object *list = json_object_new_array ();
  GList *l;

  for (l = keys; l != NULL; l = l->next)
    json_object_array_add (list, json_object_new_string (l->data));
  return list;
}

static void
names_from_json (GHashTable *set, json_object *list)
{
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *item = json_object_array_get_idx (list, i);

      if (json_object_is_type (item, json_type_string) && rounds_fhir_is_type (json_object_get_string (item)))
        g_hash_table_add (set, g_strdup (json_object_get_string (item)));
    }
}

json_object *
rounds_server_profile_to_json (const RoundsServerProfile *self)
{
  json_object *json = json_object_new_object ();
  json_object *warnings = json_object_new_array ();
  guint i;

  rounds_json_add_string (json, "software", self->software);
  rounds_json_add_string (json, "fhir_version", self->fhir_version);
  json_object_object_add (json, "transaction", json_object_new_boolean (self->has_transaction));
  json_object_object_add (json, "batch", json_object_new_boolean (self->has_batch));
  json_object_object_add (json, "system_history", json_object_new_boolean (self->has_system_history));
  json_object_object_add (json, "tried", json_object_new_boolean (self->tried));
  json_object_object_add (json, "update_create", json_object_new_boolean (self->update_create));
  json_object_object_add (json, "if_match", json_object_new_boolean (self->if_match));
  json_object_object_add (json, "keeps_unknown", json_object_new_boolean (self->keeps_unknown));
  json_object_object_add (json, "max_entries", json_object_new_int (self->max_entries));
  json_object_object_add (json, "max_bundle_bytes", json_object_new_int64 (self->max_bundle_bytes));
  json_object_object_add (json, "search_types", names_to_json (self->search_types));
  json_object_object_add (json, "history_types", names_to_json (self->history_types));
  for (i = 0; self->warnings[i] != NULL; i++)
    json_object_array_add (warnings, json_object_new_string (self->warnings[i]));
  json_object_object_add (json, "warnings", warnings);
  return json;
}

static gboolean
get_flag (json_object *json, const char *name)
{
  return json_object_get_boolean (rounds_json_peek (json, name));
}

RoundsServerProfile *
rounds_server_profile_from_json (json_object *json)
{
  RoundsServerProfile *self;
  json_object *warnings;
  int entries = json_object_get_int (rounds_json_peek (json, "max_entries"));
  gint64 bytes = json_object_get_int64 (rounds_json_peek (json, "max_bundle_bytes"));
  gsize i;

  if (!json_object_is_type (json, json_type_object) || entries < 1 || bytes < 1)
    return NULL;
  self = profile_new ();
  self->software = g_strdup (rounds_json_peek_string (json, "software"));
  self->fhir_version = g_strdup (rounds_json_peek_string (json, "fhir_version"));
  self->has_transaction = get_flag (json, "transaction");
  self->has_batch = get_flag (json, "batch");
  self->has_system_history = get_flag (json, "system_history");
  self->tried = get_flag (json, "tried");
  self->update_create = get_flag (json, "update_create");
  self->if_match = get_flag (json, "if_match");
  self->keeps_unknown = get_flag (json, "keeps_unknown");
  self->max_entries = (guint) entries;
  self->max_bundle_bytes = (gsize) bytes;
  names_from_json (self->search_types, rounds_json_peek (json, "search_types"));
  names_from_json (self->history_types, rounds_json_peek (json, "history_types"));
  warnings = rounds_json_peek (json, "warnings");
  for (i = 0; json_object_is_type (warnings, json_type_array) && i < json_object_array_length (warnings); i++)
    warn (self, json_object_get_string (json_object_array_get_idx (warnings, i)));
  return self;
}

char *
rounds_server_profile_describe (const RoundsServerProfile *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const struct { gboolean has; const char *name; } parts[] = {
    { TRUE, "FHIR R4" },
    { self->has_transaction, "transaction" },
    { self->has_batch, "batch" },
    { self->has_system_history || g_hash_table_size (self->history_types) > 0, "history" },
    { self->tried && self->update_create, "update-create" },
    { self->tried && self->if_match, "if-match" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i].has)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", parts[i].name);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
