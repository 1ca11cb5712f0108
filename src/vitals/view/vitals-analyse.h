/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "vitals/collect.h"

G_BEGIN_DECLS

/* A dialog that asks one question about the series of a chart and answers it in words with numbers: summary,
 * standardising, regression with intervals and a prediction, difference, anomalies. Floating reference. */
AdwDialog *rounds_vitals_analyse_dialog_new (RoundsVitalsChart *chart, gint64 from_us, gint64 to_us);

G_END_DECLS
