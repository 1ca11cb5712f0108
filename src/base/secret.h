/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that must not outlive their use: kept in sodium_malloc memory (guard pages, locked, out of core
 * dumps) and wiped when the last reference goes. References are atomic. Any thread. */
typedef struct _RoundsSecret RoundsSecret;

RoundsSecret *rounds_secret_new (gsize size);                       /* zeroed */
RoundsSecret *rounds_secret_new_random (gsize size);
RoundsSecret *rounds_secret_new_take_text (char *text);             /* wipes and frees text */
RoundsSecret *rounds_secret_new_copy (const void *bytes, gsize size);
/* Reads a passphrase from a descriptor to its end (64 KiB at most); one trailing LF or CRLF is dropped. */
RoundsSecret *rounds_secret_new_from_fd (int fd, GError **error);
RoundsSecret *rounds_secret_ref (RoundsSecret *self);
void rounds_secret_unref (RoundsSecret *self);
guint8 *rounds_secret_get (RoundsSecret *self, gsize *size);        /* borrowed; NUL follows the bytes */

/* Core dumps off, not dumpable, no log of TLS keys, sodium ready. Once at program start, before other threads. */
void rounds_secret_harden_process (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsSecret, rounds_secret_unref)

G_END_DECLS
