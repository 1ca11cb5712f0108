/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The viewport: one picture and a reader's hands. Everything that costs time has happened before it is asked to
 * paint: it holds ready textures, so a frame is a few render nodes. */
#include "scans/view/viewport.h"

#include <math.h>

#include "scans/view/viewport-draw.h"

#define MARGIN 10
#define NARROW 420
#define BOOST 2.5          /* Ctrl or Shift while dragging */
#define CLICK_PIXELS 4     /* less movement is a click */

struct _RoundsViewport
{
  GtkWidget parent_instance;

  GdkTexture *texture, *second;
  guint index;
  RoundsViewTransform transform;
  RoundsTool tool;
  gboolean overlay;
  int right_inset;
  char *corners[4];
  char *label, *label_lines, *message;
  gboolean has_geometry;
  double orientation[6];
  double wipe;               /* 0 to 1 of the width */

  GPtrArray *measurements;   /* RoundsMeasurement */
  char *sop_uid;
  int frame;
  RoundsMeasurement *draft;

  guint button;              /* of the drag in progress, 0 = none */
  gboolean on_wipe;
  guint resized_id;
  double boost, last_x, last_y, start_x, start_y, pointer_x, pointer_y, scroll_rest;

  guint32 *painted;
  guint n_slices;
  guint64 n_painted;
};

G_DEFINE_FINAL_TYPE (RoundsViewport, rounds_viewport, GTK_TYPE_WIDGET)

enum { WINDOW_DRAG, SCROLLED, VIEW_CHANGED, MEASURING, MEASURED, MENU, PAINTED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* --- painting ------------------------------------------------------------------------------------ */

static void
draw_pictures (RoundsViewport *self, GtkSnapshot *snapshot, double width, double height)
{
  static const GdkRGBA line = { 0.973f, 0.769f, 0.235f, 1 };
  float at = (float) (width * self->wipe);

  if (self->second == NULL)
    {
      rounds_draw_picture (snapshot, self->texture, &self->transform, width, height);
      return;
    }
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, at, (float) height));
  rounds_draw_picture (snapshot, self->texture, &self->transform, width, height);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (at, 0, (float) width - at, (float) height));
  rounds_draw_picture (snapshot, self->second, &self->transform, width, height);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_append_color (snapshot, &line, &GRAPHENE_RECT_INIT (at - 1, 0, 2, (float) height));
}

static void
draw_overlay (RoundsViewport *self, GtkSnapshot *snapshot, double width, double height, double top_right)
{
  static const GdkRGBA white = { 1, 1, 1, 1 };
  GtkWidget *widget = GTK_WIDGET (self);
  char letters[4][4];
  /* The corners must not run into each other in a narrow window: there the technique gives way. */
  gboolean narrow = width < NARROW;
  double right = width - MARGIN - self->right_inset;

  if (self->corners[0] != NULL)
    rounds_draw_text (widget, snapshot, self->corners[0], &white, MARGIN, MARGIN, 0, 0, FALSE);
  if (self->corners[1] != NULL && !narrow)
    rounds_draw_text (widget, snapshot, self->corners[1], &white, right, top_right, 1, 0, FALSE);
  if (self->corners[2] != NULL)
    rounds_draw_text (widget, snapshot, self->corners[2], &white, MARGIN, height - MARGIN, 0, 1, FALSE);
  if (self->corners[3] != NULL && !narrow)
    rounds_draw_text (widget, snapshot, self->corners[3], &white, right, height - MARGIN, 1, 1, FALSE);
  rounds_view_transform_letters (&self->transform, self->has_geometry, self->orientation, letters);
  rounds_draw_text (widget, snapshot, letters[0], &white, MARGIN, height / 2, 0, 0.5, TRUE);
  rounds_draw_text (widget, snapshot, letters[1], &white, right, height / 2, 1, 0.5, TRUE);
  rounds_draw_text (widget, snapshot, letters[2], &white, width / 2, MARGIN, 0.5, 0, TRUE);
  rounds_draw_text (widget, snapshot, letters[3], &white, width / 2, height - MARGIN, 0.5, 1, TRUE);
}

static void
rounds_viewport_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RoundsViewport *self = ROUNDS_VIEWPORT (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget), top_right = MARGIN;
  static const GdkRGBA black = { 0, 0, 0, 1 }, grey = { 0.75f, 0.75f, 0.75f, 1 };

  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  gtk_snapshot_append_color (snapshot, &black, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  if (self->texture != NULL)
    {
      draw_pictures (self, snapshot, width, height);
      for (guint i = 0; self->overlay && self->measurements != NULL && i < self->measurements->len; i++)
        {
          const RoundsMeasurement *m = g_ptr_array_index (self->measurements, i);
          if (m->frame == self->frame && g_strcmp0 (m->sop_uid, self->sop_uid) == 0)
            rounds_draw_measurement (widget, snapshot, m, &self->transform, width, height, FALSE);
        }
      if (self->draft != NULL)
        rounds_draw_measurement (widget, snapshot, self->draft, &self->transform, width, height, TRUE);
      /* In a narrow window the label stands below the patient's lines. */
      if (width < NARROW && self->overlay && self->corners[0] != NULL)
        top_right += rounds_text_height (widget, self->corners[0]) + 6;
      if (self->label != NULL)
        top_right = rounds_draw_label (widget, snapshot, self->label, self->label_lines, width - MARGIN - self->right_inset, top_right);
      if (self->overlay)
        draw_overlay (self, snapshot, width, height, top_right);
    }
  if (self->message != NULL)
    rounds_draw_text (widget, snapshot, self->message, &grey, width / 2, height / 2, 0.5, 0.5, FALSE);
  gtk_snapshot_pop (snapshot);
  if (self->texture == NULL)
    return;
  self->n_painted++;
  if (self->index < self->n_slices && self->painted[self->index]++ == 0)
    g_signal_emit (self, signals[PAINTED], 0, self->index);
}

static void
rounds_viewport_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  *minimum = 120;
  *natural = 512;
}

static gboolean
resized_cb (gpointer data)
{
  RoundsViewport *self = data;

  self->resized_id = 0;
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

/* A fitted picture has another zoom now. What says so is written after this frame's layout, not in it. */
static void
rounds_viewport_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RoundsViewport *self = ROUNDS_VIEWPORT (widget);

  if (self->resized_id == 0)
    self->resized_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, resized_cb, self, NULL);
}

/* --- hands --------------------------------------------------------------------------------------- */

static void
to_image (RoundsViewport *self, double x, double y, double *column, double *row)
{
  rounds_view_transform_to_image (&self->transform, gtk_widget_get_width (GTK_WIDGET (self)),
                                  gtk_widget_get_height (GTK_WIDGET (self)), x, y, column, row);
}

static void
begin_draft (RoundsViewport *self, RoundsMeasureKind kind, double x, double y)
{
  g_clear_pointer (&self->draft, rounds_measurement_free);
  if (self->texture == NULL || self->sop_uid == NULL)
    return;
  self->draft = rounds_measurement_new (kind, self->sop_uid, self->frame);
  to_image (self, x, y, &self->draft->x[0], &self->draft->y[0]);
  self->draft->x[1] = self->draft->x[0];
  self->draft->y[1] = self->draft->y[0];
  g_signal_emit (self, signals[MEASURING], 0, self->draft);
}

static void
drag_began_cb (GtkGestureDrag *gesture, double x, double y, gpointer data)
{
  RoundsViewport *self = data;
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));

  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture));
  self->boost = state & (GDK_CONTROL_MASK | GDK_SHIFT_MASK) ? BOOST : 1;
  self->last_x = self->last_y = 0;
  self->start_x = x;
  self->start_y = y;
  self->on_wipe = self->button == 1 && self->second != NULL
                  && fabs (x - self->wipe * gtk_widget_get_width (GTK_WIDGET (self))) < 12;
  if (self->button != 1 || self->on_wipe)
    return;
  if (self->tool == ROUNDS_TOOL_LENGTH)
    begin_draft (self, ROUNDS_MEASURE_LENGTH, x, y);
  else if (self->tool == ROUNDS_TOOL_ELLIPSE)
    begin_draft (self, ROUNDS_MEASURE_ELLIPSE, x, y);
  else if (self->tool == ROUNDS_TOOL_PROBE)
    begin_draft (self, ROUNDS_MEASURE_PROBE, x, y);
}

static void
move_draft (RoundsViewport *self, double x, double y)
{
  int end = self->draft->kind == ROUNDS_MEASURE_PROBE ? 0 : 1;

  to_image (self, x, y, &self->draft->x[end], &self->draft->y[end]);
  if (end == 0)
    {
      self->draft->x[1] = self->draft->x[0];
      self->draft->y[1] = self->draft->y[0];
    }
  g_signal_emit (self, signals[MEASURING], 0, self->draft);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
drag_updated_cb (GtkGestureDrag *gesture, double x, double y, gpointer data)
{
  RoundsViewport *self = data;
  double dx = x - self->last_x, dy = y - self->last_y;
  double width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));

  self->last_x = x;
  self->last_y = y;
  if (self->on_wipe)
    {
      rounds_viewport_move_wipe (self, dx / MAX (width, 1));
      return;
    }
  if (self->draft != NULL)
    {
      move_draft (self, self->start_x + x, self->start_y + y);
      return;
    }
  if (self->button == 2 || (self->button == 1 && self->tool == ROUNDS_TOOL_PAN))
    {
      self->transform.pan_x += dx;
      self->transform.pan_y += dy;
      if (self->transform.zoom <= 0)
        self->transform.zoom = rounds_view_transform_get_zoom (&self->transform, width, height);
      rounds_viewport_view_changed (self);
    }
  else if (self->button == 3 || (self->button == 1 && self->tool == ROUNDS_TOOL_ZOOM))
    {
      rounds_view_transform_zoom_at (&self->transform, width, height, self->start_x, self->start_y, exp (-dy * 0.008));
      rounds_viewport_view_changed (self);
    }
  else if (self->button == 1 && self->tool == ROUNDS_TOOL_WINDOW)
    g_signal_emit (self, signals[WINDOW_DRAG], 0, dx, dy, self->boost);
}

static void
drag_ended_cb (GtkGestureDrag *gesture, double x, double y, gpointer data)
{
  RoundsViewport *self = data;
  gboolean click = hypot (x, y) < CLICK_PIXELS;

  if (self->button == 3 && click)
    g_signal_emit (self, signals[MENU], 0, self->start_x, self->start_y);
  if (self->draft != NULL)
    {
      g_autoptr (RoundsMeasurement) done = g_steal_pointer (&self->draft);

      /* A click is no length: without a stretch nothing is kept. */
      if (done->kind == ROUNDS_MEASURE_PROBE || !click)
        g_signal_emit (self, signals[MEASURED], 0, done);
      gtk_widget_queue_draw (GTK_WIDGET (self));
    }
  self->button = 0;
  self->on_wipe = FALSE;
}

static void
drag_cancelled_cb (GtkGesture *gesture, GdkEventSequence *sequence, gpointer data)
{
  RoundsViewport *self = data;

  g_clear_pointer (&self->draft, rounds_measurement_free);
  self->button = 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, gpointer data)
{
  RoundsViewport *self = data;

  if (n_press != 2)
    return;
  self->transform.zoom = self->transform.pan_x = self->transform.pan_y = 0;
  rounds_viewport_view_changed (self);
}

static gboolean
scrolled_cb (GtkEventControllerScroll *controller, double dx, double dy, gpointer data)
{
  RoundsViewport *self = data;
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (controller));
  int steps;

  if (state & GDK_CONTROL_MASK)
    {
      rounds_view_transform_zoom_at (&self->transform, gtk_widget_get_width (GTK_WIDGET (self)),
                                     gtk_widget_get_height (GTK_WIDGET (self)), self->pointer_x, self->pointer_y,
                                     exp (-dy * 0.15));
      rounds_viewport_view_changed (self);
      return GDK_EVENT_STOP;
    }
  /* A touchpad sends fractions: what is left over counts next time. */
  if (gtk_event_controller_scroll_get_unit (controller) == GDK_SCROLL_UNIT_SURFACE)
    dy /= 24;
  self->scroll_rest += dy;
  steps = (int) trunc (self->scroll_rest);
  self->scroll_rest -= steps;
  if (steps != 0)
    g_signal_emit (self, signals[SCROLLED], 0, steps);
  return GDK_EVENT_STOP;
}

static void
moved_cb (GtkEventControllerMotion *controller, double x, double y, gpointer data)
{
  RoundsViewport *self = data;

  self->pointer_x = x;
  self->pointer_y = y;
}

/* --- what is shown ------------------------------------------------------------------------------- */

void
rounds_viewport_set_picture (RoundsViewport *self, GdkTexture *texture, GdkTexture *second, guint index)
{
  g_set_object (&self->texture, texture);
  g_set_object (&self->second, second);
  self->index = index;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_viewport_set_tool (RoundsViewport *self, RoundsTool tool)
{
  static const char *const cursors[] = { "default", "grab", "zoom-in", "crosshair", "crosshair", "crosshair" };

  self->tool = tool;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), cursors[tool]);
}

RoundsViewTransform *
rounds_viewport_get_transform (RoundsViewport *self)
{
  return &self->transform;
}

void
rounds_viewport_view_changed (RoundsViewport *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[VIEW_CHANGED], 0);
}

double
rounds_viewport_get_zoom (RoundsViewport *self)
{
  return rounds_view_transform_get_zoom (&self->transform, gtk_widget_get_width (GTK_WIDGET (self)),
                                         gtk_widget_get_height (GTK_WIDGET (self)));
}

static void
set_text (RoundsViewport *self, char **where, const char *text)
{
  if (g_set_str (where, text))
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_viewport_set_corner (RoundsViewport *self, RoundsCorner corner, const char *text)
{
  set_text (self, &self->corners[corner], text);
}

void
rounds_viewport_set_label (RoundsViewport *self, const char *title, const char *lines)
{
  set_text (self, &self->label, title);
  set_text (self, &self->label_lines, lines);
}

void
rounds_viewport_set_message (RoundsViewport *self, const char *text)
{
  set_text (self, &self->message, text);
}

void
rounds_viewport_set_geometry (RoundsViewport *self, gboolean has_geometry, const double orientation[6])
{
  self->has_geometry = has_geometry;
  for (int i = 0; i < 6; i++)
    self->orientation[i] = has_geometry ? orientation[i] : 0;
}

void
rounds_viewport_set_overlay (RoundsViewport *self, gboolean visible)
{
  self->overlay = visible;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_viewport_set_measurements (RoundsViewport *self, GPtrArray *list, const char *sop_uid, int frame)
{
  g_clear_pointer (&self->measurements, g_ptr_array_unref);
  self->measurements = list != NULL ? g_ptr_array_ref (list) : NULL;
  if (g_strcmp0 (self->sop_uid, sop_uid) != 0 || self->frame != frame)
    g_clear_pointer (&self->draft, rounds_measurement_free);   /* another slice came below the pen */
  g_set_str (&self->sop_uid, sop_uid);
  self->frame = frame;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_viewport_set_right_inset (RoundsViewport *self, int pixels)
{
  self->right_inset = pixels;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_viewport_move_wipe (RoundsViewport *self, double by)
{
  self->wipe = CLAMP (self->wipe + by, 0.02, 0.98);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_viewport_reset_painted (RoundsViewport *self, guint n_slices)
{
  g_free (self->painted);
  self->painted = g_new0 (guint32, MAX (n_slices, 1));
  self->n_slices = n_slices;
  self->n_painted = 0;
}

guint
rounds_viewport_get_painted (RoundsViewport *self, guint index)
{
  return index < self->n_slices ? self->painted[index] : 0;
}

guint64
rounds_viewport_get_n_painted (RoundsViewport *self)
{
  return self->n_painted;
}

static void
rounds_viewport_dispose (GObject *object)
{
  RoundsViewport *self = ROUNDS_VIEWPORT (object);

  g_clear_handle_id (&self->resized_id, g_source_remove);
  g_clear_object (&self->texture);
  g_clear_object (&self->second);
  g_clear_pointer (&self->measurements, g_ptr_array_unref);
  g_clear_pointer (&self->draft, rounds_measurement_free);
  G_OBJECT_CLASS (rounds_viewport_parent_class)->dispose (object);
}

static void
rounds_viewport_finalize (GObject *object)
{
  RoundsViewport *self = ROUNDS_VIEWPORT (object);

  for (int i = 0; i < 4; i++)
    g_free (self->corners[i]);
  g_free (self->label);
  g_free (self->label_lines);
  g_free (self->message);
  g_free (self->sop_uid);
  g_free (self->painted);
  G_OBJECT_CLASS (rounds_viewport_parent_class)->finalize (object);
}

static void
rounds_viewport_class_init (RoundsViewportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GType type = ROUNDS_TYPE_VIEWPORT;

  object_class->dispose = rounds_viewport_dispose;
  object_class->finalize = rounds_viewport_finalize;
  widget_class->snapshot = rounds_viewport_snapshot;
  widget_class->measure = rounds_viewport_measure;
  widget_class->size_allocate = rounds_viewport_size_allocate;
  gtk_widget_class_set_css_name (widget_class, "viewport-image");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
#define SIGNAL(id, name, n, ...) \
  signals[id] = g_signal_new (name, type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, n, ##__VA_ARGS__)
  SIGNAL (WINDOW_DRAG, "window-drag", 3, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  SIGNAL (SCROLLED, "scrolled", 1, G_TYPE_INT);
  SIGNAL (VIEW_CHANGED, "view-changed", 0);
  SIGNAL (MEASURING, "measuring", 1, G_TYPE_POINTER);
  SIGNAL (MEASURED, "measured", 1, G_TYPE_POINTER);
  SIGNAL (MENU, "menu", 2, G_TYPE_DOUBLE, G_TYPE_DOUBLE);
  SIGNAL (PAINTED, "painted", 1, G_TYPE_UINT);
#undef SIGNAL
}

static void
rounds_viewport_init (RoundsViewport *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkGesture *drag = gtk_gesture_drag_new (), *click = gtk_gesture_click_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  GtkEventController *motion = gtk_event_controller_motion_new ();

  self->overlay = TRUE;
  self->wipe = 0.5;
  rounds_view_transform_init (&self->transform);
  rounds_viewport_reset_painted (self, 0);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), 0);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_began_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_updated_cb), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_ended_cb), self);
  g_signal_connect (drag, "cancel", G_CALLBACK (drag_cancelled_cb), self);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect (scroll, "scroll", G_CALLBACK (scrolled_cb), self);
  g_signal_connect (motion, "motion", G_CALLBACK (moved_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (widget, scroll);
  gtk_widget_add_controller (widget, motion);
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_hexpand (widget, TRUE);
  gtk_widget_set_vexpand (widget, TRUE);
  rounds_viewport_set_tool (self, ROUNDS_TOOL_WINDOW);
}
