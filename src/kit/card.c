/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A card of the Summary. It is a box of boxes and not a GtkListBox: its rows are few, are rebuilt when the
 * record changes, and only some of them can be pressed; keyboard focus belongs to those alone. */

#include "kit/card.h"

struct _RoundsCard
{
  GtkBox parent_instance;

  GtkWidget *header;
  GtkLabel *title;
  GtkLabel *suffix;
  GtkBox *rows;
};

enum {
  PROP_TITLE = 1,
  PROP_SUFFIX,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (RoundsCard, rounds_card, GTK_TYPE_BOX)

static void
rounds_card_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RoundsCard *self = ROUNDS_CARD (object);

  switch (id)
    {
    case PROP_TITLE:
      g_value_set_string (value, gtk_label_get_label (self->title));
      break;
    case PROP_SUFFIX:
      g_value_set_string (value, gtk_label_get_label (self->suffix));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
rounds_card_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RoundsCard *self = ROUNDS_CARD (object);

  switch (id)
    {
    case PROP_TITLE:
      rounds_card_set_title (self, g_value_get_string (value));
      break;
    case PROP_SUFFIX:
      rounds_card_set_suffix (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
rounds_card_class_init (RoundsCardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = rounds_card_get_property;
  object_class->set_property = rounds_card_set_property;
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  props[PROP_SUFFIX] = g_param_spec_string ("suffix", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
rounds_card_init (RoundsCard *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_widget_add_css_class (GTK_WIDGET (self), "card");
  gtk_widget_add_css_class (GTK_WIDGET (self), "rounds-card");
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_START);

  self->header = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  gtk_widget_add_css_class (self->header, "card-header");
  self->title = GTK_LABEL (rounds_label_new (NULL, "card-title"));
  gtk_widget_set_hexpand (GTK_WIDGET (self->title), TRUE);
  self->suffix = GTK_LABEL (rounds_label_new (NULL, "dimmed caption numeric"));
  gtk_widget_set_visible (GTK_WIDGET (self->suffix), FALSE);
  gtk_box_append (GTK_BOX (self->header), GTK_WIDGET (self->title));
  gtk_box_append (GTK_BOX (self->header), GTK_WIDGET (self->suffix));
  gtk_box_append (GTK_BOX (self), self->header);

  self->rows = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 0));
  gtk_widget_add_css_class (GTK_WIDGET (self->rows), "card-rows");
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->rows));
}

GtkWidget *
rounds_card_new (const char *title)
{
  return g_object_new (ROUNDS_TYPE_CARD, "title", title, NULL);
}

void
rounds_card_set_title (RoundsCard *self, const char *title)
{
  g_return_if_fail (ROUNDS_IS_CARD (self));

  rounds_label_set (self->title, title);
  rounds_accessible_name (GTK_WIDGET (self), title != NULL ? title : "");
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TITLE]);
}

void
rounds_card_set_suffix (RoundsCard *self, const char *text)
{
  g_return_if_fail (ROUNDS_IS_CARD (self));

  rounds_label_set (self->suffix, text);
  gtk_widget_set_visible (GTK_WIDGET (self->suffix), text != NULL && *text != '\0');
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUFFIX]);
}

void
rounds_card_add_header_widget (RoundsCard *self, GtkWidget *widget)
{
  g_return_if_fail (ROUNDS_IS_CARD (self));

  gtk_widget_set_valign (widget, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (self->header), widget);
}

void
rounds_card_append (RoundsCard *self, GtkWidget *row)
{
  g_return_if_fail (ROUNDS_IS_CARD (self));

  gtk_widget_add_css_class (row, "card-row");
  gtk_box_append (self->rows, row);
}

void
rounds_card_clear (RoundsCard *self)
{
  GtkWidget *child;

  g_return_if_fail (ROUNDS_IS_CARD (self));

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->rows))) != NULL)
    gtk_box_remove (self->rows, child);
}

void
rounds_card_set_note (RoundsCard *self, const char *text)
{
  GtkWidget *label;

  rounds_card_clear (self);
  if (text == NULL)
    return;
  label = rounds_label_new (text, "dimmed");
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_NONE);
  rounds_card_append (self, label);
}

GtkWidget *
rounds_card_row_new (const char *strong, RoundsTone tone, const char *text, const char *pill, RoundsTone pill_tone,
                     const char *end)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label;

  if (strong != NULL && *strong != '\0')
    {
      label = rounds_label_new (strong, "strong");
      rounds_tone_apply (label, tone);
      gtk_box_append (GTK_BOX (row), label);
    }
  if (text != NULL && *text != '\0')
    {
      label = rounds_label_new (text, NULL);
      gtk_box_append (GTK_BOX (row), label);
    }
  if (pill != NULL && *pill != '\0')
    gtk_box_append (GTK_BOX (row), rounds_pill_new (pill_tone, pill));
  if (end != NULL && *end != '\0')
    {
      label = gtk_label_new (end);
      gtk_widget_add_css_class (label, "dimmed");
      gtk_widget_add_css_class (label, "caption");
      gtk_widget_add_css_class (label, "numeric");
      gtk_widget_set_hexpand (label, TRUE);
      gtk_widget_set_halign (label, GTK_ALIGN_END);
      gtk_box_append (GTK_BOX (row), label);
    }
  return row;
}
