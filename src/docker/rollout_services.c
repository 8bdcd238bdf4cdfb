/*
 * Steps of Swarm mode: secrets and configs, services with their image pinned, waiting until a
 * service has converged, going back, and waiting until a stack is gone.
 */
#include "rollout_private.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"

enum {
	POLL_MS = 300,
	RETRIES = 5,	    /* of an update that somebody else was faster with */
	FAILING_MS = 15000, /* a service that keeps failing for so long does not recover */
};

/* --- secrets and configs --- */

static const char *objects_path(const struct step *s)
{
	return !strcmp(s->kind, "secrets") ? "/secrets" : "/configs";
}

static void on_object_created(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	const struct step *s = job->step;
	struct docker_live *live = job->rollout->live;
	json_t *list = !strcmp(s->kind, "secrets") ? live->secrets : live->configs;
	const char *id = json_member_text(value, "ID");

	if (ok && id)
		json_array_append_new(
			list, json_pack("{s:s,s:{s:s}}", "ID", id, "Spec", "Name", s->target));
	job_finish(job, ok, e);
}

void rollout_object_create(struct job *job)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	struct kata_error e;

	if (!r->host.content(r->host.arg, s, &job->out, &e)) {
		job_finish(job, false, &e);
		return;
	}
	job->body = swarm_object_body_new(s->compose, s->kind, s->key, s->target, job->out.p,
					  job->out.len);
	job_send(job, "POST", arena_printf(r->arena, "%s/create", objects_path(s)), job->body,
		 on_object_created);
}

/* --- services --- */

static const char *object_name(void *arg, const char *kind, const char *key)
{
	struct job *job = arg;
	struct rollout *r = job->rollout;

	return r->host.object_name(r->host.arg, job->step->compose, kind, key);
}

static const char *object_id(void *arg, const char *kind, const char *key)
{
	struct job *job = arg;
	const struct docker_live *live = job->rollout->live;
	const char *name = object_name(arg, kind, key);
	size_t i;
	json_t *item;

	json_array_foreach(!strcmp(kind, "secrets") ? live->secrets : live->configs, i, item) {
		const char *own = json_member_text(json_object_get(item, "Spec"), "Name");

		if (own && name && !strcmp(own, name))
			return json_member_text(item, "ID");
	}
	return NULL;
}

/* What the registry says about the image: {"Descriptor": {"digest"}, "Platforms"}; kept in list. */
static json_t *spec_new(struct job *job, const json_t *live)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	const char *digest = json_member_text(json_object_get(job->list, "Descriptor"), "digest");
	struct swarm_facts facts = {
		.api = r->docker->api,
		.live = live,
		.image = container_image(r->arena, s->compose, s->model),
		.platforms = digest ? json_object_get(job->list, "Platforms") : NULL,
		.object_name = object_name,
		.object_id = object_id,
		.object_arg = job,
	};
	struct image_ref ref;

	if (digest && image_ref_parse(r->arena, facts.image, &ref))
		facts.pinned = arena_printf(r->arena, "%s:%s@%s", ref.name,
					    ref.tag ? ref.tag : "latest", digest);
	return swarm_spec_new(s->compose, s->model, &facts);
}

static void service_create(struct job *job)
{
	json_decref(job->body);
	job->body = spec_new(job, NULL);
	job_send_auth(job, "POST", "/services/create", job->body, job->text, job_done);
}

static void update_ask(struct job *job);

/* Somebody else was faster: read again, a few times. */
static void on_updated(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	if (!ok && e->code == ERROR_CONFLICT && ++job->index < RETRIES)
		update_ask(job);
	else
		job_finish(job, ok, e);
}

static void raise_force(json_t *spec)
{
	json_t *task = json_object_get(spec, "TaskTemplate");
	json_int_t force = json_integer_value(json_object_get(task, "ForceUpdate"));

	json_object_set_new(task, "ForceUpdate", json_integer(force + 1));
}

/* The update of what was just read: anything posted in between makes it stale. */
static const char *update_path(struct job *job, const json_t *service, const char *more)
{
	const json_t *version = json_object_get(service, "Version");
	const char *id = json_member_text(service, "ID");

	return arena_printf(job->rollout->arena,
			    "/services/%s/update?version=%" JSON_INTEGER_FORMAT "%s", id ? id : "",
			    json_integer_value(json_object_get(version, "Index")), more);
}

/* Where the time of the service before our update is kept: what is older is not about it. */
static const char *started_key(struct job *job)
{
	return arena_printf(job->rollout->arena, "%s/%s/started", job->step->app,
			    job->step->service);
}

static void on_current(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	const struct step *s = job->step;
	const char *path;

	if (!ok || !json_member_text(value, "ID")) {
		job_finish(job, false, e);
		return;
	}
	json_object_set(job->rollout->ids, started_key(job), json_object_get(value, "UpdatedAt"));
	path = update_path(job, value, "");
	json_decref(job->body);
	job->body = spec_new(job, value);
	if (s->force)
		raise_force(job->body);
	job_send_auth(job, "POST", path, job->body, job->text, on_updated);
}

static void update_ask(struct job *job)
{
	job_send(job, "GET", docker_path(job->rollout->arena, "/services/%s", job->step->target),
		 NULL, on_current);
}

static void service_write(struct job *job)
{
	if (job->step->op == STEP_SERVICE_CREATE)
		service_create(job);
	else
		update_ask(job);
}

/* A registry that does not answer leaves the image as it is written (or pinned before). */
static void on_distribution(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (ok && value)
		job->list = json_incref((json_t *)value);
	else
		job_say(job, arena_printf(job->rollout->arena,
					  "the registry does not tell the image's digest (%.200s); "
					  "each node takes what it has under this name",
					  e->msg));
	service_write(job);
}

/* Whether the registry must be asked: a new image reference, and not one that is built here. */
static bool needs_pin(struct job *job)
{
	const struct step *s = job->step;
	const char *image = container_image(job->rollout->arena, s->compose, s->model);
	const json_t *labels = json_object_get(json_object_get(s->live, "Spec"), "Labels");
	const char *before = json_member_text(labels, LABEL_STACK_IMAGE);

	return !s->model->runtime && !json_object_get(s->model->spec, "build") &&
	       !strchr(image, '@') && (!before || strcmp(before, image) != 0);
}

static void service_begin(struct job *job)
{
	struct rollout *r = job->rollout;
	const char *image = container_image(r->arena, job->step->compose, job->step->model);
	const char *auth = NULL;
	struct image_ref ref;
	struct kata_error e;

	if (!needs_pin(job) || !image_ref_parse(r->arena, image, &ref)) {
		service_write(job);
		return;
	}
	if (!docker_auth(r->docker, r->arena, r->host.config_home, ref.domain, &auth, &e)) {
		job_finish(job, false, &e);
		return;
	}
	if (*auth)
		job->text = xstrdup(auth);
	job_send_auth(job, "GET",
		      arena_printf(r->arena, "/distribution/%s:%s/json", ref.name,
				   ref.tag ? ref.tag : "latest"),
		      NULL, job->text, on_distribution);
}

void rollout_service_create(struct job *job)
{
	service_begin(job);
}

void rollout_service_update(struct job *job)
{
	service_begin(job);
}

/* --- going back --- */

static void on_before_rollback(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (!ok || !json_object_get(value, "PreviousSpec")) {
		job_finish(job, ok, e);
		return;
	}
	job->body = json_incref(json_object_get(value, "Spec"));
	job_send(job, "POST", update_path(job, value, "&rollback=previous"), job->body, job_done);
}

void rollout_rollback(struct job *job)
{
	job_send(job, "GET", docker_path(job->rollout->arena, "/services/%s", job->step->target),
		 NULL, on_before_rollback);
}

/* --- converge --- */

static void converge_ask(struct job *job);

static void converge_fail(struct job *job, const char *what, const struct swarm_progress *progress)
{
	struct kata_error e;

	error_set(&e, ERROR_REFUSED, "%s%s%s", what, progress->message ? ": " : "",
		  progress->message ? progress->message : "");
	error_where(&e, "service %s", job->step->target);
	error_hint(&e, "`kata-tui logs %s` shows more", job->step->app);
	job->error = e;
	if (!progress->task) {
		job_finish(job, false, &e);
		return;
	}
	/* The task's container, when it is on this node. */
	job->index = 1;
	free(job->text);
	job->text = xstrdup(progress->task);
	converge_ask(job);
}

static void on_failed_task(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	const json_t *status = json_object_get(value, "Status");
	const char *container =
		json_member_text(json_object_get(status, "ContainerStatus"), "ContainerID");
	const char *err = json_member_text(status, "Err");
	struct kata_error failed = job->error;

	(void)e;
	/* "task: non-zero exit (6)" */
	if (ok && err && *err && !strstr(failed.msg, err)) {
		error_set(&failed, ERROR_REFUSED, "%s: %s", job->error.msg, err);
		error_where(&failed, "%s", job->error.where);
		error_hint(&failed, "%s", job->error.hint);
	}
	if (ok && container && *container)
		job_fail_with_logs(job, container, &failed);
	else
		job_finish(job, false, &failed);
}

static bool has_healthcheck(const struct step *s)
{
	return s->model && json_object_get(s->model->spec, "healthcheck");
}

/* It must stay converged for a while, as long as no health check vouches for it. */
static bool converged_long(struct job *job)
{
	int64_t now = loop_now_ms();

	if (!job->since)
		job->since = now;
	return has_healthcheck(job->step) || now - job->since >= job->step->model->ready_ms;
}

static void judge(struct job *job, const json_t *tasks)
{
	struct swarm_progress progress;
	int64_t waited = loop_now_ms() - job->began;

	swarm_progress_read(job->rollout->arena, json_object_get(job->list, "service"), tasks,
			    json_array_size(json_object_get(job->list, "nodes")),
			    json_string_value(json_object_get(job->rollout->ids, started_key(job))),
			    &progress);
	if (progress.state != SWARM_CONVERGED)
		job->since = 0;
	if (progress.state != SWARM_FAILING)
		job->failing = 0;
	else if (!job->failing)
		job->failing = (int)(waited + 1);
	if (progress.state == SWARM_CONVERGED && converged_long(job))
		job_finish(job, true, NULL);
	else if (progress.state == SWARM_FAILED)
		converge_fail(job, "Swarm gave the update up", &progress);
	else if (job->failing && waited - job->failing > FAILING_MS)
		converge_fail(job, "its tasks keep failing", &progress);
	else if (waited > job->step->model->ready_limit_ms && progress.state != SWARM_CONVERGED)
		converge_fail(job,
			      arena_printf(job->rollout->arena,
					   "%d of %d tasks are ready after %d s", progress.running,
					   progress.wanted, (int)(waited / 1000)),
			      &progress);
	else
		job_later(job, POLL_MS, converge_ask);
}

static void on_tasks(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (ok)
		judge(job, value);
	else
		job_finish(job, false, e);
}

/* An update that an earlier run began and that still goes on is this run's to wait for. */
static void take_over_update(struct job *job, const json_t *service)
{
	const json_t *update = json_object_get(service, "UpdateStatus");
	const char *state = json_member_text(update, "State");
	json_t *ids = job->rollout->ids;

	if (state && !strcmp(state, "updating") && !json_object_get(ids, started_key(job)))
		json_object_set(ids, started_key(job), json_object_get(update, "StartedAt"));
}

static void on_service(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	struct arena *a = job->rollout->arena;
	const char *id = json_member_text(value, "ID");

	if (!ok || !id) {
		job_finish(job, false, e);
		return;
	}
	json_object_set(job->list, "service", (json_t *)value);
	take_over_update(job, value);
	job_send(job, "GET",
		 arena_printf(a, "/tasks?filters=%s",
			      docker_filters(a, "service", id, "_up-to-date", "true", NULL)),
		 NULL, on_tasks);
}

static void converge_ask(struct job *job)
{
	struct arena *a = job->rollout->arena;

	if (job->index)
		job_send(job, "GET", docker_path(a, "/tasks/%s", job->text), NULL, on_failed_task);
	else
		job_send(job, "GET", docker_path(a, "/services/%s", job->step->target), NULL,
			 on_service);
}

static void on_nodes(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	if (!ok) {
		job_finish(job, false, e);
		return;
	}
	json_object_set(job->list, "nodes", (json_t *)value);
	converge_ask(job);
}

void rollout_converge(struct job *job)
{
	job->list = json_object();
	job_send(job, "GET", "/nodes", NULL, on_nodes);
}

/* --- gone --- */

static void on_stack_tasks(struct job *job, bool ok, const json_t *value, struct kata_error *e);

static void stack_ask(struct job *job)
{
	struct arena *a = job->rollout->arena;
	const char *label = arena_printf(a, LABEL_STACK "=%s", job->step->app);

	job_send(job, "GET",
		 arena_printf(a, "%s?filters=%s", job->index ? "/networks" : "/tasks",
			      docker_filters(a, "label", label, NULL)),
		 NULL, on_stack_tasks);
}

/* Tasks that have ended may stay in the list for good; networks have no state. */
static size_t count_left(const json_t *list)
{
	static const char *const over[] = {"complete", "shutdown", "failed", "rejected",
					   "orphaned"};
	size_t left = 0, i;
	json_t *item;

	json_array_foreach((json_t *)list, i, item) {
		const char *state = json_member_text(json_object_get(item, "Status"), "State");
		bool ended = false;

		for (size_t o = 0; state && o < sizeof over / sizeof *over; o++)
			ended = ended || !strcmp(state, over[o]);
		left += !ended;
	}
	return left;
}

static void on_stack_tasks(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	size_t left = count_left(value);
	struct kata_error late;

	if (!ok) {
		job_finish(job, false, e);
	} else if (left && loop_now_ms() - job->began > GONE_MS) {
		error_set(&late, ERROR_TIMEOUT, "%zu of its %s are still there after %d s", left,
			  job->index ? "networks" : "tasks", GONE_MS / 1000);
		error_where(&late, "stack %s", job->step->app);
		error_hint(&late, "run the command again when they have gone");
		job_finish(job, false, &late);
	} else if (left) {
		job_later(job, POLL_MS, stack_ask);
	} else if (!job->index) {
		job->index = 1;
		stack_ask(job);
	} else {
		job_finish(job, true, NULL);
	}
}

void rollout_stack_gone(struct job *job)
{
	stack_ask(job);
}
