/*
 * From what a service's file says to its canonical form: profiles, environment, runtime, what is
 * understood when nothing is said, and the dependencies that other keys imply.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"
#include "kata/runtime.h"

enum { READY_MS = 2000, READY_LIMIT_MS = 60000 };

/* --- Dependencies that other keys imply --- */

static void depend(struct arena *a, json_t *spec, const char *service, size_t len, bool restart)
{
	json_t *all = json_object_get(spec, "depends_on"), *one;
	const char *name = arena_strndup(a, service, len);

	if (!all) {
		all = json_object();
		json_object_set_new(spec, "depends_on", all);
	}
	if (json_object_get(all, name))
		return;
	one = json_pack("{ss, sb}", "condition", "service_started", "required", 1);
	if (restart)
		json_object_set_new(one, "restart", json_true());
	json_object_set_new(all, name, one);
}

static void add_implied(struct arena *a, json_t *spec)
{
	static const char *const modes[] = {"network_mode", "ipc", "pid", "uts", "cgroup"};
	static const char prefix[] = "service:";
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(spec, "links"), i, item) {
		const char *link = json_string_value(item);

		depend(a, spec, link, strcspn(link, ":"), true);
	}
	for (i = 0; i < sizeof modes / sizeof *modes; i++) {
		const char *mode = json_member_text(spec, modes[i]);

		if (mode && !strncmp(mode, prefix, sizeof prefix - 1))
			depend(a, spec, mode + sizeof prefix - 1, strlen(mode + sizeof prefix - 1),
			       true);
	}
	json_array_foreach(json_object_get(spec, "volumes_from"), i, item) {
		const char *from = json_string_value(item);

		if (strncmp(from, "container:", strlen("container:")) != 0)
			depend(a, spec, from, strcspn(from, ":"), false);
	}
}

/* --- What is understood --- */

static void add_defaults(struct compose_work *w, json_t *spec)
{
	json_t *build = json_object_get(spec, "build");

	if (build && !json_object_get(build, "context"))
		json_object_set_new(build, "context", json_string(w->out->folder));
	if (build && !json_object_get(build, "dockerfile") &&
	    !json_object_get(build, "dockerfile_inline"))
		json_object_set_new(build, "dockerfile", json_string("Dockerfile"));
	if (!json_object_get(spec, "network_mode") &&
	    !json_object_size(json_object_get(spec, "networks")))
		json_object_set_new(spec, "networks", json_pack("{s{}}", "default"));
}

/* What stands for "the image's own" once nothing can be under it. */
static void remove_null(json_t *spec)
{
	static const char *const keys[] = {"command", "entrypoint"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_is_null(json_object_get(spec, keys[i])))
			json_object_del(spec, keys[i]);
}

/* What was of use on the way only. */
static void remove_spent(json_t *spec)
{
	static const char *const spent[] = {"profiles", "x-kata-order", "x-kata-ready"};

	for (size_t i = 0; i < sizeof spent / sizeof *spent; i++)
		json_object_del(spec, spent[i]);
	if (!json_object_size(json_object_get(spec, "networks")))
		json_object_del(spec, "networks");
}

/* --- Kata's own keys --- */

static int64_t milliseconds(const json_t *ready, const char *key, int64_t otherwise)
{
	const json_t *ns = json_object_get(ready, key);

	return ns ? json_integer_value(ns) / 1000000 : otherwise;
}

static int replicas_of(struct compose_work *w, const char *name, const json_t *spec)
{
	const json_t *deploy = json_object_get(json_object_get(spec, "deploy"), "replicas");
	const json_t *scale = json_object_get(spec, "scale");
	const struct compose_input *input = w->r.input;
	int wish = input->replicas ? input->replicas(input->replicas_arg, name) : -1;

	if (wish >= 0)
		return wish;
	if (!scale)
		scale = deploy;
	return scale ? (int)json_integer_value(scale) : 1;
}

static void read_own(struct compose_work *w, struct compose_service *service)
{
	const json_t *ready = json_object_get(service->spec, "x-kata-ready");
	const char *order = json_member_text(service->spec, "x-kata-order");

	service->order = !order				 ? ORDER_AUTO
			 : !strcmp(order, "start-first") ? ORDER_START_FIRST
							 : ORDER_STOP_FIRST;
	service->ready_ms = milliseconds(ready, "after", READY_MS);
	service->ready_limit_ms = milliseconds(ready, "timeout", READY_LIMIT_MS);
	service->replicas = replicas_of(w, service->name, service->spec);
}

/* --- Runtimes --- */

static const char *runtime_folder(void *arg, const char *what)
{
	struct compose_work *w = arg;

	return compose_has_volume(w->r.input, what) ? NULL
						    : compose_folder(w->r.input, w->r.arena, what);
}

static void apply_runtime(struct compose_work *w, struct compose_service *service)
{
	const struct compose_input *input = w->r.input;
	const char *name = json_member_text(service->spec, "runtime");
	const struct runtime *runtime =
		name && input->runtime ? input->runtime(input->runtime_arg, name) : NULL;

	if (!runtime)
		return;
	/* Who names an image or builds one runs that (row K12). */
	if (!json_object_get(service->spec, "image") && !json_object_get(service->spec, "build"))
		service->runtime = arena_strdup(w->r.arena, name);
	runtime_apply(runtime, service->spec, runtime_folder, w);
}

void compose_service_complete(struct compose_work *w, struct compose_draft *draft,
			      struct compose_service *service)
{
	*service = (struct compose_service){
		.name = draft->name,
		.spec = draft->spec,
		.place = compose_draft_place(draft, NULL),
	};
	remove_null(draft->spec);
	compose_environment(w, draft, service);
	read_own(w, service);
	apply_runtime(w, service);
	add_defaults(w, draft->spec);
	add_implied(w->r.arena, draft->spec);
	remove_spent(draft->spec);
}
