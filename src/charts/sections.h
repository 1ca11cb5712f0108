/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/section.h"

G_BEGIN_DECLS

/* The descriptors, one a file. */
extern const RoundsSection rounds_section_problems;
extern const RoundsSection rounds_section_allergies;
extern const RoundsSection rounds_section_medications;
extern const RoundsSection rounds_section_encounters;
extern const RoundsSection rounds_section_notes;
extern const RoundsSection rounds_section_results;
extern const RoundsSection rounds_section_immunizations;
extern const RoundsSection rounds_section_procedures;
/* Demographics: edited by the same form, listed nowhere. */
extern const RoundsSection rounds_section_patient;

G_END_DECLS
