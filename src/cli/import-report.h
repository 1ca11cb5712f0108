/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "import/import.h"

G_BEGIN_DECLS

/* A RoundsImportFunc: prints the answer for one file, as JSON or as a line for people. data is the RoundsCli. */
void rounds_cli_report_import (const RoundsImportReport *report, guint done, guint total, gpointer data);

G_END_DECLS
