/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Loads the style of Rounds for the default display and registers the types that Blueprint files name.
 * After adw_init(); more than once is harmless. Main thread. */
void rounds_kit_init (void);

/* Meaning of a colour: red = someone must act, amber = someone should look, blue = not sent yet. */
typedef enum {
  ROUNDS_TONE_PLAIN,
  ROUNDS_TONE_ACT,
  ROUNDS_TONE_LOOK,
  ROUNDS_TONE_UNSYNCED,
} RoundsTone;

/* CSS class of a tone ("act", "look", "unsynced"), NULL for plain. Static. */
const char *rounds_tone_css_class (RoundsTone tone);
/* Takes the classes of all tones off a widget and puts this one on. */
void rounds_tone_apply (GtkWidget *widget, RoundsTone tone);

/* A small rounded label ("on hold", "unsynced"). Floating reference. */
GtkWidget *rounds_pill_new (RoundsTone tone, const char *text);
void rounds_pill_set (GtkWidget *pill, RoundsTone tone, const char *text);

/* A label that is cut with "…" when it is too long, with its whole text as tooltip then. css may be NULL,
 * or classes separated by blanks. Floating reference. */
GtkWidget *rounds_label_new (const char *text, const char *css);
void rounds_label_set (GtkLabel *label, const char *text);

/* An empty state that says what to do next; button and action may both be NULL. Floating reference. */
GtkWidget *rounds_empty_new (const char *icon_name, const char *title, const char *description,
                             const char *button, const char *action_name);

/* Runs when the toast's button is pressed. */
typedef void (*RoundsToastFunc) (gpointer data);

/* Shows a toast on the nearest AdwToastOverlay above `near`; without one it is told to the log. title is plain
 * text, not markup. button NULL = none. data is freed by destroy when the toast goes away. */
void rounds_toast (GtkWidget *near, const char *title, const char *button, RoundsToastFunc func, gpointer data,
                   GDestroyNotify destroy);

/* Names a control for screen readers (and tests). */
void rounds_accessible_name (GtkWidget *widget, const char *name);

/* Another action under a control: GTK complains when name and target do not fit for a moment. target: a string, or
 * NULL for an action without one. */
void rounds_action_set (GtkActionable *control, const char *name, const char *target);

G_END_DECLS
