/*
 * What a mode cannot do of the things an app uses. The canonical model says what is used, the
 * table of keys what each mode does with it; where it stands is looked up in the file.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"

struct check {
	bool swarm;
	const char *file;
	struct problems *problems;
	struct str path;
};

static enum compose_support support(const struct check *c, const struct compose_key *row)
{
	return c->swarm ? row->swarm : row->compose;
}

/* False for what is as good as not said. */
static bool says_something(const json_t *value)
{
	if (json_is_object(value))
		return json_object_size(value) > 0;
	if (json_is_array(value))
		return json_array_size(value) > 0;
	return value && !json_is_false(value) && !json_is_null(value);
}

static struct problem *complain(struct check *c, enum severity severity, struct place place,
				const char *what)
{
	struct problem *p = problems_add(c->problems, severity, place, "%s: %s", c->path.p, what);

	p->rule = c->swarm ? "swarm" : "compose-mode";
	return p;
}

/* Says what the mode does with one key that is used; true when its members are looked at, too. */
static bool check_key(struct check *c, const struct compose_entry *entry, const json_t *value,
		      struct place place)
{
	const struct compose_key *row = &entry->row;
	enum compose_support does = support(c, row);

	if (c->swarm && entry->since)
		complain(c, entry->mild ? SEVERITY_NOTE : SEVERITY_WARNING, place,
			 "an older Swarm does without it")
			->hint = entry->since;
	if (does == COMPOSE_YES)
		return true;
	if (entry->harmless && entry->harmless(value))
		return false;
	if (does == COMPOSE_REFUSE)
		complain(c, SEVERITY_ERROR, place,
			 c->swarm ? "Swarm cannot do this" : "only Swarm can do this")
			->hint = row->note;
	else if (row->note)
		complain(c, entry->mild ? SEVERITY_NOTE : SEVERITY_WARNING, place,
			 c->swarm ? "has no effect in Swarm" : "has an effect in Swarm only")
			->hint = row->note;
	return false;
}

static void check_level(struct check *c, const struct compose_level *level, const json_t *value,
			const struct yaml_node *node, struct place place);

/* A member of a level, or an element of a list of such. */
static void check_below(struct check *c, const struct compose_level *level, const json_t *value,
			const struct yaml_node *node, struct place place)
{
	const json_t *item;
	size_t i, mark = c->path.len;
	const char *name;
	json_t *member;

	if (json_is_array(value)) {
		bool alike = node && node->kind == YAML_SEQUENCE &&
			     node->count == json_array_size(value);

		json_array_foreach((json_t *)value, i, item) {
			const struct yaml_node *below = alike ? node->items[i] : NULL;

			str_addf(&c->path, "[%zu]", i);
			check_level(c, level, item, below,
				    below ? yaml_place(below, c->file) : place);
			c->path.len = mark;
			c->path.p[mark] = '\0';
		}
	} else if (level->named) {
		json_object_foreach((json_t *)value, name, member) {
			const struct yaml_node *key = yaml_get_key(node, name);

			str_addf(&c->path, ".%.60s", name);
			check_level(c, level, member, yaml_get(node, name),
				    key ? yaml_place(key, c->file) : place);
			c->path.len = mark;
			c->path.p[mark] = '\0';
		}
	} else {
		check_level(c, level, value, node, place);
	}
}

static void check_level(struct check *c, const struct compose_level *level, const json_t *value,
			const struct yaml_node *node, struct place place)
{
	size_t mark = c->path.len;

	for (size_t i = 0; i < level->count; i++) {
		const struct compose_entry *entry = &level->entries[i];
		const char *name = compose_entry_name(level, entry);
		const json_t *member = json_object_get(value, name);
		const struct yaml_node *key;

		if (!says_something(member) ||
		    (!c->swarm && entry->row.compose == COMPOSE_YES && !entry->level))
			continue;
		key = yaml_get_key(node, name);
		struct place at = key ? yaml_place(key, c->file) : place;

		str_addf(&c->path, ".%s", name);
		if (check_key(c, entry, member, at) && entry->level)
			check_below(c, entry->level, member, yaml_get(node, name), at);
		c->path.len = mark;
		c->path.p[mark] = '\0';
	}
}

/* --- What no single key says --- */

static void complain_at(struct check *c, const struct yaml_node *node, const char *key,
			struct place place, const char *what, const char *hint)
{
	const struct yaml_node *at = yaml_get_key(node, key);
	size_t mark = c->path.len;

	str_addf(&c->path, ".%s", key);
	complain(c, SEVERITY_ERROR, at ? yaml_place(at, c->file) : place, what)->hint = hint;
	c->path.len = mark;
	c->path.p[mark] = '\0';
}

static bool has_ingress_port(const json_t *spec)
{
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(spec, "ports"), i, port)
		if (!strcmp(json_member_text(port, "mode"), "ingress"))
			return true;
	return false;
}

/* "<stack>_<service>" is a host name: RFC 1123 as the engine reads it. */
static bool is_swarm_name(const char *name)
{
	size_t len = strlen(name);

	return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789_-")] == '\0' &&
	       len && name[len - 1] != '-' && name[len - 1] != '_';
}

static void check_swarm(struct check *c, const struct compose *compose,
			const struct compose_service *service, const struct yaml_node *node)
{
	enum { NAME_MAX_LEN = 63 };
	const json_t *deploy = json_object_get(service->spec, "deploy");
	const char *mode = json_member_text(deploy, "mode");
	const char *endpoint = json_member_text(deploy, "endpoint_mode");
	json_t *host;
	size_t i;

	if (!is_swarm_name(service->name) ||
	    strlen(compose->project) + 1 + strlen(service->name) > NAME_MAX_LEN)
		complain(c, SEVERITY_ERROR, service->place, "this name is not possible in Swarm")
			->hint = "letters, digits, - and _, with the app's name at most 62 in all";
	if (mode && strstr(mode, "global") && json_object_get(deploy, "replicas"))
		complain_at(c, node, "deploy", service->place, "a global service has no replicas",
			    "remove replicas:, or mode: global");
	if (mode && strstr(mode, "-job") && json_object_get(deploy, "update_config"))
		complain_at(c, node, "deploy", service->place, "a job has no update_config",
			    "remove update_config:");
	if (endpoint && !strcmp(endpoint, "dnsrr") && has_ingress_port(service->spec))
		complain_at(c, node, "deploy", service->place,
			    "endpoint_mode: dnsrr cannot publish ingress ports",
			    "write mode: host at the port");
	json_array_foreach(json_object_get(service->spec, "extra_hosts"), i, host)
		if (strstr(json_string_value(host), "=host-gateway"))
			complain_at(c, node, "extra_hosts", service->place,
				    "Swarm does not know host-gateway", "write the address");
}

/* Without Swarm the file itself is mounted, with its own owner and mode. */
static void check_compose(struct check *c, const struct compose *compose,
			  const struct compose_service *service, const struct yaml_node *node)
{
	for (int kind = KIND_SECRET; kind <= KIND_CONFIG; kind++) {
		const char *section = compose_kind_names[kind];
		json_t *ref;
		size_t i;

		json_array_foreach(json_object_get(service->spec, section), i, ref) {
			const json_t *object =
				json_object_get(json_object_get(compose->root, section),
						json_member_text(ref, "source"));
			const struct yaml_node *key = yaml_get_key(node, section);

			if (!json_object_get(object, "file") ||
			    (!json_object_get(ref, "uid") && !json_object_get(ref, "gid") &&
			     !json_object_get(ref, "mode")))
				continue;
			problems_add(c->problems, SEVERITY_WARNING,
				     key ? yaml_place(key, c->file) : service->place,
				     "%s.%s[%zu]: uid, gid and mode have an effect in Swarm only",
				     c->path.p, section, i)
				->hint = "the file's own owner and mode count";
		}
	}
}

static void check_objects(struct check *c, const struct compose *compose, enum compose_kind kind,
			  const struct compose_level *level, const struct yaml_node *root)
{
	const char *section = compose_kind_names[kind];
	const struct yaml_node *key = yaml_get_key(root, section);

	str_clear(&c->path);
	str_add(&c->path, section);
	check_below(c, level, json_object_get(compose->root, section), yaml_get(root, section),
		    yaml_place(key, c->file));
}

void compose_check_mode(const struct compose *compose, const struct app *app, bool swarm,
			struct problems *problems)
{
	const struct yaml_node *services = yaml_get(app->root, "services");
	struct check c = {
		.swarm = swarm, .file = app->file, .problems = problems, .path = STR_INIT};

	for (size_t i = 0; i < compose->service_count; i++) {
		const struct compose_service *service = &compose->services[i];
		const struct yaml_node *node = yaml_get(services, service->name);

		str_clear(&c.path);
		str_addf(&c.path, "services.%s", service->name);
		check_level(&c, &compose_level_service, service->spec, node, service->place);
		(swarm ? check_swarm : check_compose)(&c, compose, service, node);
	}
	check_objects(&c, compose, KIND_NETWORK, &compose_level_network, app->root);
	check_objects(&c, compose, KIND_VOLUME, &compose_level_volume, app->root);
	check_objects(&c, compose, KIND_SECRET, &compose_level_secret, app->root);
	check_objects(&c, compose, KIND_CONFIG, &compose_level_config, app->root);
	str_release(&c.path);
}
