/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "scans/scan-mismatch.h"
#include "scans/view/enhance-panel.h"
#include "scans/view/scans-page.h"
#include "scans/view/slice-bar.h"
#include "scans/view/viewport.h"

G_BEGIN_DECLS

/* Private to the page, which is spread over four files: scans-page.c (type, patient, series list),
 * scans-page-image.c (what is seen), scans-page-actions.c (keys and actions), scans-page-measure.c. */
struct _RoundsScansPage
{
  AdwBin parent_instance;

  /* template */
  GtkStack *root_stack, *area;
  AdwStatusPage *failed_page, *question;
  AdwOverlaySplitView *strip_split, *panel_split;
  GtkListBox *strip, *measurement_list;
  RoundsEnhancePanel *enhance_panel;
  GtkLabel *no_measurements;
  GtkMenuButton *preset_button;
  AdwBanner *mismatch_banner;
  RoundsViewport *viewport;
  RoundsSliceBar *slice_bar;
  GtkWidget *menu;

  /* patient */
  RoundsStore *store;
  gulong changed_handler;
  char *patient_id;
  guint64 ticket;              /* late answers of another patient are dropped */
  GCancellable *cancellable;
  GPtrArray *studies;          /* RoundsScanStudy */
  RoundsChartIdentity *identity;
  GHashTable *mismatches;      /* series UID → text to answer */
  GHashTable *accepted;        /* study UIDs that were answered with yes */
  char *pending_series;
  char *strip_content;         /* what the strip shows, to tell whether it must be made anew */
  guint reload_timer;

  /* series on screen */
  RoundsStack *stack;
  RoundsScanSeries *series;
  RoundsMeasurementSet *measurements;
  guint64 series_ticket;
  char *failed_message;        /* of the current slice */
  guint loading_timer;
  gboolean saving;             /* the run in progress will be stored */
  gboolean wants_focus;        /* was asked to take it before there was a picture */

  /* what the actions show */
  char *tool, *compare;
  gboolean enhance, cine, overlay, invert;
  guint cine_tick;
  gint64 cine_last_us;
};

/* scans-page-image.c */
void rounds_scans_page_init_image (RoundsScansPage *self);
void rounds_scans_page_update_image (RoundsScansPage *self);
void rounds_scans_page_update_texts (RoundsScansPage *self);
void rounds_scans_page_update_presets (RoundsScansPage *self);
void rounds_scans_page_step (RoundsScansPage *self, int steps);
void rounds_scans_page_set_cine (RoundsScansPage *self, gboolean on);

/* scans-page-actions.c */
void rounds_scans_page_install_actions (GtkWidgetClass *widget_class);
void rounds_scans_page_init_actions (RoundsScansPage *self);
void rounds_scans_page_sync_actions (RoundsScansPage *self);

/* scans-page-measure.c */
void rounds_scans_page_init_measure (RoundsScansPage *self);
void rounds_scans_page_load_measurements (RoundsScansPage *self);
void rounds_scans_page_update_measurements (RoundsScansPage *self);
/* Takes write (nullable) and stores it. */
void rounds_scans_page_write_measurement (RoundsScansPage *self, RoundsMeasurementWrite *write);
void rounds_scans_page_measurement_activated_cb (RoundsScansPage *self, GtkListBoxRow *row);

/* scans-page.c */
void rounds_scans_page_show_series (RoundsScansPage *self, RoundsScanSeries *series);
void rounds_scans_page_next_series (RoundsScansPage *self, int by);
void rounds_scans_page_answer_mismatch (RoundsScansPage *self, gboolean show);
void rounds_scans_page_reload (RoundsScansPage *self);
void rounds_scans_page_notify (RoundsScansPage *self, const char *property);

G_END_DECLS
