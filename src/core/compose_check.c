/*
 * What does not fit together: inside one service, between services, and between services and the
 * top-level objects they name. Dependencies become ranks here.
 */
#include "compose_private.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"

/* --- Inside a service --- */

/* A list or mapping that gave nothing: it has had its problem. */
static bool was_faulty(const struct yaml_node *node)
{
	return node && node->kind != YAML_SCALAR && !compose_is_tagged(node, "!reset");
}

static void check_image(struct compose_work *w, const struct compose_draft *draft,
			const json_t *spec)
{
	const char *runtime = json_member_text(spec, "runtime");
	const struct yaml_node *image = yaml_get(draft->node, "image");
	const struct yaml_node *extends = yaml_get(draft->node, "extends");
	bool no_base = extends && !compose_is_null(extends) && !draft->base;

	if (json_object_get(spec, "image") || json_object_get(spec, "build"))
		return;
	if (image && image->kind == YAML_SCALAR && image->len && !compose_is_null(image) &&
	    !compose_is_tagged(image, "!reset"))
		compose_blame(w, SEVERITY_ERROR, draft, "image",
			      "is empty once its variables are replaced");
	else if (runtime)
		compose_blame(w, SEVERITY_ERROR, draft, "runtime", "%.60s is no Kata runtime",
			      runtime)
			->hint =
			"share/runtimes has those there are; or give the service image: or build:";
	else if (!was_faulty(image) && !was_faulty(yaml_get(draft->node, "build")) && !no_base)
		compose_blame(w, SEVERITY_ERROR, draft, NULL, "needs image:, build: or runtime:");
}

/* Two ways to say one thing that say different things. */
static void check_twin(struct compose_work *w, const struct compose_draft *draft,
		       const json_t *spec, const char *key, const char *path)
{
	const json_t *own = json_object_get(spec, key), *twin = spec;
	char part[32];

	for (const char *p = path; twin && *p;) {
		size_t len = strcspn(p, "/");

		memcpy(part, p, len);
		part[len] = '\0';
		twin = json_object_get(twin, part);
		p += len + (p[len] == '/');
	}
	if (own && twin && json_number_value(own) != json_number_value(twin))
		compose_blame(w, SEVERITY_ERROR, draft, key, "differs from the value under deploy:")
			->hint = "keep one of the two";
}

static void check_twins(struct compose_work *w, const struct compose_draft *draft,
			const json_t *spec)
{
	static const char *const twins[][2] = {
		{"scale", "deploy/replicas"},
		{"cpus", "deploy/resources/limits/cpus"},
		{"mem_limit", "deploy/resources/limits/memory"},
		{"pids_limit", "deploy/resources/limits/pids"},
		{"mem_reservation", "deploy/resources/reservations/memory"},
	};

	for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
		check_twin(w, draft, spec, twins[i][0], twins[i][1]);
}

static void claim_target(struct compose_work *w, const struct compose_draft *draft, json_t *claimed,
			 const char *key, const char *target)
{
	if (json_object_get(claimed, target))
		compose_blame(w, SEVERITY_ERROR, draft, key, "two mounts on %.200s", target);
	json_object_set_new(claimed, target, json_true());
}

/* Two mounts on one path of the container. */
static void check_targets(struct compose_work *w, const struct compose_draft *draft,
			  const json_t *spec)
{
	json_t *claimed = json_object(), *item;
	size_t i;

	json_array_foreach(json_object_get(spec, "volumes"), i, item)
		claim_target(w, draft, claimed, "volumes", json_member_text(item, "target"));
	json_array_foreach(json_object_get(spec, "tmpfs"), i, item) {
		const char *text = json_string_value(item);

		claim_target(w, draft, claimed, "tmpfs",
			     arena_strndup(w->r.arena, text, strcspn(text, ":")));
	}
	json_decref(claimed);
}

/* --- References to top-level objects --- */

static const char *nearest_name(const json_t *objects, const char *name)
{
	struct text_nearest near = {.word = name};
	const char *known;
	json_t *object;

	json_object_foreach((json_t *)objects, known, object)
		text_nearest_offer(&near, known);
	return near.name;
}

static void use(struct compose_work *w, const struct compose_draft *draft, enum compose_kind kind,
		const char *name)
{
	static const char *const words[COMPOSE_KINDS] = {"network", "volume", "secret", "config"};
	const char *section = compose_kind_names[kind], *near;
	struct problem *p;

	if (json_object_get(w->objects[kind], name)) {
		json_object_set_new(w->used[kind], name, json_true());
		return;
	}
	p = compose_blame(w, SEVERITY_ERROR, draft, section, "there is no %s %.60s", words[kind],
			  name);
	near = w->r.problems->count < PROBLEMS_MAX ? nearest_name(w->objects[kind], name) : NULL;
	if (near)
		p->hint = arena_printf(w->r.arena, "did you mean %s?", near);
	else if (kind == KIND_VOLUME)
		p->hint = arena_printf(
			w->r.arena, "add it under volumes: at the top level; a folder is ./%.60s",
			name);
	else
		p->hint = arena_printf(w->r.arena, "add it under %s: at the top level", section);
}

static void check_references(struct compose_work *w, const struct compose_draft *draft,
			     const json_t *spec)
{
	const char *key;
	json_t *item;
	size_t i;

	json_object_foreach(json_object_get(spec, "networks"), key, item)
		use(w, draft, KIND_NETWORK, key);
	json_array_foreach(json_object_get(spec, "volumes"), i, item)
		if (!strcmp(json_member_text(item, "type"), "volume") &&
		    json_object_get(item, "source"))
			use(w, draft, KIND_VOLUME, json_member_text(item, "source"));
	json_array_foreach(json_object_get(spec, "secrets"), i, item)
		use(w, draft, KIND_SECRET, json_member_text(item, "source"));
	json_array_foreach(json_object_get(spec, "configs"), i, item)
		use(w, draft, KIND_CONFIG, json_member_text(item, "source"));
}

void compose_check_service(struct compose_work *w, const struct compose_draft *draft,
			   const struct compose_service *service)
{
	const json_t *spec = service->spec;

	check_image(w, draft, spec);
	check_twins(w, draft, spec);
	check_targets(w, draft, spec);
	check_references(w, draft, spec);
	if (json_object_get(spec, "network_mode") && json_object_get(spec, "networks"))
		compose_blame(w, SEVERITY_ERROR, draft, "network_mode",
			      "cannot stand beside networks:");
	if (json_object_get(spec, "container_name") && service->replicas > 1)
		compose_blame(w, SEVERITY_ERROR, draft, "container_name",
			      "%d containers cannot have one name", service->replicas);
}

/* --- Between services --- */

static void check_container_names(struct compose_work *w)
{
	json_t *claimed = json_object();

	for (size_t i = 0; i < w->out->service_count; i++) {
		const struct compose_service *service = &w->out->services[i];
		json_t *name = json_object_get(service->spec, "container_name");
		const char *other =
			name ? json_member_text(claimed, json_string_value(name)) : NULL;

		if (other)
			compose_blame(w, SEVERITY_ERROR, compose_draft_find(w, service->name),
				      "container_name", "service %.60s has the same name", other);
		else if (name)
			json_object_set_new(claimed, json_string_value(name),
					    json_string(service->name));
	}
	json_decref(claimed);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct compose_service *)a)->name,
		      ((const struct compose_service *)b)->name);
}

static int by_rank(const void *a, const void *b)
{
	const struct compose_service *x = a, *y = b;

	return x->rank != y->rank ? x->rank < y->rank ? -1 : 1 : strcmp(x->name, y->name);
}

/* While services are sorted by name. */
static struct compose_service *find(const struct compose_work *w, const char *name)
{
	const struct compose_service wanted = {.name = name};

	return w->out->service_count ? bsearch(&wanted, w->out->services, w->out->service_count,
					       sizeof wanted, by_name)
				     : NULL;
}

/* The service most like a name that is none. */
static const char *nearest_service(const struct compose_work *w, const char *name)
{
	struct text_nearest near = {.word = name};

	for (size_t i = 0; w->r.problems->count < PROBLEMS_MAX && i < w->draft_count; i++)
		text_nearest_offer(&near, w->drafts[i]->name);
	return near.name;
}

static bool names_service(const json_t *value, const char *name)
{
	static const char prefix[] = "service:";
	const char *text = json_string_value(value);
	size_t i, len = strlen(name);
	json_t *item;

	json_array_foreach((json_t *)value, i, item) {
		const char *link = json_string_value(item);

		if (!strncmp(link, name, len) && (!link[len] || link[len] == ':'))
			return true;
	}
	return text && !strncmp(text, prefix, sizeof prefix - 1) &&
	       !strcmp(text + sizeof prefix - 1, name);
}

/* The key that makes a service depend on another. */
static const char *dependency_key(const json_t *spec, const char *name)
{
	static const char *const keys[] = {"links", "volumes_from", "network_mode", "ipc",
					   "pid",   "uts",	    "cgroup"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (names_service(json_object_get(spec, keys[i]), name))
			return keys[i];
	return "depends_on";
}

/* A dependency on a service that does not run: false when it must be forgotten. */
static bool check_missing(struct compose_work *w, const struct compose_draft *draft,
			  const char *name, const json_t *dependency)
{
	const struct compose_draft *other = compose_draft_find(w, name);
	const char *key = dependency_key(draft->spec, name), *near;

	if (!other) {
		near = nearest_service(w, name);
		compose_blame(w, SEVERITY_ERROR, draft, key, "there is no service %.60s", name)
			->hint = near ? arena_printf(w->r.arena, "did you mean %s?", near) : NULL;
	} else if (!other->dropped && json_is_true(json_object_get(dependency, "required"))) {
		compose_blame(w, SEVERITY_ERROR, draft, key,
			      "service %.60s is disabled: none of its profiles is active", name)
			->hint = "add one to x-kata-profiles:, or write required: false";
	} else {
		return false;
	}
	return true;
}

static void check_health(struct compose_work *w, const struct compose_draft *draft,
			 const struct compose_service *other, const json_t *dependency)
{
	const char *condition = json_member_text(dependency, "condition");
	const json_t *test = json_object_get(json_object_get(other->spec, "healthcheck"), "test");
	const char *first = json_string_value(json_array_get(test, 0));

	if (condition && first && !strcmp(condition, "service_healthy") && !strcmp(first, "NONE"))
		compose_blame(w, SEVERITY_ERROR, draft, "depends_on",
			      "waits for %.60s to be healthy, but its health check is disabled",
			      other->name);
}

static void check_dependencies(struct compose_work *w, struct compose_service *service)
{
	const struct compose_draft *draft = compose_draft_find(w, service->name);
	json_t *all = json_object_get(service->spec, "depends_on"), *dependency;
	const char *name;
	void *next;

	json_object_foreach_safe(all, next, name, dependency)
	{
		const struct compose_service *other = find(w, name);

		if (other)
			check_health(w, draft, other, dependency);
		else if (!check_missing(w, draft, name, dependency))
			json_object_del(all, name);
	}
	if (all && !json_object_size(all))
		json_object_del(service->spec, "depends_on");
}

/* --- Ranks --- */

/* Names the way round from a service that is part of a circle or leads into one. */
static void report_circle(struct compose_work *w, const bool *placed)
{
	struct compose_service *services = w->out->services, *at = NULL;
	bool *seen = xcalloc(w->out->service_count, sizeof *seen);
	struct str text = STR_INIT;
	const struct compose_service *start;

	for (size_t i = 0; !at; i++)
		at = placed[i] ? NULL : &services[i];
	/* Every one left depends on one that is left: walking must come round. */
	for (int round = 0; round < 2; round++) {
		start = at;
		do {
			const char *name;
			json_t *dependency;
			struct compose_service *next = NULL;

			if (round)
				str_addf(&text, "%.60s -> ", at->name);
			seen[at - services] = true;
			json_object_foreach(json_object_get(at->spec, "depends_on"), name,
					    dependency) {
				next = find(w, name);
				if (next && !placed[next - services])
					break;
			}
			at = next;
		} while (round ? at != start : !seen[at - services]);
	}
	compose_blame(w, SEVERITY_ERROR, compose_draft_find(w, start->name), "depends_on",
		      "services that depend on each other in a circle: %.300s%.60s", text.p,
		      start->name);
	str_release(&text);
	free(seen);
}

/* Who waits for whom: the users of service i are users[first[i + 1]] up to users[first[i + 2]]. */
struct graph {
	size_t *pending; /* dependencies without a rank yet */
	size_t *first, *users;
};

typedef void edge_visit(struct graph *g, size_t from, size_t to);

static void edge_count(struct graph *g, size_t from, size_t to)
{
	g->pending[from]++;
	g->first[to + 1]++;
}

/* Fills users from each end down to its start, so that first[i] is right in the end. */
static void edge_add(struct graph *g, size_t from, size_t to)
{
	g->users[--g->first[to + 1]] = from;
}

static void visit_edges(struct compose_work *w, struct graph *g, edge_visit *visit)
{
	for (size_t i = 0; i < w->out->service_count; i++) {
		const char *name;
		json_t *dependency;

		json_object_foreach(json_object_get(w->out->services[i].spec, "depends_on"), name,
				    dependency) {
			const struct compose_service *other = find(w, name);

			if (other)
				visit(g, i, (size_t)(other - w->out->services));
		}
	}
}

/* Gives ranks to all but those in a circle or behind one; false when there are such. */
static bool rank_all(struct compose_work *w, bool *placed)
{
	struct compose_service *services = w->out->services;
	size_t count = w->out->service_count, head = 0, tail = 0;
	struct graph g = {.pending = xcalloc(count, sizeof *g.pending),
			  .first = xcalloc(count + 2, sizeof *g.first)};
	size_t *queue = xcalloc(count, sizeof *queue);

	visit_edges(w, &g, edge_count);
	for (size_t i = 0; i <= count; i++)
		g.first[i + 1] += g.first[i];
	g.users = xcalloc(g.first[count + 1] + 1, sizeof *g.users);
	visit_edges(w, &g, edge_add);
	for (size_t i = 0; i < count; i++)
		if (!g.pending[i])
			queue[tail++] = i;
	for (; head < tail; head++) {
		size_t i = queue[head];

		placed[i] = true;
		for (size_t k = g.first[i + 1]; k < g.first[i + 2]; k++) {
			struct compose_service *user = &services[g.users[k]];

			if (user->rank <= services[i].rank)
				user->rank = services[i].rank + 1;
			if (!--g.pending[g.users[k]])
				queue[tail++] = g.users[k];
		}
	}
	free(g.pending);
	free(g.first);
	free(g.users);
	free(queue);
	return tail == count;
}

void compose_check_together(struct compose_work *w)
{
	size_t count = w->out->service_count;
	bool *placed;

	if (!count)
		return;
	qsort(w->out->services, count, sizeof *w->out->services, by_name);
	check_container_names(w);
	for (size_t i = 0; i < count; i++)
		check_dependencies(w, &w->out->services[i]);
	placed = xcalloc(count, sizeof *placed);
	if (!rank_all(w, placed))
		report_circle(w, placed);
	free(placed);
	qsort(w->out->services, count, sizeof *w->out->services, by_rank);
}
