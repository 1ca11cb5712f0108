/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three documents, one a line: base, mine, theirs. A patch leads from one to the other, a merge gives the same
 * verdict from both sides, and a stray patch never breaks anything. */

#include "fuzz.h"

#include <string.h>

#include "fhir/merge.h"
#include "fhir/patch.h"

static void
check_patch (json_object *old, json_object *new_)
{
  g_autoptr (json_object) patch = rounds_patch_make (old, new_);
  g_autoptr (json_object) result = rounds_patch_apply (old, patch, NULL);
  g_autoptr (GPtrArray) differences = rounds_patch_diff (old, new_);
  g_autoptr (GPtrArray) none = rounds_patch_diff (old, old);
  g_autoptr (json_object) stray = rounds_patch_apply (old, new_, NULL);

  g_assert_true (rounds_json_equal (result, new_));
  g_assert_cmpuint (none->len, ==, 0);
}

static json_object *
take_line (const char **p, const char *end)
{
  const char *newline = memchr (*p, '\n', (size_t) (end - *p));
  const char *line_end = newline != NULL ? newline : end;
  json_object *value = rounds_json_parse (*p, line_end - *p, NULL);

  *p = newline != NULL ? newline + 1 : end;
  return value;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *p = (const char *) data;
  const char *end = p + size;
  g_autoptr (json_object) base = NULL;
  g_autoptr (json_object) mine = NULL;
  g_autoptr (json_object) theirs = NULL;
  json_object *one = NULL, *other = NULL;

  /* The merge is quadratic on purpose, up to a bound: small inputs find more. */
  if (size == 0 || size > 16 * 1024)
    return 0;
  base = take_line (&p, end);
  mine = take_line (&p, end);
  theirs = take_line (&p, end);

  if (base != NULL && mine != NULL)
    check_patch (base, mine);
  g_assert_cmpint (rounds_merge_three_way (base, mine, theirs, &one, NULL), ==,
                   rounds_merge_three_way (base, theirs, mine, &other, NULL));
  json_object_put (one);
  json_object_put (other);

  if (json_object_is_type (base, json_type_object))
    {
      g_assert_true (rounds_merge_three_way (base, base, base, &one, NULL));
      json_object_put (one);
    }
  for (int keep = ROUNDS_MERGE_KEEP_MINE; keep <= ROUNDS_MERGE_KEEP_BASE; keep++)
    json_object_put (rounds_merge_resolve (base, mine, theirs, (RoundsMergeKeep) keep));
  return 0;
}
