/* JSON: Caddy's rules for reading and comparing, canonical text, and spans of undecoded bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "kata/json.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

static json_t *must_parse(const char *text)
{
	struct kata_error e;
	json_t *value = json_parse_new(text, strlen(text), &e);

	assert_non_null(value);
	return value;
}

static void refuses_what_is_no_json(void **state)
{
	static const char *const bad[] = {
		"",	    " ",	   "{",
		"[1,]",	    "{\"a\":1,}",  "nul",
		"01",	    "1 2",	   "{\"a\":1,\"a\":2}",
		"'a'",	    "\"\\ud800\"", "\"\xff\"",
		"1e999",    "[1e999]",	   "{\"a\":1}x",
		"\"a\nb\"", "NaN",	   "+1",
	};
	struct kata_error e;

	(void)state;
	for (size_t i = 0; i < SIZE(bad); i++) {
		assert_null(json_parse_new(bad[i], strlen(bad[i]), &e));
		assert_int_equal(e.code, ERROR_PROTOCOL);
		assert_true(strlen(e.msg) > 10);
	}
	assert_null(json_parse_new(NULL, 0, &e));
	assert_null(json_parse_new("[1\0 ]", 5, &e));
	assert_null(json_parse_new("{\"a\":\n  x}", 10, &e));
	assert_string_equal(e.where, "2:3");
}

static void refuses_endless_nesting(void **state)
{
	struct str deep = STR_INIT;
	struct kata_error e;

	(void)state;
	for (int i = 0; i < 100000; i++)
		str_addc(&deep, '[');
	assert_null(json_parse_new(deep.p, deep.len, &e));
	assert_int_equal(e.code, ERROR_PROTOCOL);
	str_release(&deep);
}

static void large_integers_become_doubles(void **state)
{
	json_t *value = must_parse("[12345678901234567890, -99999999999999999999, 1]");

	(void)state;
	assert_true(json_is_real(json_array_get(value, 0)));
	assert_true(json_number_value(json_array_get(value, 2)) == 1.0);
	json_decref(value);
	value = must_parse("[9223372036854775807]");
	assert_true(json_is_integer(json_array_get(value, 0)));
	json_decref(value);
}

static void sameness(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"1", "1.0", true},
		{"1", "1e0", true},
		{"100", "1e2", true},
		{"-0", "0", true},
		{"-0.0", "0", true},
		{"9007199254740993", "9007199254740992", true},
		{"9007199254740994", "9007199254740992", false},
		{"0.1", "0.10", true},
		{"0.1", "0.2", false},
		{"1", "\"1\"", false},
		{"null", "[]", false},
		{"[]", "{}", false},
		{"{}", "\"\"", false},
		{"true", "false", false},
		{"null", "false", false},
		{"null", "null", true},
		{"{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1}", true},
		{"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
		{"{\"a\":1,\"b\":null}", "{\"a\":1,\"c\":null}", false},
		{"[1,2]", "[2,1]", false},
		{"[1]", "[1,1]", false},
		{"\"\\u003c\"", "\"<\"", true},
		{"\"a\\u0000b\"", "\"a\\u0000c\"", false},
		{"\"a\\u0000b\"", "\"a\"", false},
		{"{\"\\u00e9\":[{}]}", "{\"\xc3\xa9\":[{}]}", true},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		json_t *a = must_parse(rows[i].a), *b = must_parse(rows[i].b);
		struct str x = STR_INIT, y = STR_INIT;

		assert_int_equal(json_same(a, b), rows[i].same);
		assert_int_equal(json_same(b, a), rows[i].same);
		json_canonical(&x, a);
		json_canonical(&y, b);
		assert_int_equal(!strcmp(x.p, y.p), rows[i].same);
		str_release(&x);
		str_release(&y);
		json_decref(a);
		json_decref(b);
	}
	assert_true(json_same(NULL, NULL));
	json_t *null = json_null();
	assert_false(json_same(null, NULL));
	assert_false(json_same(NULL, null));
}

static void canonical_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"{\"b\":[ ],\"a\":{ },\"B\":1.50,\"aa\":-0.0}",
		 "{\"B\":1.5,\"a\":{},\"aa\":0,\"b\":[]}"},
		{"[1.0,1e3,-2.5e-3,1e300,0.1,5e-324]",
		 "[1,1000,-0.0025,1e+300,0.1,4.94065645841247e-324]"},
		{"123456789012345680000", "1.2345678901234568e+20"},
		{"9223372036854775807", "9.223372036854776e+18"},
		{"-9223372036854775808", "-9.223372036854776e+18"},
		{"9007199254740993", "9007199254740992"},
		{"\"\\u0000\\u001f\\n\\t\\r\\b\\f\\\"\\\\\\/<\\u00e9\\u007f\"",
		 "\"\\u0000\\u001f\\n\\t\\r\\b\\f\\\"\\\\/<\xc3\xa9\x7f\""},
		{"[true,false,null]", "[true,false,null]"},
		{"0.30000000000000004", "0.30000000000000004"},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		json_t *value = must_parse(rows[i].in);
		struct str out = STR_INIT;

		json_canonical(&out, value);
		assert_string_equal(out.p, rows[i].out);
		json_t *back = must_parse(out.p);
		assert_true(json_same(back, value));
		json_decref(back);
		json_decref(value);
		str_release(&out);
	}
}

/* More members than the small sort takes, in an order that is not theirs. */
static void canonical_sorts_large_objects(void **state)
{
	json_t *value = json_object();
	struct str out = STR_INIT;
	const char *last = NULL;
	char key[8];

	(void)state;
	for (int i = 0; i < 100; i++) {
		key[0] = 'k';
		key[1] = (char)('0' + (i * 37 % 100) / 10);
		key[2] = (char)('0' + (i * 37 % 100) % 10);
		key[3] = '\0';
		json_object_set_new(value, key, json_integer(i));
	}
	json_canonical(&out, value);
	for (const char *p = out.p; (p = strchr(p, 'k')); p += 3) {
		assert_true(!last || strncmp(last, p, 3) < 0);
		last = p;
	}
	assert_int_equal(strncmp(last, "k99", 3), 0);
	json_decref(value);
	str_release(&out);
}

static void pretty_text(void **state)
{
	json_t *value = must_parse(
		"{\"b\":[1,{}],\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\\u007f\\u001b\",\"c\":[]}");
	struct str out = STR_INIT;

	(void)state;
	json_pretty(&out, value);
	assert_string_equal(
		out.p, "{\n  \"a\": \"\\u00e9\\ud83d\\ude00\\u007f\\u001b\",\n  \"b\": [\n    1,\n"
		       "    {}\n  ],\n  \"c\": []\n}");
	json_decref(value);
	str_release(&out);
}

/* Another locale's decimal comma must not reach the text. */
static void numbers_ignore_the_locale(void **state)
{
	static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
					      "ps_AF.UTF-8"};
	struct str out = STR_INIT;

	(void)state;
	bool found = false;
	for (size_t i = 0; i < SIZE(locales) && !found; i++)
		found = setlocale(LC_NUMERIC, locales[i]) != NULL;
	if (!found)
		skip();
	json_t *value = must_parse("[0.5,1.25e-9]");
	json_canonical(&out, value);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(out.p, "[0.5,1.25e-09]");
	json_decref(value);
	str_release(&out);
}

static void members_by_type(void **state)
{
	json_t *value = must_parse("{\"s\":\"text\",\"n\":1}");

	(void)state;
	assert_non_null(json_object_member(value, "n", JSON_INTEGER));
	assert_null(json_object_member(value, "n", JSON_STRING));
	assert_null(json_object_member(value, "x", JSON_STRING));
	assert_null(json_object_member(NULL, "n", JSON_INTEGER));
	assert_null(json_object_member(json_object_get(value, "n"), "n", JSON_INTEGER));
	assert_string_equal(json_member_text(value, "s"), "text");
	assert_null(json_member_text(value, "n"));
	assert_null(json_member_text(NULL, "s"));
	json_decref(value);
}

static void assert_span(struct json_span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.p, text, span.len);
}

static void spans_find_bytes(void **state)
{
	static const char text[] =
		" { \"a,}\" : [ 1.0 , {\"x\":\"]\\\"\"} ] ,\"b\\u003C\\ud83d\\ude00\\n\":"
		" 1e0 , \"\xc3\xa9\":\"\\\\\", \"\":null }\n";
	struct json_span whole = {text, sizeof text - 1}, a, b;

	(void)state;
	assert_true(json_span_member(whole, "a,}", &a));
	assert_span(a, "[ 1.0 , {\"x\":\"]\\\"\"} ]");
	assert_true(json_span_element(a, 0, &b));
	assert_span(b, "1.0");
	assert_true(json_span_element(a, 1, &b));
	assert_span(b, "{\"x\":\"]\\\"\"}");
	assert_false(json_span_element(a, 2, &b));
	assert_true(json_span_member(b, "x", &b));
	assert_span(b, "\"]\\\"\"");
	assert_true(json_span_member(whole, "b<\xf0\x9f\x98\x80\n", &b));
	assert_span(b, "1e0");
	assert_true(json_span_member(whole, "\xc3\xa9", &b));
	assert_span(b, "\"\\\\\"");
	assert_true(json_span_member(whole, "", &b));
	assert_span(b, "null");
	assert_false(json_span_member(whole, "a", &b));
	assert_false(json_span_member(whole, "a,}x", &b));
	assert_false(json_span_member(whole, "b\\u003c", &b));
	assert_false(json_span_member(a, "a", &b));
	assert_false(json_span_element(whole, 0, &b));
}

/* Members in any order are found through one cursor, also those behind and before it. */
static void cursors_go_on(void **state)
{
	static const char text[] = "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}";
	static const char list[] = "[10,11,12,13]";
	static const char *const order = "abdcadxb";
	struct json_span whole = {text, sizeof text - 1}, array = {list, sizeof list - 1}, out;
	struct json_cursor cursor = {NULL, 0};
	static const size_t indexes[] = {0, 1, 3, 2, 2, 0, 3, 4, 1};

	(void)state;
	for (const char *p = order; *p; p++) {
		char key[2] = {*p, '\0'}, value[2] = {(char)(*p - 'a' + '1'), '\0'};

		assert_int_equal(json_span_member_from(whole, &cursor, key, &out), *p != 'x');
		if (*p != 'x')
			assert_span(out, value);
	}
	cursor = (struct json_cursor){NULL, 0};
	for (size_t i = 0; i < SIZE(indexes); i++) {
		char value[3] = {'1', (char)('0' + indexes[i]), '\0'};

		assert_int_equal(json_span_element_from(array, &cursor, indexes[i], &out),
				 indexes[i] < 4);
		if (indexes[i] < 4)
			assert_span(out, value);
	}
}

static void spans_of_broken_text_are_refused(void **state)
{
	static const char *const bad[] = {
		"",	     "{", "{\"a", "{\"a\"",	 "{\"a\":", "{\"a\":}", "{\"a\\",
		"{\"a\\u00", "[", "[\"",  "{\"a\":[1,2", "{}",	    "[]",	"x"};
	struct json_span out, none = {NULL, 0};

	(void)state;
	assert_false(json_span_member(none, "a", &out));
	assert_false(json_span_element(none, 0, &out));
	for (size_t i = 0; i < SIZE(bad); i++) {
		struct json_span span = {bad[i], strlen(bad[i])};

		assert_false(json_span_member(span, "a", &out));
		assert_false(json_span_element(span, 1, &out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(refuses_endless_nesting),
		cmocka_unit_test(large_integers_become_doubles),
		cmocka_unit_test(sameness),
		cmocka_unit_test(canonical_text),
		cmocka_unit_test(canonical_sorts_large_objects),
		cmocka_unit_test(pretty_text),
		cmocka_unit_test(numbers_ignore_the_locale),
		cmocka_unit_test(members_by_type),
		cmocka_unit_test(spans_find_bytes),
		cmocka_unit_test(cursors_go_on),
		cmocka_unit_test(spans_of_broken_text_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
