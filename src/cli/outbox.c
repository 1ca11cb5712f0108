/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl outbox and quarantine: what waits to be sent, and what the server refused. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "store/outbox.h"

static RoundsExit
list (RoundsCli *cli, const char *const *states)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = rounds_store_outbox_list (cli->store, states, 0, &error);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  if (items == NULL)
    return rounds_cli_fail (error);
  rounds_cli_tell_hidden_waiting (cli);
  for (guint i = 0; i < items->len; i++)
    {
      const RoundsOutboxItem *item = items->pdata[i];

      if (cli->json)
        {
          json_object *line = json_object_new_object ();

          rounds_cli_add_int (line, "seq", item->seq);
          rounds_cli_add_text (line, "type", item->type);
          rounds_cli_add_text (line, "id", item->id);
          rounds_cli_add_text (line, "verb", item->verb);
          rounds_cli_add_text (line, "state", item->state);
          rounds_cli_add_int (line, "attempts", item->attempts);
          if (item->last_status == 0)
            rounds_cli_add_text (line, "last_status", NULL);
          else
            rounds_cli_add_int (line, "last_status", item->last_status);
          rounds_cli_add_text (line, "reason", item->reason);
          rounds_cli_print_json (line);
          continue;
        }
      g_autofree char *seq = g_strdup_printf ("%" G_GINT64_FORMAT, item->seq);
      g_autofree char *reference = g_strdup_printf ("%s/%s", item->type, item->id);

      const char *cells[] = { seq, reference, item->verb, item->state, item->reason != NULL ? item->reason : "", NULL };

      g_ptr_array_add (rows, g_strdupv ((char **) cells));
    }
  if (!cli->json)
    rounds_cli_print_table (
        (const char *const[]) { _("SEQ"), _("RESOURCE"), _("CHANGE"), _("STATE"), _("REASON"), NULL }, rows);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run_outbox (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_outbox, NULL, argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || !g_str_equal (rest[0], "list"))
    return rounds_cli_usage (&rounds_command_outbox, _("outbox list?"));
  code = rounds_cli_open (cli);
  return code == ROUNDS_EXIT_DONE ? list (cli, NULL) : code;
}

const RoundsCommand rounds_command_outbox = {
  "outbox", "list", N_("What waits to be sent"), run_outbox,
};

/* --- quarantine ------------------------------------------------------------------------------------ */

static const char *const refused[] = { "quarantined", NULL };

static RoundsExit
settle (RoundsCli *cli, gboolean discard, const char *type, const char *id)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = discard ? rounds_store_outbox_discard (cli->store, type, id, &error)
                        : rounds_store_outbox_retry (cli->store, type, id, &error);

  return ok ? ROUNDS_EXIT_DONE : rounds_cli_fail (error);
}

static gboolean
is_refused (GPtrArray *items, const char *reference, const RoundsOutboxItem **found)
{
  for (guint i = 0; i < items->len; i++)
    {
      const RoundsOutboxItem *item = items->pdata[i];
      g_autofree char *name = g_strdup_printf ("%s/%s", item->type, item->id);

      if (g_str_equal (name, reference))
        {
          *found = item;
          return TRUE;
        }
    }
  return FALSE;
}

static RoundsExit
run_quarantine (RoundsCli *cli, int argc, char **argv)
{
  gboolean all = FALSE, helped = FALSE, discard = FALSE;
  const GOptionEntry entries[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &all, N_("Everything in quarantine"), NULL },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GError) error = NULL;
  const RoundsOutboxItem *item = NULL;
  guint n = 0;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_quarantine, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  n = g_strv_length (rest);
  discard = n > 0 && g_str_equal (rest[0], "discard");
  if (!((n == 1 && g_str_equal (rest[0], "list") && !all) ||
        (n >= 1 && (discard || g_str_equal (rest[0], "retry")) && (all ? n == 1 : n == 2))))
    return rounds_cli_usage (&rounds_command_quarantine, _("quarantine list, retry or discard TYPE/ID or --all?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (g_str_equal (rest[0], "list"))
    return list (cli, refused);
  items = rounds_store_outbox_list (cli->store, refused, 0, &error);
  if (items == NULL)
    return rounds_cli_fail (error);
  if (!all)
    {
      if (!is_refused (items, rest[1], &item))
        {
          rounds_cli_complain (_("%s is not in quarantine"), rest[1]);
          return ROUNDS_EXIT_REJECTED;
        }
      return settle (cli, discard, item->type, item->id);
    }
  for (guint i = 0; i < items->len && code == ROUNDS_EXIT_DONE; i++)
    {
      item = items->pdata[i];
      code = settle (cli, discard, item->type, item->id);
    }
  return code;
}

const RoundsCommand rounds_command_quarantine = {
  "quarantine", "list | retry TYPE/ID|--all | discard TYPE/ID|--all", N_("What the server refused"), run_quarantine,
};
