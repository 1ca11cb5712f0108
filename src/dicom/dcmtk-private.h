/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Shared by the C++ files of the face only. */
#include "dicom/dcmtk.h"

#include "dcmtk/config/osconfig.h"

void rounds_dcmtk_quiet ();
