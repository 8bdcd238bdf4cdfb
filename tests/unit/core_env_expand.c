/* Expansion of one text: every form, what is left alone, and what is an error. */
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
	static const char *const pairs[][2] = {{"V", "value"},	 {"E", ""},
					       {"PORT", "8000"}, {"A", "a"},
					       {"D", "$V $$"},	 {"DOMAIN_NAME", "x.org"}};
	static struct fixture f;
	struct place place = {"f", 1, 1};

	f.arena = arena_new();
	problems_init(&f.problems, f.arena);
	env_init(&f.env, f.arena);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		env_set(&f.env, ENV_STACK, pairs[i][0], pairs[i][1], true, place);
	env_set(&f.env, ENV_FILE, "SECRET", "s3cret", true, place);
	env_resolve(&f.env, &f.problems);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static bool expand(struct fixture *f, const char *text, enum expand_missing missing,
		   struct expand_result *out)
{
	problems_init(&f->problems, f->arena);
	return env_expand(&f->env, text, strlen(text), missing, (struct place){"app.yaml", 7, 9},
			  &f->problems, out);
}

static const struct {
	const char *text, *result;
	bool expanded, whole;
} good[] = {
	{"", "", false, false},
	{"plain", "plain", false, false},
	{"$V", "value", true, true},
	{"${V}", "value", true, true},
	{"$V$A", "valuea", true, false},
	{"${V}${A}", "valuea", true, false},
	{"x$V", "xvalue", true, false},
	{"$V-x", "value-x", true, false},
	{"$V.x", "value.x", true, false},
	{"127.0.0.1:$PORT", "127.0.0.1:8000", true, false},
	{"${V:-d}", "value", true, true},
	{"${E:-d}", "d", true, true},
	{"${U:-d}", "d", true, true},
	{"${V-d}", "value", true, true},
	{"${E-d}", "", true, true},
	{"${U-d}", "d", true, true},
	{"${U-}", "", true, true},
	{"${V:?e}", "value", true, true},
	{"${E?e}", "", true, true},
	{"${V:+r}", "r", true, true},
	{"${E:+r}", "", true, true},
	{"${U:+r}", "", true, true},
	{"${V+r}", "r", true, true},
	{"${E+r}", "r", true, true},
	{"${U+r}", "", true, true},
	{"${U:-${V}}", "value", true, true},
	{"${U:-$A-$V}", "a-value", true, true},
	{"${U:-${W:-${V}x}y}", "valuexy", true, true},
	{"${U:-a:-b}", "a:-b", true, true},
	{"${U:-x?y}", "x?y", true, true},
	{"${U:-{\"a\":\"b\"}}", "{\"a\":\"b\"}", true, true},
	{"${U:-a}b}", "ab}", true, false},
	{"${U:-\"q\"}", "\"q\"", true, true},
	{"${U:-$$x}", "$x", true, true},
	{"${V:-${U?never asked}}", "value", true, true},
	{"${V:-${}}", "value", true, true},
	{"$D", "$V $$", true, true},
	{"${U:-$D}", "$V $$", true, true},
	{"$$", "$", false, false},
	{"$$V", "$V", false, false},
	{"$$$V", "$value", true, false},
	{"$$$$", "$$", false, false},
	{"$", "$", false, false},
	{"a$", "a$", false, false},
	{"$1 $- $? $ {A} $(cmd) ^/(.*)$", "$1 $- $? $ {A} $(cmd) ^/(.*)$", false, false},
	{"$2a$14$V", "$2a$14$V", false, false},
	{"$2y$05$V", "$2y$05$V", false, false},
	{"$2b$V", "$2b$V", false, false},
	{"$argon2id$v=19$m=1", "$argon2id$v=19$m=1", false, false},
	{"$argon2i$V", "$argon2i$V", false, false},
	{"$5$V", "$5$V", false, false},
	{"$6$V$A", "$6$V$A", false, false},
	{"$scrypt$V", "$scrypt$V", false, false},
	{"{http.request.host} {env.V} {$V}", "{http.request.host} {env.V} {value}", true, false},
	{"\\$V", "\\value", true, false},
};

static void every_form(void **state)
{
	struct fixture *f = *state;
	struct expand_result out;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		bool ok = expand(f, good[i].text, EXPAND_MISSING_ERROR, &out);

		if (!ok || out.len != strlen(good[i].result) ||
		    memcmp(out.text, good[i].result, out.len) != 0)
			fail_msg("%s gives %.*s", good[i].text, (int)out.len, out.text);
		assert_int_equal(f->problems.count, 0);
		if (out.expanded != good[i].expanded || out.whole != good[i].whole)
			fail_msg("%s: expanded %d whole %d", good[i].text, out.expanded, out.whole);
		if (!strchr(good[i].text, '$'))
			assert_ptr_equal(out.text, good[i].text);
	}
}

static void every_error(void **state)
{
	static const struct {
		const char *text, *msg, *hint;
	} bad[] = {
		{"$NOPE", "NOPE is not set", "environment:"},
		{"x${NOPE}y", "NOPE is not set", "environment:"},
		{"$DOMAIN_NAM", "DOMAIN_NAM is not set", "did you mean DOMAIN_NAME?"},
		{"${U:?}", "U must be set", "ENV file"},
		{"${U:?say why}", "U must be set: say why", "ENV file"},
		{"${E:?$A}", "E must be set: a", "ENV file"},
		{"${U?because $SECRET}", "U must be set: ...", "ENV file"},
		{"${", "never closed", "$$"},
		{"${V", "never closed", "$$"},
		{"${V:-{}", "never closed", "$$"},
		{"${}", "no variable", "$$"},
		{"${1}", "no variable", "$$"},
		{"${A b}", "no variable", "$$"},
		{"${A.B}", "no variable", "$$"},
		{"${A//x/y}", "no variable", "$$"},
		{"${A:0:1}", "no variable", "$$"},
		{"${A:}", "no variable", "$$"},
	};
	struct fixture *f = *state;
	struct expand_result out;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(expand(f, bad[i].text, EXPAND_MISSING_ERROR, &out));
		assert_ptr_equal(out.text, bad[i].text);
		assert_false(out.expanded);
		assert_int_equal(f->problems.errors, 1);
		const struct problem *p = &f->problems.items[0];
		if (!strstr(p->msg, bad[i].msg) || !strstr(p->hint, bad[i].hint))
			fail_msg("%s: %s (%s)", bad[i].text, p->msg, p->hint);
		assert_int_equal(p->place.line, 7);
		assert_int_equal(p->place.column, 9);
	}
}

static void all_errors_of_a_text_are_found(void **state)
{
	struct fixture *f = *state;
	struct expand_result out;

	assert_false(expand(f, "$X ${} $V ${Y:?m} ${", EXPAND_MISSING_ERROR, &out));
	assert_int_equal(f->problems.errors, 4);
}

static void services_are_warned(void **state)
{
	struct fixture *f = *state;
	struct expand_result out;

	assert_true(expand(f, "a${NOPE}b", EXPAND_MISSING_EMPTY, &out));
	assert_string_equal(out.text, "ab");
	assert_true(out.expanded);
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.items[0].severity, SEVERITY_WARNING);
	assert_false(expand(f, "${NOPE:?m}", EXPAND_MISSING_EMPTY, &out));
	assert_false(expand(f, "${", EXPAND_MISSING_EMPTY, &out));
}

static void secrets_are_marked(void **state)
{
	static const struct {
		const char *text;
		bool secret;
	} rows[] = {{"$SECRET", true},	       {"x${SECRET}", true},	 {"${U:-$SECRET}", true},
		    {"${SECRET:+set}", false}, {"${V:-$SECRET}", false}, {"$V", false}};
	struct fixture *f = *state;
	struct expand_result out;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(expand(f, rows[i].text, EXPAND_MISSING_ERROR, &out));
		assert_int_equal(out.secret, rows[i].secret);
	}
}

/* Neither nesting nor repeating can cost more than the text is worth. */
static void hostile_texts_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct expand_result out;
	struct str text = STR_INIT;

	for (int i = 0; i < 50000; i++)
		str_add(&text, "${U:-");
	assert_false(expand(f, text.p, EXPAND_MISSING_ERROR, &out));
	for (int i = 0; i < 50000; i++)
		str_addc(&text, '}');
	assert_false(expand(f, text.p, EXPAND_MISSING_ERROR, &out));
	assert_non_null(strstr(f->problems.items[0].msg, "nested too deeply"));
	str_clear(&text);
	for (int i = 0; i < 50000; i++)
		str_add(&text, "$SECRET");
	assert_true(expand(f, text.p, EXPAND_MISSING_ERROR, &out));
	for (int i = 0; i < 50000; i++)
		str_add(&text, "$V$V$V$V");
	assert_false(expand(f, text.p, EXPAND_MISSING_ERROR, &out));
	str_clear(&text);
	for (int i = 0; i < 50000; i++)
		str_add(&text, "${}");
	assert_false(expand(f, text.p, EXPAND_MISSING_ERROR, &out));
	assert_int_equal(f->problems.count, PROBLEMS_MAX);
	str_release(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_form),
		TEST(every_error),
		TEST(all_errors_of_a_text_are_found),
		TEST(services_are_warned),
		TEST(secrets_are_marked),
		TEST(hostile_texts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
