/* Layers of the environment, resolving, cycles, and the YAML forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
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

static void set(struct fixture *f, enum env_layer layer, const char *name, const char *raw)
{
	bool literal = layer == ENV_BASE || layer == ENV_FILE;

	env_set(&f->env, layer, name, raw, literal,
		(struct place){"f", (unsigned)f->env.count + 1, 1});
}

static void assert_value(struct fixture *f, const char *name, const char *value)
{
	const struct env_value *v = env_get(&f->env, name);

	if (!v || !v->value || strcmp(v->value, value) != 0)
		fail_msg("%s is %s, not %s", name, v && v->value ? v->value : "(none)", value);
}

static const struct problem *find_problem(const struct fixture *f, const char *part)
{
	for (size_t i = 0; i < f->problems.count; i++)
		if (strstr(f->problems.items[i].msg, part))
			return &f->problems.items[i];
	for (size_t i = 0; i < f->problems.count; i++)
		print_error("have %s\n", f->problems.items[i].msg);
	fail_msg("no problem with \"%s\"", part);
	return NULL;
}

static void later_layers_win(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_SERVICE, "A", "service");
	set(f, ENV_BASE, "A", "base");
	set(f, ENV_BASE, "B", "base");
	set(f, ENV_STACK, "B", "stack");
	set(f, ENV_FILE, "B", "file");
	set(f, ENV_ENV_FILE, "C", "one");
	set(f, ENV_ENV_FILE, "C", "two");
	assert_string_equal(env_get(&f->env, "B")->raw, "file");
	assert_string_equal(env_get(&f->env, "C")->raw, "two");
	assert_null(env_get(&f->env, "D"));
	env_resolve(&f->env, &f->problems);
	assert_int_equal(f->env.count, 3);
	assert_value(f, "A", "service");
	assert_value(f, "B", "file");
	assert_value(f, "C", "two");
	assert_null(env_get(&f->env, "D"));
	assert_null(env_get(&f->env, ""));
	assert_null(env_get(&f->env, "AA"));
	const struct env_value *b = env_get(&f->env, "B");
	assert_int_equal(b->layer, ENV_FILE);
	assert_true(b->secret);
	assert_string_equal(b->below->value, "stack");
	assert_string_equal(b->below->below->value, "base");
	assert_null(b->below->below->below);
	assert_null(env_get(&f->env, "C")->below);
	assert_int_equal(f->problems.errors, 0);
	assert_string_equal(find_problem(f, "C is set twice, first in line 6")->msg,
			    "C is set twice, first in line 6; the later one counts");
}

static void values_see_the_merged_result(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_BASE, "ROOT", "/srv/$NOT");
	set(f, ENV_STACK, "PORT", "8000");
	set(f, ENV_STACK, "URL", "http://$HOST:${PORT}$ROOT");
	set(f, ENV_STACK, "HOST", "$SUB.example.com");
	set(f, ENV_STACK, "SUB", "www");
	set(f, ENV_FILE, "PORT", "9$000");
	set(f, ENV_STACK, "LOGIN", "admin:${TOKEN}");
	set(f, ENV_FILE, "TOKEN", "x");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "URL", "http://www.example.com:9$000/srv/$NOT");
	assert_int_equal(f->problems.count, 0);
	assert_true(env_get(&f->env, "LOGIN")->secret);
	assert_false(env_get(&f->env, "URL")->secret); /* PORT is shown by every route */
	assert_false(env_get(&f->env, "HOST")->secret);
}

/* A value that names itself means the layer below, at every layer. */
static void own_name_means_the_layer_below(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_BASE, "PATH", "/bin");
	set(f, ENV_STACK, "PATH", "$PATH:/stack");
	set(f, ENV_SERVICE, "PATH", "${PATH}:$X");
	set(f, ENV_STACK, "X", "<$PATH>");
	set(f, ENV_STACK, "NEW", "a${NEW}b");
	set(f, ENV_STACK, "DEF", "${DEF:-d}");
	set(f, ENV_FILE, "KEY", "secret");
	set(f, ENV_SERVICE, "KEY", "x$KEY");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "NEW", "ab");
	assert_value(f, "DEF", "d");
	assert_value(f, "KEY", "xsecret");
	assert_true(env_get(&f->env, "KEY")->secret);
	assert_int_equal(find_problem(f, "NEW is not set")->severity, SEVERITY_WARNING);
	/* X wants the merged PATH, which wants X: that is a circle. */
	assert_int_equal(f->problems.errors, 1);
	find_problem(f, "PATH (f:3) -> X (f:4) -> PATH");
}

static void own_name_without_a_circle(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_BASE, "PATH", "/bin");
	set(f, ENV_STACK, "PATH", "$PATH:/stack");
	set(f, ENV_SERVICE, "PATH", "${PATH}:/service");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "PATH", "/bin:/stack:/service");
	assert_string_equal(env_get(&f->env, "PATH")->below->value, "/bin:/stack");
	assert_int_equal(f->problems.count, 0);
}

static void bare_keys_take_what_is_below(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_STACK, "A", "$B");
	set(f, ENV_STACK, "B", "b");
	set(f, ENV_SERVICE, "A", NULL);
	set(f, ENV_FILE, "S", "secret");
	set(f, ENV_SERVICE, "S", NULL);
	set(f, ENV_SERVICE, "NONE", NULL);
	set(f, ENV_ENV_FILE, "TWO", NULL);
	set(f, ENV_SERVICE, "TWO", NULL);
	set(f, ENV_SERVICE, "USES", "$S$NONE");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "A", "b");
	assert_value(f, "S", "secret");
	assert_true(env_get(&f->env, "S")->secret);
	assert_value(f, "NONE", "");
	assert_value(f, "TWO", "");
	assert_value(f, "USES", "secret");
	assert_true(env_get(&f->env, "USES")->secret);
	assert_int_equal(f->problems.count, 0);
}

static void circles_are_named_whole(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_STACK, "A", "$B");
	set(f, ENV_STACK, "B", "${C}x");
	set(f, ENV_STACK, "C", "${D:-$A}");
	set(f, ENV_STACK, "FINE", "ok");
	set(f, ENV_STACK, "OUTSIDE", "$A");
	env_resolve(&f->env, &f->problems);
	assert_int_equal(f->problems.errors, 1);
	const struct problem *p = find_problem(f, "A (f:1) -> B (f:2) -> C (f:3) -> A");
	assert_int_equal(p->place.line, 1);
	assert_non_null(p->hint);
	assert_value(f, "FINE", "ok");
}

static void a_branch_not_taken_is_no_circle(void **state)
{
	struct fixture *f = *state;

	set(f, ENV_STACK, "A", "${B:-x}");
	set(f, ENV_STACK, "B", "${C:-$A}");
	set(f, ENV_STACK, "C", "c");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "A", "c");
	assert_int_equal(f->problems.count, 0);
}

static char *name_of(struct fixture *f, int i)
{
	return arena_printf(f->arena, "V%05d", i);
}

static void long_chains_and_growth_are_bounded(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5000; i++)
		set(f, ENV_STACK, name_of(f, i), arena_printf(f->arena, "$V%05d", i + 1));
	set(f, ENV_STACK, name_of(f, 5000), "end");
	env_resolve(&f->env, &f->problems);
	find_problem(f, "name each other in a row");
	problems_init(&f->problems, f->arena);
	env_init(&f->env, f->arena);
	for (int i = 0; i < 60; i++)
		set(f, ENV_STACK, name_of(f, i),
		    arena_printf(f->arena, "$V%05d$V%05d", i + 1, i + 1));
	set(f, ENV_STACK, name_of(f, 60), "end");
	env_resolve(&f->env, &f->problems);
	find_problem(f, "grows by more than 128 KiB");
	problems_init(&f->problems, f->arena);
	env_init(&f->env, f->arena);
	char *large = arena_alloc(f->arena, 120001);
	memset(large, 'x', 120000);
	set(f, ENV_FILE, "LARGE", large);
	for (int i = 0; i < 2000; i++)
		set(f, ENV_STACK, name_of(f, i), "$LARGE");
	env_resolve(&f->env, &f->problems);
	find_problem(f, "together grow beyond 8 MiB");
	assert_int_equal(f->problems.errors, 1);
}

static void many_variables_are_fast(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20000; i++)
		set(f, ENV_STACK, name_of(f, i * 7919 % 20000), i % 2 ? "$V00001" : "x");
	env_resolve(&f->env, &f->problems);
	assert_int_equal(f->env.count, 20000);
	for (size_t i = 1; i < f->env.count; i++)
		assert_true(strcmp(f->env.items[i - 1].name, f->env.items[i].name) < 0);
}

static void layers_can_be_put_on_top(void **state)
{
	struct fixture *f = *state;
	struct env service;

	set(f, ENV_BASE, "HOST", "localhost");
	set(f, ENV_STACK, "HOST", "$HOST.lan");
	set(f, ENV_STACK, "URL", "http://$HOST");
	set(f, ENV_FILE, "KEY", "k");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "URL", "http://localhost.lan");
	env_init(&service, f->arena);
	env_add_env(&service, &f->env);
	env_set(&service, ENV_SERVICE, "HOST", "web-$HOST-$KEY", false, (struct place){"f", 9, 1});
	env_resolve(&service, &f->problems);
	assert_string_equal(env_get(&service, "URL")->value, "http://web-localhost.lan-k");
	assert_true(env_get(&service, "URL")->secret);
	assert_true(env_get(&service, "KEY")->secret);
	assert_true(env_get(&service, "KEY")->literal);
	/* The one below is as it was. */
	assert_value(f, "URL", "http://localhost.lan");
	assert_int_equal(f->problems.count, 0);
}

static void add_yaml(struct fixture *f, const char *text)
{
	const struct yaml_node *node =
		yaml_parse(f->arena, text, strlen(text), "app.yaml", &f->problems);

	assert_non_null(node);
	env_add_yaml(&f->env, ENV_STACK, node, "app.yaml", &f->problems);
}

static void yaml_maps(void **state)
{
	struct fixture *f = *state;

	add_yaml(f, "PORT: 8000\nRATE: 1.10\nON: yes\nT: True\nBARE:\nNULLED: null\nEMPTY: \"\"\n"
		    "Q: \"1.10\"\nBIG: 12345678901234567890\nzero: 0\noct: 0777\n"
		    "a.b-c: x\nREF: $PORT\nML: |\n  a\n  b\n");
	assert_null(env_get(&f->env, "BARE")->raw);
	assert_null(env_get(&f->env, "NULLED")->raw);
	assert_string_equal(env_get(&f->env, "EMPTY")->raw, "");
	env_resolve(&f->env, &f->problems);
	assert_value(f, "PORT", "8000");
	assert_value(f, "RATE", "1.10");
	assert_value(f, "ON", "yes");
	assert_value(f, "T", "True");
	assert_value(f, "BARE", "");
	assert_value(f, "BIG", "12345678901234567890");
	assert_value(f, "oct", "0777");
	assert_value(f, "a.b-c", "x");
	assert_value(f, "REF", "8000");
	assert_value(f, "ML", "a\nb\n");
	assert_int_equal(env_get(&f->env, "RATE")->place.line, 2);
	assert_int_equal(f->problems.errors, 0);
	assert_int_equal(f->problems.count, 3);
	assert_int_equal(
		find_problem(f, "1.10 is kept as written; docker compose would read 1.1")->severity,
		SEVERITY_NOTE);
	find_problem(f, "True is kept as written");
	find_problem(f, "0777 is kept as written");
}

static void yaml_lists(void **state)
{
	struct fixture *f = *state;

	add_yaml(f, "- A=1\n- B\n- C=\n- \"D=x=y # z\"\n- A=2\n");
	assert_null(env_get(&f->env, "B")->raw);
	env_resolve(&f->env, &f->problems);
	assert_value(f, "A", "2");
	assert_value(f, "B", "");
	assert_value(f, "C", "");
	assert_value(f, "D", "x=y # z");
	find_problem(f, "A is set twice, first in line 1");
	assert_int_equal(f->problems.errors, 0);
}

static void yaml_faults(void **state)
{
	struct fixture *f = *state;

	add_yaml(f, "A: [1]\nB: {c: d}\n\"C=D\": 1\n\"E F\": 2\n\"\": 3\n");
	assert_int_equal(f->problems.errors, 5);
	assert_int_equal(find_problem(f, "value of A must be a text, not a list")->place.line, 1);
	assert_int_equal(find_problem(f, "value of B must be a text, not a map")->place.line, 2);
	assert_int_equal(find_problem(f, "with a '='")->place.line, 3);
	assert_int_equal(find_problem(f, "with a blank")->place.line, 4);
	assert_int_equal(find_problem(f, "without a name")->place.line, 5);
	problems_init(&f->problems, f->arena);
	add_yaml(f, "- A: b\n- =x\n- [c]\n- \"A B=c\"\n");
	assert_int_equal(f->problems.errors, 4);
	assert_non_null(find_problem(f, "must be NAME=value")->hint);
	problems_init(&f->problems, f->arena);
	add_yaml(f, "text\n");
	find_problem(f, "must be a map or a list");
	problems_init(&f->problems, f->arena);
	add_yaml(f, "~\n");
	env_add_yaml(&f->env, ENV_STACK, NULL, "app.yaml", &f->problems);
	assert_int_equal(f->problems.count, 0);
	env_resolve(&f->env, &f->problems);
	assert_int_equal(f->env.count, 0);
}

static void layers_have_names(void **state)
{
	(void)state;
	assert_string_equal(env_layer_name(ENV_RUNTIME), "runtime");
	assert_string_equal(env_layer_name(ENV_BASE), "base");
	assert_string_equal(env_layer_name(ENV_FILE), "ENV");
	for (int i = 0; i < ENV_LAYERS; i++)
		assert_non_null(env_layer_name((enum env_layer)i));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(later_layers_win),
		TEST(values_see_the_merged_result),
		TEST(own_name_means_the_layer_below),
		TEST(own_name_without_a_circle),
		TEST(bare_keys_take_what_is_below),
		TEST(circles_are_named_whole),
		TEST(a_branch_not_taken_is_no_circle),
		TEST(long_chains_and_growth_are_bounded),
		TEST(many_variables_are_fast),
		TEST(layers_can_be_put_on_top),
		TEST(yaml_maps),
		TEST(yaml_lists),
		TEST(yaml_faults),
		TEST(layers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
