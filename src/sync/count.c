/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much there is, asked before a first sync so that a person sees how far it is.
 *
 * A server speaks of some 146 types and has records of a few. All are counted with one request where it takes
 * batches, else one by one for as long as that is quick; a type that has none, says the server itself, then needs no
 * search of its own. The count and the search are the same question at the same time, and a watermark stays as far
 * behind the server's clock after the one as after the other. */

#include "sync/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

/* Counting one by one ends after this; how far the first sync is, is then not told. */
#define PATIENCE_US (3 * G_USEC_PER_SEC)

gint64
rounds_listing_read_total (json_object *bundle)
{
  json_object *total = rounds_json_peek (bundle, "total");

  if (g_strcmp0 (rounds_json_peek_string (bundle, "resourceType"), "Bundle") != 0 ||
      !json_object_is_type (total, json_type_int))
    return -1;
  return MAX (json_object_get_int64 (total), -1);
}

static void
take (RoundsTypeCount *count, int status, json_object *bundle, gint64 server_us)
{
  json_object *entries = rounds_json_peek (bundle, "entry");

  count->refused = status >= 400 && status < 500 && status != 429;
  if (status != 200)
    return;
  count->total = rounds_listing_read_total (bundle);
  /* One that says 0 and shows some does not count. */
  if (count->total == 0 && json_object_is_type (entries, json_type_array) && json_object_array_length (entries) > 0)
    count->total = -1;
  count->server_us = server_us;
}

/* FALSE when the server does not do it so. A server may not heed no-cache for what stands in a batch, and give the
 * answer of a minute ago to the same question; so each batch asks another one, since another moment before everything. */
static gboolean
count_batch (RoundsPass *pass, RoundsTypeCount *counts, guint n)
{
  g_autoptr (GString) bundle = g_string_new ("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[");
  g_autofree char *since = rounds_instant_format_utc ((gint64) g_random_int_range (1, 86400000) * 1000);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  json_object *entries;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (bundle,
                            "%s{\"request\":{\"method\":\"GET\",\"url\":\"%s?_summary=count&_lastUpdated=ge%s\"}}",
                            i > 0 ? "," : "", counts[i].type, since);
  g_string_append (bundle, "]}");
  if (!rounds_fhir_client_bundle (pass->fhir, bundle->str, &answer, pass->cancellable, NULL) || answer.status != 200)
    return FALSE;
  entries = rounds_json_peek (answer.resource, "entry");
  if (!json_object_is_type (entries, json_type_array) || json_object_array_length (entries) != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      json_object *entry = json_object_array_get_idx (entries, i);
      const char *status = rounds_json_peek_string (entry, "response.status");

      take (&counts[i], status != NULL ? atoi (status) : 0, rounds_json_peek (entry, "resource"), answer.date_us);
    }
  return TRUE;
}

static void
count_singly (RoundsPass *pass, RoundsTypeCount *counts, guint n)
{
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < n && g_get_monotonic_time () - start < PATIENCE_US; i++)
    {
      g_auto (RoundsFhirAnswer) answer = { 0 };
      g_autofree char *url = g_strdup_printf ("%s?_summary=count", counts[i].type);

      if (!rounds_fhir_client_page (pass->fhir, url, &answer, pass->cancellable, NULL))
        return;
      take (&counts[i], answer.status, answer.resource, answer.date_us);
      /* One that does not count this will count no other either. */
      if (counts[i].total < 0 && !counts[i].refused)
        return;
    }
}

void
rounds_listing_count_types (RoundsPass *pass, RoundsTypeCount *counts, guint n)
{
  gboolean batch = pass->profile->has_batch || pass->profile->has_transaction;
  guint piece = CLAMP (pass->profile->max_entries, 1, 200);

  for (guint i = 0; i < n; i++)
    {
      counts[i].total = -1;
      counts[i].refused = FALSE;
      counts[i].server_us = 0;
    }
  for (guint at = 0; at < n; at += piece)
    if (!batch || n == 1 || !count_batch (pass, counts + at, MIN (piece, n - at)))
      {
        count_singly (pass, counts + at, n - at);
        return;
      }
}
