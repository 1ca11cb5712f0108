/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kit/kit.h"

G_BEGIN_DECLS

/* A titled card of rows, as the Summary is made of: title left, a word or a button right, rows below with
 * hairlines between them. Properties: "title", "suffix". */
#define ROUNDS_TYPE_CARD (rounds_card_get_type ())
G_DECLARE_FINAL_TYPE (RoundsCard, rounds_card, ROUNDS, CARD, GtkBox)

GtkWidget *rounds_card_new (const char *title);
void rounds_card_set_title (RoundsCard *self, const char *title);
/* "5 active · 8 resolved". NULL or "" hides it. */
void rounds_card_set_suffix (RoundsCard *self, const char *text);
/* Another widget at the right of the header, after the text. Takes the floating reference. */
void rounds_card_add_header_widget (RoundsCard *self, GtkWidget *widget);

/* Takes the floating reference. */
void rounds_card_append (RoundsCard *self, GtkWidget *row);
void rounds_card_clear (RoundsCard *self);
/* Clears, and says in one dim line why there is nothing ("None recorded"). */
void rounds_card_set_note (RoundsCard *self, const char *text);

/* A row as most cards have it: strong text, text after it, pills, and a dim word at the right. Any may be
 * NULL. tone colours the strong text. Floating reference. */
GtkWidget *rounds_card_row_new (const char *strong, RoundsTone tone, const char *text, const char *pill,
                                RoundsTone pill_tone, const char *end);

G_END_DECLS
