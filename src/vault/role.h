/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  ROUNDS_ROLE_PHYSICIAN,
  ROUNDS_ROLE_RADIOLOGIST,
  ROUNDS_ROLE_NURSE,
  ROUNDS_ROLE_READ_ONLY,
  ROUNDS_ROLE_ADMINISTRATOR,
} RoundsRole;

typedef enum {
  ROUNDS_ACT_READ,
  ROUNDS_ACT_WRITE,     /* create and update */
  ROUNDS_ACT_DELETE,
  ROUNDS_ACT_IMPORT,    /* also download: what the cloud or a file says */
  ROUNDS_ACT_EXPORT,
  ROUNDS_ACT_SYNC,
  ROUNDS_ACT_CONFIGURE, /* connections, keys */
  ROUNDS_ACT_BREAK_GLASS, /* open restricted records in an emergency */
} RoundsAct;

/* "physician" … as on the command line. */
const char *rounds_role_to_string (RoundsRole role);
gboolean rounds_role_from_string (const char *text, RoundsRole *out);

/* Whether a role may do this to this resource type (NULL = in general). The one table of rights; only the
 * store asks it to allow, widgets may ask it to grey out. */
gboolean rounds_role_may (RoundsRole role, RoundsAct act, const char *type);

G_END_DECLS
