/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A workstation that is connected to a server, and what two of them must agree on. */

#include "cloud-fixture.h"

#include "sync/compare.h"

void
cloud_fixture_new_at (Fixture *fixture, const Cloud *cloud, const char *fhir_url)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (RoundsSecret) secret = NULL;
  g_autoptr (GError) error = NULL;

  /* Connections are an administrator's to make in some roles; a physician may here. */
  fixture_new (fixture);
  connection->fhir_url = g_strdup (fhir_url);
  if (g_strcmp0 (fhir_url, cloud->fhir) == 0)
    {
      connection->dicomweb_url = g_strdup (cloud->dicomweb);
      connection->ca_file = g_strdup (cloud->ca_file);
      if (cloud->user != NULL)
        {
          g_free (connection->auth);
          connection->auth = g_strdup ("basic");
          connection->user = g_strdup (cloud->user);
          secret = secret_of (cloud->password);
        }
    }
  rounds_connection_save (fixture->store, connection, secret, &error);
  g_assert_no_error (error);
}

void
cloud_fixture_new (Fixture *fixture, const Cloud *cloud)
{
  cloud_fixture_new_at (fixture, cloud, cloud->fhir);
}

void
must_sync (RoundsStore *store, RoundsSyncReport *report)
{
  g_autoptr (RoundsSync) sync = rounds_sync_new (store, "ward");
  g_autoptr (GError) error = NULL;
  gboolean ok = rounds_sync_run (sync, TRUE, NULL, report, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

void
sync_once (RoundsStore *store)
{
  RoundsSyncReport report;

  must_sync (store, &report);
  rounds_sync_report_clear (&report);
}

/* --- comparing ---------------------------------------------------------------------------------------- */

void
assert_outbox_empty (RoundsStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = rounds_store_outbox_list (store, NULL, 0, &error);

  g_assert_no_error (error);
  if (items->len > 0)
    {
      RoundsOutboxItem *item = items->pdata[0];

      g_error ("%u wait, the first: %s %s/%s %s: %s", items->len, item->verb, item->type, item->id, item->state,
               item->reason != NULL ? item->reason : "-");
    }
}

void
assert_counts_equal (const Cloud *cloud, RoundsStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) counts = rounds_store_count (store, NULL, &error);
  guint i;

  g_assert_no_error (error);
  g_assert_cmpuint (counts->len, >, 0);
  for (i = 0; i < counts->len; i++)
    {
      RoundsCount *count = counts->pdata[i];

      if ((gint64) count->count != cloud_count (cloud, count->type))
        g_error ("%s: %" G_GUINT64_FORMAT " here, %" G_GINT64_FORMAT " there", count->type, count->count,
                 cloud_count (cloud, count->type));
    }
}

static guint
assert_contains (RoundsStore *a, RoundsStore *b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) counts = rounds_store_count (a, NULL, &error);
  guint i, j, n = 0;

  for (i = 0; i < counts->len; i++)
    {
      const char *type = ((RoundsCount *) counts->pdata[i])->type;
      g_autoptr (GPtrArray) list = rounds_store_list (a, type, NULL, 0, &error);

      g_assert_no_error (error);
      for (j = 0; j < list->len; j++)
        {
          RoundsRecord *mine = list->pdata[j];
          g_autoptr (RoundsRecord) other = rounds_store_get (b, type, mine->id, &error);
          g_autoptr (json_object) left = rounds_record_parse (mine);
          g_autoptr (json_object) right = NULL;

          g_assert_no_error (error);
          right = rounds_record_parse (other);
          if (!rounds_compare_same_content (left, right))
            g_error ("%s/%s differs:\n%s\n%s", type, mine->id, mine->json, other->json);
          n++;
        }
    }
  return n;
}

guint
assert_same_content (RoundsStore *a, RoundsStore *b)
{
  guint n = assert_contains (a, b);

  g_assert_cmpuint (assert_contains (b, a), ==, n);
  return n;
}
