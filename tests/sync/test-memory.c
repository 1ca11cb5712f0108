/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory while much is sent: many records and one of 10 MB. The server keeps nothing, so that what grows is ours;
 * it is in this process all the same, with the request and the answer that are under way. ROUNDS_MEMORY_RECORDS
 * gives another number of records. */

#include <malloc.h>

#include "sync-case.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

#define LARGE_BYTES (10 * 1024 * 1024)

/* kB of a line of /proc/self/status. */
static guint64
status_kb (const char *name)
{
  g_autofree char *text = NULL;
  const char *at;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  at = strstr (text, name);
  g_assert_nonnull (at);
  return g_ascii_strtoull (at + strlen (name) + 1, NULL, 10);
}

/* The highest mark begins anew. FALSE where that may not be done. */
static gboolean
forget_peak (void)
{
  return g_file_set_contents_full ("/proc/self/clear_refs", "5", 1, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
}

static const char *
find_resource (const char *at, const char **end)
{
  const char *start = strstr (at, "\"resource\":");

  if (start == NULL)
    return NULL;
  start += strlen ("\"resource\":");
  *end = strstr (start, ",\"request\":");
  return start;
}

/* Takes everything and gives back what it was sent, as version 1. */
static void
take_bundle (const FaultRequest *request, FaultAnswer *answer)
{
  const char *at = request->body, *end = NULL, *start;
  guint n = 0;

  g_string_append (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"transaction-response\",\"entry\":[");
  while ((start = find_resource (at, &end)) != NULL)
    {
      g_string_append (answer->body, n++ > 0 ? ",{\"resource\":" : "{\"resource\":");
      g_string_append_len (answer->body, start, end - start - 1);
      g_string_append (answer->body, ",\"meta\":{\"versionId\":\"1\"}},\"response\":{\"status\":\"201\",\"etag\":"
                                     "\"W/\\\"1\\\"\"}}");
      at = end;
    }
  g_string_append (answer->body, "]}");
}

static void
answer_none (const FaultRequest *request, FaultAnswer *answer)
{
  const char *at = request->body;
  guint n = 0;

  g_string_append (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"batch-response\",\"entry\":[");
  while ((at = strstr (at, "\"method\":")) != NULL)
    {
      g_string_append (answer->body, n++ > 0 ? ",{\"response\":{\"status\":\"404\"}}" : "{\"response\":{\"status\":\"404\"}}");
      at++;
    }
  g_string_append (answer->body, "]}");
}

static gboolean
keep_nothing (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;
  gboolean post = g_str_equal (request->method, "POST");

  if (is_probe (request) || g_str_has_prefix (request->path, "/fhir/metadata"))
    return FALSE;
  if (post && strstr (request->body, "\"type\":\"transaction\"") != NULL)
    take_bundle (request, answer);
  else if (post)
    answer_none (request, answer);
  else if (g_str_equal (request->method, "PUT"))
    {
      answer->status = 201;
      g_string_append (answer->headers, "ETag: W/\"1\"\r\n");
      g_string_append_len (answer->body, request->body, (gssize) request->body_size);
    }
  else if (strchr (request->path, '?') != NULL)
    g_string_append (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":0}");
  else
    mini_outcome (answer, 404, "not known");
  self->n_done++;
  return TRUE;
}

static void
import_many (Case *self, guint n)
{
  guint at, i, step = 5000;

  for (at = 0; at < n; at += step)
    {
      guint count = MIN (step, n - at);
      g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, count);
      g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

      for (i = 0; i < count; i++)
        {
          guint number = at + i;
          gboolean patient = number % 50 == 0;
          char *id = g_strdup_printf (patient ? "patient-%u" : "observation-%u", number);
          g_autofree char *of = g_strdup_printf ("patient-%u", number - number % 50);
          char *json = patient ? patient_json (id, "Many", "Ann") : observation_json (id, of, "8867-4", "70", "2024-01-01");

          g_ptr_array_add (texts, id);
          g_ptr_array_add (texts, json);
          items[i] = (RoundsImportItem){ .type = patient ? "Patient" : "Observation", .id = id, .json = json };
        }
      g_assert_true (rounds_store_import (self->store, items, count, FALSE, "test", NULL, NULL));
    }
}

static void
put_large (Case *self)
{
  GString *json = g_string_new ("{\"resourceType\":\"Basic\",\"id\":\"large\",\"code\":{\"text\":\"");
  guint i;

  for (i = 0; i < LARGE_BYTES / 64; i++)
    g_string_append (json, "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr");
  g_string_append (json, "\"}}");
  must_put (self->store, "Basic", "large", json->str);
  g_string_free (json, TRUE);
}

/* MiB that a pass took on top of what was there. */
static double
growth_of_pass (Case *self, guint expected)
{
  guint64 before, peak;

  malloc_trim (0);
  before = status_kb ("VmRSS:");
  if (!forget_peak ())
    return -1;
  must_run (self);
  peak = status_kb ("VmHWM:");
  g_assert_cmpuint (self->report.pushed, ==, expected);
  g_assert_cmpuint (rounds_store_outbox_count (self->store, NULL), ==, 0);
  return (double) (peak - MIN (before, peak)) / 1024.0;
}

static void
check (Case *self, guint n, double bound)
{
  double used;

  used = growth_of_pass (self, n);
  case_clear (self);
  if (used < 0)
    {
      g_test_skip ("the highest mark of memory cannot be read here");
      return;
    }
  g_test_message ("%u records: %.1f MiB (bound %.1f)", n, used, bound);
  /* The sanitizer's own memory is not what is bounded. */
  g_assert_true (SANITIZED || used < bound);
}

static void
test_many (void)
{
  const char *text = g_getenv ("ROUNDS_MEMORY_RECORDS");
  guint n = text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : 8000;
  Case self;

  case_new (&self);
  must_run (&self);
  self.server->before = keep_nothing;
  import_many (&self, n);
  /* What the bundle under way takes, and numbers of each record. */
  check (&self, n, 24.0 + 400.0 * n / 1024.0 / 1024.0);
}

static void
test_large (void)
{
  Case self;

  case_new (&self);
  must_run (&self);
  self.server->before = keep_nothing;
  put_large (&self);
  check (&self, 1, 160.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/many", test_many);
  g_test_add_func ("/memory/large", test_large);
  return g_test_run ();
}
