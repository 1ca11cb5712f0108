/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Made-up people and their records, the same for a seed on every machine and in any order: patient 17 is patient 17
 * whether or not the 16 before it were made. Nobody among them is real; names are common ones of their language,
 * put together by chance. All texts are R4 resources on one line; the caller frees. */

/* The day that ages are counted to: 2026-11-01T00:00:00Z. */
#define PEOPLE_NOW_US G_GINT64_CONSTANT (1793491200000000)

/* Ids are "p0000017", "p0000017-enc-2", … */
char *people_id (guint patient);
char *people_patient (guint32 seed, guint patient);
char *people_encounter (guint32 seed, guint patient, guint number);
char *people_condition (guint32 seed, guint patient, guint number);
char *people_observation (guint32 seed, guint patient, guint number);

G_END_DECLS
