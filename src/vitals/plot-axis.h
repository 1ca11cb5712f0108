/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Scales: time along x, a value along y. Plain values; pure; any thread. */

typedef struct {
  gint64 from_us, to_us;   /* from < to */
  double left, width;      /* in pixels */
} RoundsTimeScale;

double rounds_time_scale_x (const RoundsTimeScale *self, gint64 time_us);
gint64 rounds_time_scale_time (const RoundsTimeScale *self, double x);

typedef struct {
  double low, high;        /* values at the bottom and the top, low < high */
  double top, height;      /* in pixels */
} RoundsValueScale;

double rounds_value_scale_y (const RoundsValueScale *self, double value);
/* A step of 1, 2 or 5 times a power of ten that gives at most max_ticks over the scale. */
double rounds_value_scale_step (const RoundsValueScale *self, guint max_ticks);

typedef struct {
  gint64 time_us;
  char label[32];          /* "07:00", "22 Nov", "Mar 2021" by the locale */
  gboolean strong;         /* begins a day (or a year) */
} RoundsTimeTick;

/* At most max_ticks ticks at round local times. Array of RoundsTimeTick; caller owns. */
GArray *rounds_time_scale_ticks (const RoundsTimeScale *self, guint max_ticks);
/* "21 Nov 09:16 – 22 Nov 09:16" by the locale. Caller frees. */
char *rounds_time_scale_describe (const RoundsTimeScale *self);

G_END_DECLS
