/* Watching engines that answer, hang, refuse, end and come back; numbers of their containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <time.h>

#include <cmocka.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "talk_http.h"
#include "ui/live.h"

/* What the test and its servers share. */
static struct shared {
	atomic_int ping; /* 0 answers, 1 hangs */
	atomic_int pings, streams;
	atomic_int ends; /* streams up to this number end once `end` is set */
	atomic_int end;
	atomic_int more;   /* events to send beyond the first */
	atomic_int rounds; /* of statistics */
	char since[4][64];
	char first[2]; /* path of the first two requests: 'p' or 'e' */
} * shared;

static struct talk talk;
static struct loop *loop;
static struct live *live;
static struct str seen;
static int numbers;

/* --- the listener --- */

static void on_docker(void *arg, const json_t *event)
{
	(void)arg;
	str_addf(&seen, "<%s>", json_member_text(event, "Action"));
}

static void on_state(void *arg)
{
	const struct live_peer *peer = live_docker(live);

	(void)arg;
	assert_true(peer->known);
	str_add(&seen, peer->up ? "<up>" : "<down>");
}

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

static const struct live_events events = {
	.docker = on_docker, .docker_state = on_state, .caddy = on_caddy, .numbers = on_numbers};

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

/* --- a false engine --- */

static bool send_event(struct talk_request *r, const char *action, const char *id, int number)
{
	char text[600];

	snprintf(text, sizeof text,
		 "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\","
		 "\"Attributes\":{\"name\":\"shop-web-1\",\"exitCode\":\"7\","
		 "\"com.docker.compose.project\":\"shop\"}},\"time\":%d,\"timeNano\":%d000000005}",
		 action, id, number, number);
	return talk_chunk(r, text);
}

static bool stream_events(struct talk_request *r)
{
	static const char head[] = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n"
				   "Api-Version: 1.41\r\nTransfer-Encoding: chunked\r\n\r\n";
	const char *since = strstr(r->path, "since=");
	int number = shared->streams++, sent = 0;
	struct pollfd gone = {.fd = r->fd, .events = POLLIN};

	if (since && number < 4)
		snprintf(shared->since[number], sizeof shared->since[number], "%.*s",
			 (int)strcspn(since + 6, "&"), since + 6);
	if (!talk_send(r->fd, head, sizeof head - 1) || !send_event(r, "create", "aa", 1))
		return false;
	while (poll(&gone, 1, 5) == 0) {
		for (; sent < shared->more; sent++)
			send_event(r, sent % 2 ? "die" : "start", "aa", 2000000000 + sent);
		if (shared->end && number < shared->ends) {
			talk_chunk(r, "");
			return false;
		}
	}
	return false;
}

/* b takes half a processor of four; c is cgroup v1; everything else is away or stopped. */
static bool answer_stats(struct talk_request *r)
{
	static const char json[] = "Content-Type: application/json\r\n";
	char body[500];
	int round = shared->rounds;

	if (strstr(r->path, "/containers/gone/"))
		return talk_answer(r, 404, json, "{\"message\":\"No such container: gone\"}");
	if (strstr(r->path, "/containers/stopped/"))
		return talk_answer(r, 200, json,
				   "{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":0}},"
				   "\"memory_stats\":{}}");
	if (strstr(r->path, "/containers/last/"))
		shared->rounds++;
	snprintf(body, sizeof body,
		 "{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":%d000000000},"
		 "\"system_cpu_usage\":%d000000000%s},\"memory_stats\":{\"usage\":5000,"
		 "\"stats\":{\"%s\":%d}}}",
		 1000 + round, 900000 + 8 * round,
		 strstr(r->path, "/containers/b/") ? ",\"online_cpus\":4" : "",
		 strstr(r->path, "/containers/c/") ? "total_inactive_file" : "inactive_file",
		 strstr(r->path, "/containers/big/") ? 6000 : 1000);
	return talk_answer(r, 200, json, body);
}

static bool engine(struct talk_request *r)
{
	if (strstr(r->path, "/events?")) {
		if (!shared->first[1])
			shared->first[1] = 'e';
		return stream_events(r);
	}
	if (strstr(r->path, "/stats?"))
		return answer_stats(r);
	if (!shared->first[1])
		shared->first[shared->first[0] != 0] = 'p';
	/* The second one is answered when the stream is there. */
	while (shared->ping || (shared->pings == 1 && !shared->streams))
		poll(NULL, 0, 5);
	shared->pings++;
	return talk_answer(r, 200, "Api-Version: 1.41\r\n", "OK");
}

static bool engine_without_events(struct talk_request *r)
{
	if (strstr(r->path, "/events?"))
		return talk_answer(r, 403, "", "Forbidden");
	/* Such an answer comes first. */
	if (shared->pings++)
		poll(NULL, 0, 100);
	return talk_answer(r, 200, "Api-Version: 1.41\r\n", "OK");
}

static void watch_engine(const char *address)
{
	struct live_options options = {.root = "/nowhere", .docker = address};

	live = live_new(loop, &options, &events);
	assert_int_equal(seen.len, 0);
	assert_false(live_docker(live)->known);
}

/* --- the engine --- */

static const char *log_text(size_t from_end)
{
	const json_t *log = live_log(live);

	return json_member_text(json_array_get(log, json_array_size(log) - 1 - from_end), "text");
}

static bool is_logged(const char *text)
{
	for (size_t i = 0; i < json_array_size(live_log(live)); i++)
		if (!strcmp(log_text(i), text))
			return true;
	return false;
}

static void test_engine(void **state)
{
	(void)state;
	talk_start(&talk, false, engine);
	watch_engine(talk.address);
	assert_true(turn_until("<up>", 2000) >= 0);
	/* The stream begins in the past: nothing is missed, however late the engine begins it. */
	assert_int_equal(shared->first[0], 'p');
	for (int i = 0; i < 200 && !shared->streams; i++)
		poll(NULL, 0, 10);
	assert_int_equal(shared->streams, 1);
	int64_t since = strtoll(shared->since[0], NULL, 10);
	assert_in_range(time(NULL) - since, 3590, 3620);
	/* What was before the listener's reading is for the log alone. */
	assert_string_equal(seen.p, "<up>");
	assert_string_equal(log_text(0), "container shop-web-1: create");
	shared->more = 2;
	assert_true(turn_until("<start><die>", 1000) >= 0);
	assert_string_equal(log_text(0), "container shop-web-1: die, exit code 7");
	const json_t *entry = json_array_get(live_log(live), json_array_size(live_log(live)) - 1);
	assert_string_equal(json_member_text(entry, "app"), "shop");
	assert_string_equal(json_member_text(entry, "source"), "docker");
	assert_int_equal(json_integer_value(json_object_get(entry, "time")), 2000000001);
	/* Idle: nothing is asked. */
	int requests = talk.counts->requests;
	turn_for(1200);
	assert_int_equal(talk.counts->requests, requests);
	assert_true(live_docker(live)->good_ms > 0 && !live_docker(live)->slow);
}

static bool engine_of_noise(struct talk_request *r)
{
	static const char *const actions[] = {"exec_create: sh",
					      "health_status: healthy",
					      "exec_die",
					      "health_status: healthy",
					      "health_status: unhealthy",
					      "health_status: unhealthy",
					      "die",
					      "health_status: unhealthy",
					      "top-of-list"};

	if (!strstr(r->path, "/events?"))
		return talk_answer(r, 200, "", "OK");
	talk_say(r, "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n");
	poll(NULL, 0, 300);
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		send_event(r, actions[i], "aa", (int)i + 1);
	for (int i = 0; i < 600; i++)
		send_event(r, "update", "bb", 100 + i);
	send_event(r, "end", "bb", 4000);
	poll(NULL, 0, -1);
	return false;
}

static void test_engine_noise(void **state)
{
	(void)state;
	talk_start(&talk, false, engine_of_noise);
	watch_engine(talk.address);
	assert_true(turn_until("<end>", 3000) >= 0);
	assert_ptr_equal(strstr(seen.p, "<up><health_status: healthy><health_status: unhealthy>"
					"<die><health_status: unhealthy><top-of-list><update>"),
			 seen.p);
	assert_int_equal(json_array_size(live_log(live)), 500);
	assert_string_equal(log_text(0), "container shop-web-1: end");
}

static void test_stream_ends(void **state)
{
	(void)state;
	talk_start(&talk, false, engine);
	watch_engine(talk.address);
	assert_true(turn_until("<up>", 2000) >= 0);
	/* Soon after it was opened: the engine is given time. */
	shared->more = 1;
	shared->ends = 1;
	assert_true(turn_until("<start>", 1000) >= 0);
	shared->end = 1;
	assert_true(turn_until("<down>", 1000) >= 0);
	assert_non_null(strstr(live_docker(live)->error.msg, "ended its event stream"));
	assert_int_equal(live_docker(live)->error.code, ERROR_LOST);
	str_clear(&seen);
	int64_t took = turn_until("<up>", 3000);
	assert_in_range(took, 900, 1500);
	assert_true(is_logged("the engine answers again"));
	/* It goes on behind the last event seen. */
	assert_string_equal(shared->since[1], "2000000000.000000006");
	/* After a while it is opened again at once, and the listener reads; it never was down. */
	turn_for(2100);
	str_clear(&seen);
	shared->ends = 2;
	took = turn_until("<up>", 1000);
	assert_in_range(took, 0, 500);
	assert_null(strstr(seen.p, "<down>"));
	assert_int_equal(shared->streams, 3);
}

static void test_events_refused(void **state)
{
	(void)state;
	talk_start(&talk, true, engine_without_events);
	watch_engine(talk.address);
	assert_true(turn_until("<down>", 2000) >= 0);
	assert_int_equal(live_docker(live)->error.http, 403);
	/* The waits grow: 1 s, 2 s. */
	turn_for(1500);
	int requests = talk.counts->requests;
	turn_for(1000);
	assert_int_equal(talk.counts->requests, requests);
	assert_string_equal(seen.p, "<down>");
}

static void test_hung(void **state)
{
	(void)state;
	shared->ping = 1;
	talk_start(&talk, false, engine);
	watch_engine(talk.address);
	turn_for(800);
	assert_false(live_docker(live)->slow);
	turn_for(400);
	assert_true(live_docker(live)->slow && !live_docker(live)->known);
	assert_int_equal(numbers, 1);
	int64_t took = turn_until("<down>", 3000);
	assert_in_range(took, 1600, 2000);
	assert_int_equal(live_docker(live)->error.code, ERROR_TIMEOUT);
	assert_true(live_docker(live)->slow);
	/* The same request still waits: it is up at once. */
	assert_int_equal(talk.counts->requests, 1);
	shared->ping = 0;
	took = turn_until("<up>", 1000);
	assert_in_range(took, 0, 300);
	assert_false(live_docker(live)->slow);
}

static void test_appears(void **state)
{
	char dir[] = "/tmp/kata-live-XXXXXX", path[64], address[80];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/sock", dir);
	snprintf(address, sizeof address, "unix://%s", path);
	talk_start(&talk, false, engine);
	watch_engine(address);
	assert_true(turn_until("<down>", 1000) >= 0);
	assert_int_equal(live_docker(live)->error.code, ERROR_UNAVAILABLE);
	/* The next tries would come after 1 and 2 s. */
	turn_for(1200);
	assert_int_equal(symlink(talk.address + 7, path), 0);
	int64_t took = turn_until("<up>", 3000);
	assert_in_range(took, 0, 500);
	unlink(path);
	rmdir(dir);
}

static void test_no_address(void **state)
{
	struct live_options options = {.root = "/nowhere", .docker = "ssh://somewhere"};

	(void)state;
	options.caddy = json_pack("[s]", "no address");
	live = live_new(loop, &options, &events);
	assert_int_equal(seen.len, 0);
	assert_true(turn_until("<down>", 1000) >= 0 && turn_until("<no caddy>", 1000) >= 0);
	assert_non_null(strstr(live_docker(live)->error.hint, "ssh -N -L"));
	assert_string_equal(live_caddy(live, 0)->endpoint, "no address");
	live_caddy_soon(live);
	turn_for(50);
	assert_string_equal(seen.p, "<down><no caddy>");
	json_decref((json_t *)options.caddy);
}

/* --- numbers of containers --- */

static double stat_of(const char *id, const char *name)
{
	const json_t *value = json_object_get(json_object_get(live_stats(live), id), name);

	return value ? json_number_value(value) : -1;
}

static void test_stats(void **state)
{
	json_t *ids = json_pack("[s,s,s,s,s,s]", "b", "gone", "c", "stopped", "big", "last");

	(void)state;
	talk_start(&talk, false, engine);
	watch_engine(talk.address);
	live_want_stats(live, ids);
	assert_true(turn_until("<up>", 2000) >= 0);
	turn_for(600);
	/* One reading: no percentage yet. What does not run has no entry. */
	assert_int_equal(shared->rounds, 1);
	assert_int_equal(numbers, 1);
	assert_int_equal(json_object_size(live_stats(live)), 4);
	assert_true(stat_of("b", "cpu") < 0);
	assert_true(stat_of("b", "memory") == 4000 && stat_of("c", "memory") == 4000);
	assert_true(stat_of("big", "memory") == 5000);
	turn_for(800);
	assert_int_equal(shared->rounds, 2);
	assert_int_equal(numbers, 2);
	assert_true(stat_of("b", "cpu") == 50 && stat_of("c", "cpu") == 12.5);
	/* The same again is no news. */
	turn_for(3200);
	assert_int_equal(shared->rounds, 3);
	assert_int_equal(numbers, 2);
	/* The stream and one request at a time, or a ping. */
	assert_in_range(talk.counts->most_live, 1, 2);
	json_array_remove(ids, 0);
	live_want_stats(live, ids);
	assert_int_equal(json_object_size(live_stats(live)), 3);
	json_array_clear(ids);
	live_want_stats(live, ids);
	assert_int_equal(json_object_size(live_stats(live)), 0);
	int requests = talk.counts->requests;
	turn_for(3500);
	assert_int_equal(talk.counts->requests, requests);
	json_decref(ids);
}

static bool engine_of_slow_stats(struct talk_request *r)
{
	if (!strstr(r->path, "/stats?"))
		return engine(r);
	while (shared->more)
		poll(NULL, 0, 5);
	poll(NULL, 0, 500);
	return answer_stats(r);
}

/* An engine of 20.10 takes a second for each: some are asked for at once then. One that takes
 * longer is asked whether it lives. */
static void test_slow_stats(void **state)
{
	json_t *ids = json_pack("[s,s,s,s,s,s]", "b", "c", "d", "e", "f", "last");

	(void)state;
	talk_start(&talk, false, engine_of_slow_stats);
	watch_engine(talk.address);
	live_want_stats(live, ids);
	assert_true(turn_until("<up>", 2000) >= 0);
	turn_for(1400);
	assert_int_equal(shared->rounds, 1);
	assert_int_equal(json_object_size(live_stats(live)), 6);
	shared->ping = shared->more = 1;
	turn_for(2900);
	assert_true(live_docker(live)->slow && live_docker(live)->up);
	assert_true(turn_until("<down>", 3000) >= 0);
	assert_int_equal(json_object_size(live_stats(live)), 0);
	json_decref(ids);
}

/* Everything under way, and then the end. */
static void test_freed_early(void **state)
{
	struct live_options options = {.root = "/nowhere"};
	json_t *ids = json_pack("[s,s]", "b", "c");

	(void)state;
	talk_start(&talk, false, engine_of_slow_stats);
	options.docker = talk.address;
	options.caddy = json_pack("[s,s]", talk.address, "localhost:1");
	live_free(live_new(loop, &options, &events));
	for (int ms = 1; ms < 200; ms *= 3) {
		live = live_new(loop, &options, &events);
		live_want_stats(live, ids);
		turn_for(ms);
		live_free(live);
		assert_false(loop_turn(loop, 0));
	}
	live = NULL;
	json_decref(ids);
	json_decref((json_t *)options.caddy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_engine),	   TEST(test_engine_noise), TEST(test_stream_ends),
		TEST(test_events_refused), TEST(test_hung),	    TEST(test_appears),
		TEST(test_no_address),	   TEST(test_stats),	    TEST(test_slow_stats),
		TEST(test_freed_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
