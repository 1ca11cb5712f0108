/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "../fault/fhir-server.h"
#include "cloud/fhir-client.h"

/* The servers that the same cases are run against. */
typedef enum {
  CLOUD_HAPI,      /* two replicas of HAPI FHIR on PostgreSQL and Orthanc, behind nginx with TLS: data/cloud */
  CLOUD_MEDPLUM,   /* Medplum's router on Node */
  CLOUD_FAULT,     /* the fault server of these tests, behaving: it must be like the others */
  CLOUD_N_KINDS,
} CloudKind;

/* One server, started once for all tests of the program. */
typedef struct {
  CloudKind kind;
  const char *name;        /* "hapi", "medplum", "fault" */
  GSubprocess *process;
  MiniFhir *mini;          /* of CLOUD_FAULT */
  char *folder;
  char *fhir, *dicomweb;   /* addresses; dicomweb of CLOUD_HAPI alone */
  char *ca_file;           /* of https, or NULL */
  char *user, *password;   /* or NULL */
  int replica_ports[2];    /* of CLOUD_HAPI: plain http on loopback */

  /* What differs and cannot be otherwise; a case asks for it instead of guessing. */
  int gone_status;         /* of a read of what was deleted */
  gboolean keeps_digits;   /* "72.50" comes back as such */
  gboolean integrity;      /* a reference to nothing is refused */
} Cloud;

/* FALSE with a word when this machine lacks what the server needs. */
gboolean cloud_start (Cloud *self, const char *name, char **reason);
/* One more of this kind that takes no ids but its own. Of CLOUD_HAPI it must run already, to save the time of one
 * more start: ROUNDS_CLOUD_CLIENT_IDS=no cloud.sh, its line in ROUNDS_TEST_OWN_IDS; FALSE when it does not. */
gboolean cloud_start_own_ids (Cloud *self, CloudKind kind);
void cloud_clear (Cloud *self);

/* One replica of CLOUD_HAPI: 0 or 1. */
void cloud_kill_replica (Cloud *self, guint index);
/* Ends the database of CLOUD_HAPI without a word to anybody: it comes back, and reads its log. */
void cloud_crash_database (Cloud *self);
/* Starts the image server of CLOUD_HAPI anew. */
void cloud_restart_images (Cloud *self);
/* Waits until it answers (again). */
void cloud_wait_replica (Cloud *self, guint index);

/* --- the server as somebody else sees it --- */

RoundsFhirClient *cloud_open_client (const Cloud *self);
/* Resources of a type. */
gint64 cloud_count (const Cloud *self, const char *type);
/* The same as one replica sees it; −1 when it does not answer. */
gint64 cloud_count_at (const Cloud *self, guint replica, const char *type);
/* HTTP status of TYPE/ID there. */
int cloud_status (const Cloud *self, const char *type, const char *id);
/* How often TYPE/ID was written. */
guint cloud_versions (const Cloud *self, const char *type, const char *id);
/* Changes made there by somebody else. */
void cloud_put (const Cloud *self, const char *type, const char *id, const char *json);
void cloud_delete (const Cloud *self, const char *type, const char *id);
/* A record that this server refuses, for a reason of its own, and a word that its refusal holds. Caller frees. */
char *cloud_bad_record (const Cloud *self, const char *id, const char *patient, const char **word);
