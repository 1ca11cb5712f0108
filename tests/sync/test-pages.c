/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Downloads over pages that break, lead astray or come late. */

#include "../fault/fhir-server.h"
#include "../store/store-fixture.h"
#include "sync/connection.h"
#include "sync/session.h"

typedef struct {
  Fixture fixture;
  MiniFhir *server;
  RoundsSync *sync;
  RoundsSyncReport report;
  GError *error;
  FaultServer *other;
  int mode;
} Case;

enum { NORMAL, FAIL_PAGE_2, OTHER_ORIGIN, CIRCLE, EXPIRED_ONCE };

static gboolean
before (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;
  gboolean second = strstr (request->path, "_offset=") != NULL;

  if (self->mode == FAIL_PAGE_2 && second)
    {
      mini_outcome (answer, 500, "page lost");
      return TRUE;
    }
  if (self->mode == EXPIRED_ONCE && second)
    {
      self->mode = NORMAL;
      mini_outcome (answer, 410, "page expired");
      return TRUE;
    }
  return FALSE;
}

static void
after (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;
  g_autofree char *link = NULL;
  char *start, *end;

  if ((self->mode != OTHER_ORIGIN && self->mode != CIRCLE) || !g_str_has_prefix (request->path, "/fhir/Patient?") ||
      strstr (request->path, "_summary=count") != NULL)
    return;
  /* Puts another address into the next link. */
  start = strstr (answer->body->str, "\"link\":[");
  end = start != NULL ? strchr (start, ']') : NULL;
  g_assert_nonnull (end);
  link = self->mode == CIRCLE
           ? g_strdup_printf ("\"link\":[{\"relation\":\"next\",\"url\":\"%s%s\"}", server->url, request->path + 6)
           : g_strdup_printf ("\"link\":[{\"relation\":\"next\",\"url\":\"%s/fhir/Patient?_offset=50\"}",
                              fault_server_get_origin (self->other));
  {
    gsize at = start - answer->body->str;

    g_string_erase (answer->body, at, end - start);
    g_string_insert (answer->body, at, link);
  }
}

static void
case_new (Case *self, guint n_patients)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;
  guint i;

  memset (self, 0, sizeof *self);
  fixture_new (&self->fixture);
  self->server = mini_fhir_new ();
  self->server->data = self;
  self->server->before = before;
  self->server->after = after;
  for (i = 0; i < n_patients; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      g_autofree char *json = patient_json (id, "Page", "Ann");

      mini_put (self->server, "Patient", id, json);
    }
  connection->fhir_url = g_strdup (self->server->url);
  rounds_connection_save (self->fixture.store, connection, NULL, &error);
  g_assert_no_error (error);
  self->sync = rounds_sync_new (self->fixture.store, "ward");
}

static void
case_clear (Case *self)
{
  g_clear_object (&self->sync);
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  fixture_clear (&self->fixture);
  g_clear_pointer (&self->server, mini_fhir_free);
  g_clear_pointer (&self->other, fault_server_free);
}

static gboolean
run (Case *self)
{
  g_clear_error (&self->error);
  rounds_sync_report_clear (&self->report);
  return rounds_sync_run (self->sync, TRUE, NULL, &self->report, &self->error);
}

static void
must_run (Case *self)
{
  run (self);
  g_assert_no_error (self->error);
}

static guint
n_patients (Case *self)
{
  g_autoptr (GPtrArray) list = rounds_store_list (self->fixture.store, "Patient", NULL, 0, NULL);

  return list->len;
}

static void
test_page_2_fails (void)
{
  Case self;

  case_new (&self, 130);
  self.mode = FAIL_PAGE_2;
  g_assert_false (run (&self));
  g_assert_cmpint (self.error->domain, ==, ROUNDS_CLOUD_ERROR);
  g_assert_false (self.report.complete);
  g_assert_cmpuint (n_patients (&self), ==, 50);   /* the first page is kept */
  self.mode = NORMAL;
  must_run (&self);
  g_assert_cmpuint (n_patients (&self), ==, 130);   /* an interrupted first sync is not taken for complete */
  g_assert_cmpuint (self.report.pulled, ==, 80);
  g_assert_true (self.report.complete);
  case_clear (&self);
}

static void
test_page_expires (void)
{
  Case self;

  case_new (&self, 130);
  self.mode = EXPIRED_ONCE;
  must_run (&self);
  g_assert_cmpuint (n_patients (&self), ==, 130);
  case_clear (&self);
}

static void
must_not_be_asked (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_error ("another origin was asked for %s", request->path);
}

static void
test_other_origin (void)
{
  Case self;

  case_new (&self, 130);
  self.other = fault_server_new (must_not_be_asked, NULL);
  self.mode = OTHER_ORIGIN;
  g_assert_false (run (&self));
  g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED);
  g_assert_cmpuint (fault_server_get_n_requests (self.other), ==, 0);
  case_clear (&self);
}

static void
test_circle (void)
{
  Case self;

  case_new (&self, 130);
  self.mode = CIRCLE;
  g_assert_false (run (&self));
  g_assert_error (self.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL);
  g_assert_cmpuint (fault_server_get_n_requests (self.server->server), <, 40);
  case_clear (&self);
}

/* Fifty records of one instant across the edge of a page. */
static void
test_ties_across_pages (void)
{
  Case self;

  case_new (&self, 80);   /* made within one tick of the server's clock */
  self.server->page = 30;
  must_run (&self);
  g_assert_cmpuint (n_patients (&self), ==, 80);
  case_clear (&self);
}

/* A record that becomes visible 90 s after its own time. */
static void
test_late_commit (gconstpointer data)
{
  Case self;
  g_autofree char *json = patient_json ("late", "Late", "Ann");

  case_new (&self, 3);
  self.server->history = GPOINTER_TO_INT (data);
  must_run (&self);
  self.server->now_us += 600 * G_USEC_PER_SEC;
  must_run (&self);
  mini_put (self.server, "Patient", "late", json);
  mini_get (self.server, "Patient", "late")->updated_us -= 90 * G_USEC_PER_SEC;
  must_run (&self);
  g_assert_cmpuint (self.report.pulled, ==, 1);
  g_assert_cmpuint (n_patients (&self), ==, 4);
  must_run (&self);
  g_assert_cmpuint (self.report.pulled, ==, 0);
  case_clear (&self);
}

/* The server's clock goes back an hour and forward again. */
static void
test_server_clock (void)
{
  Case self;
  g_autofree char *json = patient_json ("odd", "Odd", "Ann");
  g_autofree char *more = patient_json ("more", "More", "Ann");

  case_new (&self, 3);
  must_run (&self);
  self.server->now_us -= (gint64) 3600 * G_USEC_PER_SEC;
  must_run (&self);
  self.server->now_us += (gint64) 3600 * G_USEC_PER_SEC;
  mini_put (self.server, "Patient", "odd", json);
  must_run (&self);
  g_assert_cmpuint (n_patients (&self), ==, 4);
  mini_put (self.server, "Patient", "more", more);
  must_run (&self);
  g_assert_cmpuint (n_patients (&self), ==, 5);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pages/page-2-fails", test_page_2_fails);
  g_test_add_func ("/pages/page-expires", test_page_expires);
  g_test_add_func ("/pages/other-origin", test_other_origin);
  g_test_add_func ("/pages/circle", test_circle);
  g_test_add_func ("/pages/ties-across-pages", test_ties_across_pages);
  g_test_add_data_func ("/pages/late-commit/history", GINT_TO_POINTER (1), test_late_commit);
  g_test_add_data_func ("/pages/late-commit/search", GINT_TO_POINTER (0), test_late_commit);
  g_test_add_func ("/pages/server-clock", test_server_clock);
  return g_test_run ();
}
