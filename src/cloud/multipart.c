/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An incremental multipart reader.
 *
 * A delimiter is CRLF "--" boundary, then "--" or blanks and CRLF. The same bytes may stand in pixels without
 * that tail, and then they are pixels. Bytes that could still become a delimiter are held back (a few hundred
 * at most); all others are handed on at once, so that a study of gigabytes needs no memory. Some servers end
 * lines with LF alone: that is taken in headers, not around boundaries, where it could change pixels. */

#include "cloud/multipart.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "cloud/error.h"

#define MAX_BOUNDARY 70
#define MAX_HEADER_BYTES (16 * 1024)
#define MAX_PADDING 64          /* blanks between a boundary and its CRLF */
#define MAX_PREAMBLE (64 * 1024)
#define MAX_PARTS 100000

typedef enum { PREAMBLE, HEADERS, BODY, EPILOGUE, BROKEN } State;

struct _RoundsMultipart {
  RoundsMultipartBegin begin;
  RoundsMultipartData data;
  RoundsMultipartEnd end;
  gpointer user_data;

  char *delimiter;       /* CRLF "--" boundary */
  gsize n_delimiter;
  State state;
  GByteArray *pending;   /* bytes that are not decided yet */
  gsize skip;            /* of them, those at the front that belong to nothing */
  gsize preamble;
  guint n_parts;
};

/* --- header values ------------------------------------------------------------------------------ */

char *
rounds_header_parameter (const char *value, const char *name)
{
  const char *p = value != NULL ? strchr (value, ';') : NULL;

  while (p != NULL && *p == ';')
    {
      g_autofree char *key = NULL;
      g_autoptr (GString) text = g_string_new (NULL);
      const char *start;

      for (p++; *p == ' ' || *p == '\t'; p++)
        ;
      for (start = p; *p != '\0' && *p != '=' && *p != ';'; p++)
        ;
      key = g_strchomp (g_strndup (start, p - start));
      if (*p == '=')
        for (p++; *p == ' ' || *p == '\t'; p++)
          ;
      if (*p == '"')
        {
          for (p++; *p != '\0' && *p != '"'; p++)
            {
              if (*p == '\\' && p[1] != '\0')
                p++;
              g_string_append_c (text, *p);
            }
          if (*p == '\0')
            return NULL;
          p++;
        }
      while (*p != '\0' && *p != ';')
        {
          if (*p != ' ' && *p != '\t')
            g_string_append_c (text, *p);
          p++;
        }
      if (g_ascii_strcasecmp (key, name) == 0)
        return g_string_free (g_steal_pointer (&text), FALSE);
    }
  return NULL;
}

static gboolean
is_boundary (const char *text)
{
  gsize i, n = text != NULL ? strlen (text) : 0;

  for (i = 0; i < n; i++)
    if (!g_ascii_isalnum (text[i]) && strchr ("'()+_,-./:=? ", text[i]) == NULL)
      return FALSE;
  return n > 0 && n <= MAX_BOUNDARY && text[n - 1] != ' ';
}

RoundsMultipart *
rounds_multipart_new (const char *content_type, RoundsMultipartBegin begin, RoundsMultipartData data,
                      RoundsMultipartEnd end, gpointer user_data, GError **error)
{
  g_autofree char *boundary = rounds_header_parameter (content_type, "boundary");
  RoundsMultipart *self;

  if (content_type == NULL || g_ascii_strncasecmp (content_type, "multipart/", 10) != 0 || !is_boundary (boundary))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("The image server’s answer is not in parts as it should be"));
      return NULL;
    }
  self = g_new0 (RoundsMultipart, 1);
  self->begin = begin;
  self->data = data;
  self->end = end;
  self->user_data = user_data;
  self->delimiter = g_strconcat ("\r\n--", boundary, NULL);
  self->n_delimiter = strlen (self->delimiter);
  self->pending = g_byte_array_new ();
  /* The first boundary may stand at the very beginning: as if a line had just ended. */
  g_byte_array_append (self->pending, (const guint8 *) "\r\n", 2);
  self->skip = 2;
  return self;
}

void
rounds_multipart_free (RoundsMultipart *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->pending);
  g_free (self->delimiter);
  g_free (self);
}

/* --- reading ------------------------------------------------------------------------------------- */

static gboolean
fail (RoundsMultipart *self, RoundsCloudError code, const char *message, GError **error)
{
  self->state = BROKEN;
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, code, message);
  return FALSE;
}

typedef enum { NO_DELIMITER, NEED_MORE, PART_DELIMITER, CLOSE_DELIMITER } Found;

/* What the bytes at p (which begin with CR) are; *used = length of a complete delimiter. */
static Found
match_delimiter (RoundsMultipart *self, const guint8 *p, gsize n, gsize *used)
{
  gsize compare = MIN (n, self->n_delimiter), i;

  if (memcmp (p, self->delimiter, compare) != 0)
    return NO_DELIMITER;
  if (n < self->n_delimiter + 2)
    {
      /* One byte more may already rule it out. */
      if (n == self->n_delimiter + 1 && strchr ("- \t\r", p[self->n_delimiter]) == NULL)
        return NO_DELIMITER;
      return NEED_MORE;
    }
  i = self->n_delimiter;
  if (p[i] == '-')
    {
      /* The end mark has nothing but blanks behind it; pixels may have anything. */
      *used = i + 2;
      if (p[i + 1] != '-')
        return NO_DELIMITER;
      if (n == i + 2)
        return NEED_MORE;
      return memchr (" \t\r\n", p[i + 2], 4) != NULL ? CLOSE_DELIMITER : NO_DELIMITER;
    }
  for (; i < n && (p[i] == ' ' || p[i] == '\t'); i++)
    if (i - self->n_delimiter >= MAX_PADDING)
      return NO_DELIMITER;
  if (i + 1 >= n)
    return i < n && p[i] != '\r' ? NO_DELIMITER : NEED_MORE;
  *used = i + 2;
  return p[i] == '\r' && p[i + 1] == '\n' ? PART_DELIMITER : NO_DELIMITER;
}

static gboolean
give_data (RoundsMultipart *self, const guint8 *data, gsize size, GError **error)
{
  gsize skipped = MIN (size, self->skip);

  self->skip -= skipped;
  data += skipped;
  size -= skipped;
  if (size == 0)
    return TRUE;
  if (self->state == BODY)
    {
      if (self->data (data, size, self->user_data, error))
        return TRUE;
      self->state = BROKEN;
      return FALSE;
    }
  self->preamble += size;
  if (self->preamble > MAX_PREAMBLE)
    return fail (self, ROUNDS_CLOUD_ERROR_PROTOCOL, _("The image server’s answer does not begin with a part"), error);
  return TRUE;
}

/* Preamble and body: everything up to the next delimiter. FALSE in *more when pending must grow. */
static gboolean
read_until_delimiter (RoundsMultipart *self, gboolean *more, GError **error)
{
  const guint8 *data = self->pending->data;
  gsize size = self->pending->len, start = 0;

  *more = FALSE;
  while (TRUE)
    {
      const guint8 *cr = start < size ? memchr (data + start, '\r', size - start) : NULL;
      gsize at = cr != NULL ? (gsize) (cr - data) : size, used = 0;
      Found found = cr != NULL ? match_delimiter (self, cr, size - at, &used) : NEED_MORE;

      if (found == NO_DELIMITER)
        {
          start = at + 1;
          continue;
        }
      if (!give_data (self, data, at, error))
        return FALSE;
      if (found == NEED_MORE)
        {
          g_byte_array_remove_range (self->pending, 0, at);
          return TRUE;
        }
      if (self->state == BODY && !self->end (self->user_data, error))
        {
          self->state = BROKEN;
          return FALSE;
        }
      g_byte_array_remove_range (self->pending, 0, at + used);
      self->skip = 0;
      self->state = found == CLOSE_DELIMITER ? EPILOGUE : HEADERS;
      *more = TRUE;
      return TRUE;
    }
}

/* One header line, ended by LF or CRLF: its length with the end, 0 = not complete. */
static gsize
line_length (const guint8 *data, gsize size, gsize *text)
{
  const guint8 *lf = memchr (data, '\n', size);

  if (lf == NULL)
    return 0;
  *text = lf - data;
  if (*text > 0 && data[*text - 1] == '\r')
    (*text)--;
  return lf - data + 1;
}

static gboolean
read_headers (RoundsMultipart *self, gboolean *more, GError **error)
{
  g_autoptr (GHashTable) headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gsize at = 0, used, text = 0;

  *more = FALSE;
  while ((used = line_length (self->pending->data + at, self->pending->len - at, &text)) > 0)
    {
      g_autofree char *line = g_strndup ((const char *) self->pending->data + at, text);
      char *colon = strchr (line, ':');

      at += used;
      if (at > MAX_HEADER_BYTES)
        break;
      if (text == 0)
        {
          if (++self->n_parts > MAX_PARTS)
            return fail (self, ROUNDS_CLOUD_ERROR_LIMIT, _("The image server’s answer has too many parts"), error);
          /* The CRLF that ends the headers is also the one of a boundary right after it (an empty part). */
          self->skip = used == 2 ? 2 : 0;
          g_byte_array_remove_range (self->pending, 0, at - self->skip);
          self->state = BODY;
          *more = TRUE;
          if (self->begin (headers, self->user_data, error))
            return TRUE;
          self->state = BROKEN;
          return FALSE;
        }
      if (colon == NULL || colon == line)
        return fail (self, ROUNDS_CLOUD_ERROR_PROTOCOL, _("A part of the image server’s answer is malformed"), error);
      g_hash_table_replace (headers, g_ascii_strdown (line, colon - line), g_strdup (g_strstrip (colon + 1)));
    }
  if (at > MAX_HEADER_BYTES || self->pending->len > MAX_HEADER_BYTES)
    return fail (self, ROUNDS_CLOUD_ERROR_LIMIT, _("A part of the image server’s answer has too long a header"), error);
  return TRUE;
}

gboolean
rounds_multipart_feed (RoundsMultipart *self, const guint8 *data, gsize size, GError **error)
{
  gboolean more = TRUE;

  if (self->state == BROKEN)
    return fail (self, ROUNDS_CLOUD_ERROR_PROTOCOL, _("The image server’s answer is malformed"), error);
  if (self->state == EPILOGUE)
    return TRUE;
  g_byte_array_append (self->pending, data, size);
  while (more && self->state != EPILOGUE)
    {
      gboolean ok = self->state == HEADERS ? read_headers (self, &more, error)
                                           : read_until_delimiter (self, &more, error);

      if (!ok)
        return FALSE;
    }
  if (self->state == EPILOGUE)
    g_byte_array_set_size (self->pending, 0);
  return TRUE;
}

gboolean
rounds_multipart_finish (RoundsMultipart *self, GError **error)
{
  gsize n = self->n_delimiter;

  if (self->state == EPILOGUE)
    return TRUE;
  /* The end mark may be the very last bytes. */
  if ((self->state == BODY || self->state == PREAMBLE) && self->pending->len == n + 2 &&
      memcmp (self->pending->data, self->delimiter, n) == 0 && memcmp (self->pending->data + n, "--", 2) == 0)
    {
      State before = self->state;

      self->state = EPILOGUE;
      return before == PREAMBLE || self->end (self->user_data, error);
    }
  return fail (self, ROUNDS_CLOUD_ERROR_INTERRUPTED, _("The image server’s answer ends before its end mark"), error);
}

char *
rounds_multipart_make_boundary (GBytes *const *blobs, guint n)
{
  while (TRUE)
    {
      g_autofree char *uuid = g_uuid_string_random ();
      g_autofree char *boundary = g_strconcat ("rounds-", uuid, NULL);
      gboolean found = FALSE;
      guint i;

      for (i = 0; i < n && !found; i++)
        {
          gsize size;
          const guint8 *data = g_bytes_get_data (blobs[i], &size);

          found = memmem (data, size, boundary, strlen (boundary)) != NULL;
        }
      if (!found)
        return g_steal_pointer (&boundary);
    }
}
