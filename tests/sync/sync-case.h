/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One profile, one scripted server, and passes between them. */

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
  /* of the hooks */
  guint n_done;
  FaultServer *other;
  char *saved;
  const char *method, *prefix;
  int status;
  guint n;
} Case;

static inline void
case_connect (Case *self)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;

  connection->fhir_url = g_strdup (self->server->url);
  rounds_connection_save (self->store, connection, NULL, &error);
  g_assert_no_error (error);
}

static inline void
case_new (Case *self)
{
  memset (self, 0, sizeof *self);
  fixture_new (&self->fixture);
  self->store = self->fixture.store;
  self->server = mini_fhir_new ();
  self->server->data = self;
  case_connect (self);
  self->sync = rounds_sync_new (self->store, "ward");
}

static inline void
case_clear (Case *self)
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
  g_clear_pointer (&self->other, fault_server_free);
  g_free (self->saved);
}

static inline gboolean
run (Case *self)
{
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  return rounds_sync_run (self->sync, TRUE, NULL, &self->report, &self->error);
}

static inline void
must_run (Case *self)
{
  gboolean ok = run (self);

  g_assert_no_error (self->error);
  g_assert_true (ok);
}

static inline void
put_patient (Case *self, const char *id, const char *family)
{
  g_autofree char *json = patient_json (id, family, "Ann");

  must_put (self->store, "Patient", id, json);
}

static inline void
server_patient (Case *self, const char *id, const char *family)
{
  g_autofree char *json = patient_json (id, family, "Ann");

  mini_put (self->server, "Patient", id, json);
}

static inline char *
text_of (Case *self, const char *type, const char *id)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (self->store, type, id, NULL);

  return record != NULL && !record->deleted ? g_strdup (record->json) : NULL;
}

static inline gboolean
has_family (Case *self, const char *id, const char *family)
{
  g_autofree char *text = text_of (self, "Patient", id);

  return text != NULL && strstr (text, family) != NULL;
}

/* Not the requests with which a new server is tried. */
static inline gboolean
is_probe (const FaultRequest *request)
{
  return strstr (request->path, "rounds-probe") != NULL;
}
