/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* An HTTP server on loopback whose every answer a test writes, also the broken ones. */
typedef struct _FaultServer FaultServer;

typedef struct {
  char *method;
  char *path;            /* with its query, as it came */
  GHashTable *headers;   /* names in lower case */
  char *body;            /* NUL-terminated */
  gsize body_size;
} FaultRequest;

typedef struct {
  int status;            /* 200 unless set */
  GString *headers;      /* further lines, each with CRLF */
  GString *body;
  gboolean drop;         /* close without a word */
  gssize cut;            /* ≥ 0: close after so many bytes of the body, whatever was promised */
  gboolean hold;         /* answer only when fault_server_release() was called; others go on meanwhile */
  guint delay_ms;        /* answer so much later */
} FaultAnswer;

/* Called in a thread of the server, one request at a time. */
typedef void (*FaultHandler) (const FaultRequest *request, FaultAnswer *answer, gpointer data);

FaultServer *fault_server_new (FaultHandler handler, gpointer data);
/* The same on a port that is known: 0 = any. A server that comes back after a restart. */
FaultServer *fault_server_new_at (guint16 port, FaultHandler handler, gpointer data);
void fault_server_free (FaultServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FaultServer, fault_server_free)

/* "http://127.0.0.1:PORT" */
const char *fault_server_get_origin (FaultServer *self);
guint fault_server_get_n_requests (FaultServer *self);
const char *fault_request_header (const FaultRequest *request, const char *name);

/* Waits until so many answers are held. */
void fault_server_wait_held (FaultServer *self, guint n);
/* Lets those that are held now go. */
void fault_server_release (FaultServer *self);
