/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The common result of all readers of vitals files.
 *
 * Samples are kept in the file's own order and unit: the store keeps a value as it came, and whoever compares
 * brings it to the vital's unit. Refusals are counted without end but remembered only up to a limit, so that a
 * hostile file of bad rows costs nothing. */
#include "vitals/file.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "vitals/codes.h"

#define MAX_REMEMBERED 1000

static void
signal_free (gpointer data)
{
  RoundsVitalsSignal *signal = data;

  g_free (signal->name);
  g_free (signal->unit);
  g_array_unref (signal->samples);
  g_free (signal);
}

static void
refusal_free (gpointer data)
{
  RoundsVitalsRefusal *refusal = data;

  g_free (refusal->reason);
  g_free (refusal);
}

RoundsVitalsFile *
rounds_vitals_file_new (void)
{
  RoundsVitalsFile *self = g_new0 (RoundsVitalsFile, 1);

  self->signals = g_ptr_array_new_with_free_func (signal_free);
  self->refused = g_ptr_array_new_with_free_func (refusal_free);
  return self;
}

void
rounds_vitals_file_free (RoundsVitalsFile *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->signals);
  g_ptr_array_unref (self->refused);
  g_free (self->summary);
  g_free (self);
}

RoundsVitalsSignal *
rounds_vitals_file_find (RoundsVitalsFile *self, const char *name)
{
  for (guint i = 0; i < self->signals->len; i++)
    {
      RoundsVitalsSignal *signal = g_ptr_array_index (self->signals, i);
      if (strcmp (signal->name, name) == 0)
        return signal;
    }
  for (guint i = 0; i < self->signals->len; i++)
    {
      RoundsVitalsSignal *signal = g_ptr_array_index (self->signals, i);
      if (strcmp (signal->code, name) == 0 || g_ascii_strcasecmp (signal->name, name) == 0)
        return signal;
    }
  return NULL;
}

RoundsVitalsSignal *
rounds_vitals_file_add (RoundsVitalsFile *self, const char *name, const char *unit)
{
  const RoundsVital *vital = rounds_vital_find_name (name);
  RoundsVitalsSignal *signal;

  if (self->signals->len >= ROUNDS_VITALS_MAX_SIGNALS)
    return NULL;
  signal = g_new0 (RoundsVitalsSignal, 1);
  signal->name = g_strdup (name);
  signal->code = vital != NULL ? vital->code : signal->name;
  signal->unit = g_strdup (unit != NULL ? unit : "");
  signal->samples = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  g_ptr_array_add (self->signals, signal);
  return signal;
}

void
rounds_vitals_file_refuse (RoundsVitalsFile *self, guint64 line, const char *format, ...)
{
  RoundsVitalsRefusal *refusal;
  va_list args;

  self->n_refused++;
  if (self->refused->len >= MAX_REMEMBERED)
    return;
  refusal = g_new0 (RoundsVitalsRefusal, 1);
  refusal->line = line;
  va_start (args, format);
  refusal->reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->refused, refusal);
}

char *
rounds_vitals_file_dup_refusals (RoundsVitalsFile *self)
{
  GString *text;
  guint shown;

  if (self->n_refused == 0)
    return NULL;
  text = g_string_new (NULL);
  shown = MIN (self->refused->len, 20);
  for (guint i = 0; i < shown; i++)
    {
      RoundsVitalsRefusal *refusal = g_ptr_array_index (self->refused, i);

      if (i > 0)
        g_string_append (text, "; ");
      if (refusal->line > 0)
        g_string_append_printf (text, _("line %" PRIu64 ": %s"), refusal->line, refusal->reason);
      else
        g_string_append (text, refusal->reason);
    }
  if (self->n_refused > shown)
    g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, "; and %" PRIu64 " more",
                                               "; and %" PRIu64 " more",
                                               (gulong) (self->n_refused - shown)),
                            self->n_refused - shown);
  return g_string_free (text, FALSE);
}
