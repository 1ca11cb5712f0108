/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/collect.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Loads the chart of one patient in a worker and again whenever its vitals change. A late answer for another
 * patient is dropped. Main thread. */
typedef struct _RoundsVitalsWatch RoundsVitalsWatch;
/* chart is borrowed; NULL with error NULL = no patient. */
typedef void (*RoundsVitalsWatchFunc) (RoundsVitalsChart *chart, const GError *error, gpointer data);

RoundsVitalsWatch *rounds_vitals_watch_new (RoundsVitalsWatchFunc func, gpointer data);
/* After this func is never called again. */
void rounds_vitals_watch_free (RoundsVitalsWatch *self);
void rounds_vitals_watch_set_patient (RoundsVitalsWatch *self, RoundsStore *store, const char *patient_id);
void rounds_vitals_watch_reload (RoundsVitalsWatch *self);

G_END_DECLS
