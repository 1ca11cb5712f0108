/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gdk/gdk.h>

#include "scans/enhancer.h"
#include "scans/frame-cache.h"
#include "scans/lut.h"

G_BEGIN_DECLS

typedef enum {
  ROUNDS_COMPARE_OFF,
  ROUNDS_COMPARE_WIPE,         /* original left, enhanced right of a line */
  ROUNDS_COMPARE_DIFFERENCE,   /* enhanced − original */
} RoundsCompare;

/* The difference map has full colour at this part of the largest change that is allowed. */
#define ROUNDS_DIFFERENCE_PART 0.5

/* One slice made ready for the screen, with all that the texts over it must say. Immutable, any thread. */
typedef struct {
  guint index;
  guint64 serial;
  RoundsScanFrame *frame;
  GdkTexture *texture, *second;   /* second: right of the wipe line, or NULL */
  RoundsDisplay display;
  gboolean enhanced;              /* enhanced pixels (or their difference) are part of what is seen */
  RoundsCompare compare;
  RoundsDenoiseReport report;     /* when enhanced */
  double strength;
  gint ref_count;
} RoundsPicture;
RoundsPicture *rounds_picture_ref (RoundsPicture *self);
void rounds_picture_unref (RoundsPicture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsPicture, rounds_picture_unref)

/* The stack on screen: which slice, shown how; makes its pictures in workers and those of the next slices ahead
 * of time. Main thread.
 *
 * Signals: "picture" (): rounds_stack_get_picture() changed; "loaded" (guint index); "failed" (guint index,
 * const char *message); "enhance-failed" (const char *message); "index-changed" (). */
#define ROUNDS_TYPE_STACK (rounds_stack_get_type ())
G_DECLARE_FINAL_TYPE (RoundsStack, rounds_stack, ROUNDS, STACK, GObject)

RoundsStack *rounds_stack_new (void);
/* NULL, NULL: nothing is open. Enhancement is forgotten when the patient changes (forget). */
void rounds_stack_set_series (RoundsStack *self, RoundsStore *store, RoundsScanSeries *series, gboolean forget);
RoundsScanSeries *rounds_stack_get_series (RoundsStack *self);
guint rounds_stack_get_n (RoundsStack *self);
guint rounds_stack_get_index (RoundsStack *self);
void rounds_stack_set_index (RoundsStack *self, guint index);
/* What is shown now, which may still be the slice before; NULL = nothing yet. Borrowed. */
RoundsPicture *rounds_stack_get_picture (RoundsStack *self);
/* Whether the picture of the current slice is the one that is shown. */
gboolean rounds_stack_is_current (RoundsStack *self);

const RoundsDisplay *rounds_stack_get_display (RoundsStack *self);
void rounds_stack_set_display (RoundsStack *self, const RoundsDisplay *display);
/* half: pictures at half size will do (zoom up to one half). */
void rounds_stack_set_half (RoundsStack *self, gboolean half);

void rounds_stack_set_enhance (RoundsStack *self, gboolean on);
void rounds_stack_set_strength (RoundsStack *self, double strength);
double rounds_stack_get_strength (RoundsStack *self);
void rounds_stack_set_compare (RoundsStack *self, RoundsCompare compare);
/* While TRUE the original is shown. */
void rounds_stack_set_hold (RoundsStack *self, gboolean hold);

RoundsFrameCache *rounds_stack_get_cache (RoundsStack *self);
RoundsEnhancer *rounds_stack_get_enhancer (RoundsStack *self);

G_END_DECLS
