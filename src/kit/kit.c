/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small things that every page shares: the style sheet, tones, pills, labels that end in "…", toasts and
 * empty states. They are functions around plain GTK widgets rather than types of their own wherever a
 * widget needs no state: fewer types to learn, and CSS does the rest. */

#include "kit/kit.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "kit-resources.h"
#include "kit/card.h"
#include "kit/sparkline.h"

void
rounds_kit_init (void)
{
  static gboolean done;
  GdkDisplay *display = gdk_display_get_default ();

  g_type_ensure (ROUNDS_TYPE_CARD);
  g_type_ensure (ROUNDS_TYPE_SPARKLINE);
  if (done || display == NULL)
    return;
  done = TRUE;
  /* Named here so that a linker keeps it out of the static library. */
  g_resources_register (rounds_kit_get_resource ());

  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (provider, ROUNDS_RESOURCE_BASE "/ui/kit/style.css");
  gtk_style_context_add_provider_for_display (display, GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

const char *
rounds_tone_css_class (RoundsTone tone)
{
  switch (tone)
    {
    case ROUNDS_TONE_ACT:
      return "act";
    case ROUNDS_TONE_LOOK:
      return "look";
    case ROUNDS_TONE_UNSYNCED:
      return "unsynced";
    case ROUNDS_TONE_PLAIN:
    default:
      return NULL;
    }
}

void
rounds_tone_apply (GtkWidget *widget, RoundsTone tone)
{
  const char *css = rounds_tone_css_class (tone);

  gtk_widget_remove_css_class (widget, "act");
  gtk_widget_remove_css_class (widget, "look");
  gtk_widget_remove_css_class (widget, "unsynced");
  if (css != NULL)
    gtk_widget_add_css_class (widget, css);
}

GtkWidget *
rounds_pill_new (RoundsTone tone, const char *text)
{
  GtkWidget *pill = gtk_label_new (NULL);

  gtk_widget_add_css_class (pill, "pill-label");
  gtk_widget_set_valign (pill, GTK_ALIGN_CENTER);
  gtk_widget_set_halign (pill, GTK_ALIGN_START);
  gtk_label_set_max_width_chars (GTK_LABEL (pill), 40);
  rounds_pill_set (pill, tone, text);
  return pill;
}

void
rounds_pill_set (GtkWidget *pill, RoundsTone tone, const char *text)
{
  glong chars = text != NULL ? g_utf8_strlen (text, -1) : 0;

  gtk_label_set_label (GTK_LABEL (pill), text != NULL ? text : "");
  /* Short words are never cut: "on hold" as "on h…" would be worse than a wide pill. */
  gtk_label_set_ellipsize (GTK_LABEL (pill), chars <= 16 ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_END);
  gtk_label_set_width_chars (GTK_LABEL (pill), chars <= 16 ? -1 : 10);
  gtk_widget_set_tooltip_text (pill, chars > 24 ? text : NULL);
  gtk_widget_set_visible (pill, chars > 0);
  rounds_tone_apply (pill, tone);
}

/* Only a label that is really cut gets a tooltip; asked when the pointer rests on it. */
static gboolean
label_query_tooltip_cb (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip, gpointer data)
{
  GtkLabel *label = GTK_LABEL (widget);

  if (!pango_layout_is_ellipsized (gtk_label_get_layout (label)))
    return FALSE;
  gtk_tooltip_set_text (tooltip, gtk_label_get_text (label));
  return TRUE;
}

GtkWidget *
rounds_label_new (const char *text, const char *css)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_has_tooltip (label, TRUE);
  g_signal_connect (label, "query-tooltip", G_CALLBACK (label_query_tooltip_cb), NULL);
  if (css != NULL)
    {
      g_auto (GStrv) classes = g_strsplit (css, " ", -1);

      for (guint i = 0; classes[i] != NULL; i++)
        if (classes[i][0] != '\0')
          gtk_widget_add_css_class (label, classes[i]);
    }
  return label;
}

void
rounds_label_set (GtkLabel *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_label (label), text != NULL ? text : "") != 0)
    gtk_label_set_label (label, text != NULL ? text : "");
}

GtkWidget *
rounds_empty_new (const char *icon_name, const char *title, const char *description, const char *button,
                  const char *action_name)
{
  GtkWidget *page = adw_status_page_new ();

  gtk_widget_add_css_class (page, "compact");
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (page), icon_name);
  if (title != NULL)
    {
      g_autofree char *markup = g_markup_escape_text (title, -1);

      adw_status_page_set_title (ADW_STATUS_PAGE (page), markup);
    }
  if (description != NULL)
    {
      g_autofree char *markup = g_markup_escape_text (description, -1);

      adw_status_page_set_description (ADW_STATUS_PAGE (page), markup);
    }
  if (button != NULL)
    {
      GtkWidget *child = gtk_button_new_with_mnemonic (button);

      gtk_widget_add_css_class (child, "pill");
      gtk_widget_set_halign (child, GTK_ALIGN_CENTER);
      if (action_name != NULL)
        gtk_actionable_set_action_name (GTK_ACTIONABLE (child), action_name);
      adw_status_page_set_child (ADW_STATUS_PAGE (page), child);
    }
  return page;
}

typedef struct {
  RoundsToastFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Toast;

static void
toast_free (gpointer data, GClosure *closure)
{
  Toast *toast = data;

  if (toast->destroy != NULL)
    toast->destroy (toast->data);
  g_free (toast);
}

static void
toast_button_clicked_cb (AdwToast *widget, gpointer data)
{
  Toast *toast = data;

  if (toast->func != NULL)
    toast->func (toast->data);
}

void
rounds_toast (GtkWidget *near, const char *title, const char *button, RoundsToastFunc func, gpointer data,
              GDestroyNotify destroy)
{
  GtkWidget *overlay = near != NULL ? gtk_widget_get_ancestor (near, ADW_TYPE_TOAST_OVERLAY) : NULL;

  if (overlay == NULL)
    {
      g_info ("no place for a toast");
      if (destroy != NULL)
        destroy (data);
      return;
    }

  AdwToast *toast = adw_toast_new (title);
  Toast *closure = g_new0 (Toast, 1);

  closure->func = func;
  closure->data = data;
  closure->destroy = destroy;
  adw_toast_set_use_markup (toast, FALSE);
  if (button != NULL)
    {
      adw_toast_set_button_label (toast, button);
      /* An undo that is gone after five seconds is no undo for someone who was interrupted. */
      adw_toast_set_timeout (toast, 10);
    }
  g_signal_connect_data (toast, "button-clicked", G_CALLBACK (toast_button_clicked_cb), closure, toast_free, 0);
  /* Toasts wait for each other: an Undo that comes ten seconds late belongs to nothing any more. */
  AdwToast *before = g_object_get_data (G_OBJECT (overlay), "rounds-toast");

  if (before != NULL)
    adw_toast_dismiss (before);
  g_object_set_data_full (G_OBJECT (overlay), "rounds-toast", g_object_ref (toast), g_object_unref);
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), toast);
}

void
rounds_accessible_name (GtkWidget *widget, const char *name)
{
  /* A button made with a label is named by that label, and no property would be heard beside it. */
  gtk_accessible_reset_relation (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void
rounds_action_set (GtkActionable *control, const char *name, const char *target)
{
  g_autoptr (GVariant) now = NULL;

  g_return_if_fail (GTK_IS_ACTIONABLE (control));

  now = gtk_actionable_get_action_target_value (control) != NULL
            ? g_variant_ref (gtk_actionable_get_action_target_value (control))
            : NULL;
  if (g_strcmp0 (gtk_actionable_get_action_name (control), name) == 0 &&
      g_strcmp0 (now != NULL ? g_variant_get_string (now, NULL) : NULL, target) == 0)
    return;
  gtk_actionable_set_action_name (control, NULL);
  gtk_actionable_set_action_target_value (control, target != NULL ? g_variant_new_string (target) : NULL);
  gtk_actionable_set_action_name (control, name);
}
