/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pick lists for typing ahead, and what is known of drugs. Files are read once, on first use: call from a
 * worker. All functions are safe from any thread; a missing file gives an empty list and one warning. */

typedef enum {
  ROUNDS_TERMS_NONE,
  ROUNDS_TERMS_PROBLEMS,     /* ICD-10-CM */
  ROUNDS_TERMS_DRUGS,        /* RxNorm drugs, then ingredients */
  ROUNDS_TERMS_ALLERGENS,    /* VA allergens and RxNorm ingredients */
  ROUNDS_TERMS_REACTIONS,
  ROUNDS_TERMS_VACCINES,     /* CVX */
  ROUNDS_TERMS_ROUTES,       /* a few, by SNOMED-free text and v3 route code */
  ROUNDS_TERMS_FREQUENCIES,  /* "three times a day" … */
  ROUNDS_TERMS_NOTE_TYPES,   /* LOINC document types */
  ROUNDS_N_TERM_LISTS,
} RoundsTermList;

#define ROUNDS_SYSTEM_ICD10CM "http://hl7.org/fhir/sid/icd-10-cm"
#define ROUNDS_SYSTEM_RXNORM "http://www.nlm.nih.gov/research/umls/rxnorm"
#define ROUNDS_SYSTEM_CVX "http://hl7.org/fhir/sid/cvx"
#define ROUNDS_SYSTEM_LOINC "http://loinc.org"

typedef struct {
  const char *system;   /* static, NULL = text only */
  char *code;           /* or NULL */
  char *display;
  char *reference;      /* "Condition/ID" when it is one of the patient's own records, else NULL */
} RoundsTerm;
void rounds_term_free (RoundsTerm *self);

/* Terms of which every word of the query begins a word, best first: array of RoundsTerm, owned by the
 * caller, possibly empty. An empty query gives the head of the short lists and nothing of the long ones. */
GPtrArray *rounds_terms_search (RoundsTermList list, const char *query, guint limit);

/* What a drug, or a substance that someone is allergic to, is made of. */
typedef struct {
  GPtrArray *ingredients;  /* char *: RxNorm IN codes */
  gboolean complete;       /* every ingredient is known; FALSE = what is not listed may be in it */
} RoundsDrug;
void rounds_drug_free (RoundsDrug *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsDrug, rounds_drug_free)
/* By RxNorm code, and by words of the text where the code says nothing. Either may be NULL. Never NULL. */
RoundsDrug *rounds_drug_lookup (const char *rxcui, const char *text);

/* Name of an ingredient, borrowed for ever; NULL when unknown. */
const char *rounds_ingredient_name (const char *in_rxcui);
/* Names of its classes (FDA, established or chemical): array of borrowed char *, NULL when it has none. */
GPtrArray *rounds_ingredient_classes (const char *in_rxcui);
/* Whether a text names this class ("penicillins", "Sulfa drugs", "NSAID"). */
gboolean rounds_text_names_class (const char *text, const char *class_name);

G_END_DECLS
