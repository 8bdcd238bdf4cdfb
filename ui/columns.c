/*
 * The columns of the lists. Ranks say what goes first where it is narrow: in 24 columns an app
 * still has its state, name, pending changes and what runs.
 */
#include "ui/columns.h"

#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"
#include "ui/rows.h"

/* min: with less a column says too little to be worth its place; a text that is shorter takes only
 * what it needs. */
#define COLUMN(id, title, least, most, order, key, function, ...)                                  \
	{                                                                                          \
		.name = id, .head = title, .min = least, .max = most, .rank = order,               \
		.sort_key = key, .text = function, __VA_ARGS__                                     \
	}
#define LEFT   .right = false
#define RIGHT  .right = true
#define NUMBER .right = true, .number = true
#define TAIL   .tail = true

/* --- states --- */

static const struct {
	const char *name;
	enum glyph glyph;
	enum role role;
} states[] = {
	{"good", GLYPH_ON, ROLE_good},		{"busy", GLYPH_HALF, ROLE_busy},
	{"drift", GLYPH_WARN, ROLE_drift},	{"bad", GLYPH_BAD, ROLE_bad},
	{"off", GLYPH_OFF, ROLE_off},		{"foreign", GLYPH_FOREIGN, ROLE_dim},
	{"unknown", GLYPH_FOREIGN, ROLE_drift},
};
enum { UNKNOWN = sizeof states / sizeof *states - 1 };

static size_t state_of(const char *state)
{
	for (size_t i = 0; state && i < UNKNOWN; i++)
		if (!strcmp(states[i].name, state))
			return i;
	return UNKNOWN;
}

enum role state_role(const char *state)
{
	return states[state_of(state)].role;
}

enum glyph state_glyph(const char *state)
{
	return states[state_of(state)].glyph;
}

static bool is_state(const json_t *row, const char *state)
{
	return !strcmp(row_text(row, "state"), state);
}

static enum role column_state(const json_t *row, struct str *out, const void *arg)
{
	const struct column_arg *columns = arg;
	size_t state = state_of(row_text(row, "state"));

	str_add(out, glyph(columns->cells, states[state].glyph));
	return states[state].role;
}

/* What is off or foreign steps back. */
static enum role name_role(const json_t *row)
{
	if (is_state(row, "bad"))
		return ROLE_bad;
	return is_state(row, "off") || is_state(row, "foreign") ? ROLE_dim : ROLE_text;
}

/* --- shared by lists --- */

static enum role column_name(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "name"));
	return name_role(row);
}

static enum role column_listen(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "listen"));
	return ROLE_text;
}

/* "0.4%" */
static enum role column_cpu(const json_t *row, struct str *out, const void *arg)
{
	const json_t *cpu = json_object_get(row, "cpu");
	double percent = json_number_value(cpu);

	(void)arg;
	if (json_is_number(cpu))
		str_addf(out, percent < 10 ? "%.1f%%" : "%.0f%%", percent);
	return percent >= 90 ? ROLE_drift : ROLE_text;
}

/* "812k", "14M", "1.3G" */
static enum role column_memory(const json_t *row, struct str *out, const void *arg)
{
	static const char units[] = {'B', 'k', 'M', 'G', 'T'};
	const json_t *memory = json_object_get(row, "memory");
	double value = json_number_value(memory);
	size_t unit = 0;

	(void)arg;
	if (!json_is_number(memory))
		return ROLE_text;
	for (; value >= 1000 && unit + 1 < sizeof units; unit++)
		value /= 1024;
	str_addf(out, unit > 1 && value < 10 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return ROLE_text;
}

static enum role column_image(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "image"));
	return ROLE_dim;
}

static enum role column_ports(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "ports"));
	return ROLE_text;
}

static enum role column_node(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "node"));
	return ROLE_dim;
}

static enum role column_uptime(const json_t *row, struct str *out, const void *arg)
{
	enum role role = state_role(row_text(row, "state"));

	(void)arg;
	str_add(out, row_text(row, "uptime"));
	return role == ROLE_good ? ROLE_text : role;
}

/* --- apps --- */

static enum role column_mode(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "mode"));
	return ROLE_dim;
}

/* What runs just now, or "~2 +1 -1"; "error" where a file has to be mended first. */
static enum role column_pending(const json_t *row, struct str *out, const void *arg)
{
	static const struct {
		const char *member, *sign;
		enum role role;
	} kinds[] = {
		{"change", "~", ROLE_change},
		{"add", "+", ROLE_add},
		{"remove", "-", ROLE_remove},
	};
	enum role role = ROLE_text;

	(void)arg;
	if (*row_text(row, "job")) {
		str_add(out, row_text(row, "job"));
		return ROLE_busy;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		json_int_t count = row_number(row, kinds[i].member);

		if (!count)
			continue;
		str_addf(out, "%s%s%lld", out->len ? " " : "", kinds[i].sign, (long long)count);
		role = role == ROLE_text ? kinds[i].role : ROLE_drift;
	}
	if (out->len || !is_state(row, "bad") || !row_number(row, "problems"))
		return role;
	str_add(out, "error");
	return ROLE_bad;
}

static enum role column_running(const json_t *row, struct str *out, const void *arg)
{
	const json_t *running = json_object_get(row, "running");
	json_int_t wanted = row_number(row, "wanted");

	(void)arg;
	if (!json_is_integer(json_object_get(row, "wanted")))
		return ROLE_text;
	if (!json_is_integer(running)) {
		str_addf(out, "?/%lld", (long long)wanted);
		return ROLE_drift;
	}
	str_addf(out, "%lld/%lld", (long long)json_integer_value(running), (long long)wanted);
	return is_state(row, "off")		       ? ROLE_off
	       : json_integer_value(running) == wanted ? ROLE_text
						       : state_role(row_text(row, "state"));
}

/* Its hosts, else where it listens. */
static enum role column_app_hosts(const json_t *row, struct str *out, const void *arg)
{
	bool hosts = *row_text(row, "hosts");

	(void)arg;
	str_add(out, row_text(row, hosts ? "hosts" : "listen"));
	return hosts ? ROLE_text : ROLE_dim;
}

static const struct column apps[] = {
	COLUMN("state", "", 1, 1, 0, "state", column_state, LEFT),
	COLUMN("name", "APP", 8, 32, 0, "name", column_name, LEFT),
	COLUMN("mode", "MODE", 7, 7, 3, "mode", column_mode, LEFT),
	COLUMN("pending", "DIFF", 8, 11, 1, NULL, column_pending, LEFT),
	COLUMN("running", "RUN", 5, 7, 2, "running", column_running, NUMBER),
	COLUMN("hosts", "HOSTS", 12, 60, 4, NULL, column_app_hosts, LEFT),
};

/* --- servers --- */

static enum role column_server(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	/* One that is not there has no servers. */
	str_add(out, *row_text(row, "server") ? row_text(row, "server") : "down");
	return name_role(row);
}

/* Hosts; else whose it is, or why it cannot be told. */
static enum role column_server_hosts(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	if (*row_text(row, "hosts"))
		str_add(out, row_text(row, "hosts"));
	else if (is_state(row, "foreign"))
		str_add(out, "(foreign)");
	else
		str_add(out, row_text(row, "why"));
	return name_role(row);
}

static enum role add_count(const json_t *row, const char *member, struct str *out)
{
	const json_t *count = json_object_get(row, member);

	if (json_is_integer(count))
		str_addf(out, "%lld", (long long)json_integer_value(count));
	return json_integer_value(count) ? ROLE_text : ROLE_dim;
}

static enum role column_routes(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	return add_count(row, "routes", out);
}

static enum role column_requests(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	return add_count(row, "requests", out);
}

static enum role column_health(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "health"));
	return is_state(row, "bad") ? ROLE_bad : ROLE_text;
}

static enum role column_drift(const json_t *row, struct str *out, const void *arg)
{
	json_int_t drift = row_number(row, "drift");

	(void)arg;
	if (drift)
		str_addf(out, "~%lld", (long long)drift);
	return ROLE_drift;
}

static enum role column_place(const json_t *row, struct str *out, const void *arg)
{
	(void)arg;
	str_add(out, row_text(row, "place"));
	return ROLE_dim;
}

static const struct column servers[] = {
	COLUMN("state", "", 1, 1, 0, "state", column_state, LEFT),
	COLUMN("name", "SERVER", 8, 32, 0, "server", column_server, LEFT),
	COLUMN("listen", "LISTEN", 6, 32, 1, "listen", column_listen, TAIL),
	COLUMN("hosts", "HOSTS", 8, 60, 4, NULL, column_server_hosts, LEFT),
	COLUMN("drift", "DIFF", 4, 5, 3, "drift", column_drift, NUMBER),
	COLUMN("routes", "ROUTES", 6, 6, 6, "routes", column_routes, NUMBER),
	COLUMN("requests", "REQ", 4, 6, 5, "requests", column_requests, NUMBER),
	COLUMN("health", "UP", 5, 7, 5, NULL, column_health, RIGHT),
	COLUMN("caddy", "CADDY", 7, 40, 2, "place", column_place, TAIL),
};

/* --- containers --- */

static const struct column containers[] = {
	COLUMN("state", "", 1, 1, 0, "state", column_state, LEFT),
	COLUMN("name", "CONTAINER", 10, 40, 0, "name", column_name, LEFT),
	COLUMN("uptime", "UP", 10, 18, 1, "age", column_uptime, LEFT, .number = true),
	COLUMN("cpu", "CPU", 5, 5, 2, "cpu", column_cpu, NUMBER),
	COLUMN("memory", "MEM", 4, 5, 3, "memory", column_memory, NUMBER),
	COLUMN("image", "IMAGE", 12, 40, 4, "image", column_image, TAIL),
	COLUMN("ports", "PORTS", 8, 40, 5, "ports", column_ports, LEFT),
	COLUMN("node", "NODE", 6, 20, 6, "node", column_node, LEFT),
};

/* --- the tree --- */

static enum role column_branch(const json_t *row, struct str *out, const void *arg)
{
	const struct column_arg *columns = arg;
	json_int_t depth = row_number(row, "depth");
	bool open = json_is_true(json_object_get(row, "open"));

	str_addf(out, "%*s", (int)depth * 2, "");
	if (strcmp(row_text(row, "kind"), "container") != 0)
		str_addf(out, "%s ", glyph(columns->cells, open ? GLYPH_OPEN : GLYPH_SHUT));
	str_add(out, row_text(row, "name"));
	return name_role(row);
}

/* Each kind of row says something else of itself. */
static enum role column_tree_status(const json_t *row, struct str *out, const void *arg)
{
	const char *kind = row_text(row, "kind");

	if (!strcmp(kind, "container"))
		return column_uptime(row, out, arg);
	if (!strcmp(kind, "service"))
		return column_running(row, out, arg);
	return column_pending(row, out, arg);
}

/* That of a container is its app's. */
static enum role column_tree_mode(const json_t *row, struct str *out, const void *arg)
{
	return strcmp(row_text(row, "kind"), "app") ? ROLE_text : column_mode(row, out, arg);
}

static enum role column_tree_running(const json_t *row, struct str *out, const void *arg)
{
	return strcmp(row_text(row, "kind"), "app") ? ROLE_text : column_running(row, out, arg);
}

static const struct column tree[] = {
	COLUMN("state", "", 1, 1, 0, NULL, column_state, LEFT),
	COLUMN("name", "APP", 20, 50, 0, NULL, column_branch, LEFT),
	COLUMN("status", "STATUS", 10, 18, 1, NULL, column_tree_status, LEFT),
	COLUMN("running", "RUN", 5, 7, 2, NULL, column_tree_running, RIGHT),
	COLUMN("cpu", "CPU", 5, 5, 2, NULL, column_cpu, RIGHT),
	COLUMN("memory", "MEM", 4, 5, 3, NULL, column_memory, RIGHT),
	COLUMN("mode", "MODE", 7, 7, 4, NULL, column_tree_mode, LEFT),
	COLUMN("image", "IMAGE", 12, 40, 4, NULL, column_image, TAIL),
	COLUMN("ports", "PORTS", 8, 40, 5, NULL, column_ports, LEFT),
	COLUMN("hosts", "HOSTS", 12, 60, 6, NULL, column_app_hosts, LEFT),
	COLUMN("node", "NODE", 6, 20, 7, NULL, column_node, LEFT),
};

#define TABLE(columns, key)                                                                        \
	{                                                                                          \
		columns, sizeof columns / sizeof *columns, key                                     \
	}
const struct column_table columns_apps = TABLE(apps, "name");
const struct column_table columns_servers = TABLE(servers, "id");
const struct column_table columns_containers = TABLE(containers, "key");
const struct column_table columns_tree = TABLE(tree, "key");
