/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A least-recently-used cache under a byte budget. Values are reference counted by the caller's functions.
 * All functions may be called from any thread. */
typedef struct _RoundsByteCache RoundsByteCache;

RoundsByteCache *rounds_byte_cache_new (gsize budget_bytes, gpointer (*ref) (gpointer), GDestroyNotify unref);
void rounds_byte_cache_free (RoundsByteCache *self);
/* A new reference, or NULL. */
gpointer rounds_byte_cache_get (RoundsByteCache *self, const char *key);
/* Takes its own reference; size_bytes counts against the budget; the oldest leave. An entry larger than
 * the budget is not kept. */
void rounds_byte_cache_put (RoundsByteCache *self, const char *key, gpointer value, gsize size_bytes);
void rounds_byte_cache_remove (RoundsByteCache *self, const char *key);
void rounds_byte_cache_clear (RoundsByteCache *self);
gsize rounds_byte_cache_get_used (RoundsByteCache *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsByteCache, rounds_byte_cache_free)

G_END_DECLS
