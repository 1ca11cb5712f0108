/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scans page: whose scans, which series. Every answer from the store carries the ticket of the patient it was
 * asked for; a late one for another patient is dropped, because the wrong picture in the right chart is the worst
 * thing this page could do. */
#include "scans/view/scans-page-private.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"
#include "scans/view/series-strip.h"

#define RELOAD_MS 250

G_DEFINE_FINAL_TYPE (RoundsScansPage, rounds_scans_page, ADW_TYPE_BIN)

enum { PROP_0, PROP_TOOL, PROP_COMPARE, PROP_ENHANCE, PROP_CINE, PROP_OVERLAY, PROP_INVERT, N_PROPS };
static GParamSpec *props[N_PROPS];

/* --- reading the list, in a worker ---------------------------------------------------------------- */

typedef struct {
  GPtrArray *studies;
  RoundsChartIdentity *identity;
  GHashTable *thumbnails, *mismatches;
} Loaded;

static void
loaded_free (gpointer data)
{
  Loaded *self = data;

  g_clear_pointer (&self->studies, g_ptr_array_unref);
  g_clear_pointer (&self->identity, rounds_chart_identity_free);
  g_clear_pointer (&self->thumbnails, g_hash_table_unref);
  g_clear_pointer (&self->mismatches, g_hash_table_unref);
  g_free (self);
}

/* One text a series: the first instance that disagrees speaks for it. */
static void
find_mismatches (Loaded *self)
{
  for (guint i = 0; i < self->studies->len; i++)
    {
      RoundsScanStudy *study = g_ptr_array_index (self->studies, i);

      for (guint k = 0; k < study->series->len; k++)
        {
          RoundsScanSeries *series = g_ptr_array_index (study->series, k);
          GPtrArray *instances = rounds_scan_series_get_instances (series);

          for (guint m = 0; m < instances->len; m++)
            {
              const RoundsScanInstance *at = g_ptr_array_index (instances, m);
              char *text = rounds_scan_mismatch_text (rounds_scan_mismatch (self->identity, at), self->identity, at);

              if (text == NULL)
                continue;
              g_hash_table_insert (self->mismatches, g_strdup (rounds_scan_series_get_uid (series)), text);
              break;
            }
        }
    }
}

static gpointer
load_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  const char *patient_id = data;
  RoundsRecord *record = rounds_store_get (store, "Patient", patient_id, error);
  Loaded *self;

  if (record == NULL)
    return NULL;
  self = g_new0 (Loaded, 1);
  self->mismatches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->identity = rounds_chart_identity_new (record->json, error);
  rounds_record_free (record);
  self->studies = self->identity != NULL ? rounds_study_list_load (store, patient_id, error) : NULL;
  if (self->studies == NULL)
    {
      loaded_free (self);
      return NULL;
    }
  find_mismatches (self);
  self->thumbnails = rounds_thumbnails_load (store, self->studies);
  return self;
}

/* --- the list ------------------------------------------------------------------------------------ */

static gboolean
is_questioned (RoundsScansPage *self, RoundsScanSeries *series)
{
  return self->mismatches != NULL && g_hash_table_contains (self->mismatches, rounds_scan_series_get_uid (series))
         && !g_hash_table_contains (self->accepted, rounds_scan_series_get_study_uid (series));
}

static GtkListBoxRow *
find_row (RoundsScansPage *self, const char *series_uid)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->strip, i)) != NULL; i++)
    if (g_strcmp0 (rounds_scan_series_get_uid (rounds_series_row_get_series (row)), series_uid) == 0)
      return row;
  return NULL;
}

/* Rows are made anew only when something about them changed: scrolling and focus in the strip stay. */
static gboolean
strip_differs (RoundsScansPage *self, GHashTable *thumbnails)
{
  g_autoptr (GString) content = g_string_new (NULL);

  for (guint i = 0; i < self->studies->len; i++)
    {
      RoundsScanStudy *study = g_ptr_array_index (self->studies, i);

      for (guint k = 0; k < study->series->len; k++)
        {
          RoundsScanSeries *series = g_ptr_array_index (study->series, k);
          const char *uid = rounds_scan_series_get_uid (series);

          g_string_append_printf (content, "%s %u %d %d\n", uid, rounds_scan_series_get_n_slices (series),
                                  g_hash_table_contains (thumbnails, uid), is_questioned (self, series));
        }
    }
  return g_set_str (&self->strip_content, content->str);
}

static void
fill_strip (RoundsScansPage *self, GHashTable *thumbnails)
{
  if (!strip_differs (self, thumbnails))
    return;
  gtk_list_box_remove_all (self->strip);
  for (guint i = 0; self->studies != NULL && i < self->studies->len; i++)
    {
      RoundsScanStudy *study = g_ptr_array_index (self->studies, i);

      for (guint k = 0; k < study->series->len; k++)
        {
          RoundsScanSeries *series = g_ptr_array_index (study->series, k);
          GdkTexture *thumbnail = g_hash_table_lookup (thumbnails, rounds_scan_series_get_uid (series));

          gtk_list_box_append (self->strip, rounds_series_row_new (series, thumbnail, is_questioned (self, series)));
        }
    }
}

static void
select_row (RoundsScansPage *self, GtkListBoxRow *row)
{
  gtk_list_box_select_row (self->strip, row);
  rounds_scans_page_show_series (self, rounds_series_row_get_series (row));
}

typedef struct {
  RoundsScansPage *page;
  guint64 ticket;
} LoadCall;

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree LoadCall *call = data;
  g_autoptr (RoundsScansPage) self = call->page;
  g_autoptr (GError) error = NULL;
  Loaded *loaded = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  GtkListBoxRow *row = NULL;
  const char *wanted;

  if (call->ticket != self->ticket)
    {
      g_clear_pointer (&loaded, loaded_free);   /* of another patient, or asked again since */
      return;
    }
  if (loaded == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_autofree char *markup = g_markup_escape_text (error->message, -1);

          adw_status_page_set_description (self->failed_page, markup);
          gtk_stack_set_visible_child_name (self->root_stack, "failed");
        }
      return;
    }
  g_clear_pointer (&self->studies, g_ptr_array_unref);
  g_clear_pointer (&self->identity, rounds_chart_identity_free);
  g_clear_pointer (&self->mismatches, g_hash_table_unref);
  self->studies = g_steal_pointer (&loaded->studies);
  self->identity = g_steal_pointer (&loaded->identity);
  self->mismatches = g_steal_pointer (&loaded->mismatches);
  fill_strip (self, loaded->thumbnails);
  loaded_free (loaded);
  gtk_stack_set_visible_child_name (self->root_stack, self->studies->len > 0 ? "scans" : "empty");
  wanted = self->pending_series != NULL ? self->pending_series
           : self->series != NULL ? rounds_scan_series_get_uid (self->series) : NULL;
  if (wanted != NULL)
    row = find_row (self, wanted);
  if (row == NULL)
    row = gtk_list_box_get_row_at_index (self->strip, 0);
  g_clear_pointer (&self->pending_series, g_free);
  if (row != NULL)
    select_row (self, row);
  else
    rounds_scans_page_show_series (self, NULL);
}

static void
load (RoundsScansPage *self)
{
  LoadCall *call = g_new0 (LoadCall, 1);

  call->page = g_object_ref (self);
  call->ticket = ++self->ticket;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  rounds_store_run_async (self->store, load_work, g_strdup (self->patient_id), g_free, loaded_free, self->cancellable,
                          loaded_cb, call);
}

void
rounds_scans_page_reload (RoundsScansPage *self)
{
  if (self->store == NULL)
    return;
  if (self->studies == NULL)
    gtk_stack_set_visible_child_name (self->root_stack, "loading");
  load (self);
}

static gboolean
reload_cb (gpointer data)
{
  RoundsScansPage *self = data;

  self->reload_timer = 0;
  load (self);
  return G_SOURCE_REMOVE;
}

/* An import tells of every file: the list is read once they have been quiet, or four times a second. */
static void
scans_changed_cb (RoundsStore *store, const char *patient_id, RoundsScansPage *self)
{
  if (patient_id != NULL && *patient_id != '\0' && g_strcmp0 (patient_id, self->patient_id) != 0)
    return;
  if (self->reload_timer == 0)
    self->reload_timer = g_timeout_add (RELOAD_MS, reload_cb, self);
}

/* --- a series ------------------------------------------------------------------------------------ */

static gboolean
same_series (RoundsScanSeries *a, RoundsScanSeries *b)
{
  return a != NULL && b != NULL && g_str_equal (rounds_scan_series_get_uid (a), rounds_scan_series_get_uid (b))
         && rounds_scan_series_get_n_slices (a) == rounds_scan_series_get_n_slices (b);
}

static gpointer
audit_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  char **parts = data;

  return rounds_store_audit (store, parts[0], "ImagingStudy", parts[1], parts[2], error) ? GINT_TO_POINTER (1) : NULL;
}

static void
audited_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (rounds_store_run_finish (ROUNDS_STORE (source), result, &error) == NULL && error != NULL)
    g_warning ("a view was not written to the audit trail: %s", error->message);
}

static void
audit (RoundsScansPage *self, RoundsScanSeries *series, const char *action, const char *detail)
{
  const char *parts[] = { action, rounds_scan_series_get_study_uid (series), detail, NULL };

  rounds_store_run_async (self->store, audit_work, g_strdupv ((char **) parts), (GDestroyNotify) g_strfreev, NULL, NULL,
                          audited_cb, NULL);
}

/* Puts the pixels on the screen: the only way there. */
static void
open_stack (RoundsScansPage *self, RoundsScanSeries *series)
{
  const char *text = g_hash_table_lookup (self->mismatches, rounds_scan_series_get_uid (series));

  gtk_stack_set_visible_child_name (self->area, "image");
  adw_banner_set_title (self->mismatch_banner, text != NULL ? text : "");
  adw_banner_set_revealed (self->mismatch_banner, text != NULL);
  rounds_viewport_reset_painted (self->viewport, rounds_scan_series_get_n_slices (series));
  rounds_stack_set_series (self->stack, self->store, series, FALSE);
  rounds_scans_page_load_measurements (self);
  rounds_scans_page_update_image (self);
  rounds_scans_page_sync_actions (self);
  /* The page was asked for before there was a picture. */
  if (self->wants_focus && gtk_widget_get_mapped (GTK_WIDGET (self)))
    {
      GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));

      if (focus == NULL || gtk_widget_is_ancestor (focus, GTK_WIDGET (self)))
        gtk_widget_grab_focus (GTK_WIDGET (self->viewport));
    }
  self->wants_focus = FALSE;
  audit (self, series, "view", NULL);
}

void
rounds_scans_page_show_series (RoundsScansPage *self, RoundsScanSeries *series)
{
  if (same_series (self->series, series))
    return;
  rounds_scans_page_set_cine (self, FALSE);
  g_set_object (&self->series, series);
  self->series_ticket++;
  g_clear_pointer (&self->measurements, rounds_measurement_set_free);
  g_clear_pointer (&self->failed_message, g_free);
  rounds_view_transform_reset (rounds_viewport_get_transform (self->viewport));
  rounds_viewport_set_picture (self->viewport, NULL, NULL, 0);
  rounds_stack_set_series (self->stack, NULL, NULL, FALSE);
  rounds_scans_page_update_measurements (self);
  rounds_scans_page_update_presets (self);
  adw_banner_set_revealed (self->mismatch_banner, FALSE);
  self->invert = FALSE;
  rounds_scans_page_notify (self, "invert");
  rounds_enhance_panel_set_problem (self->enhance_panel, NULL);
  /* Noise that was taken away once is not there to be measured again. */
  if (self->enhance && (series == NULL || rounds_scan_series_is_derived_here (series)))
    g_object_set (self, "enhance", FALSE, NULL);
  if (series == NULL)
    {
      rounds_scans_page_sync_actions (self);
      return;
    }
  if (is_questioned (self, series))
    {
      const char *text = g_hash_table_lookup (self->mismatches, rounds_scan_series_get_uid (series));
      g_autofree char *markup = g_markup_escape_text (text, -1);

      /* This page reads markup (the banner does not): a name with “<” must not leave the question empty. */
      adw_status_page_set_description (self->question, markup);
      gtk_stack_set_visible_child_name (self->area, "question");
      rounds_scans_page_sync_actions (self);
      return;
    }
  open_stack (self, series);
}

void
rounds_scans_page_answer_mismatch (RoundsScansPage *self, gboolean show)
{
  if (self->series == NULL || !is_questioned (self, self->series))
    return;
  if (!show)
    {
      gtk_stack_set_visible_child_name (self->area, "hidden");
      audit (self, self->series, "view", "refused: the scan may be of another patient");
      return;
    }
  g_hash_table_add (self->accepted, g_strdup (rounds_scan_series_get_study_uid (self->series)));
  audit (self, self->series, "view", "shown although patient data of scan and chart differ");
  open_stack (self, self->series);
  gtk_widget_grab_focus (GTK_WIDGET (self->viewport));
  load (self);   /* its thumbnails may be seen now */
}

static void
row_activated_cb (RoundsScansPage *self, GtkListBoxRow *row)
{
  rounds_scans_page_show_series (self, rounds_series_row_get_series (row));
  if (adw_overlay_split_view_get_collapsed (self->strip_split))
    adw_overlay_split_view_set_show_sidebar (self->strip_split, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->viewport));
}

void
rounds_scans_page_next_series (RoundsScansPage *self, int by)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->strip);
  GtkListBoxRow *next = row != NULL ? gtk_list_box_get_row_at_index (self->strip, gtk_list_box_row_get_index (row) + by)
                                    : NULL;

  if (next != NULL)
    select_row (self, next);
}

/* --- public -------------------------------------------------------------------------------------- */

static void
forget_patient (RoundsScansPage *self)
{
  self->ticket++;
  g_clear_handle_id (&self->reload_timer, g_source_remove);
  g_clear_pointer (&self->strip_content, g_free);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  rounds_scans_page_show_series (self, NULL);
  rounds_stack_set_series (self->stack, NULL, NULL, TRUE);
  rounds_enhance_panel_set_progress (self->enhance_panel, 0, 0, FALSE);
  rounds_enhance_panel_set_result (self->enhance_panel, NULL);
  if (self->store != NULL)
    g_clear_signal_handler (&self->changed_handler, self->store);
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
  g_clear_pointer (&self->studies, g_ptr_array_unref);
  g_clear_pointer (&self->identity, rounds_chart_identity_free);
  g_clear_pointer (&self->mismatches, g_hash_table_unref);
  g_clear_pointer (&self->pending_series, g_free);
  g_hash_table_remove_all (self->accepted);
  gtk_list_box_remove_all (self->strip);
  for (int i = 0; i < 4; i++)
    rounds_viewport_set_corner (self->viewport, i, NULL);
  rounds_viewport_set_label (self->viewport, NULL, NULL);
  rounds_viewport_set_message (self->viewport, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->viewport), GTK_ACCESSIBLE_PROPERTY_LABEL, _("No image"), -1);
}

void
rounds_scans_page_set_patient (RoundsScansPage *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_SCANS_PAGE (self));

  if (store != NULL && self->store == store && g_strcmp0 (patient_id, self->patient_id) == 0)
    return;
  forget_patient (self);
  if (store == NULL || patient_id == NULL)
    {
      gtk_stack_set_visible_child_name (self->root_stack, "none");
      return;
    }
  self->store = g_object_ref (store);
  self->patient_id = g_strdup (patient_id);
  self->changed_handler = g_signal_connect (store, "scans-changed", G_CALLBACK (scans_changed_cb), self);
  gtk_stack_set_visible_child_name (self->root_stack, "loading");
  load (self);
}

void
rounds_scans_page_open_series (RoundsScansPage *self, const char *series_uid)
{
  GtkListBoxRow *row;

  g_return_if_fail (ROUNDS_IS_SCANS_PAGE (self));

  if (self->studies == NULL)
    {
      g_set_str (&self->pending_series, series_uid);
      return;
    }
  row = find_row (self, series_uid);
  if (row != NULL)
    select_row (self, row);
  gtk_widget_grab_focus (GTK_WIDGET (self->viewport));
}

GtkWidget *
rounds_scans_page_new (void)
{
  return g_object_new (ROUNDS_TYPE_SCANS_PAGE, NULL);
}

/* --- properties that the actions show -------------------------------------------------------------- */

void
rounds_scans_page_notify (RoundsScansPage *self, const char *property)
{
  g_object_notify (G_OBJECT (self), property);
}

static void
rounds_scans_page_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (object);

  switch (id)
    {
    case PROP_TOOL: g_value_set_string (value, self->tool); break;
    case PROP_COMPARE: g_value_set_string (value, self->compare); break;
    case PROP_ENHANCE: g_value_set_boolean (value, self->enhance); break;
    case PROP_CINE: g_value_set_boolean (value, self->cine); break;
    case PROP_OVERLAY: g_value_set_boolean (value, self->overlay); break;
    case PROP_INVERT: g_value_set_boolean (value, self->invert); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_tool (RoundsScansPage *self, const char *tool)
{
  static const char *const tools[] = { "window", "pan", "zoom", "length", "ellipse", "probe" };

  for (int i = 0; i < ROUNDS_N_TOOLS; i++)
    if (g_strcmp0 (tool, tools[i]) == 0)
      {
        g_set_str (&self->tool, tool);
        rounds_viewport_set_tool (self->viewport, (RoundsTool) i);
      }
}

static void
set_compare (RoundsScansPage *self, const char *compare)
{
  static const char *const modes[] = { "off", "wipe", "difference" };

  for (int i = 0; i < 3; i++)
    if (g_strcmp0 (compare, modes[i]) == 0)
      {
        g_set_str (&self->compare, compare);
        rounds_stack_set_compare (self->stack, (RoundsCompare) i);
      }
}

static void
set_enhance (RoundsScansPage *self, gboolean on)
{
  gboolean twice = on && self->series != NULL && rounds_scan_series_is_derived_here (self->series);

  self->enhance = on && !twice;
  on = self->enhance;
  rounds_enhance_panel_set_problem (self->enhance_panel, twice ? _("This series is enhanced already.") : NULL);
  rounds_stack_set_enhance (self->stack, on);
  rounds_scans_page_update_texts (self);
}

static void
set_invert (RoundsScansPage *self, gboolean invert)
{
  RoundsDisplay display = *rounds_stack_get_display (self->stack);

  self->invert = invert;
  if (self->series == NULL || rounds_stack_get_picture (self->stack) == NULL)
    return;
  display.invert = invert;
  rounds_stack_set_display (self->stack, &display);
}

static void
rounds_scans_page_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (object);

  switch (id)
    {
    case PROP_TOOL: set_tool (self, g_value_get_string (value)); break;
    case PROP_COMPARE: set_compare (self, g_value_get_string (value)); break;
    case PROP_ENHANCE: set_enhance (self, g_value_get_boolean (value)); break;
    case PROP_CINE: rounds_scans_page_set_cine (self, g_value_get_boolean (value)); break;
    case PROP_OVERLAY:
      self->overlay = g_value_get_boolean (value);
      rounds_viewport_set_overlay (self->viewport, self->overlay);
      break;
    case PROP_INVERT: set_invert (self, g_value_get_boolean (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* --- type ---------------------------------------------------------------------------------------- */

static void
rounds_scans_page_dispose (GObject *object)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (object);

  if (self->stack != NULL)
    {
      forget_patient (self);
      g_signal_handlers_disconnect_by_data (self->stack, self);
      g_signal_handlers_disconnect_by_data (rounds_stack_get_enhancer (self->stack), self);
    }
  g_clear_handle_id (&self->loading_timer, g_source_remove);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_object (&self->stack);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_SCANS_PAGE);
  G_OBJECT_CLASS (rounds_scans_page_parent_class)->dispose (object);
}

static void
rounds_scans_page_finalize (GObject *object)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (object);

  g_hash_table_unref (self->accepted);
  g_free (self->tool);
  g_free (self->compare);
  g_free (self->failed_message);
  G_OBJECT_CLASS (rounds_scans_page_parent_class)->finalize (object);
}

/* The picture takes the focus wherever there is one, so that its keys work at once. */
static gboolean
rounds_scans_page_grab_focus (GtkWidget *widget)
{
  RoundsScansPage *self = ROUNDS_SCANS_PAGE (widget);

  self->wants_focus = !gtk_widget_get_mapped (GTK_WIDGET (self->viewport));
  return !self->wants_focus && gtk_widget_grab_focus (GTK_WIDGET (self->viewport));
}

static void
load_style (void)
{
  static gboolean done;
  g_autoptr (GtkCssProvider) provider = NULL;
  GdkDisplay *display = gdk_display_get_default ();

  if (done || display == NULL)
    return;
  done = TRUE;
  provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (provider, ROUNDS_RESOURCE_BASE "/ui/scans/scans.css");
  gtk_style_context_add_provider_for_display (display, GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
rounds_scans_page_class_init (RoundsScansPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  g_type_ensure (ROUNDS_TYPE_VIEWPORT);
  g_type_ensure (ROUNDS_TYPE_SLICE_BAR);
  g_type_ensure (ROUNDS_TYPE_ENHANCE_PANEL);
  load_style ();
  object_class->dispose = rounds_scans_page_dispose;
  object_class->finalize = rounds_scans_page_finalize;
  widget_class->grab_focus = rounds_scans_page_grab_focus;
  object_class->get_property = rounds_scans_page_get_property;
  object_class->set_property = rounds_scans_page_set_property;
  props[PROP_TOOL] = g_param_spec_string ("tool", NULL, NULL, "window", flags);
  props[PROP_COMPARE] = g_param_spec_string ("compare", NULL, NULL, "off", flags);
  props[PROP_ENHANCE] = g_param_spec_boolean ("enhance", NULL, NULL, FALSE, flags);
  props[PROP_CINE] = g_param_spec_boolean ("cine", NULL, NULL, FALSE, flags);
  props[PROP_OVERLAY] = g_param_spec_boolean ("overlay", NULL, NULL, TRUE, flags);
  props[PROP_INVERT] = g_param_spec_boolean ("invert", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/scans/scans-page.ui");
#define CHILD(name) gtk_widget_class_bind_template_child (widget_class, RoundsScansPage, name)
  CHILD (root_stack);
  CHILD (area);
  CHILD (failed_page);
  CHILD (question);
  CHILD (strip_split);
  CHILD (panel_split);
  CHILD (strip);
  CHILD (measurement_list);
  CHILD (enhance_panel);
  CHILD (no_measurements);
  CHILD (preset_button);
  CHILD (mismatch_banner);
  CHILD (viewport);
  CHILD (slice_bar);
#undef CHILD
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback_full (widget_class, "measurement_activated_cb",
                                                G_CALLBACK (rounds_scans_page_measurement_activated_cb));
  rounds_scans_page_install_actions (widget_class);
}

static void
rounds_scans_page_init (RoundsScansPage *self)
{
  self->accepted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->tool = g_strdup ("window");
  self->compare = g_strdup ("off");
  self->overlay = TRUE;
  self->stack = rounds_stack_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_list_box_set_header_func (self->strip, rounds_series_row_header, NULL, NULL);
  rounds_enhance_panel_set_stack (self->enhance_panel, self->stack);
  rounds_scans_page_init_image (self);
  rounds_scans_page_init_measure (self);
  rounds_scans_page_init_actions (self);
  rounds_scans_page_sync_actions (self);
}
