/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/dataset.h"

G_BEGIN_DECLS

/* A data set that can be changed: elements with values in little endian, sequences with items. Made from a parsed
 * file without copying values, changed by the writers, written once. Used inside the folder only. */

typedef struct _RoundsNode RoundsNode;
typedef GPtrArray RoundsNodes;   /* of RoundsNode, in any order until it is written */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsNodes, g_ptr_array_unref)

struct _RoundsNode {
  guint32 tag;
  guint16 vr;
  gboolean encapsulated;   /* value: items of fragments with their headers and the delimiter */
  GBytes *value;           /* NULL for sequences */
  GPtrArray *items;        /* of RoundsNodes; NULL for values */
};

RoundsNodes *rounds_nodes_new (void);
/* Everything of file but group 0002, group lengths, pixel data and what follows them. Text becomes UTF-8 and
 * Specific Character Set ISO_IR 192 where there is any other than ASCII. */
RoundsNodes *rounds_nodes_from_dataset (const RoundsDataset *set, gboolean is_signed);

RoundsNode *rounds_nodes_find (RoundsNodes *self, guint32 tag);
void rounds_nodes_remove (RoundsNodes *self, guint32 tag);
/* Each replaces what was there. Text is UTF-8 and cut to what its VR holds; NULL writes an empty element. */
void rounds_nodes_set_text (RoundsNodes *self, guint32 tag, const char *vr, const char *text);
void rounds_nodes_set_u16 (RoundsNodes *self, guint32 tag, guint16 value);
void rounds_nodes_set_bytes (RoundsNodes *self, guint32 tag, const char *vr, GBytes *value);
/* Adds an item to a sequence, which is made when it is not there. Borrowed. */
RoundsNodes *rounds_nodes_add_item (RoundsNodes *self, guint32 tag);
/* A sequence of one coded item. */
void rounds_nodes_set_code (RoundsNodes *self, guint32 tag, const char *value, const char *scheme,
                            const char *meaning);

/* A Part 10 file, preamble zeroed. LIMIT when a value does not fit its length field. */
GBytes *rounds_nodes_write (RoundsNodes *self, const char *transfer_syntax, GError **error);

G_END_DECLS
