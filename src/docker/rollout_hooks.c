/*
 * Hooks of a container: commands run in it after it was started (post_start) and before it is
 * stopped (pre_stop), one after the other. One that fails fails the step.
 */
#include "rollout_private.h"

#include <stdlib.h>

#include "kata/json.h"

enum { POLL_MS = 100 };

static void hook_ask(struct job *job);

static void hook_next(struct job *job)
{
	const json_t *hook = json_array_get(job->list, job->index);

	if (hook)
		hook_ask(job);
	else
		job->after_hooks(job);
}

static void hook_poll(struct job *job);

static void on_hook_state(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	int code = (int)json_integer_value(json_object_get(value, "ExitCode"));
	struct kata_error failed;

	if (!ok) {
		job_finish(job, false, e);
	} else if (json_is_true(json_object_get(value, "Running"))) {
		job_later(job, POLL_MS, hook_poll);
	} else if (code) {
		error_set(&failed, ERROR_REFUSED, "hook %zu of service %s exited with %d",
			  job->index + 1, job->step->service, code);
		error_where(&failed, "container %s", job->step->target);
		error_hint(&failed, "post_start and pre_stop commands must end with 0");
		job_finish(job, false, &failed);
	} else {
		job->index++;
		hook_next(job);
	}
}

static void hook_poll(struct job *job)
{
	job_send(job, "GET", docker_path(job->rollout->arena, "/exec/%s/json", job->text), NULL,
		 on_hook_state);
}

static void on_hook_started(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	(void)value;
	if (ok)
		hook_poll(job);
	else
		job_finish(job, false, e);
}

static void on_hook_made(struct job *job, bool ok, const json_t *value, struct kata_error *e)
{
	const char *id = json_member_text(value, "Id");

	if (!ok || !id) {
		job_finish(job, false, e);
		return;
	}
	free(job->text);
	job->text = xstrdup(id);
	json_decref(job->body);
	job->body = json_pack("{s:b}", "Detach", 1);
	job_send(job, "POST", docker_path(job->rollout->arena, "/exec/%s/start", id), job->body,
		 on_hook_started);
}

static void hook_ask(struct job *job)
{
	static const char *const texts[][2] = {
		{"user", "User"}, {"working_dir", "WorkingDir"}, {"privileged", "Privileged"}};
	json_t *hook = json_array_get(job->list, job->index), *env = json_array(), *value;
	const char *key;

	json_decref(job->body);
	job->body = json_pack("{s:O}", "Cmd", json_object_get(hook, "command"));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (json_object_get(hook, texts[i][0]))
			json_object_set(job->body, texts[i][1], json_object_get(hook, texts[i][0]));
	json_object_foreach(json_object_get(hook, "environment"), key, value)
		json_array_append_new(
			env, json_sprintf("%s=%s", key,
					  json_is_string(value) ? json_string_value(value) : ""));
	json_object_set_new(job->body, "Env", env);
	job_send(job, "POST", arena_printf(job->rollout->arena, "%s/exec", job_path(job)),
		 job->body, on_hook_made);
}

void rollout_hooks(struct job *job, const char *key, void (*after)(struct job *job))
{
	const struct step *s = job->step;
	const struct compose_service *model = s->model ? s->model
					      : s->compose && s->service
						      ? compose_service_find(s->compose, s->service)
						      : NULL;

	job->list = json_incref(json_object_get(model ? model->spec : NULL, key));
	job->index = 0;
	job->after_hooks = after;
	hook_next(job);
}
