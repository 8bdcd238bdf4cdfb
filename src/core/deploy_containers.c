/*
 * The steps of one container in Compose mode: start, gate, replacement beside or after the old one,
 * and what a failure undoes; and which order is possible.
 */
#include "deploy_compose.h"

#include <string.h>

#include "kata/json.h"

void up_list(struct up *u, int **list, size_t *count, size_t *cap, int step)
{
	*list = arena_grow(u->d->arena, *list, *count, cap, sizeof **list);
	(*list)[(*count)++] = step;
}

int up_step(struct up *u, enum step_op op, const struct part *part, const char *target)
{
	int step = deploy_step(u->d, op, u->compose->project, target);
	struct step *s = deploy_at(u->d, step);

	s->compose = u->compose;
	if (part) {
		s->model = part->model;
		s->service = part->model->name;
	}
	return step;
}

/* The one step of the run in which Caddy learns the new addresses. */
int up_routes(struct up *u)
{
	if (u->routes == STEP_NONE)
		u->routes = up_step(u, STEP_ROUTES, NULL, "routes");
	return u->routes;
}

const json_t *up_inspect(const struct up *u, const struct live_container *c)
{
	return json_object_get(u->live->inspects, c->id);
}

/* --- order --- */

static bool pins_host_port(const json_t *spec)
{
	size_t i;
	json_t *port;

	json_array_foreach(json_object_get(spec, "ports"), i, port) {
		const char *published = json_member_text(port, "published");

		if (published && *published && strcmp(published, "0") != 0)
			return true;
	}
	return false;
}

static bool pins_address(const json_t *spec)
{
	const char *key;
	json_t *network;

	json_object_foreach(json_object_get(spec, "networks"), key, network)
		if (json_object_get(network, "ipv4_address") ||
		    json_object_get(network, "ipv6_address") ||
		    json_object_get(network, "mac_address"))
			return true;
	return json_object_get(spec, "mac_address") != NULL;
}

bool up_shares(const struct compose_service *service, const char *name)
{
	static const char *const modes[] = {"network_mode", "ipc", "pid"};
	size_t i;
	json_t *from;

	for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
		const char *mode = json_member_text(service->spec, modes[m]);

		if (mode && !strncmp(mode, "service:", 8) && !strcmp(mode + 8, name))
			return true;
	}
	json_array_foreach(json_object_get(service->spec, "volumes_from"), i, from) {
		const char *text = json_string_value(from);
		size_t len = strlen(name);

		if (text && !strncmp(text, name, len) && (text[len] == ':' || !text[len]))
			return true;
	}
	return false;
}

/* A namespace is named by the id of a container, which no hash knows. */
bool up_left_alone(const struct up *u, const struct part *part, const struct live_container *c)
{
	static const char *const modes[][2] = {
		{"network_mode", "NetworkMode"}, {"ipc", "IpcMode"}, {"pid", "PidMode"}};
	const json_t *inspect = up_inspect(u, c);
	const json_t *host = json_object_get(inspect ? inspect : c->json, "HostConfig");

	for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
		const char *mode = json_member_text(part->model->spec, modes[m][0]);
		const char *live = json_member_text(host, modes[m][1]);
		bool there = false;

		if (!mode || strncmp(mode, "service:", 8) != 0 || !live ||
		    strncmp(live, "container:", 10) != 0)
			continue;
		for (size_t i = 0; i < u->count && !there; i++)
			there = !strcmp(u->all[i].service, mode + 8) &&
				(!strcmp(u->all[i].id, live + 10) ||
				 !strcmp(u->all[i].name, live + 10));
		if (!there)
			return true;
	}
	return false;
}

static bool is_shared(const struct up *u, const char *name)
{
	for (size_t i = 0; i < u->compose->service_count; i++)
		if (up_shares(&u->compose->services[i], name))
			return true;
	return false;
}

const char *up_stop_first(const struct up *u, const struct compose_service *service)
{
	const char *mode = json_member_text(service->spec, "network_mode");
	bool asked = service->order == ORDER_START_FIRST;

	if (service->order == ORDER_STOP_FIRST)
		return "x-kata-order";
	if (!asked && !options_upstream(u->options, service->name))
		return "Caddy does not proxy to it";
	if (json_object_get(service->spec, "container_name"))
		return "it pins container_name";
	if (pins_host_port(service->spec))
		return "it pins a host port";
	if (mode && (!strcmp(mode, "host") || !strncmp(mode, "service:", 8) ||
		     !strncmp(mode, "container:", 10)))
		return "its network_mode";
	if (pins_address(service->spec))
		return "it pins an address";
	if (is_shared(u, service->name))
		return "another service shares its namespaces";
	return NULL;
}

struct part *up_part(struct up *u, const char *name)
{
	for (size_t i = 0; i < u->compose->service_count; i++)
		if (!strcmp(u->compose->services[i].name, name))
			return &u->parts[i];
	return NULL;
}

/* `step` (a start) waits for what depends_on asks. */
void up_wait(struct up *u, int step, const struct part *part)
{
	const char *name;
	json_t *how;

	json_object_foreach(json_object_get(part->model->spec, "depends_on"), name, how) {
		const char *condition = json_member_text(how, "condition");
		struct part *on = up_part(u, name);
		bool completed = condition && !strcmp(condition, "service_completed_successfully");
		bool gated = completed || (condition && !strcmp(condition, "service_healthy"));

		if (!on || (!on->start_count && !gated))
			continue;
		for (size_t i = 0; !gated && i < on->start_count; i++)
			deploy_wait(u->d, step, on->starts[i]);
		if (gated && !on->end_count)
			up_gate_kept(u, on);
		for (size_t i = 0; gated && i < on->end_count; i++)
			deploy_wait(u->d, step, on->ends[i]);
	}
}

bool up_waited(const struct up *u, const char *name, const char *condition)
{
	for (size_t i = 0; i < u->compose->service_count; i++) {
		const json_t *how = json_object_get(
			json_object_get(u->compose->services[i].spec, "depends_on"), name);
		const char *own = json_member_text(how, "condition");

		if (own && !strcmp(own, condition))
			return true;
	}
	return false;
}

/* The gate of one container: what it must fulfil is what those who wait for it ask. */
int up_gate(struct up *u, struct part *part, const char *target, const char *id, int after)
{
	int gate = up_step(u, STEP_GATE, part, target);
	struct step *s = deploy_at(u->d, gate);

	s->id = id;
	s->completed = up_waited(u, part->model->name, "service_completed_successfully");
	s->healthy = up_waited(u, part->model->name, "service_healthy");
	s->quiet = true;
	deploy_wait(u->d, gate, after);
	up_list(u, &part->ends, &part->end_count, &part->end_cap, gate);
	return gate;
}

/* A kept container that others wait for: the question is asked again. */
int up_gate_kept(struct up *u, struct part *part)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct live_container *c = &u->all[i];

		if (!strcmp(c->service, part->model->name) && (c->running || !c->exit_code))
			return up_gate(u, part, c->name, c->id, STEP_NONE);
	}
	return STEP_NONE;
}

/* --- the steps of one container --- */

/* Start and gate of what `made` (STEP_NONE: it is there) brought; returns the last step. */
int up_start(struct up *u, struct part *part, const char *target, const char *id, int made,
	     const char *why)
{
	int start = up_step(u, STEP_START, part, target);

	deploy_at(u->d, start)->id = id;
	deploy_at(u->d, start)->why = why;
	deploy_at(u->d, start)->quiet = made != STEP_NONE;
	deploy_wait(u->d, start, made);
	up_wait(u, start, part);
	up_list(u, &part->starts, &part->start_count, &part->start_cap, start);
	if (u->options->detach && !up_waited(u, part->model->name, "service_healthy") &&
	    !up_waited(u, part->model->name, "service_completed_successfully"))
		return start;
	return up_gate(u, part, target, id, start);
}

static int create_step(struct up *u, struct part *part, const char *target, unsigned number,
		       const struct live_container *old, const char *why)
{
	int step = up_step(u, STEP_CREATE, part, target);
	struct step *s = deploy_at(u->d, step);

	s->number = number;
	s->new_name = container_name(u->d->arena, u->compose, part->model, number);
	s->why = why;
	if (old) {
		s->live = up_inspect(u, old) ? up_inspect(u, old) : old->json;
		s->id = old->id;
	}
	for (size_t i = 0; i < u->resource_count; i++)
		deploy_wait(u->d, step, u->resources[i]);
	/* Namespaces of another service are named by its container. */
	for (size_t i = 0; i < u->compose->service_count; i++)
		for (size_t j = 0;
		     up_shares(part->model, u->parts[i].model->name) && j < u->parts[i].start_count;
		     j++)
			deploy_wait(u->d, step, u->parts[i].starts[j]);
	return step;
}

/* Stops (if need be) and removes one container; returns the removal. */
int up_remove(struct up *u, const struct live_container *c, const char *why, int after)
{
	int step = after;
	int remove;

	if (c->running) {
		step = up_step(u, STEP_STOP, NULL, c->name);
		deploy_at(u->d, step)->id = c->id;
		deploy_at(u->d, step)->service = c->service;
		deploy_at(u->d, step)->quiet = true;
		deploy_wait(u->d, step, after);
	}
	remove = up_step(u, STEP_REMOVE, NULL, c->name);
	deploy_at(u->d, remove)->id = c->id;
	deploy_at(u->d, remove)->service = c->service;
	deploy_at(u->d, remove)->why = why;
	deploy_at(u->d, remove)->quiet = !why;
	deploy_wait(u->d, remove, step);
	return remove;
}

void up_rename(struct up *u, struct part *part, const char *from, const char *id, const char *to,
	       int after)
{
	int step = up_step(u, STEP_RENAME, part, from);

	deploy_at(u->d, step)->id = id;
	deploy_at(u->d, step)->new_name = to;
	deploy_at(u->d, step)->quiet = true;
	deploy_wait(u->d, step, after);
}

/* A name that no live container has: docker compose's for a container under replacement. */
static const char *temporary_name(const struct up *u, const struct part *part,
				  const struct live_container *old, const char *final)
{
	const char *name = arena_printf(u->d->arena, "%.12s_%s", old->id, final);

	for (size_t i = 0; i < u->count; i++)
		if (!strcmp(u->all[i].name, name))
			return arena_printf(u->d->arena, "%.12s_%s", part->hash, final);
	return name;
}

/* What undoes a replacement whose gate was not passed. */
static void rescue_steps(struct up *u, struct part *part, const char *name, int end,
			 const struct live_container *old, bool restart)
{
	int remove = up_step(u, STEP_REMOVE, part, name), start;

	deploy_at(u->d, remove)->rescues = end;
	deploy_at(u->d, remove)->why = "it did not become ready";
	if (!restart)
		return;
	start = up_step(u, STEP_START, part, old->name);
	deploy_at(u->d, start)->id = old->id;
	deploy_at(u->d, start)->rescues = end;
	deploy_at(u->d, start)->why = "back to what ran before";
	deploy_wait(u->d, start, remove);
}

void up_replace(struct up *u, struct part *part, const struct live_container *old, unsigned number,
		const char *why)
{
	const char *final = container_name(u->d->arena, u->compose, part->model, number);
	const char *name = temporary_name(u, part, old, final);
	bool upstream = options_upstream(u->options, part->model->name);
	int create, stop = STEP_NONE, end, gone;

	part->replaced = true;
	if (part->stop_first && upstream)
		why = arena_printf(u->d->arena, "%s; stop-first: %s", why, part->stop_first);
	create = create_step(u, part, name, number, old, why);
	if (part->stop_first && old->running) {
		stop = up_step(u, STEP_STOP, part, old->name);
		deploy_at(u->d, stop)->id = old->id;
		deploy_at(u->d, stop)->quiet = true;
		deploy_wait(u->d, stop, create);
		up_wait(u, stop, part);
	}
	end = up_start(u, part, name, NULL, stop == STEP_NONE ? create : stop, NULL);
	deploy_at(u->d, end)->new_name = final;
	rescue_steps(u, part, name, end, old, stop != STEP_NONE);
	if (upstream) {
		deploy_wait(u->d, up_routes(u), end);
		end = u->routes;
	}
	if (stop != STEP_NONE) {
		gone = up_step(u, STEP_REMOVE, part, old->name);
		deploy_at(u->d, gone)->id = old->id;
		deploy_at(u->d, gone)->quiet = true;
		deploy_wait(u->d, gone, end);
	} else {
		gone = up_remove(u, old, NULL, end);
	}
	up_rename(u, part, name, NULL, final, gone);
}

void up_make(struct up *u, struct part *part, unsigned number, int after)
{
	const char *name = container_name(u->d->arena, u->compose, part->model, number);
	int create = create_step(u, part, name, number, NULL, "new"), end;

	deploy_wait(u->d, create, after);
	end = up_start(u, part, name, NULL, create, NULL);
	if (options_upstream(u->options, part->model->name))
		deploy_wait(u->d, up_routes(u), end);
}
