/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/checks.h"
#include "charts/terminology.h"
#include "fhir/json.h"

G_BEGIN_DECLS

#define ROUNDS_CHARTS_ERROR (rounds_charts_error_quark ())
GQuark rounds_charts_error_quark (void);

typedef enum {
  ROUNDS_CHARTS_ERROR_INVALID,    /* a form value cannot be taken: the message says which and why */
  ROUNDS_CHARTS_ERROR_SIGNED,     /* signed: it is never changed, only added to */
  ROUNDS_CHARTS_ERROR_REASON,     /* a check asks for a reason first */
  ROUNDS_CHARTS_ERROR_UNSUPPORTED,/* this verb is not of this section */
} RoundsChartsError;

/* A chart section is one descriptor, in one file section-NAME.c: what is listed, in which columns, with which
 * form, checks and verbs. The table, the form, the history, the summary and roundsctl are made from it.
 * To add one: write the file, name it in section.c and in meson.build. Descriptors are static and constant;
 * all their functions are pure and may run in any thread. Strings marked N_ are translated when shown. */
typedef struct _RoundsSection RoundsSection;

typedef enum {
  ROUNDS_FIELD_TEXT,
  ROUNDS_FIELD_MULTILINE,
  ROUNDS_FIELD_CONCEPT,    /* CodeableConcept from a pick list, or free text without a code */
  ROUNDS_FIELD_CHOICE,     /* one of `choices`: a code, or with `system` a CodeableConcept */
  ROUNDS_FIELD_DATE,       /* FHIR date or dateTime, as exact as it is known */
  ROUNDS_FIELD_QUANTITY,   /* "500 mg": a number and a unit */
} RoundsFieldKind;

typedef struct {
  const char *code;
  const char *title;   /* N_() */
} RoundsChoice;

/* A field of a form. A value in a form is a JSON string; of a concept an object {text, system, code}, with
 * `own` perhaps {text, reference}; absent = empty. */
typedef struct {
  const char *id;                /* name in drafts and in history; never changes */
  const char *title;             /* N_() */
  RoundsFieldKind kind;
  const char *path;              /* element, "note.0.text"; "onset[x]" for a date of a choice of types */
  RoundsTermList terms;
  const RoundsSection *own;      /* the patient's active rows of this section are offered before the terms */
  const RoundsChoice *choices;   /* ends with code NULL */
  const char *system;
  const char *initial;           /* value of a new resource: a text or code; "now", "today" for dates */
  const char *hint;              /* N_(), or NULL */
  gboolean required;
  gboolean half;                 /* stands beside its neighbour */
  /* Instead of path where one element is not one field. set gets NULL for empty. */
  json_object *(*get) (json_object *resource);
  gboolean (*set) (json_object *resource, json_object *value, GError **error);
} RoundsField;

typedef struct {
  const char *id;      /* stable name in JSON output */
  const char *title;   /* N_() */
  /* Text of the cell, owned by the caller, or NULL. */
  char *(*get) (json_object *resource, gint64 now_us);
  gboolean wide;       /* takes what is left */
  gboolean strong;
} RoundsColumn;

typedef enum {
  ROUNDS_MARK_NONE,
  ROUNDS_MARK_LOOK,
  ROUNDS_MARK_ACT,
} RoundsMark;

struct _RoundsSection {
  const char *id;               /* "problems": in settings, drafts, the command line */
  const char *title;            /* N_("Problems") */
  const char *one;              /* N_("problem") */
  const char *add;              /* N_("Add problem") or N_("Prescribe"); NULL = nothing can be added */
  const char *save;             /* N_("Save"): what the form's button says for a new one */
  const char *empty;            /* N_(): what an empty list says */
  const char *const *types;     /* listed; the first is the one that is made. NULL-terminated */
  gboolean (*accepts) (json_object *resource);      /* NULL = all of these types */
  gboolean (*is_active) (json_object *resource);    /* shown under "Active" */
  gboolean (*can_edit) (json_object *resource);     /* NULL = every resource of the first type */
  const RoundsColumn *columns;
  guint n_columns;
  const RoundsField *fields;
  guint n_fields;
  /* The least of a new one: status and what else must be there. who = name of the account. */
  void (*fill) (json_object *resource, const char *who, gint64 now_us);
  /* After a form was written: what follows from it. before and after are form values. May be NULL. */
  gboolean (*finish) (json_object *resource, json_object *before, json_object *after, const char *who,
                      gint64 now_us, GError **error);
  /* Array of RoundsCheck for the resource as it would be; others = RoundsCheckContext. May be NULL. */
  GPtrArray *(*check) (json_object *resource, const RoundsCheckContext *context);
  const char *stop;             /* N_("Resolve"), N_("Stop"), NULL = no such verb */
  gboolean (*stop_resource) (json_object *resource, gint64 now_us);
  /* Entered in error: marks it; NULL = it is really deleted. */
  void (*mark_error) (json_object *resource);
  const char *sign;             /* N_("Sign"): a form that can be kept unsigned; NULL = none */
  void (*sign_resource) (json_object *resource, const char *who, gint64 now_us);
  /* A word in a pill ("on hold"), owned by the caller, or NULL; and how grave it is. */
  char *(*pill) (json_object *resource, RoundsMark *mark);
  /* How grave the resource itself is (a severe allergy is red wherever it is named). May be NULL. */
  RoundsMark (*mark) (json_object *resource);
  /* "today 08:52" or such for the end of a line in the summary. NULL = its time. */
  char *(*when) (json_object *resource, gint64 now_us);
  /* What follows the title in the summary ("500 mg iv, every 24 h"). May be NULL. */
  char *(*line) (json_object *resource, gint64 now_us);
  /* Title, where the main concept is not it. May be NULL. */
  char *(*name) (json_object *resource);
  /* Order: greater first; NULL = by time. */
  gint64 (*rank) (json_object *resource);
  /* Rows that are not resources one by one (results by test). May be NULL: array of RoundsRow. records is
   * an array of RoundsRecord, parsed the array of their json_object (NULL = cannot be read). */
  GPtrArray *(*group) (GPtrArray *records, GPtrArray *parsed, gint64 now_us);
};

/* All sections in the order that they are listed: NULL-terminated, static. */
const RoundsSection *const *rounds_sections (void);
/* NULL when there is none of that id. */
const RoundsSection *rounds_section_find (const char *id);
/* The section that lists this resource, or NULL. */
const RoundsSection *rounds_section_of (const char *type, json_object *resource);
gboolean rounds_section_has_type (const RoundsSection *self, const char *type);
gboolean rounds_section_can_edit (const RoundsSection *self, json_object *resource);

/* What a resource is called: owned by the caller, never NULL. */
char *rounds_section_name (const RoundsSection *self, json_object *resource);

const RoundsField *rounds_section_field (const RoundsSection *self, const char *id);
/* Value of a field as forms hold it; NULL = empty. Caller owns. */
json_object *rounds_field_get (const RoundsField *self, json_object *resource);
/* Writes it when it differs from what is there. FALSE with INVALID when it cannot be taken. */
gboolean rounds_field_set (const RoundsField *self, json_object *resource, json_object *value, GError **error);
/* A value in words: text of a concept, title of a choice, a date for people. Caller owns; NULL = empty. */
char *rounds_field_words (const RoundsField *self, json_object *value);

/* A date that someone typed: "2016", "2021-05", "2026-11-22", "2026-11-22 12:00", "today", "now". Returns
 * the FHIR text (with the local offset when there is a time), NULL with INVALID otherwise. Caller frees. */
char *rounds_date_from_typed (const char *text, gint64 now_us, GError **error);
/* The reverse: what a form shows for a FHIR date. Caller frees. */
char *rounds_date_to_typed (const char *fhir);
/* "500 mg" → number digits and unit (may be empty). FALSE with INVALID. */
gboolean rounds_quantity_from_typed (const char *text, char **digits, char **unit, GError **error);

/* Helpers for descriptors. */
json_object *rounds_concept_new (const char *system, const char *code, const char *display, const char *text);
gboolean rounds_concept_has (json_object *concepts, const char *code);   /* in a concept or an array of them */
/* Column of why: the first reasonCode in words, else what reasonReference is called. */
char *rounds_column_reason (json_object *resource, gint64 now_us);

G_END_DECLS
