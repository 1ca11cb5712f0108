/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/break-glass.h"
#include "app/connection-page.h"
#include "app/summary-page.h"
#include "app/sync-page.h"
#include "app/unlock-page.h"
#include "app/window.h"
#include "charts/view/chart-page.h"
#include "charts/view/patient-banner.h"
#include "charts/view/patient-list.h"
#include "scans/view/scans-page.h"
#include "vitals/view/vitals-page.h"

G_BEGIN_DECLS

/* Private to the window, which is spread over three files: window.c (session, patient, what is shown),
 * window-actions.c (menus, keys and the palette), window-import.c (files and folders from outside). */
struct _RoundsWindow {
  AdwApplicationWindow parent_instance;

  /* template children */
  AdwToastOverlay *toasts;
  GtkStack *root;
  RoundsUnlockPage *unlock_page;
  AdwOverlaySplitView *split;
  RoundsPatientList *patient_list;
  AdwButtonContent *sync_content;
  GtkWidget *sync_button;
  RoundsPatientBanner *banner;
  RoundsBreakGlass *break_glass;
  AdwBanner *incomplete;       /* above every page of a patient */
  GtkWidget *switcher, *switcher_bar;
  GtkWidget *score;            /* NEWS2 in the banner, above every page */
  GtkStack *body;
  AdwViewStack *pages;
  RoundsSummaryPage *summary;
  RoundsChartPage *chart_page;
  RoundsScansPage *scans_page;
  RoundsVitalsPage *vitals_page;
  RoundsSyncPage *sync_page;
  RoundsConnectionPage *connection_page;

  /* owned */
  GSettings *settings;
  RoundsSession *session;
  char *patient_id;
  GCancellable *cancellable;   /* of what runs for this session */
  GCancellable *fetching;      /* of images for the patient that is read */
  gulong changed_handler;
  gboolean reading;            /* the scans page is shown */
  gboolean had_sidebar;        /* before it was */
  gboolean first_sync;         /* is not through */
  gboolean back_to_sync;       /* from the connections */
  gboolean following;          /* asks whether the patient has another id now */
};

/* window.c */
void rounds_window_toast (RoundsWindow *self, const char *text);   /* plain text */
void rounds_window_show_body (RoundsWindow *self);
void rounds_window_focus_page (RoundsWindow *self);   /* unless the focus is inside it already */

/* window-actions.c */
void rounds_window_install_actions (GtkWidgetClass *widget_class);
void rounds_window_conflict_chosen_cb (RoundsWindow *self, const char *type, const char *id);

/* window-import.c: win.import and win.import-folder; files dropped on the window */
void rounds_window_import_activated (GtkWidget *widget, const char *name, GVariant *parameter);
gboolean rounds_window_dropped_cb (RoundsWindow *self, const GValue *value);

G_END_DECLS
