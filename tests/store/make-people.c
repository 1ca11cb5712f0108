/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage: make-people SEED PATIENTS [ENCOUNTERS [CONDITIONS [OBSERVATIONS]]]    numbers a patient; NDJSON on stdout */
#include <stdio.h>
#include <stdlib.h>

#include "people.h"

int
main (int argc, char **argv)
{
  typedef char *(*Make) (guint32, guint, guint);
  const Make makes[] = { people_encounter, people_condition, people_observation };

  if (argc < 3 || argc > 6)
    {
      fprintf (stderr, "usage: make-people SEED PATIENTS [ENCOUNTERS [CONDITIONS [OBSERVATIONS]]]\n");
      return 2;
    }
  for (int i = 0, n = atoi (argv[2]); i < n; i++)
    {
      g_autofree char *patient = people_patient ((guint32) atol (argv[1]), i);

      puts (patient);
      for (int kind = 0; kind + 3 < argc; kind++)
        for (int k = 0; k < atoi (argv[kind + 3]); k++)
          {
            g_autofree char *text = makes[kind]((guint32) atol (argv[1]), i, k);

            puts (text);
          }
    }
  return ferror (stdout) ? 1 : 0;
}
