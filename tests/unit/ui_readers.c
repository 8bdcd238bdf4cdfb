/* Readers: answers whole and in lines, limits, back pressure, cancelling, recorded answers. */
#include "ui_jobs_case.h"

static struct test {
	struct reader *reader;
	int done, status;
	struct str out, err, lines;
	size_t line_count, longest;
	struct kata_error e;
	enum { GO_ON, CANCEL, HOLD } at_line;
} test;

static int setup(void **state)
{
	memset(&test, 0, sizeof test);
	test.out = test.err = test.lines = (struct str)STR_INIT;
	return scene_setup(state);
}

static int teardown(void **state)
{
	scene_teardown(state);
	str_release(&test.out);
	str_release(&test.err);
	str_release(&test.lines);
	return 0;
}

static void on_done(void *arg, int status, const struct str *out, const struct str *err,
		    const struct kata_error *e)
{
	assert_ptr_equal(arg, &test);
	test.done++;
	test.status = status;
	str_addn(&test.out, out->p, out->len);
	str_addn(&test.err, err->p, err->len);
	test.e = *e;
}

static void on_line(void *arg, const char *text, size_t len)
{
	assert_ptr_equal(arg, &test);
	assert_int_equal(test.done, 0);
	str_addc(&test.lines, '[');
	str_addn(&test.lines, text, len < 100 ? len : 100);
	str_addc(&test.lines, ']');
	test.line_count++;
	test.longest = len > test.longest ? len : test.longest;
	if (test.at_line == CANCEL)
		reader_cancel(test.reader);
	if (test.at_line == HOLD)
		reader_pause(test.reader, true);
}

static void read_all(int timeout_ms, json_t *args)
{
	test.reader = reader_start(scene.jobs, args, timeout_ms, on_done, &test);
	json_decref(args);
	assert_int_equal(test.done, 0);
}

static void stream(json_t *args)
{
	test.reader = reader_stream(scene.jobs, args, on_line, on_done, &test);
	json_decref(args);
	assert_int_equal(test.line_count + (size_t)test.done, 0);
}

/* Turns until the reader is done, at most ms. */
static void turn(int64_t ms)
{
	int64_t end = loop_now_ms() + ms;

	while (!test.done && loop_now_ms() < end)
		loop_turn(scene.loop, end - loop_now_ms());
}

static void finish(int status)
{
	assert_int_equal(readers_running(scene.jobs), 1);
	turn(10000);
	assert_int_equal(test.done, 1);
	assert_int_equal(test.status, status);
	assert_int_equal(readers_running(scene.jobs), 0);
}

static void an_answer_comes_whole(void **state)
{
	(void)state;
	read_all(5000, WORDS("printf 'a\\nb'; sleep 0.1; echo c; echo e >&2; exit 3"));
	finish(3);
	assert_string_equal(test.out.p, "a\nbc\n");
	assert_string_equal(test.err.p, "e\n");
	assert_int_equal(test.e.code, ERROR_NONE);
}

static void options_come_last_and_words_stay_words(void **state)
{
	(void)state;
	scene.options = WORDS("--root", "/a b");
	scene_begin(false);
	read_all(5000, WORDS("printf '%s|' \"$@\"; echo $NO_COLOR", "x y", "$HOME"));
	finish(0);
	assert_non_null(strstr(test.out.p, "|x y|$HOME|--root|/a b|1\n"));
}

static void time_that_is_up_names_the_command(void **state)
{
	int64_t start = loop_now_ms();

	(void)state;
	read_all(300, WORDS("echo half; sleep 30", "app"));
	finish(-1);
	assert_true(loop_now_ms() - start < 3000);
	assert_int_equal(test.e.code, ERROR_TIMEOUT);
	assert_string_equal(test.e.msg,
			    "kata-tui 'echo half; sleep 30' app did not end within 0.3 s");
	assert_string_equal(test.out.p, "half\n");
	assert_false(has_children());
}

static void what_cannot_start_is_told_from_the_loop(void **state)
{
	(void)state;
	unlink(scene.program);
	read_all(5000, WORDS("ls"));
	finish(-1);
	assert_int_equal(test.e.code, ERROR_NOT_FOUND);
}

static void an_argument_with_a_nul_is_refused(void **state)
{
	json_t *args = json_array();

	(void)state;
	json_array_append_new(args, json_stringn("ls\0x", 4));
	read_all(5000, args);
	finish(-1);
	assert_int_equal(test.e.code, ERROR_INVALID);
}

static void errors_are_bounded(void **state)
{
	(void)state;
	read_all(20000, WORDS("head -c 3000000 /dev/zero >&2"));
	finish(0);
	assert_int_equal(test.err.len, 1 << 20);
}

static void an_answer_that_is_too_long_is_none(void **state)
{
	(void)state;
	read_all(60000, WORDS("cat /dev/zero"));
	turn(60000);
	assert_int_equal(test.status, -1);
	assert_int_equal(test.e.code, ERROR_PROTOCOL);
	assert_int_equal(test.out.len, 64 << 20);
	assert_false(has_children());
}

static void nobody_hears_of_a_cancelled_one(void **state)
{
	(void)state;
	read_all(200, WORDS("echo here; sleep 30"));
	reader_cancel(test.reader);
	assert_int_equal(readers_running(scene.jobs), 0);
	assert_false(has_children());
	turn(500);
	assert_int_equal(test.done, 0);
	unlink(scene.program);
	read_all(200, WORDS("ls"));
	reader_cancel(test.reader);
	turn(500);
	assert_int_equal(test.done, 0);
}

static void the_end_ends_readers(void **state)
{
	(void)state;
	read_all(60000, WORDS("sleep 30"));
	stream(WORDS("echo; sleep 30"));
	assert_int_equal(readers_running(scene.jobs), 2);
	scene_begin(false);
	assert_false(has_children());
	turn(100);
	assert_int_equal(test.done, 0);
}

/* --- streams --- */

static void lines_come_one_by_one(void **state)
{
	(void)state;
	stream(WORDS("printf 'one\\n\\ntw'; sleep 0.2; printf 'o\\nlast'; echo e >&2; exit 2"));
	finish(2);
	assert_string_equal(test.lines.p, "[one][][two][last]");
	assert_int_equal(test.out.len, 0);
	assert_string_equal(test.err.p, "e\n");
}

static void a_long_line_is_cut(void **state)
{
	(void)state;
	stream(WORDS("head -c 200000 /dev/zero | tr '\\0' x; echo; echo next"));
	finish(0);
	assert_int_equal(test.line_count, 2);
	assert_int_equal(test.longest, 64 << 10);
	assert_string_equal(test.lines.p + test.lines.len - 6, "[next]");
}

static void many_lines_all_come(void **state)
{
	(void)state;
	stream(WORDS("seq 1 100000"));
	finish(0);
	assert_int_equal(test.line_count, 100000);
	assert_string_equal(test.lines.p + test.lines.len - 8, "[100000]");
}

/* Not one line more, though many have come already; then all of them, and the end. */
static void a_stream_can_be_held(void **state)
{
	(void)state;
	test.at_line = HOLD;
	stream(WORDS("seq 1 3"));
	turn(400);
	assert_string_equal(test.lines.p, "[1]");
	reader_pause(test.reader, false);
	assert_string_equal(test.lines.p, "[1]");
	turn(100);
	assert_string_equal(test.lines.p, "[1][2]");
	test.at_line = GO_ON;
	reader_pause(test.reader, false);
	finish(0);
	assert_string_equal(test.lines.p, "[1][2][3]");
}

static void a_held_stream_makes_its_command_wait(void **state)
{
	(void)state;
	test.at_line = HOLD;
	stream(WORDS("seq 1 100000; : >\"$2\"", in_folder("over")));
	turn(500);
	assert_int_equal(test.line_count, 1);
	assert_int_equal(access(in_folder("over"), F_OK), -1);
	test.at_line = GO_ON;
	reader_pause(test.reader, false);
	finish(0);
	assert_int_equal(test.line_count, 100000);
}

static void a_stream_can_be_cancelled_by_its_line(void **state)
{
	(void)state;
	test.at_line = CANCEL;
	stream(WORDS("yes"));
	turn(200);
	assert_string_equal(test.lines.p, "[y]");
	assert_int_equal(test.done, 0);
	assert_int_equal(readers_running(scene.jobs), 0);
	assert_false(has_children());
}

/* --- recorded answers --- */

static void answers_can_be_recorded(void **state)
{
	(void)state;
	put("ls --json", "{\"apps\":[]}\n");
	put("config_env a_b", "X=1\nY=2");
	put("config_env a_b.exit", "4\n");
	put("config_env a_b.err", "oh\n");
	scene.options = WORDS("--root", "/srv");
	scene_begin(true);
	read_all(1000, WORDS("ls", "--json"));
	finish(0);
	assert_string_equal(test.out.p, "{\"apps\":[]}\n");
	test.done = 0;
	stream(WORDS("config/env", "a/b"));
	finish(4);
	assert_string_equal(test.lines.p, "[X=1][Y=2]");
	assert_string_equal(test.err.p, "oh\n");
	assert_false(has_children());
}

static void a_recorded_stream_can_be_held_and_cancelled(void **state)
{
	(void)state;
	put("logs", "1\n2\n3\n");
	scene_begin(true);
	test.at_line = HOLD;
	stream(WORDS("logs"));
	turn(100);
	assert_string_equal(test.lines.p, "[1]");
	test.at_line = GO_ON;
	reader_pause(test.reader, false);
	finish(0);
	assert_string_equal(test.lines.p, "[1][2][3]");
	test.done = 0;
	test.line_count = 0;
	test.at_line = CANCEL;
	stream(WORDS("logs"));
	turn(100);
	assert_int_equal(test.line_count, 1);
	assert_int_equal(test.done, 0);
}

static void what_is_not_recorded_is_said(void **state)
{
	(void)state;
	scene_begin(true);
	read_all(1000, WORDS("..", "x"));
	finish(-1);
	assert_int_equal(test.e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(test.e.msg, "no recorded answer to \".. x\""));
	test.done = 0;
	put("ps", "");
	put("ps.exit", "none");
	read_all(1000, WORDS("ps"));
	finish(-1);
	assert_int_equal(test.e.code, ERROR_INVALID);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_comes_whole),
		TEST(options_come_last_and_words_stay_words),
		TEST(time_that_is_up_names_the_command),
		TEST(what_cannot_start_is_told_from_the_loop),
		TEST(an_argument_with_a_nul_is_refused),
		TEST(errors_are_bounded),
		TEST(an_answer_that_is_too_long_is_none),
		TEST(nobody_hears_of_a_cancelled_one),
		TEST(the_end_ends_readers),
		TEST(lines_come_one_by_one),
		TEST(a_long_line_is_cut),
		TEST(many_lines_all_come),
		TEST(a_stream_can_be_held),
		TEST(a_held_stream_makes_its_command_wait),
		TEST(a_stream_can_be_cancelled_by_its_line),
		TEST(answers_can_be_recorded),
		TEST(a_recorded_stream_can_be_held_and_cancelled),
		TEST(what_is_not_recorded_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
