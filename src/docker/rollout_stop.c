/*
 * Stopping and restarting a container: the engine answers when it has ended, so these requests take
 * as long as the container is given for that, which only it knows.
 */
#include "rollout_private.h"

#include <string.h>

#include "kata/json.h"

enum {
	GRACE_MS = 10000,  /* the engine's own, for a container without a time */
	MARGIN_MS = 30000, /* to be killed, and to be started again */
};

static bool restarts(const struct job *job)
{
	return job->step->op == STEP_RESTART;
}

static void on_ended(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (restarts(job))
		job_done(job, ok, value, e);
	else
		job_gone(job, ok, value, e);
}

static void on_late(struct job *job)
{
	struct kata_error e;

	http_cancel(job->transfer);
	job->transfer = NULL;
	job->rollout->silent = true;
	error_set(&e, ERROR_TIMEOUT, "the engine was told to %s it, and has not done so after %d s",
		  restarts(job) ? "restart" : "stop", (int)(job->limit_ms / 1000));
	error_where(&e, "container %s", job->step->target);
	error_hint(&e,
		   "the engine hangs, or the container does not die (docker top %s): "
		   "journalctl -u docker says more",
		   job->step->target);
	on_ended(job, false, NULL, &e);
}

/* The container's own time, in ms; -1: it has no end. */
static int64_t grace_of(const json_t *inspect)
{
	const json_t *config = json_object_member(inspect, "Config", JSON_OBJECT);
	const json_t *seconds = json_object_get(config, "StopTimeout");

	if (!json_is_integer(seconds))
		return GRACE_MS;
	return json_integer_value(seconds) < 0 ? -1 : json_integer_value(seconds) * 1000;
}

static void on_inspected(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	int64_t grace = grace_of(value);

	if (!ok) {
		on_ended(job, false, value, e);
		return;
	}
	job_send_unlimited(job,
			   arena_printf(job->rollout->arena, "%s/%s", job_path(job),
					restarts(job) ? "restart" : "stop"),
			   on_ended);
	if (grace >= 0)
		job_limit(job, grace + (job->rollout->silent ? SILENT_MS : MARGIN_MS), on_late);
}

/* A container that gets a new configuration has the time of its old one still. */
static void inspect(struct job *job)
{
	job_send(job, "GET", arena_printf(job->rollout->arena, "%s/json", job_path(job)), NULL,
		 on_inspected);
}

void rollout_restart(struct job *job)
{
	inspect(job);
}

void rollout_stop(struct job *job)
{
	rollout_hooks(job, "pre_stop", inspect);
}
