/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A profile, a server whose records have their times, and a connection between them. */

#include "../fault/fhir-server.h"
#include "../store/store-fixture.h"
#include "sync/connection.h"
#include "sync/session.h"

typedef struct {
  Fixture fixture;
  RoundsStore *store;
  MiniFhir *server;
  RoundsSync *sync;
  RoundsSyncReport report;
  GError *error;
  guint n;           /* of the test's hooks */
} SyncCase;

static inline void
sync_case_connect (SyncCase *self)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;

  connection->fhir_url = g_strdup (self->server->url);
  rounds_connection_save (self->store, connection, NULL, &error);
  g_assert_no_error (error);
}

static inline void
sync_case_new (SyncCase *self)
{
  memset (self, 0, sizeof *self);
  fixture_new (&self->fixture);
  self->store = self->fixture.store;
  self->server = mini_fhir_new ();
  self->server->data = self;
  sync_case_connect (self);
  self->sync = rounds_sync_new (self->store, "ward");
}

static inline void
sync_case_clear (SyncCase *self)
{
  g_clear_object (&self->sync);
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  if (self->store != NULL)
    assert_audit_ok (self->store);
  /* A history of everything is never asked for: some servers cut it. */
  g_assert_cmpuint (self->server->n_history_without_since, ==, 0);
  fixture_clear (&self->fixture);
  g_clear_pointer (&self->server, mini_fhir_free);
}

static inline gboolean
sync_case_run (SyncCase *self)
{
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  return rounds_sync_run (self->sync, TRUE, NULL, &self->report, &self->error);
}

static inline void
sync_case_must_run (SyncCase *self)
{
  gboolean ok = sync_case_run (self);

  g_assert_no_error (self->error);
  g_assert_true (ok);
}

static inline guint
sync_case_count (SyncCase *self, const char *type)
{
  g_autoptr (GPtrArray) counts = rounds_store_count (self->store, NULL, NULL);
  guint i;

  for (i = 0; i < counts->len; i++)
    if (g_str_equal (((RoundsCount *) counts->pdata[i])->type, type))
      return (guint) ((RoundsCount *) counts->pdata[i])->count;
  return 0;
}

/* As another client would, so many seconds ago. */
static inline void
sync_case_put (SyncCase *self, const char *id, const char *family, gint64 seconds_ago)
{
  g_autofree char *json = patient_json (id, family, "Ann");

  mini_put_late (self->server, "Patient", id, json, seconds_ago * G_USEC_PER_SEC);
}

/* One every ten seconds, the newest ten minutes ago. */
static inline void
sync_case_put_many (SyncCase *self, guint n)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      sync_case_put (self, id, "Many", 600 + (gint64) (n - i) * 10);
    }
}

static inline gboolean
sync_case_has (SyncCase *self, const char *type, const char *id, const char *text)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (self->store, type, id, NULL);

  return record != NULL && !record->deleted && strstr (record->json, text) != NULL;
}

static inline gboolean
sync_case_is_gone (SyncCase *self, const char *type, const char *id)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (self->store, type, id, NULL);

  return record == NULL || record->deleted;
}

/* Of the cursor of a scope; 0 = none. */
static inline gint64
sync_case_watermark (SyncCase *self, const char *what, gboolean *complete)
{
  g_autofree char *scope = rounds_connection_scope (self->server->url, what);
  g_autofree char *text = rounds_store_dup_cursor (self->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  if (complete != NULL)
    *complete = json_object_get_boolean (rounds_json_peek (json, "complete"));
  return json_object_get_int64 (rounds_json_peek (json, "watermark_us"));
}
