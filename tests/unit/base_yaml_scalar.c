/* Types and JSON values of scalars by the core schema of YAML 1.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/json.h"
#include "kata/yaml.h"

static const struct row {
	const char *text;
	enum yaml_type type;
	const char *json;
} rows[] = {
	{"", YAML_NULL, "null"},
	{"~", YAML_NULL, "null"},
	{"null", YAML_NULL, "null"},
	{"Null", YAML_NULL, "null"},
	{"NULL", YAML_NULL, "null"},
	{"nULL", YAML_TEXT, "\"nULL\""},
	{"true", YAML_BOOL, "true"},
	{"True", YAML_BOOL, "true"},
	{"FALSE", YAML_BOOL, "false"},
	{"tRUE", YAML_TEXT, "\"tRUE\""},
	{"yes", YAML_TEXT, "\"yes\""},
	{"no", YAML_TEXT, "\"no\""},
	{"on", YAML_TEXT, "\"on\""},
	{"off", YAML_TEXT, "\"off\""},
	{"y", YAML_TEXT, "\"y\""},
	{"0", YAML_INT, "0"},
	{"-0", YAML_INT, "0"},
	{"12", YAML_INT, "12"},
	{"-12", YAML_INT, "-12"},
	{"+12", YAML_INT, "12"},
	{"0012", YAML_INT, "12"},
	{"000", YAML_INT, "0"},
	{"0o17", YAML_INT, "15"},
	{"-0o17", YAML_INT, "-15"},
	{"0x1F", YAML_INT, "31"},
	{"+0x1f", YAML_INT, "31"},
	{"0x", YAML_TEXT, "\"0x\""},
	{"0o8", YAML_TEXT, "\"0o8\""},
	{"0b11", YAML_TEXT, "\"0b11\""},
	{"1_000", YAML_TEXT, "\"1_000\""},
	{"-", YAML_TEXT, "\"-\""},
	{"+", YAML_TEXT, "\"+\""},
	{".", YAML_TEXT, "\".\""},
	{"12:30", YAML_TEXT, "\"12:30\""},
	{"2021-01-01", YAML_TEXT, "\"2021-01-01\""},
	{"127.0.0.1", YAML_TEXT, "\"127.0.0.1\""},
	{"1.10", YAML_FLOAT, "1.1"},
	{"1.", YAML_FLOAT, "1"},
	{".5", YAML_FLOAT, "0.5"},
	{"-.5e1", YAML_FLOAT, "-5"},
	{"00.5", YAML_FLOAT, "0.5"},
	{"+1e3", YAML_FLOAT, "1000"},
	{"1.E+3", YAML_FLOAT, "1000"},
	{"1e", YAML_TEXT, "\"1e\""},
	{"e3", YAML_TEXT, "\"e3\""},
	{"1e999", YAML_FLOAT, "\"1e999\""},
	{".inf", YAML_FLOAT, "\".inf\""},
	{"-.Inf", YAML_FLOAT, "\"-.Inf\""},
	{"+.INF", YAML_FLOAT, "\"+.INF\""},
	{".nan", YAML_FLOAT, "\".nan\""},
	{"-.nan", YAML_TEXT, "\"-.nan\""},
	{"inf", YAML_TEXT, "\"inf\""},
	{"12345678901234567890", YAML_INT, "1.2345678901234567e+19"},
	{"-99999999999999999999", YAML_INT, "-1e+20"},
	{"0xFFFFFFFFFFFFFFFF", YAML_INT, "1.8446744073709552e+19"},
	{"0x7FFFFFFFFFFFFFFF", YAML_INT, "9.223372036854776e+18"},
	{"-0x10000000000000000", YAML_INT, "-1.8446744073709552e+19"},
	{"text", YAML_TEXT, "\"text\""},
	{"$PORT", YAML_TEXT, "\"$PORT\""},
	{"a \"b\"", YAML_TEXT, "\"a \\\"b\\\"\""},
};

static void plain_scalars(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct yaml_node node = {.kind = YAML_SCALAR,
					 .plain = true,
					 .text = rows[i].text,
					 .len = strlen(rows[i].text)};
		struct str out = STR_INIT;

		if (yaml_scalar_type(&node) != rows[i].type)
			fail_msg("%s: type %d", rows[i].text, (int)yaml_scalar_type(&node));
		json_t *json = yaml_scalar_json_new(node.text, node.len);
		json_canonical(&out, json);
		if (strcmp(out.p, rows[i].json) != 0)
			fail_msg("%s: JSON %s", rows[i].text, out.p);
		json_decref(json);
		str_release(&out);
		node.plain = false;
		assert_int_equal(yaml_scalar_type(&node), YAML_TEXT);
	}
}

static void integers_stay_integers(void **state)
{
	json_t *json = yaml_scalar_json_new("9223372036854775807", 19);

	(void)state;
	assert_true(json_is_integer(json));
	assert_true(json_integer_value(json) == INT64_MAX);
	json_decref(json);
	json = yaml_scalar_json_new("0x7fffffffffffffff", 18);
	assert_true(json_is_integer(json));
	assert_true(json_integer_value(json) == INT64_MAX);
	json_decref(json);
	json = yaml_scalar_json_new("0x8000000000000000", 18);
	assert_true(json_is_real(json));
	json_decref(json);
	json = yaml_scalar_json_new("12x", 2);
	assert_int_equal(json_integer_value(json), 12);
	json_decref(json);
}

static void bytes_that_are_no_text_survive(void **state)
{
	json_t *json = yaml_scalar_json_new("a\xff", 2);

	(void)state;
	assert_string_equal(json_string_value(json), "a\\xFF");
	json_decref(json);
}

static void tags_win(void **state)
{
	static const struct {
		const char *tag, *text;
		bool plain;
		enum yaml_type type;
	} tagged[] = {
		{"tag:yaml.org,2002:str", "5", true, YAML_TEXT},
		{"tag:yaml.org,2002:int", "5", false, YAML_INT},
		{"tag:yaml.org,2002:int", "x", false, YAML_TEXT},
		{"tag:yaml.org,2002:float", "5", true, YAML_FLOAT},
		{"tag:yaml.org,2002:float", "5.0", false, YAML_FLOAT},
		{"tag:yaml.org,2002:bool", "true", false, YAML_BOOL},
		{"tag:yaml.org,2002:bool", "yes", true, YAML_TEXT},
		{"tag:yaml.org,2002:null", "", false, YAML_NULL},
		{"tag:yaml.org,2002:binary", "12", true, YAML_TEXT},
		{"!", "5", true, YAML_TEXT},
		{"!reset", "null", true, YAML_NULL},
		{"!reset", "null", false, YAML_TEXT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof tagged / sizeof tagged[0]; i++) {
		struct yaml_node node = {.kind = YAML_SCALAR,
					 .tag = tagged[i].tag,
					 .plain = tagged[i].plain,
					 .text = tagged[i].text,
					 .len = strlen(tagged[i].text)};

		assert_int_equal(yaml_scalar_type(&node), tagged[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars),
		cmocka_unit_test(integers_stay_integers),
		cmocka_unit_test(bytes_that_are_no_text_survive),
		cmocka_unit_test(tags_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
