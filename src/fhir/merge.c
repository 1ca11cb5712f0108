/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three-way merge of two edits of one resource, element by element.
 *
 * The rule is older than computers: what only one side changed is taken, what both changed alike is taken, what
 * both changed differently goes to a person. An element is never a mixture: the value of one side with the
 * unit of the other would be a third thing that nobody wrote. Lists are aligned with base, so that two
 * appended items both stay and one item that both changed is a conflict. The walk carries which side
 * stands in a conflict, so that resolving one is the same walk again with another answer. */

#include "fhir/merge.h"

#include <string.h>

#include "fhir/json-align.h"
#include "fhir/merge-group.h"

/* Above so many pairs of items, lists are compared as a whole: the answer may come from a hostile server. */
#define MAX_ITEM_PAIRS 1000000

typedef struct {
  RoundsMergeKeep keep;
  RoundsMergeChoose choose; /* asked instead of keep, when not NULL */
  gpointer choose_data;
  gboolean mixed;       /* elements that belong together were given to different sides */
  GPtrArray *conflicts; /* char *; may be NULL */
  guint n_conflicts;
} Merge;

static json_object *merge_members (Merge *self, const char *path, const char *type, json_object *base,
                                   json_object *mine, json_object *theirs);

static void
add_conflict (Merge *self, const char *path)
{
  self->n_conflicts++;
  if (self->conflicts == NULL)
    return;
  for (guint i = 0; i < self->conflicts->len; i++)
    if (strcmp (self->conflicts->pdata[i], path) == 0)
      return;
  g_ptr_array_add (self->conflicts, g_strdup (path));
}

static json_object *
kept_side (RoundsMergeKeep keep, json_object *base, json_object *mine, json_object *theirs)
{
  switch (keep)
    {
    case ROUNDS_MERGE_KEEP_THEIRS:
      return theirs;
    case ROUNDS_MERGE_KEEP_BASE:
      return base;
    case ROUNDS_MERGE_KEEP_MINE:
    default:
      return mine;
    }
}

/* The side that stands for one element in conflict. */
static json_object *
kept (Merge *self, const char *path, json_object *base, json_object *mine, json_object *theirs)
{
  return kept_side (self->choose != NULL ? self->choose (path, self->choose_data) : self->keep, base, mine, theirs);
}

/* The side that stands for several that only mean something together. */
static json_object *
kept_together (Merge *self, GPtrArray *paths, json_object *base, json_object *mine, json_object *theirs)
{
  RoundsMergeKeep keep = self->keep;

  for (guint i = 0; self->choose != NULL && i < paths->len; i++)
    {
      RoundsMergeKeep chosen = self->choose (paths->pdata[i], self->choose_data);

      self->mixed = self->mixed || (i > 0 && chosen != keep);
      keep = chosen;
    }
  return kept_side (keep, base, mine, theirs);
}

static char *
inner_path (const char *path, const char *name)
{
  return *path != '\0' ? g_strconcat (path, ".", name, NULL) : g_strdup (name);
}

static char *
index_path (const char *path, int index)
{
  return g_strdup_printf ("%s.%d", path, index);
}

/* ---- lists ---- */

/* What one side made of base's items: for each, the index it has there or −1; and the new ones, by the
 * number of base items that stand before them. */
typedef struct {
  json_object *list; /* borrowed */
  int *index;        /* of each base item */
  GArray *new_;      /* RoundsJsonPair: old_index = base items before it, new_index = its own */
} Side;

static void
side_init (Side *self, json_object *base, json_object *list)
{
  g_autoptr (GArray) pairs = rounds_json_align (base, list);
  int before = 0;

  self->list = list;
  self->index = g_new0 (int, (base != NULL ? json_object_array_length (base) : 0) + 1);
  self->new_ = g_array_new (FALSE, FALSE, sizeof (RoundsJsonPair));
  for (guint i = 0; i < pairs->len; i++)
    {
      RoundsJsonPair pair = g_array_index (pairs, RoundsJsonPair, i);

      if (pair.old_index >= 0)
        self->index[before++] = pair.new_index;
      else
        {
          pair.old_index = before;
          g_array_append_val (self->new_, pair);
        }
    }
}

static void
side_clear (Side *self)
{
  g_free (self->index);
  g_array_unref (self->new_);
}

static json_object *
side_item (Side *self, int i)
{
  return self->index[i] < 0 ? NULL : json_object_array_get_idx (self->list, (gsize) self->index[i]);
}

static json_object *
new_item (Side *self, guint i)
{
  return json_object_array_get_idx (self->list, (gsize) g_array_index (self->new_, RoundsJsonPair, i).new_index);
}

/* One item that base has; nothing is added when it is gone. */
static void
merge_item (Merge *self, const char *path, gboolean is_backbone, json_object *base, json_object *mine, json_object *theirs,
            json_object *out)
{
  json_object *result;

  if (rounds_json_equal (mine, theirs))
    result = rounds_json_copy (mine);
  else if (rounds_json_equal (base, mine))
    result = rounds_json_copy (theirs);
  else if (rounds_json_equal (base, theirs))
    result = rounds_json_copy (mine);
  else if (is_backbone && json_object_is_type (base, json_type_object) &&
           json_object_is_type (mine, json_type_object) && json_object_is_type (theirs, json_type_object))
    result = merge_members (self, path, NULL, base, mine, theirs);
  else
    {
      add_conflict (self, path);
      result = rounds_json_copy (kept (self, path, base, mine, theirs));
    }
  if (result != NULL)
    json_object_array_add (out, result);
}

/* Which new items of theirs are new items of mine as well: alike first, then by key. partner[t] = m or −1; a
 * partner of mine is no item of its own. */
static void
find_partners (Side *mine, Side *theirs, int *partner, gboolean *taken)
{
  for (guint t = 0; t < theirs->new_->len; t++)
    partner[t] = -1;
  for (int pass = 0; pass < 2; pass++)
    for (guint t = 0; t < theirs->new_->len; t++)
      {
        json_object *item = new_item (theirs, t);
        g_autofree char *key = pass == 1 ? rounds_json_item_key (item) : NULL;

        for (guint m = 0; partner[t] < 0 && m < mine->new_->len; m++)
          {
            g_autofree char *other_key = key != NULL && !taken[m] ? rounds_json_item_key (new_item (mine, m)) : NULL;

            if (!taken[m] && (pass == 0 ? rounds_json_equal (item, new_item (mine, m))
                                        : key != NULL && g_strcmp0 (key, other_key) == 0))
              {
                partner[t] = (int) m;
                taken[m] = TRUE;
              }
          }
      }
}

/* Items that are new on both sides: the same ones once, two of one key in conflict, all others both. */
static void
add_new_items (Merge *self, const char *path, Side *mine, Side *theirs, int before, const int *partner,
               const gboolean *taken, json_object *out)
{
  for (guint t = 0; t < theirs->new_->len; t++)
    {
      json_object *item = new_item (theirs, t);
      json_object *chosen = item;

      if (g_array_index (theirs->new_, RoundsJsonPair, t).old_index != before)
        continue;
      if (partner[t] >= 0 && !rounds_json_equal (item, new_item (mine, (guint) partner[t])))
        {
          g_autofree char *inner =
            index_path (path, g_array_index (mine->new_, RoundsJsonPair, (guint) partner[t]).new_index);

          add_conflict (self, inner);
          chosen = kept (self, inner, NULL, new_item (mine, (guint) partner[t]), item);
        }
      if (chosen != NULL)
        json_object_array_add (out, rounds_json_copy (chosen));
    }
  for (guint m = 0; m < mine->new_->len; m++)
    if (!taken[m] && g_array_index (mine->new_, RoundsJsonPair, m).old_index == before)
      json_object_array_add (out, rounds_json_copy (new_item (mine, m)));
}

static gboolean
has_too_many_pairs (json_object *a, json_object *b)
{
  return (guint64) json_object_array_length (a) * json_object_array_length (b) > MAX_ITEM_PAIRS;
}

static json_object *
merge_lists (Merge *self, const char *path, gboolean is_backbone, json_object *base, json_object *mine, json_object *theirs)
{
  json_object *out = json_object_new_array ();
  int n = base != NULL ? (int) json_object_array_length (base) : 0;
  Side my_side, their_side;
  g_autofree gboolean *taken = NULL;
  g_autofree int *partner = NULL;

  side_init (&my_side, base, mine);
  side_init (&their_side, base, theirs);
  taken = g_new0 (gboolean, my_side.new_->len + 1);
  partner = g_new0 (int, their_side.new_->len + 1);
  find_partners (&my_side, &their_side, partner, taken);

  for (int i = 0; i <= n; i++)
    {
      g_autofree char *inner = index_path (path, i);

      add_new_items (self, path, &my_side, &their_side, i, partner, taken, out);
      if (i < n)
        merge_item (self, inner, is_backbone, json_object_array_get_idx (base, (gsize) i), side_item (&my_side, i),
                    side_item (&their_side, i), out);
    }
  side_clear (&my_side);
  side_clear (&their_side);
  return out;
}

/* ---- members ---- */

static json_object *
member_of (json_object *object, const char *name)
{
  json_object *value = NULL;

  json_object_object_get_ex (object, name, &value);
  return value;
}

static void
add_members (json_object *out, GPtrArray *names, json_object *from)
{
  if (from == NULL)
    return;
  json_object_object_foreach (from, name, value)
    for (guint i = 0; i < names->len; i++)
      if (strcmp (names->pdata[i], name) == 0)
        {
          json_object_object_add (out, name, rounds_json_copy (value));
          break;
        }
}

static gboolean
same_members (GPtrArray *names, json_object *a, json_object *b)
{
  for (guint i = 0; i < names->len; i++)
    if (!rounds_json_equal (member_of (a, names->pdata[i]), member_of (b, names->pdata[i])))
      return FALSE;
  return TRUE;
}

/* One element, which may be several members. */
static void
merge_group (Merge *self, const char *path, const char *type, GPtrArray *names, json_object *base, json_object *mine,
             json_object *theirs, json_object *out)
{
  g_autoptr (GPtrArray) together = NULL;
  g_autofree char *group = rounds_merge_group (type, names->pdata[0]);
  const char *only = names->len == 1 && !rounds_merge_is_whole (group) ? names->pdata[0] : NULL;
  g_autofree char *inner = only != NULL ? inner_path (path, only) : NULL;
  json_object *b = only != NULL ? member_of (base, only) : NULL;
  json_object *m = only != NULL ? member_of (mine, only) : NULL;
  json_object *t = only != NULL ? member_of (theirs, only) : NULL;

  if (same_members (names, mine, theirs) || same_members (names, base, mine))
    {
      add_members (out, names, theirs);
      return;
    }
  if (same_members (names, base, theirs))
    {
      add_members (out, names, mine);
      return;
    }

  if (json_object_is_type (m, json_type_array) && json_object_is_type (t, json_type_array) &&
      !has_too_many_pairs (m, t) && (b == NULL || json_object_is_type (b, json_type_array)))
    {
      json_object *list = merge_lists (self, inner, rounds_merge_is_backbone (only), b, m, t);

      /* FHIR has no empty lists. */
      if (json_object_array_length (list) > 0)
        json_object_object_add (out, only, list);
      else
        json_object_put (list);
      return;
    }
  if (only != NULL && rounds_merge_is_backbone (only) && json_object_is_type (b, json_type_object) &&
      json_object_is_type (m, json_type_object) && json_object_is_type (t, json_type_object))
    {
      json_object_object_add (out, only, merge_members (self, inner, NULL, b, m, t));
      return;
    }

  together = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < names->len; i++)
    {
      json_object *mine_member = member_of (mine, names->pdata[i]);

      if (!rounds_json_equal (mine_member, member_of (theirs, names->pdata[i])) ||
          !rounds_json_equal (mine_member, member_of (base, names->pdata[i])))
        {
          char *conflict = inner_path (path, names->pdata[i]);

          add_conflict (self, conflict);
          g_ptr_array_add (together, conflict);
        }
    }
  add_members (out, names, kept_together (self, together, base, mine, theirs));
}

static void
collect_groups (const char *type, json_object *object, GHashTable *groups, GPtrArray *order)
{
  if (object == NULL)
    return;
  json_object_object_foreach (object, name, value)
    {
      char *group = rounds_merge_group (type, name);
      GPtrArray *names = g_hash_table_lookup (groups, group);
      gboolean known = FALSE;

      (void) value;
      if (names == NULL)
        {
          names = g_ptr_array_new_with_free_func (g_free);
          g_hash_table_insert (groups, group, names);
          g_ptr_array_add (order, names);
        }
      else
        g_free (group);
      for (guint i = 0; i < names->len && !known; i++)
        known = strcmp (names->pdata[i], name) == 0;
      if (!known)
        g_ptr_array_add (names, g_strdup (name));
    }
}

static json_object *
merge_members (Merge *self, const char *path, const char *type, json_object *base, json_object *mine, json_object *theirs)
{
  g_autoptr (GHashTable) groups =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) order = g_ptr_array_new (); /* borrowed from groups */
  json_object *out = json_object_new_object ();

  collect_groups (type, theirs, groups, order);
  collect_groups (type, mine, groups, order);
  collect_groups (type, base, groups, order);
  for (guint i = 0; i < order->len; i++)
    {
      GPtrArray *names = order->pdata[i];

      /* meta and the narrative have rules of their own, see merge_resource(). */
      if (*path == '\0' && (strcmp (names->pdata[0], "meta") == 0 || strcmp (names->pdata[0], "text") == 0))
        continue;
      merge_group (self, path, type, names, base, mine, theirs, out);
    }
  return out;
}

/* ---- resources ---- */

/* Labels that mine added stay beside theirs. */
static void
unite (json_object *meta, const char *name, json_object *base_meta, json_object *mine_meta)
{
  json_object *mine = member_of (mine_meta, name);
  json_object *base = member_of (base_meta, name);
  json_object *list = member_of (meta, name);

  if (!json_object_is_type (mine, json_type_array) || (list != NULL && !json_object_is_type (list, json_type_array)) ||
      (list != NULL && has_too_many_pairs (mine, list)) ||
      (json_object_is_type (base, json_type_array) && has_too_many_pairs (mine, base)))
    return;
  for (gsize i = 0; i < json_object_array_length (mine); i++)
    {
      json_object *label = json_object_array_get_idx (mine, i);
      g_autofree char *key = rounds_json_item_key (label);
      gboolean known = FALSE;

      for (int side = 0; side < 2; side++)
        {
          json_object *others = side == 0 ? base : list;

          for (gsize j = 0; json_object_is_type (others, json_type_array) && j < json_object_array_length (others); j++)
            {
              json_object *other = json_object_array_get_idx (others, j);
              g_autofree char *other_key = rounds_json_item_key (other);

              known = known || rounds_json_equal (label, other) || (key != NULL && g_strcmp0 (key, other_key) == 0);
            }
        }
      if (known)
        continue;
      if (list == NULL)
        {
          list = json_object_new_array ();
          json_object_object_add (meta, name, list);
        }
      json_object_array_add (list, rounds_json_copy (label));
    }
}

static json_object *
merge_meta (json_object *base, json_object *mine, json_object *theirs)
{
  json_object *theirs_meta = member_of (theirs, "meta");
  json_object *meta;

  if (theirs_meta != NULL && !json_object_is_type (theirs_meta, json_type_object))
    return rounds_json_copy (theirs_meta);
  meta = theirs_meta != NULL ? rounds_json_copy (theirs_meta) : json_object_new_object ();
  unite (meta, "tag", member_of (base, "meta"), member_of (mine, "meta"));
  unite (meta, "security", member_of (base, "meta"), member_of (mine, "meta"));
  if (json_object_object_length (meta) == 0 && theirs_meta == NULL)
    g_clear_pointer (&meta, json_object_put);
  return meta;
}

static gboolean
is_generated (json_object *text)
{
  return text == NULL || g_strcmp0 (rounds_json_peek_string (text, "status"), "generated") == 0;
}

/* A narrative that a program made of each side's data fits neither after a merge: it is left out, and made
 * again by whoever shows it. One that a person wrote is content. */
static void
merge_narrative (Merge *self, json_object *base, json_object *mine, json_object *theirs, json_object *out)
{
  json_object *b = member_of (base, "text"), *m = member_of (mine, "text"), *t = member_of (theirs, "text");
  json_object *chosen;

  if (rounds_json_equal (m, t) || rounds_json_equal (b, m))
    chosen = t;
  else if (rounds_json_equal (b, t))
    chosen = m;
  else if (is_generated (m) && is_generated (t))
    return;
  else
    {
      add_conflict (self, "text");
      chosen = kept (self, "text", b, m, t);
    }
  if (chosen != NULL)
    json_object_object_add (out, "text", rounds_json_copy (chosen));
}

/* The same but for meta. */
static gboolean
same_content (json_object *a, json_object *b)
{
  int members_a = 0, members_b = 0;

  if (!json_object_is_type (a, json_type_object) || !json_object_is_type (b, json_type_object))
    return rounds_json_equal (a, b);
  json_object_object_foreach (b, other, other_value)
    {
      (void) other_value;
      members_b += strcmp (other, "meta") != 0;
    }
  json_object_object_foreach (a, name, value)
    {
      json_object *there = NULL;

      if (strcmp (name, "meta") == 0)
        continue;
      members_a++;
      if (!json_object_object_get_ex (b, name, &there) || !rounds_json_equal (value, there))
        return FALSE;
    }
  return members_a == members_b;
}

/* A record that moved to another patient on one side while the other side wrote on: somebody must look. */
static void
check_subject (Merge *self, json_object *base, json_object *mine, json_object *theirs, json_object *out)
{
  static const char *const names[] = { "subject", "patient", "beneficiary" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      json_object *b = member_of (base, names[i]), *m = member_of (mine, names[i]), *t = member_of (theirs, names[i]);
      json_object *chosen;

      if (rounds_json_equal (m, t) || (!rounds_json_equal (b, m) && !rounds_json_equal (b, t)))
        continue;
      add_conflict (self, names[i]);
      chosen = kept (self, names[i], b, m, t);
      if (chosen != NULL)
        json_object_object_add (out, names[i], rounds_json_copy (chosen));
      else
        json_object_object_del (out, names[i]);
    }
}

static json_object *
merge_resource (Merge *self, json_object *base, json_object *mine, json_object *theirs)
{
  const char *type = rounds_json_peek_string (theirs, "resourceType");
  g_autoptr (json_object) out = NULL;
  json_object *with_meta, *meta;

  if (!json_object_is_type (base, json_type_object) || !json_object_is_type (mine, json_type_object) ||
      !json_object_is_type (theirs, json_type_object) ||
      g_strcmp0 (type, rounds_json_peek_string (mine, "resourceType")) != 0 ||
      g_strcmp0 (type, rounds_json_peek_string (base, "resourceType")) != 0)
    {
      add_conflict (self, "");
      return rounds_json_copy (kept (self, "", base, mine, theirs));
    }

  out = merge_members (self, "", type, base, mine, theirs);
  merge_narrative (self, base, mine, theirs, out);
  if (!same_content (base, mine) && !same_content (base, theirs))
    check_subject (self, base, mine, theirs, out);

  /* meta where people look for it: behind type and id. */
  meta = merge_meta (base, mine, theirs);
  if (meta == NULL)
    return g_steal_pointer (&out);
  with_meta = json_object_new_object ();
  for (int pass = 0; pass < 2; pass++)
    {
      json_object_object_foreach (out, name, value)
        if ((strcmp (name, "resourceType") == 0 || strcmp (name, "id") == 0) == (pass == 0))
          json_object_object_add (with_meta, name, json_object_get (value));
      if (pass == 0)
        json_object_object_add (with_meta, "meta", meta);
    }
  return with_meta;
}

static json_object *
merge (Merge *self, json_object *base, json_object *mine, json_object *theirs)
{
  if (mine == NULL && theirs == NULL)
    return NULL;
  if (mine != NULL && theirs != NULL && base != NULL)
    return merge_resource (self, base, mine, theirs);

  if (mine == NULL || theirs == NULL)
    {
      json_object *left = mine != NULL ? mine : theirs;

      /* Deleted here, untouched there. */
      if (base != NULL && same_content (base, left))
        return NULL;
      add_conflict (self, "");
      return rounds_json_copy (kept (self, "", base, mine, theirs));
    }

  /* Created on both sides: the same, or somebody must look. */
  if (!json_object_is_type (mine, json_type_object) || !json_object_is_type (theirs, json_type_object))
    return merge_resource (self, base, mine, theirs);
  if (!same_content (mine, theirs))
    {
      g_autoptr (GHashTable) groups =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
      g_autoptr (GPtrArray) order = g_ptr_array_new ();
      g_autoptr (GPtrArray) together = g_ptr_array_new_with_free_func (g_free);

      collect_groups (NULL, theirs, groups, order);
      collect_groups (NULL, mine, groups, order);
      for (guint i = 0; i < order->len; i++)
        {
          GPtrArray *names = order->pdata[i];

          for (guint n = 0; n < names->len; n++)
            if (strcmp (names->pdata[n], "meta") != 0 &&
                !rounds_json_equal (member_of (mine, names->pdata[n]), member_of (theirs, names->pdata[n])))
              {
                add_conflict (self, names->pdata[n]);
                g_ptr_array_add (together, g_strdup (names->pdata[n]));
              }
        }
      return rounds_json_copy (kept_together (self, together, base, mine, theirs));
    }
  return rounds_json_copy (theirs);
}

gboolean
rounds_merge_three_way (json_object *base, json_object *mine, json_object *theirs, json_object **merged,
                        GPtrArray *conflicts)
{
  Merge self = { .keep = ROUNDS_MERGE_KEEP_MINE, .conflicts = conflicts };

  g_return_val_if_fail (merged != NULL, FALSE);

  *merged = merge (&self, base, mine, theirs);
  return self.n_conflicts == 0;
}

json_object *
rounds_merge_resolve (json_object *base, json_object *mine, json_object *theirs, RoundsMergeKeep keep)
{
  Merge self = { .keep = keep };

  return merge (&self, base, mine, theirs);
}

json_object *
rounds_merge_resolve_each (json_object *base, json_object *mine, json_object *theirs, RoundsMergeChoose choose,
                           gpointer data, gboolean *mixed)
{
  Merge self = { .keep = ROUNDS_MERGE_KEEP_MINE, .choose = choose, .choose_data = data };
  g_autoptr (json_object) merged = NULL;

  g_return_val_if_fail (choose != NULL && mixed != NULL, NULL);

  merged = merge (&self, base, mine, theirs);
  *mixed = self.mixed;
  return self.mixed ? NULL : g_steal_pointer (&merged);
}
