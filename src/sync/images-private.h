/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/dicomweb-client.h"
#include "sync/images.h"

G_BEGIN_DECLS

/* Puts the instances of one study that are not known yet into the index. */
gboolean rounds_images_index_study (RoundsStore *store, RoundsDicomwebClient *client, const RoundsDicomwebMatch *study,
                                    guint *n_new, GCancellable *cancellable, GError **error);

G_END_DECLS
