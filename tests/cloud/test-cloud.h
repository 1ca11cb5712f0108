/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud-fixture.h"

/* What the files of the program test-cloud share. */
Cloud *the_cloud (void);
char *new_id (const char *prefix);
/* "/cloud/SERVER" and path. */
void add_case (const char *path, GTestFunc test);
void add_lost_tests (void);
void add_bulk_tests (void);
void add_two_tests (void);
void add_id_tests (void);        /* of CLOUD_HAPI when a server for it runs */
void add_image_tests (void);     /* CLOUD_HAPI, as the next */
void add_database_tests (void);
void add_replica_tests (void);
/* The program as a child that syncs the profile in a folder until it is killed. */
int sync_child (const char *folder);

/* The text of a record that is there. Caller frees. */
char *record_text (RoundsStore *store, const char *type, const char *id);
void assert_absent (RoundsStore *store, const char *type, const char *id);
/* A patient with these in it; NULL leaves it out. */
char *patient_with (const char *id, const char *family, const char *phone, const char *city);
void put_patient (RoundsStore *store, const char *id, const char *family, const char *phone, const char *city);
/* Imports the bundles of a folder of the shared data, ids prefixed. Returns how many records; 0 = no such data. */
guint import_folder (RoundsStore *store, const char *name, const char *prefix, guint max_files);
