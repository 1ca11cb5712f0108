/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server.h"

/* A small DICOMweb server in memory: QIDO-RS, WADO-RS and STOW-RS, and the ways in which real ones differ. */
typedef struct _MiniDicom MiniDicom;

typedef enum {
  MINI_PARTS_PLAIN,
  MINI_PARTS_QUOTED,          /* boundary="edge of 'parts'" */
  MINI_PARTS_PREAMBLE,        /* words before the first part, and after the last */
  MINI_PARTS_NO_END,          /* the last boundary does not come */
  MINI_PARTS_LF,              /* header lines end with LF alone */
  MINI_PARTS_LONG_HEADER,     /* 20,000 bytes of it: to be refused */
} MiniParts;

struct _MiniDicom {
  FaultServer *server;
  char *url;
  GHashTable *instances;      /* SOP Instance UID → MiniInstance */
  /* TRUE = the test has answered. */
  gboolean (*before) (MiniDicom *self, const FaultRequest *request, FaultAnswer *answer, gpointer data);
  void (*after) (MiniDicom *self, const FaultRequest *request, FaultAnswer *answer, gpointer data);
  gpointer data;

  GHashTable *refused;        /* UID → reason (00081197) that it is not stored for */
  GHashTable *forgotten;      /* set of UIDs that are stored nowhere and named in neither list */
  int refused_status;         /* of an answer with a refusal: 202, 400 or 409 */
  int as_stored_status;       /* of transfer-syntax=*; 0 = it can */
  MiniParts parts;
  guint n_stow, n_sent, n_wado, n_qido;   /* n_sent: instances in all STOW requests */
  gsize largest_stow;
};

typedef struct {
  char *study, *series, *uid, *patient_id;
  GBytes *bytes;
} MiniInstance;

MiniDicom *mini_dicom_new (void);
void mini_dicom_free (MiniDicom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MiniDicom, mini_dicom_free)

/* Stores a Part 10 file unless its UID is there. */
MiniInstance *mini_dicom_put (MiniDicom *self, GBytes *bytes);
