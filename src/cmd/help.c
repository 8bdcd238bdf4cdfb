/*
 * help and version. The man page and completions come from the same tables (mkdocs.c).
 */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 80, HELP_INDENT = 29, KEY_WIDTH = 56 };

/* Two columns, the right one wrapped below itself, and begun there when the left one leaves no two
 * spaces between them. left "" and indent 0: a paragraph. */
static void say_columns(struct cmd *cmd, const char *left, int indent, const char *text)
{
	int room = HELP_WIDTH - indent - 1;

	if (*left && strlen(left) + 2 > (size_t)indent) {
		say_line(cmd, STYLE_PLAIN, "%s", left);
		left = "";
	}
	while (*text) {
		size_t len = strlen(text);

		if (len > (size_t)room) {
			len = (size_t)room;
			while (len && text[len] != ' ')
				len--;
		}
		if (!len)
			len = strcspn(text, " ");
		say_line(cmd, STYLE_PLAIN, "%-*s%.*s", indent, left, (int)len, text);
		text += len + (text[len] == ' ');
		left = "";
	}
}

static void print_option(struct cmd *cmd, const struct option_row *row)
{
	const char *letter = row->letter ? arena_printf(cmd->arena, "-%c, ", row->letter) : "    ";
	const char *left = arena_printf(cmd->arena, "  %s%s%s%s", letter, row->name,
					row->value ? " " : "", row->value ? row->value : "");

	say_columns(cmd, left, HELP_INDENT, row->summary);
}

static void print_options(struct cmd *cmd, unsigned takes)
{
	for (size_t i = 0; i < option_count; i++)
		if (takes ? (option_table[i].takes & takes) != 0 : !option_table[i].takes)
			print_option(cmd, &option_table[i]);
}

/* "logs APP [SERVICE]" */
static const char *synopsis(struct cmd *cmd, const struct command *command)
{
	return *command->args ? arena_printf(cmd->arena, "%s %s", command->name, command->args)
			      : command->name;
}

static void help_all(struct cmd *cmd)
{
	say_line(cmd, STYLE_PLAIN,
		 "kata-tui: apps, their routes in Caddy, and what they should be\n\n"
		 "usage: kata-tui COMMAND [ARGUMENT...] [OPTION...]\n\nCommands:");
	for (size_t i = 0; i < command_count; i++)
		say_columns(cmd, arena_printf(cmd->arena, "  %s", synopsis(cmd, &command_table[i])),
			    HELP_INDENT, command_table[i].summary);
	say_line(cmd, STYLE_PLAIN, "\nOptions of every command:");
	print_options(cmd, 0);
	say_line(cmd, STYLE_PLAIN, "%s", "");
	say_columns(cmd, "", 0,
		    "`kata-tui help COMMAND` tells more, with the command's own options; `help "
		    "compose` lists every key of services: and what becomes of it.");
}

static void help_one(struct cmd *cmd, const struct command *about)
{
	say_line(cmd, STYLE_PLAIN, "usage: kata-tui %s\n", synopsis(cmd, about));
	say_columns(cmd, "", 0, arena_printf(cmd->arena, "%s.", about->summary));
	if (about->detail) {
		say_line(cmd, STYLE_PLAIN, "%s", "");
		say_columns(cmd, "", 0, about->detail);
	}
	if (about->takes & ~(unsigned)TAKES_WORDS) {
		say_line(cmd, STYLE_PLAIN, "\nOptions:");
		print_options(cmd, about->takes);
	}
}

const char *compose_support_name(enum compose_support support)
{
	static const char *const names[] = {
		[COMPOSE_YES] = "yes", [COMPOSE_IGNORE] = "ignored", [COMPOSE_REFUSE] = "refused"};

	return names[support];
}

/* Every key of the Compose specification, as the table has it. */
static void help_compose(struct cmd *cmd)
{
	const struct compose_key *key;

	say_columns(cmd, "", 0,
		    "Keys of kata-compose.yaml, beside caddy: and environment:. Ignored: accepted, "
		    "without effect in that mode, which a warning says. Refused: an error.");
	say_line(cmd, STYLE_PLAIN, "%s", "");
	say_line(cmd, STYLE_DIM, "%-*s%-9s%s", KEY_WIDTH, "KEY", "COMPOSE", "SWARM");
	for (size_t i = 0; (key = compose_key_row(i)); i++) {
		say_columns(cmd, key->path, KEY_WIDTH,
			    arena_printf(cmd->arena, "%-9s%s", compose_support_name(key->compose),
					 compose_support_name(key->swarm)));
		if (key->note)
			say_columns(cmd, "", 4, key->note);
	}
}

static json_t *compose_json_new(void)
{
	json_t *out = json_array();
	const struct compose_key *key;

	for (size_t i = 0; (key = compose_key_row(i)); i++)
		json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:s?}", "key", key->path,
						     "compose", compose_support_name(key->compose),
						     "swarm", compose_support_name(key->swarm),
						     "note", key->note));
	return out;
}

void run_help(struct cmd *cmd)
{
	const struct command *about = cmd->arg_count ? command_find(cmd->args[0]) : NULL;
	const char *dashed = cmd->arg_count ? arena_printf(cmd->arena, "--%s", cmd->args[0]) : "";
	struct kata_error e;

	if (!about)
		about = command_find(dashed);
	if (cmd->arg_count && !strcmp(cmd->args[0], "compose")) {
		if (cmd->options.json)
			say_json_take(cmd, compose_json_new());
		else
			help_compose(cmd);
	} else if (about) {
		help_one(cmd, about);
	} else if (cmd->arg_count) {
		error_set(&e, ERROR_NOT_FOUND, "no such command");
		error_where(&e, "%s", cmd->args[0]);
		error_hint(&e, "`kata-tui help` lists them all");
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_USAGE);
	} else {
		help_all(cmd);
	}
}

void run_version(struct cmd *cmd)
{
	if (cmd->options.json)
		say_json_take(cmd, json_pack("{s:s}", "version", KATA_VERSION));
	else
		say_line(cmd, STYLE_PLAIN, "kata-tui %s", KATA_VERSION);
}
