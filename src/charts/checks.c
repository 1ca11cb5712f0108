/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Warnings at prescribing, from this cache alone. Drug and allergy are brought down to RxNorm ingredients and
 * compared: the same ingredient, then the same class, then the one cross-reaction that every ward knows
 * (beta-lactams). Whatever could not be brought down is named as not compared. */

#include "charts/checks.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

void
rounds_check_free (RoundsCheck *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->title);
  g_free (self->detail);
  g_free (self);
}

RoundsCheck *
rounds_check_new (RoundsCheckLevel level, const char *id, char *title_taken, char *detail_taken)
{
  RoundsCheck *check = g_new0 (RoundsCheck, 1);

  check->level = level;
  check->id = g_strdup (id);
  check->title = title_taken;
  check->detail = detail_taken;
  return check;
}

int
rounds_checks_level (GPtrArray *checks)
{
  int level = -1;

  for (guint i = 0; checks != NULL && i < checks->len; i++)
    level = MAX (level, (int) ((RoundsCheck *) g_ptr_array_index (checks, i))->level);
  return level;
}

gboolean
rounds_allergy_is_none_known (json_object *allergy)
{
  static const char *const codes[] = { "716186003", "409137002", "429625007", "428607008", "1003774007", "428197003" };
  json_object *code = rounds_json_peek (allergy, "code");
  const char *text = rounds_concept_display (code);
  g_autofree char *lower = text != NULL ? g_utf8_strdown (text, -1) : NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (rounds_concept_has (code, codes[i]))
      return TRUE;
  return lower != NULL && (strncmp (lower, "no known", 8) == 0 || strcmp (lower, "nkda") == 0 || strcmp (lower, "nka") == 0
                           || strcmp (lower, "none known") == 0);
}

static gboolean
any_manifestation (json_object *allergy, gboolean (*test) (json_object *))
{
  json_object *reactions = rounds_json_peek (allergy, "reaction");

  for (gsize i = 0; json_object_is_type (reactions, json_type_array) && i < json_object_array_length (reactions); i++)
    {
      json_object *shown = rounds_json_peek (json_object_array_get_idx (reactions, i), "manifestation");

      for (gsize m = 0; json_object_is_type (shown, json_type_array) && m < json_object_array_length (shown); m++)
        if (test (json_object_array_get_idx (shown, m)))
          return TRUE;
    }
  return FALSE;
}

static gboolean
is_anaphylaxis (json_object *manifestation)
{
  const char *text = rounds_concept_display (manifestation);
  g_autofree char *lower = text != NULL ? g_utf8_strdown (text, -1) : NULL;

  return rounds_concept_has (manifestation, "39579001") || rounds_concept_has (manifestation, "241929008")
         || (lower != NULL && (strstr (lower, "anaphyla") != NULL || strstr (lower, "过敏性休克") != NULL));
}

static gboolean
is_in_force (json_object *allergy)
{
  const char *clinical = rounds_json_peek_string (allergy, "clinicalStatus.coding.0.code");

  return clinical == NULL || g_str_equal (clinical, "active");
}

gboolean
rounds_allergy_is_anaphylaxis (json_object *allergy)
{
  const char *verification = rounds_json_peek_string (allergy, "verificationStatus.coding.0.code");

  /* No verificationStatus is not a doubt: R4 leaves it out as often as not. */
  if (!is_in_force (allergy) || (verification != NULL && !g_str_equal (verification, "confirmed")))
    return FALSE;
  return any_manifestation (allergy, is_anaphylaxis)
         || g_strcmp0 (rounds_json_peek_string (allergy, "criticality"), "high") == 0;
}

/* "penicillin V — anaphylaxis, 1998, confirmed" */
static char *
allergy_words (json_object *allergy, gint64 now_us)
{
  g_autofree char *name = rounds_section_name (&rounds_section_allergies, allergy);
  g_autofree char *reaction = rounds_section_allergies.line (allergy, now_us);
  g_autofree char *when = rounds_words_day (rounds_resource_peek_time (allergy), now_us);
  const char *verification = rounds_json_peek_string (allergy, "verificationStatus.coding.0.code");
  GString *out = g_string_new (name);

  if (reaction != NULL || when != NULL || verification != NULL)
    g_string_append (out, " — ");
  if (reaction != NULL)
    g_string_append (out, reaction);
  if (when != NULL)
    g_string_append_printf (out, "%s%s", reaction != NULL ? ", " : "", when);
  if (verification != NULL)
    g_string_append_printf (out, "%s%s", reaction != NULL || when != NULL ? ", " : "", rounds_words_code (verification));
  return g_string_free (out, FALSE);
}

static RoundsDrug *
drug_of (json_object *concept)
{
  const char *code = rounds_concept_code (concept, ROUNDS_SYSTEM_RXNORM);

  return rounds_drug_lookup (code, rounds_concept_display (concept));
}

static gboolean
has (GPtrArray *strings, const char *text)
{
  return g_ptr_array_find_with_equal_func (strings, text, g_str_equal, NULL);
}

/* A class that both ingredients have; NULL = none. */
static const char *
shared_class (const char *a, const char *b)
{
  GPtrArray *left = rounds_ingredient_classes (a), *right = rounds_ingredient_classes (b);

  for (guint i = 0; left != NULL && right != NULL && i < left->len; i++)
    if (has (right, g_ptr_array_index (left, i)))
      return g_ptr_array_index (left, i);
  return NULL;
}

static gboolean
is_beta_lactam (const char *class_name)
{
  static const char *const names[] = { "Penicillin", "Cephalosporin", "Carbapenem", "Penem Antibacterial", "Monobactam" };

  for (gsize i = 0; class_name != NULL && i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (class_name, names[i]))
      return TRUE;
  return FALSE;
}

static gboolean
has_beta_lactam (const char *ingredient)
{
  GPtrArray *classes = rounds_ingredient_classes (ingredient);

  for (guint i = 0; classes != NULL && i < classes->len; i++)
    if (is_beta_lactam (g_ptr_array_index (classes, i)))
      return TRUE;
  return FALSE;
}

typedef enum { RELATION_NONE, RELATION_CROSS, RELATION_CLASS, RELATION_TEXT, RELATION_SAME } Relation;

/* How a drug's ingredient is related to what someone is allergic to. *why is borrowed for ever or NULL. */
static Relation
relate (const char *ingredient, RoundsDrug *allergen, const char *allergy_text, const char **why)
{
  GPtrArray *classes = rounds_ingredient_classes (ingredient);
  Relation best = RELATION_NONE;

  *why = NULL;
  if (has (allergen->ingredients, ingredient))
    return RELATION_SAME;
  for (guint i = 0; classes != NULL && allergy_text != NULL && i < classes->len; i++)
    if (rounds_text_names_class (allergy_text, g_ptr_array_index (classes, i)))
      {
        *why = g_ptr_array_index (classes, i);
        return RELATION_CLASS;
      }
  for (guint i = 0; i < allergen->ingredients->len; i++)
    {
      const char *name = shared_class (ingredient, g_ptr_array_index (allergen->ingredients, i));

      if (name != NULL)
        {
          *why = name;
          return RELATION_CLASS;
        }
      if (has_beta_lactam (ingredient) && has_beta_lactam (g_ptr_array_index (allergen->ingredients, i)))
        best = RELATION_CROSS;
    }
  if (best == RELATION_NONE && allergy_text != NULL && has_beta_lactam (ingredient)
      && (rounds_text_names_class (allergy_text, "Penicillins") || rounds_text_names_class (allergy_text, "Cephalosporins")
          || rounds_text_names_class (allergy_text, "Carbapenems")))
    best = RELATION_CROSS;
  return best;
}

/* The words of one name inside the other: for substances that are in no list. */
static gboolean
texts_alike (const char *drug, const char *allergy)
{
  g_auto (GStrv) left = g_str_tokenize_and_fold (drug != NULL ? drug : "", NULL, NULL);
  g_auto (GStrv) right = g_str_tokenize_and_fold (allergy != NULL ? allergy : "", NULL, NULL);

  for (guint i = 0; right[i] != NULL; i++)
    if (g_utf8_strlen (right[i], -1) >= 5 && g_strcmp0 (right[i], "allergy") != 0
        && g_strv_contains ((const char *const *) left, right[i]))
      return TRUE;
  return FALSE;
}

static gboolean
may_be_a_drug (json_object *allergy)
{
  json_object *category = rounds_json_peek (allergy, "category");

  if (!json_object_is_type (category, json_type_array) || json_object_array_length (category) == 0)
    return TRUE;
  for (gsize i = 0; i < json_object_array_length (category); i++)
    {
      const char *code = json_object_get_string (json_object_array_get_idx (category, i));

      if (g_strcmp0 (code, "medication") == 0 || g_strcmp0 (code, "biologic") == 0)
        return TRUE;
    }
  return FALSE;
}

static char *
ingredient_label (const char *ingredient)
{
  const char *name = rounds_ingredient_name (ingredient);

  return name != NULL ? g_strdup (name) : g_strdup_printf (_("ingredient %s"), ingredient);
}

static void
check_allergy (json_object *request_concept, RoundsDrug *drug, json_object *allergy, gint64 now_us, GPtrArray *out,
               GPtrArray *not_compared)
{
  json_object *concept = rounds_json_peek (allergy, "code");
  const char *text = rounds_concept_display (concept);
  const char *verification = rounds_json_peek_string (allergy, "verificationStatus.coding.0.code");
  g_autoptr (RoundsDrug) allergen = NULL;
  g_autofree char *id = NULL, *words = NULL, *detail = NULL;
  Relation relation = RELATION_NONE;
  const char *why = NULL;

  if (rounds_resource_is_entered_in_error (allergy) || g_strcmp0 (verification, "refuted") == 0
      || rounds_allergy_is_none_known (allergy))
    return;
  allergen = drug_of (concept);
  for (guint i = 0; i < drug->ingredients->len; i++)
    {
      const char *ingredient = g_ptr_array_index (drug->ingredients, i), *because;
      Relation one = relate (ingredient, allergen, text, &because);

      if (one > relation)
        {
          g_autofree char *label = ingredient_label (ingredient);

          relation = one;
          why = because;
          g_clear_pointer (&detail, g_free);
          if (one == RELATION_SAME)
            detail = g_strdup_printf (_("It contains %s."), label);
          else if (one == RELATION_CLASS)
            detail = g_strdup_printf (_("%s is in the same class (%s)."), label, why);
          else
            detail = g_strdup_printf (_("%s is another beta-lactam: a cross-reaction is possible."), label);
        }
    }
  if (relation < RELATION_TEXT && relation != RELATION_CLASS
      && texts_alike (rounds_concept_display (request_concept), text))
    {
      relation = RELATION_TEXT;
      g_free (detail);
      detail = g_strdup (_("The names are alike."));
    }
  if (relation == RELATION_NONE)
    {
      if (allergen->ingredients->len == 0 && is_in_force (allergy) && may_be_a_drug (allergy) && text != NULL)
        g_ptr_array_add (not_compared, g_strdup (text));
      return;
    }
  id = g_strdup_printf ("allergy:%s", rounds_json_peek_string (allergy, "id"));
  words = allergy_words (allergy, now_us);
  if (relation == RELATION_CROSS)
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_INFORM, id, g_strdup_printf (_("Allergic to %s"), words),
                                            g_steal_pointer (&detail)));
  else if (rounds_allergy_is_anaphylaxis (allergy))
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_REASON, id, g_strdup_printf (_("Allergic to %s"), words),
                                            g_steal_pointer (&detail)));
  else
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_INFORM, id,
                                            is_in_force (allergy)
                                              ? g_strdup_printf (_("Allergic to %s"), words)
                                              : g_strdup_printf (_("Was once allergic to %s (no longer active)"), words),
                                            g_steal_pointer (&detail)));
}

static json_object *
concept_of_medication (json_object *resource)
{
  json_object *concept = rounds_json_peek (resource, "medicationCodeableConcept");

  return concept != NULL ? concept : rounds_json_peek (resource, "medicationReference");
}

static gboolean
concepts_alike (json_object *a, json_object *b)
{
  const char *text = rounds_concept_display (a), *other = rounds_concept_display (b);
  const char *code = rounds_json_peek_string (a, "coding.0.code"), *code_b = rounds_json_peek_string (b, "coding.0.code");

  if (code != NULL && code_b != NULL && strcmp (code, code_b) == 0
      && g_strcmp0 (rounds_json_peek_string (a, "coding.0.system"), rounds_json_peek_string (b, "coding.0.system")) == 0)
    return TRUE;
  if (text != NULL && other != NULL)
    {
      g_autofree char *left = g_utf8_casefold (text, -1), *right = g_utf8_casefold (other, -1);

      return strcmp (left, right) == 0;
    }
  return FALSE;
}

static void
check_current (json_object *concept, RoundsDrug *drug, json_object *other, gint64 now_us, GPtrArray *out)
{
  json_object *their_concept = concept_of_medication (other);
  g_autofree char *name = rounds_section_name (&rounds_section_medications, other);
  g_autofree char *how = rounds_section_medications.line (other, now_us);
  g_autofree char *id = g_strdup_printf ("duplicate:%s", rounds_json_peek_string (other, "id"));
  g_autoptr (RoundsDrug) theirs = NULL;
  const char *class_name = NULL, *same = NULL;

  if (rounds_resource_is_entered_in_error (other) || !rounds_section_medications.is_active (other))
    return;
  theirs = drug_of (their_concept);
  for (guint i = 0; i < drug->ingredients->len && same == NULL; i++)
    {
      const char *mine = g_ptr_array_index (drug->ingredients, i);

      if (has (theirs->ingredients, mine))
        same = mine;
      for (guint t = 0; t < theirs->ingredients->len && class_name == NULL; t++)
        class_name = shared_class (mine, g_ptr_array_index (theirs->ingredients, t));
    }
  if (same != NULL || concepts_alike (concept, their_concept))
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_INFORM, id, g_strdup_printf (_("Already prescribed: %s"), name),
                                            g_steal_pointer (&how)));
  else if (class_name != NULL)
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_NOTE, id, g_strdup_printf (_("Same class as %s"), name),
                                            g_strdup (class_name)));
}

static gint
check_compare (gconstpointer left, gconstpointer right)
{
  const RoundsCheck *a = *(RoundsCheck *const *) left, *b = *(RoundsCheck *const *) right;

  return (int) b->level - (int) a->level;
}

GPtrArray *
rounds_check_drug (json_object *request, const RoundsCheckContext *context)
{
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_check_free);
  g_autoptr (GPtrArray) not_compared = g_ptr_array_new_with_free_func (g_free);
  json_object *concept = concept_of_medication (request);
  const char *text = rounds_concept_display (concept);
  const char *id = rounds_json_peek_string (request, "id");
  g_autoptr (RoundsDrug) drug = NULL;
  guint n_known = 0;

  if (text == NULL)
    return out;
  drug = drug_of (concept);
  for (guint i = 0; context->allergies != NULL && i < context->allergies->len; i++)
    {
      json_object *allergy = g_ptr_array_index (context->allergies, i);

      n_known += !rounds_resource_is_entered_in_error (allergy);
      check_allergy (concept, drug, allergy, context->now_us, out, not_compared);
    }
  for (guint i = 0; context->medications != NULL && i < context->medications->len; i++)
    {
      json_object *other = g_ptr_array_index (context->medications, i);

      if (g_strcmp0 (rounds_json_peek_string (other, "id"), id) != 0 || id == NULL)
        check_current (concept, drug, other, context->now_us, out);
    }
  if (drug->ingredients->len == 0)
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_INFORM, "unknown",
                                            g_strdup_printf (_("“%s” cannot be checked"), text),
                                            g_strdup (_("Its ingredients are not known here. Compare with the allergies yourself."))));
  else if (!drug->complete)
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_NOTE, "incomplete", g_strdup (_("Only checked in part")),
                                            g_strdup (_("Not every ingredient of this drug is known here."))));
  if (not_compared->len > 0)
    {
      g_ptr_array_add (not_compared, NULL);
      g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_NOTE, "allergies-unknown",
                                              g_strdup (_("Some allergies could not be compared")),
                                              g_strjoinv (", ", (char **) not_compared->pdata)));
    }
  if (context->allergies == NULL || n_known == 0)
    g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_NOTE, "no-allergies", g_strdup (_("No allergies are recorded")),
                                            g_strdup (_("Not even that none are known: ask."))));
  g_ptr_array_sort (out, check_compare);
  return out;
}

GPtrArray *
rounds_check_duplicate (json_object *resource, const RoundsCheckContext *context)
{
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_check_free);
  json_object *concept = rounds_resource_peek_concept (resource);
  const char *id = rounds_json_peek_string (resource, "id");
  const RoundsSection *section = rounds_section_of (rounds_json_peek_string (resource, "resourceType"), resource);

  for (guint i = 0; section != NULL && concept != NULL && context->same != NULL && i < context->same->len; i++)
    {
      json_object *other = g_ptr_array_index (context->same, i);
      const char *other_id = rounds_json_peek_string (other, "id");

      if (g_strcmp0 (other_id, id) == 0 || rounds_resource_is_entered_in_error (other)
          || (section->is_active != NULL && !section->is_active (other))
          || !concepts_alike (concept, rounds_resource_peek_concept (other)))
        continue;
      g_autofree char *check_id = g_strdup_printf ("duplicate:%s", other_id);
      g_autofree char *name = rounds_section_name (section, other);

      g_ptr_array_add (out, rounds_check_new (ROUNDS_CHECK_INFORM, check_id, g_strdup_printf (_("%s is in the list already"), name),
                                              section->when != NULL ? section->when (other, context->now_us) : NULL));
    }
  return out;
}
