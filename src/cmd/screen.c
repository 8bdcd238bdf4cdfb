/*
 * ui, theme: opens the screen, with all it has to know of the command line and the environment.
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/json.h"

/* The folder of the program itself, with no slash at the end. */
static const char *program_folder(struct cmd *cmd, const char **program)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	*program = arena_strdup(cmd->arena, path);
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	return arena_strdup(cmd->arena, path);
}

/* Where keys.conf is: beside the program as built, as installed, or above a build folder. */
static const char *share_folder(struct cmd *cmd, const char *program)
{
	static const char *const below[] = {"share", "../share/kata-tui", "../../share"};
	const char *path = "";

	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		path = arena_printf(cmd->arena, "%s/%s", program, below[i]);
		if (access(arena_printf(cmd->arena, "%s/keys.conf", path), R_OK) == 0)
			break;
	}
	return path;
}

static const char *config_folder(struct cmd *cmd)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return arena_printf(cmd->arena, "%s/kata-tui", config);
	return home && *home == '/' ? arena_printf(cmd->arena, "%s/.config/kata-tui", home) : NULL;
}

/* What every child is to be told, so that it looks at the same things. */
static json_t *options_new(struct cmd *cmd)
{
	json_t *options = json_pack("[s,s]", "--root", cmd->world->root);

	for (size_t i = 0; i < cmd->world->member_count && !cmd->caddy_default; i++) {
		json_array_append_new(options, json_string("--caddy"));
		json_array_append_new(options, json_string(cmd->world->members[i].endpoint.text));
	}
	if (cmd->options.docker) {
		json_array_append_new(options, json_string("--docker"));
		json_array_append_new(options, json_string(cmd->options.docker));
	}
	return options;
}

static json_t *endpoints_new(const struct world *world)
{
	json_t *endpoints = json_array();

	for (size_t i = 0; i < world->member_count; i++)
		json_array_append_new(endpoints, json_string(world->members[i].endpoint.text));
	return endpoints;
}

static const struct screen_command *commands_of(struct cmd *cmd)
{
	struct screen_command *commands = arena_alloc(cmd->arena, command_count * sizeof *commands);

	for (size_t i = 0; i < command_count; i++)
		commands[i] = (struct screen_command){command_table[i].name, command_table[i].args,
						      command_table[i].summary};
	return commands;
}

static void open_screen(struct cmd *cmd, bool themes, const char *theme)
{
	const char *no_color = getenv("NO_COLOR");
	struct screen screen = {
		.version = KATA_VERSION,
		.root = arena_strdup(cmd->arena, cmd->world->root),
		.config = config_folder(cmd),
		.docker = cmd->options.docker,
		.docker_env = getenv("DOCKER_HOST"),
		.cert_path = docker_certificates(cmd),
		.caddy = endpoints_new(cmd->world),
		.options = options_new(cmd),
		.commands = commands_of(cmd),
		.command_count = command_count,
		.themes = themes,
		.theme = theme,
		.color = cmd->options.color_mode,
		.read_only = cmd->options.read_only,
		.mouse = cmd->options.mouse,
		.ascii = cmd->options.ascii,
		.no_color = cmd->options.no_color || (no_color && *no_color),
		.script = cmd->options.script,
		.fake = cmd->options.fake,
	};
	const char *folder = program_folder(cmd, &screen.program);

	if (!cmd->screen) {
		fputs("kata-tui: built without the screen\n", stderr);
		cmd_fail(cmd, EXIT_USAGE);
		return;
	}
	screen.share = share_folder(cmd, folder);
	/* The screen has a loop and signals of its own. */
	world_free(cmd->world);
	cmd->world = NULL;
	cmd_fail(cmd, cmd->screen(&screen));
	json_decref(screen.caddy);
	json_decref(screen.options);
}

void run_screen(struct cmd *cmd)
{
	open_screen(cmd, false, cmd->options.theme);
}

void run_theme(struct cmd *cmd)
{
	struct kata_error e;

	if (!cmd->arg_count || (!strcmp(cmd->args[0], "check") && cmd->arg_count == 2)) {
		open_screen(cmd, true, cmd->arg_count ? cmd->args[1] : NULL);
		return;
	}
	error_set(&e, ERROR_INVALID, "it is `theme` or `theme check NAME`");
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_USAGE);
}
