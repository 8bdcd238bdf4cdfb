/*
 * argv to a command, its options and its arguments. Options may stand anywhere; "--" ends them.
 */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "kata/text.h"

static bool usage(struct cmd *cmd, const char *what, const char *word, const char *hint)
{
	struct kata_error e;

	error_set(&e, ERROR_INVALID, "%s%s%s%s", what, word ? " \"" : "", word ? word : "",
		  word ? "\"" : "");
	if (cmd->command)
		error_where(&e, "%s", cmd->command->name);
	error_hint(&e, "%s", hint);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_USAGE);
	return false;
}

static const struct option_row *option_find(const char *word, size_t len)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_table[i];

		if (row->letter && len == 2 && word[1] == row->letter)
			return row;
		if (strlen(row->name) == len && !memcmp(row->name, word, len))
			return row;
	}
	return NULL;
}

static void texts_add(struct arena *a, struct texts *texts, const char *text)
{
	texts->items = arena_grow(a, texts->items, texts->count, &texts->cap, sizeof *texts->items);
	texts->items[texts->count++] = text;
}

static void option_store(struct cmd *cmd, const struct option_row *row, const char *value)
{
	char *field = (char *)&cmd->options + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		break;
	case OPTION_TEXT:
		*(const char **)field = value;
		break;
	case OPTION_LIST:
		texts_add(cmd->arena, (struct texts *)field, value);
		break;
	}
}

/* The command or option that a mistyped word is nearest to, as a hint. */
static const char *nearest(struct cmd *cmd, const char *word)
{
	const char *best = NULL;
	unsigned distance = 3;

	for (size_t i = 0; i < option_count + command_count; i++) {
		const char *name = i < option_count ? option_table[i].name
						    : command_table[i - option_count].name;
		unsigned d = text_distance(word, name, 3);

		if (d < distance) {
			distance = d;
			best = name;
		}
	}
	return best ? arena_printf(cmd->arena, "did you mean %s?", best)
		    : "`kata-tui help` lists them all";
}

static bool parse_option(struct cmd *cmd, const char *word, const char *next, bool *took_next)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option_row *row = option_find(word, len);

	if (!row && cmd->command && !strcmp(cmd->command->name, "help")) {
		cmd->args[cmd->arg_count++] = word;
		return true;
	}
	if (!row && command_find(word)) {
		if (cmd->command)
			return usage(cmd, "only one command at a time; there is also", word,
				     "run them one after the other");
		cmd->command = command_find(word);
		return true;
	}
	if (!row)
		return usage(cmd, "unknown option", word, nearest(cmd, word));
	if (row->kind == OPTION_FLAG && equals)
		return usage(cmd, "this option takes no value:", word, row->summary);
	*took_next = row->kind != OPTION_FLAG && !equals;
	if (*took_next && !next)
		return usage(cmd, "this option needs a value:", word, row->summary);
	option_store(cmd, row, equals ? equals + 1 : next);
	return true;
}

static bool parse_word(struct cmd *cmd, const char *word)
{
	if (cmd->command) {
		cmd->args[cmd->arg_count++] = word;
		return true;
	}
	cmd->command = command_find(word);
	return cmd->command || usage(cmd, "unknown command", word, nearest(cmd, word));
}

/* -h and --help are the help command wherever they stand; --version likewise. */
static const char *alias(const char *word)
{
	if (!strcmp(word, "-h") || !strcmp(word, "--help"))
		return "help";
	return strcmp(word, "--version") ? word : "version";
}

static bool check_takes(struct cmd *cmd, char **argv, int argc)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		const struct option_row *row =
			*argv[i] == '-' ? option_find(argv[i], strcspn(argv[i], "=")) : NULL;

		if (row && row->takes && !(row->takes & cmd->command->takes))
			return usage(cmd, "this command does not take", row->name,
				     arena_printf(cmd->arena, "see `kata-tui help %s`",
						  cmd->command->name));
	}
	return true;
}

static bool check_count(struct cmd *cmd)
{
	const struct command *command = cmd->command;
	const char *hint =
		arena_printf(cmd->arena, "usage: kata-tui %s %s", command->name, command->args);

	if (cmd->arg_count < command->min)
		return usage(cmd, "too few arguments", NULL, hint);
	if (cmd->arg_count > command->max)
		return usage(cmd, "too many arguments, from", cmd->args[command->max], hint);
	return true;
}

/* `rm --help` is `help rm`. */
static void turn_to_help(struct cmd *cmd)
{
	const struct command *about = cmd->command;

	cmd->command = command_find("help");
	cmd->arg_count = 0;
	if (about && about != cmd->command)
		cmd->args[cmd->arg_count++] = about->name;
}

bool cmd_parse(struct cmd *cmd, int argc, char **argv)
{
	bool words_only = false, help = false;

	cmd->args = arena_alloc(cmd->arena, ((size_t)argc + 2) * sizeof *cmd->args);
	for (int i = 1; i < argc; i++) {
		const char *word = words_only ? argv[i] : alias(argv[i]);
		bool took_next = false, is_help = word != argv[i] && !strcmp(word, "help");

		if (!words_only && !strcmp(word, "--")) {
			words_only = true;
		} else if (is_help && cmd->command) {
			help = true;
		} else if (!words_only && *word == '-' && word[1]) {
			if (!parse_option(cmd, word, i + 1 < argc ? argv[i + 1] : NULL, &took_next))
				return false;
			i += took_next;
		} else if (!parse_word(cmd, word)) {
			return false;
		}
	}
	if (argc == 1)
		usage(cmd, "no command given", NULL, "`kata-tui --diff` shows what would change");
	if (help || !cmd->command)
		turn_to_help(cmd);
	return check_takes(cmd, argv, argc) && check_count(cmd);
}
