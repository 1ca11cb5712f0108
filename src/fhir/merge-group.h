/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The name of the element that a member belongs to: members of one element are merged or refused together.
 * "_birthDate" → "birthDate", "valueQuantity" → "value[x]", of a MedicationRequest "dosageInstruction" →
 * "=medication". type is the resource type, or NULL inside a backbone element. Caller frees. */
char *rounds_merge_group (const char *type, const char *member);

/* Whether that element is clinical content of several members, of which not even list items merge. */
gboolean rounds_merge_is_whole (const char *group);

/* Whether the members of that element may be merged one by one: administrative backbone elements. Everything
 * else is one piece. */
gboolean rounds_merge_is_backbone (const char *member);

G_END_DECLS
