/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "../store/store-fixture.h"
#include "sync/connection.h"
#include "sync/session.h"

/* The real servers, started once for all tests of the program. */
typedef struct {
  GSubprocess *process;
  char *folder;
  char *fhir, *dicomweb;   /* addresses */
} Cloud;

/* FALSE when this machine lacks what the servers need; reason is then static text. */
gboolean cloud_possible (const char **reason);
void cloud_start (Cloud *self);      /* again with the same folder and ports after cloud_stop() */
void cloud_stop (Cloud *self);
void cloud_clear (Cloud *self);

/* A profile that is connected to the cloud as "ward". */
void cloud_fixture_new (Fixture *fixture, const Cloud *cloud);
/* One pass that must succeed. Clear the report. */
void must_sync (RoundsStore *store, RoundsSyncReport *report);
/* One pass whose report is of no interest. */
void sync_once (RoundsStore *store);

/* What the server has: resources of a type. */
gint64 cloud_count (const Cloud *cloud, const char *type);
/* HTTP status of TYPE/ID there. */
int cloud_status (const Cloud *cloud, const char *type, const char *id);
/* A change made there by somebody else. */
void cloud_put (const Cloud *cloud, const char *type, const char *id, const char *json);

/* The number of resources is that of the server for every type, and nothing waits. */
void assert_counts_equal (const Cloud *cloud, RoundsStore *store);
/* Every resource of one is in the other with the same content, meta apart. Returns how many there are. */
guint assert_same_content (RoundsStore *a, RoundsStore *b);
void assert_outbox_empty (RoundsStore *store);
