/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scans page alone in a window, driven from the command line, for looking at it and for measuring it:
 *
 *   scans-view-demo WIDTH HEIGHT light|dark FOLDER STEP…
 *
 * FOLDER's DICOM files get the identity of a made-up patient and go into a throw-away profile. Steps, one after
 * the other: "wait" (until the picture is there), "sleep:MS" (of looking), "action:NAME[:STRING]", "int:NAME:N",
 * "draw:KIND" (a measurement as the pen would make it), "scroll" (every slice once, painted slices are counted),
 * "drag" (window for two seconds), "shot:FILE.png", "wrong" before "open" gives the scans another birth date. */
#include <adwaita.h>
#include <glib/gstdio.h>

#include "dicom/writer.h"
#include "kit/kit.h"
#include "scans/scan-import.h"
#include "scans/view/scans-card.h"
#include "scans/view/scans-page-private.h"

typedef struct {
  GtkWindow *window;
  RoundsScansPage *page;
  RoundsStore *store;
  char **steps;
  guint at, tick, tick_count;
  gint64 began_us, cpu_us;
  gulong handler;
} Demo;

static GMainLoop *loop;
static void next_step (Demo *self);

static gboolean
next_cb (gpointer data)
{
  next_step (data);
  return G_SOURCE_REMOVE;
}

static void
shoot (Demo *self, const char *path)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (self->window));
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  int width = gtk_widget_get_width (GTK_WIDGET (self->window)), height = gtk_widget_get_height (GTK_WIDGET (self->window));
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (snapshot);
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (self->window)), node,
                                         &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  gdk_texture_save_to_png (texture, path);
}

static gint64
cpu_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (gint64) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static gboolean
scroll_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Demo *self = data;
  RoundsStack *stack = self->page->stack;
  guint n = rounds_stack_get_n (stack), index = rounds_stack_get_index (stack), painted = 0;

  if (self->began_us == 0)
    {
      if (rounds_frame_cache_get_n_ready (rounds_stack_get_cache (stack)) < n)
        return G_SOURCE_CONTINUE;   /* scrolling is measured on what is loaded */
      rounds_stack_set_index (stack, 0);
      if (!rounds_stack_is_current (stack))
        return G_SOURCE_CONTINUE;
      rounds_viewport_reset_painted (self->page->viewport, n);
      self->began_us = g_get_monotonic_time ();
      self->cpu_us = cpu_us ();
      self->tick_count = 0;
      gtk_widget_queue_draw (GTK_WIDGET (self->page->viewport));
      return G_SOURCE_CONTINUE;
    }
  self->tick_count++;
  if (index + 1 < n)
    {
      rounds_stack_set_index (stack, index + 1);
      return G_SOURCE_CONTINUE;
    }
  if (!rounds_stack_is_current (stack) || rounds_viewport_get_painted (self->page->viewport, n - 1) == 0)
    return G_SOURCE_CONTINUE;
  for (guint i = 0; i < n; i++)
    painted += rounds_viewport_get_painted (self->page->viewport, i) > 0;
  {
    double seconds = (g_get_monotonic_time () - self->began_us) / 1e6;
    g_print ("scroll: %u of %u slices painted in %.2f s (%.1f a second), main thread %.2f ms a slice\n", painted, n,
             seconds, n / seconds, (cpu_us () - self->cpu_us) / 1000.0 / n);
  }
  g_timeout_add (50, next_cb, self);
  return G_SOURCE_REMOVE;
}

static gboolean
drag_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Demo *self = data;

  if (self->tick_count++ == 0)
    {
      self->began_us = g_get_monotonic_time ();
      self->cpu_us = cpu_us ();
      rounds_viewport_reset_painted (self->page->viewport, rounds_stack_get_n (self->page->stack));
    }
  g_signal_emit_by_name (self->page->viewport, "window-drag", self->tick_count % 60 < 30 ? 3.0 : -3.0, 1.0, 1.0);
  if (self->tick_count < 120)
    return G_SOURCE_CONTINUE;
  {
    double seconds = (g_get_monotonic_time () - self->began_us) / 1e6;
    g_print ("drag: %u wishes in %.2f s, %u pictures painted, main thread %.2f ms a frame\n", self->tick_count, seconds,
             (guint) rounds_viewport_get_n_painted (self->page->viewport), (cpu_us () - self->cpu_us) / 1000.0 / 120);
  }
  g_timeout_add (50, next_cb, self);
  return G_SOURCE_REMOVE;
}

static void
draw (Demo *self, const char *kind)
{
  const RoundsScanSlice *slice = rounds_scan_series_get_slice (self->page->series, rounds_stack_get_index (self->page->stack));
  g_autoptr (RoundsMeasurement) m
    = rounds_measurement_new (g_str_equal (kind, "length") ? ROUNDS_MEASURE_LENGTH
                              : g_str_equal (kind, "ellipse") ? ROUNDS_MEASURE_ELLIPSE : ROUNDS_MEASURE_PROBE,
                              slice->instance->sop_uid, slice->frame);
  double w = slice->instance->columns, h = slice->instance->rows;

  m->x[0] = w * 0.40;
  m->y[0] = h * 0.42;
  m->x[1] = w * 0.52;
  m->y[1] = h * (m->kind == ROUNDS_MEASURE_LENGTH ? 0.72 : 0.50);
  if (m->kind == ROUNDS_MEASURE_PROBE)
    m->x[0] = w * 0.3;
  g_signal_emit_by_name (self->page->viewport, "measured", m);
}

/* Who asks for how much width: finds what does not fit into a narrow window. */
static void
print_widths (GtkWidget *widget, int depth)
{
  int minimum;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  if (minimum > 200)
    g_print ("%*s%s %d\n", depth * 2, "", G_OBJECT_TYPE_NAME (widget), minimum);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    print_widths (child, depth + 1);
}

static gboolean
wait_cb (gpointer data)
{
  Demo *self = data;

  if (self->page->series == NULL
      || (!rounds_stack_is_current (self->page->stack) && self->page->failed_message == NULL
          && g_strcmp0 (gtk_stack_get_visible_child_name (self->page->area), "image") == 0))
    return G_SOURCE_CONTINUE;
  g_timeout_add (120, next_cb, self);
  return G_SOURCE_REMOVE;
}

static void
next_step (Demo *self)
{
  const char *step = self->steps[self->at];
  g_auto (GStrv) parts = NULL;

  if (step == NULL)
    {
      g_main_loop_quit (loop);
      return;
    }
  self->at++;
  parts = g_strsplit (step, ":", 3);
  if (g_str_equal (parts[0], "wait"))
    {
      g_timeout_add (20, wait_cb, self);
      return;
    }
  if (g_str_equal (parts[0], "scroll") || g_str_equal (parts[0], "drag"))
    {
      self->began_us = 0;
      self->tick_count = 0;
      gtk_widget_add_tick_callback (GTK_WIDGET (self->page->viewport), parts[0][0] == 's' ? scroll_cb : drag_cb, self, NULL);
      return;
    }
  if (g_str_equal (parts[0], "action") && parts[2] != NULL)
    gtk_widget_activate_action (GTK_WIDGET (self->page), parts[1], "s", parts[2]);
  else if (g_str_equal (parts[0], "action"))
    gtk_widget_activate_action (GTK_WIDGET (self->page), parts[1], NULL);
  else if (g_str_equal (parts[0], "int"))
    gtk_widget_activate_action (GTK_WIDGET (self->page), parts[1], "i", atoi (parts[2]));
  else if (g_str_equal (parts[0], "draw"))
    draw (self, parts[1]);
  else if (g_str_equal (parts[0], "widths"))
    print_widths (GTK_WIDGET (self->page), 0);
  else if (g_str_equal (parts[0], "clear"))
    rounds_scans_page_set_patient (self->page, NULL, NULL);
  else if (g_str_equal (parts[0], "shot"))
    shoot (self, parts[1]);
  g_timeout_add (g_str_equal (parts[0], "sleep") ? (guint) atoi (parts[1]) : 60, next_cb, self);
}

static void
import_folder (RoundsStore *store, const char *folder, gboolean wrong)
{
  RoundsIdentity identity = { "4471-0093", "Hickle^Alfonzo", wrong ? "19700101" : "19650314", "M", "demo",
                              "CT chest", NULL, "identity replaced", "20260301", "075500" };
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL), *data = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      g_autoptr (GError) error = NULL;
      GBytes *made;
      gsize size;

      if (!g_file_get_contents (path, &data, &size, NULL))
        continue;
      bytes = g_bytes_new_take (g_steal_pointer (&data), size);
      file = rounds_dicom_file_new (bytes, &error);
      made = file != NULL ? rounds_dicom_write_with_identity (file, &identity, &error) : NULL;
      if (made != NULL)
        g_ptr_array_add (all, made);
      else
        g_printerr ("%s: %s\n", name, error->message);
    }
  if (all->len > 0)
    {
      g_autofree RoundsImportOutcome *outcomes = g_new0 (RoundsImportOutcome, all->len);
      g_autofree GError **errors = g_new0 (GError *, all->len);
      g_autoptr (GError) error = NULL;

      if (!rounds_scans_import_many (store, (GBytes *const *) all->pdata, all->len, TRUE, outcomes, NULL, errors, &error))
        g_printerr ("import: %s\n", error->message);
    }
}

static gpointer
prepare_thread (gpointer data)
{
  char **argv = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("rounds-demo-XXXXXX", NULL);
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_take_text (g_strdup ("correct horse"));
  g_autoptr (RoundsVault) vault = rounds_vault_create (folder, "Dr Example", ROUNDS_ROLE_PHYSICIAN, passphrase, NULL, &error);
  RoundsSecret *key = vault != NULL ? rounds_vault_unlock (vault, passphrase, &error) : NULL;
  RoundsStore *store = key != NULL ? rounds_store_open (vault, key, TRUE, &error) : NULL;
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);

  g_clear_pointer (&key, rounds_secret_unref);
  if (store == NULL)
    g_error ("%s", error->message);
  rounds_edit_put (edit, "Patient", "p1",
                   "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"system\":\"urn:mrn\",\"value\":\"4471-0093\"}],"
                   "\"name\":[{\"family\":\"Hickle\",\"given\":[\"Alfonzo\"]}],\"gender\":\"male\",\"birthDate\":\"1965-03-14\"}", 0);
  if (!rounds_store_apply (store, edit, &error))
    g_error ("%s", error->message);
  import_folder (store, argv[4], g_strv_contains ((const char *const *) argv + 5, "wrong"));
  return store;
}

int
main (int argc, char **argv)
{
  Demo demo = { 0 };
  GtkWidget *box;

  if (argc < 5)
    return 2;
  g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);
  adw_init ();
  rounds_kit_init ();
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      g_str_equal (argv[3], "dark") ? ADW_COLOR_SCHEME_FORCE_DARK : ADW_COLOR_SCHEME_FORCE_LIGHT);
  /* The store's signals go to this thread's context: it is the default one in both. */
  demo.store = g_thread_join (g_thread_new ("prepare", prepare_thread, argv));
  demo.steps = argv + 5;
  demo.window = GTK_WINDOW (adw_window_new ());
  gtk_window_set_default_size (demo.window, atoi (argv[1]), atoi (argv[2]));
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  if (g_strv_contains ((const char *const *) argv + 5, "card"))
    {
      GtkWidget *card = rounds_scans_card_new ();
      gtk_widget_set_margin_start (card, 12);
      gtk_widget_set_margin_end (card, 12);
      gtk_widget_set_margin_top (card, 12);
      gtk_widget_set_margin_bottom (card, 12);
      gtk_box_append (GTK_BOX (box), card);
      rounds_scans_card_set_patient (ROUNDS_SCANS_CARD (card), demo.store, "p1");
    }
  demo.page = ROUNDS_SCANS_PAGE (rounds_scans_page_new ());
  gtk_widget_set_vexpand (GTK_WIDGET (demo.page), TRUE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (demo.page));
  adw_window_set_content (ADW_WINDOW (demo.window), box);
  rounds_scans_page_set_patient (demo.page, demo.store, "p1");
  gtk_window_present (demo.window);
  loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add (300, next_cb, &demo);
  g_main_loop_run (loop);
  gtk_window_destroy (demo.window);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  rounds_store_close (demo.store);
  g_object_unref (demo.store);
  return 0;
}
