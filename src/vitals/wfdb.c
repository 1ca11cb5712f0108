/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WFDB records: the format of PhysioNet's waveform and numerics databases.
 *
 * The header is parsed whole before a byte of a signal file is touched, and the number of samples kept is
 * bounded by the file's own size, never by what the header claims. Samples of one file lie frame by frame; they
 * are unpacked once into integers and then dealt out to their signals. */
#include "vitals/wfdb.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vitals/codes.h"

#define MAX_HEADER_BYTES (256 * 1024)
#define MAX_SAMPLES_PER_FRAME 4096

typedef struct {
  char *file;
  int format;
  guint per_frame;
  guint skew;
  guint64 offset;
  double gain, baseline;
  char *unit;
  gboolean has_checksum;
  gint16 checksum;
  char *name;
} Signal;

typedef struct {
  char *record;
  double frequency;          /* frames a second */
  guint64 n_frames;          /* 0 = as many as there are */
  gboolean has_date;
  gint64 start_us;           /* with has_date: since the epoch; else of the day */
  GPtrArray *signals;
} Header;

static void
signal_free (gpointer data)
{
  Signal *signal = data;

  g_free (signal->file);
  g_free (signal->unit);
  g_free (signal->name);
  g_free (signal);
}

static void
header_clear (Header *self)
{
  g_free (self->record);
  g_clear_pointer (&self->signals, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Header, header_clear)

static gboolean
fail (GError **error, const char *text)
{
  g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE, text);
  return FALSE;
}

/* --- header ---------------------------------------------------------------------------------------- */

static gboolean
take_unsigned (const char **p, guint64 max, guint64 *out)
{
  guint64 value = 0;

  if (!g_ascii_isdigit (**p))
    return FALSE;
  for (; g_ascii_isdigit (**p); (*p)++)
    {
      value = value * 10 + (guint64) (**p - '0');
      if (value > max)
        return FALSE;
    }
  *out = value;
  return TRUE;
}

static gboolean
take_double (const char **p, double *out)
{
  char *end = NULL;
  double value;

  /* g_ascii_strtod also reads hex, NaN and Inf: a number begins with a digit, a sign or a point here. */
  if (!g_ascii_isdigit (**p) && strchr ("+-.", **p) == NULL)
    return FALSE;
  if ((*p)[0] == '0' && ((*p)[1] == 'x' || (*p)[1] == 'X'))
    return FALSE;
  value = g_ascii_strtod (*p, &end);
  if (end == *p || !isfinite (value))
    return FALSE;
  *p = end;
  *out = value;
  return TRUE;
}

/* A plain name beside the header: never a path. */
static gboolean
name_is_safe (const char *name)
{
  gsize n = strlen (name);

  if (n == 0 || n > 255 || name[0] == '.' || strstr (name, "..") != NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (name[i] == '/' || name[i] == '\\' || g_ascii_iscntrl (name[i]))
      return FALSE;
  return TRUE;
}

/* "1:56:25.894", "31:25.894" (minutes and seconds) or seconds. */
static gboolean
parse_base_time (const char *text, gint64 *out_us)
{
  double parts[3] = { 0, 0, 0 };
  guint n = 0;
  const char *p = text;

  for (;;)
    {
      if (n == 3 || !g_ascii_isdigit (*p) || !take_double (&p, &parts[n]))
        return FALSE;
      n++;
      if (*p == '\0')
        break;
      if (*p++ != ':')
        return FALSE;
    }
  {
    double seconds = n == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2]
                     : n == 2 ? parts[0] * 60 + parts[1] : parts[0];
    if (seconds < 0 || seconds >= 86400.0 * 400)
      return FALSE;
    *out_us = llround (seconds * 1e6);
  }
  return TRUE;
}

static gboolean
parse_base_date (const char *text, gint64 *out_us)
{
  int day, month, year;
  char rest;
  g_autoptr (GDateTime) date = NULL;

  if (sscanf (text, "%2d/%2d/%4d%c", &day, &month, &year, &rest) != 3 || year < 1)
    return FALSE;
  /* The header knows no time zone: the record's clock is taken as the ward's, so local time. */
  date = g_date_time_new_local (year, month, day, 0, 0, 0);
  if (date == NULL)
    return FALSE;
  *out_us = g_date_time_to_unix_usec (date);
  return TRUE;
}

static gboolean
parse_record_line (char **words, Header *self, guint64 *n_signals, GError **error)
{
  const char *p;
  gint64 date_us = 0, time_us = 0;
  guint n = g_strv_length (words);

  if (n < 2 || !name_is_safe (words[0]))
    {
      if (n >= 1 && strchr (words[0], '/') != NULL)
        return fail (error, _("a record of several segments cannot be read"));
      return fail (error, _("no WFDB record line"));
    }
  self->record = g_strdup (words[0]);
  p = words[1];
  if (!take_unsigned (&p, ROUNDS_VITALS_MAX_SIGNALS, n_signals) || *p != '\0')
    return fail (error, _("no sensible number of signals"));
  self->frequency = 250;
  if (n > 2)
    {
      p = words[2];
      if (!take_double (&p, &self->frequency) || (*p != '\0' && *p != '/' && *p != '(') || self->frequency <= 0 ||
          self->frequency > 1e6 || self->frequency < 1e-7)
        return fail (error, _("no sensible sampling frequency"));
    }
  if (n > 3)
    {
      p = words[3];
      if (!take_unsigned (&p, G_GUINT64_CONSTANT (1) << 40, &self->n_frames) || *p != '\0')
        return fail (error, _("no sensible number of samples"));
    }
  if (n > 4 && !parse_base_time (words[4], &time_us))
    return fail (error, _("the base time cannot be read"));
  if (n > 5)
    {
      if (!parse_base_date (words[5], &date_us))
        return fail (error, _("the base date cannot be read"));
      self->has_date = TRUE;
    }
  self->start_us = date_us + time_us;
  return TRUE;
}

/* "16", "16x4", "212:3+24". */
static gboolean
parse_format (const char *text, Signal *signal, GError **error)
{
  const char *p = text;
  guint64 value;

  if (!take_unsigned (&p, 1000, &value))
    return fail (error, _("a signal without a format"));
  signal->format = (int) value;
  if (signal->format != 16 && signal->format != 80 && signal->format != 212)
    {
      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE,
                   _("signal format %d cannot be read (16, 80 and 212 can)"), signal->format);
      return FALSE;
    }
  signal->per_frame = 1;
  if (*p == 'x')
    {
      p++;
      if (!take_unsigned (&p, MAX_SAMPLES_PER_FRAME, &value) || value == 0)
        return fail (error, _("no sensible number of samples a frame"));
      signal->per_frame = (guint) value;
    }
  if (*p == ':')
    {
      p++;
      if (!take_unsigned (&p, 1000000, &value))
        return fail (error, _("no sensible skew"));
      signal->skew = (guint) value;
    }
  if (*p == '+')
    {
      p++;
      if (!take_unsigned (&p, ROUNDS_VITALS_MAX_BYTES, &signal->offset))
        return fail (error, _("no sensible byte offset"));
    }
  return *p == '\0' ? TRUE : fail (error, _("a signal format that cannot be read"));
}

/* "10/bpm", "200(1024)/mV", "0". */
static gboolean
parse_gain (const char *text, Signal *signal, gboolean *has_baseline, GError **error)
{
  const char *p = text;

  if (!take_double (&p, &signal->gain))
    return fail (error, _("no sensible gain"));
  if (signal->gain == 0)
    signal->gain = 200;
  if (*p == '(')
    {
      p++;
      if (!take_double (&p, &signal->baseline) || *p != ')')
        return fail (error, _("no sensible baseline"));
      p++;
      *has_baseline = TRUE;
    }
  if (*p == '/')
    {
      g_free (signal->unit);
      signal->unit = g_strdup (p + 1);
      p += strlen (p);
    }
  if (*p != '\0' || !isfinite (1.0 / signal->gain))
    return fail (error, _("no sensible gain"));
  return TRUE;
}

/* The rest of a line after `skip` words: descriptions have blanks in them. */
static const char *
rest_of_line (const char *line, guint skip)
{
  for (guint i = 0; i < skip; i++)
    {
      while (*line != '\0' && g_ascii_isspace (*line))
        line++;
      while (*line != '\0' && !g_ascii_isspace (*line))
        line++;
    }
  while (*line != '\0' && g_ascii_isspace (*line))
    line++;
  return line;
}

static Signal *
parse_signal_line (const char *line, char **words, guint index, GError **error)
{
  Signal *signal = g_new0 (Signal, 1);
  guint n = g_strv_length (words);
  gboolean has_baseline = FALSE;
  double value;
  const char *p;

  signal->gain = 200;
  if (n < 2)
    fail (error, _("a signal line is too short"));
  else if (!name_is_safe (words[0]))
    fail (error, _("a signal file must be a plain name beside the header"));
  else if (parse_format (words[1], signal, error) &&
           (n < 3 || parse_gain (words[2], signal, &has_baseline, error)))
    {
      signal->file = g_strdup (words[0]);
      if (n > 4 && !has_baseline)
        {
          p = words[4];
          if (take_double (&p, &value) && *p == '\0')
            signal->baseline = value;
        }
      if (n > 6)
        {
          p = words[6];
          if (take_double (&p, &value) && *p == '\0' && fabs (value) <= 65535)
            {
              signal->checksum = (gint16) (gint32) value;
              signal->has_checksum = TRUE;
            }
        }
      if (n > 8)
        signal->name = g_strchomp (g_strdup (rest_of_line (line, 8)));
      else
        signal->name = g_strdup_printf ("signal %u", index + 1);
      return signal;
    }
  signal_free (signal);
  return NULL;
}

static char **
split_words (const char *line)
{
  g_auto (GStrv) parts = g_strsplit_set (line, " \t\r", 64);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

static gboolean
parse_header (const char *bytes, gsize length, Header *out, GError **error)
{
  g_auto (Header) self = { 0 };
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint64 n_signals = 0;
  gboolean have_record = FALSE;

  if (length == 0 || length > MAX_HEADER_BYTES || memchr (bytes, '\0', length) != NULL ||
      !g_utf8_validate (bytes, (gssize) length, NULL))
    return fail (error, _("no WFDB header"));
  text = g_strndup (bytes, length);
  lines = g_strsplit (text, "\n", -1);
  self.signals = g_ptr_array_new_with_free_func (signal_free);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = NULL;

      if (lines[i][0] == '#')
        continue;
      words = split_words (lines[i]);
      if (words[0] == NULL)
        continue;
      if (!have_record)
        {
          if (!parse_record_line (words, &self, &n_signals, error))
            return FALSE;
          have_record = TRUE;
        }
      else if (self.signals->len < n_signals)
        {
          Signal *signal = parse_signal_line (lines[i], words, self.signals->len, error);

          if (signal == NULL)
            return FALSE;
          g_ptr_array_add (self.signals, signal);
        }
      else
        break;
    }
  if (!have_record)
    return fail (error, _("no WFDB header"));
  if (self.signals->len != n_signals || n_signals == 0)
    return fail (error, _("fewer signal lines than the header announces"));
  *out = self;
  memset (&self, 0, sizeof self);
  return TRUE;
}

/* --- signal files ----------------------------------------------------------------------------------- */

static guint64
count_samples (int format, gsize size)
{
  switch (format)
    {
    case 16:
      return size / 2;
    case 80:
      return size;
    default:
      return (size / 3) * 2 + (size % 3 == 2 ? 1 : 0);
    }
}

static inline int
read_sample (int format, const guint8 *bytes, guint64 index)
{
  if (format == 16)
    return (gint16) (bytes[2 * index] | bytes[2 * index + 1] << 8);
  if (format == 80)
    return (int) bytes[index] - 128;
  {
    const guint8 *three = bytes + (index / 2) * 3;
    int value = index % 2 == 0 ? three[0] | (three[1] & 0x0f) << 8 : three[2] | (three[1] & 0xf0) << 4;

    return value >= 0x800 ? value - 0x1000 : value;
  }
}

static int
lowest_code (int format)
{
  return format == 16 ? -32768 : format == 80 ? -128 : -2048;
}

/* Deals the samples of one file out to its signals (indexes in `members`). */
static void
read_file (const Header *header, GBytes *bytes, GArray *members, RoundsVitalsFile *file,
           RoundsVitalsSignal **targets)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  const Signal *first = g_ptr_array_index (header->signals, g_array_index (members, guint, 0));
  guint64 per_frame = 0, n_samples, n_frames, index = 0;
  g_autofree guint16 *sums = g_new0 (guint16, members->len);

  for (guint i = 0; i < members->len; i++)
    per_frame += ((Signal *) g_ptr_array_index (header->signals, g_array_index (members, guint, i)))->per_frame;
  if (size == 0 || first->offset > size)
    {
      rounds_vitals_file_refuse (file, 0, _("%s ends before its first sample"), first->file);
      return;
    }
  data += first->offset;
  n_samples = count_samples (first->format, size - first->offset);
  n_frames = n_samples / per_frame;
  if (header->n_frames > 0 && n_frames < header->n_frames)
    rounds_vitals_file_refuse (file, 0, _("%s ends after %" PRIu64 " of %" PRIu64 " samples"),
                               first->file, n_frames, header->n_frames);
  if (header->n_frames > 0)
    n_frames = MIN (n_frames, header->n_frames);

  for (guint64 frame = 0; frame < n_frames; frame++)
    for (guint i = 0; i < members->len; i++)
      {
        guint which = g_array_index (members, guint, i);
        const Signal *signal = g_ptr_array_index (header->signals, which);

        for (guint k = 0; k < signal->per_frame; k++)
          {
            int code = read_sample (signal->format, data, index++);
            RoundsSample sample;

            sums[i] = (guint16) (sums[i] + (guint16) code);
            if (code == lowest_code (signal->format))
              continue;
            sample.time_us = header->start_us +
                             llround (((double) frame - (double) signal->skew + (double) k / signal->per_frame) /
                                      header->frequency * 1e6);
            sample.value = (code - signal->baseline) / signal->gain;
            g_array_append_val (targets[which]->samples, sample);
            file->n_values++;
          }
      }

  for (guint i = 0; i < members->len && n_frames == header->n_frames; i++)
    {
      const Signal *signal = g_ptr_array_index (header->signals, g_array_index (members, guint, i));

      /* With a skew the header's sum is over shifted samples; then it says nothing about these. */
      if (signal->has_checksum && signal->skew == 0 && (gint16) sums[i] != signal->checksum)
        rounds_vitals_file_refuse (file, 0, _("checksum of %s does not agree"), signal->name);
    }
}

RoundsVitalsFile *
rounds_wfdb_read (const char *bytes, gsize length, RoundsWfdbOpenFunc open_func, gpointer data, GError **error)
{
  g_auto (Header) header = { 0 };
  g_autoptr (RoundsVitalsFile) file = NULL;
  g_autofree RoundsVitalsSignal **targets = NULL;
  g_autofree gboolean *done = NULL;

  if (!parse_header (bytes, length, &header, error))
    return NULL;
  file = rounds_vitals_file_new ();
  file->relative = !header.has_date;
  targets = g_new0 (RoundsVitalsSignal *, header.signals->len);
  done = g_new0 (gboolean, header.signals->len);
  for (guint i = 0; i < header.signals->len; i++)
    {
      const Signal *signal = g_ptr_array_index (header.signals, i);
      const char *unit = rounds_vital_unit_from_text (signal->unit);

      targets[i] = rounds_vitals_file_add (file, signal->name, unit != NULL ? unit : signal->unit);
    }

  for (guint i = 0; i < header.signals->len; i++)
    {
      const Signal *signal = g_ptr_array_index (header.signals, i);
      g_autoptr (GArray) members = NULL;
      g_autoptr (GBytes) contents = NULL;

      if (done[i])
        continue;
      members = g_array_new (FALSE, FALSE, sizeof (guint));
      for (guint k = i; k < header.signals->len; k++)
        {
          const Signal *other = g_ptr_array_index (header.signals, k);

          if (strcmp (other->file, signal->file) != 0)
            continue;
          if (other->format != signal->format || done[k])
            {
              fail (error, _("one signal file in two formats"));
              return NULL;
            }
          done[k] = TRUE;
          g_array_append_val (members, k);
        }
      contents = open_func (signal->file, data, error);
      if (contents == NULL)
        return NULL;
      if (g_bytes_get_size (contents) > ROUNDS_VITALS_MAX_BYTES)
        {
          fail (error, _("the file is too large"));
          return NULL;
        }
      read_file (&header, contents, members, file, targets);
    }
  {
    g_autofree char *frequency = g_strdup_printf ("%.6g", header.frequency);

    /* Translators: number of signals, samples a second */
    file->summary = g_strdup_printf (_("%u signals · %s a second"), header.signals->len, frequency);
  }
  return g_steal_pointer (&file);
}

char **
rounds_wfdb_list_files (const char *bytes, gsize length, GError **error)
{
  g_auto (Header) header = { 0 };
  g_autoptr (GStrvBuilder) builder = NULL;
  g_autoptr (GHashTable) seen = NULL;

  if (!parse_header (bytes, length, &header, error))
    return NULL;
  builder = g_strv_builder_new ();
  seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < header.signals->len; i++)
    {
      const Signal *signal = g_ptr_array_index (header.signals, i);

      if (g_hash_table_add (seen, signal->file))
        g_strv_builder_add (builder, signal->file);
    }
  return g_strv_builder_end (builder);
}

gboolean
rounds_wfdb_sniff (const char *bytes, gsize length)
{
  g_auto (Header) header = { 0 };

  return parse_header (bytes, length, &header, NULL);
}

/* --- disk ------------------------------------------------------------------------------------------- */

static GBytes *
read_regular (const char *path, gsize limit, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
  g_autofree char *base = g_path_get_basename (path);
  struct stat info;
  g_autoptr (GByteArray) array = NULL;
  gsize done = 0;

  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISREG (info.st_mode) || (guint64) info.st_size > limit)
    {
      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE,
                   fd < 0 ? _("%s cannot be opened") : _("%s is no regular file of sensible size"), base);
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  array = g_byte_array_sized_new ((guint) info.st_size);
  g_byte_array_set_size (array, (guint) info.st_size);
  while (done < (gsize) info.st_size)
    {
      gssize got = read (fd, array->data + done, (gsize) info.st_size - done);

      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        break;
      done += (gsize) got;
    }
  close (fd);
  g_byte_array_set_size (array, (guint) done);
  return g_byte_array_free_to_bytes (g_steal_pointer (&array));
}

static GBytes *
open_beside (const char *name, gpointer data, GError **error)
{
  g_autofree char *path = g_build_filename (data, name, NULL);

  return read_regular (path, ROUNDS_VITALS_MAX_BYTES, error);
}

RoundsVitalsFile *
rounds_wfdb_read_path (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = read_regular (path, MAX_HEADER_BYTES, error);
  g_autofree char *folder = g_path_get_dirname (path);

  if (bytes == NULL)
    return NULL;
  return rounds_wfdb_read (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), open_beside, folder, error);
}
