/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows at the left of the viewport. Plain widgets: a patient has tens of series, not thousands. */
#include "scans/view/series-strip.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "store/scan-store.h"

static const char series_key[] = "rounds-series";

char *
rounds_dicom_date_display (const char *date, const char *time)
{
  g_autofree char *text = NULL;
  RoundsInstant instant;

  if (date == NULL || strlen (date) < 8)
    return g_strdup (date != NULL ? date : "");
  if (time != NULL && strlen (time) >= 4)
    {
      /* Local wall time: DICOM does not say where. */
      g_autoptr (GDateTime) at = NULL;
      g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
      int y, mo, d, h, mi;

      if (sscanf (date, "%4d%2d%2d", &y, &mo, &d) == 3 && sscanf (time, "%2d%2d", &h, &mi) == 2)
        at = g_date_time_new (zone, y, mo, d, h, mi, 0);
      if (at != NULL)
        {
          instant = (RoundsInstant) { .us = g_date_time_to_unix_usec (at), .precision = ROUNDS_PRECISION_MINUTE,
                                      .has_offset = TRUE };
          return rounds_instant_display (&instant, rounds_instant_now_us ());
        }
    }
  text = g_strdup_printf ("%.4s-%.2s-%.2s", date, date + 4, date + 6);
  if (rounds_instant_parse (text, &instant, NULL))
    return rounds_instant_display (&instant, rounds_instant_now_us ());
  return g_steal_pointer (&text);
}

static GtkWidget *
small_label (const char *text, gboolean strong)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_width_chars (GTK_LABEL (label), 8);
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, strong ? "strong" : "dim-label");
  return label;
}

GtkWidget *
rounds_series_row_new (RoundsScanSeries *series, GdkTexture *thumbnail, gboolean questioned)
{
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3), *picture;
  const char *description = rounds_scan_series_get_description (series);
  guint n = rounds_scan_series_get_n_slices (series);
  g_autofree char *detail = NULL, *name = NULL;

  if (thumbnail != NULL && !questioned)
    {
      picture = gtk_picture_new_for_paintable (GDK_PAINTABLE (thumbnail));
      gtk_picture_set_content_fit (GTK_PICTURE (picture), GTK_CONTENT_FIT_CONTAIN);
      gtk_accessible_update_property (GTK_ACCESSIBLE (picture), GTK_ACCESSIBLE_PROPERTY_LABEL, description, -1);
    }
  else
    {
      picture = gtk_image_new_from_icon_name (questioned ? "dialog-warning-symbolic" : "image-x-generic-symbolic");
      gtk_widget_add_css_class (picture, "no-picture");
    }
  gtk_widget_set_size_request (picture, 104, 96);
  detail = g_strdup_printf ("%s · %u%s", rounds_scan_series_get_modality (series), n,
                            rounds_scan_series_is_derived_here (series) ? _(" · derived") : "");
  gtk_box_append (GTK_BOX (box), picture);
  gtk_box_append (GTK_BOX (box), small_label (description, TRUE));
  gtk_box_append (GTK_BOX (box), small_label (detail, FALSE));
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_widget_set_tooltip_text (row, description);
  g_object_set_data_full (G_OBJECT (row), series_key, g_object_ref (series), g_object_unref);
  name = g_strdup_printf (ngettext ("%s, %s, %u image", "%s, %s, %u images", n), description,
                          rounds_scan_series_get_modality (series), n);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return row;
}

RoundsScanSeries *
rounds_series_row_get_series (GtkListBoxRow *row)
{
  return g_object_get_data (G_OBJECT (row), series_key);
}

void
rounds_series_row_header (GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
  RoundsScanSeries *series = rounds_series_row_get_series (row);
  RoundsScanSeries *last = before != NULL ? rounds_series_row_get_series (before) : NULL;
  g_autofree char *date = NULL;
  const char *title;
  GtkWidget *box;

  if (last != NULL && g_str_equal (rounds_scan_series_get_study_uid (series), rounds_scan_series_get_study_uid (last)))
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_add_css_class (box, "study");
  title = rounds_scan_series_get_study_description (series);
  if (*title == '\0')
    title = rounds_scan_series_get_modality (series);
  date = rounds_dicom_date_display (rounds_scan_series_get_study_date (series),
                                    rounds_scan_series_get_study_time (series));
  gtk_box_append (GTK_BOX (box), small_label (title, TRUE));
  gtk_box_append (GTK_BOX (box), small_label (date, FALSE));
  gtk_widget_set_tooltip_text (box, title);
  gtk_list_box_row_set_header (row, box);
}

GHashTable *
rounds_thumbnails_load (RoundsStore *store, GPtrArray *studies)
{
  GHashTable *thumbnails = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);

  for (guint i = 0; i < studies->len; i++)
    {
      RoundsScanStudy *study = g_ptr_array_index (studies, i);

      for (guint k = 0; k < study->series->len; k++)
        {
          const char *uid = rounds_scan_series_get_uid (g_ptr_array_index (study->series, k));
          g_autoptr (GBytes) png = rounds_store_scan_get_thumbnail (store, uid, NULL);
          GdkTexture *texture = png != NULL ? gdk_texture_new_from_bytes (png, NULL) : NULL;

          if (texture != NULL)
            g_hash_table_insert (thumbnails, g_strdup (uid), texture);
        }
    }
  return thumbnails;
}
