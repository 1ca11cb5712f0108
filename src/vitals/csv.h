/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/file.h"

G_BEGIN_DECLS

/* Reads vitals CSV: header `time,parameter,value[,unit]` or wide (`time` and a column a parameter), names in
 * any case, comma, semicolon or tab (read off the header), quotes, BOM, LF or CRLF; a decimal comma only where
 * the delimiter is another. Times: RFC 3339, `YYYY-MM-DD HH:MM[:SS]` (local), `HH:MM[:SS]` since admission
 * (hours may pass 24), or seconds. A bad row is refused by its line number and the rest goes in. NULL with
 * error (FILE) only when there is no such header. Any thread. */
RoundsVitalsFile *rounds_vitals_csv_read (const char *bytes, gsize length, GError **error);

/* Whether the first line is such a header. */
gboolean rounds_vitals_csv_sniff (const char *bytes, gsize length);

/* One record of RFC 4180 text. */
typedef struct {
  const char *next, *end;   /* rest of the text */
  char delimiter;
  guint64 line;             /* of the record read last, from 1 */
  guint64 next_line;
  GPtrArray *cells;         /* char *, blanks around unquoted cells dropped; owned by the reader */
  gboolean broken;          /* a quote that does not close or text after one: the record is no record */
} RoundsCsvReader;

/* Skips a BOM and finds the delimiter in the first line. */
void rounds_csv_reader_init (RoundsCsvReader *self, const char *bytes, gsize length);
void rounds_csv_reader_clear (RoundsCsvReader *self);
/* FALSE at the end. Empty lines are skipped. */
gboolean rounds_csv_reader_next (RoundsCsvReader *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsCsvReader, rounds_csv_reader_clear)

/* A finite decimal number, with a decimal comma when allowed; exponents too; no hex, NaN, Inf or blanks. */
gboolean rounds_vitals_parse_number (const char *text, gboolean decimal_comma, double *out);
/* One time; *relative tells which kind it was. */
gboolean rounds_vitals_parse_time (const char *text, gboolean decimal_comma, gint64 *time_us, gboolean *relative);

G_END_DECLS
