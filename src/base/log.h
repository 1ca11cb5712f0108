/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Installs the log writer: structured to the journal or stderr, debug only with ROUNDS_DEBUG, and what
 * could hold patient data never in a message: pass ids through rounds_log_id(). Once at program start. */
void rounds_log_init (void);

/* A name for an id in logs: eight hex digits of a keyed hash (the key lives as long as the process), so
 * that lines can be matched with each other and with nobody. Caller frees. */
char *rounds_log_id (const char *id);

G_END_DECLS
