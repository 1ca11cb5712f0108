/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A profile in a folder of its own for one test. The cost of the passphrase is kept at its floor. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/outbox.h"
#include "store/scan-store.h"
#include "store/series-store.h"
#include "store/store.h"

typedef struct {
  char *folder;
  RoundsVault *vault;
  RoundsSecret *key;
  RoundsStore *store;
} Fixture;

static inline RoundsSecret *
secret_of (const char *text)
{
  return rounds_secret_new_take_text (g_strdup (text));
}

static inline void
fixture_open (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  self->store = rounds_store_open (self->vault, self->key, TRUE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->store);
}

static inline void
fixture_close (Fixture *self)
{
  if (self->store != NULL)
    rounds_store_close (self->store);
  g_clear_object (&self->store);
}

static inline void
fixture_new_role (Fixture *self, RoundsRole role)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) passphrase = secret_of ("correct horse");

  g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);
  memset (self, 0, sizeof *self);
  self->folder = g_dir_make_tmp ("rounds-store-XXXXXX", &error);
  g_assert_no_error (error);
  self->vault = rounds_vault_create (self->folder, "Dr Example", role, passphrase, NULL, &error);
  g_assert_no_error (error);
  self->key = rounds_vault_unlock (self->vault, passphrase, &error);
  g_assert_no_error (error);
  fixture_open (self);
}

static inline void
fixture_new (Fixture *self)
{
  fixture_new_role (self, ROUNDS_ROLE_PHYSICIAN);
}

static inline void
copy_tree (const char *from, const char *to)
{
  g_autoptr (GDir) dir = g_dir_open (from, 0, NULL);
  g_autofree char *bytes = NULL;
  const char *name;
  gsize size;

  if (dir == NULL)
    {
      g_assert_true (g_file_get_contents (from, &bytes, &size, NULL));
      g_assert_true (g_file_set_contents_full (to, bytes, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
      return;
    }
  g_assert_cmpint (g_mkdir_with_parents (to, 0700), ==, 0);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *a = g_build_filename (from, name, NULL), *b = g_build_filename (to, name, NULL);

      copy_tree (a, b);
    }
}

/* A copy of a profile that nobody has open: for many cases that each want a fresh one, without the passphrase's cost
 * for each. */
static inline void
fixture_new_like (Fixture *self, const Fixture *other)
{
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->folder = g_dir_make_tmp ("rounds-store-XXXXXX", &error);
  g_assert_no_error (error);
  copy_tree (other->folder, self->folder);
  self->vault = rounds_vault_open (self->folder, &error);
  g_assert_no_error (error);
  self->key = rounds_secret_ref (other->key);
  fixture_open (self);
}

static inline void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static inline void
fixture_clear (Fixture *self)
{
  fixture_close (self);
  g_clear_object (&self->vault);
  g_clear_pointer (&self->key, rounds_secret_unref);
  remove_tree (self->folder);
  g_clear_pointer (&self->folder, g_free);
}

static inline char *
fixture_path (Fixture *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

static inline gboolean
put (RoundsStore *store, const char *type, const char *id, const char *json, gint64 revision, GError **error)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);

  rounds_edit_put (edit, type, id, json, revision);
  return rounds_store_apply (store, edit, error);
}

static inline gboolean
delete_one (RoundsStore *store, const char *type, const char *id, gint64 revision, GError **error)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);

  rounds_edit_delete (edit, type, id, revision);
  return rounds_store_apply (store, edit, error);
}

static inline void
must_put (RoundsStore *store, const char *type, const char *id, const char *json)
{
  g_autoptr (GError) error = NULL;

  put (store, type, id, json, -1, &error);
  g_assert_no_error (error);
}

static inline char *
patient_json (const char *id, const char *family, const char *given)
{
  return g_strdup_printf ("{\"resourceType\":\"Patient\",\"id\":\"%s\",\"identifier\":[{\"type\":{\"coding\":[{"
                          "\"code\":\"MR\"}]},\"value\":\"MRN-%s\"}],\"name\":[{\"family\":\"%s\",\"given\":[\"%s\"]}],"
                          "\"gender\":\"female\",\"birthDate\":\"1980-02-03\"}",
                          id, id, family, given);
}

static inline char *
observation_json (const char *id, const char *patient, const char *code, const char *value, const char *time)
{
  return g_strdup_printf ("{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\",\"code\":{\"coding\":[{"
                          "\"system\":\"http://loinc.org\",\"code\":\"%s\"}]},\"subject\":{\"reference\":\"Patient/%s\"},"
                          "\"effectiveDateTime\":\"%s\",\"valueQuantity\":{\"value\":%s,\"unit\":\"/min\"}}",
                          id, code, patient, time, value);
}

static inline guint
list_length (GPtrArray *list)
{
  guint n = list->len;

  g_ptr_array_unref (list);
  return n;
}

static inline void
assert_audit_ok (RoundsStore *store)
{
  g_autoptr (GError) error = NULL;
  RoundsAuditState state = { 0 };

  rounds_store_audit_verify (store, &state, &error);
  g_assert_no_error (error);
  g_assert_true (state.ok);
  g_assert_cmpuint (state.first_bad, ==, 0);
  rounds_audit_state_clear (&state);
}
