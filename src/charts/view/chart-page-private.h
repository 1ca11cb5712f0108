/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/edit.h"
#include "charts/list-model.h"
#include "charts/view/chart-page.h"
#include "charts/view/form-panel.h"

G_BEGIN_DECLS

/* Private to the page, which is spread over three files: chart-page.c (type, patient, sections, what is shown),
 * chart-page-verbs.c (what is done to the selected row, and taking it back), chart-page-drafts.c. */
#define ROUNDS_CHART_PAGE_MAX_SECTIONS 32

struct _RoundsChartPage
{
  AdwBin parent_instance;

  GtkListBox *sections;
  GtkWidget *sections_side;
  GtkDropDown *section_choice;
  GtkLabel *section_title;
  AdwToggleGroup *which;
  AdwToggle *active_toggle;
  AdwToggle *all_toggle;
  GtkWidget *add;
  GtkLabel *add_label;
  GtkWidget *edit;
  GtkButton *stop;
  GtkWidget *addendum;
  GtkWidget *remove;
  GtkBox *drafts;
  GtkStack *stack;
  GtkColumnView *table;
  AdwStatusPage *empty;
  GtkBox *details;
  AdwOverlaySplitView *split;
  RoundsFormPanel *form;

  RoundsStore *store;
  char *patient_id;
  GCancellable *ticket;          /* of the patient */
  GCancellable *details_ticket;  /* of the selected row */
  const RoundsSection *section;
  RoundsListModel *models[ROUNDS_CHART_PAGE_MAX_SECTIONS];
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  char *wanted_id;               /* select this one when it appears */
  guint drafts_timeout;
  RoundsEdited *last_edit;       /* for Ctrl+Z, of this patient */
  gboolean narrow;
  gboolean switching;
};

/* chart-page.c */
void rounds_chart_page_go (RoundsChartPage *self, const RoundsSection *section);
RoundsRow *rounds_chart_page_selected (RoundsChartPage *self);   /* borrowed, or NULL */
/* record NULL = a new one; values NULL = those of the record. */
void rounds_chart_page_open_form (RoundsChartPage *self, const RoundsSection *section, const RoundsRecord *record,
                                  json_object *values);

/* chart-page-verbs.c */
void rounds_chart_page_install_verbs (GtkWidgetClass *widget_class);
/* revision 0 = nothing was written, nothing can be taken back. */
void rounds_chart_page_offer_undo (RoundsChartPage *self, RoundsStore *store, const char *title, const char *type,
                                   const char *id, gint64 revision);

/* chart-page-drafts.c */
void rounds_chart_page_load_drafts (RoundsChartPage *self);

G_END_DECLS
