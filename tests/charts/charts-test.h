/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

/* A new cache in a temporary folder; its account is "Dr Osei". */
RoundsStore *test_store_new (char **folder);
void test_store_end (RoundsStore *store, char *folder);
/* Imports every FHIR file of a folder of the shared data; FALSE (and the test is skipped) when it is absent. */
gboolean test_import_shared (RoundsStore *store, const char *name);
/* Puts one resource, as a clinician would. */
void test_put (RoundsStore *store, const char *json);
/* A patient "p1". */
void test_put_patient (RoundsStore *store);
json_object *test_json (const char *text_with_single_quotes);
/* Runs the default main context until the condition holds; fails after 20 s. */
#define test_wait(condition)                                                                                          \
  G_STMT_START                                                                                                        \
  {                                                                                                                   \
    gint64 wait_end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                                  \
    while (!(condition))                                                                                              \
      {                                                                                                               \
        g_assert_cmpint (g_get_monotonic_time (), <, wait_end);                                                       \
        if (!g_main_context_iteration (NULL, FALSE))                                                                  \
          g_usleep (1000);                                                                                            \
      }                                                                                                               \
  }                                                                                                                   \
  G_STMT_END
