/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "fhir/json.h"
#include "vault/vault.h"

G_BEGIN_DECLS

#define ROUNDS_STORE_ERROR (rounds_store_error_quark ())
GQuark rounds_store_error_quark (void);

typedef enum {
  ROUNDS_STORE_ERROR_DENIED,     /* the role may not; nothing was done, the refusal is in the audit trail */
  ROUNDS_STORE_ERROR_NOT_FOUND,  /* absent or deleted */
  ROUNDS_STORE_ERROR_STALE,      /* changed since it was read (revision differs): read again */
  ROUNDS_STORE_ERROR_INVALID,    /* the content cannot be taken: the message says what and where */
  ROUNDS_STORE_ERROR_BUSY,       /* another program has the profile */
  ROUNDS_STORE_ERROR_DAMAGED,    /* not the file that it should be; left as it is */
  ROUNDS_STORE_ERROR_NEWER,      /* written by a newer Rounds; left untouched */
  ROUNDS_STORE_ERROR_FULL,       /* no space: nothing was changed */
  ROUNDS_STORE_ERROR_FAILED,
} RoundsStoreError;

/* The encrypted cache of one account: records.db and pixels.db. One writer thread; readers beside it.
 *
 * Every function blocks (until the writer has committed, or the reader has read) and may be called from any
 * thread but the main one; the window calls them inside rounds_store_run_async(). Every write is one
 * transaction: resource + history + outbox + search index + audit. */
#define ROUNDS_TYPE_STORE (rounds_store_get_type ())
G_DECLARE_FINAL_TYPE (RoundsStore, rounds_store, ROUNDS, STORE, GObject)

/* Signals, always emitted on the main context that was the default when the store was opened:
 *   "changed" (const char *type, const char *id, const char *patient_id or NULL): a resource was written or
 *       deleted, also by sync or another process. Many at once are sent as one with type NULL: read again.
 *   "outbox-changed" (): what waits to be sent changed.
 *   "scans-changed" (const char *patient_id or NULL), "series-changed" (const char *patient_id). */

/* Opens or, when create, makes the cache in the vault's folder. Takes a reference to the key. */
RoundsStore *rounds_store_open (RoundsVault *vault, RoundsSecret *key, gboolean create, GError **error);
/* What the opening found and the user must be told, in words: the cache was put back, cut or changed from outside.
 * NULL = nothing. Borrowed. */
const char *rounds_store_get_trouble (RoundsStore *self);
/* Ends the threads and closes the files; later calls fail. The last unref does it too. */
void rounds_store_close (RoundsStore *self);

RoundsVault *rounds_store_get_vault (RoundsStore *self);
RoundsRole rounds_store_get_role (RoundsStore *self);
/* The profile's id, a UUID, and the account's name, for those who have no business with the vault. Borrowed. */
const char *rounds_store_get_profile_id (RoundsStore *self);
const char *rounds_store_get_account_name (RoundsStore *self);
/* The key, for secrets of connections in the vault. New reference. */
RoundsSecret *rounds_store_dup_key (RoundsStore *self);

/* Runs work (blocking store calls) in a worker and gives its result to the callback on the caller's main
 * context. The callback takes the result with rounds_store_run_finish(). */
typedef gpointer (*RoundsStoreWork) (RoundsStore *self, gpointer data, GCancellable *cancellable,
                                     GError **error);
void rounds_store_run_async (RoundsStore *self, RoundsStoreWork work, gpointer data, GDestroyNotify free_data,
                             GDestroyNotify free_result, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);
gpointer rounds_store_run_finish (RoundsStore *self, GAsyncResult *result, GError **error);

/* --- records ------------------------------------------------------------------------------------- */

typedef struct {
  char *type;
  char *id;
  char *json;              /* the text as it is now in this cache; NULL when deleted */
  gint64 revision;         /* grows with every local or downloaded version of this resource */
  char *base_version;      /* the server's version it builds on, or NULL */
  gboolean unsynced;       /* waits in the outbox */
  char *sync_state;        /* NULL, or "pending", "inflight", "unknown", "conflict", "quarantined",
  "blocked" */
  gboolean deleted;
  gint64 changed_us;       /* when this version came into the cache */
  char *changed_by;        /* account name, or "cloud" */
} RoundsRecord;

RoundsRecord *rounds_record_copy (const RoundsRecord *self);
void rounds_record_free (RoundsRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsRecord, rounds_record_free)
/* The parsed text. Caller owns. */
json_object *rounds_record_parse (const RoundsRecord *self);

RoundsRecord *rounds_store_get (RoundsStore *self, const char *type, const char *id, GError **error);
/* All resources of a type in a patient's compartment, newest first; type NULL = all types. limit 0 = all.
 * Array of RoundsRecord. */
GPtrArray *rounds_store_list (RoundsStore *self, const char *type, const char *patient_id, guint limit,
                              GError **error);
/* The same for one code: Observations whose code (or a component's) is system|code; system NULL = any. */
GPtrArray *rounds_store_list_code (RoundsStore *self, const char *type, const char *patient_id,
                                   const char *system, const char *code, guint limit, GError **error);
/* All versions in this cache, newest first: array of RoundsRecord (json NULL = deletion). */
GPtrArray *rounds_store_history (RoundsStore *self, const char *type, const char *id, GError **error);
/* type → number of resources that are not deleted, sorted by type: array of RoundsCount. */
typedef struct { char *type; guint64 count; } RoundsCount;
GPtrArray *rounds_store_count (RoundsStore *self, const char *patient_id, GError **error);

/* --- edits --------------------------------------------------------------------------------------- */

typedef struct _RoundsEdit RoundsEdit;   /* a set of changes that are made together or not at all */

RoundsEdit *rounds_edit_new (const char *reason);   /* for the audit trail; may be NULL */
void rounds_edit_free (RoundsEdit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsEdit, rounds_edit_free)
/* Create or update with this text. revision: what the editor saw (0 = did not exist; −1 = whatever is there
 * now). */
void rounds_edit_put (RoundsEdit *self, const char *type, const char *id, const char *json, gint64 revision);
void rounds_edit_delete (RoundsEdit *self, const char *type, const char *id, gint64 revision);
/* The clinician's edit: role, resource + outbox + history + audit in one transaction; acknowledged when this
 * returns TRUE (on disk, synced). An unchanged text is no edit. */
gboolean rounds_store_apply (RoundsStore *self, RoundsEdit *edit, GError **error);
/* Takes the last edit of a resource back (a new version with the text before it). revision = the version to
 * take back, from rounds_record.revision after the edit; STALE when another came after it. */
gboolean rounds_store_undo (RoundsStore *self, const char *type, const char *id, gint64 revision,
                            GError **error);

typedef enum {
  ROUNDS_IMPORT_NEW,
  ROUNDS_IMPORT_UPDATED,
  ROUNDS_IMPORT_UNCHANGED,
} RoundsImportOutcome;
typedef struct {
  const char *type;        /* borrowed for the call */
  const char *id;
  const char *json;
  const char *server_base; /* or NULL; with it the same type/id of two servers stay two */
  RoundsImportOutcome outcome;  /* out */
  char *stored_id;         /* out: id it got in the store when it differs; caller frees */
} RoundsImportItem;
/* Imports what a file holds in one transaction per 5,000 (or 8 MiB). as_known: the cloud has them (base, no outbox). */
gboolean rounds_store_import (RoundsStore *self, RoundsImportItem *items, guint n_items, gboolean as_known,
                              const char *source, GCancellable *cancellable, GError **error);

/* --- search -------------------------------------------------------------------------------------- */

typedef struct {
  char *id;
  char *name;          /* "HICKLE, Alfonzo" */
  char *birth_date;    /* as written, or NULL */
  char *sex;           /* "male"…, or NULL */
  char *identifiers;   /* MRN first, blank-separated, or NULL */
  gboolean deceased;
  guint n_unsynced;    /* changes of this patient that wait */
} RoundsPatientHit;
void rounds_patient_hit_free (RoundsPatientHit *self);
/* Type-ahead over name, MRN and other identifiers, birth date, phone: every word must begin a word of the
 * patient (accents and case do not matter; CJK anywhere; one typo in words of 5 letters and more). Empty or
 * NULL query: all by name. Array of RoundsPatientHit. */
GPtrArray *rounds_store_find_patients (RoundsStore *self, const char *query, guint limit, GError **error);

/* --- drafts, settings, views ---------------------------------------------------------------------- */

/* Text that is not saved yet, kept at every keystroke (one row, no audit). text NULL removes it. */
gboolean rounds_store_set_draft (RoundsStore *self, const char *key, const char *text, GError **error);
char *rounds_store_dup_draft (RoundsStore *self, const char *key, GError **error);
/* Keys that begin with prefix. NULL-terminated. */
char **rounds_store_list_drafts (RoundsStore *self, const char *prefix, GError **error);

gboolean rounds_store_set_setting (RoundsStore *self, const char *key, const char *value, GError **error);
char *rounds_store_dup_setting (RoundsStore *self, const char *key, GError **error);

/* --- audit ---------------------------------------------------------------------------------------- */

/* "view", "export", "print", "sync", "unlock", "lock", … with what it was about; ids only, no content. */
gboolean rounds_store_audit (RoundsStore *self, const char *action, const char *type, const char *id,
                             const char *detail, GError **error);
typedef struct {
  guint64 rows;
  char *head;          /* hex of the last hash */
  gboolean ok;
  guint64 first_bad;   /* seq, 0 when ok */
} RoundsAuditState;
gboolean rounds_store_audit_verify (RoundsStore *self, RoundsAuditState *out, GError **error);
void rounds_audit_state_clear (RoundsAuditState *self);
typedef struct {
  guint64 seq;
  gint64 when_us;
  char *who, *action, *type, *id, *detail, *hash;
} RoundsAuditRow;
void rounds_audit_row_free (RoundsAuditRow *self);
GPtrArray *rounds_store_audit_list (RoundsStore *self, guint64 after_seq, guint limit, GError **error);
/* The newest row alone. */
GPtrArray *rounds_store_audit_last (RoundsStore *self, GError **error);

G_END_DECLS
