/*
 * Logs as lines: the engine's messages taken apart at any border, made safe, and put in order;
 * --since.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cmd/instances.h"
#include "../../src/cmd/logs.h"

#define T1 "2026-11-22T04:30:35.542818036Z"
#define T2 "2026-11-22T04:30:36.000000001Z"

/* Collects "time|details|text\n", each line's text at most 40 bytes long. */
static void collect(void *arg, const struct log_line *line)
{
	struct str *out = arg;

	str_addf(out, "%.4s%s|%s|", line->time, *line->time ? line->time + 17 : "", line->details);
	str_addn(out, line->text, line->len < 40 ? line->len : 40);
	if (line->len >= 40)
		str_addf(out, "...%zu", line->len);
	str_addc(out, '\n');
}

/* Feeds messages (NULL at the end), cut into pieces of `step` bytes. */
static void feed(struct log_split *split, const char *const *messages, size_t step, struct str *out)
{
	for (; *messages; messages++) {
		size_t len = strlen(*messages), n;

		for (size_t at = 0; at < len; at += n) {
			n = step < len - at ? step : len - at;
			log_split_add(split, *messages + at, n, at + n == len, collect, out);
		}
	}
	log_split_end(split, collect, out);
}

static void expect(const struct log_split *like, const char *const *messages, const char *lines)
{
	for (size_t step = 1; step < 80; step++) {
		struct log_split split = *like;
		struct str out = STR_INIT;

		feed(&split, messages, step, &out);
		assert_string_equal(out.p, lines);
		str_release(&out);
	}
}

static void test_messages_become_lines_at_any_border(void **state)
{
	(void)state;
	expect(&(struct log_split){0},
	       (const char *const[]){T1 " one\n", T2 " two\n", T2 " \n", NULL},
	       "202635.542818036Z||one\n202636.000000001Z||two\n202636.000000001Z||\n");
}

static void test_a_terminal_has_no_frames(void **state)
{
	(void)state;
	expect(&(struct log_split){.raw = true},
	       (const char *const[]){T1 " one\r\n" T2 " t", "wo\r\n", NULL},
	       "202635.542818036Z||one\r\n202636.000000001Z||two\r\n");
}

static void test_pieces_of_one_line_have_one_date(void **state)
{
	(void)state;
	expect(&(struct log_split){0}, (const char *const[]){T1 " abc", T1 " def", T1 " g\n", NULL},
	       "202635.542818036Z||abcdefg\n");
}

static void test_another_date_is_another_line(void **state)
{
	(void)state;
	expect(&(struct log_split){0}, (const char *const[]){T1 " no end", T2 " next\n", NULL},
	       "202635.542818036Z||no end\n202636.000000001Z||next\n");
}

static void test_the_rest_is_a_line(void **state)
{
	(void)state;
	expect(&(struct log_split){0}, (const char *const[]){T1 " rest", NULL},
	       "202635.542818036Z||rest\n");
	expect(&(struct log_split){.raw = true}, (const char *const[]){T1 " rest", NULL},
	       "202635.542818036Z||rest\n");
}

static void test_details_of_a_service(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	expect(&(struct log_split){.has_details = true},
	       (const char *const[]){T1 " a.id=1,b.id=2 hello you\n", NULL},
	       "202635.542818036Z|a.id=1,b.id=2|hello you\n");
	assert_string_equal(log_detail(a, "a.id=1,b.id=2", "b.id"), "2");
	assert_string_equal(log_detail(a, "a.id=1,b.id=2", "a.id"), "1");
	assert_null(log_detail(a, "a.id=1", "id"));
	assert_null(log_detail(a, "", "id"));
	arena_free(a);
}

/* A text of n times c, with a head and an end. */
static char *long_text(const char *head, size_t n, char c, const char *end)
{
	struct str s = STR_INIT;

	str_add(&s, head);
	while (n--)
		str_addc(&s, c);
	str_add(&s, end);
	return str_detach(&s);
}

static void test_a_terminals_long_line_is_joined(void **state)
{
	char *piece = long_text(T1 " ", LOG_CHUNK, 'x', "");
	char *text = long_text(piece, 0, 0, T1 " end\n");
	struct log_split split = {.raw = true};
	struct str out = STR_INIT;

	(void)state;
	feed(&split, (const char *const[]){text, NULL}, 1000, &out);
	assert_string_equal(out.p, "202635.542818036Z||xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
				   "16387\n");
	str_release(&out);
	free(piece);
	free(text);
}

static void count_longest(void *arg, const struct log_line *line)
{
	size_t *sums = arg;

	sums[0]++;
	sums[1] += line->len;
	if (line->len > sums[2])
		sums[2] = line->len;
	/* Never inside of a character. */
	assert_true(!line->len || ((unsigned char)line->text[0] & 0xC0) != 0x80);
}

static void test_endless_lines_are_bounded(void **state)
{
	for (int raw = 0; raw < 2; raw++) {
		struct log_split split = {.raw = raw};
		size_t sums[3] = {0}, fed = 0;

		(void)state;
		log_split_add(&split, T1 " ", LOG_TIME + 1, false, count_longest, sums);
		while (fed < 3 * LOG_LINE_MAX + 5) {
			log_split_add(&split, "\xC3\xA4!", 3, false, count_longest, sums);
			fed += 3;
			assert_true(split.held.len <= LOG_LINE_MAX + 3);
		}
		log_split_end(&split, count_longest, sums);
		assert_true(sums[0] >= 3);
		assert_int_equal(sums[1], fed);
		assert_true(sums[2] <= 2 * LOG_LINE_MAX);
	}
}

static void test_text_is_made_safe(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain\ttab", "plain\ttab"},
		{"\033[1;31mred\033[0m", "red"},
		{"\033]0;title\aafter", "after"},
		{"\033]8;;http://x\033\\link", "link"},
		{"\033(Bx\033=y", "xy"},
		{"\033", ""},
		{"\033[", ""},
		{"end\r\r", "end"},
		{"a\rb", "a\\rb"},
		{"bell\a", "bell\\x07"},
		{"h\xC3\xA4", "h\xC3\xA4"},
		{"bad\xFF", "bad\\xFF"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str out = STR_INIT;

		log_text_add(&out, rows[i].in, strlen(rows[i].in));
		assert_string_equal(out.p, rows[i].out);
		assert_null(strchr(out.p, '\033'));
		str_release(&out);
	}
}

static void test_queue_keeps_order(void **state)
{
	struct log_queue queue = {0};
	char text[16];
	unsigned in = 0, out = 0;

	(void)state;
	assert_null(log_queue_first(&queue));
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < round % 7 + 1; i++, in++) {
			int n = snprintf(text, sizeof text, "%u", in);

			log_queue_add(&queue, &(struct log_line){T1, "d", text, (size_t)n}, 2);
		}
		for (unsigned i = 0; i < round % 5 + 1 && log_queue_first(&queue); i++, out++) {
			const struct log_queued *first = log_queue_first(&queue);

			snprintf(text, sizeof text, "%u", out);
			assert_int_equal(first->len, strlen(text));
			assert_memory_equal(first->text, text, first->len);
			assert_string_equal(first->time, T1);
			assert_string_equal(first->details, "d");
			assert_int_equal(first->stream, 2);
			log_queue_drop(&queue);
		}
	}
	assert_int_equal(queue.count, in - out);
	assert_true(queue.bytes > 0);
	while (log_queue_first(&queue))
		log_queue_drop(&queue);
	assert_int_equal(queue.bytes, 0);
	log_queue_release(&queue);
}

static void test_times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
		long ns;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0, 0},
		{"2026-11-22T04:30:35.542818036Z", 1795321835, 542818036},
		{"2026-11-22t04:30:35.5z", 1795321835, 500000000},
		{"2026-11-22T06:30:35+02:00", 1795321835, 0},
		{"2026-11-21 23:00:35-05:30", 1795321835, 0},
	};
	static const char *const wrong[] = {
		"",
		"2026",
		"2026-11-22",
		"2026-13-22T04:30:35Z",
		"2026-11-22T24:30:35Z",
		"2026-11-22T04:30:35",
		"2026-11-22T04:30:35Zx",
		"2026-11-22T04:30:35+2:00",
		"yesterday",
	};
	int64_t seconds;
	long ns;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(time_parse(rows[i].text, &seconds, &ns));
		assert_int_equal(seconds, rows[i].seconds);
		assert_int_equal(ns, rows[i].ns);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(time_parse(wrong[i], &seconds, &ns));
	assert_true(time_parse("0001-01-01T00:00:00Z", &seconds, &ns));
	assert_true(seconds < 0);
}

static void test_since_becomes_what_the_engine_takes(void **state)
{
	static const struct {
		const char *text, *since;
	} rows[] = {
		{"10m", "1999999400"},
		{"1h30m", "1999994600"},
		{"1700000000", "1700000000"},
		{"1700000000.25", "1700000000.25"},
		{"2026-11-22T04:30:35.5Z", "1795321835.500000000"},
		{"yesterday", NULL},
		{"-5m", NULL},
		{"1700000000.", NULL},
		{"12345678901234567890", NULL},
		{"", NULL},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *since = time_since(a, rows[i].text, 2000000000);

		if (rows[i].since) {
			assert_non_null(since);
			assert_string_equal(since, rows[i].since);
		} else {
			assert_null(since);
		}
	}
	assert_string_equal(log_after(a, T1), "1795321835.542818037");
	assert_string_equal(log_after(a, "2026-11-22T04:30:35.999999999Z"), "1795321836.000000000");
	assert_null(log_after(a, "0001-01-01T00:00:00Z"));
	assert_null(log_after(a, ""));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_become_lines_at_any_border),
		cmocka_unit_test(test_a_terminal_has_no_frames),
		cmocka_unit_test(test_pieces_of_one_line_have_one_date),
		cmocka_unit_test(test_another_date_is_another_line),
		cmocka_unit_test(test_the_rest_is_a_line),
		cmocka_unit_test(test_details_of_a_service),
		cmocka_unit_test(test_a_terminals_long_line_is_joined),
		cmocka_unit_test(test_endless_lines_are_bounded),
		cmocka_unit_test(test_text_is_made_safe),
		cmocka_unit_test(test_queue_keeps_order),
		cmocka_unit_test(test_times_are_read),
		cmocka_unit_test(test_since_becomes_what_the_engine_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
