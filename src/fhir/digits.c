/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits that servers do not keep.
 *
 * A temperature of 37.0 was measured to a tenth; a server that keeps numbers as doubles says 37. That is the same
 * number and no other finding, so nobody need be asked, and the digits that were written stay. Numbers are compared
 * as decimals: a double would call 0.1 and 0.10000000000000000001 the same. */

#include "fhir/digits.h"

#include <string.h>

/* Beyond this only equal texts are equal. */
#define MAX_EXPONENT 100000
/* Above so many pairs of items, lists are left as they are: the answer may come from a hostile server. */
#define MAX_ITEM_PAIRS 100000

/* --- decimals ----------------------------------------------------------------------------------------- */

typedef struct {
  gboolean negative;
  GString *digits;      /* without zeros at the ends; empty = zero */
  gint64 exponent;      /* of the last digit */
  guint n_said;         /* significant digits as written */
  gboolean has_exponent;
} Decimal;

static void
decimal_clear (Decimal *self)
{
  g_string_free (self->digits, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Decimal, decimal_clear)

static void
decimal_read (Decimal *self, const char *text)
{
  gboolean in_fraction = FALSE;
  const char *p = text;

  memset (self, 0, sizeof *self);
  self->digits = g_string_new (NULL);
  if (*p == '-')
    {
      self->negative = TRUE;
      p++;
    }
  for (; g_ascii_isdigit (*p) || *p == '.'; p++)
    {
      if (*p == '.')
        {
          in_fraction = TRUE;
          continue;
        }
      self->exponent -= in_fraction;
      /* Zeros in front say nothing; in 0.00 those behind the point do. */
      if (self->digits->len > 0 || *p != '0')
        g_string_append_c (self->digits, *p);
      else
        self->n_said += in_fraction;
    }
  self->n_said = self->digits->len > 0 ? self->digits->len : self->n_said;
  if (*p == 'e' || *p == 'E')
    {
      self->has_exponent = TRUE;
      self->exponent += CLAMP (g_ascii_strtoll (p + (p[1] == '+' ? 2 : 1), NULL, 10), -2 * MAX_EXPONENT,
                               2 * MAX_EXPONENT);
    }
  while (self->digits->len > 0 && self->digits->str[self->digits->len - 1] == '0')
    {
      g_string_truncate (self->digits, self->digits->len - 1);
      self->exponent++;
    }
}

static gboolean
same_decimal (const Decimal *a, const Decimal *b)
{
  if (a->digits->len == 0 || b->digits->len == 0)
    return a->digits->len == b->digits->len;
  return a->negative == b->negative && a->exponent == b->exponent && ABS (a->exponent) <= MAX_EXPONENT &&
         g_string_equal (a->digits, b->digits);
}

gboolean
rounds_decimal_equal (const char *a, const char *b)
{
  g_auto (Decimal) x = { 0 };
  g_auto (Decimal) y = { 0 };

  decimal_read (&x, a);
  decimal_read (&y, b);
  return g_str_equal (a, b) || same_decimal (&x, &y);
}

/* Whether theirs is ours written anew, and not a finer value of somebody else. */
static gboolean
is_rewritten (json_object *ours, json_object *theirs, gboolean in_place)
{
  g_autofree char *mine = g_strdup (rounds_json_peek_digits (ours, ""));
  const char *other = rounds_json_peek_digits (theirs, "");
  g_auto (Decimal) x = { 0 };
  g_auto (Decimal) y = { 0 };

  decimal_read (&x, mine != NULL ? mine : "");
  decimal_read (&y, other != NULL ? other : "");
  return mine != NULL && other != NULL && (g_str_equal (mine, other) || same_decimal (&x, &y)) &&
         (in_place || x.has_exponent || y.n_said <= x.n_said);
}

/* --- records ------------------------------------------------------------------------------------------ */

static gboolean
is_number (json_object *value)
{
  return json_object_is_type (value, json_type_int) || json_object_is_type (value, json_type_double);
}

static gboolean same_but_digits (json_object *a, json_object *b);

static gboolean
same_members (json_object *a, json_object *b)
{
  if (json_object_object_length (a) != json_object_object_length (b))
    return FALSE;
  json_object_object_foreach (a, name, value)
    {
      json_object *there = NULL;

      if (!json_object_object_get_ex (b, name, &there) || !same_but_digits (value, there))
        return FALSE;
    }
  return TRUE;
}

static gboolean
same_but_digits (json_object *a, json_object *b)
{
  if (is_number (a) && is_number (b))
    return is_rewritten (a, b, FALSE);
  if (json_object_get_type (a) != json_object_get_type (b))
    return FALSE;
  if (json_object_is_type (a, json_type_object))
    return same_members (a, b);
  if (json_object_is_type (a, json_type_array))
    {
      gsize n = json_object_array_length (a);
      gboolean same = n == json_object_array_length (b);

      for (gsize i = 0; same && i < n; i++)
        same = same_but_digits (json_object_array_get_idx (a, i), json_object_array_get_idx (b, i));
      return same;
    }
  return rounds_json_equal (a, b);
}

/* Whether a number of this object is about the same thing in both: 37.0 mg is not 37 g. */
static gboolean
same_words (json_object *ours, json_object *theirs)
{
  json_object_object_foreach (ours, name, value)
    {
      json_object *there = NULL;

      if (json_object_is_type (value, json_type_object) || json_object_is_type (value, json_type_array))
        continue;
      if (!json_object_object_get_ex (theirs, name, &there) ||
          (is_number (value) && is_number (there) ? !is_rewritten (value, there, FALSE)
                                                  : !rounds_json_equal (value, there)))
        return FALSE;
    }
  return TRUE;
}

static guint keep_in_object (json_object *ours, json_object *theirs, gboolean in_place);
static guint keep_in_array (json_object *ours, json_object *theirs, gboolean in_place);

/* The value to put in place of theirs in *own, NULL when theirs stays (and may have been changed inside). */
static guint
keep_in_value (json_object *ours, json_object *theirs, gboolean numbers, gboolean in_place, json_object **own)
{
  *own = NULL;
  if (is_number (ours) && is_number (theirs))
    {
      if (!numbers || rounds_json_equal (ours, theirs) || !is_rewritten (ours, theirs, in_place))
        return 0;
      *own = rounds_json_copy (ours);
      return 1;
    }
  if (json_object_is_type (ours, json_type_object) && json_object_is_type (theirs, json_type_object))
    return keep_in_object (ours, theirs, in_place);
  if (json_object_is_type (ours, json_type_array) && json_object_is_type (theirs, json_type_array))
    return keep_in_array (ours, theirs, in_place);
  return 0;
}

static guint
keep_in_object (json_object *ours, json_object *theirs, gboolean in_place)
{
  gboolean numbers = in_place || same_words (ours, theirs);
  guint n = 0;

  json_object_object_foreach (ours, name, value)
    {
      json_object *there = NULL, *own;

      if (!json_object_object_get_ex (theirs, name, &there))
        continue;
      n += keep_in_value (value, there, numbers, in_place, &own);
      if (own != NULL)
        json_object_object_add (theirs, name, own);
    }
  return n;
}

/* Which item of theirs each of ours is, but for digits; −1 = none. */
static int *
find_items (json_object *ours, json_object *theirs, gsize n_ours, gsize n_theirs)
{
  int *found = g_new (int, n_ours + 1);
  g_autofree gboolean *taken = g_new0 (gboolean, n_theirs + 1);

  for (gsize i = 0; i < n_ours; i++)
    {
      json_object *item = json_object_array_get_idx (ours, i);

      found[i] = -1;
      for (gsize k = 0; found[i] < 0 && k < n_theirs; k++)
        if (!taken[k] && same_but_digits (item, json_object_array_get_idx (theirs, k)))
          {
            found[i] = (int) k;
            taken[k] = TRUE;
          }
    }
  return found;
}

static guint
keep_in_array (json_object *ours, json_object *theirs, gboolean in_place)
{
  gsize n_ours = json_object_array_length (ours), n_theirs = json_object_array_length (theirs);
  g_autofree int *found = NULL;
  guint n = 0;

  if (!in_place && (guint64) n_ours * n_theirs > MAX_ITEM_PAIRS)
    return 0;
  if (!in_place)
    found = find_items (ours, theirs, n_ours, n_theirs);
  for (gsize i = 0; i < n_ours && (!in_place || i < n_theirs); i++)
    {
      gsize at = in_place ? i : (gsize) found[i];
      json_object *own;

      if (!in_place && found[i] < 0)
        continue;
      n += keep_in_value (json_object_array_get_idx (ours, i), json_object_array_get_idx (theirs, at), TRUE, in_place,
                          &own);
      if (own != NULL)
        json_object_array_put_idx (theirs, at, own);
    }
  return n;
}

guint
rounds_json_keep_digits (json_object *ours, json_object *theirs, gboolean in_place)
{
  json_object *own;
  guint n = keep_in_value (ours, theirs, FALSE, in_place, &own);

  return n;
}
