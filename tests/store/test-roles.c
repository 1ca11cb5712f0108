/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each role at each door of the store, and one account's files before the eyes of another. */
#include "store-fixture.h"

#include <unistd.h>

#include "store/glass.h"

#define N_ROLES 5

typedef gboolean (*Door) (RoundsStore *store, GError **error);

static gboolean
put_condition (RoundsStore *store, GError **error)
{
  return put (store, "Condition", "c1", "{\"resourceType\":\"Condition\",\"id\":\"c1\",\"subject\":{\"reference\":\"Patient/p\"}}",
              -1, error);
}

static gboolean
put_report (RoundsStore *store, GError **error)
{
  return put (store, "DiagnosticReport", "d1", "{\"resourceType\":\"DiagnosticReport\",\"id\":\"d1\",\"status\":\"final\","
                                               "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/p\"}}", -1, error);
}

static gboolean
put_vital (RoundsStore *store, GError **error)
{
  g_autofree char *json = observation_json ("o1", "p", "8867-4", "60", "2026-01-01T00:00:00Z");

  return put (store, "Observation", "o1", json, -1, error);
}

static gboolean
delete_patient (RoundsStore *store, GError **error)
{
  return delete_one (store, "Patient", "p", -1, error);
}

static gboolean
import_patient (RoundsStore *store, GError **error)
{
  g_autofree char *json = patient_json ("q", "Zwei", "Ina");
  RoundsImportItem item = { .type = "Patient", .id = "q", .json = json };
  gboolean ok = rounds_store_import (store, &item, 1, FALSE, "test", NULL, error);

  g_free (item.stored_id);
  return ok;
}

static gboolean
export_patient (RoundsStore *store, GError **error)
{
  return rounds_store_audit (store, "export", "Patient", "p", NULL, error);
}

static gboolean
print_patient (RoundsStore *store, GError **error)
{
  return rounds_store_audit (store, "print", "Patient", "p", NULL, error);
}

static gboolean
put_scan (RoundsStore *store, GError **error)
{
  g_autoptr (GBytes) pixels = g_bytes_new_static ("pixels", 6);
  RoundsScanInstance instance = { .sop_uid = (char *) "1.2.3", .series_uid = (char *) "1.2", .study_uid = (char *) "1.1",
                                  .patient_id = (char *) "p", .sop_class_uid = (char *) "1.2.840.10008.5.1.4.1.1.2",
                                  .transfer_syntax = (char *) "1.2.840.10008.1.2.1" };

  return rounds_store_scan_put (store, &instance, pixels, FALSE, NULL, error);
}

static gboolean
connect_cloud (RoundsStore *store, GError **error)
{
  return rounds_store_connection_set (store, "ward", "{}", error);
}

static gboolean
break_glass (RoundsStore *store, GError **error)
{
  return rounds_store_break_glass (store, NULL, "Unconscious in the emergency room", error);
}

/* Columns: physician, radiologist, nurse, read-only, administrator. */
static const struct {
  const char *name;
  Door door;
  const char *may;
} doors[] = {
  { "put Condition", put_condition, "+----" },
  { "put DiagnosticReport", put_report, "++---" },
  { "put Observation", put_vital, "+++--" },
  { "delete Patient", delete_patient, "+----" },
  { "import Patient", import_patient, "+---+" },
  { "export", export_patient, "+++-+" },
  { "print", print_patient, "+++-+" },
  { "import scan", put_scan, "++--+" },
  { "connect", connect_cloud, "+++++" },
  { "break glass", break_glass, "+++--" },
};

static guint
n_denied (RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_audit_list (store, 0, 0, NULL);
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    n += g_str_equal (((RoundsAuditRow *) list->pdata[i])->action, "denied");
  return n;
}

static void
test_doors (void)
{
  for (guint role = 0; role < N_ROLES; role++)
    {
      Fixture f;
      guint denied = 0;

      fixture_new_role (&f, role);
      if (role == ROUNDS_ROLE_PHYSICIAN)
        {
          g_autofree char *patient = patient_json ("p", "Eins", "Ida");

          must_put (f.store, "Patient", "p", patient);
        }
      for (guint i = 0; i < G_N_ELEMENTS (doors); i++)
        {
          gboolean may = doors[i].may[role] == '+', did;
          g_autoptr (GError) error = NULL;

          did = doors[i].door (f.store, &error);
          g_test_message ("%s: %s", rounds_role_to_string (role), doors[i].name);
          if (may)
            g_assert_no_error (error);
          else
            g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
          g_assert_cmpint (did, ==, may);
          denied += !may;
          g_assert_cmpuint (n_denied (f.store), ==, denied);
        }
      fixture_clear (&f);
    }
}

/* Nothing in a profile is for anybody else, and no link leads a writer elsewhere. */
static void
test_private (void)
{
  Fixture f;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *head = NULL, *aside = NULL;
  const char *name;
  struct stat st;

  fixture_new (&f);
  g_assert_true (put_vital (f.store, NULL));
  g_assert_cmpint (stat (f.folder, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 077, ==, 0);
  dir = g_dir_open (f.folder, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = fixture_path (&f, name);

      g_assert_cmpint (lstat (path, &st), ==, 0);
      g_test_message ("%s %o", name, st.st_mode & 0777);
      g_assert_cmpint (st.st_mode & 077, ==, 0);
    }
  fixture_close (&f);
  head = fixture_path (&f, "audit.head");
  aside = fixture_path (&f, "elsewhere");
  g_assert_cmpint (g_rename (head, aside), ==, 0);
  g_assert_cmpint (symlink (aside, head), ==, 0);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  fixture_open (&f);
  {
    RoundsAuditState state = { 0 };

    g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
    g_assert_false (state.ok);
    rounds_audit_state_clear (&state);
  }
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/roles/doors", test_doors);
  g_test_add_func ("/store/roles/private", test_private);
  return g_test_run ();
}
