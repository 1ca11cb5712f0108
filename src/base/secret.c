/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that must not outlive their use: passphrases and keys.
 *
 * The bytes lie in sodium_malloc() memory: guard pages on both sides, locked so that they are not swapped,
 * left out of core dumps, wiped when freed. The struct around them is ordinary memory and holds nothing
 * worth knowing. One page per secret is the price, and it is paid for a handful of them. */

#include "base/secret.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/instant.h"

#define MAX_PASSPHRASE_BYTES (64 * 1024)

struct _RoundsSecret {
  gatomicrefcount ref_count;
  guint8 *bytes;
  gsize size;
};

static void
ensure_sodium (void)
{
  /* Safe from any thread, cheap when done before. */
  if (sodium_init () < 0)
    g_error ("libsodium cannot be started");
}

RoundsSecret *
rounds_secret_new (gsize size)
{
  RoundsSecret *self;

  g_return_val_if_fail (size < G_MAXSIZE - 1, NULL);

  ensure_sodium ();
  self = g_new0 (RoundsSecret, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->size = size;
  self->bytes = sodium_malloc (size + 1);
  if (self->bytes == NULL)
    g_error ("no protected memory for a secret of %" G_GSIZE_FORMAT " bytes", size);
  sodium_memzero (self->bytes, size + 1);
  return self;
}

RoundsSecret *
rounds_secret_new_random (gsize size)
{
  RoundsSecret *self = rounds_secret_new (size);

  if (self != NULL)
    randombytes_buf (self->bytes, size);
  return self;
}

RoundsSecret *
rounds_secret_new_take_text (char *text)
{
  RoundsSecret *self;
  gsize length;

  g_return_val_if_fail (text != NULL, NULL);

  length = strlen (text);
  self = rounds_secret_new_copy (text, length);
  sodium_memzero (text, length);
  g_free (text);
  return self;
}

RoundsSecret *
rounds_secret_new_copy (const void *bytes, gsize size)
{
  RoundsSecret *self;

  g_return_val_if_fail (bytes != NULL || size == 0, NULL);

  self = rounds_secret_new (size);
  if (self != NULL && size > 0)
    memcpy (self->bytes, bytes, size);
  return self;
}

/* Fills buffer until the end of the stream; −1 with errno. A descriptor that does not block is waited for. */
static gssize
read_to_end (int fd, guint8 *buffer, gsize size)
{
  gsize used = 0;

  while (used < size)
    {
      gssize got = read (fd, buffer + used, size - used);

      if (got == 0)
        break;
      if (got > 0)
        used += (gsize) got;
      else if (errno == EAGAIN)
        {
          struct pollfd wait = { .fd = fd, .events = POLLIN };

          if (poll (&wait, 1, -1) < 0 && errno != EINTR)
            return -1;
        }
      else if (errno != EINTR)
        return -1;
    }
  return (gssize) used;
}

RoundsSecret *
rounds_secret_new_from_fd (int fd, GError **error)
{
  g_autoptr (RoundsSecret) buffer = rounds_secret_new (MAX_PASSPHRASE_BYTES + 1);
  gssize length = read_to_end (fd, buffer->bytes, MAX_PASSPHRASE_BYTES + 1);

  if (length < 0)
    {
      int saved_errno = errno;

      g_set_error (error, ROUNDS_BASE_ERROR, ROUNDS_BASE_ERROR_INVALID,
                   _ ("The passphrase cannot be read: %s"), g_strerror (saved_errno));
      return NULL;
    }
  if (length > MAX_PASSPHRASE_BYTES)
    {
      g_set_error_literal (error, ROUNDS_BASE_ERROR, ROUNDS_BASE_ERROR_INVALID,
                           _ ("The passphrase is longer than 64 KiB"));
      return NULL;
    }

  if (length > 0 && buffer->bytes[length - 1] == '\n')
    {
      length--;
      if (length > 0 && buffer->bytes[length - 1] == '\r')
        length--;
    }
  return rounds_secret_new_copy (buffer->bytes, (gsize) length);
}

RoundsSecret *
rounds_secret_ref (RoundsSecret *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rounds_secret_unref (RoundsSecret *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;

  sodium_free (self->bytes); /* wipes */
  g_free (self);
}

guint8 *
rounds_secret_get (RoundsSecret *self, gsize *size)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (size != NULL)
    *size = self->size;
  return self->bytes;
}

void
rounds_secret_harden_process (void)
{
  const struct rlimit none = { 0, 0 };

  ensure_sodium ();
  if (setrlimit (RLIMIT_CORE, &none) != 0)
    g_warning ("core dumps cannot be switched off: %s", g_strerror (errno));
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    g_warning ("the process cannot be made undumpable: %s", g_strerror (errno));
  /* libcurl would write the keys of every TLS connection there, for everybody to read. */
  g_unsetenv ("SSLKEYLOGFILE");
}
