/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scan-memory PID PROFILE PASSPHRASE TEXT…: how often the database key (raw and as hex digits), the passphrase and
 * each text stand in the readable memory of a process, one number a line: key, passphrase, texts. 77: may not read it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vault/vault.h"

#define PIECE (4 * 1024 * 1024)
#define OVERLAP 4096

static guint64
count (const char *memory, gsize size, const char *what, gsize length)
{
  guint64 n = 0;

  for (const char *at = memory; (at = memmem (at, size - (at - memory), what, length)) != NULL; at++)
    n++;
  return n;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVault) vault = NULL;
  g_autoptr (RoundsSecret) passphrase = NULL, key = NULL;
  g_autofree char *maps_path = NULL, *mem_path = NULL, *maps = NULL, *piece = g_malloc (PIECE);
  g_autofree guint64 *found = NULL;
  g_auto (GStrv) lines = NULL;
  char hex[65] = "";
  const guint8 *bytes;
  int fd;

  if (argc < 4)
    return 2;
  vault = rounds_vault_open (argv[2], &error);
  passphrase = rounds_secret_new_copy (argv[3], strlen (argv[3]));
  if (vault == NULL || (key = rounds_vault_unlock (vault, passphrase, &error)) == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  bytes = rounds_secret_get (key, NULL);
  for (guint i = 0; i < 32; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", bytes[i]);
  found = g_new0 (guint64, argc);
  maps_path = g_strdup_printf ("/proc/%s/maps", argv[1]);
  mem_path = g_strdup_printf ("/proc/%s/mem", argv[1]);
  fd = open (mem_path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !g_file_get_contents (maps_path, &maps, NULL, NULL))
    return 77;
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint64 from, to;
      char rights[5];

      if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %4s", &from, &to, rights) != 3 ||
          rights[0] != 'r')
        continue;
      for (guint64 at = from; at < to; at += PIECE - OVERLAP)
        {
          gssize got = pread (fd, piece, MIN (PIECE, to - at), (off_t) at);

          if (got <= 0)
            break;
          found[0] += count (piece, got, (const char *) bytes, 32) + count (piece, got, hex, 64);
          for (int k = 3; k < argc; k++)
            found[k - 2] += count (piece, got, argv[k], strlen (argv[k]));
          if ((guint64) got < MIN (PIECE, to - at))
            break;
        }
    }
  close (fd);
  for (int k = 0; k < argc - 2; k++)
    printf ("%" G_GUINT64_FORMAT "\n", found[k]);
  return 0;
}
