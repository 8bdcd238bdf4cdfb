/*
 * Steps that bring images: pull, build, and the preparations of Kata runtimes, which are containers
 * that do their work and go.
 */
#include "rollout_private.h"

#include <string.h>

#include "kata/hash.h"
#include "kata/json.h"

enum { LINE_MAX_BYTES = 4096 };

/* --- what came --- */

static void on_image(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	const char *id = json_member_text(value, "Id");
	struct rollout *r = job->rollout;

	if (ok && value) {
		json_object_set(r->live->images, job->step->target, (json_t *)value);
		if (job->step->op == STEP_BUILD && id)
			r->host.built(r->host.arg, job->step, id);
	}
	job_finish(job, ok, e);
}

static void on_streamed(void *arg, bool ok, struct kata_error *e)
{
	struct job *job = arg;

	job->stream = NULL;
	if (!ok)
		job_finish(job, false, e);
	else
		job_send(job, "GET",
			 docker_path(job->rollout->arena, "/images/%s/json", job->step->target),
			 NULL, on_image);
}

/* --- pull --- */

static bool on_pull_event(void *arg, const json_t *event)
{
	struct job *job = arg;
	struct rollout *r = job->rollout;
	const json_t *detail = json_object_get(event, "progressDetail");
	const char *layer = json_member_text(event, "id"),
		   *status = json_member_text(event, "status");
	json_int_t total = json_integer_value(json_object_get(detail, "total"));

	if (layer && total > 0 && r->host.progress)
		r->host.progress(r->host.arg, job->step, layer,
				 json_integer_value(json_object_get(detail, "current")), total);
	else if (status && !layer)
		job_say(job, status);
	return true;
}

void rollout_pull(struct job *job)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	const char *auth = "", *platform = json_member_text(s->model->spec, "platform");
	struct image_ref ref;
	struct kata_error e;

	if (!image_ref_parse(r->arena, s->target, &ref)) {
		error_set(&e, ERROR_INVALID, "this is not an image reference");
		error_where(&e, "image %s", s->target);
		error_hint(&e, "write NAME:TAG, or REGISTRY/NAME:TAG, in small letters");
		job_finish(job, false, &e);
		return;
	}
	if (!docker_auth(r->docker, r->arena, r->host.config_home, ref.domain, &auth, &e)) {
		job_finish(job, false, &e);
		return;
	}
	job->stream = docker_pull_start(r->docker, s->target, platform, auth, on_pull_event,
					on_streamed, job);
}

/* --- build --- */

/* Output comes in pieces of lines. */
static void say_lines(struct job *job, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n' && job->out.len < LINE_MAX_BYTES) {
			str_addc(&job->out, bytes[i]);
			continue;
		}
		if (job->out.len)
			job_say(job, job->out.p);
		str_clear(&job->out);
		if (bytes[i] != '\n')
			str_addc(&job->out, bytes[i]);
	}
}

static bool on_build_event(void *arg, const json_t *event)
{
	struct job *job = arg;
	const char *text = json_member_text(event, "stream");

	if (text)
		say_lines(job, text, strlen(text));
	else
		on_pull_event(arg, event);
	return true;
}

void rollout_build(struct job *job)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	struct docker_build build = {.tag = s->target,
				     .platform = json_member_text(s->model->spec, "platform")};
	struct kata_error e;
	json_t *labels;

	job->body = r->host.build_new(r->host.arg, s);
	build.build = job->body;
	build.no_cache = json_is_true(json_object_get(job->body, "no_cache"));
	build.pull = json_is_true(json_object_get(job->body, "pull"));
	if (!docker_auth_all(r->docker, r->arena, r->host.config_home, &build.registry_config,
			     &e)) {
		job_finish(job, false, &e);
		return;
	}
	labels = s->model->runtime
			 ? json_object()
			 : json_pack("{s:s,s:s,s:s}", LABEL_PROJECT, s->app, LABEL_SERVICE,
				     s->service, LABEL_VERSION, COMPOSE_VERSION);
	build.labels = labels;
	job->list = labels;
	job->stream = docker_build_start(r->docker, &build, on_build_event, on_streamed, job, &e);
	if (!job->stream)
		job_finish(job, false, &e);
}

/* --- prepare --- */

static void prepare_next(struct job *job);

static void on_prepared(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	if (!ok && e->http != 404)
		job_finish(job, false, e);
	else
		prepare_next(job);
}

static const char *prepare_path(struct job *job)
{
	return docker_path(job->rollout->arena, "/containers/%s", job->text);
}

static void on_ended(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	json_int_t code = json_integer_value(json_object_get(value, "StatusCode"));
	struct kata_error failed;

	if (!ok) {
		job_finish(job, false, e);
	} else if (code) {
		error_set(&failed, ERROR_REFUSED, "preparing it failed: the command exited with %d",
			  (int)code);
		error_where(&failed, "%s", job->step->app);
		error_hint(&failed, "what ran before goes on; its last lines are below");
		job->discard = arena_printf(job->rollout->arena, "%s?force=1", prepare_path(job));
		job_fail_with_logs(job, job->text, &failed);
	} else {
		job_send(job, "DELETE",
			 arena_printf(job->rollout->arena, "%s?force=1", prepare_path(job)), NULL,
			 on_prepared);
	}
}

static void on_started(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	if (!ok)
		job_finish(job, false, e);
	else
		job_send(job, "POST",
			 arena_printf(job->rollout->arena, "%s/wait", prepare_path(job)), NULL,
			 on_ended);
}

static void on_made(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	if (!ok)
		job_finish(job, false, e);
	else
		job_send(job, "POST",
			 arena_printf(job->rollout->arena, "%s/start", prepare_path(job)), NULL,
			 on_started);
}

/* A one-off container with the service's mounts and environment, and nothing that others see. */
static json_t *prepare_body_new(struct job *job, const json_t *command)
{
	struct container_facts facts = rollout_facts(job);
	json_t *body, *host;
	char slug[SHA256_HEX + 1];

	sha256_hex(job->text, strlen(job->text), slug);
	facts.oneoff_slug = slug;
	facts.number = 1;
	body = container_body_new(job->step->compose, job->step->model, &facts);
	host = json_object_get(body, "HostConfig");
	json_object_set(body, "Cmd", (json_t *)command);
	json_object_set_new(body, "Entrypoint", json_array());
	json_object_set_new(body, "Healthcheck", json_pack("{s:[s]}", "Test", "NONE"));
	json_object_del(body, "ExposedPorts");
	json_object_del(body, "NetworkingConfig");
	json_object_del(host, "PortBindings");
	json_object_del(host, "RestartPolicy");
	json_object_set_new(host, "NetworkMode", json_string("default"));
	return body;
}

static void on_cleared(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	struct rollout *r = job->rollout;
	const json_t *command = json_array_get(job->list, job->index++);

	(void)value;
	if (!ok && e->http != 404) {
		job_finish(job, false, e);
		return;
	}
	json_decref(job->body);
	job->body = prepare_body_new(job, command);
	job_send(job, "POST", docker_path(r->arena, "/containers/create?name=%s", job->text),
		 job->body, on_made);
}

static void prepare_next(struct job *job)
{
	struct rollout *r = job->rollout;

	if (job->index >= json_array_size(job->list)) {
		r->host.prepared(r->host.arg, job->step);
		job_finish(job, true, NULL);
		return;
	}
	/* One that an interrupted run left. */
	job_send(job, "DELETE", arena_printf(r->arena, "%s?force=1", prepare_path(job)), NULL,
		 on_cleared);
}

void rollout_prepare(struct job *job)
{
	struct rollout *r = job->rollout;

	job->list = r->host.prepare_new(r->host.arg, job->step);
	job->text = xstrdup(
		arena_printf(r->arena, "%s-%s-prepare", job->step->app, job->step->service));
	prepare_next(job);
}
