/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests/bench/search.py measures: each class of search over some patients with an encounter, a condition and an
 * observation each; then type-ahead over many, its first search after opening, and what it keeps in memory.
 *
 * usage: search-run PATIENTS MANY     a JSON object on stdout */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../store/people.h"
#include "../store/store-fixture.h"
#include "fhir/json.h"
#include "store/search.h"

#define SEED 20261101

static double
now_s (void)
{
  return g_get_monotonic_time () / 1e6;
}

/* Processor time of this thread: what remains comparable when the machine is shared. A search runs on it alone. */
static double
cpu_s (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double
process_s (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void
drop_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
}

static int
compare_double (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
resident_mb (void)
{
  g_autofree char *text = NULL;
  long pages = 0;

  malloc_trim (0);
  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    (void) sscanf (text, "%*s %ld", &pages);
  return pages * (double) sysconf (_SC_PAGESIZE) / 1e6;
}

static void
must_import (RoundsStore *store, GPtrArray *texts, const char *type)
{
  g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, texts->len / 2);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < texts->len / 2; i++)
    items[i] = (RoundsImportItem){ .type = type, .id = texts->pdata[2 * i], .json = texts->pdata[2 * i + 1] };
  rounds_store_import (store, items, texts->len / 2, TRUE, "bench", NULL, &error);
  g_assert_no_error (error);
}

static void
fill (RoundsStore *store, guint n, const char *type, const char *tail, char *(*make) (guint32, guint, guint))
{
  /* By pieces, so that the texts do not count as the store's memory. */
  for (guint from = 0; from < n; from += 10000)
    {
      g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

      for (guint i = from; i < MIN (from + 10000, n); i++)
        {
          g_autofree char *id = people_id (i);

          g_ptr_array_add (texts, g_strconcat (id, tail, NULL));
          g_ptr_array_add (texts, make (SEED, i, 0));
        }
      must_import (store, texts, type);
    }
}

static char *
make_patient (guint32 seed, guint patient, guint number)
{
  return people_patient (seed, patient);
}

/* --- classes ---------------------------------------------------------------------------------------- */

static void
measure (RoundsStore *store, const char *name, const char *text, gboolean first)
{
  double took[15], cpu[15], start = now_s (), build;
  guint n = 0;
  guint64 count = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) once = rounds_query_parse (text, &error);

  g_assert_no_error (error);
  g_assert_true (rounds_store_search_count (store, once, NULL, NULL, NULL, &count, &error));
  build = now_s () - start;
  for (guint i = 0; i < G_N_ELEMENTS (took); i++)
    {
      g_autoptr (RoundsQuery) query = NULL;

      start = now_s ();
      cpu[i] = cpu_s ();
      query = rounds_query_parse (text, NULL);
      n = list_length (rounds_store_search (store, query, NULL, NULL, NULL, NULL));
      took[i] = now_s () - start;
      cpu[i] = cpu_s () - cpu[i];
    }
  qsort (took, G_N_ELEMENTS (took), sizeof *took, compare_double);
  qsort (cpu, G_N_ELEMENTS (cpu), sizeof *cpu, compare_double);
  printf ("%s\"%s\":{\"ms\":%.4f,\"cpu_ms\":%.4f,\"n\":%u,\"first_ms\":%.3f}", first ? "" : ",", name,
          took[G_N_ELEMENTS (took) / 2] * 1e3, cpu[G_N_ELEMENTS (cpu) / 2] * 1e3, n, build * 1e3);
}

static void
measure_classes (guint n)
{
  Fixture f;

  fixture_new (&f);
  fill (f.store, n, "Patient", "", make_patient);
  fill (f.store, n, "Encounter", "-enc-0", people_encounter);
  fill (f.store, n, "Observation", "-obs-0", people_observation);
  printf ("\"patients\":%u,\"classes\":{", n);
  measure (f.store, "name", "Patient?given=lu", TRUE);
  measure (f.store, "date", "Patient?birthdate=1980-05", FALSE);
  measure (f.store, "quantity", "Observation?value-quantity=gt38||Cel", FALSE);
  measure (f.store, "quantity code", "Observation?code=8310-5&value-quantity=ge38||Cel", FALSE);
  measure (f.store, "has", "Patient?_has:Encounter:subject:status=in-progress", FALSE);
  measure (f.store, "has page", "Patient?_has:Encounter:subject:status=finished&_count=50", FALSE);
  measure (f.store, "sorted by name", "Patient?_sort=name", FALSE);
  measure (f.store, "sorted by name page", "Patient?_sort=name&_count=50", FALSE);
  measure (f.store, "by last change", "Patient?_sort=-_lastUpdated", FALSE);
  measure (f.store, "by last change page", "Patient?_sort=-_lastUpdated&_count=50", FALSE);
  printf ("},");
  fixture_clear (&f);
}

/* --- type-ahead ------------------------------------------------------------------------------------- */

/* What a person types to find one of them: the begin of a name (folded or not), a number, a date, a typo. */
static char *
query_of (GRand *random, guint n)
{
  guint who = g_rand_int_range (random, 0, (int) n);
  g_autofree char *text = people_patient (SEED, who);
  g_autoptr (json_object) patient = rounds_json_parse (text, -1, NULL);
  const char *family = rounds_json_peek_string (patient, "name.0.family"), *given = rounds_json_peek_string (patient, "name.0.given.0");
  const char *born = rounds_json_peek_string (patient, "birthDate"), *mrn = rounds_json_peek_string (patient, "identifier.0.value");
  const char *phone = rounds_json_peek_string (patient, "telecom.0.value");
  GString *out = g_string_new (NULL);

  switch (g_rand_int_range (random, 0, 8))
    {
    case 0:
      g_string_printf (out, "%s %s", family, given);
      break;
    case 1:
      g_string_printf (out, "%s %s", given, family);
      break;
    case 2:
      g_string_printf (out, "%s", family);
      break;
    case 3:
      g_string_printf (out, "%s", mrn);
      break;
    case 4:
      g_string_printf (out, "%s", born != NULL ? born : "1970");
      break;
    case 5:
      g_string_printf (out, "%s", phone);
      break;
    case 6:
      g_string_printf (out, "%s %.4s", family, born != NULL ? born : "1970");
      break;
    default:
      {
        glong length = g_utf8_strlen (family, -1), at = g_rand_int_range (random, 0, (int) length);
        g_autofree char *before = g_utf8_substring (family, 0, at);

        g_string_printf (out, "%sq%s", before, g_utf8_offset_to_pointer (family, at + 1));
      }
      break;
    }
  return g_string_free (out, FALSE);
}

static void
measure_typing (guint n)
{
  Fixture f;
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (GArray) took = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) cpu = g_array_new (FALSE, FALSE, sizeof (double));
  double start, import, pack, first[9], before, after;

  fixture_new (&f);
  start = process_s ();
  fill (f.store, n, "Patient", "", make_patient);
  import = process_s () - start;
  start = process_s ();
  list_length (rounds_store_find_patients (f.store, "x", 50, NULL));
  pack = process_s () - start;
  /* The first search right after opening, nothing read ahead: a letter, a CJK letter, a number, a typo. */
  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    {
      static const char *const texts[] = { "m", "王", "1955", "gonzalex", "müller h", "12", "4", "ива", "محم" };

      fixture_close (&f);
      fixture_open (&f);
      start = now_s ();
      list_length (rounds_store_find_patients (f.store, texts[i], 50, NULL));
      first[i] = now_s () - start;
    }
  qsort (first, G_N_ELEMENTS (first), sizeof *first, compare_double);
  fixture_close (&f);
  fixture_open (&f);
  before = resident_mb ();
  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *query = query_of (random, n);

      /* Every keystroke of it. */
      for (const char *end = g_utf8_next_char (query);; end = g_utf8_next_char (end))
        {
          g_autofree char *typed = g_strndup (query, end - query);
          double once, used = cpu_s ();

          start = now_s ();
          list_length (rounds_store_find_patients (f.store, typed, 50, NULL));
          once = now_s () - start;
          used = cpu_s () - used;
          g_array_append_val (took, once);
          g_array_append_val (cpu, used);
          if (*end == '\0')
            break;
        }
    }
  after = resident_mb ();
  g_array_sort (took, compare_double);
  g_array_sort (cpu, compare_double);
  printf ("\"many\":%u,\"import_cpu_s\":%.3f,\"pack_cpu_s\":%.3f,\"typing\":{\"n\":%u,\"median\":%.3f,\"p99\":%.3f,\"max\":%.3f,\"p99_cpu\":%.3f,"
          "\"first\":%.3f,\"first_max\":%.3f},\"memory_mb\":%.1f}\n", n, import, pack, took->len,
          g_array_index (took, double, took->len / 2) * 1e3, g_array_index (took, double, took->len * 99 / 100) * 1e3,
          g_array_index (took, double, took->len - 1) * 1e3, g_array_index (cpu, double, cpu->len * 99 / 100) * 1e3, first[G_N_ELEMENTS (first) / 2] * 1e3,
          first[G_N_ELEMENTS (first) - 1] * 1e3, after - before);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  if (argc != 3 || atoi (argv[1]) <= 0 || atoi (argv[2]) <= 0)
    return 2;
  g_log_set_default_handler (drop_log, NULL);
  printf ("{");
  measure_classes ((guint) atoi (argv[1]));
  measure_typing ((guint) atoi (argv[2]));
  return 0;
}
