/* What a service's tasks say about a deploy; states as real engines show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/swarm.h"
#include "swarm_golden.h"

/* A task: "slot state desired", then what else there is. */
struct task_row {
	const char *id, *state, *desired, *error;
	const char *when; /* seconds and fraction of a minute */
	const char *spec; /* image; NULL: the present one */
	const char *node;
	int slot;
	const char *iteration; /* of a job */
};

struct scenario {
	const char *name;
	const char *mode, *update; /* JSON */
	const char *started;	   /* seconds of the minute, or NULL */
	struct task_row tasks[6];
	enum swarm_state state;
	int running, wanted;
	const char *message, *task;
};

#define TWO    "{'Replicated':{'Replicas':2}}"
#define ONE    "{'Replicated':{'Replicas':1}}"
#define JOB    "{'ReplicatedJob':{'MaxConcurrent':2,'TotalCompletions':3}}"
#define MINUTE "2026-11-22T05:01:"
#define UPDATE(state, started, message)                                                            \
	"{'State':'" state "','StartedAt':'" MINUTE started "Z','Message':'" message "'}"

#define EXIT "task: non-zero exit (7)"
/* Each ends in the slot and more members. */
#define RUNS(...)                                                                                  \
	{                                                                                          \
		.id = "runs", .state = "running", .desired = "running", .slot = __VA_ARGS__        \
	}
#define FAILS(...)                                                                                 \
	{                                                                                          \
		.id = "fails", .state = "failed", .desired = "shutdown", .error = EXIT,            \
		.slot = __VA_ARGS__                                                                \
	}
#define IS(s, d, ...)                                                                              \
	{                                                                                          \
		.id = "is", .state = s, .desired = d, .slot = __VA_ARGS__                          \
	}

static const struct scenario scenarios[] = {
	/* first deploys: there is no update state */
	{.name = "no task yet", .mode = TWO, .wanted = 2},
	{.name = "all run",
	 .mode = TWO,
	 .tasks = {RUNS(1), RUNS(2)},
	 .state = SWARM_CONVERGED,
	 .running = 2,
	 .wanted = 2},
	{.name = "replicas not said",
	 .mode = "{'Replicated':{}}",
	 .tasks = {RUNS(1)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "none wanted", .mode = "{'Replicated':{'Replicas':0}}", .state = SWARM_CONVERGED},
	{.name = "one is being prepared",
	 .mode = TWO,
	 .tasks = {RUNS(1), IS("preparing", "running", 2)},
	 .running = 1,
	 .wanted = 2},
	{.name = "health is awaited",
	 .mode = ONE,
	 .tasks = {IS("starting", "running", 1)},
	 .wanted = 1},
	{.name = "more than wanted",
	 .mode = ONE,
	 .tasks = {RUNS(1), RUNS(2)},
	 .running = 2,
	 .wanted = 1},
	{.name = "going away",
	 .mode = ONE,
	 .tasks = {RUNS(1), IS("running", "remove", 2)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "crash loop",
	 .mode = ONE,
	 .tasks = {FAILS(1, .when = "30.1"), IS("ready", "ready", 1),
		   FAILS(1, .when = "30.25", .node = "n")},
	 .state = SWARM_FAILING,
	 .wanted = 1,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "back after a crash",
	 .mode = ONE,
	 .tasks = {FAILS(1, .when = "30.1"), RUNS(1)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "no such image",
	 .mode = ONE,
	 .tasks = {IS("rejected", "ready", 1, .error = "No such image: a:b", .when = "31")},
	 .state = SWARM_FAILING,
	 .wanted = 1,
	 .message = "No such image: a:b",
	 .task = "is"},
	{.name = "no node for it",
	 .mode = ONE,
	 .tasks = {IS("pending", "running", 1, .error = "no suitable node", .when = "31")},
	 .state = SWARM_FAILING,
	 .wanted = 1,
	 .message = "no suitable node",
	 .task = "is"},
	/* a task that failed and has no successor */
	{.name = "not restarted",
	 .mode = ONE,
	 .tasks = {FAILS(1, .when = "30")},
	 .state = SWARM_FAILED,
	 .wanted = 1,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "one of two is not restarted",
	 .mode = TWO,
	 .tasks = {RUNS(1), FAILS(2, .when = "30")},
	 .state = SWARM_FAILED,
	 .running = 1,
	 .wanted = 2,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "ended well",
	 .mode = ONE,
	 .tasks = {IS("complete", "shutdown", 1)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "ended well at last",
	 .mode = ONE,
	 .tasks = {FAILS(1, .when = "30"), IS("complete", "shutdown", 1)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "ended well but runs again",
	 .mode = ONE,
	 .tasks = {IS("complete", "shutdown", 1), IS("ready", "ready", 1)},
	 .wanted = 1},
	/* updates */
	{.name = "old tasks run",
	 .mode = TWO,
	 .started = "30",
	 .tasks = {RUNS(1, .spec = "old"), RUNS(2, .spec = "old")},
	 .wanted = 2},
	{.name = "old tasks fail",
	 .mode = ONE,
	 .started = "30",
	 .tasks = {FAILS(1, .when = "31", .spec = "old"), IS("preparing", "running", 1)},
	 .wanted = 1},
	{.name = "updating",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("updating", "30.5", "update in progress"),
	 .tasks = {RUNS(1), RUNS(2)},
	 .running = 2,
	 .wanted = 2},
	{.name = "updating with failures",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("updating", "30.5", ""),
	 .tasks = {RUNS(1), FAILS(2, .when = "31"), IS("ready", "ready", 2)},
	 .state = SWARM_FAILING,
	 .running = 1,
	 .wanted = 2,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "updating, the engine has not decided",
	 .mode = ONE,
	 .started = "30",
	 .update = UPDATE("updating", "30.5", ""),
	 .tasks = {FAILS(1, .when = "31")},
	 .state = SWARM_FAILING,
	 .wanted = 1,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "completed",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("completed", "30.5", "update completed"),
	 .tasks = {RUNS(1), RUNS(2), IS("shutdown", "shutdown", 1, .spec = "old")},
	 .state = SWARM_CONVERGED,
	 .running = 2,
	 .wanted = 2},
	{.name = "completed, then one died",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("completed", "30.5", "update completed"),
	 .tasks = {RUNS(1), IS("starting", "running", 2)},
	 .running = 1,
	 .wanted = 2},
	{.name = "paused",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("paused", "30.5", "update paused due to failure"),
	 .tasks = {FAILS(1, .when = "31"), IS("ready", "ready", 1), RUNS(2, .spec = "old")},
	 .state = SWARM_FAILED,
	 .wanted = 2,
	 .message = "update paused due to failure",
	 .task = "fails"},
	{.name = "paused though all run",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("paused", "30.5", "p"),
	 .tasks = {RUNS(1), RUNS(2)},
	 .state = SWARM_FAILED,
	 .running = 2,
	 .wanted = 2,
	 .message = "p"},
	{.name = "rolling back",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("rollback_started", "30.5", "rolled back"),
	 .tasks = {RUNS(1), RUNS(2), FAILS(1, .when = "31", .spec = "new")},
	 .state = SWARM_FAILING,
	 .running = 2,
	 .wanted = 2,
	 .message = "rolled back",
	 .task = "fails"},
	{.name = "rolled back",
	 .mode = TWO,
	 .started = "30",
	 .update = UPDATE("rollback_completed", "30.5", "rollback completed"),
	 .tasks = {RUNS(1), RUNS(2), FAILS(1, .when = "31", .spec = "new")},
	 .state = SWARM_FAILED,
	 .running = 2,
	 .wanted = 2,
	 .message = "rollback completed",
	 .task = "fails"},
	{.name = "rollback paused",
	 .mode = ONE,
	 .started = "30",
	 .update = UPDATE("rollback_paused", "30.5", ""),
	 .tasks = {FAILS(1, .when = "31.5")},
	 .state = SWARM_FAILED,
	 .wanted = 1,
	 .message = EXIT,
	 .task = "fails"},
	/* updates that are not ours */
	{.name = "an older rollback",
	 .mode = ONE,
	 .started = "31.25",
	 .update = UPDATE("rollback_completed", "30.2", "r"),
	 .tasks = {RUNS(1)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "begun in the same moment",
	 .mode = ONE,
	 .started = "30.9",
	 .update = UPDATE("rollback_completed", "30.2", "r"),
	 .tasks = {RUNS(1)},
	 .state = SWARM_FAILED,
	 .running = 1,
	 .wanted = 1,
	 .message = "r"},
	{.name = "no update of ours",
	 .mode = ONE,
	 .update = UPDATE("paused", "30.2", "p"),
	 .tasks = {RUNS(1)},
	 .state = SWARM_CONVERGED,
	 .running = 1,
	 .wanted = 1},
	{.name = "failures of an earlier day",
	 .mode = ONE,
	 .started = "30",
	 .tasks = {FAILS(1, .when = "29.9"), IS("preparing", "running", 1)},
	 .wanted = 1},
	/* global: a task on each node that may have one */
	{.name = "global, no task yet", .mode = "{'Global':{}}", .wanted = 3},
	{.name = "global",
	 .mode = "{'Global':{}}",
	 .tasks = {RUNS(0, .node = "a"), RUNS(0, .node = "b")},
	 .state = SWARM_CONVERGED,
	 .running = 2,
	 .wanted = 2},
	{.name = "global, one is late",
	 .mode = "{'Global':{}}",
	 .tasks = {RUNS(0, .node = "a"), IS("starting", "running", 0, .node = "b")},
	 .running = 1,
	 .wanted = 2},
	{.name = "global, one node is not updated yet",
	 .mode = "{'Global':{}}",
	 .tasks = {RUNS(0, .node = "a"), RUNS(0, .node = "b", .spec = "old")},
	 .running = 1,
	 .wanted = 2},
	/* jobs: slots from 0, which JSON omits */
	{.name = "job",
	 .mode = JOB,
	 .tasks = {IS("complete", "complete", 0, .iteration = "{'Index':2}"),
		   IS("complete", "complete", 1, .iteration = "{'Index':2}"),
		   IS("complete", "complete", 2, .iteration = "{'Index':2}")},
	 .state = SWARM_CONVERGED,
	 .running = 3,
	 .wanted = 3},
	{.name = "job at work",
	 .mode = JOB,
	 .tasks = {IS("complete", "complete", 0, .iteration = "{'Index':2}"),
		   IS("running", "complete", 1, .iteration = "{'Index':2}")},
	 .running = 1,
	 .wanted = 3},
	{.name = "job of an earlier iteration",
	 .mode = JOB,
	 .tasks = {IS("complete", "complete", 0, .iteration = "{}"),
		   IS("complete", "complete", 1, .iteration = "{'Index':1}"),
		   IS("complete", "complete", 2)},
	 .wanted = 3},
	{.name = "job tries again",
	 .mode = JOB,
	 .tasks = {FAILS(0, .when = "30", .iteration = "{'Index':2}"),
		   IS("running", "complete", 0, .iteration = "{'Index':2}")},
	 .state = SWARM_FAILING,
	 .wanted = 3,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "job failed",
	 .mode = JOB,
	 .tasks = {FAILS(0, .when = "30", .iteration = "{'Index':2}")},
	 .state = SWARM_FAILED,
	 .wanted = 3,
	 .message = EXIT,
	 .task = "fails"},
	{.name = "global job",
	 .mode = "{'GlobalJob':{}}",
	 .tasks = {IS("complete", "complete", 0, .node = "a", .iteration = "{'Index':2}"),
		   IS("running", "complete", 0, .node = "b", .iteration = "{'Index':2}")},
	 .running = 1,
	 .wanted = 2},
};

static json_t *task_new(struct arena *a, const struct task_row *row)
{
	const char *image = row->spec ? row->spec : "bb";
	json_t *task = json_pack("{s:s,s:s,s:{s:s},s:{s:{s:s},s:{}}}", "ID", row->id,
				 "DesiredState", row->desired, "Status", "State", row->state,
				 "Spec", "ContainerSpec", "Image", image, "Placement");

	if (row->when)
		golden_set(task, "Status/Timestamp",
			   json_string(arena_printf(a, MINUTE "%sZ", row->when)));
	if (row->error)
		golden_set(task, "Status/Err", json_string(row->error));
	if (row->slot)
		golden_set(task, "Slot", json_integer(row->slot));
	if (row->node)
		golden_set(task, "NodeID", json_string(row->node));
	if (row->iteration)
		golden_set(task, "JobIteration", golden_json(row->iteration));
	return task;
}

static json_t *service_new(const struct scenario *s)
{
	/* Placement differs from that of the tasks: a change of it leaves them be. */
	json_t *service = golden_json(
		"{'Spec':{'TaskTemplate':{'ContainerSpec':{'Image':'bb'},'Runtime':'container',"
		"'Placement':{'Constraints':['a==b']}}},'JobStatus':{'JobIteration':{'Index':2}}}");

	golden_set(service, "Spec/Mode", golden_json(s->mode));
	if (s->update)
		golden_set(service, "UpdateStatus", golden_json(s->update));
	return service;
}

static void assert_text(const char *name, const char *is, const char *should)
{
	if ((is == NULL) != (should == NULL) || (is && strcmp(is, should) != 0))
		fail_msg("%s: %s, not %s", name, is ? is : "(none)", should ? should : "(none)");
}

static void run(struct arena *a, const struct scenario *s)
{
	json_t *service = service_new(s), *tasks = json_array();
	struct swarm_progress p;

	for (size_t i = 0; i < 6 && s->tasks[i].id; i++)
		json_array_append_new(tasks, task_new(a, &s->tasks[i]));
	swarm_progress_read(a, service, tasks, 3,
			    s->started ? arena_printf(a, MINUTE "%sZ", s->started) : NULL, &p);
	json_decref(service);
	json_decref(tasks); /* what p says must not depend on them */
	if (p.state != s->state || p.running != s->running || p.wanted != s->wanted)
		fail_msg("%s: state %d, %d of %d", s->name, p.state, p.running, p.wanted);
	assert_text(s->name, p.message, s->message);
	assert_text(s->name, p.task, s->task);
}

static void test_scenarios(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
		run(a, &scenarios[i]);
	arena_free(a);
}

static void test_nonsense(void **state)
{
	struct arena *a = arena_new();
	struct swarm_progress p;

	(void)state;
	swarm_progress_read(a, NULL, NULL, 0, NULL, &p);
	assert_int_equal(p.state, SWARM_WAITING);
	assert_int_equal(p.wanted, 1);
	arena_free(a);
}

/* Which of several failures is the newest, in seconds and fractions of any length. */
static void test_newest_failure(void **state)
{
	static const char *const times[] = {"30.09", "30.1", "30.095", "30.0999", "29.99"};
	struct scenario s = {.name = "newest",
			     .mode = ONE,
			     .state = SWARM_FAILING,
			     .wanted = 1,
			     .message = EXIT,
			     .task = "b"};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		s.tasks[i] = (struct task_row)FAILS(1, .when = times[i]);
		s.tasks[i].id = (const char *[]){"a", "b", "c", "d", "e"}[i];
	}
	s.tasks[5] = (struct task_row)IS("ready", "ready", 1);
	run(a, &s);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_newest_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
