/*
 * The graph of a deploy: building it, its words and digest, and reading containers from the
 * engine's list. What goes into it is decided in deploy_images.c, deploy_compose.c,
 * deploy_swarm.c and deploy_down.c.
 */
#include "deploy_private.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"

void deploy_init(struct deploy *deploy, struct arena *arena)
{
	*deploy = (struct deploy){.arena = arena};
	problems_init(&deploy->problems, arena);
}

void deploy_release(struct deploy *deploy)
{
	deploy->count = 0;
}

int deploy_step(struct deploy *d, enum step_op op, const char *app, const char *target)
{
	struct step *step;

	d->steps = arena_grow(d->arena, d->steps, d->count, &d->cap, sizeof *d->steps);
	step = &d->steps[d->count];
	*step = (struct step){.op = op, .app = app, .target = target, .rescues = STEP_NONE};
	if (op == STEP_ROUTES)
		d->routes = true;
	return (int)d->count++;
}

struct step *deploy_at(struct deploy *d, int step)
{
	return &d->steps[step];
}

void deploy_wait(struct deploy *d, int step, int on)
{
	struct step *s = &d->steps[step];

	if (on == STEP_NONE || on == step)
		return;
	for (size_t i = 0; i < s->wait_count; i++)
		if (s->waits[i] == (size_t)on)
			return;
	s->waits = arena_grow(d->arena, s->waits, s->wait_count, &s->wait_cap, sizeof *s->waits);
	s->waits[s->wait_count++] = (size_t)on;
}

/* --- words --- */

static const struct {
	const char *name, *words;
} op_words[] = {
#define X(op, name, words) [op] = {name, words},
	STEP_OPS(X)
#undef X
};

const char *step_op_name(enum step_op op)
{
	return op_words[op].name;
}

const char *step_text(struct arena *a, const struct step *step)
{
	const char *kind = !step->kind			    ? ""
			   : !strcmp(step->kind, "secrets") ? " secret"
							    : " config";
	const char *words = op_words[step->op].words;

	if (step->op == STEP_CREATE && step->live)
		words = "recreate container";
	return arena_printf(
		a, "%s%s %s%s%s%s", words, kind,
		step->new_name && step->op != STEP_RENAME ? step->new_name : step->target,
		step->why ? " (" : "", step->why ? step->why : "", step->why ? ")" : "");
}

bool deploy_changes(const struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->count; i++) {
		const struct step *s = &deploy->steps[i];

		if (s->rescues == STEP_NONE && s->op != STEP_GATE && s->op != STEP_CONVERGE &&
		    s->op != STEP_ROUTES && s->op != STEP_STACK_GONE)
			return true;
	}
	return false;
}

static uint64_t mix(uint64_t seed, const char *text)
{
	return fnv1a64(text ? text : "", (text ? strlen(text) : 0) + 1, seed);
}

uint64_t deploy_digest(const struct deploy *deploy, uint64_t seed)
{
	for (size_t i = 0; i < deploy->count; i++) {
		const struct step *s = &deploy->steps[i];

		seed = mix(mix(mix(seed, op_words[s->op].name), s->app), s->target);
		seed = mix(mix(seed, s->id), s->why);
	}
	return seed;
}

/* --- the live state --- */

const char *live_label(const json_t *item, const char *label)
{
	return json_member_text(json_object_member(item, "Labels", JSON_OBJECT), label);
}

const json_t *live_named(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)list, i, item) {
		const char *own = json_member_text(item, "Name");

		if (!own)
			own = json_member_text(json_object_member(item, "Spec", JSON_OBJECT),
					       "Name");
		if (own && !strcmp(own, name))
			return item;
	}
	return NULL;
}

/* The name without link aliases ("/app/alias" has two slashes). */
static const char *own_name(const json_t *json)
{
	size_t i;
	json_t *name;

	json_array_foreach(json_object_get(json, "Names"), i, name) {
		const char *text = json_string_value(name);

		if (text && *text == '/' && !strchr(text + 1, '/'))
			return text + 1;
	}
	return "";
}

/* From "Exited (137) 2 minutes ago". */
static int exit_code(const char *status)
{
	const char *open = status ? strstr(status, "Exited (") : NULL;

	return open ? (int)strtol(open + strlen("Exited ("), NULL, 10) : -1;
}

static const char *text_or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

void live_container_read(const json_t *json, struct live_container *out)
{
	const char *state = text_or(json_member_text(json, "State"), "");
	const char *number = live_label(json, LABEL_NUMBER),
		   *oneoff = live_label(json, LABEL_ONEOFF);
	uint64_t n = 0;

	if (!number || !text_u64(number, 1, 1000000, &n))
		n = 0;
	*out = (struct live_container){
		.json = json,
		.id = text_or(json_member_text(json, "Id"), ""),
		.name = own_name(json),
		.service = text_or(live_label(json, LABEL_SERVICE), ""),
		.hash = text_or(live_label(json, LABEL_HASH), ""),
		.image = text_or(live_label(json, LABEL_IMAGE), ""),
		.folder = text_or(live_label(json, LABEL_FOLDER), ""),
		.state = state,
		.number = (unsigned)n,
		.running = !strcmp(state, "running") || !strcmp(state, "restarting") ||
			   !strcmp(state, "paused"),
		.exit_code = exit_code(json_member_text(json, "Status")),
		.oneoff = oneoff && !strcmp(oneoff, "True"),
	};
}

static bool same_project(const json_t *container, const char *app)
{
	const char *project = live_label(container, LABEL_PROJECT);

	return project && !strcmp(project, app);
}

bool live_has_compose(const struct docker_live *live, const char *app, const char *folder)
{
	size_t i;
	json_t *item;

	json_array_foreach(live->containers, i, item) {
		struct live_container c;

		live_container_read(item, &c);
		if (same_project(item, app) && !c.oneoff && !strcmp(c.folder, folder))
			return true;
	}
	return false;
}

bool live_has_stack(const struct docker_live *live, const char *app)
{
	size_t i;
	json_t *item;

	json_array_foreach(live->services, i, item) {
		const char *stack =
			live_label(json_object_member(item, "Spec", JSON_OBJECT), LABEL_STACK);

		if (stack && !strcmp(stack, app))
			return true;
	}
	return false;
}

const char *live_foreign_project(const struct docker_live *live, const char *app,
				 const char *folder)
{
	size_t i;
	json_t *item;

	json_array_foreach(live->containers, i, item) {
		struct live_container c;

		live_container_read(item, &c);
		if (same_project(item, app) && strcmp(c.folder, folder) != 0)
			return *c.folder ? c.folder : "(unknown)";
	}
	return NULL;
}

/* A list of containers shows in whose network one is, but no other namespaces. */
static bool shares_unseen(const struct compose_service *service)
{
	const char *ipc = json_member_text(service->spec, "ipc");
	const char *pid = json_member_text(service->spec, "pid");

	return (ipc && !strncmp(ipc, "service:", 8)) || (pid && !strncmp(pid, "service:", 8));
}

void live_unknown(const struct docker_live *live, const struct compose *compose, json_t *ids)
{
	size_t i;
	json_t *item;

	json_array_foreach(live->containers, i, item) {
		const struct compose_service *service;
		struct live_container c;
		char hash[SHA256_HEX + 1];

		live_container_read(item, &c);
		if (!same_project(item, compose->project) || c.oneoff ||
		    strcmp(c.folder, compose->folder) != 0)
			continue;
		service = compose_service_find(compose, c.service);
		if (!service)
			continue;
		container_hash(compose, service, hash);
		if (strcmp(hash, c.hash) != 0 || shares_unseen(service))
			json_array_append_new(ids, json_string_nocheck(c.id));
	}
}

bool deploy_external(struct deploy *d, const struct docker_live *live, const json_t *network)
{
	const char *name = json_member_text(network, "name"), *found;
	const json_t *there = name ? json_object_get(live->externals, name) : NULL;

	if (!json_is_true(json_object_get(network, "external")))
		return false;
	/* The engine finds things by the beginning of their ids, too. */
	found = json_member_text(there, "Name");
	if (json_is_null(there) || (found && strcmp(found, name) != 0))
		problems_add(&d->problems, SEVERITY_ERROR, (struct place){0},
			     "network %s is external, and there is none of this name", name)
			->hint = "create it (docker network create), or leave external: out";
	return true;
}

bool options_take(const struct deploy_options *options, const char *service)
{
	if (!options->services)
		return true;
	for (size_t i = 0; i < options->service_count; i++)
		if (!strcmp(options->services[i], service))
			return true;
	return false;
}

bool options_upstream(const struct deploy_options *options, const char *service)
{
	return options->is_upstream && options->is_upstream(options->upstream_arg, service);
}
