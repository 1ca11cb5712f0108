/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resources out of bundles, with ids and references that hold outside of them.
 *
 * Three passes: collect the entries, give each its final TYPE/ID, copy them with their references rewritten.
 * A reference is looked up by the entry's own bundle first, then outwards, then anywhere in the document,
 * and a relative one against the server that its own entry came from (FHIR R4 bundle.html, 2.36.4.1): so an
 * observation from server B never lands on the patient of the same id from server A. Where two entries claim
 * one identity, the newer stays; where nobody can say which, the second is refused by name and not lost. */

#include "fhir/bundle.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/bundle-private.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

#define MAX_REFUSED 1000

typedef struct _Scope Scope;
struct _Scope {
  Scope *parent;        /* borrowed */
  GHashTable *by_url;   /* normal form of fullUrl → Entry, the first of that name */
  char *label;          /* of the entry that holds this bundle; "" outermost */
  gboolean is_history;
};

typedef struct {
  json_object *resource; /* borrowed from the document */
  const char *type;      /* borrowed */
  char *id;              /* final; NULL while it has none */
  char *url;             /* normal form of fullUrl, or NULL */
  char *base;            /* server of fullUrl, or NULL */
  char *label;           /* "3" or "3.1" */
  Scope *scope;          /* borrowed */
  gboolean is_placeholder; /* its url names it in this document only */
  gboolean is_dropped;
} Entry;

struct _RoundsBundleTaker {
  GPtrArray *entries;
  GPtrArray *scopes;
  GHashTable *by_url;      /* over all scopes */
  GHashTable *by_identity; /* "TYPE/ID" → Entry that stays */
  GPtrArray *refused;      /* borrowed, may be NULL */
  guint n_refused;
  const char *where;       /* "entry %s: %s" or "line %s: %s", translated */
  json_object *document;   /* borrowed, while one is taken */
  char *document_digest;   /* made when it is needed */
  guint first_entry;       /* of the document in work */
};

static void
scope_free (gpointer data)
{
  Scope *scope = data;

  g_hash_table_unref (scope->by_url);
  g_free (scope->label);
  g_free (scope);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->id);
  g_free (entry->url);
  g_free (entry->base);
  g_free (entry->label);
  json_object_put (entry->resource);
  g_free (entry);
}

void
rounds_bundle_item_free (RoundsBundleItem *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  json_object_put (self->resource);
  g_free (self->server_base);
  g_free (self);
}

RoundsBundleTaker *
rounds_bundle_taker_new (GPtrArray *refused, const char *where)
{
  RoundsBundleTaker *self = g_new0 (RoundsBundleTaker, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->scopes = g_ptr_array_new_with_free_func (scope_free);
  self->by_url = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_identity = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->refused = refused;
  self->where = where;
  return self;
}

void
rounds_bundle_taker_free (RoundsBundleTaker *self)
{
  g_hash_table_unref (self->by_identity);
  g_hash_table_unref (self->by_url);
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->scopes);
  g_free (self->document_digest);
  g_free (self);
}

void
rounds_bundle_taker_refuse (RoundsBundleTaker *self, const char *label, const char *reason)
{
  self->n_refused++;
  if (self->refused != NULL && self->n_refused <= MAX_REFUSED)
    g_ptr_array_add (self->refused, g_strdup_printf (self->where, label, reason));
}

/* UUIDs are the same in capitals; everything else is compared as it stands. */
static char *
normal_url (const char *url)
{
  if (url == NULL || *url == '\0')
    return NULL;
  if (g_ascii_strncasecmp (url, "urn:uuid:", 9) == 0)
    return g_ascii_strdown (url, -1);
  return g_strdup (url);
}

/* Whether a fullUrl means the same thing in every document: a web address, an OID, a real UUID. */
static gboolean
is_lasting_url (const char *url)
{
  if (g_str_has_prefix (url, "urn:uuid:"))
    return g_uuid_string_is_valid (url + 9);
  return g_str_has_prefix (url, "http://") || g_str_has_prefix (url, "https://") || g_str_has_prefix (url, "urn:oid:");
}

static gboolean
is_container (const char *type)
{
  return strcmp (type, "Bundle") == 0 || strcmp (type, "Parameters") == 0 || strcmp (type, "OperationOutcome") == 0;
}

static Entry *
look_up (RoundsBundleTaker *self, Scope *scope, const char *url)
{
  for (; scope != NULL; scope = scope->parent)
    {
      Entry *entry = g_hash_table_lookup (scope->by_url, url);

      if (entry != NULL)
        return entry;
    }
  return g_hash_table_lookup (self->by_url, url);
}

/* The entry that a reference in an entry of that scope and server means; rest is what follows its address
 * (a version or a fragment). */
static Entry *
resolve (RoundsBundleTaker *self, Scope *scope, const char *base, const char *reference, char **rest)
{
  g_autofree char *url = normal_url (reference);
  g_auto (RoundsReference) parts = { 0 };
  Entry *entry;
  char *hash;

  if (url == NULL || *url == '#')
    return NULL;
  if ((entry = look_up (self, scope, url)) != NULL)
    return entry;

  if ((hash = strchr (url, '#')) != NULL)
    {
      *rest = g_strdup (hash);
      *hash = '\0';
      if ((entry = look_up (self, scope, url)) != NULL)
        return entry;
    }
  if (rounds_reference_parse (url, &parts) && parts.type != NULL && (parts.base != NULL || base != NULL))
    {
      g_autofree char *absolute =
        g_strconcat (parts.base != NULL ? parts.base : base, parts.type, "/", parts.id, NULL);

      if ((entry = look_up (self, scope, absolute)) != NULL && parts.version != NULL && *rest == NULL)
        *rest = g_strconcat ("/_history/", parts.version, NULL);
    }
  return entry;
}

static void
add_entry (RoundsBundleTaker *self, json_object *resource, const char *full_url, const char *label, Scope *scope)
{
  g_autoptr (GError) error = NULL;
  g_auto (RoundsReference) parts = { 0 };
  const char *type, *id;
  Entry *entry;

  if (!rounds_resource_identify (resource, &type, &id, &error))
    {
      rounds_bundle_taker_refuse (self, label, error->message);
      return;
    }

  entry = g_new0 (Entry, 1);
  entry->resource = json_object_get (resource);
  entry->type = type;
  entry->id = g_strdup (id);
  entry->url = normal_url (full_url);
  entry->label = g_strdup (label);
  entry->scope = scope;
  g_ptr_array_add (self->entries, entry);
  if (entry->url == NULL)
    return;

  entry->is_placeholder = !is_lasting_url (entry->url);
  if (rounds_reference_parse (entry->url, &parts) && g_strcmp0 (parts.type, type) == 0)
    {
      entry->base = g_steal_pointer (&parts.base);
      if (parts.version != NULL && entry->base != NULL)
        {
          g_free (entry->url);
          entry->url = g_strconcat (entry->base, parts.type, "/", parts.id, NULL);
        }
    }
  if (!g_hash_table_contains (scope->by_url, entry->url))
    g_hash_table_insert (scope->by_url, entry->url, entry);
  if (!g_hash_table_contains (self->by_url, entry->url))
    g_hash_table_insert (self->by_url, entry->url, entry);
}

/* As deep as bundles are nested, which is less than the document is deep. */
static void
collect_bundle (RoundsBundleTaker *self, json_object *bundle, Scope *parent, const char *prefix)
{
  json_object *entries = NULL;
  Scope *scope = g_new0 (Scope, 1);

  scope->parent = parent;
  scope->label = g_strdup (prefix);
  scope->by_url = g_hash_table_new (g_str_hash, g_str_equal);
  scope->is_history = g_strcmp0 (rounds_json_peek_string (bundle, "type"), "history") == 0;
  g_ptr_array_add (self->scopes, scope);

  if (!json_object_object_get_ex (bundle, "entry", &entries) || entries == NULL)
    return;
  if (!json_object_is_type (entries, json_type_array))
    {
      rounds_bundle_taker_refuse (self, *prefix != '\0' ? prefix : "1", _ ("entry is not a list"));
      return;
    }

  for (gsize i = 0; i < json_object_array_length (entries); i++)
    {
      json_object *entry = json_object_array_get_idx (entries, i);
      g_autofree char *label = g_strdup_printf ("%s%s%" G_GSIZE_FORMAT, prefix, *prefix != '\0' ? "." : "", i + 1);
      json_object *resource = NULL;
      const char *type;

      if (!json_object_is_type (entry, json_type_object))
        {
          rounds_bundle_taker_refuse (self, label, _ ("not an entry"));
          continue;
        }
      /* A deletion or a bare search score: nothing to take, and import never deletes. */
      if (!json_object_object_get_ex (entry, "resource", &resource))
        continue;

      type = rounds_json_peek_string (resource, "resourceType");
      if (g_strcmp0 (type, "Bundle") == 0)
        collect_bundle (self, resource, scope, label);
      else if (type == NULL || !is_container (type))
        add_entry (self, resource, rounds_json_peek_string (entry, "fullUrl"), label, scope);
    }
}

typedef struct {
  RoundsBundleTaker *taker;
  Entry *entry;
  gboolean found;
} PlaceholderSearch;

static char *
search_placeholder (const char *reference, gpointer data)
{
  PlaceholderSearch *search = data;
  g_autofree char *rest = NULL;
  Entry *target = resolve (search->taker, search->entry->scope, search->entry->base, reference, &rest);

  if (target != NULL && target->is_placeholder)
    search->found = TRUE;
  return NULL;
}

/* Whether an entry points to something whose name means nothing outside this document. */
static gboolean
points_to_placeholder (RoundsBundleTaker *self, Entry *entry)
{
  PlaceholderSearch search = { self, entry, FALSE };

  rounds_reference_rewrite (entry->resource, search_placeholder, &search);
  return search.found;
}

static const char *
document_digest (RoundsBundleTaker *self)
{
  if (self->document_digest == NULL)
    {
      g_autofree char *text = rounds_json_print (self->document);

      self->document_digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
    }
  return self->document_digest;
}

/* An id for a resource without one, the same at every import of the same. A fullUrl that means something
 * in its bundle only ("urn:uuid:1") must not make one patient of two files' patients: it counts together
 * with the whole document and the bundle's place in it, and so does content that points to such a one. */
static char *
name_entry (RoundsBundleTaker *self, Entry *entry)
{
  g_autofree char *content = NULL;
  g_autofree char *name = NULL;

  if (entry->url != NULL && !entry->is_placeholder)
    return rounds_fhir_name_id (entry->url);
  if (entry->url != NULL)
    {
      name = g_strconcat ("document:", document_digest (self), ":", entry->label, ":", entry->url, NULL);
      return rounds_fhir_name_id (name);
    }

  content = rounds_json_print (entry->resource);
  if (entry->scope != NULL && points_to_placeholder (self, entry))
    name = g_strconcat ("document:", document_digest (self), ":", entry->scope->label, ":", content, NULL);
  else
    name = g_strconcat ("content:", content, NULL);
  return rounds_fhir_name_id (name);
}

/* <0: a is older, >0: a is newer, 0: nobody can say. */
static int
compare_age (Entry *a, Entry *b)
{
  const char *at = rounds_json_peek_string (a->resource, "meta.lastUpdated");
  const char *bt = rounds_json_peek_string (b->resource, "meta.lastUpdated");
  RoundsInstant ai, bi;

  if (rounds_instant_parse (at, &ai, NULL) && rounds_instant_parse (bt, &bi, NULL) && ai.us != bi.us)
    return ai.us < bi.us ? -1 : 1;
  return 0;
}

static char *
identity_of (Entry *entry)
{
  return g_strconcat (entry->type, "/", entry->id, NULL);
}

static void
forget_url (RoundsBundleTaker *self, Entry *entry)
{
  if (entry->url == NULL)
    return;
  if (g_hash_table_lookup (self->by_url, entry->url) == entry)
    g_hash_table_remove (self->by_url, entry->url);
  if (entry->scope != NULL && g_hash_table_lookup (entry->scope->by_url, entry->url) == entry)
    g_hash_table_remove (entry->scope->by_url, entry->url);
}

/* Two entries of one identity: one of them stays. */
static void
settle_same (RoundsBundleTaker *self, Entry *first, Entry *second, const char *identity)
{
  int age = compare_age (first, second);
  gboolean same_scope = first->scope == second->scope;
  gboolean other_name = first->url != NULL && second->url != NULL && strcmp (first->url, second->url) != 0;
  /* Alike to the letter, and yet about somebody else when its words mean another thing there. */
  gboolean other_meaning = !same_scope && points_to_placeholder (self, second);

  if (!other_meaning && (rounds_json_equal (first->resource, second->resource) || age > 0 ||
                         (age == 0 && same_scope && second->scope != NULL && second->scope->is_history)))
    second->is_dropped = TRUE;
  else if (!other_meaning && (age < 0 || !other_name))
    {
      first->is_dropped = TRUE;
      g_hash_table_replace (self->by_identity, g_strdup (identity), second);
    }
  else
    {
      second->is_dropped = TRUE;
      forget_url (self, second);
      rounds_bundle_taker_refuse (self, second->label,
                                  _ ("has the type and id of another entry, and other content"));
    }
}

static void
give_identity (RoundsBundleTaker *self, Entry *entry)
{
  g_autofree char *identity = NULL;
  Entry *other;

  if (entry->id == NULL)
    entry->id = name_entry (self, entry);
  identity = identity_of (entry);
  other = g_hash_table_lookup (self->by_identity, identity);
  if (other != NULL && other->base != NULL && entry->base != NULL && strcmp (other->base, entry->base) != 0)
    {
      /* The same name on another server is somebody else. */
      g_free (entry->id);
      entry->id = rounds_fhir_name_id (entry->url);
      g_free (identity);
      identity = identity_of (entry);
      other = g_hash_table_lookup (self->by_identity, identity);
    }

  if (other == NULL)
    g_hash_table_insert (self->by_identity, g_strdup (identity), entry);
  else
    settle_same (self, other, entry, identity);
}

gboolean
rounds_bundle_taker_add (RoundsBundleTaker *self, json_object *document, const char *label, GError **error)
{
  const char *type = NULL;

  if (!rounds_resource_identify (document, &type, NULL, error))
    return FALSE;

  self->document = document;
  g_clear_pointer (&self->document_digest, g_free);
  self->first_entry = self->entries->len;
  if (strcmp (type, "Bundle") == 0)
    collect_bundle (self, document, NULL, label);
  else if (!is_container (type))
    add_entry (self, document, NULL, *label != '\0' ? label : "1", NULL);
  for (guint i = self->first_entry; i < self->entries->len; i++)
    give_identity (self, self->entries->pdata[i]);
  self->document = NULL;
  return TRUE;
}

typedef struct {
  RoundsBundleTaker *taker;
  Entry *entry;
} RewriteContext;

static char *
rewrite_reference (const char *reference, gpointer data)
{
  RewriteContext *context = data;
  g_autofree char *rest = NULL;
  Entry *target =
    resolve (context->taker, context->entry->scope, context->entry->base, reference, &rest);

  if (target == NULL)
    return NULL;
  return g_strconcat (target->type, "/", target->id, rest, NULL);
}

/* An attachment may point to a Binary of the same bundle by urn:. Web addresses are left: the same member
 * name holds canonical addresses and extension names, which are not places. */
static void
rewrite_urls (RewriteContext *context, json_object *value, gboolean is_inner)
{
  if (json_object_is_type (value, json_type_array))
    {
      for (gsize i = 0; i < json_object_array_length (value); i++)
        rewrite_urls (context, json_object_array_get_idx (value, i), is_inner);
      return;
    }
  if (!json_object_is_type (value, json_type_object))
    return;

  if (is_inner && !json_object_object_get_ex (value, "resourceType", NULL))
    {
      const char *url = rounds_json_peek_string (value, "url");

      if (url != NULL && g_ascii_strncasecmp (url, "urn:", 4) == 0)
        {
          g_autofree char *text = rewrite_reference (url, context);

          if (text != NULL)
            json_object_object_add (value, "url", json_object_new_string (text));
        }
    }
  json_object_object_foreach (value, name, member)
    if (strcmp (name, "extension") != 0 && strcmp (name, "modifierExtension") != 0)
      rewrite_urls (context, member, TRUE);
}

/* A copy with the final id, which stands after the type as people write it. */
static json_object *
copy_with_id (json_object *resource, const char *id)
{
  json_object *copy = json_object_new_object ();
  gboolean has_id = json_object_object_get_ex (resource, "id", NULL);

  json_object_object_foreach (resource, name, member)
    {
      if (strcmp (name, "id") == 0)
        json_object_object_add (copy, "id", json_object_new_string (id));
      else
        json_object_object_add (copy, name, rounds_json_copy (member));
      if (!has_id && strcmp (name, "resourceType") == 0)
        json_object_object_add (copy, "id", json_object_new_string (id));
    }
  return copy;
}

GPtrArray *
rounds_bundle_taker_finish (RoundsBundleTaker *self)
{
  GPtrArray *items = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_bundle_item_free);

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = self->entries->pdata[i];
      RewriteContext context = { self, entry };
      RoundsBundleItem *item;

      if (entry->is_dropped)
        continue;
      item = g_new0 (RoundsBundleItem, 1);
      item->type = g_strdup (entry->type);
      item->id = g_strdup (entry->id);
      item->server_base = g_strdup (entry->base);
      item->resource = copy_with_id (entry->resource, entry->id);
      rounds_reference_rewrite (item->resource, rewrite_reference, &context);
      rewrite_urls (&context, item->resource, FALSE);
      g_ptr_array_add (items, item);
    }
  if (self->refused != NULL && self->n_refused > MAX_REFUSED)
    g_ptr_array_add (self->refused, g_strdup_printf (_ ("and %u more"), self->n_refused - MAX_REFUSED));
  return items;
}

GPtrArray *
rounds_bundle_take (json_object *document, GPtrArray *refused, GError **error)
{
  /* Translators: what is wrong with one entry of a bundle, by its number. */
  g_autoptr (RoundsBundleTaker) taker = rounds_bundle_taker_new (refused, _ ("entry %s: %s"));

  if (!rounds_bundle_taker_add (taker, document, "", error))
    return NULL;
  return rounds_bundle_taker_finish (taker);
}
