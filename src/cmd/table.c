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
	{"--docker", 0, OPTION_TEXT, AT(docker), 0, "HOST",
	 "the Docker engine: unix:///path or tcp://host:port (else $DOCKER_HOST, else the local "
	 "one)"},
	{"--timeout", 0, OPTION_TEXT, AT(timeout), 0, "SECONDS",
	 "how long Caddy or Docker may take to answer a question (30)"},
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
	{"--server", 0, OPTION_TEXT, AT(server), TAKES_SERVER, "NAME",
	 "instead of an app: a whole server, also a foreign one"},
	{"--service", 0, OPTION_TEXT, AT(service), TAKES_SERVICE, "NAME",
	 "the environment of one service"},
	{"--force", 'f', OPTION_FLAG, AT(force), TAKES_FORCE, NULL, "do not ask"},
	{"--wipe", 'w', OPTION_FLAG, AT(wipe), TAKES_WIPE, NULL, "also remove data and config"},
	{"--detach", 'd', OPTION_FLAG, AT(detach), TAKES_DEPLOY, NULL,
	 "do not wait until what was started is ready"},
	{"--pull", 0, OPTION_FLAG, AT(pull), TAKES_DEPLOY, NULL,
	 "pull images anew, also those that are here"},
	{"--force-recreate", 0, OPTION_FLAG, AT(force_recreate), TAKES_DEPLOY, NULL,
	 "make all containers anew, also unchanged ones"},
	{"--wait", 0, OPTION_FLAG, AT(wait), TAKES_WAIT, NULL,
	 "queue behind another run on the same app instead of failing"},
	{"--upstreams", 0, OPTION_TEXT, AT(upstreams), TAKES_PLAN, "HOW",
	 "keep: leave names of services in dials as they are, for a Caddy inside Docker"},
	{"--follow", 'f', OPTION_FLAG, AT(follow), TAKES_LOGS, NULL,
	 "go on with what comes, also from containers started later, until Ctrl-C"},
	{"--tail", 'n', OPTION_TEXT, AT(tail), TAKES_LOGS, "N",
	 "only the last N lines of each container"},
	{"--since", 0, OPTION_TEXT, AT(since), TAKES_LOGS, "TIME",
	 "only lines since then: \"10m\" ago, 2026-01-31T12:00:00Z, or unix seconds"},
	{"--timestamps", 't', OPTION_FLAG, AT(timestamps), TAKES_LOGS, NULL,
	 "show when each line was written"},
	{"--previous", 'p', OPTION_FLAG, AT(previous), TAKES_LOGS, NULL,
	 "what the containers wrote before they last started"},
	{"--theme", 0, OPTION_TEXT, AT(theme), TAKES_SCREEN, "NAME",
	 "the look of the screen: a file in themes/ or ~/.config/kata-tui/themes/"},
	{"--color", 0, OPTION_TEXT, AT(color_mode), TAKES_SCREEN, "HOW",
	 "never, 8, 16, 256 or true; else what the terminal can do"},
	{"--mouse", 0, OPTION_FLAG, AT(mouse), TAKES_SCREEN, NULL,
	 "the mouse is on from the start"},
	{"--ascii", 0, OPTION_FLAG, AT(ascii), TAKES_SCREEN, NULL, "no characters beyond ASCII"},
	{"--read-only", 0, OPTION_FLAG, AT(read_only), TAKES_SCREEN, NULL,
	 "nothing can be changed from the screen"},
	{"--script", 0, OPTION_TEXT, AT(script), TAKES_SCREEN, "FILE",
	 "no terminal: the steps of a file drive the screen, and print it (for tests)"},
	{"--fake", 0, OPTION_TEXT, AT(fake), TAKES_SCREEN, "DIR",
	 "recorded answers instead of Caddy and Docker (for tests)"},
};
const size_t option_count = sizeof option_table / sizeof *option_table;

const struct command command_table[] = {
	{"--apply", "[APP...]", 0, SIZE_MAX, TAKES_PLAN | TAKES_APPLY | TAKES_WAIT | TAKES_REVEAL,
	 true, "make Docker and Caddy agree with the apps; silent when there was nothing to do",
	 "Reads every app's kata-compose.yaml, compares it with what Docker and Caddy run, and "
	 "does "
	 "the least that makes them agree: containers first, then routes. It pulls or builds only "
	 "what is missing, leaves one-shots that ended well, and honours every stop, scale and "
	 "mode. "
	 "An app that is invalid, or that Caddy refuses, keeps what is live; all others are "
	 "applied. "
	 "Only what carries this KATA_ROOT's mark is ever changed or removed.",
	 run_apply},
	{"--diff", "[APP...]", 0, SIZE_MAX, TAKES_PLAN | TAKES_REVEAL, true,
	 "show what --apply would do; exit 0: nothing, 1: differences, 2: trouble",
	 "Prints each change, the request it becomes, and the digest of the plan for --apply "
	 "--if-plan. --json, besides: of a change {app, op, path, block_path, before, after}, "
	 "block_path being the place inside the app's block, or null; of a step {op, sign, name, "
	 "service, target, why, state}: sign is \"+\", \"~\", \"-\", or \"\" for what only "
	 "serves "
	 "another step, name the final name of the container that it is about, or null.",
	 run_diff},
	{"adopt", "APP", 1, 1, TAKES_FORCE, true,
	 "take what is live in Caddy over into the app's kata-compose.yaml",
	 "The other way round than --apply: writes the lines of its caddy: block anew from what "
	 "config:caddy prints, and leaves every other byte of the file as it is. What came from a "
	 "variable stays the variable, and dials that name a service stay names; a secret of the "
	 "environment is never written out. Comments inside the block go. Shows the differences "
	 "and asks first, unless --force; --dry-run prints the new block.",
	 run_adopt},
	{"config:caddy", "APP", 1, 1, TAKES_RAW | TAKES_SERVER | TAKES_REVEAL, true,
	 "the app's part of Caddy's live config",
	 "Printed as a caddy: block, wherever it lives: in a server of its own, in a shared "
	 "server, or "
	 "attached to a foreign one.",
	 run_config_caddy},
	{"config:docker", "APP", 1, 1, TAKES_REVEAL, true,
	 "the .docker-compose.yaml that a deploy would write now",
	 "For `docker compose` or `docker stack deploy`, whichever mode the app is in. Secret "
	 "values "
	 "are shown as ***, unless --reveal.",
	 run_config_docker},
	{"config:env", "APP [KEY]", 1, 2, TAKES_SERVICE | TAKES_REVEAL, true,
	 "the app's environment: each variable, its layer, and what it overrides", NULL,
	 run_config_env},
	{"config:stack", "APP", 1, 1, 0, true, "the app's kata-compose.yaml as it is on disk", NULL,
	 run_config_stack},
	{"deploy", "APP...", 1, SIZE_MAX,
	 TAKES_PLAN | TAKES_APPLY | TAKES_DEPLOY | TAKES_WAIT | TAKES_REVEAL, true,
	 "bring up an app's containers, then its routes",
	 "Pulls what is missing, builds what changed, starts containers (Compose mode) or services "
	 "(Swarm mode) in the order of depends_on, waits until they are ready, then points Caddy "
	 "at "
	 "them. A service that Caddy proxies to starts beside the old one and takes over when it "
	 "is "
	 "ready. When one does not become ready, the old one goes on with its routes.",
	 run_deploy},
	{"docker", "ARGS...", 1, SIZE_MAX, TAKES_WORDS, true,
	 "run the docker CLI, if it is installed, against our engine",
	 "All words after `docker` go to it as they are.", run_docker},
	{"docker:services", "[APP]", 0, 1, 0, true,
	 "the services of the apps, and how many of each run",
	 "--json: an array of {app, service, mode, running, wanted, image, ports: [{host_ip, "
	 "published, target, protocol}]}. wanted is null when only the file could tell and does "
	 "not.",
	 run_docker_services},
	{"help", "[COMMAND]", 0, 1, 0, false, "this help, or that of one command",
	 "`help compose` lists every key of the Compose specification, and what becomes of it.",
	 run_help},
	{"logs", "APP [SERVICE]", 1, 2, TAKES_LOGS, true,
	 "what the containers of an app wrote, merged",
	 "Stopped containers, too. Control characters and colours do not get through. Lines of "
	 "several "
	 "containers are in the order of their times; with --follow as they arrive. --json: each "
	 "line "
	 "is an object {time, app, service, name, stream, text}.",
	 run_logs},
	{"ls", "", 0, 0, 0, true, "list the apps and where they stand",
	 "Of an app that is not live, or when Caddy cannot be read, LISTEN and HOSTS are as in its "
	 "file. --json: {apps: [{name, state, caddy, from, listen, hosts, server, wants_caddy, "
	 "problems, mode, mode_rule, stopped, running, wanted}]}. from is \"live\", \"file\" or "
	 "null: whether the app is in Caddy, or only its file tells; problems counts errors and "
	 "warnings; what follows mode is there when the app has services.",
	 run_ls},
	{"mode", "APP [compose|swarm|auto]", 1, 2, TAKES_WAIT, true,
	 "show or switch how an app runs",
	 "Takes the containers or services of the old mode down and brings up those of the new "
	 "one; "
	 "data stays. When the new ones do not become ready, it goes back by itself.",
	 run_mode},
	{"ps", "[APP...]", 0, SIZE_MAX, 0, true, "the containers of the apps, and Swarm's tasks",
	 "--json: an array of {app, mode, service, name, number, id, container, state, "
	 "status, since, health, exit_code, image, node, ports: [{host_ip, published, target, "
	 "protocol}]}. id is the container's or the task's, container that of the container; since "
	 "is when it started or, when it does not run, when it ended (of a task: when it came into "
	 "its state), in unix seconds, as exact as the engine's words are. What is not known is "
	 "null.",
	 run_ps},
	{"restart", "APP [SERVICE...]", 1, SIZE_MAX, TAKES_WAIT, true,
	 "restart an app's containers, one after the other", NULL, run_restart},
	{"rm", "APP...", 1, SIZE_MAX, TAKES_FORCE | TAKES_WIPE, true,
	 "remove apps: their routes, then their folders",
	 "Asks first, unless --force. Takes the routes out of Caddy, then removes app/, envs/, "
	 "logs/ and "
	 "repos/ of the app; with --wipe also data/ and config/.",
	 run_rm},
	{"run", "APP SERVICE CMD...", 3, SIZE_MAX, TAKES_WORDS, true,
	 "run a command in the running container of a service",
	 "In the container with the lowest number. On a terminal, the command gets one; otherwise "
	 "its "
	 "input, output and errors are ours. All words after SERVICE are the command's. Ends with "
	 "the "
	 "command's exit status.",
	 run_run},
	{"scale", "APP SERVICE=N...", 2, SIZE_MAX, TAKES_WAIT, true,
	 "set how many containers a service has; later runs keep to it", NULL, run_scale},
	{"setup", "", 0, 0, 0, false, "create the folders of KATA_ROOT", NULL, run_setup},
	{"start", "APP [SERVICE...]", 1, SIZE_MAX, TAKES_WAIT, true, "start what stop has stopped",
	 NULL, run_start},
	{"status", "", 0, 0, 0, true,
	 "Caddy's state, servers, and what on this host makes it worse",
	 "--json, of each server in caddy[].servers: {name, id, app, apps, listen, hosts, "
	 "upstreams, routes}. app is whose server it is (of a shared one the first in it), null "
	 "for a foreign one; apps are all that have routes in it; upstreams are the addresses "
	 "that its reverse_proxy handlers dial; routes is how many it has.",
	 run_status},
	{"stop", "APP [SERVICE...]", 1, SIZE_MAX, TAKES_WAIT, true,
	 "stop an app's containers; they stay stopped until start or deploy", NULL, run_stop},
	{"theme", "[check NAME]", 0, 2, 0, true, "list the screen's themes, or check one",
	 "check says what a theme leaves to its fallbacks, and what could not be told apart with "
	 "few "
	 "colours. Exit 1: it has mistakes.",
	 run_theme},
	{"ui", "", 0, 0, TAKES_SCREEN, true,
	 "the screen: apps, Caddy and containers side by side; also what `kata-tui` alone opens",
	 "Press ? for the keys. It shows what ls, --diff, status and ps answer, follows the "
	 "engine's "
	 "events, Caddy's config and the apps' files, and runs the same commands as a person "
	 "would.",
	 run_screen},
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
