/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/cli.h"
#include "vitals/collect.h"

G_BEGIN_DECLS

/* Between the files of "roundsctl vitals". */

RoundsVitalsChart *rounds_cli_load_vitals (RoundsCli *cli, const char *argument, const char *action,
                                           char **patient_out, RoundsExit *code);
/* Leaves *us when text is NULL. FALSE: usage was complained about. */
gboolean rounds_cli_parse_instant (const RoundsCommand *command, const char *option, const char *text, gint64 *us);
RoundsExit rounds_cli_analyse (RoundsCli *cli, int argc, char **argv);

G_END_DECLS
