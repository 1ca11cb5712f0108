/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peer of tests/bench/sync.py: json-c's own parser over files, nothing else. Seconds of processor time on stdout.
 *
 * usage: parse-run FILE… */
#include <glib.h>
#include <json.h>
#include <stdio.h>
#include <time.h>

int
main (int argc, char **argv)
{
  double seconds = 0;

  for (int i = 1; i < argc; i++)
    {
      g_autofree char *text = NULL;
      struct timespec before, after;
      json_object *value;

      if (!g_file_get_contents (argv[i], &text, NULL, NULL))
        return 1;
      clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &before);
      value = json_tokener_parse (text);
      if (value == NULL)
        return 1;
      json_object_put (value);
      clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &after);
      seconds += after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) / 1e9;
    }
  printf ("%.6f\n", seconds);
  return 0;
}
