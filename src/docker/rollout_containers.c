/*
 * Steps of Compose mode that take more than one request: creating a container with all its
 * networks, and the gate that a started one must pass.
 */
#include "rollout_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/text.h"

enum { POLL_MS = 200, RESTARTS_MAX = 3, PROFILE_MAX = 1 << 20 };

/* --- create --- */

static const char *service_id(void *arg, const char *service)
{
	struct job *job = arg;
	struct rollout *r = job->rollout;
	const char *app = job->step->app;
	const char *made = json_string_value(
		json_object_get(r->ids, arena_printf(r->arena, "%s/%s", app, service)));
	size_t i;
	json_t *item;

	if (made)
		return made;
	json_array_foreach(r->live->containers, i, item) {
		const char *project =
			json_member_text(json_object_get(item, "Labels"), LABEL_PROJECT);
		struct live_container c;

		live_container_read(item, &c);
		if (project && !strcmp(project, app) && !strcmp(c.service, service) && !c.oneoff &&
		    !strcmp(c.folder, job->step->compose->folder))
			return c.id;
	}
	return NULL;
}

static const char *content_file(void *arg, const char *kind, const char *key)
{
	struct job *job = arg;
	const struct rollout_host *host = &job->rollout->host;

	return host->content_file(host->arg, job->step->compose, kind, key);
}

struct container_facts rollout_facts(struct job *job)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	const char *ref = container_image(r->arena, s->compose, s->model);
	const json_t *image = json_object_get(r->live->images, ref);
	const char *id = json_member_text(image, "Id");

	return (struct container_facts){
		.api = r->docker->api,
		.image_id = id ? id : "",
		.image = image,
		.name = s->new_name ? s->new_name : s->target,
		.number = s->number,
		.service_id = service_id,
		.service_arg = job,
		.content_file = content_file,
		.content_arg = job,
	};
}

/* The networks that the create call could not take; then it is done. */
static void on_connected(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	struct rollout *r = job->rollout;
	const json_t *next = json_array_get(job->list, job->index);

	(void)value;
	if (!ok || !next) {
		job_finish(job, ok, e);
		return;
	}
	job->index++;
	job_send(job, "POST",
		 docker_path(r->arena, "/networks/%s/connect", json_member_text(next, "network")),
		 json_object_get(next, "body"), on_connected);
}

static void on_created(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	const char *id = json_member_text(value, "Id");
	struct container_facts facts;

	if (ok && id) {
		json_object_set_new(r->ids, arena_printf(r->arena, "%s/%s", s->app, s->service),
				    json_string_nocheck(id));
		facts = rollout_facts(job);
		job->list = container_connects_new(s->compose, s->model, &facts);
		for (size_t i = 0; i < json_array_size(job->list); i++) {
			json_t *body = json_object_get(json_array_get(job->list, i), "body");

			json_object_set_new(body, "Container", json_string_nocheck(id));
		}
	}
	on_connected(job, ok, NULL, e);
}

/* seccomp=FILE: the engine wants the profile itself, as compact JSON. False: it cannot be read. */
static bool load_profile(struct job *job, const char *file, struct str *out, struct kata_error *e)
{
	const char *path = *file == '/' ? file
					: arena_printf(job->rollout->arena, "%s/%s",
						       job->step->compose->folder, file);
	struct str text = STR_INIT;
	json_t *profile = NULL;

	if (file_read(AT_FDCWD, path, PROFILE_MAX, &text, e))
		profile = json_parse_new(text.p, text.len, e);
	str_release(&text);
	if (!profile) {
		error_where(e, "security_opt of service %s: %s", job->step->service, path);
		return false;
	}
	json_canonical(out, profile);
	json_decref(profile);
	return true;
}

static bool load_profiles(struct job *job, json_t *body, struct kata_error *e)
{
	json_t *options = json_object_get(json_object_get(body, "HostConfig"), "SecurityOpt");
	json_t *option;
	size_t i;

	json_array_foreach(options, i, option) {
		const char *text = json_string_value(option);
		struct str loaded = STR_INIT;
		bool ok;

		if (!text || strncmp(text, "seccomp", 7) != 0 || !strchr("=:", text[7]) ||
		    !text[7] || text[8] == '{' || !strcmp(text + 8, "unconfined") ||
		    !strcmp(text + 8, "builtin"))
			continue;
		str_add(&loaded, "seccomp=");
		ok = load_profile(job, text + 8, &loaded, e);
		json_array_set_new(options, i, json_string(loaded.p));
		str_release(&loaded);
		if (!ok)
			return false;
	}
	return true;
}

static void create(struct job *job, const json_t *replaces)
{
	struct rollout *r = job->rollout;
	const struct step *s = job->step;
	struct container_facts facts = rollout_facts(job);
	const char *platform = json_member_text(s->model->spec, "platform");
	struct kata_error e;

	facts.replaces = replaces;
	job->body = container_body_new(s->compose, s->model, &facts);
	if (!load_profiles(job, job->body, &e)) {
		job_finish(job, false, &e);
		return;
	}
	job_send(job, "POST",
		 platform ? docker_path(r->arena, "/containers/create?name=%s&platform=%s",
					s->target, platform)
			  : docker_path(r->arena, "/containers/create?name=%s", s->target),
		 job->body, on_created);
}

static void on_inspected(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	/* Gone meanwhile: then there is nothing to take over. */
	if (ok || e->http == 404)
		create(job, ok ? value : NULL);
	else
		job_finish(job, false, e);
}

void rollout_create(struct job *job)
{
	const struct step *s = job->step;

	if (s->live && !json_object_get(s->live, "Config"))
		job_send(job, "GET", docker_path(job->rollout->arena, "/containers/%s/json", s->id),
			 NULL, on_inspected);
	else
		create(job, s->live);
}

/* --- gate --- */

static void gate_ask(struct job *job);

static void gate_fail(struct job *job, const char *why, const char *hint)
{
	struct kata_error e;
	const struct step *s = job->step;

	error_set(&e, ERROR_REFUSED, "%s", why);
	error_where(&e, "container %s", s->new_name ? s->new_name : s->target);
	if (hint)
		error_hint(&e, "%s", hint);
	job_fail_with_logs(job, s->id ? s->id : s->target, &e);
}

/* How long it has been running by the clocks of engine and host, in ms; 0 when they disagree. */
static int64_t uptime_ms(const json_t *state)
{
	const char *text = json_member_text(state, "StartedAt");
	struct tm tm = {0};
	int64_t up;

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	up = (int64_t)(time(NULL) - timegm(&tm)) * 1000;
	return up > 0 ? up - 1000 : 0;
}

static const char *last_health(struct job *job, const json_t *health)
{
	const json_t *log = json_object_get(health, "Log");
	const json_t *last = json_array_get(log, json_array_size(log) - 1);
	const char *output = json_member_text(last, "Output");

	if (!output || !*output)
		return "its health check failed";
	return arena_printf(job->rollout->arena, "its health check failed with %d: %.300s",
			    (int)json_integer_value(json_object_get(last, "ExitCode")), output);
}

static bool restarts_always(const json_t *inspect)
{
	const char *policy = json_member_text(
		json_object_get(json_object_get(inspect, "HostConfig"), "RestartPolicy"), "Name");

	return policy && (!strcmp(policy, "always") || !strcmp(policy, "unless-stopped"));
}

/* It has ended: well, for a one-shot, or not. */
static void gate_ended(struct job *job, const json_t *inspect, const json_t *state)
{
	int code = (int)json_integer_value(json_object_get(state, "ExitCode"));
	const char *said = json_member_text(state, "Error");
	const char *why;

	if (!code && (job->step->completed || !restarts_always(inspect)) && !job->step->healthy) {
		job_finish(job, true, NULL);
		return;
	}
	why = json_is_true(json_object_get(state, "OOMKilled"))
		      ? "it ran out of memory and was killed"
		      : arena_printf(job->rollout->arena, "it exited with %d%s%s", code,
				     said && *said ? ": " : "", said ? said : "");
	gate_fail(job, why, "its last lines are below; `kata-tui logs` shows more");
}

/* It runs and has no health check: it must do so for a while. True when it is up. */
static bool gate_settled(struct job *job, const json_t *state)
{
	int64_t now = loop_now_ms(), need = job->step->model ? job->step->model->ready_ms : 2000;

	if (!job->since)
		job->since = now;
	return now - job->since >= need || (job->step->id && uptime_ms(state) >= need);
}

static void gate_running(struct job *job, const json_t *inspect, const json_t *state)
{
	const json_t *health = json_object_member(state, "Health", JSON_OBJECT);
	const char *status = json_member_text(health, "Status");
	int restarts = (int)json_integer_value(json_object_get(inspect, "RestartCount"));
	int64_t limit = job->step->model ? job->step->model->ready_limit_ms : 60000;
	bool checked = status && strcmp(status, "none") != 0;

	if (job->observed < 0)
		job->observed = restarts;
	if (restarts > job->observed)
		job->since = 0;
	if (restarts - job->observed >= RESTARTS_MAX)
		gate_fail(job,
			  arena_printf(job->rollout->arena,
				       "it exited with %d and was restarted %d times",
				       (int)json_integer_value(json_object_get(state, "ExitCode")),
				       restarts - job->observed),
			  "its last lines are below; `kata-tui logs` shows more");
	else if (job->step->healthy && !checked)
		gate_fail(job,
			  "another service waits until it is healthy, and it has no health check",
			  "add healthcheck: to it, or wait for service_started only");
	else if (checked && !strcmp(status, "unhealthy"))
		gate_fail(job, last_health(job, health), "its last lines are below");
	else if ((checked && !strcmp(status, "healthy")) ||
		 (!checked && !job->step->completed &&
		  json_is_true(json_object_get(state, "Running")) &&
		  !json_is_true(json_object_get(state, "Restarting")) && gate_settled(job, state)))
		job_finish(job, true, NULL);
	else if (loop_now_ms() - job->began > limit && !job->step->completed)
		gate_fail(job,
			  arena_printf(job->rollout->arena, "it is not ready after %d s%s",
				       (int)(limit / 1000), checked ? " (health check)" : ""),
			  "x-kata-ready: {timeout: 5m} waits longer");
	else
		job_later(job, POLL_MS, gate_ask);
}

static void on_state(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	const json_t *state = json_object_member(value, "State", JSON_OBJECT);
	const char *status = json_member_text(state, "Status");

	if (!ok)
		job_finish(job, false, e);
	else if (status && (!strcmp(status, "exited") || !strcmp(status, "dead")))
		gate_ended(job, value, state);
	else
		gate_running(job, value, state);
}

static void gate_ask(struct job *job)
{
	job_send(job, "GET", arena_printf(job->rollout->arena, "%s/json", job_path(job)), NULL,
		 on_state);
}

void rollout_gate(struct job *job)
{
	gate_ask(job);
}
