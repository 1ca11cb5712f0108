/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/collect.h"

G_BEGIN_DECLS

/* Shared by the files that make a chart. */
RoundsVitalSeries *rounds_vitals_chart_take_series (RoundsVitalsChart *self, const char *code, const char *label,
                                                    const char *unit);
void rounds_vitals_chart_track_news2 (RoundsVitalsChart *self);
/* Whether NEWS2 may be scored for this person at this time; else *why (may be NULL) is a sentence. */
gboolean rounds_vitals_chart_news2_applies (const RoundsVitalsChart *self, gint64 time_us, char **why);
gboolean rounds_vitals_parse_number_loose (const char *digits, double *out);

G_END_DECLS
