/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything the page can do, by name, and the keys for it. Keys are bindings of the page itself: they work while
 * the focus is inside it, and a text entry elsewhere never sees them. */
#include "scans/view/scans-page-private.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"
#include "scans/presets.h"

static RoundsDisplay
current_display (RoundsScansPage *self)
{
  return *rounds_stack_get_display (self->stack);
}

static void
preset_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  const char *id = g_variant_get_string (parameter, NULL);
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  RoundsDisplay display = current_display (self);
  const RoundsPreset *presets;
  guint n;

  if (picture == NULL || self->series == NULL || !rounds_scan_frame_is_grey (picture->frame))
    return;
  if (g_str_equal (id, "auto"))
    rounds_window_auto (picture->frame, &display);
  else if (g_str_has_prefix (id, "file-"))
    {
      if (!rounds_window_of_file (picture->frame, (guint) (id[5] - '1'), &display))
        return;
    }
  else
    {
      const RoundsPreset *preset = rounds_preset_find (id);

      /* Hounsfield windows mean nothing on other images. */
      presets = rounds_presets_for_modality (rounds_scan_series_get_modality (self->series), &n);
      if (preset == NULL || presets == NULL)
        return;
      display.function = ROUNDS_VOI_LINEAR;
      display.width = preset->width;
      display.center = preset->center;
    }
  display.invert = self->invert;
  rounds_stack_set_display (self->stack, &display);
}

/* A digit: 0 auto, 1–2 the file's own, 3… the presets. */
static void
digit_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  int digit = g_variant_get_int32 (parameter);
  const RoundsPreset *presets;
  g_autofree char *id = NULL;
  guint n;

  if (self->series == NULL)
    return;
  presets = rounds_presets_for_modality (rounds_scan_series_get_modality (self->series), &n);
  if (digit == 0)
    id = g_strdup ("auto");
  else if (digit <= 2)
    id = g_strdup_printf ("file-%d", digit);
  else if ((guint) digit - 3 < n)
    id = g_strdup (presets[digit - 3].id);
  if (id != NULL)
    gtk_widget_activate_action (widget, "scans.preset", "s", id);
}

static void
step_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_scans_page_step (ROUNDS_SCANS_PAGE (widget), g_variant_get_int32 (parameter));
}

static void
end_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  guint n = rounds_stack_get_n (self->stack);

  if (n > 0)
    rounds_stack_set_index (self->stack, g_str_equal (name, "scans.first") ? 0 : n - 1);
}

static void
series_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_scans_page_next_series (ROUNDS_SCANS_PAGE (widget), g_variant_get_int32 (parameter));
}

static void
turn_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  RoundsViewTransform *transform = rounds_viewport_get_transform (self->viewport);

  if (g_str_equal (name, "scans.rotate-right"))
    rounds_view_transform_rotate (transform, 1);
  else if (g_str_equal (name, "scans.rotate-left"))
    rounds_view_transform_rotate (transform, -1);
  else
    rounds_view_transform_flip (transform, g_str_equal (name, "scans.flip-horizontal"));
  rounds_viewport_view_changed (self->viewport);
}

static void
size_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  RoundsViewTransform *transform = rounds_viewport_get_transform (self->viewport);

  transform->pan_x = transform->pan_y = 0;
  transform->zoom = g_str_equal (name, "scans.actual-size") ? 1 : 0;
  rounds_viewport_view_changed (self->viewport);
}

static void
zoom_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  double width = gtk_widget_get_width (GTK_WIDGET (self->viewport));
  double height = gtk_widget_get_height (GTK_WIDGET (self->viewport));

  rounds_view_transform_zoom_at (rounds_viewport_get_transform (self->viewport), width, height, width / 2, height / 2,
                                 g_variant_get_double (parameter));
  rounds_viewport_view_changed (self->viewport);
}

static void
reset_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  RoundsDisplay display;

  rounds_view_transform_reset (rounds_viewport_get_transform (self->viewport));
  rounds_viewport_view_changed (self->viewport);
  self->invert = FALSE;
  rounds_scans_page_notify (self, "invert");
  if (picture == NULL)
    return;
  rounds_window_default (picture->frame, &display);
  rounds_stack_set_display (self->stack, &display);
}

static void
undo_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);

  if (self->measurements == NULL)
    return;
  rounds_scans_page_write_measurement (self, g_str_equal (name, "scans.undo")
                                               ? rounds_measurement_set_undo (self->measurements)
                                               : rounds_measurement_set_redo (self->measurements));
}

static void
delete_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);

  if (self->measurements != NULL)
    rounds_scans_page_write_measurement (self, rounds_measurement_set_remove (self->measurements,
                                                                              g_variant_get_string (parameter, NULL)));
}

static void
mismatch_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);

  if (g_str_equal (name, "scans.ask-mismatch"))
    gtk_stack_set_visible_child_name (self->area, "question");
  else
    rounds_scans_page_answer_mismatch (self, g_str_equal (name, "scans.accept-mismatch"));
}

static void
reload_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_scans_page_reload (ROUNDS_SCANS_PAGE (widget));
}

static void
wipe_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_viewport_move_wipe (ROUNDS_SCANS_PAGE (widget)->viewport, g_variant_get_double (parameter));
}

/* --- a whole series ------------------------------------------------------------------------------ */

static void
run_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);
  RoundsEnhancer *enhancer = rounds_stack_get_enhancer (self->stack);

  if (rounds_stack_get_series (self->stack) == NULL || rounds_enhancer_is_busy (enhancer))
    return;
  self->saving = g_str_equal (name, "scans.save-series");
  if (self->saving && rounds_scan_series_is_derived_here (self->series))
    {
      rounds_enhance_panel_set_result (self->enhance_panel, _("This series is enhanced already."));
      return;
    }
  rounds_enhance_panel_set_problem (self->enhance_panel, NULL);
  rounds_enhance_panel_set_progress (self->enhance_panel, 0, rounds_scan_series_get_instances (self->series)->len,
                                     self->saving);
  if (self->saving)
    rounds_enhancer_save_series (enhancer, self->store, self->series, rounds_stack_get_strength (self->stack));
  else
    rounds_enhancer_run_series (enhancer, self->store, self->series);
  rounds_scans_page_sync_actions (self);
}

static void
cancel_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_enhancer_cancel (rounds_stack_get_enhancer (ROUNDS_SCANS_PAGE (widget)->stack));
}

static void
progress_cb (RoundsEnhancer *enhancer, guint done, guint total, RoundsScansPage *self)
{
  rounds_enhance_panel_set_progress (self->enhance_panel, done, total, self->saving);
}

static void
finished_cb (RoundsEnhancer *enhancer, const char *message, guint done, RoundsScansPage *self)
{
  g_autofree char *text = NULL;

  rounds_enhance_panel_set_progress (self->enhance_panel, 0, 0, FALSE);
  if (message != NULL && self->saving)
    text = g_strdup_printf (_("Nothing was saved: %s"), message);
  else if (message != NULL)
    text = g_strdup_printf (_("Stopped after %u: %s"), done, message);
  else if (self->saving)
    text = g_strdup_printf (ngettext ("Saved as a new series of %u object; it waits to be sent.",
                                      "Saved as a new series of %u objects; it waits to be sent.", done), done);
  else
    text = g_strdup_printf (ngettext ("%u object enhanced.", "%u objects enhanced.", done), done);
  rounds_enhance_panel_set_result (self->enhance_panel, text);
  if (message == NULL && self->saving)
    rounds_toast (GTK_WIDGET (self), _("The enhanced series is saved"), NULL, NULL, NULL, NULL);
  self->saving = FALSE;
  rounds_scans_page_sync_actions (self);
}

void
rounds_scans_page_sync_actions (RoundsScansPage *self)
{
  RoundsEnhancer *enhancer = rounds_stack_get_enhancer (self->stack);
  gboolean busy = rounds_enhancer_is_busy (enhancer), shown = rounds_stack_get_series (self->stack) != NULL;
  GtkWidget *widget = GTK_WIDGET (self);

  gtk_widget_action_set_enabled (widget, "scans.enhance-series", shown && !busy);
  gtk_widget_action_set_enabled (widget, "scans.save-series", shown && !busy);
  gtk_widget_action_set_enabled (widget, "scans.cancel", busy);
}

/* --- holding O ----------------------------------------------------------------------------------- */

static gboolean
key_pressed_cb (GtkEventControllerKey *controller, guint keyval, guint code, GdkModifierType state, gpointer data)
{
  RoundsScansPage *self = data;

  if ((keyval != GDK_KEY_o && keyval != GDK_KEY_O) || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) || !self->enhance)
    return GDK_EVENT_PROPAGATE;
  rounds_stack_set_hold (self->stack, TRUE);
  return GDK_EVENT_STOP;
}

static void
key_released_cb (GtkEventControllerKey *controller, guint keyval, guint code, GdkModifierType state, gpointer data)
{
  RoundsScansPage *self = data;

  if (keyval == GDK_KEY_o || keyval == GDK_KEY_O)
    rounds_stack_set_hold (self->stack, FALSE);
}

static void
focus_left_cb (GtkEventControllerFocus *controller, gpointer data)
{
  RoundsScansPage *self = data;

  rounds_stack_set_hold (self->stack, FALSE);   /* the release will not be seen */
}

void
rounds_scans_page_init_actions (RoundsScansPage *self)
{
  RoundsEnhancer *enhancer = rounds_stack_get_enhancer (self->stack);
  GtkEventController *key = gtk_event_controller_key_new (), *focus = gtk_event_controller_focus_new ();

  g_signal_connect (enhancer, "progress", G_CALLBACK (progress_cb), self);
  g_signal_connect (enhancer, "finished", G_CALLBACK (finished_cb), self);
  g_signal_connect (key, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect (key, "key-released", G_CALLBACK (key_released_cb), self);
  g_signal_connect (focus, "leave", G_CALLBACK (focus_left_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), key);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
}

/* --- tables -------------------------------------------------------------------------------------- */

static void
bind_keys (GtkWidgetClass *klass)
{
  static const struct {
    guint key;
    GdkModifierType state;
    const char *action, *format;
    int value;
  } ints[] = {
    { GDK_KEY_Up, 0, "scans.step", "i", -1 }, { GDK_KEY_Down, 0, "scans.step", "i", 1 },
    { GDK_KEY_Up, GDK_SHIFT_MASK, "scans.step", "i", -10 }, { GDK_KEY_Down, GDK_SHIFT_MASK, "scans.step", "i", 10 },
    { GDK_KEY_Page_Up, 0, "scans.series", "i", -1 }, { GDK_KEY_Page_Down, 0, "scans.series", "i", 1 },
  };
  static const struct {
    guint key;
    GdkModifierType state;
    const char *action, *target;
  } keys[] = {
    { GDK_KEY_Home, 0, "scans.first", NULL }, { GDK_KEY_End, 0, "scans.last", NULL },
    { GDK_KEY_i, 0, "scans.invert", NULL }, { GDK_KEY_c, 0, "scans.cine", NULL },
    { GDK_KEY_r, 0, "scans.rotate-right", NULL }, { GDK_KEY_l, 0, "scans.rotate-left", NULL },
    { GDK_KEY_h, 0, "scans.flip-horizontal", NULL }, { GDK_KEY_v, 0, "scans.flip-vertical", NULL },
    { GDK_KEY_d, 0, "scans.tool", "length" }, { GDK_KEY_e, 0, "scans.tool", "ellipse" },
    { GDK_KEY_b, 0, "scans.tool", "probe" }, { GDK_KEY_w, 0, "scans.tool", "window" },
    { GDK_KEY_Escape, 0, "scans.reset", NULL }, { GDK_KEY_space, 0, "scans.overlay", NULL },
    { GDK_KEY_z, GDK_CONTROL_MASK, "scans.undo", NULL },
    { GDK_KEY_z, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "scans.redo", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (ints); i++)
    gtk_widget_class_add_binding_action (klass, ints[i].key, ints[i].state, ints[i].action, ints[i].format, ints[i].value);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].target != NULL)
      gtk_widget_class_add_binding_action (klass, keys[i].key, keys[i].state, keys[i].action, "s", keys[i].target);
    else
      gtk_widget_class_add_binding_action (klass, keys[i].key, keys[i].state, keys[i].action, NULL);
  for (int digit = 0; digit <= 9; digit++)
    {
      gtk_widget_class_add_binding_action (klass, GDK_KEY_0 + digit, 0, "scans.digit", "i", digit);
      gtk_widget_class_add_binding_action (klass, GDK_KEY_KP_0 + digit, 0, "scans.digit", "i", digit);
    }
  gtk_widget_class_add_binding_action (klass, GDK_KEY_plus, 0, "scans.zoom", "d", 1.25);
  gtk_widget_class_add_binding_action (klass, GDK_KEY_minus, 0, "scans.zoom", "d", 0.8);
  gtk_widget_class_add_binding_action (klass, GDK_KEY_bracketleft, 0, "scans.wipe", "d", -0.05);
  gtk_widget_class_add_binding_action (klass, GDK_KEY_bracketright, 0, "scans.wipe", "d", 0.05);
}

void
rounds_scans_page_install_actions (GtkWidgetClass *klass)
{
  static const struct {
    const char *name, *type;
    GtkWidgetActionActivateFunc func;
  } actions[] = {
    { "scans.preset", "s", preset_cb }, { "scans.digit", "i", digit_cb }, { "scans.step", "i", step_cb },
    { "scans.first", NULL, end_cb }, { "scans.last", NULL, end_cb }, { "scans.series", "i", series_cb },
    { "scans.rotate-right", NULL, turn_cb }, { "scans.rotate-left", NULL, turn_cb },
    { "scans.flip-horizontal", NULL, turn_cb }, { "scans.flip-vertical", NULL, turn_cb },
    { "scans.fit", NULL, size_cb }, { "scans.actual-size", NULL, size_cb }, { "scans.zoom", "d", zoom_cb },
    { "scans.reset", NULL, reset_cb }, { "scans.undo", NULL, undo_cb }, { "scans.redo", NULL, undo_cb },
    { "scans.delete-measurement", "s", delete_cb }, { "scans.accept-mismatch", NULL, mismatch_cb },
    { "scans.refuse-mismatch", NULL, mismatch_cb }, { "scans.ask-mismatch", NULL, mismatch_cb },
    { "scans.reload", NULL, reload_cb }, { "scans.wipe", "d", wipe_cb }, { "scans.enhance-series", NULL, run_cb },
    { "scans.save-series", NULL, run_cb }, { "scans.cancel", NULL, cancel_cb },
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (klass, actions[i].name, actions[i].type, actions[i].func);
  gtk_widget_class_install_property_action (klass, "scans.tool", "tool");
  gtk_widget_class_install_property_action (klass, "scans.compare", "compare");
  gtk_widget_class_install_property_action (klass, "scans.enhance", "enhance");
  gtk_widget_class_install_property_action (klass, "scans.cine", "cine");
  gtk_widget_class_install_property_action (klass, "scans.overlay", "overlay");
  gtk_widget_class_install_property_action (klass, "scans.invert", "invert");
  bind_keys (klass);
}
