/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud-fixture.h"

/* What the files of the program test-cloud share. */
Cloud *the_cloud (void);
char *new_id (const char *prefix);
void add_image_tests (void);
void add_bulk_tests (void);
/* The program as a child that syncs the profile in a folder until it is killed. */
int sync_child (const char *folder);
