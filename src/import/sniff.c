/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tells a file's kind from its bytes. Names lie: a DICOM slice is often called IM00017, a bundle .txt. Each
 * test looks at the head only and cannot run past it; what follows is judged by the reader of that kind.
 */

#include "import/import.h"

#include <string.h>

#include "dicom/file.h"
#include "vitals/csv.h"
#include "vitals/wfdb.h"

#define HEAD 4096

static gboolean
starts (const char *text, gsize size, const char *prefix)
{
  gsize length = strlen (prefix);

  return size >= length && memcmp (text, prefix, length) == 0;
}

/* Whether a text whose first line is broken goes on as another: where JSON continues on the next line, the line
 * before ends in one of these. So one bad first line does not cost the rest. */
static gboolean
breaks_off (const char *text, const char *end)
{
  while (end > text && g_ascii_isspace (end[-1]))
    end--;
  return end > text && strchr (",:[{", end[-1]) == NULL;
}

/* Two JSON texts, one a line: the first line is closed by itself, and another begins after it. */
static gboolean
looks_ndjson (const char *text, gsize size)
{
  const char *end = memchr (text, '\n', size);
  int depth = 0;
  gboolean quoted = FALSE;

  if (end == NULL)
    return FALSE;
  for (const char *at = text; at < end; at++)
    {
      if (quoted)
        {
          if (*at == '\\')
            at++;
          else if (*at == '"')
            quoted = FALSE;
        }
      else if (*at == '"')
        quoted = TRUE;
      else if (*at == '{' || *at == '[')
        depth++;
      else if (*at == '}' || *at == ']')
        depth--;
    }
  if ((depth != 0 || quoted) && !breaks_off (text, end))
    return FALSE;
  for (const char *at = end; at < text + size; at++)
    if (!g_ascii_isspace (*at))
      return *at == '{';
  return FALSE;
}

/* The Media Storage SOP Class UID stands in the first elements of the file meta information. */
static gboolean
looks_dicomdir (const guint8 *data, gsize size)
{
  static const char uid[] = "1.2.840.10008.1.3.10";

  return memmem (data, MIN (size, 1024), uid, sizeof uid - 1) != NULL;
}

RoundsImportKind
rounds_import_sniff (const char *name, const guint8 *data, gsize size)
{
  const char *text = (const char *) data;
  gsize rest = size;

  if (size >= 132 && memcmp (data + 128, "DICM", 4) == 0)
    return looks_dicomdir (data, size) ? ROUNDS_KIND_DICOMDIR : ROUNDS_KIND_DICOM;
  if (starts (text, rest, "\xef\xbb\xbf"))
    {
      text += 3;
      rest -= 3;
    }
  while (rest > 0 && g_ascii_isspace (*text))
    {
      text++;
      rest--;
    }
  if (rest > 0 && (*text == '{' || *text == '['))
    return looks_ndjson (text, rest) ? ROUNDS_KIND_NDJSON : ROUNDS_KIND_FHIR;
  if (starts (text, rest, "MSH|") || starts (text, rest, "FHS|") || starts (text, rest, "BHS|") ||
      starts (text, rest, "\x0bMSH|"))
    return ROUNDS_KIND_HL7V2;
  if (size > 0 && rounds_vitals_csv_sniff ((const char *) data, MIN (size, (gsize) HEAD)))
    return ROUNDS_KIND_VITALS_CSV;
  if (size > 0 && rounds_wfdb_sniff (text, MIN (rest, (gsize) HEAD)))
    return ROUNDS_KIND_WFDB;
  if (size > 0 && rounds_dicom_looks_like (data, size))
    return ROUNDS_KIND_DICOM;
  return ROUNDS_KIND_UNKNOWN;
}
