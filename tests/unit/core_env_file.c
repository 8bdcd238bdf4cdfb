/* ENV files: the dialect of docker compose, taken literally. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/env.h"

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct env env;
};

static int setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new();
	problems_init(&f.problems, f.arena);
	env_init(&f.env, f.arena);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static void read_bytes(struct fixture *f, const char *bytes, size_t len)
{
	problems_init(&f->problems, f->arena);
	env_init(&f->env, f->arena);
	env_add_file(&f->env, ENV_FILE, bytes, len, "ENV", &f->problems);
}

/* One line each: what NAME is afterwards. */
static void single_values(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{"A=1", "1"},
		{"A=1\n", "1"},
		{"A=1\r\n", "1"},
		{"\xef\xbb\xbf"
		 "A=1",
		 "1"},
		{"  A = two words \t\n", "two words"},
		{"export A=1", "1"},
		{"export\tA = 1", "1"},
		{"A=", ""},
		{"A=\n", ""},
		{"A: yaml", "yaml"},
		{"A=x=y", "x=y"},
		{"A=x # note", "x"},
		{"A=x#y", "x#y"},
		{"A=#x", "#x"},
		{"A= # note", ""},
		{"A=x\t#y", "x\t#y"},
		{"A=$B ${C} $$ \\n \\$D", "$B ${C} $$ \\n \\$D"},
		{"A=\"$B\\$C\"", "$B$C"},
		{"A=\"a\\nb\\tc\\\"d\\\\e\\rf\"", "a\nb\tc\"d\\e\rf"},
		{"A=\"a\\xb\\'\"", "a\\xb\\'"},
		{"A=\"two\nlines\r\nhere\"", "two\nlines\nhere"},
		{"A=\"x\" # note", "x"},
		{"A=\"x\"  \n", "x"},
		{"A='$B \\n \"q\" # no'", "$B \\n \"q\" # no"},
		{"A='it\\'s'", "it's"},
		{"A='one\ntwo'", "one\ntwo"},
		{"A=\"\"", ""},
		{"A=''", ""},
		{"A=x\"y\"", "x\"y\""},
		{"A=1\nA=2\n", "2"},
		{"# A=0\n\n \t\nA=1\n#A=2", "1"},
		{"B=\"x\ny\"\nA=caf\xc3\xa9", "caf\xc3\xa9"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture *f = *state;

		read_bytes(f, rows[i].text, strlen(rows[i].text));
		env_resolve(&f->env, &f->problems);
		const struct env_value *v = env_get(&f->env, "A");
		if (f->problems.errors || !v || strcmp(v->value, rows[i].value) != 0)
			fail_msg("row %zu: %s", i, v ? v->value : "(none)");
		assert_true(v->literal && v->secret);
		assert_string_equal(v->place.file, "ENV");
	}
}

static void names(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "export=1\nexport B\nC\na.b-c[0]=2\nexport : 3\n";

	read_bytes(f, text, sizeof text - 1);
	assert_int_equal(f->problems.errors, 0);
	assert_string_equal(env_get(&f->env, "export")->raw, "3");
	assert_null(env_get(&f->env, "B")->raw);
	assert_null(env_get(&f->env, "C")->raw);
	assert_string_equal(env_get(&f->env, "a.b-c[0]")->raw, "2");
	assert_int_equal(env_get(&f->env, "C")->place.line, 3);
}

static void every_fault_has_its_line(void **state)
{
	static const struct {
		unsigned line;
		const char *msg;
	} rows[] = {
		{1, "name is missing"},		 {2, "no NAME=value"}, {3, "name is missing"},
		{7, "behind the closing quote"}, {9, "never closed"},
	};
	struct fixture *f = *state;
	static const char text[] =
		"=x\nA B=c\n$X=1\nGOOD=1\nM=\"two\n\nlines\"x\nMORE=2\nO='open\nLAST=3\n";

	read_bytes(f, text, sizeof text - 1);
	assert_int_equal(f->problems.count, sizeof rows / sizeof rows[0]);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(f->problems.items[i].place.line, rows[i].line);
		assert_non_null(strstr(f->problems.items[i].msg, rows[i].msg));
		assert_int_equal(f->problems.items[i].severity, SEVERITY_ERROR);
	}
	assert_string_equal(env_get(&f->env, "GOOD")->raw, "1");
	assert_string_equal(env_get(&f->env, "MORE")->raw, "2");
	assert_string_equal(env_get(&f->env, "LAST")->raw, "3");
	assert_null(env_get(&f->env, "M"));
}

static void repeats_are_said(void **state)
{
	struct fixture *f = *state;

	read_bytes(f, "A=1\nB=2\nA=3", 11);
	env_resolve(&f->env, &f->problems);
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.items[0].severity, SEVERITY_WARNING);
	assert_int_equal(f->problems.items[0].place.line, 3);
}

static void bytes_that_are_no_text(void **state)
{
	struct fixture *f = *state;
	struct str large = STR_INIT;

	read_bytes(f, "A=1\nB=\xff\n", 9);
	assert_int_equal(f->problems.items[0].place.line, 2);
	assert_int_equal(f->env.count, 0);
	read_bytes(f, "A=1\n\nB=\0\n", 10);
	assert_int_equal(f->problems.items[0].place.line, 3);
	read_bytes(f, NULL, 0);
	assert_int_equal(f->problems.count, 0);
	str_addf(&large, "A=%*s", 1024 * 1024, "");
	read_bytes(f, large.p, large.len);
	assert_int_equal(f->problems.errors, 1);
	str_release(&large);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(single_values),
		TEST(names),
		TEST(every_fault_has_its_line),
		TEST(repeats_are_said),
		TEST(bytes_that_are_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
