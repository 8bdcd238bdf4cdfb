/* Polling: when a command is run, what counts as its answer, what stays when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "ui/facts.h"

/* --- readers that do nothing but remember --- */

struct reader {
	char command[32];
	int timeout_ms;
	reader_done *done;
	void *arg;
	bool running;
};
static struct reader readers[64];
static size_t reader_count;

struct reader *reader_start(struct jobs *jobs, const json_t *args, int timeout_ms,
			    reader_done *done, void *arg)
{
	struct reader *reader = &readers[reader_count++];
	struct str text = STR_INIT;
	json_t *item;
	size_t i;

	(void)jobs;
	assert_in_range(reader_count, 1, sizeof readers / sizeof *readers);
	*reader = (struct reader){"", timeout_ms, done, arg, true};
	json_array_foreach((json_t *)args, i, item)
		str_addf(&text, "%s%s", i ? " " : "", json_string_value(item));
	assert_in_range(text.len, 1, sizeof reader->command - 1);
	memcpy(reader->command, text.p, text.len);
	str_release(&text);
	return reader;
}

void reader_cancel(struct reader *reader)
{
	assert_true(reader->running);
	reader->running = false;
}

static void answer_err(struct reader *reader, int status, const char *out, const char *err)
{
	struct str out_text = STR_INIT, err_text = STR_INIT;
	struct kata_error e = {0};

	assert_true(reader->running);
	reader->running = false;
	str_add(&out_text, out);
	str_add(&err_text, err);
	if (status < 0)
		error_set(&e, ERROR_TIMEOUT, "no answer within 20 s");
	reader->done(reader->arg, status, &out_text, &err_text, &e);
	str_release(&out_text);
	str_release(&err_text);
}

static void answer(struct reader *reader, int status, const char *out)
{
	answer_err(reader, status, out, "");
}

/* --- fixture --- */

struct fixture {
	struct loop *loop;
	struct facts facts;
	unsigned changed[FACT_COUNT];
};

static void on_changed(void *arg, enum fact_kind kind)
{
	((struct fixture *)arg)->changed[kind]++;
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof f);
	reader_count = 0;
	f.loop = loop_new();
	facts_init(&f.facts, NULL, f.loop, on_changed, &f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	facts_release(&f->facts);
	for (size_t i = 0; i < reader_count; i++)
		assert_false(readers[i].running);
	loop_free(f->loop);
	return 0;
}

static void run_ms(struct fixture *f, int64_t ms)
{
	int64_t end = loop_now_ms() + ms, left;

	while ((left = end - loop_now_ms()) > 0)
		if (!loop_turn(f->loop, left))
			loop_sleep(f->loop, left);
}

/* Waits for the reader of this number. */
static struct reader *wait_reader(struct fixture *f, size_t number)
{
	int64_t end = loop_now_ms() + 5000;

	while (reader_count < number && loop_now_ms() < end)
		loop_turn(f->loop, 50);
	assert_int_equal(reader_count, number);
	return &readers[number - 1];
}

/* One reading, answered. */
static const struct fact *read_fact(struct fixture *f, enum fact_kind kind, int status,
				    const char *out, const char *err)
{
	size_t before = reader_count;

	facts_poke(&f->facts, 1U << kind);
	answer_err(wait_reader(f, before + 1), status, out, err);
	return &f->facts.fact[kind];
}

/* --- when --- */

static void test_each_runs_its_command(void **state)
{
	static const char *const commands[] = {"ls --json", "--diff --json", "status --json",
					       "ps --json"};
	struct fixture *f = *state;

	run_ms(f, 20);
	assert_int_equal(reader_count, 0);
	facts_poke(&f->facts, (1U << FACT_COUNT) - 1);
	wait_reader(f, FACT_COUNT);
	for (int i = 0; i < FACT_COUNT; i++) {
		assert_string_equal(readers[i].command, commands[i]);
		assert_int_equal(readers[i].timeout_ms, FACT_TIMEOUT_MS);
		assert_true(f->facts.fact[i].reading);
	}
}

static void test_pokes_become_one_reading(void **state)
{
	struct fixture *f = *state;
	int64_t began = loop_now_ms();

	facts_poke(&f->facts, 1 << FACT_PS);
	run_ms(f, 20);
	assert_int_equal(reader_count, 0);
	facts_poke(&f->facts, 1 << FACT_PS);
	facts_poke(&f->facts, 1 << FACT_PS);
	wait_reader(f, 1);
	assert_true(loop_now_ms() - began >= FACT_SOON_MS);
	answer(&readers[0], 0, "[]");
	run_ms(f, 200);
	assert_int_equal(reader_count, 1);
	assert_int_equal(f->changed[FACT_PS], 1);
}

static void test_pokes_without_end_do_not_put_it_off(void **state)
{
	struct fixture *f = *state;
	int64_t began = loop_now_ms();

	while (!reader_count && loop_now_ms() - began < 3000) {
		facts_poke(&f->facts, 1 << FACT_PS);
		run_ms(f, 10);
	}
	assert_in_range(loop_now_ms() - began, FACT_LATEST_MS - 50, FACT_LATEST_MS + 300);
}

static void test_a_poke_during_a_reading_makes_another(void **state)
{
	struct fixture *f = *state;

	facts_poke(&f->facts, 1 << FACT_PS);
	wait_reader(f, 1);
	facts_poke(&f->facts, 1 << FACT_PS);
	facts_poke(&f->facts, 1 << FACT_PS);
	run_ms(f, 150);
	assert_int_equal(reader_count, 1);
	answer(&readers[0], 0, "[]");
	assert_false(f->facts.fact[FACT_PS].reading);
	answer(wait_reader(f, 2), 0, "[]");
	run_ms(f, 200);
	assert_int_equal(reader_count, 2);
}

/* What takes long and changes all the time is not read all the time. */
static void test_it_rests_longer_than_it_took(void **state)
{
	struct fixture *f = *state;
	int64_t ended;

	facts_poke(&f->facts, 1 << FACT_PS);
	wait_reader(f, 1);
	run_ms(f, 300);
	facts_poke(&f->facts, 1 << FACT_PS);
	ended = loop_now_ms();
	answer(&readers[0], 0, "[]");
	facts_poke(&f->facts, 1 << FACT_PS);
	wait_reader(f, 2);
	assert_in_range(loop_now_ms() - ended, 880, 1400);
	answer(&readers[1], 0, "[]");
}

static void test_the_same_answer_again_is_no_news(void **state)
{
	struct fixture *f = *state;
	const struct fact *fact = &f->facts.fact[FACT_PS];
	const json_t *value;

	read_fact(f, FACT_PS, 0, "[1]", "");
	value = fact->value;
	facts_poke(&f->facts, 1 << FACT_PS);
	answer(wait_reader(f, 2), 0, "[1]");
	assert_false(fact->reading);
	assert_ptr_equal(fact->value, value);
	assert_int_equal(fact->generation, 1);
	facts_poke(&f->facts, 1 << FACT_PS);
	answer(wait_reader(f, 3), 0, "[2]");
	assert_int_equal(fact->generation, 2);
	facts_poke(&f->facts, 1 << FACT_PS);
	answer(wait_reader(f, 4), 1, "[2]");
	assert_true(fact->failed);
	answer(wait_reader(f, 5), 0, "[2]");
	assert_false(fact->failed);
	assert_int_equal(fact->generation, 4);
}

static void test_a_failure_is_tried_again(void **state)
{
	struct fixture *f = *state;
	int64_t began;

	read_fact(f, FACT_PS, 1, "", "kata-tui: no\n");
	began = loop_now_ms();
	answer(wait_reader(f, 2), 1, "");
	assert_in_range(loop_now_ms() - began, 990, 1500);
	began = loop_now_ms();
	answer(wait_reader(f, 3), 0, "[]");
	assert_in_range(loop_now_ms() - began, 1990, 2500);
	assert_int_equal(f->facts.fact[FACT_PS].failures, 0);
	/* And a poke does not wait for that. */
	read_fact(f, FACT_PS, 1, "", "");
	began = loop_now_ms();
	facts_poke(&f->facts, 1 << FACT_PS);
	answer(wait_reader(f, 5), 0, "[]");
	assert_in_range(loop_now_ms() - began, 0, 500);
}

static void test_release_ends_readers_and_timers(void **state)
{
	struct fixture *f = *state;

	facts_poke(&f->facts, 1 << FACT_PS | 1 << FACT_APPS);
	wait_reader(f, 2);
	facts_poke(&f->facts, 1 << FACT_PLAN);
	facts_release(&f->facts);
	run_ms(f, 150);
	assert_int_equal(reader_count, 2);
	assert_false(readers[0].running || readers[1].running);
}

/* --- what counts --- */

static void test_a_good_answer(void **state)
{
	struct fixture *f = *state;
	const struct fact *fact = read_fact(f, FACT_APPS, 0, "{\"apps\": []}", "");

	assert_non_null(fact->value);
	assert_false(fact->failed);
	assert_in_range(loop_now_ms() - fact->good_ms, 0, 1000);
	assert_int_equal(fact->generation, 1);
	assert_int_equal(f->changed[FACT_APPS], 1);
}

/* The exit code says that there is trouble; the answer says which. */
static void test_answers_with_trouble_in_them(void **state)
{
	struct fixture *f = *state;

	assert_false(read_fact(f, FACT_APPS, 1, "{\"apps\": []}", "kata-tui: x\n")->failed);
	assert_false(read_fact(f, FACT_PLAN, 2, "{\"caddy\":[],\"containers\":[]}", "x\n")->failed);
	assert_false(read_fact(f, FACT_STATUS, 1, "{\"caddy\": []}", "")->failed);
}

/* A list of apps that is not complete, and half the containers. */
static void test_half_an_answer_is_none(void **state)
{
	struct fixture *f = *state;
	const struct fact *fact = read_fact(f, FACT_PS, 0, "[{\"id\": \"a\"}]", "");
	int64_t good = fact->good_ms;

	read_fact(f, FACT_PS, 1, "[]", "kata-tui: GET /tasks: nobody answers\nhint: look there\n");
	assert_true(fact->failed);
	assert_int_equal(json_array_size(fact->value), 1);
	assert_int_equal(fact->good_ms, good);
	assert_int_equal(fact->generation, 2);
	assert_string_equal(fact->error.msg, "GET /tasks: nobody answers");
	assert_string_equal(fact->error.hint, "look there");
	assert_true(read_fact(f, FACT_APPS, 2, "{\"apps\": []}", "kata-tui: no folder\n")->failed);
	assert_null(f->facts.fact[FACT_APPS].value);
	read_fact(f, FACT_PS, 0, "[]", "");
	assert_false(fact->failed);
	assert_int_equal(json_array_size(fact->value), 0);
}

static void test_what_is_no_answer(void **state)
{
	static const char *const outs[] = {"", "{", "[]", "{\"apps\": 1}", "null"};
	struct fixture *f = *state;
	const struct fact *fact = &f->facts.fact[FACT_APPS];

	for (size_t i = 0; i < sizeof outs / sizeof *outs; i++) {
		read_fact(f, FACT_APPS, 0, outs[i], "");
		assert_true(fact->failed);
		assert_string_equal(fact->error.msg, "`kata-tui ls` gave no answer");
		assert_string_equal(fact->error.hint, "its exit code was 0");
	}
	read_fact(f, FACT_APPS, 128 + 9, "", "");
	assert_string_equal(fact->error.hint, "a signal ended it: 9");
	read_fact(f, FACT_APPS, -1, "", "");
	assert_string_equal(fact->error.msg, "no answer within 20 s");
	assert_int_equal(fact->error.code, ERROR_TIMEOUT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_each_runs_its_command),
		T(test_pokes_become_one_reading),
		T(test_pokes_without_end_do_not_put_it_off),
		T(test_a_poke_during_a_reading_makes_another),
		T(test_it_rests_longer_than_it_took),
		T(test_the_same_answer_again_is_no_news),
		T(test_a_failure_is_tried_again),
		T(test_release_ends_readers_and_timers),
		T(test_a_good_answer),
		T(test_answers_with_trouble_in_them),
		T(test_half_an_answer_is_none),
		T(test_what_is_no_answer),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
