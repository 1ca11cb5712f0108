/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DICOMweb (PS3.18) in memory. Like most servers it keeps what it has under a UID, and says 200 all the same. */

#include "dicom-server.h"

#include <string.h>

#include "dicom/file.h"

static void
instance_free (gpointer data)
{
  MiniInstance *self = data;

  g_free (self->study);
  g_free (self->series);
  g_free (self->uid);
  g_free (self->patient_id);
  g_bytes_unref (self->bytes);
  g_free (self);
}

static MiniInstance *
instance_new (GBytes *bytes)
{
  g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, NULL);
  MiniInstance *self;

  if (file == NULL)
    return NULL;
  self = g_new0 (MiniInstance, 1);
  self->study = rounds_dicom_file_dup_string (file, 0x0020000D);
  self->series = rounds_dicom_file_dup_string (file, 0x0020000E);
  self->uid = rounds_dicom_file_dup_string (file, 0x00080018);
  self->patient_id = rounds_dicom_file_dup_string (file, 0x00100020);
  self->bytes = g_bytes_ref (bytes);
  return self;
}

MiniInstance *
mini_dicom_put (MiniDicom *self, GBytes *bytes)
{
  MiniInstance *instance = instance_new (bytes), *there;

  g_assert_nonnull (instance);
  there = g_hash_table_lookup (self->instances, instance->uid);
  if (there != NULL)
    {
      instance_free (instance);
      return there;
    }
  g_hash_table_insert (self->instances, g_strdup (instance->uid), instance);
  return instance;
}

/* --- STOW-RS ------------------------------------------------------------------------------------------- */

static void
take_part (MiniDicom *self, const char *data, gsize size, GString *stored, GString *failed)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  MiniInstance *instance = instance_new (bytes);
  gpointer reason;

  self->n_sent++;
  if (instance == NULL || g_hash_table_contains (self->forgotten, instance->uid))
    {
      g_clear_pointer (&instance, instance_free);
      return;
    }
  if (g_hash_table_lookup_extended (self->refused, instance->uid, NULL, &reason))
    g_string_append_printf (failed, "%s{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},\"00081197\":{\"vr\":\"US\","
                                    "\"Value\":[%d]}}",
                            failed->len > 0 ? "," : "", instance->uid, GPOINTER_TO_INT (reason));
  else
    {
      g_string_append_printf (stored, "%s{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"%s\"]}}", stored->len > 0 ? "," : "",
                              instance->uid);
      mini_dicom_put (self, bytes);
    }
  instance_free (instance);
}

static void
stow (MiniDicom *self, const FaultRequest *request, FaultAnswer *answer)
{
  const char *type = fault_request_header (request, "content-type");
  const char *found = type != NULL ? strstr (type, "boundary=") : NULL;
  g_autofree char *boundary = found != NULL ? g_strconcat ("--", found + strlen ("boundary="), NULL) : NULL;
  g_autoptr (GString) stored = g_string_new (NULL);
  g_autoptr (GString) failed = g_string_new (NULL);
  const char *at = request->body, *end = request->body + request->body_size;

  self->n_stow++;
  self->largest_stow = MAX (self->largest_stow, request->body_size);
  if (boundary == NULL || !g_str_has_prefix (type, "multipart/related"))
    {
      answer->status = 415;
      return;
    }
  while ((at = memmem (at, end - at, boundary, strlen (boundary))) != NULL)
    {
      const char *body, *next;

      at += strlen (boundary);
      if (end - at < 2 || memcmp (at, "--", 2) == 0)
        break;
      body = memmem (at, end - at, "\r\n\r\n", 4);
      next = body != NULL ? memmem (body, end - body, boundary, strlen (boundary)) : NULL;
      if (next == NULL)
        break;
      take_part (self, body + 4, next - 2 - (body + 4), stored, failed);
      at = next;
    }
  if (failed->len > 0)
    answer->status = self->refused_status;
  g_string_append (answer->headers, "Content-Type: application/dicom+json\r\n");
  g_string_printf (answer->body, "{\"00081199\":{\"vr\":\"SQ\",\"Value\":[%s]},\"00081198\":{\"vr\":\"SQ\",\"Value\":[%s]}}",
                   stored->str, failed->str);
}

/* --- WADO-RS, QIDO-RS ----------------------------------------------------------------------------------- */

/* Instances below a path of UIDs (NULL = any), in order of their UIDs. */
static GPtrArray *
find (MiniDicom *self, const char *study, const char *series, const char *uid)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (self->instances), (GCompareFunc) strcmp);
  GPtrArray *list = g_ptr_array_new ();
  GList *l;

  for (l = keys; l != NULL; l = l->next)
    {
      MiniInstance *instance = g_hash_table_lookup (self->instances, l->data);

      if ((study == NULL || g_str_equal (instance->study, study)) &&
          (series == NULL || g_str_equal (instance->series, series)) && (uid == NULL || g_str_equal (instance->uid, uid)))
        g_ptr_array_add (list, instance);
    }
  return list;
}

static void
print_parts (MiniDicom *self, GPtrArray *list, FaultAnswer *answer)
{
  const char *edge = self->parts == MINI_PARTS_QUOTED ? "edge of 'parts'" : "edge";
  const char *line = self->parts == MINI_PARTS_LF ? "\n" : "\r\n";
  guint i;

  g_string_append_printf (answer->headers, "Content-Type: multipart/related; type=\"application/dicom\"; boundary=%s%s%s\r\n",
                          self->parts == MINI_PARTS_QUOTED ? "\"" : "", edge, self->parts == MINI_PARTS_QUOTED ? "\"" : "");
  if (self->parts == MINI_PARTS_PREAMBLE)
    g_string_append (answer->body, "This is a message in parts.\r\n--edg\r\n--edger\r\n\r\n");
  for (i = 0; i < list->len; i++)
    {
      gsize size;
      const char *data = g_bytes_get_data (((MiniInstance *) list->pdata[i])->bytes, &size);

      g_string_append_printf (answer->body, "%s--%s\r\nContent-Type: application/dicom%s", i > 0 ? "\r\n" : "", edge, line);
      if (self->parts == MINI_PARTS_LONG_HEADER)
        {
          g_string_append (answer->body, "X-Long: ");
          g_string_set_size (answer->body, answer->body->len + 20000);
          memset (answer->body->str + answer->body->len - 20000, 'x', 20000);
          g_string_append (answer->body, line);
        }
      g_string_append (answer->body, line);
      g_string_append_len (answer->body, data, (gssize) size);
    }
  if (self->parts != MINI_PARTS_NO_END)
    g_string_append_printf (answer->body, "\r\n--%s--%s", edge, self->parts == MINI_PARTS_PREAMBLE ? "\r\nGood bye.\r\n" : "\r\n");
}

static void
wado (MiniDicom *self, const FaultRequest *request, GPtrArray *list, FaultAnswer *answer)
{
  const char *accept = fault_request_header (request, "accept");

  self->n_wado++;
  if (list->len == 0)
    answer->status = 404;
  else if (self->as_stored_status != 0 && accept != NULL && strstr (accept, "transfer-syntax=*") != NULL)
    answer->status = self->as_stored_status;
  else
    print_parts (self, list, answer);
}

static guint
number (const char *path, const char *name, guint otherwise)
{
  const char *at = strstr (path, name);

  return at != NULL ? (guint) g_ascii_strtoull (at + strlen (name), NULL, 10) : otherwise;
}

static void
qido (MiniDicom *self, const FaultRequest *request, GPtrArray *list, int level, FaultAnswer *answer)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint limit = number (request->path, "limit=", 100), offset = number (request->path, "offset=", 0), i, n = 0;
  const char *patient = strstr (request->path, "PatientID=");
  g_autofree char *escaped = patient != NULL ? g_strndup (patient + 10, strcspn (patient + 10, "&")) : NULL;
  g_autofree char *wanted = g_uri_unescape_string (escaped, NULL);

  self->n_qido++;
  g_string_append (answer->headers, "Content-Type: application/dicom+json\r\n");
  for (i = 0; i < list->len; i++)
    {
      MiniInstance *one = list->pdata[i];
      const char *key = level == 0 ? one->study : level == 1 ? one->series : one->uid;

      if ((wanted != NULL && g_strcmp0 (one->patient_id, wanted) != 0) || !g_hash_table_add (seen, (gpointer) key))
        continue;
      if (n++ < offset || n > offset + limit)
        continue;
      g_string_append_printf (answer->body,
                              "%s{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"%s\"]},\"00100020\":{\"vr\":\"LO\",\"Value\":[\"%s\"]}",
                              answer->body->len > 0 ? "," : "[", one->study, one->patient_id != NULL ? one->patient_id : "");
      if (level > 0)
        g_string_append_printf (answer->body, ",\"0020000E\":{\"vr\":\"UI\",\"Value\":[\"%s\"]}", one->series);
      if (level > 1)
        g_string_append_printf (answer->body, ",\"00080018\":{\"vr\":\"UI\",\"Value\":[\"%s\"]}", one->uid);
      g_string_append (answer->body, "}");
    }
  if (answer->body->len > 0)
    g_string_append (answer->body, "]");
  else
    answer->status = 204;
}

static void
handle (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  MiniDicom *self = data;
  const char *path = g_str_has_prefix (request->path, "/dicom-web/") ? request->path + 11 : "";
  g_autofree char *name = g_strndup (path, strcspn (path, "?"));
  g_auto (GStrv) p = g_strsplit (name, "/", 8);
  guint n = g_strv_length (p);
  g_autoptr (GPtrArray) list = NULL;

  if (self->before != NULL && self->before (self, request, answer, self->data))
    return;
  list = find (self, n > 1 ? p[1] : NULL, n > 3 && g_str_equal (p[2], "series") ? p[3] : NULL, n > 5 ? p[5] : NULL);
  if (n == 0 || !g_str_equal (p[0], "studies"))
    answer->status = 404;
  else if (g_str_equal (request->method, "POST") && n == 1)
    stow (self, request, answer);
  else if (!g_str_equal (request->method, "GET"))
    answer->status = 405;
  else if (n % 2 == 0)
    wado (self, request, list, answer);
  else
    qido (self, request, list, n == 1 ? 0 : g_str_equal (p[n - 1], "series") ? 1 : 2, answer);
  if (self->after != NULL)
    self->after (self, request, answer, self->data);
}

MiniDicom *
mini_dicom_new (void)
{
  MiniDicom *self = g_new0 (MiniDicom, 1);

  self->instances = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, instance_free);
  self->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->forgotten = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->refused_status = 400;
  self->server = fault_server_new (handle, self);
  self->url = g_strconcat (fault_server_get_origin (self->server), "/dicom-web/", NULL);
  return self;
}

void
mini_dicom_free (MiniDicom *self)
{
  fault_server_free (self->server);
  g_hash_table_unref (self->instances);
  g_hash_table_unref (self->refused);
  g_hash_table_unref (self->forgotten);
  g_free (self->url);
  g_free (self);
}
