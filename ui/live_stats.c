/*
 * CPU and memory of the containers on the screen: one request at a time, round after round; some
 * at a time where the engine takes a second for each (20.10). CPU is the difference of two readings
 * of our own, since an answer at once holds one only.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "ui/live_private.h"

enum {
	ROUND_MS = 3000, /* from one round's beginning to the next, */
	EACH_MS = 200,	 /* longer where many are asked about, */
	ROUND_MAX_MS = 6000,
	YOUNG_MS = 1000,    /* the same while a container has one reading only */
	PAUSE_MS = 500,	    /* at least, from a round's end to the next */
	SOON_MS = 100,	    /* after the choice changed: somebody scrolls */
	TELL_MS = 1000,	    /* at least, between two news within a round */
	PATIENCE_MS = 1200, /* without any answer; then the engine is asked whether it lives */
	TIMEOUT_MS = 10000,
	LONG_MS = 300, /* an answer that takes so long lets others be asked for meanwhile */
	AT_ONCE = 8,
};

struct call {
	struct stats_watch *watch;
	struct transfer *transfer; /* NULL: free */
	char *id;
	int64_t asked_ms;
};

struct stats_watch {
	struct live *live;
	json_t *ids;	/* wanted, in order */
	json_t *before; /* id -> {"cpu", "system"}: the latest reading, in nanoseconds */
	json_t *shown;
	size_t next; /* in ids */
	struct call calls[AT_ONCE];
	size_t width; /* of calls, how many are used */
	uint64_t timer, patience;
	int64_t round_ms, told_ms;
	bool changed; /* shown, since it was told */
	bool slow;    /* an answer of this round took long */
	bool young;   /* a container has one reading only */
	bool paused;  /* nobody sees them: nothing is asked, what is known stays */
};

static bool is_wanted(const struct stats_watch *watch, const char *id)
{
	json_t *wanted;
	size_t i;

	json_array_foreach(watch->ids, i, wanted) {
		if (!strcmp(json_string_value(wanted), id))
			return true;
	}
	return false;
}

/* Whether it is being asked about; NULL: whether anything is. */
static bool is_asked(const struct stats_watch *watch, const char *id)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (watch->calls[i].transfer && (!id || !strcmp(watch->calls[i].id, id)))
			return true;
	return false;
}

static void tell(struct stats_watch *watch)
{
	watch->changed = false;
	watch->told_ms = loop_now_ms();
	live_tell_numbers(watch->live);
}

/* --- one answer --- */

static double number_at(const json_t *value, const char *path)
{
	return json_number_value(json_at(value, path));
}

static double online_cpus(const json_t *answer)
{
	double online = number_at(answer, "cpu_stats/online_cpus");

	if (online < 1)
		online = (double)json_array_size(
			json_at(answer, "cpu_stats/cpu_usage/percpu_usage"));
	return online < 1 ? 1 : online;
}

/* Without the files' pages that can go at once, as docker stats does: cgroup v1, else v2. */
static double memory_used(const json_t *answer)
{
	static const char *const names[] = {"memory_stats/stats/total_inactive_file",
					    "memory_stats/stats/inactive_file"};
	double usage = number_at(answer, "memory_stats/usage");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const json_t *cache = json_at(answer, names[i]);

		if (cache && json_number_value(cache) < usage)
			return usage - json_number_value(cache);
	}
	return usage;
}

/* The percentage since the reading before, in tenths; -1: there is none to compare with. */
static double cpu_percent(const struct stats_watch *watch, const char *id, const json_t *answer)
{
	const json_t *before = json_object_get(watch->before, id);
	double cpu = number_at(answer, "cpu_stats/cpu_usage/total_usage") -
		     json_number_value(json_object_get(before, "cpu"));
	double system = number_at(answer, "cpu_stats/system_cpu_usage") -
			json_number_value(json_object_get(before, "system"));

	/* Less than before: it was started again meanwhile. */
	if (!before || cpu < 0 || system <= 0)
		return -1;
	return round(cpu / system * online_cpus(answer) * 1000) / 10;
}

static void drop(struct stats_watch *watch, const char *id)
{
	json_object_del(watch->before, id);
	if (json_object_del(watch->shown, id) == 0)
		watch->changed = true;
}

/* Takes over what differs as it is shown. */
static void show(struct stats_watch *watch, const char *id, double cpu, double memory)
{
	const json_t *old = json_object_get(watch->shown, id);
	double was = json_number_value(json_object_get(old, "memory"));
	const json_t *was_cpu = json_object_get(old, "cpu");
	json_t *entry;

	if (old && fabs(memory - was) <= was / 100 && (cpu >= 0) == (was_cpu != NULL) &&
	    (cpu < 0 || fabs(json_number_value(was_cpu) - cpu) < .05))
		return;
	entry = json_object();
	if (cpu >= 0)
		json_object_set_new(entry, "cpu", json_real(cpu));
	json_object_set_new(entry, "memory", json_integer((json_int_t)memory));
	json_object_set_new(watch->shown, id, entry);
	watch->changed = true;
}

static void take(struct stats_watch *watch, const char *id, const json_t *answer)
{
	double cpu = number_at(answer, "cpu_stats/cpu_usage/total_usage");
	double system = number_at(answer, "cpu_stats/system_cpu_usage");
	double percent;

	/* One that does not run has no numbers. */
	if (system <= 0 || !json_at(answer, "memory_stats/usage")) {
		drop(watch, id);
		return;
	}
	percent = cpu_percent(watch, id, answer);
	json_object_set_new(watch->before, id,
			    json_pack("{s:f,s:f}", "cpu", cpu, "system", system));
	watch->young |= percent < 0;
	show(watch, id, percent, memory_used(answer));
}

/* --- round after round --- */

static void go_on(struct stats_watch *watch);

static void round_due(void *arg)
{
	struct stats_watch *watch = arg;

	watch->timer = 0;
	watch->next = 0;
	watch->young = false;
	watch->width = watch->slow ? AT_ONCE : 1;
	watch->slow = false;
	watch->round_ms = watch->told_ms = loop_now_ms();
	go_on(watch);
}

static void round_in(struct stats_watch *watch, int64_t ms)
{
	loop_timer_cancel(watch->live->loop, watch->timer);
	watch->timer = loop_timer(watch->live->loop, ms, round_due, watch);
}

static void patience_due(void *arg)
{
	struct stats_watch *watch = arg;

	watch->patience = 0;
	docker_watch_check(watch->live->docker);
}

static void patience_set(struct stats_watch *watch)
{
	struct loop *loop = watch->live->loop;

	loop_timer_cancel(loop, watch->patience);
	watch->patience =
		is_asked(watch, NULL) ? loop_timer(loop, PATIENCE_MS, patience_due, watch) : 0;
}

static void call_over(struct call *call)
{
	free(call->id);
	call->id = NULL;
	call->transfer = NULL;
}

static void call_done(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct call *call = arg;
	struct stats_watch *watch = call->watch;
	bool cancelled = !ok && e->code == ERROR_CANCELLED;

	if (loop_now_ms() - call->asked_ms >= LONG_MS) {
		watch->width = AT_ONCE;
		watch->slow = true;
	}
	if (ok && is_wanted(watch, call->id))
		take(watch, call->id, answer->value);
	else if (!ok && !cancelled)
		drop(watch, call->id);
	call_over(call);
	patience_set(watch);
	if (cancelled)
		return;
	/* The engine refuses what it does not have; anything else is about the engine. */
	if (!ok && !e->http)
		docker_watch_check(watch->live->docker);
	go_on(watch);
}

static void call_start(struct stats_watch *watch, struct call *call, const char *id)
{
	struct arena *a = arena_new();

	call->watch = watch;
	call->id = xstrdup(id);
	call->asked_ms = loop_now_ms();
	call->transfer = docker_start(
		docker_watch_engine(watch->live->docker),
		&(struct docker_request){
			.method = "GET",
			.path = docker_path(a, "/containers/%s/stats?stream=false&one-shot=1", id),
			.timeout_ms = TIMEOUT_MS},
		call_done, call);
	patience_set(watch);
	arena_free(a);
}

/* The next one that is not being asked about already, or NULL. */
static const char *next_id(struct stats_watch *watch)
{
	const char *id;

	do
		id = json_string_value(json_array_get(watch->ids, watch->next++));
	while (id && is_asked(watch, id));
	if (!id)
		watch->next = json_array_size(watch->ids);
	return id;
}

static int64_t round_takes(const struct stats_watch *watch)
{
	int64_t ms = (int64_t)json_array_size(watch->ids) * EACH_MS;

	if (watch->young)
		return YOUNG_MS;
	return ms < ROUND_MS ? ROUND_MS : ms < ROUND_MAX_MS ? ms : ROUND_MAX_MS;
}

/* Asks for more, or ends the round. */
static void go_on(struct stats_watch *watch)
{
	const char *id;
	int64_t now = loop_now_ms(), wait;

	if (!docker_watch_engine(watch->live->docker))
		return;
	for (size_t i = 0; i < watch->width && !watch->paused; i++)
		if (!watch->calls[i].transfer && (id = next_id(watch)))
			call_start(watch, &watch->calls[i], id);
	if (is_asked(watch, NULL)) {
		if (watch->changed && now - watch->told_ms >= TELL_MS)
			tell(watch);
		return;
	}
	wait = round_takes(watch) - (now - watch->round_ms);
	if (json_array_size(watch->ids) && !watch->paused)
		round_in(watch, wait < PAUSE_MS ? PAUSE_MS : wait);
	if (watch->changed)
		tell(watch);
}

/* --- from outside --- */

static void keep_wanted(struct stats_watch *watch, json_t *values)
{
	const char *id;
	json_t *value;
	void *next;

	json_object_foreach_safe(values, next, id, value)
	{
		if (!is_wanted(watch, id))
			json_object_del(values, id);
	}
}

/* Asks, unless that is under way already. */
static void begin_in(struct stats_watch *watch, int64_t ms)
{
	if (watch->live->http && !is_asked(watch, NULL) && json_array_size(watch->ids))
		round_in(watch, ms);
}

void stats_watch_want(struct stats_watch *watch, const json_t *ids)
{
	json_t *copy = json_array(), *id;
	size_t i;

	json_array_foreach((json_t *)ids, i, id) {
		if (json_string_value(id) && *json_string_value(id))
			json_array_append(copy, id);
	}
	if (!watch->live->http || json_equal(watch->ids, copy)) {
		json_decref(copy);
		return;
	}
	json_decref(watch->ids);
	watch->ids = copy;
	keep_wanted(watch, watch->before);
	keep_wanted(watch, watch->shown);
	watch->next = 0;
	loop_timer_cancel(watch->live->loop, watch->timer);
	watch->timer = 0;
	/* What is under way goes on with the new ones. */
	begin_in(watch, SOON_MS);
}

void stats_watch_pause(struct stats_watch *watch, bool paused)
{
	if (paused == watch->paused)
		return;
	watch->paused = paused;
	if (!paused)
		begin_in(watch, SOON_MS);
}

void stats_watch_engine(struct stats_watch *watch, bool up)
{
	if (up) {
		begin_in(watch, 0);
		return;
	}
	loop_timer_cancel(watch->live->loop, watch->timer);
	watch->timer = 0;
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (watch->calls[i].transfer)
			http_cancel(watch->calls[i].transfer);
		call_over(&watch->calls[i]);
	}
	patience_set(watch);
	watch->width = 1;
	watch->changed = false;
	json_object_clear(watch->before);
	json_object_clear(watch->shown);
}

const json_t *stats_watch_shown(const struct stats_watch *watch)
{
	return watch->shown;
}

struct stats_watch *stats_watch_new(struct live *live)
{
	struct stats_watch *watch = xcalloc(1, sizeof *watch);

	watch->live = live;
	watch->width = 1;
	watch->ids = json_array();
	watch->before = json_object();
	watch->shown = json_object();
	return watch;
}

void stats_watch_free(struct stats_watch *watch)
{
	if (!watch)
		return;
	stats_watch_engine(watch, false);
	json_decref(watch->ids);
	json_decref(watch->before);
	json_decref(watch->shown);
	free(watch);
}
