/*
 * Steps against an engine that does not answer: each has an end of its own, and says so. Time runs
 * a hundred times faster here: the program is linked with --wrap for what measures it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kata/rollout.h"
#include "talk_http.h"

enum { FASTER = 100 };

uint64_t __real_loop_timer(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *arg);
uint64_t __wrap_loop_timer(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *arg);
uint64_t __wrap_loop_timer(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *arg)
{
	return __real_loop_timer(loop, ms / FASTER, fn, arg);
}

struct transfer *__real_http_start(struct http *http, const struct http_request *request,
				   http_done *done, void *arg);
struct transfer *__wrap_http_start(struct http *http, const struct http_request *request,
				   http_done *done, void *arg);
struct transfer *__wrap_http_start(struct http *http, const struct http_request *request,
				   http_done *done, void *arg)
{
	struct http_request faster = *request;

	if (faster.timeout_ms > 0)
		faster.timeout_ms /= FASTER;
	return __real_http_start(http, &faster, done, arg);
}

/* --- one graph --- */

static void report(void *arg, const struct step *step, const char *text)
{
	(void)arg;
	(void)step;
	(void)text;
}

struct run {
	struct talk talk;
	struct loop *loop;
	struct http *http;
	struct docker docker;
	struct docker_live live;
	struct arena *arena;
	struct deploy deploy;
	struct rollout *rollout;
	struct step steps[4];
};

/* Runs these steps, all at once; their containers have the names. */
static void run_steps(struct run *r, talk_fn *fn, size_t count, const enum step_op *ops,
		      const char *const *names)
{
	struct rollout_host host = {.report = report};
	struct kata_error e;

	*r = (struct run){.loop = loop_new(), .arena = arena_new()};
	talk_start(&r->talk, false, fn);
	r->http = http_new(r->loop);
	assert_true(docker_init(&r->docker, r->http, r->talk.address, NULL, NULL, &e));
	deploy_init(&r->deploy, r->arena);
	r->deploy.steps = r->steps;
	r->deploy.count = count;
	for (size_t i = 0; i < count; i++)
		r->steps[i] = (struct step){
			.op = ops[i], .app = "a", .target = names[i], .rescues = STEP_NONE};
	r->rollout = rollout_new(&r->docker, r->loop, &r->live, &host);
	rollout_add(r->rollout, &r->deploy);
	rollout_run(r->rollout);
}

static void run_end(struct run *r)
{
	rollout_free(r->rollout);
	deploy_release(&r->deploy);
	docker_release(&r->docker);
	http_free(r->http);
	loop_free(r->loop);
	arena_free(r->arena);
	talk_stop(&r->talk);
}

static void assert_failed(const struct step *step, enum error_code code, const char *msg,
			  const char *where)
{
	assert_int_equal(step->state, STEP_FAILED);
	assert_int_equal(step->error.code, code);
	if (!strstr(step->error.msg, msg) || !strstr(step->error.where, where))
		fail_msg("%s: %s", step->error.where, step->error.msg);
	assert_true(code == ERROR_NOT_FOUND || step->error.hint[0]);
}

/* --- engines --- */

#define JSON "Content-Type: application/json\r\n"

static bool names(const struct talk_request *r, const char *what)
{
	size_t len = strcspn(r->path, " ");
	const char *at = strstr(r->path, what);

	return at && at < r->path + len;
}

static bool hang(void)
{
	pause(); /* until the end of the test */
	return false;
}

/* "quick" has 5 s to end, "plain" what the engine gives, "slow" all the time of the world. */
static bool never_stops(struct talk_request *r)
{
	if (names(r, "/gone/"))
		return talk_answer(r, 404, JSON, "{\"message\":\"No such container: gone\"}");
	if (names(r, "/json"))
		return talk_answer(r, 200, JSON,
				   names(r, "/quick/")	? "{\"Config\":{\"StopTimeout\":5}}"
				   : names(r, "/slow/") ? "{\"Config\":{\"StopTimeout\":-1}}"
							: "{\"Config\":{}}");
	if (!names(r, "/slow/"))
		return hang();
	usleep(800 * 1000);
	return talk_answer(r, 204, "", "");
}

static void stopping_has_an_end(void **state)
{
	static const enum step_op ops[] = {STEP_STOP, STEP_RESTART, STEP_STOP, STEP_STOP};
	static const char *const targets[] = {"quick", "plain", "slow", "gone"};
	struct run r;

	(void)state;
	run_steps(&r, never_stops, 4, ops, targets);
	assert_failed(&r.steps[0], ERROR_TIMEOUT, "to stop it, and has not done so after 35 s",
		      "container quick");
	assert_failed(&r.steps[1], ERROR_TIMEOUT, "to restart it, and has not done so after 40 s",
		      "container plain");
	assert_int_equal(r.steps[2].state, STEP_DONE);
	assert_int_equal(r.steps[3].state, STEP_DONE);
	run_end(&r);
}

static void what_is_gone_cannot_be_restarted(void **state)
{
	static const enum step_op ops[] = {STEP_RESTART};
	static const char *const targets[] = {"gone"};
	struct run r;

	(void)state;
	run_steps(&r, never_stops, 1, ops, targets);
	assert_failed(&r.steps[0], ERROR_NOT_FOUND, "No such container", "/gone/json");
	run_end(&r);
}

static bool silent(struct talk_request *r)
{
	(void)r;
	return hang();
}

static void other_requests_have_an_end(void **state)
{
	static const enum step_op ops[] = {STEP_REMOVE, STEP_START};
	static const char *const targets[] = {"old", "new"};
	struct run r;

	(void)state;
	run_steps(&r, silent, 2, ops, targets);
	assert_failed(&r.steps[0], ERROR_TIMEOUT, " s: no answer in time", "/containers/old");
	assert_failed(&r.steps[1], ERROR_TIMEOUT, " s: no answer in time", "/containers/new/start");
	run_end(&r);
}

static bool no_end_of_logs(struct talk_request *r)
{
	if (!names(r, "/logs"))
		return talk_answer(r, 200, JSON,
				   "{\"State\":{\"Status\":\"exited\",\"ExitCode\":3}}");
	talk_say(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n");
	talk_send(r->fd, "\1\0\0\0\0\0\0\4bye\n\r\n", 14);
	return hang();
}

static void last_words_have_an_end(void **state)
{
	static const enum step_op ops[] = {STEP_GATE};
	static const char *const targets[] = {"web"};
	struct run r;

	(void)state;
	run_steps(&r, no_end_of_logs, 1, ops, targets);
	assert_failed(&r.steps[0], ERROR_REFUSED, "it exited with 3", "container web");
	assert_string_equal(r.steps[0].details, "bye\n");
	run_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stopping_has_an_end),
		cmocka_unit_test(what_is_gone_cannot_be_restarted),
		cmocka_unit_test(other_requests_have_an_end),
		cmocka_unit_test(last_words_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
