/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/instant.h"
#include "fhir/bundle.h"

G_BEGIN_DECLS

/* Collects from one or several documents; identities count over all of them. */
typedef struct _RoundsBundleTaker RoundsBundleTaker;

/* where: a format of two strings, label and reason. refused is borrowed and may be NULL. */
RoundsBundleTaker *rounds_bundle_taker_new (GPtrArray *refused, const char *where);
void rounds_bundle_taker_free (RoundsBundleTaker *self);
/* FALSE when the document is no resource at all; nothing is added then. */
gboolean rounds_bundle_taker_add (RoundsBundleTaker *self, json_object *document, const char *label,
                                  GError **error);
void rounds_bundle_taker_refuse (RoundsBundleTaker *self, const char *label, const char *reason);
/* Array of RoundsBundleItem, owned by the caller. Once, at the end. */
GPtrArray *rounds_bundle_taker_finish (RoundsBundleTaker *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsBundleTaker, rounds_bundle_taker_free)

G_END_DECLS
