/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl resource: raw FHIR. put goes the same way as an edit in the window: one transaction with history,
 * outbox and audit, under the role of the account.
 */

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "base/instant.h"
#include "fhir/bundle.h"
#include "fhir/patch.h"
#include "fhir/resource.h"

/* "TYPE/ID"; FALSE when it is none. */
static gboolean
split_reference (const char *text, char **type, char **id)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);

  if (parts[0] == NULL || parts[1] == NULL || !rounds_fhir_is_type (parts[0]) || !rounds_fhir_is_id (parts[1]))
    {
      rounds_cli_complain (_("“%s” is not TYPE/ID"), text);
      return FALSE;
    }
  *type = g_strdup (parts[0]);
  *id = g_strdup (parts[1]);
  return TRUE;
}

static RoundsExit
get (RoundsCli *cli, char **references)
{
  RoundsExit code = ROUNDS_EXIT_DONE;

  for (guint i = 0; references[i] != NULL; i++)
    {
      g_autofree char *type = NULL, *id = NULL;
      g_autoptr (RoundsRecord) record = NULL;
      g_autoptr (GError) error = NULL;

      if (!split_reference (references[i], &type, &id))
        return ROUNDS_EXIT_USAGE;
      record = rounds_store_get (cli->store, type, id, &error);
      if (record == NULL && !g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND))
        return rounds_cli_fail (error);
      if (record == NULL)
        {
          rounds_cli_complain (_("%s is not here"), references[i]);
          code = ROUNDS_EXIT_REJECTED;
          continue;
        }
      g_clear_error (&error);
      if (!rounds_store_audit (cli->store, "view", type, id, NULL, &error))
        return rounds_cli_fail (error);
      rounds_cli_print_json_text (record->json);
    }
  fflush (stdout);
  return code;
}

/* As read(), but Ctrl+C ends the wait for a person or a pipe. */
static gssize
read_some (RoundsCli *cli, int fd, guint8 *buffer, gsize size)
{
  gssize n;

  do
    {
      GPollFD wait[2] = { { .fd = fd, .events = G_IO_IN } };

      if (!g_cancellable_make_pollfd (cli->cancellable, &wait[1]))
        return -1;
      while (g_poll (wait, 2, -1) < 0 && errno == EINTR)
        ;
      g_cancellable_release_fd (cli->cancellable);
      if (g_cancellable_is_cancelled (cli->cancellable))
        {
          errno = EINTR;
          return -1;
        }
      n = read (fd, buffer, size);
    }
  while (n < 0 && errno == EINTR);
  return n;
}

/* All of a file or of stdin, 64 MiB at most. */
static char *
read_all (RoundsCli *cli, const char *path, gsize *size)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean from_stdin = path == NULL || g_str_equal (path, "-");
  int fd = from_stdin ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC);
  guint8 buffer[65536];
  gssize n = fd < 0 ? -1 : 0;

  while (fd >= 0 && (n = read_some (cli, fd, buffer, sizeof buffer)) != 0)
    {
      if (n < 0 || bytes->len + n > ROUNDS_JSON_MAX_BYTES)
        break;
      g_byte_array_append (bytes, buffer, n);
    }
  if (g_cancellable_is_cancelled (cli->cancellable))
    rounds_cli_complain (_("interrupted: nothing was written"));
  else if (n < 0)
    rounds_cli_complain ("%s: %s", from_stdin ? _("standard input") : path, g_strerror (errno));
  else if (n > 0)
    rounds_cli_complain (_("%s: larger than 64 MiB"), from_stdin ? _("standard input") : path);
  if (fd >= 0 && !from_stdin)
    close (fd);
  if (n != 0)
    return NULL;
  *size = bytes->len;
  g_byte_array_append (bytes, (const guint8 *) "", 1);
  return (char *) g_byte_array_free (g_steal_pointer (&bytes), FALSE);
}

static gboolean
add_bundle (RoundsEdit *edit, json_object *document)
{
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = rounds_bundle_take (document, refused, &error);

  if (items == NULL || refused->len > 0)
    {
      rounds_cli_complain ("%s", refused->len > 0 ? (const char *) refused->pdata[0] : error->message);
      return FALSE;
    }
  for (guint i = 0; i < items->len; i++)
    {
      RoundsBundleItem *item = items->pdata[i];
      g_autofree char *text = rounds_json_print (item->resource);

      rounds_edit_put (edit, item->type, item->id, text, -1);
    }
  return TRUE;
}

static gboolean
add_resource (RoundsEdit *edit, json_object *document, const char *type, const char *id)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  const char *own_type = NULL, *own_id = NULL;

  if (!rounds_resource_identify (document, &own_type, &own_id, &error))
    {
      rounds_cli_complain ("%s", error->message);
      return FALSE;
    }
  if (!g_str_equal (own_type, type) || (own_id != NULL && !g_str_equal (own_id, id)))
    {
      rounds_cli_complain (_("the text is %s/%s, not %s/%s"), own_type, own_id != NULL ? own_id : "?", type, id);
      return FALSE;
    }
  if (own_id == NULL)
    json_object_object_add (document, "id", json_object_new_string (id));
  text = rounds_json_print (document);
  rounds_edit_put (edit, type, id, text, -1);
  return TRUE;
}

static RoundsExit
put (RoundsCli *cli, const char *reference, const char *path)
{
  g_autofree char *type = NULL, *id = NULL, *text = NULL;
  g_autoptr (json_object) document = NULL;
  g_autoptr (RoundsEdit) edit = rounds_edit_new ("roundsctl");
  g_autoptr (RoundsRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  const char *what = NULL;
  gsize size = 0;
  gboolean ok = FALSE;

  if (!split_reference (reference, &type, &id))
    return ROUNDS_EXIT_USAGE;
  text = read_all (cli, path, &size);
  if (text == NULL)
    return ROUNDS_EXIT_REJECTED;
  document = rounds_json_parse (text, size, &error);
  if (document == NULL)
    return rounds_cli_fail (error);
  what = rounds_json_peek_string (document, "resourceType");
  if (g_strcmp0 (what, "Bundle") == 0 && !g_str_equal (type, "Bundle"))
    ok = add_bundle (edit, document);
  else
    ok = add_resource (edit, document, type, id);
  if (!ok)
    return ROUNDS_EXIT_REJECTED;
  if (!rounds_store_apply (cli->store, edit, &error))
    return rounds_cli_fail (error);
  record = rounds_store_get (cli->store, type, id, NULL);
  if (cli->json && record != NULL)
    rounds_cli_print_json_text (record->json);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
delete_one (RoundsCli *cli, const char *reference)
{
  g_autofree char *type = NULL, *id = NULL;
  g_autoptr (RoundsEdit) edit = rounds_edit_new ("roundsctl");
  g_autoptr (GError) error = NULL;

  if (!split_reference (reference, &type, &id))
    return ROUNDS_EXIT_USAGE;
  rounds_edit_delete (edit, type, id, -1);
  if (!rounds_store_apply (cli->store, edit, &error))
    return rounds_cli_fail (error);
  return ROUNDS_EXIT_DONE;
}

static json_object *
differences (const RoundsRecord *older, const RoundsRecord *newer)
{
  g_autoptr (json_object) old = older != NULL && older->json != NULL ? rounds_record_parse (older) : NULL;
  g_autoptr (json_object) fresh = newer->json != NULL ? rounds_record_parse (newer) : NULL;
  g_autoptr (GPtrArray) found = rounds_patch_diff (old, fresh);
  json_object *array = json_object_new_array ();

  for (guint i = 0; i < found->len; i++)
    {
      RoundsDifference *difference = found->pdata[i];
      json_object *item = json_object_new_object ();

      rounds_cli_add_text (item, "path", difference->path);
      json_object_object_add (item, "old", difference->old != NULL ? rounds_json_copy (difference->old) : NULL);
      json_object_object_add (item, "new", difference->new_ != NULL ? rounds_json_copy (difference->new_) : NULL);
      json_object_array_add (array, item);
    }
  return array;
}

static RoundsExit
history (RoundsCli *cli, const char *reference)
{
  g_autofree char *type = NULL, *id = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GError) error = NULL;

  if (!split_reference (reference, &type, &id))
    return ROUNDS_EXIT_USAGE;
  versions = rounds_store_history (cli->store, type, id, &error);
  if (versions == NULL || !rounds_store_audit (cli->store, "view", type, id, "history", &error))
    return rounds_cli_fail (error);
  for (guint i = 0; i < versions->len; i++)
    {
      const RoundsRecord *version = versions->pdata[i];
      const RoundsRecord *older = i + 1 < versions->len ? versions->pdata[i + 1] : NULL;
      json_object *diff = differences (older, version);
      g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, version->revision);
      g_autofree char *when = rounds_instant_format_us (version->changed_us);
      g_autofree char *n_changed = g_strdup_printf ("%zu", json_object_array_length (diff));

      if (cli->json)
        {
          json_object *line = json_object_new_object ();

          rounds_cli_add_int (line, "version", version->revision);
          rounds_cli_add_instant (line, "when", version->changed_us);
          rounds_cli_add_text (line, "who", version->changed_by);
          rounds_cli_add_bool (line, "deleted", version->deleted);
          json_object_object_add (line, "diff", diff);
          rounds_cli_print_json (line);
          continue;
        }
      json_object_put (diff);
      const char *cells[] = { number, when, version->changed_by != NULL ? version->changed_by : "",
                              version->deleted ? _("deleted") : n_changed, NULL };

      g_ptr_array_add (rows, g_strdupv ((char **) cells));
    }
  if (!cli->json)
    rounds_cli_print_table ((const char *const[]) { _("VERSION"), _("WHEN"), _("WHO"), _("CHANGES"), NULL }, rows);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
count (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) counts = rounds_store_count (cli->store, NULL, &error);

  if (counts == NULL)
    return rounds_cli_fail (error);
  for (guint i = 0; i < counts->len; i++)
    {
      const RoundsCount *item = counts->pdata[i];

      if (cli->json)
        {
          json_object *line = json_object_new_object ();

          rounds_cli_add_text (line, "type", item->type);
          rounds_cli_add_int (line, "count", item->count);
          rounds_cli_print_json (line);
        }
      else
        rounds_cli_print_line ("%8" G_GUINT64_FORMAT "  %s", item->count, item->type);
    }
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  const char *what = NULL;
  guint n = 0;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_resource, NULL, argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  n = g_strv_length (rest);
  what = n > 0 ? rest[0] : "";
  if (!((g_str_equal (what, "get") && n >= 2) || (g_str_equal (what, "put") && (n == 2 || n == 3)) ||
        (g_str_equal (what, "delete") && n == 2) || (g_str_equal (what, "history") && n == 2) ||
        (g_str_equal (what, "count") && n == 1)))
    return rounds_cli_usage (&rounds_command_resource, _("resource get, put, delete, history or count?"));
  /* A slip of the pen is told before anything is unlocked, and before half of several is answered. */
  for (guint i = 1; i < (g_str_equal (what, "get") ? n : MIN (n, 2)); i++)
    {
      g_autofree char *type = NULL, *id = NULL;

      if (!split_reference (rest[i], &type, &id))
        return ROUNDS_EXIT_USAGE;
    }
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (g_str_equal (what, "get"))
    return get (cli, rest + 1);
  if (g_str_equal (what, "put"))
    return put (cli, rest[1], rest[2]);
  if (g_str_equal (what, "delete"))
    return delete_one (cli, rest[1]);
  if (g_str_equal (what, "history"))
    return history (cli, rest[1]);
  return count (cli);
}

const RoundsCommand rounds_command_resource = {
  "resource", "get TYPE/ID… | put TYPE/ID [FILE|-] | delete TYPE/ID | history TYPE/ID | count",
  N_("Raw FHIR: read, write, delete, history, count"), run,
};
