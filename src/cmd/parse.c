/*
 * argv to a command, its options and its arguments. Options may stand anywhere; "--" ends them.
 */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* One letter may stand for different options of different commands: the command's own wins. */
static const struct option_row *option_find(const struct command *command, const char *word,
					    size_t len)
{
	const struct option_row *other = NULL;

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_table[i];

		if (strlen(row->name) == len && !memcmp(row->name, word, len))
			return row;
		if (!row->letter || len != 2 || word[1] != row->letter)
			continue;
		if (!row->takes || (command && (row->takes & command->takes)))
			return row;
		if (!other)
			other = row;
	}
	return other;
}

/* The command of a command line, for what stands before it. */
static const struct command *command_ahead(char **words)
{
	const struct command *command = NULL;

	while (*words && !command)
		command = command_find(*words++);
	return command;
}

void texts_add(struct arena *a, struct texts *texts, const char *text)
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
	struct text_nearest near = {.word = word};

	for (size_t i = 0; i < option_count; i++)
		text_nearest_offer(&near, option_table[i].name);
	for (size_t i = 0; i < command_count; i++)
		text_nearest_offer(&near, command_table[i].name);
	return near.name ? arena_printf(cmd->arena, "did you mean %s?", near.name)
			 : "`kata-tui help` lists them all";
}

/* The option at words[0]; its value may be words[1]. */
static bool parse_option(struct cmd *cmd, char **words, bool *took_next)
{
	const char *word = words[0], *next = words[1], *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option_row *row =
		option_find(cmd->command ? cmd->command : command_ahead(words), word, len);

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
	cmd->given[row - option_table] = true;
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

static bool check_takes(struct cmd *cmd)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_table[i];

		if (cmd->given[i] && row->takes && !(row->takes & cmd->command->takes))
			return usage(cmd, "this command does not take", row->name,
				     arena_printf(cmd->arena, "see `kata-tui help %s`",
						  cmd->command->name));
	}
	return true;
}

static bool check_count(struct cmd *cmd)
{
	const struct command *command = cmd->command;
	const char *server = cmd->options.server; /* stands for the argument */
	size_t count = cmd->arg_count + (server != NULL);
	const char *hint =
		arena_printf(cmd->arena, "usage: kata-tui %s %s", command->name, command->args);

	if (count < command->min)
		return usage(cmd, "too few arguments", NULL, hint);
	if (count > command->max)
		return usage(cmd, "too many arguments, from",
			     server ? "--server" : cmd->args[command->max], hint);
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

/* Whether the next word is the first of somebody else's command line. */
static bool words_begin(const struct cmd *cmd)
{
	return cmd->command && (cmd->command->takes & TAKES_WORDS) &&
	       cmd->arg_count + 1 == cmd->command->min;
}

/* `kata-tui` alone, for a person at a terminal. */
static bool opens_screen(const struct cmd *cmd)
{
	return cmd->screen && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

bool cmd_parse(struct cmd *cmd, int argc, char **argv)
{
	bool words_only = false, help = false;

	cmd->args = arena_alloc(cmd->arena, ((size_t)argc + 2) * sizeof *cmd->args);
	cmd->given = arena_alloc(cmd->arena, option_count * sizeof *cmd->given);
	for (int i = 1; i < argc; i++) {
		words_only = words_only || words_begin(cmd);
		const char *word = words_only ? argv[i] : alias(argv[i]);
		bool took_next = false, is_help = word != argv[i] && !strcmp(word, "help");

		if (!words_only && !strcmp(word, "--")) {
			words_only = true;
		} else if (is_help && cmd->command) {
			help = true;
		} else if (!words_only && *word == '-' && word[1]) {
			if (!parse_option(cmd, argv + i, &took_next))
				return false;
			i += took_next;
		} else if (!parse_word(cmd, word)) {
			return false;
		}
	}
	if (!cmd->command && !help && opens_screen(cmd))
		cmd->command = command_find("ui");
	if (argc == 1 && !cmd->command)
		usage(cmd, "no command given", NULL, "`kata-tui --diff` shows what would change");
	if (help || !cmd->command)
		turn_to_help(cmd);
	return check_takes(cmd) && check_count(cmd);
}
