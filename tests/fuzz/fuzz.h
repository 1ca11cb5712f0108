/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* What a target defines: reads size bytes as its format, and aborts (g_assert) when a promise is broken. Returns
 * 0. The same symbol serves libFuzzer, AFL++'s driver and fuzz-main.c. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
