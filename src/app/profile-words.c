/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server can do, told so that the person who connects it knows what to expect, not what FHIR calls it. */

#include "app/profile-words.h"

#include <glib/gi18n-lib.h>

char *
rounds_profile_words_server (const RoundsServerProfile *profile)
{
  const char *software = profile->software != NULL ? profile->software : _("A server that does not say its name");

  return profile->fhir_version != NULL ? g_strdup_printf (_("%s · FHIR %s"), software, profile->fhir_version)
                                       : g_strdup (software);
}

char **
rounds_profile_words_abilities (const RoundsServerProfile *profile)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_autofree char *size = g_format_size (profile->max_bundle_bytes);
  gboolean history = profile->has_system_history || g_hash_table_size (profile->history_types) > 0;

  if (profile->tried)
    {
      g_strv_builder_add (words, profile->update_create ? _("Takes new records under the ids given here")
                                                        : _("Gives new records ids of its own; Rounds follows them"));
      if (profile->if_match)
        g_strv_builder_add (words, _("Refuses stale writes, so that nobody is overwritten unseen"));
    }
  else
    g_strv_builder_add (words, _("Writing was not tried; what it allows shows at the first change"));
  if (profile->has_transaction || profile->has_batch)
    g_strv_builder_take (words, g_strdup_printf (
        ngettext ("Takes up to %u change at once (%s)", "Takes up to %u changes at once (%s)", profile->max_entries),
        profile->max_entries, size));
  else
    g_strv_builder_add (words, _("Takes changes one by one"));
  if (profile->has_transaction)
    g_strv_builder_add (words, _("Changes that belong together arrive together or not at all"));
  g_strv_builder_add (words, history ? _("Deletions there are noticed by its history")
                                     : _("Deletions there are noticed by comparing lists, which takes longer"));
  g_strv_builder_take (words, g_strdup_printf (ngettext ("Searches %u kind of record", "Searches %u kinds of record",
                                                         g_hash_table_size (profile->search_types)),
                                               g_hash_table_size (profile->search_types)));
  return g_strv_builder_end (words);
}

char *
rounds_profile_words_sign_in (const RoundsConnection *connection)
{
  const char *user = connection->user != NULL ? connection->user : "?";

  if (g_strcmp0 (connection->auth, "basic") == 0)
    return g_strdup_printf (_("as %s, with a password"), user);
  if (g_strcmp0 (connection->auth, "bearer") == 0)
    return g_strdup (_("with a token"));
  if (g_strcmp0 (connection->auth, "smart") == 0)
    return g_strdup (_("a person, in the browser (SMART)"));
  if (g_strcmp0 (connection->auth, "backend") == 0)
    return g_strdup (_("this installation, by a key of its own"));
  return g_strdup (connection->client_cert != NULL ? _("by this installation’s certificate alone") : _("none"));
}
