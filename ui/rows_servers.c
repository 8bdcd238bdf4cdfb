/*
 * Rows of the servers of each Caddy: whose they are, what they listen on, how their upstreams do,
 * and what the plan would change in them.
 */
#include "ui/rows.h"

#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

/* What all rows are made from. */
struct source {
	const struct facts *facts;
	const char *owner;
	json_t *changes; /* "endpoint/server" -> number of pending changes */
	bool several;	 /* Caddys */
};

static json_t *id_new(const char *endpoint, const char *server)
{
	struct str text = STR_INIT;
	json_t *out;

	str_addf(&text, "%s/%s", endpoint, server);
	out = json_string_nocheck(text.p);
	str_release(&text);
	return out;
}

static void count_changes(struct source *source, const json_t *caddy)
{
	const json_t *change;
	size_t i;

	json_array_foreach(json_object_get(caddy, "changes"), i, change) {
		const char *path = change_path(change);
		struct str key = STR_INIT;
		json_int_t count;

		str_addf(&key, "%s/", row_text(caddy, "endpoint"));
		str_addn(&key, path, strcspn(path, "/"));
		count = row_number(source->changes, key.p) + 1;
		json_object_set_new_nocheck(source->changes, key.p, json_integer(count));
		str_release(&key);
	}
}

static void source_init(struct source *source, const struct facts *facts)
{
	const json_t *status = facts->fact[FACT_STATUS].value, *item;
	size_t i;

	*source = (struct source){.facts = facts,
				  .owner = row_text(status, "owner"),
				  .changes = json_object(),
				  .several = json_array_size(json_object_get(status, "caddy")) > 1};
	json_array_foreach(json_object_get(facts->fact[FACT_PLAN].value, "caddy"), i, item)
		count_changes(source, item);
}

static void source_release(struct source *source)
{
	json_decref(source->changes);
}

/* --- its upstreams --- */

static bool has_text(const json_t *texts, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)texts, i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), text))
			return true;
	return false;
}

/* Of those that the server names: how many are in use, how many requests, how many fail. */
struct health {
	int count, failing;
	json_int_t requests;
	bool known;
};

static void health_of(const json_t *caddy, const json_t *server, struct health *out)
{
	const json_t *dials = json_object_member(server, "upstreams", JSON_ARRAY), *upstream;
	size_t i;

	*out = (struct health){.known = json_array_size(dials) > 0};
	json_array_foreach(json_object_get(caddy, "upstreams"), i, upstream) {
		if (!has_text(dials, row_text(upstream, "address")))
			continue;
		out->count++;
		out->failing += row_number(upstream, "fails") > 0;
		out->requests += row_number(upstream, "num_requests");
	}
}

/* "2/3" upstreams without failures; nothing when there are none. */
static json_t *health_new(const struct health *health)
{
	struct str text = STR_INIT;
	json_t *out;

	if (health->count)
		str_addf(&text, "%d/%d", health->count - health->failing, health->count);
	out = json_string(text.p);
	str_release(&text);
	return out;
}

/* --- rows --- */

static const char *server_state(const struct source *source, bool ours, json_int_t drift,
				const struct health *health)
{
	const struct fact *plan = &source->facts->fact[FACT_PLAN];

	if (source->facts->fact[FACT_STATUS].failed)
		return "unknown";
	if (health->failing)
		return "bad";
	if (drift)
		return "drift";
	if (!ours)
		return "foreign";
	return plan->value && !plan->failed ? "good" : "unknown";
}

static json_t *server_new(const struct source *source, const json_t *caddy, const json_t *server)
{
	const char *endpoint = row_text(caddy, "endpoint"), *name = row_text(server, "name");
	json_t *id = id_new(endpoint, name), *apps = json_object_get(server, "apps");
	json_t *out = json_object(), *app = json_object_get(server, "app");
	json_int_t drift = row_number(source->changes, json_string_value(id));
	struct health health;
	size_t len;
	bool ours = id_name(json_member_text(server, "id"), source->owner, &len) != NULL;

	health_of(caddy, server, &health);
	json_object_set_new(out, "id", id);
	json_object_set_new(out, "endpoint", json_string_nocheck(endpoint));
	json_object_set_new(out, "place", json_string_nocheck(source->several ? endpoint : ""));
	json_object_set_new(out, "server", json_string_nocheck(name));
	json_object_set_new(out, "state", json_string(server_state(source, ours, drift, &health)));
	json_object_set_new(out, "app", app ? json_incref(app) : json_null());
	json_object_set_new(out, "apps", apps ? json_incref(apps) : json_array());
	json_object_set_new(out, "hosts", joined_new(json_object_get(server, "hosts")));
	json_object_set_new(out, "listen", joined_new(json_object_get(server, "listen")));
	json_object_set_new(out, "routes", json_integer(row_number(server, "routes")));
	json_object_set_new(out, "requests",
			    health.known ? json_integer(health.requests) : json_null());
	json_object_set_new(out, "health", health_new(&health));
	json_object_set_new(out, "drift", json_integer(drift));
	return out;
}

/* A Caddy that does not answer. */
static json_t *silent_new(const json_t *caddy)
{
	const char *endpoint = row_text(caddy, "endpoint");
	json_t *out = json_object();

	json_object_set_new(out, "id", id_new(endpoint, ""));
	json_object_set_new(out, "endpoint", json_string_nocheck(endpoint));
	json_object_set_new(out, "place", json_string_nocheck(endpoint));
	json_object_set_new(out, "server", json_string(""));
	json_object_set_new(out, "app", json_null());
	json_object_set_new(out, "apps", json_array());
	json_object_set_new(out, "state", json_string("bad"));
	json_object_set_new(
		out, "why",
		json_string_nocheck(row_text(json_object_get(caddy, "error"), "message")));
	return out;
}

json_t *rows_servers_new(const struct facts *facts)
{
	json_t *out = json_array(), *caddy, *server;
	struct source source;
	size_t i, j;

	source_init(&source, facts);
	json_array_foreach(json_object_get(facts->fact[FACT_STATUS].value, "caddy"), i, caddy) {
		if (!json_is_true(json_object_get(caddy, "reachable")))
			json_array_append_new(out, silent_new(caddy));
		json_array_foreach(json_object_get(caddy, "servers"), j, server)
			json_array_append_new(out, server_new(&source, caddy, server));
	}
	source_release(&source);
	return out;
}
