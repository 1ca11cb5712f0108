/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server.h"
#include "fhir/json.h"

/* A small FHIR server in memory, good enough to sync with, whose behaviour a test bends. */
typedef struct _MiniFhir MiniFhir;

/* Called before a request is worked on: TRUE = the test has answered. */
typedef gboolean (*MiniBefore) (MiniFhir *self, const FaultRequest *request, FaultAnswer *answer, gpointer data);
/* Called after: may change or drop the answer of what is done already. */
typedef void (*MiniAfter) (MiniFhir *self, const FaultRequest *request, FaultAnswer *answer, gpointer data);

struct _MiniFhir {
  FaultServer *server;
  char *url;                 /* of the base */
  GHashTable *resources;     /* "TYPE/ID" → MiniResource */
  gint64 now_us;             /* its clock; moves 1 s a request */
  MiniBefore before;
  MiniAfter after;
  gpointer data;
  gboolean transactions, history, ignores_if_match;
  guint page;                /* entries of a page, whatever _count says */
  const char *etag_form;     /* printf form with one %d; NULL = none is sent */
  guint n_puts, n_transactions, n_stopped;
};

typedef struct {
  int version;
  gint64 updated_us;
  json_object *json;         /* NULL = deleted */
} MiniResource;

MiniFhir *mini_fhir_new (void);
void mini_fhir_free (MiniFhir *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MiniFhir, mini_fhir_free)

MiniResource *mini_get (MiniFhir *self, const char *type, const char *id);
/* As another client would. json NULL deletes. */
void mini_put (MiniFhir *self, const char *type, const char *id, const char *json);
guint mini_count (MiniFhir *self, const char *type);
void mini_outcome (FaultAnswer *answer, int status, const char *text);
