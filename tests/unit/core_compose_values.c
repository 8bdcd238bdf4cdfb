/*
 * Single values of a Compose file: durations, sizes, words of a command.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compose_case.h"

#define SECOND INT64_C(1000000000)

static void durations_are_sums_of_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{"0", 0},
		{"10s", 10 * SECOND},
		{"1h5m30s20ms", 3930 * SECOND + 20000000},
		{"1w2d3h", 219 * 3600 * SECOND},
		{"1.5h", 5400 * SECOND},
		{".5s", SECOND / 2},
		{"1ns", 1},
		{"2us", 2000},
		{"2\xc2\xb5s", 2000},
		{"2\xce\xbcs", 2000},
		{"1m30s", 90 * SECOND},
		{"106751d", INT64_C(106751) * 86400 * SECOND},
	};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ns = -1;
		if (!compose_duration(rows[i].text, &ns) || ns != rows[i].ns)
			fail_msg("%s is %lld", rows[i].text, (long long)ns);
	}
}

static void other_durations_are_refused(void **state)
{
	static const char *const rows[] = {"",
					   "10",
					   "10 s",
					   "-1s",
					   "s",
					   ".s",
					   "1x",
					   "1s ",
					   "1h5",
					   "00",
					   "106752d",
					   "1S",
					   "99999999999999999999s"};
	int64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (compose_duration(rows[i], &ns) || ns != 7)
			fail_msg("\"%s\" is a duration", rows[i]);
}

static void durations_are_written_as_compose_does(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{0, "0s"},
		{1, "1ns"},
		{1500, "1.5\xc2\xb5s"},
		{500000000, "500ms"},
		{1234567, "1.234567ms"},
		{SECOND, "1s"},
		{1500000000, "1.5s"},
		{60 * SECOND, "1m0s"},
		{90 * SECOND, "1m30s"},
		{3600 * SECOND, "1h0m0s"},
		{5400 * SECOND + 20000000, "1h30m0.02s"},
		{219 * 3600 * SECOND, "219h0m0s"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(compose_duration_text(a, rows[i].ns), rows[i].text);
	arena_free(a);
}

static void sizes_count_in_powers_of_1024(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} rows[] = {
		{"64M", 67108864},
		{"1.5g", 1610612736},
		{"1GiB", 1073741824},
		{"1gb", 1073741824},
		{"1 g", 1073741824},
		{"1kb", 1024},
		{"1b", 1},
		{"1024", 1024},
		{"0.5", 0},
		{"0", 0},
		{"1t", 1099511627776},
		{"2P", 2251799813685248},
		{"1KiB", 1024},
		{"1 b", 1},
	};
	static const char *const wrong[] = {"",	   "10x", "-1",	 "g",	  "1kbb", "1  g",
					    "1ib", "1ki", "1e3", "9999p", "1g1"};
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bytes = -1;
		if (!compose_bytes(rows[i].text, &bytes) || bytes != rows[i].bytes)
			fail_msg("%s is %lld", rows[i].text, (long long)bytes);
	}
	bytes = 7;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (compose_bytes(wrong[i], &bytes) || bytes != 7)
			fail_msg("\"%s\" is a size", wrong[i]);
}

/* The words with a bar behind each. */
static char *words_text(const json_t *words)
{
	struct str out = STR_INIT;
	json_t *word;
	size_t i;

	json_array_foreach((json_t *)words, i, word)
		str_addf(&out, "%s|", json_string_value(word));
	return str_detach(&out);
}

static void words_are_split_without_a_shell(void **state)
{
	/* What docker compose makes of them, but for the operators, which it cuts at. */
	static const char *const rows[][2] = {
		{"echo hello", "echo|hello|"},
		{"  a\t b\n c ", "a|b|c|"},
		{"", ""},
		{" \n", ""},
		{"a \"b\\nc\" d\\ e", "a|bnc|d e|"},
		{"z\"q\"w \"\" x", "zqw||x|"},
		{"'a b'c 'd\\e' \"x'y\"", "a bc|d\\e|x'y|"},
		{"\\'a", "'a|"},
		{"echo a; echo b", "echo|a;|echo|b|"},
		{"a && b > d", "a|&&|b|>|d|"},
		{"a #c (d)", "a|#c|(d)|"},
		{"$X `y`", "$X|`y`|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *why = "?";
		json_t *words = compose_words_new(rows[i][0], &why);
		char *text = words_text(words);

		assert_null(why);
		assert_non_null(words);
		assert_string_equal(text, rows[i][1]);
		free(text);
		json_decref(words);
	}
}

static void open_quotes_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{"echo 'a", "a ' that is never closed"},
		{"echo \"a", "a \" that is never closed"},
		{"a\\", "a backslash at the end"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *why = NULL;

		assert_null(compose_words_new(rows[i][0], &why));
		assert_string_equal(why, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_sums_of_units),
		cmocka_unit_test(other_durations_are_refused),
		cmocka_unit_test(durations_are_written_as_compose_does),
		cmocka_unit_test(sizes_count_in_powers_of_1024),
		cmocka_unit_test(words_are_split_without_a_shell),
		cmocka_unit_test(open_quotes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
