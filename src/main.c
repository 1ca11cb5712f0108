/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The window's program: locale, hardening, run. Everything else is in src/app. */

#include <locale.h>

#include <glib/gi18n.h>

#include "app/application.h"
#include "base/log.h"
#include "base/secret.h"

int
main (int argc, char **argv)
{
  g_autoptr (RoundsApplication) application = NULL;
  const char *locale_folder = g_getenv ("ROUNDS_LOCALE_DIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, locale_folder != NULL ? locale_folder : ROUNDS_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  rounds_log_init ();
  rounds_secret_harden_process ();

  application = rounds_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
