/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is seen: takes finished pictures from the stack to the viewport together with the words that belong to
 * them. Texts describe the picture that is painted, never the slice that was asked for: between the two may lie
 * a slow disk. */
#include "scans/view/scans-page-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "scans/presets.h"
#include "scans/view/series-strip.h"

#define LOADING_AFTER_MS 150
#define CINE_DEFAULT_FPS 15
#define CINE_MAX_FPS 60

/* --- texts --------------------------------------------------------------------------------------- */

/* "−162.4" with a real minus sign. */
static char *
signed_text (double value, const char *format)
{
  g_autofree char *plain = g_strdup_printf (g_str_equal (format, "0") ? "%.0f" : "%.1f", value);

  return plain[0] == '-' ? g_strconcat ("−", plain + 1, NULL) : g_steal_pointer (&plain);
}

static char *
patient_text (RoundsScansPage *self)
{
  g_autoptr (GString) text = g_string_new (self->identity->display_name);
  g_autofree char *date = rounds_dicom_date_display (rounds_scan_series_get_study_date (self->series),
                                                     rounds_scan_series_get_study_time (self->series));
  const char *sex = self->identity->sex, *study = rounds_scan_series_get_study_description (self->series);
  const char *sep = "\n";

  if (self->identity->birth_date != NULL)
    {
      int years = rounds_instant_years (self->identity->birth_date, rounds_instant_now_us ());
      if (years >= 0)
        {
          /* Translators: the age of a person, in years, behind a separator. */
          g_string_append_printf (text, _("%s%d y"), sep, years);
          sep = " · ";
        }
    }
  if (sex != NULL && *sex != '\0')
    {
      g_string_append_printf (text, "%s%c", sep, g_ascii_toupper (*sex));
      sep = " · ";
    }
  /* The number as the scan has it: what the reader compares with the request. */
  {
    const RoundsScanInstance *at = g_ptr_array_index (rounds_scan_series_get_instances (self->series), 0);
    if (at->dicom_patient_id != NULL && strlen (at->dicom_patient_id) <= 16)
      g_string_append_printf (text, "%s%s", sep, at->dicom_patient_id);
  }
  g_string_append_printf (text, "\n%s%s%s", *study != '\0' ? study : rounds_scan_series_get_modality (self->series),
                          *date != '\0' ? " · " : "", date);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
technique_text (RoundsScansPage *self, RoundsPicture *picture)
{
  g_autoptr (GString) text = g_string_new (picture->frame->institution);
  const RoundsDicomImage *image = &picture->frame->image;

  g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", rounds_scan_series_get_description (self->series));
  if (image->slice_thickness_mm > 0)
    g_string_append_printf (text, _(" %.1f mm"), image->slice_thickness_mm);
  if (*picture->frame->technique != '\0')
    g_string_append_printf (text, "\n%s", picture->frame->technique);
  if (image->lossy)
    g_string_append_printf (text, "\n%s", _("lossy compressed"));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
window_text (RoundsPicture *picture)
{
  g_autofree char *level = NULL, *width = NULL;
  gboolean fine = picture->display.width < 20;

  if (!rounds_scan_frame_is_grey (picture->frame))
    return g_strdup (_("Colour"));
  if (picture->display.function == ROUNDS_VOI_TABLE)
    return g_strdup (_("VOI table"));
  width = signed_text (picture->display.width, fine ? "1" : "0");
  level = signed_text (picture->display.center, fine ? "1" : "0");
  return g_strdup_printf (_("W %s L %s%s"), width, level,
                          picture->display.function == ROUNDS_VOI_SIGMOID ? _(" sigmoid") : "");
}

static char *
position_text (RoundsScansPage *self, RoundsPicture *picture)
{
  guint n = rounds_stack_get_n (self->stack);
  const RoundsScanSlice *slice = rounds_scan_series_get_slice (self->series, picture->index);
  g_autofree char *window = window_text (picture), *place = NULL;

  if (isfinite (slice->along_mm))
    {
      g_autofree char *mm = signed_text (slice->along_mm, "1");
      place = g_strdup_printf (_(" · %s mm"), mm);
    }
  return g_strdup_printf (_("Im %u / %u%s\n%s · %.0f %%"), picture->index + 1, n, place != NULL ? place : "", window,
                          rounds_viewport_get_zoom (self->viewport) * 100);
}

static void
set_enhanced_label (RoundsScansPage *self, RoundsPicture *picture)
{
  RoundsModel *model = rounds_enhancer_get_model (rounds_stack_get_enhancer (self->stack));
  g_autofree char *lines = NULL, *scale = NULL;

  if (!picture->enhanced)
    {
      rounds_viewport_set_label (self->viewport, NULL, NULL);
      return;
    }
  lines = g_strdup_printf (_("%s %s · strength %.0f %%\nnoise %.3g %s measured"),
                           model != NULL ? rounds_model_get_name (model) : _("model"),
                           model != NULL ? rounds_model_get_version (model) : "", picture->strength * 100,
                           picture->report.sigma_measured, picture->frame->units);
  if (picture->compare == ROUNDS_COMPARE_DIFFERENCE)
    {
      scale = g_strdup_printf (_("%s\nblue lower, amber higher, full at ±%.3g %s"), lines,
                               picture->report.limit * ROUNDS_DIFFERENCE_PART, picture->frame->units);
      g_strchomp (scale);
    }
  rounds_viewport_set_label (self->viewport,
                             picture->compare == ROUNDS_COMPARE_DIFFERENCE ? _("ENHANCED · DIFFERENCE")
                             : picture->compare == ROUNDS_COMPARE_WIPE ? _("ENHANCED · right of the line") : _("ENHANCED"),
                             scale != NULL ? scale : lines);
}

/* The button says which window is on: by name where it has one. */
static void
update_preset_button (RoundsScansPage *self, RoundsPicture *picture, const char *window)
{
  const RoundsDisplay *display = &picture->display;
  g_autofree char *text = NULL;
  const RoundsPreset *presets;
  guint n;

  presets = rounds_presets_for_modality (rounds_scan_series_get_modality (self->series), &n);
  for (guint i = 0; i < n && text == NULL; i++)
    if (display->function == ROUNDS_VOI_LINEAR && display->width == presets[i].width
        && display->center == presets[i].center)
      text = g_strdup_printf ("%s %.0f/%.0f", _(presets[i].title), presets[i].width, presets[i].center);
  if (g_strcmp0 (gtk_menu_button_get_label (self->preset_button), text != NULL ? text : window) != 0)
    gtk_menu_button_set_label (self->preset_button, text != NULL ? text : window);
}

void
rounds_scans_page_update_texts (RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  g_autofree char *patient = NULL, *technique = NULL, *position = NULL, *window = NULL, *name = NULL;
  const char *state = NULL;

  if (picture == NULL || self->series == NULL || self->identity == NULL)
    return;
  patient = patient_text (self);
  technique = technique_text (self, picture);
  position = position_text (self, picture);
  window = window_text (picture);
  update_preset_button (self, picture, window);
  if (picture->enhanced)
    state = _("hold O for the original");
  else if (self->enhance)
    state = _("Original");
  else if (rounds_scan_series_is_derived_here (self->series))
    state = _("Derived by Rounds");
  rounds_viewport_set_corner (self->viewport, ROUNDS_CORNER_TOP_LEFT, patient);
  rounds_viewport_set_corner (self->viewport, ROUNDS_CORNER_TOP_RIGHT, technique);
  rounds_viewport_set_corner (self->viewport, ROUNDS_CORNER_BOTTOM_LEFT, position);
  rounds_viewport_set_corner (self->viewport, ROUNDS_CORNER_BOTTOM_RIGHT, state);
  set_enhanced_label (self, picture);
  /* What was saved as enhanced wears the label too: its pixels are. */
  if (!picture->enhanced && rounds_scan_series_is_derived_here (self->series))
    rounds_viewport_set_label (self->viewport, _("ENHANCED"), _("saved by Rounds"));
  name = g_strdup_printf (_("%s, image %u of %u, %s%s"), rounds_scan_series_get_description (self->series),
                          picture->index + 1, rounds_stack_get_n (self->stack), window,
                          picture->enhanced ? _(", enhanced") : "");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->viewport), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* --- pictures ------------------------------------------------------------------------------------ */

static gboolean
loading_cb (gpointer data)
{
  RoundsScansPage *self = data;

  self->loading_timer = 0;
  if (!rounds_stack_is_current (self->stack) && self->failed_message == NULL)
    {
      /* An old picture under a new position would be read as the new one. */
      rounds_viewport_set_picture (self->viewport, NULL, NULL, 0);
      rounds_viewport_set_message (self->viewport, _("Loading…"));
    }
  return G_SOURCE_REMOVE;
}

void
rounds_scans_page_update_image (RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  guint n = rounds_stack_get_n (self->stack), index = rounds_stack_get_index (self->stack);

  rounds_slice_bar_set_range (self->slice_bar, n, index);
  gtk_widget_set_visible (GTK_WIDGET (self->slice_bar), n > 1);
  rounds_viewport_set_right_inset (self->viewport, n > 1 ? 20 : 0);
  if (n == 0)
    return;
  if (!rounds_stack_is_current (self->stack))
    {
      if (self->loading_timer == 0 && self->failed_message == NULL)
        self->loading_timer = g_timeout_add (LOADING_AFTER_MS, loading_cb, self);
      if (self->failed_message != NULL)
        {
          rounds_viewport_set_picture (self->viewport, NULL, NULL, 0);
          rounds_viewport_set_message (self->viewport, self->failed_message);
        }
      return;
    }
  g_clear_handle_id (&self->loading_timer, g_source_remove);
  rounds_viewport_set_message (self->viewport, NULL);
  rounds_view_transform_set_image (rounds_viewport_get_transform (self->viewport), &picture->frame->image);
  rounds_viewport_set_geometry (self->viewport, picture->frame->image.has_position, picture->frame->image.orientation);
  rounds_viewport_set_picture (self->viewport, picture->texture, picture->second, picture->index);
  {
    const RoundsScanSlice *slice = rounds_scan_series_get_slice (self->series, picture->index);
    rounds_viewport_set_measurements (self->viewport,
                                      self->measurements != NULL ? rounds_measurement_set_list (self->measurements) : NULL,
                                      slice->instance->sop_uid, slice->frame);
  }
  rounds_stack_set_half (self->stack, rounds_viewport_get_zoom (self->viewport) <= 0.5);
  rounds_scans_page_update_texts (self);
}

static void
picture_cb (RoundsStack *stack, RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (stack);

  if (picture->index == rounds_stack_get_index (stack))
    g_clear_pointer (&self->failed_message, g_free);
  rounds_scans_page_update_image (self);
  rounds_enhance_panel_refresh (self->enhance_panel);
  /* The window menu depends on the file: known with the first picture. */
  if (gtk_menu_button_get_menu_model (self->preset_button) == NULL)
    rounds_scans_page_update_presets (self);
}

static void
index_changed_cb (RoundsStack *stack, RoundsScansPage *self)
{
  g_clear_pointer (&self->failed_message, g_free);
  rounds_scans_page_update_image (self);
}

static void
loaded_cb (RoundsStack *stack, guint index, RoundsScansPage *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self->slice_bar));
}

static void
failed_cb (RoundsStack *stack, guint index, const char *message, RoundsScansPage *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self->slice_bar));
  if (index != rounds_stack_get_index (stack))
    return;
  g_free (self->failed_message);
  self->failed_message = g_strdup_printf (_("Image %u cannot be shown:\n%s"), index + 1, message);
  rounds_scans_page_update_image (self);
}

static void
enhance_failed_cb (RoundsStack *stack, const char *message, RoundsScansPage *self)
{
  rounds_enhance_panel_set_problem (self->enhance_panel, message);
  rounds_scans_page_update_texts (self);
}

/* --- hands --------------------------------------------------------------------------------------- */

static void
window_drag_cb (RoundsViewport *viewport, double dx, double dy, double boost, RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  RoundsDisplay display = *rounds_stack_get_display (self->stack);

  if (picture == NULL || !rounds_scan_frame_is_grey (picture->frame))
    return;
  rounds_window_drag (picture->frame, dx, dy, boost, &display);
  rounds_stack_set_display (self->stack, &display);
}

void
rounds_scans_page_step (RoundsScansPage *self, int steps)
{
  gint64 n = rounds_stack_get_n (self->stack);

  if (n > 0)
    rounds_stack_set_index (self->stack, (guint) CLAMP ((gint64) rounds_stack_get_index (self->stack) + steps, 0, n - 1));
}

static void
scrolled_cb (RoundsViewport *viewport, int steps, RoundsScansPage *self)
{
  rounds_scans_page_step (self, steps);
}

static void
view_changed_cb (RoundsViewport *viewport, RoundsScansPage *self)
{
  rounds_stack_set_half (self->stack, rounds_viewport_get_zoom (viewport) <= 0.5);
  rounds_scans_page_update_texts (self);
}

static void
selected_cb (RoundsSliceBar *bar, guint index, RoundsScansPage *self)
{
  rounds_stack_set_index (self->stack, index);
}

static void
painted_cb (RoundsViewport *viewport, guint index, RoundsScansPage *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self->slice_bar));
}

static RoundsSliceBarFlags
slice_flags (guint index, gpointer data)
{
  RoundsScansPage *self = data;
  RoundsSliceState state = rounds_frame_cache_get_state (rounds_stack_get_cache (self->stack), index);
  RoundsSliceBarFlags flags = 0;

  if (state == ROUNDS_SLICE_READY)
    flags |= ROUNDS_SLICE_BAR_LOADED;
  if (state == ROUNDS_SLICE_FAILED)
    flags |= ROUNDS_SLICE_BAR_FAILED;
  if (rounds_viewport_get_painted (self->viewport, index) > 0)
    flags |= ROUNDS_SLICE_BAR_SEEN;
  return flags;
}

static void
menu_cb (RoundsViewport *viewport, double x, double y, RoundsScansPage *self)
{
  GMenuModel *presets = gtk_menu_button_get_menu_model (self->preset_button);
  g_autoptr (GMenu) menu = g_menu_new (), view = g_menu_new ();

  if (presets != NULL)
    g_menu_append_submenu (menu, _("Window"), presets);
  g_menu_append (view, _("Invert"), "scans.invert");
  g_menu_append (view, _("Fit"), "scans.fit");
  g_menu_append (view, _("Reset"), "scans.reset");
  g_menu_append (view, _("Texts"), "scans.overlay");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (view));
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  self->menu = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
  {
    graphene_point_t at = GRAPHENE_POINT_INIT ((float) x, (float) y);
    if (!gtk_widget_compute_point (GTK_WIDGET (viewport), GTK_WIDGET (self), &at, &at))
      return;
    gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle) { (int) at.x, (int) at.y, 1, 1 });
  }
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

/* --- presets ------------------------------------------------------------------------------------- */

void
rounds_scans_page_update_presets (RoundsScansPage *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  g_autoptr (GMenu) menu = NULL, own = NULL, named = NULL;
  const RoundsPreset *presets;
  RoundsDisplay display = { 0 };
  guint n;

  if (picture == NULL || self->series == NULL)
    {
      gtk_menu_button_set_menu_model (self->preset_button, NULL);
      return;
    }
  menu = g_menu_new ();
  own = g_menu_new ();
  named = g_menu_new ();
  g_menu_append (own, _("Automatic (0)"), "scans.preset::auto");
  for (guint i = 0; i < 2 && rounds_window_of_file (picture->frame, i, &display); i++)
    {
      g_autofree char *title = display.function == ROUNDS_VOI_TABLE
                                 ? g_strdup_printf (_("Table of the file (%u)"), i + 1)
                                 : g_strdup_printf (_("File %.0f/%.0f (%u)"), display.width, display.center, i + 1);
      g_autofree char *action = g_strdup_printf ("scans.preset::file-%u", i + 1);
      g_menu_append (own, title, action);
    }
  presets = rounds_presets_for_modality (rounds_scan_series_get_modality (self->series), &n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *key = i < 7 ? g_strdup_printf (" (%u)", i + 3) : g_strdup ("");
      g_autofree char *title = g_strdup_printf ("%s %.0f/%.0f%s", _(presets[i].title), presets[i].width, presets[i].center, key);
      g_autofree char *action = g_strdup_printf ("scans.preset::%s", presets[i].id);
      g_menu_append (named, title, action);
    }
  g_menu_append_section (menu, NULL, G_MENU_MODEL (own));
  if (n > 0)
    g_menu_append_section (menu, NULL, G_MENU_MODEL (named));
  gtk_menu_button_set_menu_model (self->preset_button, G_MENU_MODEL (menu));
}

/* --- cine ---------------------------------------------------------------------------------------- */

static gboolean
cine_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  RoundsScansPage *self = data;
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  guint n = rounds_stack_get_n (self->stack), index = rounds_stack_get_index (self->stack);
  gint64 now = gdk_frame_clock_get_frame_time (clock);
  double fps = CINE_DEFAULT_FPS;

  if (picture == NULL || n < 2)
    return G_SOURCE_CONTINUE;
  if (picture->frame->image.frame_time_ms > 0)
    fps = CLAMP (1000 / picture->frame->image.frame_time_ms, 1, CINE_MAX_FPS);
  if (now - self->cine_last_us < G_USEC_PER_SEC / fps * 0.9)
    return G_SOURCE_CONTINUE;
  /* The next picture comes only when this one was painted: a slow machine plays slower, it skips nothing. A slice
   * that cannot be shown is passed over. */
  if (!rounds_stack_is_current (self->stack) && self->failed_message == NULL)
    return G_SOURCE_CONTINUE;
  self->cine_last_us = now;
  rounds_stack_set_index (self->stack, index + 1 < n ? index + 1 : 0);
  return G_SOURCE_CONTINUE;
}

void
rounds_scans_page_set_cine (RoundsScansPage *self, gboolean on)
{
  on = on && rounds_stack_get_n (self->stack) > 1;
  if (self->cine == on)
    return;
  self->cine = on;
  if (on)
    self->cine_tick = gtk_widget_add_tick_callback (GTK_WIDGET (self->viewport), cine_cb, self, NULL);
  else
    gtk_widget_remove_tick_callback (GTK_WIDGET (self->viewport), self->cine_tick);
  rounds_scans_page_notify (self, "cine");
}

void
rounds_scans_page_init_image (RoundsScansPage *self)
{
  g_signal_connect (self->stack, "picture", G_CALLBACK (picture_cb), self);
  g_signal_connect (self->stack, "index-changed", G_CALLBACK (index_changed_cb), self);
  g_signal_connect (self->stack, "loaded", G_CALLBACK (loaded_cb), self);
  g_signal_connect (self->stack, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect (self->stack, "enhance-failed", G_CALLBACK (enhance_failed_cb), self);
  g_signal_connect (self->viewport, "window-drag", G_CALLBACK (window_drag_cb), self);
  g_signal_connect (self->viewport, "scrolled", G_CALLBACK (scrolled_cb), self);
  g_signal_connect (self->viewport, "view-changed", G_CALLBACK (view_changed_cb), self);
  g_signal_connect (self->viewport, "menu", G_CALLBACK (menu_cb), self);
  g_signal_connect (self->viewport, "painted", G_CALLBACK (painted_cb), self);
  g_signal_connect (self->slice_bar, "selected", G_CALLBACK (selected_cb), self);
  rounds_slice_bar_set_func (self->slice_bar, slice_flags, self);
}
