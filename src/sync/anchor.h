/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sync/pass.h"

G_BEGIN_DECLS

/* What the clouds know of this cache's audit trail: its length and last hash, in one AuditEvent a profile. So a cache
 * that was put back as a whole, with the head beside it, is found out. */

/* At the start of a pass: holds the newest anchor against the trail. *restored = they do not fit, and nobody has said
 * that this is right: told in the notes, and by rounds_anchor_dup_trouble(). FALSE only when the asking failed. */
gboolean rounds_anchor_check (RoundsPass *pass, gboolean *restored, GError **error);
/* At its end: a new one when the trail grew, at most every ten minutes. Servers without AuditEvent are left alone;
 * one that refuses it is noted once. */
gboolean rounds_anchor_write (RoundsPass *pass, GError **error);

/* What was found, in words, until somebody accepts it; NULL = nothing. Caller frees. Blocking. */
char *rounds_anchor_dup_trouble (RoundsStore *store);
/* The cache was put back on purpose: goes into the audit trail, and anchors are written again. Blocking. */
gboolean rounds_anchor_accept (RoundsStore *store, GError **error);

G_END_DECLS
