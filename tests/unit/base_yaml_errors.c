/* What is said about YAML that cannot be read: the place, the sentence and the hint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/yaml.h"

static const struct row {
	const char *text;
	unsigned line, column;
	const char *msg;
	const char *hint; /* part of it */
} rows[] = {
	{"a:\n\tb: 1\n", 2, 1, "a tab is used", "spaces only"},
	{"a:\n  b: 1\n  \tc: 2\n", 3, 3, "a tab is used", "spaces only"},
	{"a: |\n\tx\n", 2, 1, "a tab is used", "spaces only"},
	{"a:b\nc: d\n", 1, 2, "space is missing after ':'", "name: value"},
	{"s:\n  web:\n    image:nginx\n    ports: [80]\n", 3, 10, "space is missing",
	 "name: value"},
	{"s:\n  web:\n    ports: [80]\n    image:nginx\n", 4, 10, "space is missing",
	 "name: value"},
	{"s:\n  - image:nginx\n    ports: x\n", 2, 10, "space is missing", "name: value"},
	{"a: b #x\nc\n", 2, 1, "no `name: value`", "':'"},
	{"url\nhttp://x: y\n", 2, 9, "a ':' that does not fit", "quotes"},
	{"a: b: c\n", 1, 5, "a ':' that does not fit", "quotes"},
	{"a: \"unclosed\nb: 1\n", 1, 4, "quote is never closed", "closing quote"},
	{"a: 'unclosed\n---\n", 1, 4, "quote is never closed", "closing quote"},
	{"a: [1, 2\nb: 1\n", 1, 4, "this [ is not closed", "quotes"},
	{"a: {x: 1\nb: 1\n", 1, 4, "this { is not closed", "quotes"},
	{"a: ]\n", 1, 4, "a value is missing", "quotes"},
	{"a: [::1]\n", 1, 5, "a value is missing", "quotes"},
	{"a: x{{ X }}\nb: \"{{ X }}\" y\n", 2, 14, "text behind a complete value", "{{ .. }}"},
	{"a: *.example.com\n", 1, 4, "cannot begin with *", "quotes"},
	{"- &.x\n", 1, 3, "cannot begin with &", "quotes"},
	{"a: @x\n", 1, 4, "cannot begin with @", "quotes"},
	{"a: `x`\n", 1, 4, "cannot begin with `", "quotes"},
	{"\xc3\xa9: %x\n", 1, 4, "cannot begin with %", "quotes"},
	{"%x: 1\n", 1, 1, "begins with %", "quotes"},
	{"%YAML 3.0\n---\na: 1\n", 1, 1, "version of YAML", "%YAML"},
	{"a: !!\n", 1, 4, "cannot begin with !", "quotes"},
	{"a: !x!y z\n", 1, 4, "a tag that is defined nowhere", "quotes"},
	{"a: >> x\n", 1, 4, "text behind a | or >", "quotes"},
	{"a: |0\n x\n", 1, 5, "1 to 9", "leave the number out"},
	{"a: - b\n", 1, 4, "a list cannot begin here", "next line"},
	{"a: ? b\n", 1, 4, "a '?' that does not fit", "quotes"},
	{"a:\n  b: 1\n c: 2\n", 3, 2, "the map that begins in line 1", "indentation"},
	{"a: \"x\" y\n", 1, 8, "text behind a complete value", "quotes"},
	{"a: \"\\d\"\n", 1, 5, "a backslash that means nothing", "single quotes"},
	{"a: \"\\xZZ\"\n", 1, 7, "hexadecimal", "single quotes"},
	{"a: \"\\ud800\"\n", 1, 7, "names no character", "D800"},
	{"e:\n  - A=b\n  C: d\n", 3, 3, "no item of the list", "'- '"},
	{"  a: 1\nb: 2\n", 2, 1, "does not belong to what is above", "indentation"},
	{"a: 1\n\xc3\xa9: \x01\n", 2, 4, "control character (U+0001)", "remove it"},
	{"%YAML 1.2\n%YAML 1.2\n---\na", 2, 1, "duplicate %YAML", "line and column"},
};

static void every_row_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct arena *a = arena_new();
		struct problems list;

		problems_init(&list, a);
		assert_null(yaml_parse(a, row->text, strlen(row->text), "app.yaml", &list));
		assert_int_equal(list.count, 1);
		const struct problem *p = &list.items[0];
		if (p->place.line != row->line || p->place.column != row->column ||
		    !strstr(p->msg, row->msg))
			fail_msg("row %zu: %u:%u %s", i, p->place.line, p->place.column, p->msg);
		assert_string_equal(p->place.file, "app.yaml");
		if (!p->hint || !strstr(p->hint, row->hint))
			fail_msg("row %zu: hint %s", i, p->hint ? p->hint : "(none)");
		arena_free(a);
	}
}

/* What was found before the text became unreadable is kept. */
static void earlier_problems_are_kept(void **state)
{
	static const char text[] = "a: 1\nb: {x: 1, x: 2}\nc: @\n";
	struct arena *a = arena_new();
	struct problems list;

	(void)state;
	problems_init(&list, a);
	assert_null(yaml_parse(a, text, strlen(text), "f", &list));
	assert_int_equal(list.errors, 2);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_said),
		cmocka_unit_test(earlier_problems_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
