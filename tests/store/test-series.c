/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dense vitals: what goes in comes out, in any order and twice; the pyramid loses no spike and closes no gap. */
#include "store-fixture.h"

#include <math.h>

#include "store/series-chunk.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static gsize
append (Fixture *f, const char *code, const RoundsSample *samples, gsize n)
{
  g_autoptr (GError) error = NULL;
  gsize n_new = 0;

  rounds_store_series_append (f->store, "p1", code, "/min", "HR", "monitor.csv", samples, n, &n_new, &error);
  g_assert_no_error (error);
  return n_new;
}

static gint64
only_series (Fixture *f, guint64 n)
{
  g_autoptr (GPtrArray) list = rounds_store_series_list (f->store, "p1", NULL);
  RoundsSeriesInfo *info;

  g_assert_cmpuint (list->len, ==, 1);
  info = list->pdata[0];
  g_assert_cmpuint (info->n, ==, n);
  return info->id;
}

static GArray *
read_all (Fixture *f, gint64 id)
{
  GArray *all = rounds_store_series_read (f->store, id, G_MININT64, G_MAXINT64, NULL);

  g_assert_nonnull (all);
  for (guint i = 1; i < all->len; i++)
    g_assert_cmpint (g_array_index (all, RoundsSample, i - 1).time_us, <=, g_array_index (all, RoundsSample, i).time_us);
  return all;
}

static void
test_pack (void)
{
  for (gsize n = 1; n < 5000; n = n * 3 + 1)
    {
      g_autofree RoundsSample *samples = g_new (RoundsSample, n);
      g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
      g_autoptr (GBytes) packed = NULL;
      g_autofree guint8 *cut = NULL;

      for (gsize i = 0; i < n; i++)
        samples[i] = (RoundsSample){ i == 0 ? G_MININT64 / 2 : samples[i - 1].time_us + g_test_rand_int_range (0, 1 << 30),
                                     i % 7 == 0 ? -0.1 : g_test_rand_double () };
      packed = rounds_chunk_pack (samples, n);
      g_assert_true (rounds_chunk_unpack (g_bytes_get_data (packed, NULL), g_bytes_get_size (packed), n, out));
      g_assert_cmpmem (out->data, out->len * sizeof (RoundsSample), samples, n * sizeof *samples);
      /* Bytes that are not it are refused, and nothing is added. */
      g_array_set_size (out, 0);
      g_assert_false (rounds_chunk_unpack (g_bytes_get_data (packed, NULL), g_bytes_get_size (packed) - 1, n, out));
      g_assert_false (rounds_chunk_unpack (g_bytes_get_data (packed, NULL), g_bytes_get_size (packed), n + 1, out));
      cut = g_memdup2 (g_bytes_get_data (packed, NULL), g_bytes_get_size (packed));
      cut[0] = 9;
      g_assert_false (rounds_chunk_unpack (cut, g_bytes_get_size (packed), n, out));
      g_assert_cmpuint (out->len, ==, 0);
    }
}

static void
test_orders (void)
{
  Fixture f;
  const gsize n = 20000;
  g_autofree RoundsSample *samples = g_new (RoundsSample, n);
  g_autofree RoundsSample *shuffled = NULL;
  g_autoptr (GArray) all = NULL;
  gint64 id;
  gsize n_new = 0;

  fixture_new (&f);
  for (gsize i = 0; i < n; i++)
    samples[i] = (RoundsSample){ (gint64) i * SECOND, 60 + (i * 7919 % 40) };
  shuffled = g_memdup2 (samples, n * sizeof *samples);
  for (gsize i = n - 1; i > 0; i--)
    {
      gsize k = g_test_rand_int_range (0, i + 1);
      RoundsSample swap = shuffled[i];

      shuffled[i] = shuffled[k];
      shuffled[k] = swap;
    }
  /* In pieces that interleave all over the time. */
  for (gsize at = 0; at < n; at += 3000)
    n_new += append (&f, "8867-4", shuffled + at, MIN (3000, n - at));
  g_assert_cmpuint (n_new, ==, n);
  id = only_series (&f, n);
  all = read_all (&f, id);
  g_assert_cmpmem (all->data, all->len * sizeof (RoundsSample), samples, n * sizeof *samples);
  /* Again changes nothing. */
  g_assert_cmpuint (append (&f, "8867-4", samples, n), ==, 0);
  g_assert_cmpuint (append (&f, "8867-4", shuffled, 777), ==, 0);
  only_series (&f, n);
  /* A window is cut to the sample: from ≤ t < to. */
  {
    g_autoptr (GArray) window = rounds_store_series_read (f.store, id, 5000 * SECOND, 9000 * SECOND, NULL);

    g_assert_cmpuint (window->len, ==, 4000);
    g_assert_cmpint (g_array_index (window, RoundsSample, 0).time_us, ==, 5000 * SECOND);
    g_assert_cmpint (g_array_index (window, RoundsSample, 3999).time_us, ==, 8999 * SECOND);
  }
  {
    g_autoptr (GPtrArray) list = rounds_store_series_list (f.store, "p1", NULL);
    RoundsSeriesInfo *info = list->pdata[0];

    g_assert_cmpint (info->first_us, ==, 0);
    g_assert_cmpint (info->last_us, ==, (gint64) (n - 1) * SECOND);
    g_assert_cmpfloat (info->last_value, ==, samples[n - 1].value);
    g_assert_cmpint (info->interval_us, ==, SECOND);
    g_assert_cmpstr (info->unit, ==, "/min");
    g_assert_cmpstr (info->label, ==, "HR");
  }
  fixture_clear (&f);
}

/* Two different values at one time are both kept, also when they are many and lie across a chunk's end. */
static void
test_same_time (void)
{
  Fixture f;
  g_autofree RoundsSample *samples = g_new (RoundsSample, 9000);
  g_autoptr (GArray) all = NULL;
  RoundsSample more[] = { { 4090 * SECOND, -5 }, { 4090 * SECOND, 3 }, { 4090 * SECOND, 3 } };

  fixture_new (&f);
  for (gsize i = 0; i < 9000; i++)
    samples[i] = (RoundsSample){ (i < 4090 ? (gint64) i : 4090) * SECOND, i };
  g_assert_cmpuint (append (&f, "x", samples, 9000), ==, 9000);
  g_assert_cmpuint (append (&f, "x", samples, 9000), ==, 0);
  g_assert_cmpuint (append (&f, "x", more, 3), ==, 2);
  all = read_all (&f, only_series (&f, 9002));
  g_assert_cmpuint (all->len, ==, 9002);
  fixture_clear (&f);
}

static void
test_trickle (void)
{
  Fixture f;
  g_autoptr (GArray) all = NULL;

  fixture_new (&f);
  for (gint64 i = 0; i < 40; i++)
    {
      RoundsSample sample = { i * SECOND, i };

      g_assert_cmpuint (append (&f, "x", &sample, 1), ==, 1);
    }
  all = read_all (&f, only_series (&f, 40));
  g_assert_cmpuint (all->len, ==, 40);
  fixture_clear (&f);
}

static void
test_refused (void)
{
  static const double bad[] = { NAN, INFINITY, -INFINITY };
  Fixture f;

  fixture_new (&f);
  for (guint i = 0; i < 3; i++)
    {
      RoundsSample samples[2] = { { 0, 1 }, { 1, bad[i] } };
      g_autoptr (GError) error = NULL;

      g_assert_false (rounds_store_series_append (f.store, "p1", "x", "", "", "", samples, 2, NULL, &error));
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
    }
  g_assert_cmpuint (list_length (rounds_store_series_list (f.store, "p1", NULL)), ==, 0);
  fixture_clear (&f);
}

/* Against the samples themselves: nothing lost, nothing twice, the spike seen, at every zoom. */
static void
check_buckets (Fixture *f, gint64 id, gint64 from_us, gint64 to_us, guint max)
{
  g_autoptr (GArray) samples = rounds_store_series_read (f->store, id, from_us, to_us, NULL);
  g_autoptr (GArray) buckets = rounds_store_series_buckets (f->store, id, from_us, to_us, max, NULL);
  gsize at = 0;

  g_assert_nonnull (buckets);
  g_assert_cmpuint (buckets->len, <=, 2 * max + 2);
  if (samples->len >= max)
    g_assert_cmpuint (buckets->len * 4, >=, max);
  for (guint i = 0; i < buckets->len; i++)
    {
      const RoundsBucket *bucket = &g_array_index (buckets, RoundsBucket, i);
      double low = INFINITY, high = -INFINITY, sum = 0;
      const RoundsSample *first = &g_array_index (samples, RoundsSample, at), *last = first;

      g_assert_cmpuint (at + bucket->count, <=, samples->len);
      for (guint64 k = 0; k < bucket->count; k++)
        {
          last = &g_array_index (samples, RoundsSample, at++);
          low = MIN (low, last->value);
          high = MAX (high, last->value);
          sum += last->value;
        }
      g_assert_cmpint (bucket->start_us, ==, first->time_us);
      g_assert_cmpint (bucket->end_us, ==, last->time_us);
      g_assert_cmpfloat (bucket->min, ==, low);
      g_assert_cmpfloat (bucket->max, ==, high);
      g_assert_cmpfloat (bucket->first, ==, first->value);
      g_assert_cmpfloat (bucket->last, ==, last->value);
      g_assert_cmpfloat_with_epsilon (bucket->sum, sum, 1e-6);
    }
  g_assert_cmpuint (at, ==, samples->len);
}

static void
test_buckets (void)
{
  Fixture f;
  const gsize n = 300000;
  g_autofree RoundsSample *samples = g_new (RoundsSample, n);
  gint64 id, gap_from_us, gap_to_us;
  static const guint widths[] = { 1, 10, 100, 400, 2000, 50000 };

  fixture_new (&f);
  for (gsize i = 0; i < n; i++)
    samples[i] = (RoundsSample){ (gint64) i * SECOND + (i >= 123456 ? 3600 * SECOND : 0), 60 + (double) (i % 100) / 10 };
  samples[200000].value = 250;
  gap_from_us = samples[123455].time_us;
  gap_to_us = samples[123456].time_us;
  append (&f, "x", samples, n);
  id = only_series (&f, n);
  for (guint i = 0; i < G_N_ELEMENTS (widths); i++)
    {
      check_buckets (&f, id, G_MININT64, G_MAXINT64, widths[i]);
      check_buckets (&f, id, 1234567, 250000 * SECOND + 17, widths[i]);
      check_buckets (&f, id, 77 * SECOND, 99 * SECOND, widths[i]);
      check_buckets (&f, id, gap_from_us + 1, gap_to_us, widths[i]);
    }
  /* The hour without values stays open where an hour can be seen. */
  {
    g_autoptr (GArray) buckets = rounds_store_series_buckets (f.store, id, G_MININT64, G_MAXINT64, 1000, NULL);

    for (guint i = 0; i < buckets->len; i++)
      {
        const RoundsBucket *bucket = &g_array_index (buckets, RoundsBucket, i);

        g_assert_false (bucket->start_us <= gap_from_us && bucket->end_us >= gap_to_us);
      }
  }
  fixture_clear (&f);
}

static void
series_cb (RoundsStore *store, const char *patient_id, char **out)
{
  *out = g_strdup (patient_id);
}

static void
test_signal (void)
{
  Fixture f;
  RoundsSample sample = { 0, 1 };
  g_autofree char *patient = NULL;

  fixture_new (&f);
  g_signal_connect (f.store, "series-changed", G_CALLBACK (series_cb), &patient);
  append (&f, "x", &sample, 1);
  while (patient == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (patient, ==, "p1");
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/series/pack", test_pack);
  g_test_add_func ("/store/series/orders", test_orders);
  g_test_add_func ("/store/series/same-time", test_same_time);
  g_test_add_func ("/store/series/trickle", test_trickle);
  g_test_add_func ("/store/series/refused", test_refused);
  g_test_add_func ("/store/series/buckets", test_buckets);
  g_test_add_func ("/store/series/signal", test_signal);
  return g_test_run ();
}
