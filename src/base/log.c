/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One place through which every line of log goes, ours and that of the libraries.
 *
 * Nothing of a patient may reach a log, and libraries do not know that: GTK quotes the text of a label
 * whose markup it cannot read. So everything between quotes in a message of another domain is replaced, only
 * named fields pass, and there is no level at which bodies are written. What that costs is some detail in
 * warnings of libraries; file and line of the caller remain. Everything goes to the journal or to stderr:
 * stdout belongs to roundsctl's answers. */

#include "base/log.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

static gboolean show_debug;

static gboolean
is_own_domain (const char *domain)
{
  return domain == NULL || g_ascii_strncasecmp (domain, "rounds", 6) == 0;
}

/* Where a quotation that starts with open ends, or NULL. */
static const char *
closing_quote (const char *text, const char *close)
{
  return strstr (text, close);
}

static char *
redact_quotes (const char *message)
{
  static const char *const quotes[][2] = {
    { "'", "'" }, { "\"", "\"" }, { "“", "”" }, { "‘", "’" }, { "«", "»" }, { "`", "'" },
  };
  GString *out = g_string_new (NULL);
  const char *p = message;

  while (*p != '\0')
    {
      gboolean replaced = FALSE;

      for (guint i = 0; i < G_N_ELEMENTS (quotes) && !replaced; i++)
        {
          gsize length = strlen (quotes[i][0]);

          if (strncmp (p, quotes[i][0], length) == 0)
            {
              /* An apostrophe within a word opens nothing. */
              gboolean in_word = length == 1 && p > message && g_ascii_isalnum (p[-1]) && g_ascii_isalpha (p[1]);
              const char *end = in_word ? NULL : closing_quote (p + length, quotes[i][1]);

              if (in_word)
                continue;
              g_string_append (out, "[…]");
              p = end != NULL ? end + strlen (quotes[i][1]) : p + strlen (p);
              replaced = TRUE;
            }
        }
      if (!replaced)
        g_string_append_c (out, *p++);
    }
  return g_string_free (out, FALSE);
}

static gboolean
is_field_allowed (const char *key)
{
  static const char *const allowed[] = {
    "MESSAGE", "PRIORITY", "GLIB_DOMAIN", "CODE_FILE", "CODE_LINE", "CODE_FUNC", "MESSAGE_ID", NULL,
  };

  return g_strv_contains (allowed, key) || g_str_has_prefix (key, "ROUNDS_");
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree GLogField *kept = g_new (GLogField, n_fields + 1);
  g_autofree char *redacted = NULL;
  const char *domain = NULL;
  gsize n_kept = 0;

  if ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) != 0 && !show_debug)
    return G_LOG_WRITER_HANDLED;

  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0 && fields[i].length < 0)
      domain = fields[i].value;

  for (gsize i = 0; i < n_fields; i++)
    {
      if (!is_field_allowed (fields[i].key))
        continue;
      kept[n_kept] = fields[i];
      if (strcmp (fields[i].key, "MESSAGE") == 0 && !is_own_domain (domain))
        {
          g_autofree char *text = fields[i].length < 0
                                    ? g_strdup (fields[i].value)
                                    : g_strndup (fields[i].value, (gsize) fields[i].length);

          g_free (redacted);
          redacted = redact_quotes (text);
          kept[n_kept].value = redacted;
          kept[n_kept].length = -1;
        }
      n_kept++;
    }

  if (g_log_writer_is_journald (STDERR_FILENO) &&
      g_log_writer_journald (level, kept, n_kept, data) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams (level, kept, n_kept, data);
}

void
rounds_log_init (void)
{
  const char *debug = g_getenv ("ROUNDS_DEBUG");
  static gsize done = 0;

  show_debug = debug != NULL && *debug != '\0' && strcmp (debug, "0") != 0;
  if (g_once_init_enter (&done))
    {
      g_log_writer_default_set_use_stderr (TRUE);
      g_log_set_writer_func (write_log, NULL, NULL);
      g_once_init_leave (&done, 1);
    }
}

char *
rounds_log_id (const char *id)
{
  static guint8 key[crypto_generichash_KEYBYTES];
  static gsize done = 0;
  guint8 hash[crypto_generichash_BYTES_MIN];

  if (g_once_init_enter (&done))
    {
      if (sodium_init () < 0)
        g_error ("libsodium cannot be started");
      randombytes_buf (key, sizeof key);
      g_once_init_leave (&done, 1);
    }

  if (id == NULL)
    return g_strdup ("none");
  crypto_generichash (hash, sizeof hash, (const guint8 *) id, strlen (id), key, sizeof key);
  return g_strdup_printf ("%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
}
