/* Safe text, UTF-8, numbers, hashes, the nearest name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/text.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

static void hostile_text_is_shown(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
		{"plain \\ text", 12, "plain \\ text"},
		{"a\nb\tc\rd", 7, "a\\nb\\tc\\rd"},
		{"\x1b[31mred", 8, "\\x1B[31mred"},
		{"\0\x7f\x01", 3, "\\x00\\x7F\\x01"},
		{"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80", 14,
		 "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"},
		{"\xc2\x9b"
		 "1m",
		 4, "\\u{009B}1m"},
		{"\xe2\x80\xae"
		 "evil",
		 7, "\\u{202E}evil"},
		{"\xe2\x81\xa6\xe2\x81\xa9", 6, "\\u{2066}\\u{2069}"},
		{"\xe2\x80\xa8\xe2\x80\xa9", 6, "\\u{2028}\\u{2029}"},
		{"\xe2\x80\x8e\xd8\x9c", 5, "\\u{200E}\\u{061C}"},
		{"\xff\xc3", 2, "\\xFF\\xC3"},
		{"\xc0\xaf", 2, "\\xC0\\xAF"},
		{"\xed\xa0\x80", 3, "\\xED\\xA0\\x80"},
		{"\xe2\x82", 2, "\\xE2\\x82"},
		{"", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		struct str out = STR_INIT;

		text_safe(&out, rows[i].in, rows[i].len);
		assert_string_equal(out.p, rows[i].out);
		str_release(&out);
	}
	struct arena *a = arena_new();
	assert_string_equal(text_safe_copy(a, "a\x1b"), "a\\x1B");
	arena_free(a);
}

static void utf8_decodes(void **state)
{
	static const struct {
		const char *in;
		size_t size;
		uint32_t cp;
	} rows[] = {
		{"a", 1, 'a'},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xe0\x9f\xbf", 0, 0},
		{"\xed\xa0\x80", 0, 0},
		{"\xf0\x8f\xbf\xbf", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf5\x80\x80\x80", 0, 0},
		{"\xe2\x28\xa1", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		uint32_t cp = 0;
		size_t len = strlen(rows[i].in);

		assert_int_equal(utf8_decode(rows[i].in, len, &cp), rows[i].size);
		assert_int_equal(cp, rows[i].cp);
		assert_int_equal(utf8_check(rows[i].in, len), rows[i].size ? len : 0);
		if (len > 1)
			assert_int_equal(utf8_decode(rows[i].in, len - 1, NULL), 0);
	}
	assert_int_equal(utf8_decode("", 0, NULL), 0);
}

static void utf8_check_finds_the_first(void **state)
{
	char text[64];

	(void)state;
	for (size_t bad = 0; bad < sizeof text; bad++) {
		memset(text, 'x', sizeof text);
		text[bad] = (char)0xff;
		assert_int_equal(utf8_check(text, sizeof text), bad);
		assert_int_equal(utf8_check(text, bad), bad);
	}
}

static void numbers_are_strict(void **state)
{
	static const char *const bad[] = {"",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "0x1",
					  "1a",
					  "18446744073709551616",
					  "99999999999999999999999"};
	uint64_t out = 7;

	(void)state;
	for (size_t i = 0; i < SIZE(bad); i++)
		assert_false(text_u64(bad[i], 0, UINT64_MAX, &out));
	assert_false(text_u64("5", 6, 9, &out));
	assert_false(text_u64("10", 6, 9, &out));
	assert_int_equal(out, 7);
	assert_true(text_u64("18446744073709551615", 0, UINT64_MAX, &out));
	assert_true(out == UINT64_MAX);
	assert_true(text_u64("0009", 6, 9, &out));
	assert_int_equal(out, 9);
}

/* The published test vectors of FNV-1a. */
static void hashes_match_the_standard(void **state)
{
	(void)state;
	assert_int_equal(fnv1a32("", 0), 0x811c9dc5U);
	assert_int_equal(fnv1a32("a", 1), 0xe40c292cU);
	assert_int_equal(fnv1a32("foobar", 6), 0xbf9cf968U);
	assert_true(fnv1a64("", 0, FNV64_INIT) == 0xcbf29ce484222325ULL);
	assert_true(fnv1a64("foobar", 6, FNV64_INIT) == 0x85944171f73967e8ULL);
	assert_true(fnv1a64("bar", 3, fnv1a64("foo", 3, FNV64_INIT)) == 0x85944171f73967e8ULL);
}

static const char *nearest_of(const char *word, const char *const *names)
{
	struct text_nearest near = {.word = word};

	for (; *names; names++)
		text_nearest_offer(&near, *names);
	return near.name;
}

/* Up to one edit for names of 2 to 4 bytes, two up to 7, three beyond. */
static void a_near_name_is_a_few_edits_away(void **state)
{
	static const struct {
		const char *word, *name;
		bool near;
	} rows[] = {
		{"b", "a", false},
		{"", "a", false},
		{"l", "ls", true},
		{"lss", "ls", true},
		{"ls", "rm", false},
		{"hots", "host", true},
		{"port", "host", false},
		{"tags", "tag", true},
		{"xyz", "tag", false},
		{"prots", "ports", true},
		{"slot", "ports", false},
		{"imgae", "image", true},
		{"imga", "image", true},
		{"im", "image", false},
		{"srevcs", "service", false},
		{"servcie", "service", true},
		{"enviroment", "environment", true},
		{"envronmetn", "environment", true},
		{"envronmetm", "environment", true},
		{"envronmodm", "environment", false},
		{"environmentsss", "environment", true},
		{"environmentssss", "environment", false},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		const char *name = nearest_of(
			rows[i].word, (const char *const[]){"zzzzzzzz", rows[i].name, NULL});

		if (rows[i].near != (name == rows[i].name) || (!rows[i].near && name))
			fail_msg("%s: %s", rows[i].word, name ? name : "none");
	}
}

static void the_nearest_name_wins(void **state)
{
	static const char *const names[] = {"listen", "listener", "Listen", "lists", NULL};
	struct text_nearest near = {.word = "LISTEN"};

	(void)state;
	assert_null(nearest_of("listen", (const char *const[]){NULL}));
	assert_string_equal(nearest_of("listenr", names), "listen");
	assert_string_equal(nearest_of("listenerr", names), "listener");
	assert_string_equal(nearest_of("lsits", names), "lists");
	/* Of equals the first; never the word itself. */
	assert_string_equal(nearest_of("xisten", names), "listen");
	assert_string_equal(nearest_of("listen", names), "Listen");
	assert_null(nearest_of("listen", (const char *const[]){"listen", NULL}));
	/* Letters in another case are nearer than any edit, and say so. */
	text_nearest_offer(&near, "LISTE");
	assert_int_equal(near.distance, 1);
	text_nearest_offer(&near, "listen");
	text_nearest_offer(&near, "LISTENS");
	assert_string_equal(near.name, "listen");
	assert_int_equal(near.distance, 0);
}

static void long_names_are_like_nothing(void **state)
{
	char longest[65], longer[100], wrong[65];

	(void)state;
	memset(longest, 'a', 64);
	longest[64] = '\0';
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(wrong, longest, sizeof wrong);
	memcpy(wrong, "bbb", 3);
	assert_string_equal(nearest_of(wrong, (const char *const[]){longest, NULL}), longest);
	longer[65] = '\0';
	assert_null(nearest_of(longest, (const char *const[]){longer, NULL}));
	assert_null(nearest_of(longer, (const char *const[]){longest, NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_text_is_shown),
		cmocka_unit_test(utf8_decodes),
		cmocka_unit_test(utf8_check_finds_the_first),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(hashes_match_the_standard),
		cmocka_unit_test(a_near_name_is_a_few_edits_away),
		cmocka_unit_test(the_nearest_name_wins),
		cmocka_unit_test(long_names_are_like_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
