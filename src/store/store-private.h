/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"
#include "store/database.h"
#include "store/outbox.h"
#include "store/scan-store.h"
#include "store/series-store.h"
#include "store/store.h"

G_BEGIN_DECLS

/* What the files of src/store share. Nothing outside includes it, but its tests. */

#define ROUNDS_AUDIT_HASH_BYTES 32

/* States of outbox rows, and of a resource as a whole (0 = nothing waits). */
typedef enum {
  ROUNDS_STATE_NONE,
  ROUNDS_STATE_PENDING,
  ROUNDS_STATE_INFLIGHT,
  ROUNDS_STATE_UNKNOWN,
  ROUNDS_STATE_VERIFY,
  ROUNDS_STATE_CONFLICT,
  ROUNDS_STATE_QUARANTINED,
  ROUNDS_STATE_BLOCKED,
  ROUNDS_N_STATES,
} RoundsState;
const char *rounds_state_to_string (RoundsState state);   /* NULL for NONE */
gboolean rounds_state_from_string (const char *text, RoundsState *out);

/* --- the writer ------------------------------------------------------------------------------------- */

/* The one thread that writes, as its jobs see it. */
typedef struct {
  RoundsStore *store;        /* borrowed */
  RoundsDatabase *db;
  RoundsDatabase *pixels;
  RoundsRole role;
  const char *who;
  gboolean own_business;     /* sync's: nothing is restricted */
  gint64 now_us;             /* of the transaction */
  GHashTable *names;         /* text → nid, what is known of table name */
  GArray *search;            /* of search-index.c: the parameters that are indexed */
  gboolean search_known;     /* in this transaction */

  /* What the transaction did, told once it is on disk. */
  GPtrArray *changed;        /* RoundsChange */
  gboolean changed_many;
  gboolean outbox_changed;
  GPtrArray *scans_changed;  /* patient id or "" */
  GPtrArray *series_changed; /* patient id */
  gint64 audit_seq;          /* of the newest row it added, 0 = none */
  guint8 audit_hash[ROUNDS_AUDIT_HASH_BYTES];

  /* A refusal to be put into the trail after the rollback. */
  char *denied_action, *denied_type, *denied_id;
} RoundsWriter;

/* Runs on the writer thread inside one transaction; FALSE rolls everything back. */
typedef gboolean (*RoundsWriteFunc) (RoundsWriter *writer, gpointer data, GError **error);
gboolean rounds_store_write (RoundsStore *self, RoundsWriteFunc func, gpointer data, GError **error);
/* The same in two halves, so that a caller prepares the next piece while this one is written. */
typedef struct _RoundsWriteJob RoundsWriteJob;
RoundsWriteJob *rounds_store_write_begin (RoundsStore *self, RoundsWriteFunc func, gpointer data);
gboolean rounds_store_write_wait (RoundsWriteJob *job, GError **error);

/* The check of rights; FALSE with DENIED, and the refusal goes into the audit trail. */
gboolean rounds_writer_allow (RoundsWriter *self, RoundsAct act, const char *type, const char *id,
                              GError **error);
/* The same for a text that a person writes about a patient: one that they would not see again is not taken. */
gboolean rounds_writer_allow_about (RoundsWriter *self, const char *type, const char *id, const char *patient_id,
                                    GError **error);
gboolean rounds_writer_name (RoundsWriter *self, const char *text, gint64 *nid, GError **error);
void rounds_writer_changed (RoundsWriter *self, const char *type, const char *id, const char *patient_id);

/* --- readers ---------------------------------------------------------------------------------------- */

/* A connection out of the pool inside a read transaction: all its queries see one moment. */
typedef struct {
  RoundsStore *store;
  RoundsDatabase *db;
  RoundsDatabaseKind kind;
} RoundsReader;
RoundsReader *rounds_reader_new (RoundsStore *store, RoundsDatabaseKind kind, GError **error);
/* One from which nothing is hidden: for what the program itself keeps in order, never for what somebody sees. */
RoundsReader *rounds_reader_new_whole (RoundsStore *store, RoundsDatabaseKind kind, GError **error);
void rounds_reader_free (RoundsReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsReader, rounds_reader_free)

/* glass.c: hides what is restricted from this connection, or (whole) nothing; whether an edit may not touch it. */
gboolean rounds_glass_prepare (RoundsDatabase *db, gboolean whole, GError **error);
gboolean rounds_glass_hides (RoundsDatabase *db, const char *type, const char *id, gboolean *hides, GError **error);
/* Whether a patient is restricted as a whole and not open now. */
gboolean rounds_glass_shuts (RoundsDatabase *db, const char *patient_id, gboolean *shuts, GError **error);
gboolean rounds_glass_is_own_business (void);
/* The SQL functions that the schema's triggers read labels by, on every connection. An SQLite code. */
int rounds_glass_register (sqlite3 *handle);

/* nid of a text, 0 when the cache has never seen it. */
gboolean rounds_database_find_name (RoundsDatabase *db, const char *text, gint64 *nid, GError **error);
/* The same for a patient, also under the id that it had before the server gave it one. */
gboolean rounds_database_find_patient (RoundsDatabase *db, const char *id, gint64 *nid, GError **error);
gboolean rounds_writer_patient (RoundsWriter *self, const char *id, gint64 *nid, GError **error);
/* In SQL: the patient's present id is text, ?1 the id that was asked for. */
#define ROUNDS_PATIENT_TEXT \
  "coalesce ((SELECT m.server_id FROM id_map m WHERE m.type = (SELECT nid FROM name WHERE text = 'Patient') AND " \
  "m.local_id = ?1), ?1)"

/* One record by its row; *out NULL when it is deleted. */
gboolean rounds_record_read (RoundsReader *reader, gint64 rid, RoundsRecord **out, GError **error);

/* --- audit ------------------------------------------------------------------------------------------ */

gboolean rounds_audit_append (RoundsWriter *writer, const char *action, const char *type, const char *id,
                              const char *detail, GError **error);

/* Length and last hash of the trail, sealed under a subkey in a file of its own beside the cache, so that a
 * shortened or rebuilt trail, or yesterday's whole database put back, does not pass. */
typedef struct _RoundsAuditHead RoundsAuditHead;
RoundsAuditHead *rounds_audit_head_open (const char *folder, RoundsSecret *key, gboolean create,
                                         GError **error);
void rounds_audit_head_free (RoundsAuditHead *self);
/* FALSE when there is none that can be trusted. */
gboolean rounds_audit_head_get (RoundsAuditHead *self, gint64 *seq, guint8 *hash);
void rounds_audit_head_set (RoundsAuditHead *self, gint64 seq, const guint8 *hash);
/* From now on it is evidence and is not written any more. */
void rounds_audit_head_freeze (RoundsAuditHead *self);
RoundsAuditHead *rounds_store_get_audit_head (RoundsStore *self);

/* --- type-ahead ------------------------------------------------------------------------------------- */

typedef struct _RoundsPatientIndex RoundsPatientIndex;
RoundsPatientIndex *rounds_patient_index_new (void);
void rounds_patient_index_free (RoundsPatientIndex *self);
RoundsPatientIndex *rounds_store_get_patient_index (RoundsStore *self);

/* Rows of the patients that a type-ahead text fits (keys gint64); *out NULL when the text says nothing. */
gboolean rounds_patients_match (RoundsReader *reader, const char *text, GHashTable **out, GError **error);
/* RoundsPatientHit of these rows in this order. */
GPtrArray *rounds_patients_read (RoundsReader *reader, GArray *rids, GError **error);

/* Small letters without accents, words apart by one blank; CJK stays. Caller frees. */
char *rounds_fold_words (const char *text);

/* --- scans ------------------------------------------------------------------------------------------ */

/* Columns of table scan (as s), and the instance made of such a row. */
#define ROUNDS_SCAN_COLUMNS \
  "s.sop_uid, s.series_uid, s.study_uid, (SELECT text FROM name WHERE nid = s.patient), s.digest IS NOT NULL, " \
  "s.sop_class_uid, s.transfer_syntax, s.dicom_patient_id, s.dicom_patient_name, s.dicom_birth_date, s.modality, " \
  "s.study_date, s.study_time, s.study_description, s.series_description, s.body_part, s.image_type, s.accession, " \
  "s.series_number, s.instance_number, s.rows, s.columns, s.frames, s.bits_stored, s.samples, s.geometry, s.spacing, " \
  "s.size_bytes, s.derived_here, s.warnings "
RoundsScanInstance *rounds_scan_take (RoundsRows *rows);
#define ROUNDS_SCAN_DIGEST_BYTES 32
/* In SQL: the key of bytes that came when others of the same object were here (?1 UID, ?2 digest), and the bytes that
 * an index row with this digest means. */
#define ROUNDS_PIXEL_OTHER "?1 || '#' || lower (hex (?2))"
#define ROUNDS_PIXEL_BYTES \
  "SELECT bytes FROM pixel WHERE pid = coalesce ((SELECT pid FROM pixel WHERE sop_uid = " ROUNDS_PIXEL_OTHER "), " \
  "(SELECT pid FROM pixel WHERE sop_uid = ?1))"

/* --- texts ------------------------------------------------------------------------------------------ */

/* JSON without the blanks between its tokens: numbers and strings stay as they were written. Caller frees. */
char *rounds_json_squeeze (const char *text, gsize length);

G_END_DECLS
