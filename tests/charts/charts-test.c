/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the charts share: a real encrypted cache in a temporary folder. */

#include "charts-test.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "fhir/bundle.h"

RoundsStore *
test_store_new (char **folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_copy ("correct horse", 13);
  g_autoptr (RoundsSecret) recovery = NULL, key = NULL;
  g_autoptr (RoundsVault) vault = NULL;
  g_autofree char *profile = NULL;
  RoundsStore *store;

  if (g_getenv ("ROUNDS_KDF_FLOOR") == NULL)
    g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);   /* the passphrase is not what is tested here */
  *folder = g_dir_make_tmp ("rounds-charts-XXXXXX", &error);
  g_assert_no_error (error);
  profile = g_build_filename (*folder, "profile", NULL);
  vault = rounds_vault_create (profile, "Dr Osei", ROUNDS_ROLE_PHYSICIAN, passphrase, &recovery, &error);
  g_assert_no_error (error);
  key = rounds_vault_unlock (vault, passphrase, &error);
  g_assert_no_error (error);
  store = rounds_store_open (vault, key, TRUE, &error);
  g_assert_no_error (error);
  return store;
}

static void
remove_tree (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (path);
}

void
test_store_end (RoundsStore *store, char *folder)
{
  rounds_store_close (store);
  g_object_unref (store);
  remove_tree (folder);
  g_free (folder);
}

gboolean
test_import_shared (RoundsStore *store, const char *name)
{
  const char *data = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *folder = g_build_filename (data != NULL ? data : "/nonexistent", name, NULL);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *file;

  if (dir == NULL)
    {
      g_test_skip ("the shared data are not here");
      return FALSE;
    }
  while ((file = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL), *text = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (json_object) document = NULL;
      g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free), items = NULL;
      g_autofree RoundsImportItem *imports = NULL;
      g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
      gsize length;

      if (!g_str_has_suffix (file, ".json"))
        continue;
      g_assert_true (g_file_get_contents (path, &text, &length, NULL));
      document = rounds_json_parse (text, (gssize) length, &error);
      g_assert_no_error (error);
      items = rounds_bundle_take (document, refused, &error);
      g_assert_no_error (error);
      imports = g_new0 (RoundsImportItem, items->len);
      for (guint i = 0; i < items->len; i++)
        {
          RoundsBundleItem *item = g_ptr_array_index (items, i);

          g_ptr_array_add (texts, rounds_json_print (item->resource));
          imports[i].type = item->type;
          imports[i].id = item->id;
          imports[i].json = g_ptr_array_index (texts, i);
        }
      g_assert_true (rounds_store_import (store, imports, items->len, FALSE, file, NULL, &error));
      g_assert_no_error (error);
      for (guint i = 0; i < items->len; i++)
        g_free (imports[i].stored_id);
    }
  g_dir_close (dir);
  return TRUE;
}

json_object *
test_json (const char *text)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  json_object *object = rounds_json_parse (json, -1, &error);

  g_assert_no_error (error);
  return object;
}

void
test_put (RoundsStore *store, const char *text)
{
  g_autoptr (json_object) object = test_json (text);
  g_autofree char *json = rounds_json_print (object);
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);
  g_autoptr (GError) error = NULL;

  rounds_edit_put (edit, rounds_json_peek_string (object, "resourceType"), rounds_json_peek_string (object, "id"), json, -1);
  rounds_store_apply (store, edit, &error);
  g_assert_no_error (error);
}

void
test_put_patient (RoundsStore *store)
{
  test_put (store, "{'resourceType':'Patient','id':'p1','name':[{'family':'Muster','given':['Erika']}],"
                   "'gender':'female','birthDate':'1964-08-12'}");
}
