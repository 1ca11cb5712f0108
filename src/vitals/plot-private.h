/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <pango/pangocairo.h>

#include "vitals/plot.h"
#include "vitals/pyramid.h"

G_BEGIN_DECLS

/* Data: one curve. */
typedef struct {
  RoundsVitalSeries *series;   /* borrowed from the chart */
  RoundsPyramid *pyramid;
} RoundsPlotCurve;

/* A strip of the plot: one to three curves on one value scale. */
typedef struct {
  char *label, *unit;
  const RoundsVital *vital;    /* of the first curve */
  RoundsPlotCurve curves[3];
  guint n_curves;
  gboolean pair;               /* systolic and diastolic: "104/62" */
  RoundsValueScale scale;      /* settled by layout */
} RoundsPlotLane;

struct _RoundsPlot {
  RoundsVitalsChart *chart;
  GPtrArray *lanes;            /* RoundsPlotLane */
  double width, height;
  RoundsTimeScale time;
  /* layout */
  gboolean narrow;             /* names above the curves instead of beside them */
  double events_top, events_height, lanes_top, lane_height, news2_top, news2_height, axis_top, right_left;
};

void rounds_plot_layout (RoundsPlot *self);
/* Text at x (align −1 left, 0 centre, 1 right of it) and the baseline's box centred on y. Returns its width. */
double rounds_plot_text (cairo_t *cr, double x, double y, int align, double size, gboolean bold, guint32 rgb,
                         double max_width, const char *text);
void rounds_plot_set_rgb (cairo_t *cr, guint32 rgb, double alpha);
/* Value of a lane at or near a time, as people read it, or NULL when there is none there. Caller frees. */
char *rounds_plot_lane_value (const RoundsPlotLane *lane, gint64 time_us, gint64 tolerance_us, gint64 *at_us);

G_END_DECLS
