/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A disk for SQLite that loses what was not synced, and fails when it is told to. It lies over the default VFS
 * and becomes the default itself, so that the store uses it without knowing. One test at a time. */

typedef enum {
  POWER_READ,
  POWER_WRITE,
  POWER_SYNC,
  POWER_TRUNCATE,
  POWER_ANY,        /* write, sync, truncate or delete */
  POWER_N_OPS,
} PowerOp;

typedef enum {
  POWER_LOSE_ALL,   /* nothing that was not synced */
  POWER_PREFIX,     /* some of it, in order */
  POWER_REORDER,    /* any of it */
  POWER_TEAR,       /* any of it, in sectors of 512 bytes */
  POWER_N_MODES,
} PowerMode;

void power_vfs_install (void);
/* From now on what is on disk is durable; counts and faults are forgotten. */
void power_vfs_reset (void);
/* Operations since the last reset or arming. */
guint power_vfs_count (PowerOp op);
/* The n-th (from 1) of such operations from now on fails with this errno: EIO or ENOSPC. A sync that fails loses
 * what it should have kept, as kernels do. 0 = none. */
void power_vfs_fail_at (PowerOp op, guint n, int code);
gboolean power_vfs_failed (void);
/* The power goes at the n-th POWER_ANY from now on: this and everything after fails. */
void power_vfs_cut_at (guint n);
gboolean power_vfs_is_cut (void);
/* Syncs say that they are done and are not. */
void power_vfs_set_lying (gboolean lying);
/* Files that SQLite opened for temporary tables, sorting and statement journals since the last reset. */
guint power_vfs_count_temporary (void);
/* With all files closed: leaves on disk what a cut could have left, and power is back. */
void power_vfs_crash (GRand *rand, PowerMode mode);
