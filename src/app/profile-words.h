/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sync/connection.h"

G_BEGIN_DECLS

/* "HAPI FHIR Server 8.6.0 · FHIR 4.0.1". Caller frees; all of these are pure and for any thread. */
char *rounds_profile_words_server (const RoundsServerProfile *profile);
/* What it can do and how Rounds uses it, a sentence each: NULL-terminated, caller frees. */
char **rounds_profile_words_abilities (const RoundsServerProfile *profile);
/* What somebody signs in with, in words ("as ward4, with a password"). Caller frees. */
char *rounds_profile_words_sign_in (const RoundsConnection *connection);

G_END_DECLS
