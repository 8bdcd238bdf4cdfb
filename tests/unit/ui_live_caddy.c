/* Watching Caddys: what is a change and what is none, requests in flight, one that hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "talk_http.h"
#include "ui/live.h"

/* What the test and its servers share. */
static struct shared {
	atomic_int caddy, asked, upstreams; /* which answer; how often; which numbers */
} * shared;

static struct talk talk;
static struct loop *loop;
static struct live *live;
static struct str seen;
static int numbers;

static void on_caddy(void *arg)
{
	(void)arg;
	str_add(&seen, live_caddy(live, 0)->up ? "<caddy>" : "<no caddy>");
}

static void on_numbers(void *arg)
{
	(void)arg;
	numbers++;
}

static const struct live_events events = {.caddy = on_caddy, .numbers = on_numbers};

static void turn_for(int64_t ms)
{
	int64_t until = loop_now_ms() + ms, left;

	while ((left = until - loop_now_ms()) > 0 && loop_turn(loop, left))
		continue;
}

/* Until `text` was seen, at most ms; how long that took, or -1. */
static int64_t turn_until(const char *text, int64_t ms)
{
	int64_t began = loop_now_ms();

	while (!strstr(seen.p, text)) {
		int64_t left = began + ms - loop_now_ms();

		if (left <= 0)
			return -1;
		loop_turn(loop, left);
	}
	return loop_now_ms() - began;
}

static const char *log_text(size_t from_end)
{
	const json_t *log = live_log(live);

	return json_member_text(json_array_get(log, json_array_size(log) - 1 - from_end), "text");
}

static int setup(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	loop = loop_new();
	seen = (struct str)STR_INIT;
	numbers = 0;
	return shared == MAP_FAILED;
}

static int teardown(void **state)
{
	(void)state;
	live_free(live);
	live = NULL;
	/* Nothing of it is left on the loop. */
	assert_false(loop_turn(loop, 0));
	loop_free(loop);
	str_release(&seen);
	if (talk.pid)
		talk_stop(&talk);
	talk.pid = 0;
	munmap(shared, sizeof *shared);
	return 0;
}

static const char traversal[] = "{\"error\":\"invalid traversal path at: config/apps\"}";

static const struct {
	int status;
	const char *headers, *body;
} caddys[] = {
	{200, "Etag: \"/config/apps/http/servers a1\"\r\n", "{\"a\":1}"},
	{200, "Etag: \"/config/apps/http/servers a2\"\r\n", "{\"a\":1}"},
	{200, "", "{\"a\":2}\n"},
	{200, "", "{\"a\":3}\n"},
	{200, "", "null\n"},
	{400, "", traversal},
	{200, "Content-Type: text/html\r\n", "<html>"},
	{403, "", "{\"error\":\"host not allowed: x\"}"},
	{404, "Content-Type: text/plain\r\n", "404 page not found"},
};
enum { CADDYS = sizeof caddys / sizeof caddys[0], CADDY_HANGS = CADDYS };

static bool caddy(struct talk_request *r)
{
	static const char *const upstreams[] = {
		"[{\"address\":\"a:1\",\"num_requests\":2,\"fails\":1}]",
		"[{\"address\":\"a:1\",\"num_requests\":3,\"fails\":0},"
		"{\"address\":\"b:1\",\"num_requests\":0,\"fails\":0}]"};
	int now = shared->caddy;

	if (strstr(r->path, "/reverse_proxy/upstreams"))
		return talk_answer(r, 200, "", upstreams[shared->upstreams]);
	shared->asked++;
	while (now == CADDY_HANGS)
		poll(NULL, 0, -1);
	return talk_answer(r, caddys[now].status, caddys[now].headers, caddys[now].body);
}

static void watch_caddy(int count, int interval_ms)
{
	struct live_options options = {
		.root = "/nowhere", .docker = "ssh://no", .interval_ms = interval_ms};
	json_t *list = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(list, json_string(talk.address));
	options.caddy = list;
	live = live_new(loop, &options, &events);
	json_decref(list);
	assert_true(turn_until("<caddy>", 1000) >= 0);
	turn_for(50);
}

static void test_caddy(void **state)
{
	(void)state;
	talk_start(&talk, true, caddy);
	watch_caddy(1, 40);
	assert_true(live_caddy(live, 0)->up && live_caddy(live, 0)->good_ms > 0);
	str_clear(&seen);
	turn_for(300);
	assert_int_equal(seen.len, 0);
	static const struct {
		int number;
		const char *told;
		enum error_code code;
	} steps[] = {
		{1, "<caddy>", ERROR_NONE}, {2, "<caddy>", ERROR_NONE},
		{3, "<caddy>", ERROR_NONE}, {4, "<caddy>", ERROR_NONE},
		{5, "<caddy>", ERROR_NONE}, {6, "<no caddy>", ERROR_PROTOCOL},
		{7, "", ERROR_DENIED},	    {8, "", ERROR_PROTOCOL},
		{5, "<caddy>", ERROR_NONE},
	};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		str_clear(&seen);
		shared->caddy = steps[i].number;
		live_caddy_soon(live);
		turn_for(150);
		live_caddy_soon(live);
		turn_for(50);
		assert_string_equal(seen.p, steps[i].told);
		assert_int_equal(live_caddy(live, 0)->error.code, steps[i].code);
		assert_int_equal(live_caddy(live, 0)->up, steps[i].code == ERROR_NONE);
	}
	assert_string_equal(log_text(0), "answers again");
	assert_non_null(strstr(log_text(1), "does not answer: this is not Caddy's"));
}

static void test_caddy_upstreams(void **state)
{
	(void)state;
	talk_start(&talk, false, caddy);
	watch_caddy(2, 40);
	turn_for(100);
	char *text = json_dumps(live_upstreams(live), JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"a:1\":{\"fails\":2,\"requests\":4}}");
	free(text);
	int before = numbers;
	turn_for(300);
	assert_int_equal(numbers, before);
	shared->upstreams = 1;
	turn_for(300);
	assert_true(numbers > before);
	text = json_dumps(live_upstreams(live), JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"a:1\":{\"fails\":0,\"requests\":6},"
				  "\"b:1\":{\"fails\":0,\"requests\":0}}");
	free(text);
}

static void test_caddy_hangs(void **state)
{
	(void)state;
	talk_start(&talk, false, caddy);
	watch_caddy(1, 10000);
	int asked = shared->asked;
	turn_for(300);
	assert_int_equal(shared->asked, asked);
	shared->caddy = 1;
	str_clear(&seen);
	live_caddy_soon(live);
	int64_t took = turn_until("<caddy>", 1000);
	assert_in_range(took, 0, 300);
	shared->caddy = CADDY_HANGS;
	turn_for(50);
	live_caddy_soon(live);
	turn_for(1200);
	assert_true(live_caddy(live, 0)->slow && live_caddy(live, 0)->up);
	/* One that is under way is followed by another, not joined. */
	asked = shared->asked;
	live_caddy_soon(live);
	turn_for(200);
	assert_int_equal(shared->asked, asked);
	assert_true(turn_until("<no caddy>", 1500) >= 0);
	assert_int_equal(live_caddy(live, 0)->error.code, ERROR_TIMEOUT);
	assert_false(live_caddy(live, 0)->slow);
	turn_for(200);
	assert_int_equal(shared->asked, asked + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_caddy), TEST(test_caddy_upstreams),
					   TEST(test_caddy_hangs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
