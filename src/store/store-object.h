/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store-private.h"

G_BEGIN_DECLS

/* The store's own fields, for the four files that it is made of: store.c, open.c, writer.c, pool.c. */

typedef struct {
  char *type, *id, *patient_id;
} RoundsChange;
void rounds_change_free (RoundsChange *self);

struct _RoundsStore {
  GObject parent_instance;

  RoundsVault *vault;
  RoundsSecret *key;
  char *folder;              /* the vault's; another one while a cache is made anew */
  gboolean fresh;            /* made anew in that other folder */
  char *trouble;             /* what the opening found, in words, or NULL */
  int use_fd;                /* shared lock: the cache is in use */
  char *paths[2];            /* by RoundsDatabaseKind */
  GMainContext *context;
  RoundsAuditHead *head;
  RoundsPatientIndex *patients;

  /* The writer thread; the struct is its alone. */
  GThread *thread;
  GAsyncQueue *queue;
  RoundsWriter writer;
  gint64 data_version;

  GMutex mutex;              /* guards what follows */
  GCond cond;
  gboolean closed;
  GQueue idle[2];            /* RoundsDatabase */
  guint n_readers[2];
  int sync_fd;
  GPtrArray *pending;        /* RoundsChange to be told */
  gboolean pending_many, pending_outbox;
  GHashTable *pending_scans, *pending_series;
  gboolean told;             /* an idle source is on its way */
};

/* By these the window hears of changes; set up by store.c, sent by writer.c. */
enum { ROUNDS_STORE_CHANGED, ROUNDS_STORE_OUTBOX, ROUNDS_STORE_SCANS, ROUNDS_STORE_SERIES,
       ROUNDS_STORE_N_SIGNALS };
extern guint rounds_store_signals[ROUNDS_STORE_N_SIGNALS];

/* One transaction on this thread: the writer's, or the one that opens before there is a writer. */
gboolean rounds_writer_run (RoundsWriter *self, RoundsWriteFunc func, gpointer data, GError **error);
gpointer rounds_writer_thread (gpointer data);
/* Ends the writer after what is queued; waits for it. */
void rounds_writer_stop (RoundsStore *self, GThread *thread);
gboolean rounds_store_set_closed (GError **error);

/* A new, empty cache under the same key in a folder that is not the vault's. */
RoundsStore *rounds_store_open_fresh (RoundsVault *vault, RoundsSecret *key, const char *folder, GError **error);
/* The lock of whoever has the profile's cache open; −1: BUSY, another has it the other way. */
int rounds_store_lock_use (const char *folder, gboolean alone, GError **error);

G_END_DECLS
