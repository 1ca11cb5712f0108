/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decimal numbers as text: read strictly, written shortest, rounded as people round.
 *
 * 2.675 as a double is a little less than 2.675, so arithmetic rounding gives 2.67, and the doctor who
 * checks by hand gets 2.68. Rounding here works on the shortest decimal digits of the double, which is what
 * was typed. That is slower than round(), and fast enough for what is shown. */

#include "base/quantity.h"

#include <math.h>
#include <string.h>

/* A finite double as 0.d1d2d3… × 10^point, without trailing zeros; zero has no digits. */
typedef struct {
  gboolean negative;
  char digits[24];
  int n;
  int point;
} Digits;

/* The shortest digits that give value again. */
static void
get_digits (double value, Digits *out)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  char *exponent;

  for (int precision = 14; precision <= 16; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%de", precision);
      g_ascii_formatd (text, sizeof text, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }

  out->negative = text[0] == '-';
  exponent = strchr (text, 'e');
  out->point = (int) g_ascii_strtoll (exponent + 1, NULL, 10) + 1;
  out->n = 0;
  for (const char *p = text; p < exponent; p++)
    if (g_ascii_isdigit (*p) && out->n < (int) sizeof out->digits - 1)
      out->digits[out->n++] = *p;
  while (out->n > 0 && out->digits[out->n - 1] == '0')
    out->n--;
  if (out->n == 0)
    {
      out->negative = FALSE; /* no minus zero for people */
      out->point = 0;
    }
}

/* Keeps the first `keep` digits (may be 0 or negative), half away from zero. */
static void
round_digits (Digits *self, int keep)
{
  gboolean up;

  if (keep >= self->n)
    return;
  if (keep < 0)
    {
      self->n = 0;
      self->point = 0;
      self->negative = FALSE;
      return;
    }

  up = self->digits[keep] >= '5';
  self->n = keep;
  if (up)
    {
      int i = keep - 1;

      while (i >= 0 && self->digits[i] == '9')
        i--;
      if (i >= 0)
        {
          self->digits[i]++;
          self->n = i + 1;
        }
      else
        {
          self->digits[0] = '1';
          self->n = 1;
          self->point++;
        }
    }
  while (self->n > 0 && self->digits[self->n - 1] == '0')
    self->n--;
  if (self->n == 0)
    {
      self->point = 0;
      self->negative = FALSE;
    }
}

gboolean
rounds_decimal_parse (const char *text, double *out)
{
  const char *p = text;
  gboolean any = FALSE;
  double value;

  g_return_val_if_fail (out != NULL, FALSE);

  if (text == NULL)
    return FALSE;
  if (*p == '-' || *p == '+')
    p++;
  for (; g_ascii_isdigit (*p); p++)
    any = TRUE;
  if (*p == '.')
    for (p++; g_ascii_isdigit (*p); p++)
      any = TRUE;
  if (!any)
    return FALSE;
  if (*p == 'e' || *p == 'E')
    {
      p++;
      if (*p == '-' || *p == '+')
        p++;
      if (!g_ascii_isdigit (*p))
        return FALSE;
      while (g_ascii_isdigit (*p))
        p++;
    }
  if (*p != '\0')
    return FALSE;

  value = g_ascii_strtod (text, NULL);
  if (!isfinite (value))
    return FALSE;
  *out = value;
  return TRUE;
}

char *
rounds_decimal_format (double value, int digits)
{
  Digits d;
  GString *out;

  /* Neither is a number that could be shown. */
  if (!isfinite (value))
    return g_strdup ("");

  get_digits (value, &d);
  if (digits > 0)
    round_digits (&d, digits);
  if (d.n == 0)
    return g_strdup ("0");

  out = g_string_new (d.negative ? "-" : NULL);
  if (d.point > 16 || d.point < -5)
    {
      g_string_append_c (out, d.digits[0]);
      if (d.n > 1)
        {
          g_string_append_c (out, '.');
          g_string_append_len (out, d.digits + 1, d.n - 1);
        }
      g_string_append_printf (out, "e%d", d.point - 1);
    }
  else if (d.point <= 0)
    {
      g_string_append (out, "0.");
      for (int i = d.point; i < 0; i++)
        g_string_append_c (out, '0');
      g_string_append_len (out, d.digits, d.n);
    }
  else
    {
      g_string_append_len (out, d.digits, MIN (d.n, d.point));
      for (int i = d.n; i < d.point; i++)
        g_string_append_c (out, '0');
      if (d.n > d.point)
        {
          g_string_append_c (out, '.');
          g_string_append_len (out, d.digits + d.point, d.n - d.point);
        }
    }
  return g_string_free (out, FALSE);
}

double
rounds_round_half_up (double value, int decimals)
{
  Digits d;
  char text[64];

  if (!isfinite (value))
    return value;

  get_digits (value, &d);
  round_digits (&d, d.point + CLAMP (decimals, -400, 400));
  if (d.n == 0)
    return 0.0;
  g_snprintf (text, sizeof text, "%s0.%.*se%d", d.negative ? "-" : "", d.n, d.digits, d.point);
  return g_ascii_strtod (text, NULL);
}
