/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/section.h"

G_BEGIN_DECLS

/* The flag of an Observation: its interpretation, else its number against its own reference range (never
 * against a range from elsewhere). *flag: "L", "HH" … owned by the caller, or NULL. */
RoundsMark rounds_result_flag (json_object *observation, char **flag);

/* A critical or abnormal interpretation code's gravity. */
RoundsMark rounds_result_mark_of_code (const char *code);

G_END_DECLS
