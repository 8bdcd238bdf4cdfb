/*
 * What the engine says about a service and its tasks, as one verdict (docker/cli
 * cli/command/service/progress). Swarm never gives up on a first deploy and says "rollback
 * completed" of one that failed: both are told apart here.
 */
#include "kata/swarm.h"

#include <ctype.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"
#include "swarm_private.h"

/* --- tasks --- */

/* In the order a task goes through them. Others ("remove", "orphaned") are of no interest. */
static const char *const states[] = {"new",	  "allocated", "pending",  "assigned", "accepted",
				     "preparing", "ready",     "starting", "running",  "complete",
				     "shutdown",  "failed",    "rejected"};
enum { STATE_RUNNING = 8, STATE_COMPLETE = 9, STATE_FAILED = 11, STATE_UNKNOWN = -1 };

static int state_of(const char *text)
{
	for (size_t i = 0; text && i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(states[i], text))
			return (int)i;
	return STATE_UNKNOWN;
}

struct task {
	const json_t *json;
	int state, desired; /* STATE_UNKNOWN: not to be counted */
	const char *when, *error;
};

static struct task task_read(const json_t *json)
{
	const json_t *status = json_object_get(json, "Status");
	struct task task = {json, state_of(json_member_text(status, "State")),
			    state_of(json_member_text(json, "DesiredState")),
			    json_member_text(status, "Timestamp"), json_member_text(status, "Err")};

	if (task.state == STATE_UNKNOWN || task.desired == STATE_UNKNOWN)
		task.state = task.desired = STATE_UNKNOWN;
	return task;
}

static bool task_has_failed(const struct task *task)
{
	return task->state >= STATE_FAILED || (task->error && *task->error);
}

enum { SECONDS = sizeof("2006-01-02T15:04:05") - 1 };

/* RFC 3339 in UTC, as the engine writes it: fractions have no fixed length. */
static int compare_times(const char *a, const char *b)
{
	int order = strncmp(a, b, SECONDS);
	size_t i = SECONDS + 1; /* behind the dot */

	if (order || strlen(a) < i || strlen(b) < i)
		return order;
	for (;; a++, b++) {
		int x = isdigit((unsigned char)a[i]) ? a[i] : '0';
		int y = isdigit((unsigned char)b[i]) ? b[i] : '0';

		if (x != y)
			return x < y ? -1 : 1;
		if (!isdigit((unsigned char)a[i]) || !isdigit((unsigned char)b[i]))
			return 0;
	}
}

/* By whole seconds: the engine says that an update started a moment before the service was. */
static bool is_older(const char *when, const char *started)
{
	return started && (!when || strncmp(when, started, SECONDS) < 0);
}

/* --- the service --- */

struct service {
	const json_t *json, *template, *mode;
	bool job, global;
	const char *started;
};

static json_int_t index_of(const json_t *iteration)
{
	return swarm_number(json_object_get(iteration, "Index"), 0);
}

static struct service service_read(const json_t *json, const char *started)
{
	const json_t *spec = json_object_get(json, "Spec"), *mode = json_object_get(spec, "Mode");
	struct service service = {json,	  json_object_get(spec, "TaskTemplate"), NULL, false, false,
				  started};
	static const struct {
		const char *field;
		bool global, job;
	} rows[] = {{"Replicated", false, false},
		    {"Global", true, false},
		    {"ReplicatedJob", false, true},
		    {"GlobalJob", true, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (json_object_get(mode, rows[i].field)) {
			service.mode = json_object_get(mode, rows[i].field);
			service.global = rows[i].global;
			service.job = rows[i].job;
		}
	return service;
}

/* Whether a task was made from the spec that the service has now. Its placement may differ: Swarm
 * lets a task be that may stay where it is. */
static bool is_present(const struct service *service, const json_t *task)
{
	static const char *const parts[] = {"ContainerSpec", "Resources", "RestartPolicy",
					    "LogDriver",     "Networks",  "ForceUpdate"};
	const json_t *spec = json_object_get(task, "Spec");

	if (service->job) {
		const json_t *status = json_object_get(service->json, "JobStatus");
		const json_t *iteration = json_object_get(task, "JobIteration");

		return iteration &&
		       index_of(iteration) == index_of(json_object_get(status, "JobIteration"));
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const json_t *is = json_object_get(spec, parts[i]);
		const json_t *want = json_object_get(service->template, parts[i]);

		if (is && want ? !json_same(is, want) : is != want)
			return false;
	}
	return true;
}

/* What a task fills: a slot, or a node. In the arena. */
static const char *place_of(struct arena *a, const struct service *service, const json_t *task)
{
	const char *node = json_member_text(task, "NodeID");

	if (service->global)
		return node ? node : "";
	return arena_printf(a, "%" JSON_INTEGER_FORMAT,
			    swarm_number(json_object_get(task, "Slot"), 0));
}

/* Of several tasks of one place the one that is to run; jobs go by what has become of it. */
static bool is_better(const struct service *service, const struct task *task,
		      const struct task *than)
{
	if (!service->job && task->desired != than->desired)
		return task->desired < than->desired;
	return task->state < than->state;
}

/* Place -> its task. Only tasks of the present spec count. New reference. */
static json_t *places_new(struct arena *a, const struct service *service, const json_t *tasks)
{
	json_t *places = json_object(), *json;
	size_t i;

	json_array_foreach(tasks, i, json) {
		struct task task = task_read(json), other;
		const char *place;

		if (task.state == STATE_UNKNOWN || !is_present(service, json))
			continue;
		place = place_of(a, service, json);
		other = task_read(json_object_get(places, place));
		if (!other.json || is_better(service, &task, &other))
			json_object_set(places, place, json);
	}
	return places;
}

/* Nodes that have, or shall have, a task: Swarm makes those of a global service all at once, and
 * knows better than we where it may run. */
static int nodes_seen(const struct service *service, const json_t *tasks)
{
	json_t *nodes = json_object(), *json;
	int count;
	size_t i;

	json_array_foreach(tasks, i, json) {
		const struct task task = task_read(json);
		const char *node = json_member_text(json, "NodeID");

		if (node && task.state != STATE_UNKNOWN &&
		    (is_present(service, json) || task.desired <= STATE_RUNNING))
			json_object_set_new(nodes, node, json_true());
	}
	count = (int)json_object_size(nodes);
	json_decref(nodes);
	return count;
}

static int wanted_of(const struct service *service, const json_t *tasks, size_t node_count)
{
	json_int_t n;
	int seen;

	if (service->global) {
		seen = nodes_seen(service, tasks);
		return seen ? seen : (int)node_count;
	}
	n = swarm_number(
		json_object_get(service->mode, service->job ? "TotalCompletions" : "Replicas"), 1);
	return n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : (int)n;
}

/* A task that ended well where the policy lets it end is as good as one that runs. */
static bool is_there(const struct service *service, const struct task *task)
{
	if (service->job)
		return task->state == STATE_COMPLETE;
	if (task->desired <= STATE_RUNNING)
		return task->state == STATE_RUNNING;
	return task->state == STATE_COMPLETE;
}

/* Swarm makes the next task in the same breath as it gives up one: here there is none to come. */
static bool is_dead(const struct task *task)
{
	return task->desired > STATE_COMPLETE && task->state >= STATE_FAILED;
}

/* --- the verdict --- */

/* State of the update that counts, "" when there is none. */
static const char *update_state(const struct service *service, const char **message)
{
	const json_t *update = json_object_get(service->json, "UpdateStatus");
	const char *state = json_member_text(update, "State");

	*message = NULL;
	if (!state || !service->started ||
	    is_older(json_member_text(update, "StartedAt"), service->started))
		return "";
	*message = json_member_text(update, "Message");
	return state;
}

/* After a rollback the tasks that failed are those of another spec. */
static const json_t *newest_failure(const struct service *service, const json_t *tasks, bool any)
{
	struct task found = {NULL, 0, 0, NULL, NULL};
	json_t *json;
	size_t i;

	json_array_foreach(tasks, i, json) {
		struct task task = task_read(json);

		if (!task_has_failed(&task) || is_older(task.when, service->started) ||
		    !(any || is_present(service, json)))
			continue;
		if (!found.json ||
		    (task.when && found.when && compare_times(task.when, found.when) > 0))
			found = task;
	}
	return found.json;
}

static void count(struct arena *a, const struct service *service, const json_t *tasks,
		  struct swarm_progress *out, int *dead)
{
	json_t *places = places_new(a, service, tasks), *json;
	const char *place;

	json_object_foreach(places, place, json) {
		struct task task = task_read(json);

		out->running += is_there(service, &task);
		*dead += is_dead(&task);
	}
	json_decref(places);
}

static enum swarm_state decide(const struct swarm_progress *out, const char *update, int dead,
			       bool global)
{
	static const struct {
		const char *update;
		enum swarm_state state;
	} rows[] = {{"paused", SWARM_FAILED},
		    {"rollback_paused", SWARM_FAILED},
		    {"rollback_completed", SWARM_FAILED},
		    {"rollback_started", SWARM_FAILING}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].update, update))
			return rows[i].state;
	/* An update that goes on is the engine's to judge. */
	if (!strcmp(update, "updating"))
		return SWARM_WAITING;
	if (dead)
		return SWARM_FAILED;
	return out->running == out->wanted && (out->wanted || !global) ? SWARM_CONVERGED
								       : SWARM_WAITING;
}

void swarm_progress_read(struct arena *a, const json_t *json, const json_t *tasks,
			 size_t node_count, const char *started, struct swarm_progress *out)
{
	const struct service service = service_read(json, started);
	const char *message, *update = update_state(&service, &message);
	const json_t *failed;
	struct task task;
	int dead = 0;

	*out = (struct swarm_progress){SWARM_WAITING, 0, 0, NULL, NULL};
	out->wanted = wanted_of(&service, tasks, node_count);
	count(a, &service, tasks, out, &dead);
	out->state = decide(out, update, dead, service.global);
	if (out->state == SWARM_CONVERGED)
		return;
	failed = newest_failure(&service, tasks, !strncmp(update, "rollback", 8));
	task = task_read(failed);
	if (failed && out->state == SWARM_WAITING)
		out->state = SWARM_FAILING;
	if (out->state == SWARM_WAITING)
		return;
	if (!message || !*message)
		message = task.error;
	out->message = message && *message ? arena_strdup(a, message) : NULL;
	if (json_member_text(failed, "ID"))
		out->task = arena_strdup(a, json_member_text(failed, "ID"));
}
