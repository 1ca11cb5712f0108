/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Newline-delimited JSON: a document a line, each with its own limits.
 *
 * A bad line is refused by its number and the rest goes on. The lines share identities: the same type and
 * id in a later line is the newer version, as it would be in a later file. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/bundle-private.h"

static gboolean
is_blank (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
      return FALSE;
  return TRUE;
}

GPtrArray *
rounds_bundle_take_ndjson (const char *text, gsize length, GPtrArray *refused, GError **error)
{
  /* Translators: what is wrong with one line of a file, by its number. */
  g_autoptr (RoundsBundleTaker) taker = rounds_bundle_taker_new (refused, _ ("line %s: %s"));
  g_autoptr (GError) first_error = NULL;
  const char *p = text != NULL ? text : "";
  const char *end = p + length;
  gboolean any = FALSE;
  guint n = 0;

  g_return_val_if_fail (text != NULL || length == 0, NULL);

  while (p < end)
    {
      const char *newline = memchr (p, '\n', (gsize) (end - p));
      const char *line_end = newline != NULL ? newline : end;
      char label[16];

      g_snprintf (label, sizeof label, "%u", ++n);
      if (!is_blank (p, (gsize) (line_end - p)))
        {
          g_autoptr (GError) line_error = NULL;
          g_autoptr (json_object) document = rounds_json_parse (p, line_end - p, &line_error);

          if (document != NULL && rounds_bundle_taker_add (taker, document, label, &line_error))
            any = TRUE;
          else
            {
              rounds_bundle_taker_refuse (taker, label, line_error->message);
              if (first_error == NULL)
                first_error = g_steal_pointer (&line_error);
            }
        }
      p = newline != NULL ? newline + 1 : end;
    }

  if (!any)
    {
      if (first_error != NULL)
        g_propagate_error (error, g_steal_pointer (&first_error));
      else
        g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR, _ ("The file is empty"));
      return NULL;
    }
  return rounds_bundle_taker_finish (taker);
}
