/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"

G_BEGIN_DECLS

/* The bounded reader of DICOM data sets (PS3.5): one flat index over bytes that are not copied. Used inside
 * the folder only; everybody else reads through dicom/file.h. A parsed data set never changes, so any number
 * of workers may read it without a lock. */

#define ROUNDS_TAG_ITEM 0xFFFEE000u
#define ROUNDS_TAG_ITEM_END 0xFFFEE00Du
#define ROUNDS_TAG_SEQUENCE_END 0xFFFEE0DDu
#define ROUNDS_UNDEFINED_LENGTH 0xFFFFFFFFu

#define ROUNDS_VR(a, b) ((guint16) (((guint16) (a) << 8) | (guint16) (b)))
#define ROUNDS_VR_UNKNOWN 0   /* implicit VR: see rounds_dataset_vr() */

enum {
  ROUNDS_ELEMENT_META = 1 << 0,      /* in the file meta group: bytes of the file, little endian */
  ROUNDS_ELEMENT_BIG = 1 << 1,       /* value is big endian */
  ROUNDS_ELEMENT_SEQUENCE = 1 << 2,  /* children are items */
  ROUNDS_ELEMENT_ITEM = 1 << 3,      /* children are elements */
  ROUNDS_ELEMENT_TRUNCATED = 1 << 4, /* the bytes end before the value does (pixel data only) */
};

/* Elements stand in the order of the bytes, a container before what it contains; end is the index of the
 * first element that is no longer inside it. */
typedef struct {
  gsize offset;
  guint32 tag;
  guint32 length;    /* of the value as it is there; for undefined lengths what was found */
  guint32 end;
  guint16 vr;
  guint8 depth;
  guint8 flags;
} RoundsElement;

typedef struct {
  gsize offset;
  guint32 length;
} RoundsFragment;

typedef struct {
  GBytes *bytes;           /* of the file */
  GBytes *inflated;        /* of the data set when it was deflated, else NULL */
  const guint8 *file_data, *data;
  gsize file_size, size;
  char *transfer_syntax;
  gboolean explicit_vr, big_endian, encapsulated;
  gboolean has_preamble_code;   /* the 128 bytes before DICM are not zero */
  GArray *elements;        /* RoundsElement */
  GArray *fragments;       /* RoundsFragment of the pixel data, without the Basic Offset Table */
  RoundsFragment offset_table;
  const RoundsElement *pixels;  /* (7FE0,0008), (7FE0,0009) or (7FE0,0010) of the root, or NULL */
  gboolean pixels_open;    /* encapsulated pixel data that ends without its delimiter */
  gboolean pixels_cut;     /* and inside a fragment */
  GPtrArray *warnings;     /* of char *, without the closing NULL */
} RoundsDataset;

/* Limits of PS3.5 structure: hostile files are refused before they cost memory. */
#define ROUNDS_DATASET_MAX_DEPTH 64
#define ROUNDS_DATASET_MAX_ELEMENTS 4000000u
#define ROUNDS_DATASET_MAX_INFLATED ((gsize) 1 << 30)

RoundsDataset *rounds_dataset_parse (GBytes *bytes, GError **error);
void rounds_dataset_free (RoundsDataset *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsDataset, rounds_dataset_free)

/* The element of tag in an item (or in the root: parent NULL), or NULL. */
const RoundsElement *rounds_dataset_find (const RoundsDataset *self, const RoundsElement *parent, guint32 tag);
/* The n-th item of a sequence (from 0), or NULL. */
const RoundsElement *rounds_dataset_item (const RoundsDataset *self, const RoundsElement *sequence, guint index);
guint rounds_dataset_n_items (const RoundsDataset *self, const RoundsElement *sequence);
/* First child and next sibling; NULL at the end. */
const RoundsElement *rounds_dataset_first (const RoundsDataset *self, const RoundsElement *parent);
const RoundsElement *rounds_dataset_next (const RoundsDataset *self, const RoundsElement *parent,
                                          const RoundsElement *element);

/* Bytes of the value; length is what there is. */
const guint8 *rounds_dataset_value (const RoundsDataset *self, const RoundsElement *element);
/* The VR as written, or by the data dictionary when the file does not say. */
guint16 rounds_dataset_vr (const RoundsDataset *self, const RoundsElement *element);

/* Values of one element; FALSE when absent, unreadable or beyond its multiplicity. signed_words says how an
 * element that may be US or SS is meant. element may be NULL. */
gboolean rounds_dataset_get_double (const RoundsDataset *self, const RoundsElement *element, guint index,
                                    double *out);
gboolean rounds_dataset_get_int (const RoundsDataset *self, const RoundsElement *element, guint index,
                                 gint64 *out);
guint rounds_dataset_count (const RoundsDataset *self, const RoundsElement *element);
/* Text in UTF-8 by the character set that holds in parent (NULL = root). Caller frees; NULL = no text.
 * doubtful (nullable) is set when some of it could not be converted. */
char *rounds_dataset_dup_text (const RoundsDataset *self, const RoundsElement *parent,
                               const RoundsElement *element, gboolean *doubtful);
/* Copies a short code (UID, CS) into a buffer; empty when absent or longer than the buffer. */
void rounds_dataset_copy_code (const RoundsDataset *self, const RoundsElement *element, char *buffer, gsize size);

/* The VR of the public data dictionary: ROUNDS_VR(…), or UN. */
guint16 rounds_dictionary_vr (guint32 tag);
/* Whether the length field of an explicit VR has 32 bits. */
gboolean rounds_vr_is_long (guint16 vr);
gboolean rounds_vr_is_known (guint16 vr);
/* Whether Specific Character Set applies. */
gboolean rounds_vr_is_text (guint16 vr);
/* Bytes that are swapped together: 1, 2, 4 or 8. */
guint rounds_vr_word (guint16 vr);

static inline guint16
rounds_read_u16 (const guint8 *p, gboolean big)
{
  return big ? (guint16) (p[0] << 8 | p[1]) : (guint16) (p[1] << 8 | p[0]);
}

static inline guint32
rounds_read_u32 (const guint8 *p, gboolean big)
{
  return big ? (guint32) p[0] << 24 | (guint32) p[1] << 16 | (guint32) p[2] << 8 | p[3]
             : (guint32) p[3] << 24 | (guint32) p[2] << 16 | (guint32) p[1] << 8 | p[0];
}

static inline guint64
rounds_read_u64 (const guint8 *p, gboolean big)
{
  guint64 first = rounds_read_u32 (p, big), second = rounds_read_u32 (p + 4, big);
  return big ? first << 32 | second : second << 32 | first;
}

G_END_DECLS
