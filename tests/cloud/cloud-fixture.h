/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../store/store-fixture.h"
#include "cloud-server.h"
#include "sync/connection.h"
#include "sync/session.h"

/* A profile that is connected to the cloud as "ward". */
void cloud_fixture_new (Fixture *fixture, const Cloud *cloud);
/* The same through a proxy. */
void cloud_fixture_new_at (Fixture *fixture, const Cloud *cloud, const char *fhir_url);
/* One pass that must succeed. Clear the report. */
void must_sync (RoundsStore *store, RoundsSyncReport *report);
/* One pass whose report is of no interest. */
void sync_once (RoundsStore *store);

/* The number of resources is that of the server for every type. */
void assert_counts_equal (const Cloud *cloud, RoundsStore *store);
/* Every resource of one is in the other with the same content, meta apart. Returns how many there are. */
guint assert_same_content (RoundsStore *a, RoundsStore *b);
void assert_outbox_empty (RoundsStore *store);
