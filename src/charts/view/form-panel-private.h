/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/edit.h"
#include "charts/view/form-panel.h"

G_BEGIN_DECLS

/* Private to the form, which is spread over three files: form-panel.c (opening, drafts, saving),
 * form-panel-fields.c (controls and their values), form-panel-checks.c (warnings and the reason). */
typedef struct {
  const RoundsField *field;
  GtkWidget *widget;
  char *original;      /* FHIR text of a date as it was */
} RoundsFormControl;

struct _RoundsFormPanel
{
  AdwBin parent_instance;

  GtkLabel *title;
  GtkBox *fields;
  GtkLabel *problem;
  GtkLabel *draft_state;
  GtkButton *cancel;
  GtkButton *save;
  GtkButton *sign;

  RoundsStore *store;
  const RoundsSection *section;
  char *patient_id;
  RoundsRecord *record;
  char *draft_key;
  char *original_name;      /* of the record's main concept */
  GArray *controls;
  json_object *hidden;      /* values of fields that are not shown */
  GtkBox *checks;
  GtkWidget *reason;
  GCancellable *check_ticket;
  guint check_timeout;
  int check_level;
  gboolean changed;
  gboolean saving;
  gboolean filling;
};

/* What a worker needs: copies, so that it never looks at the form. */
typedef struct {
  const RoundsSection *section;
  char *patient_id, *type, *id, *reason;
  RoundsRecord *record;
  json_object *values;
  char *draft_key;
  gboolean sign;
} RoundsFormJob;

/* form-panel.c */
RoundsFormJob *rounds_form_job_new (RoundsFormPanel *self);
void rounds_form_job_free (gpointer data);
void rounds_form_panel_changed (RoundsFormPanel *self);     /* keeps the draft, checks soon */
void rounds_form_panel_update_verbs (RoundsFormPanel *self);
void rounds_form_panel_say (RoundsFormPanel *self, const char *text);   /* text NULL = nothing is wrong */

/* form-panel-fields.c */
void rounds_form_panel_build (RoundsFormPanel *self, json_object *values);
json_object *rounds_form_control_get (const RoundsFormControl *control);   /* NULL = empty; owned by the caller */
json_object *rounds_form_panel_collect (RoundsFormPanel *self);
char *rounds_form_panel_text_of (GtkWidget *widget);        /* of an entry or a text view */

/* form-panel-checks.c */
void rounds_form_panel_check (RoundsFormPanel *self);
void rounds_form_panel_check_soon (RoundsFormPanel *self);
gboolean rounds_form_panel_reason_missing (RoundsFormPanel *self);

G_END_DECLS
