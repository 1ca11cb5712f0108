/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The line that says that this cache was put back from outside, as the cloud's memory of the audit trail tells
 * (sync/anchor.h), until somebody says that it was on purpose. Nothing is shown while nothing is wrong. */
#define ROUNDS_TYPE_PUT_BACK (rounds_put_back_get_type ())
G_DECLARE_FINAL_TYPE (RoundsPutBack, rounds_put_back, ROUNDS, PUT_BACK, AdwBin)

/* NULL hides it. */
void rounds_put_back_set_store (RoundsPutBack *self, RoundsStore *store);
/* Looks again. */
void rounds_put_back_refresh (RoundsPutBack *self);

G_END_DECLS
