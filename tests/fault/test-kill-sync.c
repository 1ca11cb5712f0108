/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program that edits, imports records and images, and syncs both with a cloud is killed with SIGKILL at random
 * points, again and again over the same profile. The cloud outlives it and remembers all that came: nothing that
 * was acknowledged to the user is lost, nothing arrives twice, and in the end both have the same. The program is
 * this one, run anew, so that it dies as a whole. Kills: ROUNDS_KILLS, 100 if unset; seed: --seed. */
#include "../dicom/builder.h"
#include "../store/store-fixture.h"
#include "fhir-server.h"

#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scans/scan-import.h"
#include "sync/connection.h"
#include "sync/images.h"
#include "sync/session.h"

#define N_KILLS 100
#define N_PROFILE 250   /* kills of one profile: what there is to check grows with them */
#define N_EDITED 12
#define N_IMPORT 8
#define MY_STUDY "2.25.100"
#define THEIR_STUDY "2.25.200"
#define MAX_IMAGES 60

typedef enum { DO_EDIT, DO_IMPORT, DO_IMAGE, DO_SYNC, DO_FETCH, N_DOINGS } Doing;
static const char *const names[N_DOINGS] = { "edit", "record import", "image import", "sync", "image download" };

typedef struct {
  gint32 doing, done, number;
  gint64 value;
} Word;

/* --- the program that is killed ----------------------------------------------------------------------- */

static GBytes *
image_of (const char *study, gint64 value)
{
  g_autofree char *uid = g_strdup_printf ("%s.%" G_GINT64_FORMAT, study, value);
  g_autofree char *series = g_strconcat (study, ".1", NULL);
  GByteArray *out = g_byte_array_new ();
  guint8 pixels[64 * 64];

  memset (pixels, (int) (value % 200), sizeof pixels);
  g_byte_array_set_size (out, 128);
  memset (out->data, 0, 128);
  g_byte_array_append (out, (const guint8 *) "DICM", 4);
  put_text (out, 0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7");
  put_text (out, 0x00020003, "UI", uid);
  put_text (out, 0x00020010, "UI", "1.2.840.10008.1.2.1");
  put_text (out, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7");
  put_text (out, 0x00080018, "UI", uid);
  put_text (out, 0x00100020, "LO", "MRN-p1");
  put_text (out, 0x0020000D, "UI", study);
  put_text (out, 0x0020000E, "UI", series);
  put_word (out, 0x00280002, 1);
  put_text (out, 0x00280004, "CS", "MONOCHROME2");
  put_word (out, 0x00280010, 64);
  put_word (out, 0x00280011, 64);
  put_word (out, 0x00280100, 8);
  put_word (out, 0x00280101, 8);
  put_word (out, 0x00280102, 7);
  put_word (out, 0x00280103, 0);
  put_bytes (out, 0x7FE00010, "OB", pixels, sizeof pixels);
  return g_byte_array_free_to_bytes (out);
}

static char *
edit_json (const char *id, const char *patient, gint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  return observation_json (id, patient, "8867-4", text, "2024-01-01T00:00:00Z");
}

static gboolean
import_records (RoundsStore *store, gint64 value)
{
  RoundsImportItem items[N_IMPORT] = { 0 };
  gboolean ok;

  for (guint i = 0; i < N_IMPORT; i++)
    {
      items[i].type = "Observation";
      items[i].id = g_strdup_printf ("f%" G_GINT64_FORMAT "-%u", value, i);
      items[i].json = edit_json (items[i].id, "p2", value);
    }
  ok = rounds_store_import (store, items, N_IMPORT, FALSE, "f", NULL, NULL);
  for (guint i = 0; i < N_IMPORT; i++)
    {
      g_free ((char *) items[i].id);
      g_free ((char *) items[i].json);
      g_free (items[i].stored_id);
    }
  return ok;
}

static gboolean
do_one (RoundsStore *store, RoundsSync *sync, const Word *word)
{
  switch ((Doing) word->doing)
    {
    case DO_EDIT:
      {
        g_autofree char *id = g_strdup_printf ("k%d", word->number);
        g_autofree char *json = edit_json (id, "p1", word->value);

        return put (store, "Observation", id, json, -1, NULL);
      }
    case DO_IMPORT:
      return import_records (store, word->value);
    case DO_IMAGE:
      {
        g_autoptr (GBytes) bytes = image_of (MY_STUDY, word->value);
        RoundsImportOutcome outcome;

        return rounds_scans_import_bytes (store, bytes, FALSE, &outcome, NULL, NULL);
      }
    case DO_FETCH:
      /* Before the first query nothing is known of it. */
      (void) rounds_sync_fetch_study (store, THEIR_STUDY, rounds_scans_import_bytes, NULL, NULL, NULL);
      return TRUE;
    default:
      {
        RoundsSyncReport report = { 0 };
        g_autoptr (GError) error = NULL;
        gboolean ok = rounds_sync_run (sync, TRUE, NULL, &report, &error);

        if (!ok)
          g_printerr ("# the sync of the killed program: %s\n", error->message);
        rounds_sync_report_clear (&report);
        return ok;
      }
    }
}

static int
be_killed (char **argv)
{
  int fd = atoi (argv[3]), key_fd = atoi (argv[4]);
  gint64 value = g_ascii_strtoll (argv[5], NULL, 10);
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) g_ascii_strtoull (argv[6], NULL, 10));
  g_autoptr (RoundsVault) vault = rounds_vault_open (argv[2], NULL);
  g_autoptr (RoundsSecret) key = rounds_secret_new (32);
  g_autoptr (RoundsStore) store = NULL;
  g_autoptr (RoundsSync) sync = NULL;

  if (vault == NULL || read (key_fd, (void *) rounds_secret_get (key, NULL), 32) != 32)
    return 2;
  close (key_fd);
  store = rounds_store_open (vault, key, FALSE, NULL);
  if (store == NULL)
    return 3;
  sync = rounds_sync_new (store, "ward");
  for (;; value++)
    {
      int what = g_rand_int_range (rand, 0, 10);
      Word word = { what < 3 ? DO_EDIT : what < 4 ? DO_IMPORT : what < 5 ? DO_IMAGE : what < 9 ? DO_SYNC : DO_FETCH,
                    FALSE, g_rand_int_range (rand, 0, N_EDITED), value };

      if (write (fd, &word, sizeof word) != sizeof word || !do_one (store, sync, &word))
        return 4;
      word.done = TRUE;
      if (write (fd, &word, sizeof word) != sizeof word)
        return 5;
    }
}

/* --- the cloud ----------------------------------------------------------------------------------------- */

typedef struct {
  GHashTable *values;    /* "ID value" that came */
  GHashTable *images;    /* UID → GBytes */
  guint n_doubled, n_images_doubled, n_others, n_requests;
  gboolean resting;
} Cloud;

static void
came (Cloud *self, const char *id, json_object *resource)
{
  json_object *value = rounds_json_peek (resource, "valueQuantity.value");
  char *key;

  if (id == NULL || value == NULL)
    return;
  key = g_strdup_printf ("%s %" G_GINT64_FORMAT, id, json_object_get_int64 (value));
  if (!g_hash_table_add (self->values, key))
    {
      g_printerr ("# came twice: %s\n", id);
      self->n_doubled++;
    }
}

static const char image_base[] = "/dicom/studies";

static void
list_images (Cloud *self, const char *study, FaultAnswer *answer)
{
  GHashTableIter iter;
  gpointer uid;
  gboolean first = TRUE;

  g_string_assign (answer->body, "[");
  g_hash_table_iter_init (&iter, self->images);
  while (g_hash_table_iter_next (&iter, &uid, NULL))
    if (g_str_has_prefix (uid, study))
      {
        g_string_append_printf (answer->body,
                                "%s{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},"
                                "\"0020000E\":{\"vr\":\"UI\",\"Value\":[\"%s.1\"]},"
                                "\"00080018\":{\"vr\":\"UI\",\"Value\":[\"%s\"]}}",
                                first ? "" : ",", study, study, (char *) uid);
        first = FALSE;
      }
  g_string_append (answer->body, "]");
}

/* One instance, or all of a study. */
static void
give_images (Cloud *self, const char *uid, const char *study, FaultAnswer *answer)
{
  GHashTableIter iter;
  gpointer name, bytes;

  answer->status = 404;
  g_string_assign (answer->headers,
                   "Content-Type: multipart/related; type=\"application/dicom\"; boundary=edge\r\n");
  g_hash_table_iter_init (&iter, self->images);
  while (g_hash_table_iter_next (&iter, &name, &bytes))
    if (uid != NULL ? g_str_equal (name, uid) : g_str_has_prefix (name, study))
      {
        answer->status = 200;
        g_string_append (answer->body, "--edge\r\nContent-Type: application/dicom\r\n\r\n");
        g_string_append_len (answer->body, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
        g_string_append (answer->body, "\r\n");
      }
  g_string_append (answer->body, "--edge--\r\n");
}

static void
take_images (Cloud *self, const FaultRequest *request, FaultAnswer *answer)
{
  const char *type = fault_request_header (request, "content-type");
  g_autofree char *delimiter = g_strconcat ("--", strstr (type, "boundary=") + strlen ("boundary="), NULL);
  const char *at = memmem (request->body, request->body_size, delimiter, strlen (delimiter));
  const char *end = request->body + request->body_size;
  gboolean first = TRUE;

  g_string_assign (answer->body, "{\"00081199\":{\"vr\":\"SQ\",\"Value\":[");
  while (at != NULL)
    {
      const char *start = memmem (at, end - at, "\r\n\r\n", 4);
      const char *next = start != NULL ? memmem (start, end - start, delimiter, strlen (delimiter)) : NULL;
      g_autoptr (GBytes) bytes = next != NULL ? g_bytes_new (start + 4, next - start - 6) : NULL;
      g_autoptr (RoundsDicomFile) file = bytes != NULL ? rounds_dicom_file_new (bytes, NULL) : NULL;
      g_autoptr (RoundsScanInstance) it = rounds_scan_instance_new ();

      if (file != NULL && rounds_scan_describe (file, bytes, it, NULL))
        {
          self->n_images_doubled += g_hash_table_contains (self->images, it->sop_uid);
          g_hash_table_insert (self->images, g_strdup (it->sop_uid), g_bytes_ref (bytes));
          g_string_append_printf (answer->body, "%s{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"%s\"]}}",
                                  first ? "" : ",", it->sop_uid);
          first = FALSE;
        }
      at = next;
    }
  g_string_append (answer->body, "]}}");
}

static void
images_before (Cloud *self, const FaultRequest *request, FaultAnswer *answer)
{
  g_autofree char *path = g_strndup (request->path, strcspn (request->path, "?"));
  g_auto (GStrv) parts = g_strsplit (path + strlen (image_base), "/", 0);
  guint n = g_strv_length (parts);

  g_string_assign (answer->headers, "Content-Type: application/dicom+json\r\n");
  if (g_str_equal (request->method, "POST"))
    take_images (self, request, answer);
  else if (n < 2)
    g_string_assign (answer->body,
                     "[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"" MY_STUDY "\"]}},"
                     "{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"" THEIR_STUDY "\"]}}]");
  else if (n == 3 && g_str_equal (parts[2], "series"))
    g_string_append_printf (answer->body,
                            "[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},"
                            "\"0020000E\":{\"vr\":\"UI\",\"Value\":[\"%s.1\"]}}]",
                            parts[1], parts[1]);
  else if (g_str_equal (parts[n - 1], "instances"))
    list_images (self, parts[1], answer);
  else
    give_images (self, n > 2 ? parts[n - 1] : NULL, parts[1], answer);
}

/* Others write records and images while the program is at it. */
static void
others_work (MiniFhir *mini, Cloud *self)
{
  g_autofree char *id = g_strdup_printf ("s%u", self->n_others % 40);
  g_autofree char *json = edit_json (id, "p3", 1000000 + self->n_others);

  mini_put (mini, "Observation", id, json);
  if (self->n_others % 4 == 0 && self->n_others / 4 < MAX_IMAGES)
    g_hash_table_insert (self->images, g_strdup_printf ("%s.%u", THEIR_STUDY, self->n_others),
                         image_of (THEIR_STUDY, self->n_others));
  self->n_others++;
}

static gboolean
cloud_before (MiniFhir *mini, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Cloud *self = data;

  if (++self->n_requests % 5 == 0 && !self->resting)
    others_work (mini, self);
  if (!g_str_has_prefix (request->path, image_base))
    return FALSE;
  images_before (self, request, answer);
  return TRUE;
}

static void
cloud_after (MiniFhir *mini, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_autoptr (json_object) in = NULL;
  json_object *entries;

  if (answer->status >= 300 || request->body_size == 0)
    return;
  in = rounds_json_parse (request->body, request->body_size, NULL);
  if (g_str_equal (request->method, "PUT"))
    came (data, rounds_json_peek_string (in, "id"), in);
  entries = rounds_json_peek (in, "entry");
  for (gsize i = 0; entries != NULL && i < json_object_array_length (entries); i++)
    {
      json_object *entry = json_object_array_get_idx (entries, i);

      if (g_strcmp0 (rounds_json_peek_string (entry, "request.method"), "PUT") == 0)
        came (data, rounds_json_peek_string (entry, "resource.id"), rounds_json_peek (entry, "resource"));
    }
}

/* --- the truth ------------------------------------------------------------------------------------------ */

typedef struct {
  Fixture f;
  MiniFhir *mini;
  Cloud cloud;
  gint64 acked[N_EDITED], tried[N_EDITED];   /* −1 = none */
  GArray *imports, *images;                  /* gint64 acknowledged */
  gint64 maybe_import, maybe_image;
  gint64 next_value;
  guint n_acked[N_DOINGS], n_killed[N_DOINGS], n_unknown;
} Case;

static void
hear (Case *self, const Word *word)
{
  self->next_value = MAX (self->next_value, word->value + 1);
  self->n_acked[word->doing] += word->done != 0;
  if (word->doing == DO_EDIT)
    (word->done ? self->acked : self->tried)[word->number] = word->value;
  else if (word->doing == DO_IMPORT || word->doing == DO_IMAGE)
    {
      gint64 *maybe = word->doing == DO_IMPORT ? &self->maybe_import : &self->maybe_image;

      *maybe = word->done ? -1 : word->value;
      if (word->done)
        g_array_append_val (word->doing == DO_IMPORT ? self->imports : self->images, word->value);
    }
}

static gint64
value_of (RoundsRecord *record)
{
  g_autoptr (json_object) json = record != NULL ? rounds_record_parse (record) : NULL;

  return json != NULL ? json_object_get_int64 (rounds_json_peek (json, "valueQuantity.value")) : -1;
}

static void
check_lists (Case *self, RoundsStore *store)
{
  g_autoptr (GPtrArray) records = rounds_store_list (store, "Observation", "p2", 0, NULL);
  g_autoptr (GPtrArray) images = rounds_store_scan_list (store, NULL, MY_STUDY, NULL, NULL);

  if (self->maybe_import >= 0 && records->len == (self->imports->len + 1) * N_IMPORT)
    g_array_append_val (self->imports, self->maybe_import);
  if (self->maybe_image >= 0 && images->len == self->images->len + 1)
    g_array_append_val (self->images, self->maybe_image);
  self->maybe_import = self->maybe_image = -1;
  g_assert_cmpuint (records->len, ==, self->imports->len * N_IMPORT);
  g_assert_cmpuint (images->len, ==, self->images->len);
}

static void
check (Case *self)
{
  static const char *const inflight[] = { "inflight", NULL }, *const unknown[] = { "unknown", NULL };
  RoundsStore *store = self->f.store;

  for (int i = 0; i < N_EDITED; i++)
    {
      g_autofree char *id = g_strdup_printf ("k%d", i);
      g_autoptr (RoundsRecord) record = rounds_store_get (store, "Observation", id, NULL);
      gint64 found = value_of (record);

      g_assert_true (found == self->acked[i] || found == self->tried[i]);
      self->acked[i] = self->tried[i] = found;
    }
  check_lists (self, store);
  g_assert_cmpuint (list_length (rounds_store_outbox_list (store, inflight, 0, NULL)), ==, 0);
  self->n_unknown += list_length (rounds_store_outbox_list (store, unknown, 0, NULL));
  assert_audit_ok (store);
}

static void
kill_once (Case *self)
{
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, self->next_value);
  g_autofree char *seed = g_strdup_printf ("%u", (guint32) g_test_rand_int ());
  struct timespec delay = { 0, (glong) g_test_rand_int_range (0, 120000) * 1000 };
  int words[2], key[2], status;
  Word word, last = { N_DOINGS, TRUE, 0, 0 };
  fd_set set;
  pid_t pid;

  g_assert_cmpint (pipe (words), ==, 0);
  g_assert_cmpint (pipe (key), ==, 0);
  g_assert_cmpint (write (key[1], rounds_secret_get (self->f.key, NULL), 32), ==, 32);
  {
    g_autofree char *words_fd = g_strdup_printf ("%d", words[1]), *key_fd = g_strdup_printf ("%d", key[0]);
    char *argv[] = { (char *) "kill-sync", (char *) "--be-killed", self->f.folder, words_fd, key_fd, value, seed,
                     NULL };

    pid = fork ();
    if (pid == 0)
      {
        close (words[0]);
        close (key[1]);
        execv ("/proc/self/exe", argv);
        _exit (9);
      }
  }
  close (words[1]);
  close (key[0]);
  close (key[1]);
  /* Killed some while after its first word: the moment is the point of the test, not a wait for anything. */
  FD_ZERO (&set);
  FD_SET (words[0], &set);
  g_assert_cmpint (select (words[0] + 1, &set, NULL, NULL, NULL), ==, 1);
  nanosleep (&delay, NULL);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  while (read (words[0], &word, sizeof word) == sizeof word)
    {
      hear (self, &word);
      last = word;
    }
  close (words[0]);
  if (last.doing < N_DOINGS && !last.done)
    self->n_killed[last.doing]++;
}

/* --- the end: both have the same ------------------------------------------------------------------------ */

static void
check_same (Case *self)
{
  GHashTableIter iter;
  gpointer key, value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->mini->resources);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      MiniResource *there = value;
      g_auto (GStrv) parts = g_strsplit (key, "/", 2);
      g_autoptr (RoundsRecord) record = NULL;

      if (there->json == NULL || !g_str_equal (parts[0], "Observation"))
        continue;
      record = rounds_store_get (self->f.store, parts[0], parts[1], NULL);
      g_assert_nonnull (record);
      g_assert_false (record->unsynced);
      g_assert_cmpint (value_of (record), ==,
                       json_object_get_int64 (rounds_json_peek (there->json, "valueQuantity.value")));
      n++;
    }
  g_assert_cmpuint (n, >=, self->imports->len * N_IMPORT);
  for (guint i = 0; i < self->images->len; i++)
    {
      g_autofree char *uid = g_strdup_printf (MY_STUDY ".%" G_GINT64_FORMAT,
                                              g_array_index (self->images, gint64, i));

      g_assert_true (g_hash_table_contains (self->cloud.images, uid));
    }
}

static void
finish (Case *self)
{
  g_autoptr (RoundsSync) sync = rounds_sync_new (self->f.store, "ward");
  RoundsSyncReport report = { 0 };
  g_autoptr (GError) error = NULL;

  /* Others rest, so that the two can become the same. */
  self->cloud.resting = TRUE;
  rounds_sync_run (sync, TRUE, NULL, &report, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (report.pending, ==, 0);
  g_assert_cmpuint (report.conflicts, ==, 0);
  g_assert_cmpuint (report.quarantined, ==, 0);
  rounds_sync_report_clear (&report);
  rounds_sync_fetch_study (self->f.store, THEIR_STUDY, rounds_scans_import_bytes, NULL, NULL, &error);
  g_assert_no_error (error);
  check_same (self);
}

static void
case_new (Case *self)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSync) sync = NULL;
  g_autofree char *patient = patient_json ("p1", "Example", "Ann");
  RoundsSyncReport report = { 0 };

  memset (self, 0, sizeof *self);
  for (int i = 0; i < N_EDITED; i++)
    self->acked[i] = self->tried[i] = -1;
  self->next_value = 1;
  self->maybe_import = self->maybe_image = -1;
  self->imports = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->images = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->cloud.values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cloud.images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->mini = mini_fhir_new ();
  self->mini->before = cloud_before;
  self->mini->after = cloud_after;
  self->mini->data = &self->cloud;
  fixture_new (&self->f);
  must_put (self->f.store, "Patient", "p1", patient);
  connection->fhir_url = g_strdup (self->mini->url);
  connection->dicomweb_url = g_strconcat (fault_server_get_origin (self->mini->server), "/dicom", NULL);
  g_assert_true (rounds_connection_save (self->f.store, connection, NULL, &error));
  sync = rounds_sync_new (self->f.store, "ward");
  rounds_sync_run (sync, TRUE, NULL, &report, &error);
  g_assert_no_error (error);
  rounds_sync_report_clear (&report);
  g_clear_object (&sync);
  fixture_close (&self->f);
}

static void
case_clear (Case *self)
{
  fixture_clear (&self->f);
  mini_fhir_free (self->mini);
  g_array_unref (self->imports);
  g_array_unref (self->images);
  g_hash_table_unref (self->cloud.values);
  g_hash_table_unref (self->cloud.images);
}

static void
test_kill_sync (void)
{
  const char *wanted = g_getenv ("ROUNDS_KILLS");
  guint kills = wanted != NULL ? (guint) g_ascii_strtoull (wanted, NULL, 10) : N_KILLS;
  guint n_acked[N_DOINGS] = { 0 }, n_killed[N_DOINGS] = { 0 }, n_unknown = 0, n_versions = 0, n_images = 0;

  for (guint done = 0; done < kills; done += N_PROFILE)
    {
      Case self;

      case_new (&self);
      for (guint i = done; i < MIN (kills, done + N_PROFILE); i++)
        {
          kill_once (&self);
          fixture_open (&self.f);
          check (&self);
          g_assert_cmpuint (self.cloud.n_doubled + self.cloud.n_images_doubled, ==, 0);
          fixture_close (&self.f);
        }
      fixture_open (&self.f);
      finish (&self);
      g_assert_cmpuint (self.cloud.n_doubled + self.cloud.n_images_doubled, ==, 0);
      for (guint i = 0; i < N_DOINGS; i++)
        {
          n_acked[i] += self.n_acked[i];
          n_killed[i] += self.n_killed[i];
        }
      n_unknown += self.n_unknown;
      n_versions += g_hash_table_size (self.cloud.values);
      n_images += g_hash_table_size (self.cloud.images);
      case_clear (&self);
      if (kills > N_PROFILE)
        g_printerr ("# %u kills, %u found under way so far\n", MIN (kills, done + N_PROFILE), n_unknown);
    }
  for (guint i = 0; i < N_DOINGS; i++)
    g_test_message ("%s: killed %u times, acknowledged %u times", names[i], n_killed[i], n_acked[i]);
  g_test_message ("%u kills; %u changes found under way and verified; 0 lost, 0 doubled; the clouds have %u versions, "
                  "%u images", kills, n_unknown, n_versions, n_images);
  g_assert_cmpuint (n_killed[DO_SYNC], >, 0);
  if (kills >= N_KILLS)
    g_assert_cmpuint (n_unknown, >, 0);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  if (argc == 7 && g_str_equal (argv[1], "--be-killed"))
    return be_killed (argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fault/kill-sync", test_kill_sync);
  return g_test_run ();
}
