/*
 * `extends`: one canonical service over another (compose-go override/merge.go, uncity.go). Maps
 * merge per key, values of the upper one win, and lists grow: what the rows below say differs.
 */
#include <string.h>

#include "kata/compose.h"
#include "kata/json.h"

enum merge_rule {
	MERGE_DEFAULT,	 /* maps merge, lists grow by what they do not hold, the rest is replaced */
	MERGE_REPLACE,	 /* the upper value is taken whole */
	MERGE_VALUE,	 /* the same, and null is a value */
	MERGE_CLEAR,	 /* the same, and null takes the lower one away */
	MERGE_LOGGING,	 /* options of two different drivers do not mix */
	MERGE_BY_NAME,	 /* a list of texts: what stands before the first '=' names an element */
	MERGE_BY_PATH,	 /* a list of texts: what stands before the first ':' does */
	MERGE_BY_TARGET, /* a list of objects: their target does */
	MERGE_BY_PORT,	 /* a list of ports: address, both ports and protocol do */
};

/* Paths inside a service; '*' is any one key. */
static const struct merge_row {
	const char *path;
	enum merge_rule rule;
} ROWS[] = {
	{"build.args.*", MERGE_VALUE},
	{"build.tags", MERGE_BY_NAME},
	{"cap_add", MERGE_BY_NAME},
	{"cap_drop", MERGE_BY_NAME},
	{"command", MERGE_CLEAR},
	{"configs", MERGE_BY_TARGET},
	{"devices", MERGE_BY_TARGET},
	{"dns", MERGE_BY_NAME},
	{"dns_opt", MERGE_BY_NAME},
	{"dns_search", MERGE_BY_NAME},
	{"entrypoint", MERGE_CLEAR},
	{"environment.*", MERGE_VALUE},
	{"healthcheck.test", MERGE_REPLACE},
	{"links", MERGE_BY_NAME},
	{"logging", MERGE_LOGGING},
	{"ports", MERGE_BY_PORT},
	{"secrets", MERGE_BY_TARGET},
	{"tmpfs", MERGE_BY_PATH},
	{"ulimits.*", MERGE_REPLACE},
	{"volumes", MERGE_BY_TARGET},
};

/* Where the walk is: the keys from the service down to here. */
struct merge_at {
	const struct merge_at *up;
	const char *key;
};

static json_t *merged_new(const struct merge_at *at, const json_t *base, const json_t *over);

/* Whether the path's last part, and by and by all of it, is where we are. */
static bool at_matches(const struct merge_at *at, const char *path, size_t len)
{
	size_t start = len;

	if (!at || !at->key)
		return false;
	while (start && path[start - 1] != '.')
		start--;
	if (strncmp(path + start, "*", len - start) != 0 &&
	    (strlen(at->key) != len - start || memcmp(at->key, path + start, len - start) != 0))
		return false;
	if (!start)
		return !at->up->key;
	return at_matches(at->up, path, start - 1);
}

static enum merge_rule rule_at(const struct merge_at *at)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (at_matches(at, ROWS[i].path, strlen(ROWS[i].path)))
			return ROWS[i].rule;
	return MERGE_DEFAULT;
}

/* --- what makes two elements of a list the same --- */

static void add_member(struct str *id, const json_t *object, const char *key, const char *absent)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value))
		str_addf(id, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		str_add(id, json_is_string(value) ? json_string_value(value) : absent);
	str_addc(id, '\n');
}

/* A relative target of a secret or config lies in the folder where they all are. */
static void add_target(struct str *id, const struct merge_at *at, const json_t *item)
{
	const char *target = json_member_text(item, "target");

	if (target && *target != '/' && !strcmp(at->key, "secrets"))
		str_add(id, "/run/secrets/");
	else if (target && *target != '/' && !strcmp(at->key, "configs"))
		str_add(id, "/");
	add_member(id, item, "target", "");
}

static void item_id(struct str *id, const struct merge_at *at, enum merge_rule rule,
		    const json_t *item)
{
	str_clear(id);
	if (json_is_string(item)) {
		const char *text = json_string_value(item);
		const char *end = rule == MERGE_BY_NAME ? "=" : rule == MERGE_BY_PATH ? ":" : "";

		str_addn(id, text, strcspn(text, end));
	} else if (rule == MERGE_BY_TARGET && json_object_get(item, "target")) {
		add_target(id, at, item);
	} else if (rule == MERGE_BY_PORT) {
		add_member(id, item, "host_ip", "0.0.0.0");
		add_member(id, item, "published", "");
		add_member(id, item, "target", "");
		add_member(id, item, "protocol", "tcp");
	} else {
		json_canonical(id, item);
	}
}

/* Appends; an element that is there already is replaced where it stands. */
static void list_put(json_t *list, const struct merge_at *at, enum merge_rule rule, json_t *item)
{
	struct str id = STR_INIT, other = STR_INIT;
	size_t i, n = json_array_size(list);

	item_id(&id, at, rule, item);
	for (i = 0; i < n; i++) {
		item_id(&other, at, rule, json_array_get(list, i));
		if (id.len == other.len && !memcmp(id.p, other.p, id.len))
			break;
	}
	if (i < n)
		json_array_set_new(list, i, json_deep_copy(item));
	else
		json_array_append_new(list, json_deep_copy(item));
	str_release(&id);
	str_release(&other);
}

static json_t *list_new(const struct merge_at *at, enum merge_rule rule, const json_t *base,
			const json_t *over)
{
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach(base, i, item)
		list_put(list, at, rule, item);
	json_array_foreach(over, i, item)
		list_put(list, at, rule, item);
	return list;
}

static json_t *map_new(const struct merge_at *at, const json_t *base, const json_t *over)
{
	json_t *map = json_deep_copy(base), *value;
	const char *key;

	json_object_foreach((json_t *)over, key, value) {
		const struct merge_at below = {at, key};
		const json_t *under = json_object_get(base, key);

		if (json_is_null(value) && rule_at(&below) == MERGE_CLEAR)
			json_object_del(map, key);
		else
			json_object_set_new(map, key,
					    under ? merged_new(&below, under, value)
						  : json_deep_copy(value));
	}
	return map;
}

static bool drivers_differ(const json_t *base, const json_t *over)
{
	const char *a = json_member_text(base, "driver"), *b = json_member_text(over, "driver");

	return a && b && strcmp(a, b) != 0;
}

static json_t *merged_new(const struct merge_at *at, const json_t *base, const json_t *over)
{
	enum merge_rule rule = rule_at(at);

	if (json_is_null(over) && rule != MERGE_VALUE)
		return json_deep_copy(base);
	if (rule == MERGE_REPLACE || rule == MERGE_VALUE || rule == MERGE_CLEAR)
		return json_deep_copy(over);
	if (rule == MERGE_LOGGING && drivers_differ(base, over))
		return json_deep_copy(over);
	if (json_is_object(base) && json_is_object(over))
		return map_new(at, base, over);
	if (json_is_array(base) && json_is_array(over))
		return list_new(at, rule, base, over);
	return json_deep_copy(over);
}

json_t *compose_merge_new(const json_t *base, const json_t *over)
{
	const struct merge_at service = {0};

	return merged_new(&service, base, over);
}
