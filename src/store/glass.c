/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Restricted records are hidden beneath every query at once: while something is hidden, a reader's connection has
 * temporary views over the tables of records, scans and series, under the tables' own names, that leave out what
 * may not be seen. So no list, search, count, export or link can forget the check. Where nothing is restricted, or
 * all is open, there are no views and nothing is paid. Edits are checked one by one in rounds_writer_allow().
 *
 * Allergies are never hidden: "none recorded" over a hidden one could kill. A clock that was set back closes what was
 * open. */
#include "store/glass.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "store/store-object.h"

#define MIN_REASON_LETTERS 10
#define MAX_REASON_BYTES 1000
#define STATE "rounds-veil"

/* open: rows of table glass that count now; ?1 = now. */
#define OPEN_NOW "g.ended_us = 0 AND g.started_us <= ?1 AND g.until_us > ?1"

static GPrivate own_business = G_PRIVATE_INIT (NULL);

void
rounds_glass_clear (RoundsGlass *self)
{
  g_clear_pointer (&self->patient_id, g_free);
  g_clear_pointer (&self->reason, g_free);
}

void
rounds_store_set_own_business (gboolean own)
{
  g_private_set (&own_business, GINT_TO_POINTER (own));
}

gboolean
rounds_glass_is_own_business (void)
{
  return GPOINTER_TO_INT (g_private_get (&own_business));
}

/* --- labels ----------------------------------------------------------------------------------------- */

static const char *const systems[] = {
  "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "http://hl7.org/fhir/v3/Confidentiality",
  "urn:oid:2.16.840.1.113883.5.25", NULL,
};

static gboolean
is_label (json_object *tag)
{
  const char *system = rounds_json_peek_string (tag, "system"), *code = rounds_json_peek_string (tag, "code");

  return system != NULL && g_strv_contains (systems, system) && (g_strcmp0 (code, "R") == 0 || g_strcmp0 (code, "V") == 0);
}

/* The text decides as it is read, not as it is written: JSON has many ways to write a name ("secur\u0069ty"). A text
 * with neither the plain name nor such an escape has no label; that spares the parsing of almost all. One that
 * cannot be read is nobody's to see either. */
static gboolean
is_restricted (const char *text, gsize size)
{
  g_autoptr (json_object) resource = NULL;
  json_object *tags;

  if (memmem (text, size, "\"security\"", 10) == NULL && memmem (text, size, "\\u", 2) == NULL)
    return FALSE;
  resource = rounds_json_parse (text, size, NULL);
  if (resource == NULL)
    return TRUE;
  tags = rounds_json_peek (resource, "meta.security");
  for (gsize i = 0; json_object_is_type (tags, json_type_array) && i < json_object_array_length (tags); i++)
    if (is_label (json_object_array_get_idx (tags, i)))
      return TRUE;
  return json_object_is_type (tags, json_type_object) && is_label (tags);
}

static void
restricted_func (sqlite3_context *context, int n, sqlite3_value **values)
{
  const char *text = (const char *) sqlite3_value_text (values[0]);

  sqlite3_result_int (context, text != NULL && is_restricted (text, sqlite3_value_bytes (values[0])));
}

/* The UID under which the images of an ImagingStudy stand: that of DICOM's own system before any other. */
static void
study_uid_func (sqlite3_context *context, int n, sqlite3_value **values)
{
  const char *text = (const char *) sqlite3_value_text (values[0]), *uid = NULL;
  g_autoptr (json_object) resource = text != NULL ? rounds_json_parse (text, sqlite3_value_bytes (values[0]), NULL) : NULL;
  json_object *list = resource != NULL ? rounds_json_peek (resource, "identifier") : NULL;

  for (gsize i = 0; json_object_is_type (list, json_type_array) && i < json_object_array_length (list); i++)
    {
      json_object *identifier = json_object_array_get_idx (list, i);
      const char *value = rounds_json_peek_string (identifier, "value");
      gboolean own = g_strcmp0 (rounds_json_peek_string (identifier, "system"), "urn:dicom:uid") == 0;

      if (value != NULL && g_str_has_prefix (value, "urn:oid:") && (uid == NULL || own))
        uid = value + strlen ("urn:oid:");
      if (uid != NULL && own)
        break;
    }
  if (uid != NULL)
    sqlite3_result_text (context, uid, -1, SQLITE_TRANSIENT);
}

int
rounds_glass_register (sqlite3 *handle)
{
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int code = sqlite3_create_function_v2 (handle, "rounds_restricted", 1, flags, NULL, restricted_func, NULL, NULL, NULL);

  return code != SQLITE_OK ? code : sqlite3_create_function_v2 (handle, "rounds_study_uid", 1, flags, NULL, study_uid_func,
                                                                NULL, NULL, NULL);
}

/* --- readers ---------------------------------------------------------------------------------------- */

/* "" = nothing is hidden; else the numbers of the patients that are open, after a '-'. */
static char *
wanted (RoundsDatabase *db, GError **error)
{
  g_autoptr (GString) text = g_string_new ("-");
  g_autoptr (RoundsRows) rows = NULL;
  gint64 any, now_us = rounds_instant_now_us ();
  gboolean row;

  if (!rounds_database_int (db, 0, &any, error, "SELECT 1 FROM main.restricted LIMIT 1", ""))
    return NULL;
  if (any == 0)
    return g_strdup ("");
  rows = rounds_database_query (db, error, "SELECT DISTINCT g.patient FROM main.glass g WHERE " OPEN_NOW " ORDER BY 1", "i",
                                now_us);
  for (;;)
    {
      if (rows == NULL || !rounds_database_next (db, rows, &row, error))
        return NULL;
      if (!row)
        return g_string_free (g_steal_pointer (&text), FALSE);
      if (rounds_rows_int (rows, 0) == 0)
        return g_strdup ("");
      g_string_append_printf (text, "%s%" G_GINT64_FORMAT, text->len > 1 ? "," : "", (gint64) rounds_rows_int (rows, 0));
    }
}

static gboolean
lift (RoundsDatabase *db, GError **error)
{
  return rounds_database_exec (db, "DROP VIEW IF EXISTS temp.resource; DROP VIEW IF EXISTS temp.scan; "
                                   "DROP VIEW IF EXISTS temp.series", error);
}

static gboolean
lower (RoundsDatabase *db, const char *open, GError **error)
{
  g_autofree char *whole = g_strdup_printf ("SELECT y.patient FROM main.restricted y WHERE y.whole = 1 AND y.patient NOT IN "
                                            "(%s)", open);
  g_autofree char *sql = g_strdup_printf (
    "CREATE TEMP VIEW resource AS SELECT r.* FROM main.resource r WHERE NOT EXISTS (SELECT 1 FROM main.restricted x "
    "WHERE x.rid = r.rid AND x.whole = 0 AND x.patient NOT IN (%s)) AND (r.patient NOT IN (%s) OR EXISTS (SELECT 1 FROM "
    "main.restricted p WHERE p.rid = r.rid AND p.whole = 1)) OR r.type = (SELECT a.nid FROM main.name a WHERE a.text = "
    "'AllergyIntolerance');"
    "CREATE TEMP VIEW scan AS SELECT c.* FROM main.scan c WHERE c.patient NOT IN (%s) AND NOT EXISTS (SELECT 1 FROM "
    "main.restricted x WHERE x.study = c.study_uid AND x.patient NOT IN (%s));"
    "CREATE TEMP VIEW series AS SELECT e.* FROM main.series e WHERE e.patient NOT IN (%s)",
    open, whole, whole, open, whole);

  return rounds_database_exec (db, sql, error);
}

gboolean
rounds_glass_prepare (RoundsDatabase *db, gboolean whole, GError **error)
{
  sqlite3 *handle = rounds_database_get_handle (db);
  const char *now = sqlite3_get_clientdata (handle, STATE);
  g_autofree char *want = whole ? g_strdup ("") : wanted (db, error);
  gboolean ok;

  if (want == NULL)
    return FALSE;
  if (g_str_equal (want, now != NULL ? now : ""))
    return TRUE;
  ok = rounds_database_exec (db, "PRAGMA query_only = OFF", error) && lift (db, error) &&
       (*want == '\0' || lower (db, want + 1, error)) && rounds_database_exec (db, "PRAGMA query_only = ON", error);
  return ok && sqlite3_set_clientdata (handle, STATE, g_steal_pointer (&want), g_free) == SQLITE_OK;
}

/* --- edits ------------------------------------------------------------------------------------------ */

gboolean
rounds_glass_hides (RoundsDatabase *db, const char *type, const char *id, gboolean *hides, GError **error)
{
  gint64 found;

  if (!rounds_database_int (db, 0, &found, error, "SELECT 1 FROM restricted LIMIT 1", ""))
    return FALSE;
  *hides = FALSE;
  if (found == 0)
    return TRUE;
  if (!rounds_database_int (
        db, 0, &found, error,
        "SELECT 1 FROM resource r WHERE r.id = ?2 AND r.type = (SELECT nid FROM name WHERE text = ?3) AND "
        "?3 <> 'AllergyIntolerance' AND (EXISTS (SELECT 1 FROM restricted x WHERE x.rid = r.rid) OR EXISTS (SELECT 1 FROM restricted y WHERE "
        "y.patient = r.patient AND y.whole = 1)) AND NOT EXISTS (SELECT 1 FROM glass g WHERE " OPEN_NOW " AND "
        "(g.patient = 0 OR g.patient = r.patient))", "iss", rounds_instant_now_us (), id, type))
    return FALSE;
  *hides = found != 0;
  return TRUE;
}

gboolean
rounds_glass_shuts (RoundsDatabase *db, const char *patient_id, gboolean *shuts, GError **error)
{
  gint64 found;

  if (!rounds_database_int (db, 0, &found, error, "SELECT 1 FROM restricted WHERE whole = 1 LIMIT 1", ""))
    return FALSE;
  *shuts = FALSE;
  if (found == 0)
    return TRUE;
  if (!rounds_database_find_patient (db, patient_id, &found, error) ||
      !rounds_database_int (db, 0, &found, error,
                            "SELECT 1 FROM restricted y WHERE y.patient = ?2 AND y.whole = 1 AND NOT EXISTS (SELECT 1 FROM "
                            "glass g WHERE " OPEN_NOW " AND g.patient IN (0, ?2))", "ii", rounds_instant_now_us (), found))
    return FALSE;
  *shuts = found != 0;
  return TRUE;
}

/* --- start and stop ----------------------------------------------------------------------------------- */

typedef struct {
  const char *patient_id, *reason;
  guint n;
} Call;

/* The codes are DICOM's, PS3.16: the event is a Security Alert (110113, CID 400), its kind Emergency Override Started
 * (110127) or Stopped (110138), both of CID 403, as PS3.15 A.5.3.11 and FHIR's break-glass example put them. */
static gboolean
end_open (RoundsWriter *writer, const char *where_sql, gint64 at_us, const char *why, guint *n, GError **error)
{
  g_autoptr (RoundsRows) rows = rounds_database_query (writer->db, error, where_sql, "i", at_us);
  g_autoptr (GArray) gids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  gboolean row;

  for (;;)
    {
      gint64 gid;

      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
        return FALSE;
      if (!row)
        break;
      gid = rounds_rows_int (rows, 0);
      g_array_append_val (gids, gid);
      g_ptr_array_add (ids, rounds_rows_dup (rows, 1));
    }
  for (guint i = 0; i < gids->len; i++)
    {
      g_autofree char *detail = g_strdup_printf ("DCM 110113 110138; %s", why);

      if (!rounds_database_run (writer->db, error, "UPDATE glass SET ended_us = ? WHERE gid = ?", "ii", writer->now_us,
                                g_array_index (gids, gint64, i)) ||
          !rounds_audit_append (writer, "break-glass-end", ids->pdata[i] != NULL ? "Patient" : NULL, ids->pdata[i], detail,
                                error))
        return FALSE;
    }
  *n += gids->len;
  if (gids->len > 0)
    {
      writer->changed_many = writer->outbox_changed = TRUE;
      g_ptr_array_add (writer->scans_changed, g_strdup (""));
    }
  return TRUE;
}

#define OPEN_ROWS "SELECT g.gid, (SELECT text FROM name WHERE nid = g.patient) FROM glass g WHERE g.ended_us = 0 AND "

static gboolean
end_run_out (RoundsWriter *writer, guint *n, GError **error)
{
  return end_open (writer, OPEN_ROWS "(g.until_us <= ?1 OR g.started_us > ?1)", writer->now_us, "time", n, error);
}

static gboolean
start_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  Call *call = data;
  g_autofree char *until = rounds_instant_format_utc (writer->now_us + ROUNDS_GLASS_US);
  g_autofree char *detail = g_strdup_printf ("DCM 110113 110127; until %s; %s", until, call->reason);
  gint64 patient = 0;
  guint n = 0;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_BREAK_GLASS, NULL, NULL, error) || !end_run_out (writer, &n, error))
    return FALSE;
  if (call->patient_id != NULL && !rounds_database_find_patient (writer->db, call->patient_id, &patient, error))
    return FALSE;
  if (call->patient_id != NULL && patient == 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no %s/%s"), "Patient",
                   call->patient_id);
      return FALSE;
    }
  /* What is seen of all that waits, also. */
  writer->changed_many = writer->outbox_changed = TRUE;
  g_ptr_array_add (writer->scans_changed, g_strdup (""));
  if (call->patient_id != NULL)
    g_ptr_array_add (writer->series_changed, g_strdup (call->patient_id));
  return rounds_database_run (writer->db, error,
                              "INSERT INTO glass (patient, reason, started_us, until_us, ended_us) VALUES (?, ?, ?, ?, 0)",
                              "isii", patient, call->reason, writer->now_us, writer->now_us + ROUNDS_GLASS_US) &&
         rounds_audit_append (writer, "break-glass", call->patient_id != NULL ? "Patient" : NULL, call->patient_id, detail,
                              error);
}

gboolean
rounds_glass_is_reason (const char *reason)
{
  guint letters = 0, words = 0;
  gboolean in_word = FALSE;

  if (!g_utf8_validate (reason, -1, NULL) || strlen (reason) > MAX_REASON_BYTES)
    return FALSE;
  for (const char *at = reason; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      gboolean letter = g_unichar_isalpha (c), wide = letter && g_unichar_iswide (c);

      if (g_unichar_iscntrl (c))
        return FALSE;
      /* A Chinese character says about as much as three letters, and there are no blanks between words. */
      letters += wide ? 3 : letter;
      words += wide ? 1 : letter && !in_word;
      in_word = letter && !wide;
    }
  return letters >= MIN_REASON_LETTERS && words >= 2;
}

gboolean
rounds_store_break_glass (RoundsStore *self, const char *patient_id, const char *reason, GError **error)
{
  Call call = { patient_id, reason, 0 };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && reason != NULL, FALSE);

  if (!rounds_glass_is_reason (reason))
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                   _("Say in a few words why the restricted records are needed"));
      return FALSE;
    }
  return rounds_store_write (self, start_cb, &call, error);
}

static gboolean
stop_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  guint *n = data;

  return end_run_out (writer, n, error) &&
         end_open (writer, OPEN_ROWS "g.until_us > ?1", writer->now_us, "ended", n, error);
}

gboolean
rounds_store_end_glass (RoundsStore *self, GError **error)
{
  guint n = 0;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), FALSE);

  return rounds_store_write (self, stop_cb, &n, error);
}

static gboolean
run_out_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  return end_run_out (writer, data, error);
}

gboolean
rounds_store_get_glass (RoundsStore *self, const char *patient_id, RoundsGlass *out)
{
  gint64 now_us = rounds_instant_now_us (), run_out = 0, patient = 0;
  gboolean open = FALSE;
  guint n = 0;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), FALSE);

  {
    g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, NULL);
    g_autoptr (RoundsRows) rows = NULL;

    if (reader == NULL ||
        !rounds_database_int (reader->db, 0, &run_out, NULL, "SELECT count(*) FROM glass WHERE ended_us = 0 AND "
                              "(until_us <= ?1 OR started_us > ?1)", "i", now_us) ||
        (patient_id != NULL && !rounds_database_find_patient (reader->db, patient_id, &patient, NULL)))
      return FALSE;
    rows = rounds_database_query (reader->db, NULL,
                                  "SELECT (SELECT text FROM name WHERE nid = g.patient), g.reason, g.started_us, "
                                  "g.until_us FROM glass g WHERE " OPEN_NOW " AND (?2 = 0 OR g.patient IN (0, ?2)) "
                                  "ORDER BY g.until_us DESC LIMIT 1", "ii", now_us, patient);
    if (rows == NULL || !rounds_database_next (reader->db, rows, &open, NULL))
      return FALSE;
    if (open && out != NULL)
      {
        out->patient_id = rounds_rows_dup (rows, 0);
        out->reason = rounds_rows_dup (rows, 1);
        out->started_us = rounds_rows_int (rows, 2);
        out->until_us = rounds_rows_int (rows, 3);
      }
  }
  if (run_out > 0)
    (void) rounds_store_write (self, run_out_cb, &n, NULL);
  return open;
}

gboolean
rounds_store_count_hidden (RoundsStore *self, const char *patient_id, guint *n, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  gint64 patient = 0, all, seen;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && n != NULL, FALSE);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return FALSE;
  *n = 0;
  if (sqlite3_get_clientdata (rounds_database_get_handle (reader->db), STATE) == NULL)
    return TRUE;
  if (patient_id != NULL && (!rounds_database_find_patient (reader->db, patient_id, &patient, error) || patient == 0))
    return patient == 0 && (error == NULL || *error == NULL);
  if (!rounds_database_int (reader->db, 0, &all, error,
                            "SELECT count(*) FROM main.resource WHERE tombstone = 0 AND (?1 = 0 OR patient = ?1)", "i",
                            patient) ||
      !rounds_database_int (reader->db, 0, &seen, error,
                            "SELECT count(*) FROM resource WHERE tombstone = 0 AND (?1 = 0 OR patient = ?1)", "i", patient))
    return FALSE;
  *n = (guint) MAX (0, all - seen);
  return TRUE;
}

gboolean
rounds_store_count_hidden_waiting (RoundsStore *self, guint *n, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  gint64 hidden;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && n != NULL, FALSE);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL ||
      !rounds_database_int (reader->db, 0, &hidden, error,
                            "SELECT count(DISTINCT rid) FROM outbox WHERE rid NOT IN (SELECT rid FROM resource)", ""))
    return FALSE;
  *n = (guint) hidden;
  return TRUE;
}

gboolean
rounds_store_is_shut (RoundsStore *self, const char *patient_id)
{
  g_autoptr (RoundsReader) reader = NULL;
  gboolean shut = FALSE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && patient_id != NULL, FALSE);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, NULL);
  return reader != NULL && rounds_glass_shuts (reader->db, patient_id, &shut, NULL) && shut;
}
