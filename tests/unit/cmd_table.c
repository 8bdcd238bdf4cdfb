/*
 * The command and option tables, and how argv becomes a command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/cmd/cmd.h"

static void test_commands_are_unique_and_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &command_table[i];

		assert_non_null(c->run);
		assert_true(c->summary && *c->summary && c->args);
		assert_true(c->min <= c->max);
		assert_ptr_equal(command_find(c->name), c);
		if (i)
			assert_true(strcmp(command_table[i - 1].name, c->name) < 0);
	}
	assert_null(command_find("deplo"));
}

/* One letter may be two options of different commands. */
static void assert_no_command_takes_both(const struct option_row *a, const struct option_row *b)
{
	assert_true(a->takes && b->takes);
	for (size_t i = 0; i < command_count; i++)
		assert_false((command_table[i].takes & a->takes) &&
			     (command_table[i].takes & b->takes));
}

static void test_options_are_unique_and_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_table[i];

		assert_int_equal(strncmp(row->name, "--", 2), 0);
		assert_true(row->summary && *row->summary);
		assert_int_equal(row->kind == OPTION_FLAG, row->value == NULL);
		assert_null(command_find(row->name));
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(option_table[j].name, row->name);
			if (row->letter && option_table[j].letter == row->letter)
				assert_no_command_takes_both(&option_table[j], row);
			assert_int_not_equal(option_table[j].offset, row->offset);
		}
	}
}

static void test_every_group_of_options_is_taken(void **state)
{
	unsigned all = 0;

	(void)state;
	for (size_t i = 0; i < command_count; i++)
		all |= command_table[i].takes;
	for (size_t i = 0; i < option_count; i++)
		assert_int_equal(option_table[i].takes & ~all, 0);
}

/* Parses words into cmd with stderr closed off; the caller frees cmd->arena. */
static bool parse(struct cmd *cmd, const char *const *words)
{
	char *argv[12] = {(char *)"kata-tui"};
	int argc = 1, saved = dup(STDERR_FILENO);
	bool ok;

	*cmd = (struct cmd){.arena = arena_new()};
	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	fflush(stderr);
	assert_non_null(freopen("/dev/null", "w", stderr));
	ok = cmd_parse(cmd, argc, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	return ok;
}

static void test_words_become_a_command(void **state)
{
	struct cmd cmd;

	(void)state;
	assert_true(parse(&cmd, (const char *const[]){"--caddy", "unix//a", "--apply", "blog", "-v",
						      "--adopt=shop", "--caddy=:1", "wiki", NULL}));
	assert_string_equal(cmd.command->name, "--apply");
	assert_int_equal(cmd.arg_count, 2);
	assert_string_equal(cmd.args[0], "blog");
	assert_string_equal(cmd.args[1], "wiki");
	assert_int_equal(cmd.options.caddy.count, 2);
	assert_string_equal(cmd.options.caddy.items[1], ":1");
	assert_string_equal(cmd.options.adopt.items[0], "shop");
	assert_true(cmd.options.verbose);
	arena_free(cmd.arena);
}

static void test_help_wherever_it_stands(void **state)
{
	struct cmd cmd;

	(void)state;
	assert_true(parse(&cmd, (const char *const[]){"rm", "--help", NULL}));
	assert_string_equal(cmd.command->name, "help");
	assert_string_equal(cmd.args[0], "rm");
	arena_free(cmd.arena);
	assert_true(parse(&cmd, (const char *const[]){"help", "--apply", NULL}));
	assert_string_equal(cmd.args[0], "--apply");
	arena_free(cmd.arena);
	assert_true(parse(&cmd, (const char *const[]){"--version", NULL}));
	assert_string_equal(cmd.command->name, "version");
	arena_free(cmd.arena);
}

static void test_after_two_dashes_all_are_words(void **state)
{
	struct cmd cmd;

	(void)state;
	assert_true(parse(&cmd, (const char *const[]){"validate", "--", "--json", NULL}));
	assert_int_equal(cmd.arg_count, 1);
	assert_false(cmd.options.json);
	arena_free(cmd.arena);
}

static void test_a_letter_belongs_to_its_command(void **state)
{
	struct cmd cmd;

	(void)state;
	assert_true(parse(&cmd, (const char *const[]){"logs", "-n", "5", "-f", "blog", NULL}));
	assert_string_equal(cmd.options.tail, "5");
	assert_true(cmd.options.follow && !cmd.options.force && !cmd.options.dry_run);
	assert_int_equal(cmd.arg_count, 1);
	arena_free(cmd.arena);
	assert_true(parse(&cmd, (const char *const[]){"-n", "7", "logs", "blog", NULL}));
	assert_string_equal(cmd.options.tail, "7");
	arena_free(cmd.arena);
	assert_true(parse(&cmd, (const char *const[]){"rm", "-f", "-n", "blog", NULL}));
	assert_true(cmd.options.force && cmd.options.dry_run && !cmd.options.follow);
	arena_free(cmd.arena);
}

static void test_words_of_other_programs_are_left_alone(void **state)
{
	struct cmd cmd;

	(void)state;
	assert_true(parse(&cmd, (const char *const[]){"--root", "/r", "run", "blog", "web", "ls",
						      "--help", "--", "-f", NULL}));
	assert_string_equal(cmd.command->name, "run");
	assert_string_equal(cmd.options.root, "/r");
	assert_int_equal(cmd.arg_count, 6);
	assert_string_equal(cmd.args[3], "--help");
	assert_string_equal(cmd.args[4], "--");
	arena_free(cmd.arena);
	assert_true(parse(&cmd, (const char *const[]){"docker", "--version", "--json", NULL}));
	assert_string_equal(cmd.command->name, "docker");
	assert_int_equal(cmd.arg_count, 2);
	assert_string_equal(cmd.args[0], "--version");
	assert_false(cmd.options.json);
	arena_free(cmd.arena);
	assert_true(parse(&cmd, (const char *const[]){"run", "--help", NULL}));
	assert_string_equal(cmd.command->name, "help");
	arena_free(cmd.arena);
}

static void test_wrong_words_are_usage_errors(void **state)
{
	static const char *const wrong[][5] = {
		{"--aply"},
		{"deploi", "blog"},
		{"--apply", "--diff"},
		{"--apply", "--if-plan"},
		{"--apply", "--json=yes"},
		{"ls", "blog"},
		{"config:caddy"},
		{"config:caddy", "a", "b"},
		{"config:caddy", "a", "--server", "b"},
		{"config:env", "--server", "b"},
		{"ls", "--force"},
		{"--diff", "--wipe"},
		{"adopt"},
		{"adopt", "blog", "--wipe"},
		{"validate", "--reveal"},
		{"run", "blog", "web"},
		{"docker"},
		{"logs", "blog", "--force"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct cmd cmd;

		assert_false(parse(&cmd, wrong[i]));
		assert_int_equal(cmd.exit, EXIT_USAGE);
		arena_free(cmd.arena);
	}
}

static void test_no_words_show_help_and_fail(void **state)
{
	struct cmd cmd;

	(void)state;
	assert_true(parse(&cmd, (const char *const[]){NULL}));
	assert_string_equal(cmd.command->name, "help");
	assert_int_equal(cmd.exit, EXIT_USAGE);
	arena_free(cmd.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_are_unique_and_complete),
		cmocka_unit_test(test_options_are_unique_and_complete),
		cmocka_unit_test(test_every_group_of_options_is_taken),
		cmocka_unit_test(test_words_become_a_command),
		cmocka_unit_test(test_help_wherever_it_stands),
		cmocka_unit_test(test_after_two_dashes_all_are_words),
		cmocka_unit_test(test_a_letter_belongs_to_its_command),
		cmocka_unit_test(test_words_of_other_programs_are_left_alone),
		cmocka_unit_test(test_wrong_words_are_usage_errors),
		cmocka_unit_test(test_no_words_show_help_and_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
