/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A trail of some length, and whoever has the key and an editor. */
#include "store-fixture.h"

#include "store/database.h"

static inline void
tamper (Fixture *f, const char *sql)
{
  g_autofree char *path = fixture_path (f, "records.db");
  g_autoptr (RoundsDatabase) db =
    rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f->key, NULL);
  g_autoptr (GError) error = NULL;

  rounds_database_exec (db, sql, &error);
  g_assert_no_error (error);
}

static inline void
audited (Fixture *f)
{
  fixture_new (f);
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);

      g_assert_true (rounds_store_audit (f->store, "view", "Patient", id, NULL, NULL));
    }
  assert_audit_ok (f->store);
  fixture_close (f);
}
