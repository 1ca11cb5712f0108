/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JPEG-LS of grey images, lossless and near-lossless (ISO 14495-1 annex A). A chest CT is several hundred of them
 * that somebody waits for, and DCMTK's CharLS takes twice as long for each; colour, restart intervals and mapping
 * tables are rare and stay with it. Bits come 64 at a time, and every pixel is one pass over a context of 16 bytes. */
#include "dicom/codec.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct {
  gint32 a, b;
  gint16 c, n;
  gint32 spare;   /* 16 bytes: the index is a shift */
} Context;

typedef struct {
  gint32 a, n, nn;
} RunContext;

typedef struct {
  const guint8 *p, *end;
  guint64 buffer;      /* next bit first */
  int bits;            /* valid ones of it */
  gboolean after_ff;
  int missing;         /* bits that were made up behind the end */
} Bits;

typedef struct {
  int rows, columns, precision;
  int largest, near, t1, t2, t3, reset;
  int range, quantized_bits, limit, step;   /* step = 2 · near + 1 */
  gint8 *quantize;                          /* of −largest…largest, points to its middle */
  Context contexts[365];
  RunContext runs[2];
  int run_index;
  Bits bits;
  gboolean broken;
} Decoder;

static const guint8 run_lengths[32] = { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
                                        4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* --- bits ---------------------------------------------------------------------------- */

static void
refill_slowly (Bits *bits)
{
  while (bits->bits <= 56)
    {
      guint width = bits->after_ff ? 7 : 8;

      if (bits->p >= bits->end || (bits->after_ff && *bits->p >= 0x80))
        {
          /* A marker or the end: zeros, and the account of them. */
          bits->missing += 64 - bits->bits;
          bits->bits = 64;
          bits->end = bits->p;
          return;
        }
      /* After FF the first bit was stuffed and is no bit of the code. */
      bits->buffer |= (guint64) *bits->p << (64 - bits->bits - (int) width);
      bits->after_ff = *bits->p == 0xFF;
      bits->bits += (int) width;
      bits->p++;
    }
}

static inline void
refill (Bits *bits)
{
  if (bits->bits > 32)
    return;
  if (bits->end - bits->p >= 4 && !bits->after_ff)
    {
      guint32 word = rounds_read_u32 (bits->p, TRUE);

      /* No byte of it is FF. */
      if ((((~word) - 0x01010101u) & word & 0x80808080u) == 0)
        {
          bits->buffer |= (guint64) word << (32 - bits->bits);
          bits->bits += 32;
          bits->p += 4;
          return;
        }
    }
  refill_slowly (bits);
}

static inline guint32
take (Bits *bits, int n)
{
  guint32 value;

  if (n == 0)
    return 0;
  value = (guint32) (bits->buffer >> (64 - n));
  bits->buffer <<= n;
  bits->bits -= n;
  return value;
}

/* Golomb code with parameter k and a length limit (A.5.3). */
static inline int
read_golomb (Decoder *self, int k, int limit)
{
  Bits *bits = &self->bits;
  int zeros, longest = limit - self->quantized_bits - 1;

  refill (bits);
  if (G_LIKELY (bits->buffer >> 48 != 0))
    {
      zeros = __builtin_clzll (bits->buffer);
      if (G_LIKELY (zeros < longest))
        {
          /* At most 16 + 16 bits. */
          bits->buffer <<= zeros + 1;
          bits->bits -= zeros + 1;
          return zeros << k | (int) take (bits, k);
        }
    }
  for (zeros = 0;; zeros++)
    {
      refill (bits);
      if (take (bits, 1) == 1)
        break;
      if (zeros > longest)
        {
          self->broken = TRUE;
          return 0;
        }
    }
  refill (bits);
  if (zeros < longest)
    return zeros << k | (int) take (bits, k);
  return (int) take (bits, self->quantized_bits) + 1;
}

/* No error is larger than the range: what is would make the sums of the context run over. */
static inline int
checked (Decoder *self, int mapped)
{
  if (G_UNLIKELY (mapped > 2 * self->range))
    {
      self->broken = TRUE;
      return 0;
    }
  return mapped;
}

/* Smallest k with n · 2^k ≥ a. */
static inline int
golomb_parameter (int a, int n)
{
  int k = __builtin_clz ((guint) n) - __builtin_clz ((guint) a | 1);

  k = MAX (k, 0);
  return k + ((n << k) < a);
}

/* --- pixels -------------------------------------------------------------------------- */

static inline int
reconstruct (const Decoder *self, int predicted, int error, gboolean lossless)
{
  int value;

  if (lossless)
    {
      value = predicted + error;
      if (value < 0)
        value += self->range;
      else if (value > self->largest)
        value -= self->range;
    }
  else
    {
      value = predicted + error * self->step;
      if (value < -self->near)
        value += self->range * self->step;
      else if (value > self->largest + self->near)
        value -= self->range * self->step;
    }
  return CLAMP (value, 0, self->largest);
}

static inline int
regular_pixel (Decoder *self, int q, int ra, int rb, int rc, gboolean lossless)
{
  int sign = q >> 31;   /* 0 or −1 */
  Context *context = &self->contexts[(q ^ sign) - sign];
  int low = MIN (ra, rb), high = MAX (ra, rb);
  int predicted = rc >= high ? low : rc <= low ? high : ra + rb - rc;
  int k, mapped, error;

  predicted += (context->c ^ sign) - sign;
  predicted = CLAMP (predicted, 0, self->largest);
  k = golomb_parameter (context->a, context->n);
  mapped = checked (self, read_golomb (self, k, self->limit));
  error = (mapped >> 1) ^ -(mapped & 1);
  if (lossless && k == 0 && 2 * context->b <= -context->n)
    error = ~error;

  context->b += lossless ? error : error * self->step;
  context->a += ABS (error);
  if (context->n == self->reset)
    {
      context->a >>= 1;
      context->b >>= 1;
      context->n >>= 1;
    }
  context->n++;
  if (context->b <= -context->n)
    {
      context->b = MAX (context->b + context->n, 1 - context->n);
      context->c = (gint16) MAX (context->c - 1, -128);
    }
  else if (context->b > 0)
    {
      context->b = MIN (context->b - context->n, 0);
      context->c = (gint16) MIN (context->c + 1, 127);
    }
  return reconstruct (self, predicted, (error ^ sign) - sign, lossless);
}

/* The pixel that ends a run (A.7.2). */
static int
interruption_pixel (Decoder *self, int ra, int rb, gboolean lossless)
{
  int type = ABS (ra - rb) <= self->near;
  RunContext *run = &self->runs[type];
  int k = golomb_parameter (type ? run->a + (run->n >> 1) : run->a, run->n);
  int mapped = checked (self, read_golomb (self, k, self->limit - run_lengths[self->run_index] - 1));
  int whole = mapped + type, odd = whole & 1, error = (whole + odd) / 2;

  if ((k != 0 || 2 * run->nn >= run->n) == odd)
    error = -error;
  if (error < 0)
    run->nn++;
  run->a += (mapped + 1 - type) >> 1;
  if (run->n == self->reset)
    {
      run->a >>= 1;
      run->n >>= 1;
      run->nn >>= 1;
    }
  run->n++;
  if (self->run_index > 0)
    self->run_index--;
  return reconstruct (self, type ? ra : rb, !type && ra > rb ? -error : error, lossless);
}

/* A run from column x on; returns the column behind what it wrote. */
static int
run_pixels (Decoder *self, const gint32 *above, gint32 *line, int x, gboolean lossless)
{
  int ra = line[x - 1], left = self->columns - x;

  for (;;)
    {
      int length = 1 << run_lengths[self->run_index], n;

      refill (&self->bits);
      if (take (&self->bits, 1) == 1)
        {
          n = MIN (length, left);
          if (length <= left && self->run_index < 31)
            self->run_index++;
        }
      else
        {
          n = (int) take (&self->bits, run_lengths[self->run_index]);
          if (n >= left)
            {
              self->broken = TRUE;
              n = left;
            }
          length = 0;
        }
      for (int i = 0; i < n; i++)
        line[x + i] = ra;
      x += n;
      left -= n;
      if (left == 0)
        return x;
      if (length == 0)
        {
          line[x] = interruption_pixel (self, ra, above[x], lossless);
          return x + 1;
        }
    }
}

static inline void
decode_line (Decoder *self, const gint32 *above, gint32 *line, gboolean lossless)
{
  const gint8 *quantize = self->quantize;
  int rb = above[-1], rd = above[0];
  int x = 0;

  while (x < self->columns)
    {
      int ra = line[x - 1], rc = rb, q;

      rb = rd;
      rd = above[x + 1];
      q = 81 * quantize[rd - rb] + 9 * quantize[rb - rc] + quantize[rc - ra];
      if (q != 0)
        line[x++] = regular_pixel (self, q, ra, rb, rc, lossless);
      else
        {
          x = run_pixels (self, above, line, x, lossless);
          rb = above[x - 1];
          rd = above[MIN (x, self->columns)];
        }
    }
}

static void __attribute__ ((noinline))
decode_line_lossless (Decoder *self, const gint32 *above, gint32 *line)
{
  decode_line (self, above, line, TRUE);
}

static void __attribute__ ((noinline))
decode_line_near (Decoder *self, const gint32 *above, gint32 *line)
{
  decode_line (self, above, line, FALSE);
}

/* --- set-up -------------------------------------------------------------------------- */

static int
bits_for (int values)
{
  int bits = 0;
  while ((1 << bits) < values)
    bits++;
  return bits;
}

/* Thresholds that the stream does not give (C.2.4.1.1). */
static void
default_thresholds (Decoder *self)
{
  int near = self->near, top = self->largest, t1, t2, t3;

  if (top >= 128)
    {
      int factor = (MIN (top, 4095) + 128) / 256;
      t1 = factor * (3 - 2) + 2 + 3 * near;
      t2 = factor * (7 - 3) + 3 + 5 * near;
      t3 = factor * (21 - 4) + 4 + 7 * near;
    }
  else
    {
      int factor = 256 / (top + 1);
      t1 = MAX (2, 3 / factor + 3 * near);
      t2 = MAX (3, 7 / factor + 5 * near);
      t3 = MAX (4, 21 / factor + 7 * near);
    }
  t1 = t1 > top || t1 < near + 1 ? near + 1 : t1;
  t2 = t2 > top || t2 < t1 ? t1 : t2;
  t3 = t3 > top || t3 < t2 ? t2 : t3;
  self->t1 = self->t1 != 0 ? self->t1 : t1;
  self->t2 = self->t2 != 0 ? self->t2 : t2;
  self->t3 = self->t3 != 0 ? self->t3 : t3;
  self->reset = self->reset != 0 ? self->reset : 64;
}

/* Reads the markers to the first bit of the scan; FALSE when it is not of the kind that is decoded here. */
static gboolean
read_markers (Decoder *self, const guint8 *p, gsize size)
{
  gboolean have_frame = FALSE;
  gsize at = 2;

  while (at + 4 <= size && p[at] == 0xFF)
    {
      guint marker = p[at + 1];
      gsize length = rounds_read_u16 (p + at + 2, TRUE);
      const guint8 *body = p + at + 4;

      if (length < 2 || length > size - at - 2)
        return FALSE;
      if (marker == 0xF7)
        {
          if (have_frame || length != 11 || body[5] != 1)
            return FALSE;
          have_frame = TRUE;
          self->precision = body[0];
          self->rows = rounds_read_u16 (body + 1, TRUE);
          self->columns = rounds_read_u16 (body + 3, TRUE);
        }
      else if (marker == 0xF8)
        {
          if (length != 13 || body[0] != 1)
            return FALSE;
          self->largest = rounds_read_u16 (body + 1, TRUE);
          self->t1 = rounds_read_u16 (body + 3, TRUE);
          self->t2 = rounds_read_u16 (body + 5, TRUE);
          self->t3 = rounds_read_u16 (body + 7, TRUE);
          self->reset = rounds_read_u16 (body + 9, TRUE);
        }
      else if (marker == 0xDA)
        {
          if (!have_frame || length != 8 || body[0] != 1 || body[2] != 0 || body[4] != 0 || body[5] != 0)
            return FALSE;
          self->near = body[3];
          self->bits.p = p + at + 2 + length;
          self->bits.end = p + size;
          return TRUE;
        }
      else if (marker < 0xE0 || (marker > 0xEF && marker != 0xFE))
        return FALSE;
      at += 2 + length;
    }
  return FALSE;
}

static gboolean
set_up (Decoder *self)
{
  int top, bits_per_pixel;

  if (self->precision < 2 || self->precision > 16)
    return FALSE;
  top = (1 << self->precision) - 1;
  if (self->largest == 0)
    self->largest = top;
  if (self->largest > top || self->largest < 1 || self->near > MIN (255, self->largest / 2))
    return FALSE;
  default_thresholds (self);
  if (self->t1 < self->near + 1 || self->t2 < self->t1 || self->t3 < self->t2 || self->t3 > self->largest ||
      self->reset < 3 || self->reset > 255)
    return FALSE;
  self->step = 2 * self->near + 1;
  self->range = (self->largest + 2 * self->near) / self->step + 1;
  self->quantized_bits = bits_for (self->range);
  bits_per_pixel = MAX (2, bits_for (self->largest + 1));
  self->limit = 2 * (bits_per_pixel + MAX (8, bits_per_pixel));
  for (guint i = 0; i < G_N_ELEMENTS (self->contexts); i++)
    self->contexts[i] = (Context) { .a = MAX (2, (self->range + 32) / 64), .n = 1 };
  for (guint i = 0; i < 2; i++)
    self->runs[i] = (RunContext) { .a = MAX (2, (self->range + 32) / 64), .n = 1 };
  return TRUE;
}

static gint8
quantize_gradient (const Decoder *self, int d)
{
  int size = ABS (d), q = size <= self->near ? 0 : size < self->t1 ? 1 : size < self->t2 ? 2 : size < self->t3 ? 3 : 4;
  return (gint8) (d < 0 ? -q : q);
}

gboolean
rounds_codec_jpeg_ls_grey (const guint8 *data, gsize size, int rows, int columns, guint8 *out, gboolean *handled,
                           GError **error)
{
  g_autofree Decoder *self = g_new0 (Decoder, 1);
  g_autofree gint8 *table = NULL;
  g_autofree gint32 *lines = NULL;
  gint32 *above, *line;
  gsize width = (gsize) columns;

  *handled = FALSE;
  if (!read_markers (self, data, size) || self->rows != rows || self->columns != columns || !set_up (self))
    return FALSE;
  *handled = TRUE;

  table = g_malloc (2 * (gsize) self->largest + 1);
  self->quantize = table + self->largest;
  for (int d = -self->largest; d <= self->largest; d++)
    self->quantize[d] = quantize_gradient (self, d);
  /* One value more on each side of a line stands for what lies outside the image. */
  lines = g_new0 (gint32, 2 * (width + 2));
  above = lines + 1;
  line = lines + width + 3;
  for (int y = 0; y < rows; y++)
    {
      gint32 *swap = above;

      above[columns] = above[columns - 1];
      line[-1] = above[0];
      if (self->near == 0)
        decode_line_lossless (self, above, line);
      else
        decode_line_near (self, above, line);
      /* The reader may look ahead; only bits that were used and not there are an error. */
      if (self->broken || self->bits.missing > self->bits.bits)
        {
          g_set_error_literal (error, ROUNDS_DICOM_ERROR,
                               self->bits.missing > self->bits.bits ? ROUNDS_DICOM_ERROR_TRUNCATED
                                                                    : ROUNDS_DICOM_ERROR_MALFORMED,
                               _("JPEG-LS: the codestream is damaged or incomplete"));
          return FALSE;
        }
      if (self->precision <= 8)
        for (gsize x = 0; x < width; x++)
          out[(gsize) y * width + x] = (guint8) line[x];
      else
        for (gsize x = 0; x < width; x++)
          ((guint16 *) (void *) out)[(gsize) y * width + x] = (guint16) line[x];
      above = line;
      line = swap;
    }
  return TRUE;
}
