/*
 * Fuzz target: the difference of two JSON values, given in two lines. The one request, made by the
 * rules of old and new Caddys, turns the first into the second; what is told differs, and
 * something is told whenever they do; and the text with old bytes carried over reads back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kata/diff.h"

#include "../lib/caddy_semantics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void told(void *arg, const char *path, const json_t *before, const json_t *after)
{
	check(path && (before || after));
	check(!before || !after || !json_same(before, after));
	++*(size_t *)arg;
}

static void check_request(json_t *before, json_t *after, enum caddy_version version)
{
	struct arena *arena = arena_new();
	json_t *config = json_pack("{s:O}", "servers", before);
	struct diff_request r;

	diff_request(arena, before, after, &r);
	check(!r.method == json_same(before, after));
	if (r.method) {
		const char *path =
			arena_printf(arena, "/config/servers%s%s", *r.path ? "/" : "", r.path);

		check(!json_is_null(r.body) || !*r.path);
		check(caddy_request(version, &config, r.method, path, (json_t *)r.body) == 200);
		check(json_same(json_object_get(config, "servers"), after));
	}
	json_decref(config);
	arena_free(arena);
}

/* `after` with every part that equals one of `before` at the same place being that very object. */
static json_t *graft_new(json_t *before, json_t *after)
{
	const char *key;
	json_t *out, *item;
	size_t i;

	if (before && json_same(before, after))
		return json_incref(before);
	if (json_is_object(after)) {
		out = json_object();
		json_object_foreach(after, key, item)
			json_object_set_new(out, key,
					    graft_new(json_object_get(before, key), item));
		return out;
	}
	if (json_is_array(after)) {
		out = json_array();
		json_array_foreach(after, i, item)
			json_array_append_new(out, graft_new(json_array_get(before, i), item));
		return out;
	}
	return json_incref(after);
}

static void check_compose(struct json_span raw, json_t *before, json_t *after)
{
	json_t *grafted = graft_new(before, after), *back;
	struct str out = STR_INIT;
	struct kata_error e;

	diff_compose(&out, grafted, before, raw);
	back = json_parse_new(out.p, out.len, &e);
	check(back && json_same(back, after));
	json_decref(back);
	json_decref(grafted);
	str_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = size ? memchr(data, '\n', size) : NULL;
	struct json_span raw = {(const char *)data,
				line ? (size_t)(line - (const char *)data) : size};
	struct kata_error e;
	json_t *before, *after;
	size_t count = 0;

	if (!line)
		return 0;
	before = json_parse_new(raw.p, raw.len, &e);
	after = json_parse_new(line + 1, size - raw.len - 1, &e);
	if (before && after) {
		check_request(before, after, CADDY_OLD);
		check_request(before, after, CADDY_NEW);
		diff_walk(before, after, told, &count);
		check((count == 0) == json_same(before, after));
		check_compose(raw, before, after);
	}
	json_decref(before);
	json_decref(after);
	return 0;
}
