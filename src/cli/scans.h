/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* Between the files of "roundsctl scans". */

RoundsExit rounds_cli_scans_pixels (RoundsCli *cli, int argc, char **argv);
RoundsExit rounds_cli_scans_render (RoundsCli *cli, int argc, char **argv);

G_END_DECLS
