/*
 * The tables: every command and every option, once.
 */
#include "cmd.h"

#include <string.h>

#define AT(field) offsetof(struct options, field)

const struct option_row option_table[] = {
	{"--root", 0, OPTION_TEXT, AT(root), 0, "DIR", "KATA_ROOT (else $KATA_ROOT, else $HOME)"},
	{"--caddy", 0, OPTION_LIST, AT(caddy), 0, "ADDRESS",
	 "Caddy's admin API; may be repeated for a fleet (else $CADDY_ADMIN, else localhost:2019)"},
	{"--json", 0, OPTION_FLAG, AT(json), 0, NULL, "print one JSON document"},
	{"--quiet", 'q', OPTION_FLAG, AT(quiet), 0, NULL, "print errors only"},
	{"--verbose", 'v', OPTION_FLAG, AT(verbose), 0, NULL,
	 "print warnings, notes and whole values"},
	{"--no-color", 0, OPTION_FLAG, AT(no_color), 0, NULL, "no colours (also $NO_COLOR)"},
	{"--dry-run", 'n', OPTION_FLAG, AT(dry_run), TAKES_APPLY | TAKES_FORCE, NULL,
	 "show what would be done, change nothing"},
	{"--if-plan", 0, OPTION_TEXT, AT(if_plan), TAKES_APPLY, "DIGEST",
	 "do nothing unless the plan has this digest, as --diff printed it"},
	{"--adopt", 0, OPTION_LIST, AT(adopt), TAKES_PLAN, "APP",
	 "replace a server of the app's name that kata-tui did not make"},
	{"--allow-empty", 0, OPTION_FLAG, AT(allow_empty), TAKES_PLAN, NULL,
	 "remove everything of ours even when there is no app at all"},
	{"--reveal", 0, OPTION_FLAG, AT(reveal), TAKES_REVEAL, NULL, "show secret values"},
	{"--raw", 0, OPTION_FLAG, AT(raw), TAKES_RAW, NULL,
	 "the tagged objects as they are in Caddy, with their paths"},
	{"--service", 0, OPTION_TEXT, AT(service), TAKES_SERVICE, "NAME",
	 "the environment of one service"},
	{"--force", 'f', OPTION_FLAG, AT(force), TAKES_FORCE, NULL, "do not ask"},
	{"--wipe", 'w', OPTION_FLAG, AT(wipe), TAKES_FORCE, NULL, "also remove data and config"},
};
const size_t option_count = sizeof option_table / sizeof *option_table;

const struct command command_table[] = {
	{"--apply", "[APP...]", 0, SIZE_MAX, TAKES_PLAN | TAKES_APPLY | TAKES_REVEAL, true,
	 "make Caddy agree with the apps; silent when there was nothing to do",
	 "Reads every app's kata-compose.yaml, compares it with what Caddy runs, and sends the "
	 "smallest "
	 "request that makes them agree. An app that is invalid, or that Caddy refuses, keeps what "
	 "is "
	 "live; all others are applied. Only what carries this KATA_ROOT's mark is ever changed or "
	 "removed.",
	 run_apply},
	{"--diff", "[APP...]", 0, SIZE_MAX, TAKES_PLAN | TAKES_REVEAL, true,
	 "show what --apply would do; exit 0: nothing, 1: differences, 2: trouble",
	 "Prints each change, the request it becomes, and the digest of the plan for --apply "
	 "--if-plan.",
	 run_diff},
	{"config:caddy", "APP", 1, 1, TAKES_RAW | TAKES_REVEAL, true,
	 "the app's part of Caddy's live config",
	 "Printed as a caddy: block, wherever it lives: in a server of its own, in a shared "
	 "server, or "
	 "attached to a foreign one.",
	 run_config_caddy},
	{"config:env", "APP [KEY]", 1, 2, TAKES_SERVICE | TAKES_REVEAL, true,
	 "the app's environment: each variable, its layer, and what it overrides", NULL,
	 run_config_env},
	{"config:stack", "APP", 1, 1, 0, true, "the app's kata-compose.yaml as it is on disk", NULL,
	 run_config_stack},
	{"help", "[COMMAND]", 0, 1, 0, false, "this help, or that of one command", NULL, run_help},
	{"ls", "", 0, 0, 0, true, "list the apps and where they stand", NULL, run_ls},
	{"rm", "APP...", 1, SIZE_MAX, TAKES_FORCE, true,
	 "remove apps: their routes, then their folders",
	 "Asks first, unless --force. Takes the routes out of Caddy, then removes app/, envs/, "
	 "logs/ and "
	 "repos/ of the app; with --wipe also data/ and config/.",
	 run_rm},
	{"setup", "", 0, 0, 0, false, "create the folders of KATA_ROOT", NULL, run_setup},
	{"status", "", 0, 0, 0, true,
	 "Caddy's state, servers, and what on this host makes it worse", NULL, run_status},
	{"validate", "[APP...]", 0, SIZE_MAX, 0, true,
	 "check kata-compose.yaml of the apps, without Caddy", NULL, run_validate},
	{"version", "", 0, 0, 0, false, "print the version", NULL, run_version},
};
const size_t command_count = sizeof command_table / sizeof *command_table;

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(command_table[i].name, name))
			return &command_table[i];
	return NULL;
}
