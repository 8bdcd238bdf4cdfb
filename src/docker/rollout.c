/*
 * Running the graphs: which step may begin, the requests that are one call, and how steps end.
 */
#include "rollout_private.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

enum { LOG_LINES = 50, LOG_MAX = 10 << 10, POLL_MS = 300, REAP_MS = 30000 };

struct rollout *rollout_new(struct docker *docker, struct loop *loop, struct docker_live *live,
			    const struct rollout_host *host)
{
	struct rollout *r = xcalloc(1, sizeof *r);

	r->docker = docker;
	r->loop = loop;
	r->live = live;
	r->host = *host;
	r->arena = arena_new();
	r->ids = json_object();
	return r;
}

void rollout_add(struct rollout *r, struct deploy *deploy)
{
	r->graphs = xgrow(r->graphs, r->count, &r->cap, sizeof *r->graphs);
	r->graphs[r->count++] = deploy;
}

/* --- one job --- */

static void job_drop(struct job *job)
{
	struct rollout *r = job->rollout;

	if (job->transfer)
		http_cancel(job->transfer);
	if (job->stream)
		docker_stream_cancel(job->stream);
	if (job->logs)
		docker_logs_cancel(job->logs);
	loop_timer_cancel(r->loop, job->timer);
	loop_timer_cancel(r->loop, job->limit);
	if (job->prev)
		job->prev->next = job->next;
	else
		r->jobs = job->next;
	if (job->next)
		job->next->prev = job->prev;
	json_decref(job->body);
	json_decref(job->list);
	str_release(&job->out);
	free(job->text);
	free(job);
}

void rollout_free(struct rollout *r)
{
	if (!r)
		return;
	while (r->jobs)
		job_drop(r->jobs);
	json_decref(r->ids);
	arena_free(r->arena);
	free(r->graphs);
	free(r);
}

const char *job_path(struct job *job)
{
	const struct step *s = job->step;

	return docker_path(job->rollout->arena, "/containers/%s", s->id ? s->id : s->target);
}

static void job_unlimit(struct job *job)
{
	loop_timer_cancel(job->rollout->loop, job->limit);
	job->limit = 0;
}

static void on_limit(void *arg)
{
	struct job *job = arg;

	job->limit = 0;
	job->late(job);
}

void job_limit(struct job *job, int64_t ms, void (*late)(struct job *job))
{
	job->late = late;
	job->limit_ms = ms;
	job->limit = loop_timer(job->rollout->loop, ms, on_limit, job);
}

static void on_answer(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct job *job = arg;

	job_unlimit(job);
	job->transfer = NULL;
	job->rollout->silent = !ok && e->code == ERROR_TIMEOUT;
	if (job->rollout->silent)
		error_wrap(e, "after %d s", (int)((loop_now_ms() - job->asked) / 1000));
	job->answer(job, ok, ok ? answer->value : NULL, e);
}

static void job_request(struct job *job, const struct docker_request *request, job_next *answer)
{
	job->answer = answer;
	job->asked = loop_now_ms();
	job->transfer = docker_start(job->rollout->docker, request, on_answer, job);
}

void job_send_auth(struct job *job, const char *method, const char *path, const json_t *body,
		   const char *auth, job_next *answer)
{
	struct docker_request request = {
		.method = method,
		.path = path,
		.body = body,
		.auth = auth,
		/* What has to be undone must not wait for minutes for an engine that hangs. */
		.timeout_ms = job->rollout->silent ? SILENT_MS : 0};

	job_request(job, &request, answer);
}

void job_send(struct job *job, const char *method, const char *path, const json_t *body,
	      job_next *answer)
{
	job_send_auth(job, method, path, body, NULL, answer);
}

void job_send_unlimited(struct job *job, const char *path, job_next *answer)
{
	struct docker_request request = {.method = "POST", .path = path, .timeout_ms = -1};

	job_request(job, &request, answer);
}

static void on_timer(void *arg)
{
	struct job *job = arg;

	job->timer = 0;
	job->later(job);
}

void job_later(struct job *job, int64_t ms, void (*later)(struct job *job))
{
	job->later = later;
	job->timer = loop_timer(job->rollout->loop, ms, on_timer, job);
}

void job_say(struct job *job, const char *text)
{
	job->rollout->host.report(job->rollout->host.arg, job->step, text);
}

static bool has_port_range(const struct step *step)
{
	size_t i;
	json_t *port;

	json_array_foreach(json_object_get(step->model ? step->model->spec : NULL, "ports"), i,
			   port) {
		const char *published = json_member_text(port, "published");

		if (published && strchr(published, '-'))
			return true;
	}
	return false;
}

void job_finish(struct job *job, bool ok, const struct kata_error *e)
{
	struct step *step = job->step;
	struct rollout *r = job->rollout;

	step->state = ok ? STEP_DONE : STEP_FAILED;
	if (!ok)
		step->error = *e;
	if (step->op == STEP_START && has_port_range(step))
		r->starting_range = false;
	job_drop(job);
	r->host.report(r->host.arg, step, NULL);
}

void job_done(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	job_finish(job, ok, e);
}

/* --- the last words of a container --- */

static bool take_log(void *arg, int stream, const char *bytes, size_t len)
{
	struct job *job = arg;

	(void)stream;
	str_addn(&job->out, bytes, len);
	return job->out.len < 8 * LOG_MAX;
}

static void on_discarded(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	struct kata_error kept = job->error;

	(void)ok;
	(void)value;
	(void)e;
	job_finish(job, false, &kept);
}

static void logs_over(void *arg, bool ok, struct kata_error *e)
{
	struct job *job = arg;
	size_t from = job->out.len > LOG_MAX ? job->out.len - LOG_MAX : 0;
	struct kata_error kept = job->error;

	(void)ok;
	(void)e;
	job->logs = NULL;
	job_unlimit(job);
	job->step->details =
		arena_strndup(job->graph->arena, job->out.p + from, job->out.len - from);
	if (job->discard)
		job_send(job, "DELETE", job->discard, NULL, on_discarded);
	else
		job_finish(job, false, &kept);
}

/* What came so far has to do. */
static void on_logs_late(struct job *job)
{
	docker_logs_cancel(job->logs);
	logs_over(job, true, NULL);
}

void job_fail_with_logs(struct job *job, const char *container, const struct kata_error *e)
{
	struct rollout *r = job->rollout;
	bool tty = job->step->model && json_is_true(json_object_get(job->step->model->spec, "tty"));

	job->error = *e;
	job->logs = docker_logs_start(r->docker,
				      docker_path(r->arena,
						  "/containers/%s/logs?stdout=1&stderr=1&tail=%d",
						  container, LOG_LINES),
				      tty, take_log, logs_over, job);
	job_limit(job, SILENT_MS, on_logs_late);
}

/* --- steps that are one request --- */

void job_gone(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	bool gone = !ok &&
		    (e->http == 404 || (e->http == 409 && strstr(e->msg, "already in progress")));

	(void)value;
	job_finish(job, ok || gone, e);
}

/* What an old task still holds goes with the next deploy. */
static void on_object_removed(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	job_finish(job, ok || e->http == 404 || (e->http == 400 && strstr(e->msg, "in use")), e);
}

static void run_network_create(struct job *job)
{
	const struct step *s = job->step;
	int api = job->rollout->docker->api;

	job->body = job->graph->swarm ? swarm_network_body_new(s->compose, s->key)
				      : network_body_new(s->compose, s->key, api);
	job_send(job, "POST", "/networks/create", job->body, job_done);
}

static void run_network_remove(struct job *job);

/* Tasks of services that are gone hold it until they have stopped. */
static void on_network_removed(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (!ok && strstr(e->msg, "in use by task") && loop_now_ms() - job->began < GONE_MS)
		job_later(job, POLL_MS, run_network_remove);
	else
		job_gone(job, ok, value, e);
}

static void run_network_remove(struct job *job)
{
	const struct step *s = job->step;

	job_send(job, "DELETE",
		 docker_path(job->rollout->arena, "/networks/%s", s->id ? s->id : s->target), NULL,
		 on_network_removed);
}

static void run_volume_create(struct job *job)
{
	job->body = volume_body_new(job->step->compose, job->step->key);
	job_send(job, "POST", "/volumes/create", job->body, job_done);
}

static void run_volume_remove(struct job *job);

/* Swarm takes the containers of ended tasks away a while after them. */
static void on_volume_removed(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (!ok && e->http == 409 && job->rollout->live->swarm &&
	    loop_now_ms() - job->began < REAP_MS)
		job_later(job, POLL_MS, run_volume_remove);
	else
		job_gone(job, ok, value, e);
}

static void run_volume_remove(struct job *job)
{
	job_send(job, "DELETE",
		 docker_path(job->rollout->arena, "/volumes/%s?force=1", job->step->target), NULL,
		 on_volume_removed);
}

static void hooks_over(struct job *job)
{
	job_finish(job, true, NULL);
}

static void on_started(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	if (ok && job->step->rescues == STEP_NONE)
		rollout_hooks(job, "post_start", hooks_over);
	else if (ok)
		hooks_over(job);
	else
		job_finish(job, false, e);
}

static void run_start(struct job *job)
{
	job_send(job, "POST", arena_printf(job->rollout->arena, "%s/start", job_path(job)), NULL,
		 on_started);
}

static void run_remove(struct job *job)
{
	job_send(job, "DELETE",
		 arena_printf(job->rollout->arena, "%s?force=1%s", job_path(job),
			      job->step->volumes ? "&v=1" : ""),
		 NULL, job_gone);
}

static void run_rename(struct job *job)
{
	job_send(job, "POST",
		 arena_printf(
			 job->rollout->arena, "%s%s", job_path(job),
			 docker_path(job->rollout->arena, "/rename?name=%s", job->step->new_name)),
		 NULL, job_done);
}

static void run_object_remove(struct job *job)
{
	const char *kind = job->step->kind;

	job_send(job, "DELETE",
		 docker_path(job->rollout->arena,
			     !strcmp(kind, "secrets") ? "/secrets/%s" : "/configs/%s",
			     job->step->id),
		 NULL, on_object_removed);
}

static void run_service_remove(struct job *job)
{
	const struct step *s = job->step;

	job_send(job, "DELETE",
		 docker_path(job->rollout->arena, "/services/%s", s->id ? s->id : s->target), NULL,
		 job_gone);
}

static step_run *const runs[] = {
	[STEP_PULL] = rollout_pull,
	[STEP_BUILD] = rollout_build,
	[STEP_PREPARE] = rollout_prepare,
	[STEP_NETWORK_CREATE] = run_network_create,
	[STEP_NETWORK_REMOVE] = run_network_remove,
	[STEP_VOLUME_CREATE] = run_volume_create,
	[STEP_VOLUME_REMOVE] = run_volume_remove,
	[STEP_CREATE] = rollout_create,
	[STEP_START] = run_start,
	[STEP_RESTART] = rollout_restart,
	[STEP_GATE] = rollout_gate,
	[STEP_ROUTES] = NULL, /* rollout_routes() */
	[STEP_STOP] = rollout_stop,
	[STEP_REMOVE] = run_remove,
	[STEP_RENAME] = run_rename,
	[STEP_OBJECT_CREATE] = rollout_object_create,
	[STEP_OBJECT_REMOVE] = run_object_remove,
	[STEP_SERVICE_CREATE] = rollout_service_create,
	[STEP_SERVICE_UPDATE] = rollout_service_update,
	[STEP_SERVICE_REMOVE] = run_service_remove,
	[STEP_CONVERGE] = rollout_converge,
	[STEP_ROLLBACK] = rollout_rollback,
	[STEP_STACK_GONE] = rollout_stack_gone,
};

/* --- the graph --- */

static bool is_over(const struct step *s)
{
	return s->state != STEP_WAITING && s->state != STEP_RUNNING;
}

static bool went_wrong(const struct step *s)
{
	return s->state == STEP_FAILED || s->state == STEP_BLOCKED;
}

/* What waiting means for a step: it may run, must wait, is blocked, or is not needed. */
static enum step_state readiness(const struct deploy *d, const struct step *s)
{
	if (s->rescues != STEP_NONE) {
		const struct step *saved = &d->steps[s->rescues];

		if (!is_over(saved))
			return STEP_WAITING;
		if (!went_wrong(saved))
			return STEP_SKIPPED;
	}
	for (size_t i = 0; i < s->wait_count; i++) {
		const struct step *on = &d->steps[s->waits[i]];

		if (went_wrong(on))
			return STEP_BLOCKED;
		if (!is_over(on))
			return STEP_WAITING;
	}
	return STEP_RUNNING;
}

static void begin(struct rollout *r, struct deploy *d, struct step *s)
{
	struct job *job = xcalloc(1, sizeof *job);

	job->rollout = r;
	job->graph = d;
	job->step = s;
	job->out = (struct str)STR_INIT;
	job->began = loop_now_ms();
	job->observed = -1;
	job->next = r->jobs;
	if (job->next)
		job->next->prev = job;
	r->jobs = job;
	s->state = STEP_RUNNING;
	if (s->op == STEP_START && has_port_range(s))
		r->starting_range = true;
	r->host.report(r->host.arg, s, NULL);
	runs[s->op](job);
}

/* Begins what may begin in one graph; true when a state changed. */
static bool advance(struct rollout *r, struct deploy *d)
{
	bool changed = false;

	for (size_t i = 0; i < d->count; i++) {
		struct step *s = &d->steps[i];
		enum step_state next;

		if (s->state != STEP_WAITING)
			continue;
		next = readiness(d, s);
		/* The engine gives out ports of a range non-atomically: one start at a time. */
		if (next == STEP_WAITING || (next == STEP_RUNNING && !runs[s->op]) ||
		    (s->op == STEP_START && r->starting_range && has_port_range(s)))
			continue;
		changed = true;
		if (next == STEP_RUNNING)
			begin(r, d, s);
		else
			s->state = next;
	}
	return changed;
}

void rollout_run(struct rollout *r)
{
	for (;;) {
		bool changed = false;

		for (size_t i = 0; i < r->count && !loop_stopped(r->loop); i++)
			changed = advance(r, r->graphs[i]) || changed;
		if (loop_stopped(r->loop)) {
			while (r->jobs)
				job_drop(r->jobs);
			return;
		}
		if (!changed && !r->jobs)
			return;
		if (!changed)
			loop_turn(r->loop, -1);
	}
}

void rollout_routes(struct deploy *d, bool ok, const struct kata_error *e)
{
	for (size_t i = 0; i < d->count; i++) {
		struct step *s = &d->steps[i];

		if (s->op != STEP_ROUTES || s->state != STEP_WAITING ||
		    readiness(d, s) != STEP_RUNNING)
			continue;
		s->state = ok ? STEP_DONE : e ? STEP_FAILED : STEP_BLOCKED;
		if (s->state == STEP_FAILED)
			s->error = *e;
	}
}

bool deploy_awaits_routes(const struct deploy *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->steps[i].op == STEP_ROUTES && d->steps[i].state == STEP_WAITING &&
		    readiness(d, &d->steps[i]) == STEP_RUNNING)
			return true;
	return false;
}

bool deploy_finished(const struct deploy *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (!is_over(&d->steps[i]))
			return false;
	return true;
}

bool deploy_failed(const struct deploy *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (went_wrong(&d->steps[i]) && d->steps[i].rescues == STEP_NONE)
			return true;
	return false;
}
