/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "fhir/json.h"
#include "store/store.h"

G_BEGIN_DECLS

/* Exit codes of roundsctl; the man page says the same. */
typedef enum {
  ROUNDS_EXIT_DONE = 0,
  ROUNDS_EXIT_REJECTED = 1,   /* some inputs were rejected, the rest is done */
  ROUNDS_EXIT_USAGE = 2,
  ROUNDS_EXIT_LOCKED = 3,     /* locked, wrong passphrase, throttled */
  ROUNDS_EXIT_DAMAGED = 4,    /* cache damaged or newer than the program */
  ROUNDS_EXIT_CLOUD = 5,      /* cloud unreachable */
  ROUNDS_EXIT_CONFLICTS = 6,  /* conflicts or quarantined changes remain */
} RoundsExit;

/* One run of the program: global options, and the profile once it is open. */
typedef struct {
  gboolean json;
  char *profile;              /* folder */
  char *passphrase_file;
  int passphrase_fd;          /* −1 = none */
  RoundsVault *vault;         /* after rounds_cli_open() */
  RoundsStore *store;
  GCancellable *cancellable;  /* SIGINT and SIGTERM cancel it */
} RoundsCli;

/* One command; argv[0] is its own name, the rest are its arguments without the global options. */
typedef struct {
  const char *name;           /* "import", "scans" … */
  const char *arguments;      /* for the usage line */
  const char *summary;
  RoundsExit (*run) (RoundsCli *cli, int argc, char **argv);
} RoundsCommand;

extern const RoundsCommand rounds_command_profile, rounds_command_import, rounds_command_export,
    rounds_command_patients, rounds_command_search, rounds_command_chart, rounds_command_resource, rounds_command_scans,
    rounds_command_models, rounds_command_enhance, rounds_command_vitals, rounds_command_cloud,
    rounds_command_sync, rounds_command_outbox, rounds_command_conflicts, rounds_command_quarantine,
    rounds_command_audit, rounds_command_break_glass;

/* Opens and unlocks the profile; says why not on stderr and returns the exit code. DONE when it is open (also
 * when it was already). */
RoundsExit rounds_cli_open (RoundsCli *cli);
/* The same without opening the cache: cli->vault and *key (owned) are set on DONE. */
RoundsExit rounds_cli_unlock (RoundsCli *cli, RoundsSecret **key);
/* The passphrase from --passphrase-file or --passphrase-fd. NULL with a message on stderr. */
RoundsSecret *rounds_cli_read_passphrase (RoundsCli *cli);

/* One line "roundsctl: …" on stderr. */
void rounds_cli_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The usage line of a command on stderr; returns USAGE. */
RoundsExit rounds_cli_usage (const RoundsCommand *command, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Complains with the error's message and returns the exit code that fits it. */
RoundsExit rounds_cli_fail (const GError *error);
/* What the design names and this version does not do: one line, no usage; returns USAGE. */
RoundsExit rounds_cli_not_yet (const char *what);
/* Whether the account's role may take records out; a refusal is complained about and audited. */
gboolean rounds_cli_may_export (RoundsCli *cli);

/* Says on stderr how many of the changes that wait are restricted and in no list. */
void rounds_cli_tell_hidden_waiting (RoundsCli *cli);

/* "Usage: …" on stdout, for --help of a command with subcommands. */
RoundsExit rounds_cli_help (const RoundsCommand *command);
/* Options of one command: parses entries (GOption) out of argv; rest gets what is left (caller frees with
 * g_strfreev). FALSE: usage was complained about. --help prints and sets *helped. */
gboolean rounds_cli_parse (const RoundsCommand *command, const char *subcommand, int argc, char **argv,
                           const GOptionEntry *entries, char ***rest, gboolean *helped);

/* What is printed for people may come from outside; a terminal must not obey it. A copy of the text in which
 * line ends and tabs are spaces, other control and direction characters and broken UTF-8 U+FFFD. Caller frees. */
char *rounds_cli_clean (const char *text);
/* One line on stdout, cleaned; no line end in the format. */
void rounds_cli_print_line (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Prints one JSON object and a newline on stdout, and flushes. Takes the object. */
void rounds_cli_print_json (json_object *object);
/* The same over several lines, for people. Takes the object. */
void rounds_cli_print_pretty (json_object *object);
/* JSON that is text already, and a newline. What a terminal would obey is escaped: the value stays the same. */
void rounds_cli_print_json_text (const char *json);
/* A table for people: columns padded by display width. rows: array of char ** (NULL-terminated). */
void rounds_cli_print_table (const char *const *headers, GPtrArray *rows);

/* Members, with decimals kept: text digits, doubles by their shortest text (NaN becomes null). */
void rounds_cli_add_int (json_object *object, const char *name, gint64 value);
void rounds_cli_add_double (json_object *object, const char *name, double value);
void rounds_cli_add_bool (json_object *object, const char *name, gboolean value);
/* null when text is NULL. */
void rounds_cli_add_text (json_object *object, const char *name, const char *text);
/* RFC 3339 with offset; null for G_MININT64. */
void rounds_cli_add_instant (json_object *object, const char *name, gint64 us);

/* Finds the patient that an argument names: an id, an identifier, or a query that fits exactly one. NULL: it
 * was complained about and *code set. Caller frees. */
char *rounds_cli_find_patient (RoundsCli *cli, const char *argument, RoundsExit *code);

G_END_DECLS
