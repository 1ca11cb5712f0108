/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What tests of downloading ask of a case: a server whose records have their times, and what came of them here. */

#include "sync-case.h"

static inline guint
case_count (Case *self, const char *type)
{
  g_autoptr (GPtrArray) counts = rounds_store_count (self->store, NULL, NULL);
  guint i;

  for (i = 0; i < counts->len; i++)
    if (g_str_equal (((RoundsCount *) counts->pdata[i])->type, type))
      return (guint) ((RoundsCount *) counts->pdata[i])->count;
  return 0;
}

/* As another client would, so many seconds ago. */
static inline void
case_put (Case *self, const char *id, const char *family, gint64 seconds_ago)
{
  g_autofree char *json = patient_json (id, family, "Ann");

  mini_put_late (self->server, "Patient", id, json, seconds_ago * G_USEC_PER_SEC);
}

/* One every ten seconds, the newest ten minutes ago. */
static inline void
case_put_many (Case *self, guint n)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      case_put (self, id, "Many", 600 + (gint64) (n - i) * 10);
    }
}

static inline gboolean
case_has (Case *self, const char *type, const char *id, const char *text)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (self->store, type, id, NULL);

  return record != NULL && !record->deleted && strstr (record->json, text) != NULL;
}

static inline gboolean
case_is_gone (Case *self, const char *type, const char *id)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (self->store, type, id, NULL);

  return record == NULL || record->deleted;
}

/* Of the cursor of a scope; 0 = none. */
static inline gint64
case_watermark (Case *self, const char *what, gboolean *complete)
{
  g_autofree char *scope = rounds_connection_scope (self->server->url, what);
  g_autofree char *text = rounds_store_dup_cursor (self->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  if (complete != NULL)
    *complete = json_object_get_boolean (rounds_json_peek (json, "complete"));
  return json_object_get_int64 (rounds_json_peek (json, "watermark_us"));
}
