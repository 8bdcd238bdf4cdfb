/*
 * Rows of containers and tasks, and of the tree of apps, services and containers.
 */
#include "ui/rows.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

/* --- state --- */

/* The engine's words. A container that is not in this table is what its exit code says. */
static const struct {
	const char *word, *state;
} states[] = {
	{"running", "good"},	 {"paused", "drift"},	{"created", "off"},  {"removing", "busy"},
	{"dead", "bad"},	 {"new", "busy"},	{"pending", "busy"}, {"assigned", "busy"},
	{"accepted", "busy"},	 {"preparing", "busy"}, {"ready", "busy"},   {"starting", "busy"},
	{"complete", "off"},	 {"shutdown", "off"},	{"failed", "bad"},   {"rejected", "bad"},
	{"orphaned", "unknown"}, {"remove", "off"},
};

static bool text_is(const json_t *object, const char *member, const char *text)
{
	return !strcmp(row_text(object, member), text);
}

/* The number in "Restarting (1) 5 seconds ago", or -1. */
static long status_code(const char *status)
{
	const char *open = strchr(status, '(');
	char *end;
	long code = open ? strtol(open + 1, &end, 10) : -1;

	return open && end != open + 1 && *end == ')' ? code : -1;
}

static long exit_code(const json_t *ps)
{
	const json_t *code = json_object_get(ps, "exit_code");

	if (json_is_integer(code))
		return (long)json_integer_value(code);
	return text_is(ps, "state", "restarting") ? status_code(row_text(ps, "status")) : -1;
}

const char *container_state(const json_t *ps, bool stopped)
{
	const char *word = row_text(ps, "state");

	if (!strcmp(word, "running") && text_is(ps, "health", "unhealthy"))
		return "bad";
	if (!strcmp(word, "running") && text_is(ps, "health", "starting"))
		return "busy";
	if (!strcmp(word, "restarting"))
		return exit_code(ps) > 0 ? "bad" : "busy";
	if (!strcmp(word, "exited"))
		return exit_code(ps) > 0 && !stopped ? "bad" : "off";
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (!strcmp(states[i].word, word))
			return states[i].state;
	return "unknown";
}

/* --- time --- */

/* "3h": one unit is enough for a look. */
static void add_span(struct str *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (seconds < units[i].seconds && units[i].seconds > 1)
			continue;
		str_addf(out, "%lld%c", (long long)(seconds / units[i].seconds), units[i].unit);
		return;
	}
}

void container_add_word(struct str *out, const json_t *ps)
{
	const char *word = row_text(ps, "state"), *health = row_text(ps, "health");

	if (!strcmp(word, "running"))
		str_add(out, *health ? health : "up");
	else if (exit_code(ps) >= 0)
		str_addf(out, "%s %ld", word, exit_code(ps));
	else
		str_add(out, word);
}

/* "3h", "2m unhealthy", "exited 137". word: the engine's, which a row has elsewhere than ps. */
static json_t *uptime_new(const json_t *ps, const char *word, int64_t now_s)
{
	const json_t *since = json_object_get(ps, "since");
	const char *health = row_text(ps, "health");
	int64_t span = json_is_integer(since) ? now_s - json_integer_value(since) : -1;
	struct str text = STR_INIT;
	json_t *out;

	if (!strcmp(word, "running") && span >= 0) {
		add_span(&text, span);
		if (*health && strcmp(health, "healthy") != 0)
			str_addf(&text, " %s", health);
	} else {
		container_add_word(&text, ps);
	}
	out = json_string_nocheck(text.p);
	str_release(&text);
	return out;
}

/* --- containers --- */

/* "8080->80, 443/udp"; tcp goes without saying. */
static json_t *ports_new(const json_t *ports)
{
	struct str text = STR_INIT;
	json_t *port, *out;
	size_t i;

	json_array_foreach((json_t *)ports, i, port) {
		const char *ip = row_text(port, "host_ip"), *protocol = row_text(port, "protocol");

		str_add(&text, text.len ? ", " : "");
		if (*ip)
			str_addf(&text, strchr(ip, ':') ? "[%s]:" : "%s:", ip);
		if (row_number(port, "published"))
			str_addf(&text, "%lld->", (long long)row_number(port, "published"));
		str_addf(&text, "%lld", (long long)row_number(port, "target"));
		if (strcmp(protocol, "tcp") != 0)
			str_addf(&text, "/%s", protocol);
	}
	out = json_string_nocheck(text.p);
	str_release(&text);
	return out;
}

static json_t *number_or_null(const json_t *object, const char *member)
{
	json_t *value = json_object_get(object, member);

	return json_is_number(value) ? json_incref(value) : json_null();
}

/* Seconds that it has been running, to sort by. */
static json_t *age_new(const json_t *ps, int64_t now_s)
{
	const json_t *since = json_object_get(ps, "since");

	return text_is(ps, "state", "running") && json_is_integer(since)
		       ? json_integer(now_s - json_integer_value(since))
		       : json_null();
}

/* Names of the apps that are stopped by wish. */
static json_t *stopped_new(const struct facts *facts)
{
	json_t *out = json_object(), *app;
	size_t i;

	json_array_foreach(json_object_get(facts->fact[FACT_APPS].value, "apps"), i, app)
		if (json_is_true(json_object_get(app, "stopped")))
			json_object_set_new_nocheck(out, row_text(app, "name"), json_true());
	return out;
}

static json_t *container_new(const json_t *ps, const char *state, const json_t *stats,
			     int64_t now_s)
{
	const char *id = row_text(ps, "id"), *own = json_member_text(ps, "container");
	const json_t *numbers = json_object_get(stats, own ? own : id);
	json_t *out = json_copy((json_t *)ps);

	json_object_set_new(out, "state", json_string(state));
	json_object_set_new(out, "word", json_string_nocheck(row_text(ps, "state")));
	json_object_set_new(out, "uptime", uptime_new(ps, row_text(ps, "state"), now_s));
	json_object_set_new(out, "age", age_new(ps, now_s));
	json_object_set_new(out, "cpu", number_or_null(numbers, "cpu"));
	json_object_set_new(out, "memory", number_or_null(numbers, "memory"));
	json_object_set_new(out, "ports", ports_new(json_object_get(ps, "ports")));
	json_object_set_new(out, "key", json_string_nocheck(*id ? id : row_text(ps, "name")));
	return out;
}

static bool set_changed(json_t *row, const char *member, json_t *value_take)
{
	bool changed = !json_equal(json_object_get(row, member), value_take);

	if (changed)
		json_object_set_new(row, member, value_take);
	else
		json_decref(value_take);
	return changed;
}

bool row_refresh(json_t *row, const json_t *stats, int64_t now_s)
{
	const char *own = json_member_text(row, "container");
	const json_t *numbers = json_object_get(stats, own ? own : row_text(row, "id"));
	bool changed = set_changed(row, "cpu", number_or_null(numbers, "cpu"));

	changed = set_changed(row, "memory", number_or_null(numbers, "memory")) || changed;
	/* The age of what runs; what else is said here does not change with time. */
	return (text_is(row, "word", "running") &&
		set_changed(row, "uptime", uptime_new(row, row_text(row, "word"), now_s))) ||
	       changed;
}

json_t *rows_containers_new(const struct facts *facts, const json_t *stats, int64_t now_s)
{
	const struct fact *fact = &facts->fact[FACT_PS];
	json_t *out = json_array(), *stopped = stopped_new(facts), *ps;
	size_t i;

	json_array_foreach(fact->value, i, ps) {
		const char *state =
			container_state(ps, json_object_get(stopped, row_text(ps, "app")) != NULL);

		if (fact->failed && !strcmp(state, "good"))
			state = "unknown";
		json_array_append_new(out, container_new(ps, state, stats, now_s));
	}
	json_decref(stopped);
	return out;
}

/* --- the tree --- */

struct tree {
	json_t *rows;
	const json_t *shut;
};

/* A row of the tree; row is stolen. True: it is open, what is below it is to be shown. */
static bool tree_add(struct tree *tree, json_t *row_take, const char *kind, int depth,
		     const char *key)
{
	bool open = !json_object_get(tree->shut, key);

	json_object_set_new(row_take, "kind", json_string(kind));
	json_object_set_new(row_take, "depth", json_integer(depth));
	json_object_set_new(row_take, "key", json_string_nocheck(key));
	json_object_set_new(row_take, "open", json_boolean(open));
	json_array_append_new(tree->rows, row_take);
	return open;
}

/* Sums of what containers of a service use; null when nothing is known. */
static json_t *sum_new(const json_t *containers, const char *member)
{
	const json_t *item, *value;
	double sum = 0;
	bool known = false;
	size_t i;

	json_array_foreach((json_t *)containers, i, item) {
		value = json_object_get(item, member);
		known = known || json_is_number(value);
		sum += json_number_value(value);
	}
	return known ? json_real(sum) : json_null();
}

static json_t *service_new(const char *app, const char *service, const json_t *containers)
{
	const char *state = "off";
	json_t *out, *item;
	int running = 0;
	size_t i;

	json_array_foreach((json_t *)containers, i, item) {
		if (state_badness(row_text(item, "state")) > state_badness(state))
			state = row_text(item, "state");
		running += text_is(item, "word", "running");
	}
	out = json_pack("{s:s,s:i,s:I}", "state", state, "running", running, "wanted",
			(json_int_t)json_array_size(containers));
	json_object_set_new(out, "app", json_string_nocheck(app));
	json_object_set_new(out, "service", json_string_nocheck(service));
	json_object_set_new(out, "name", json_string_nocheck(service));
	json_object_set_new(out, "cpu", sum_new(containers, "cpu"));
	json_object_set_new(out, "memory", sum_new(containers, "memory"));
	return out;
}

static void add_service(struct tree *tree, const char *app, const char *service,
			const json_t *containers)
{
	struct str key = STR_INIT;
	json_t *item;
	size_t i;

	str_addf(&key, "%s/%s", app, service);
	if (tree_add(tree, service_new(app, service, containers), "service", 1, key.p))
		json_array_foreach((json_t *)containers, i, item)
			tree_add(tree, json_copy(item), "container", 2, row_text(item, "key"));
	str_release(&key);
}

/* groups: {app: {service: [container, ...]}}. */
static json_t *groups_new(const json_t *containers)
{
	json_t *out = json_object(), *item;
	size_t i;

	json_array_foreach((json_t *)containers, i, item) {
		const char *app = row_text(item, "app"), *service = row_text(item, "service");
		json_t *services = json_object_get(out, app), *list;

		if (!services) {
			services = json_object();
			json_object_set_new_nocheck(out, app, services);
		}
		list = json_object_get(services, service);
		if (!list) {
			list = json_array();
			json_object_set_new_nocheck(services, service, list);
		}
		json_array_append(list, item);
	}
	return out;
}

static void add_app(struct tree *tree, json_t *row_take, const json_t *services)
{
	const char *app = row_text(row_take, "name"), *service;
	json_t *containers;

	json_object_set_new(row_take, "app", json_string_nocheck(app));
	if (tree_add(tree, row_take, "app", 0, app))
		json_object_foreach((json_t *)services, service, containers)
			add_service(tree, app, service, containers);
}

json_t *rows_tree_new(const json_t *apps, const json_t *containers, const json_t *shut)
{
	struct tree tree = {.rows = json_array(), .shut = shut};
	json_t *groups = groups_new(containers), *row, *services;
	const char *name;
	size_t i;

	json_array_foreach((json_t *)apps, i, row) {
		name = row_text(row, "name");
		add_app(&tree, json_copy(row), json_object_get(groups, name));
		json_object_del(groups, name);
	}
	/* Containers of an app that ls did not name, or not yet. */
	json_object_foreach(groups, name, services)
		add_app(&tree, json_pack("{s:s,s:s}", "name", name, "state", "unknown"), services);
	json_decref(groups);
	return tree.rows;
}
