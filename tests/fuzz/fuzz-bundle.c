/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes out of a bundle has a type, an id of its own, and comes out the same again. */

#include "fuzz.h"

#include <string.h>

#include "fhir/bundle.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

static void
check_items (GPtrArray *items)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < items->len; i++)
    {
      RoundsBundleItem *item = items->pdata[i];
      const char *type = NULL, *id = NULL;
      g_auto (GStrv) references = rounds_reference_list (item->resource);
      g_autofree char *name = rounds_patient_display_name (item->resource);

      g_assert_true (rounds_resource_identify (item->resource, &type, &id, NULL));
      g_assert_cmpstr (type, ==, item->type);
      g_assert_cmpstr (id, ==, item->id);
      g_assert_cmpstr (type, !=, "Bundle");
      g_assert_true (g_hash_table_add (seen, g_strconcat (type, "/", id, NULL)));
      rounds_resource_peek_time (item->resource);
      rounds_resource_peek_patient_id (item->resource);
      rounds_resource_peek_status (item->resource);
      rounds_concept_display (rounds_resource_peek_concept (item->resource));
      rounds_patient_mrn (item->resource);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (json_object) document = NULL;
  g_autoptr (GPtrArray) lines = rounds_bundle_take_ndjson ((const char *) data, size, refused, NULL);
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GError) error = NULL;

  if (lines != NULL)
    check_items (lines);
  document = rounds_json_parse ((const char *) data, (gssize) size, NULL);
  if (document == NULL)
    return 0;

  items = rounds_bundle_take (document, refused, &error);
  g_assert_true ((items == NULL) == (error != NULL));
  if (items == NULL)
    return 0;
  check_items (items);
  again = rounds_bundle_take (document, NULL, NULL);
  g_assert_cmpuint (again->len, ==, items->len);
  for (guint i = 0; i < items->len; i++)
    g_assert_true (rounds_json_equal (((RoundsBundleItem *) items->pdata[i])->resource,
                                      ((RoundsBundleItem *) again->pdata[i])->resource));
  return 0;
}
