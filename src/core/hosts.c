/*
 * The hosts that a list of routes answers for, and how host patterns relate. Source:
 * caddyhttp.MatchHost (a "*" stands for exactly one label).
 */
#include "sites.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"

static int compare_folded(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_text(const void *a, const void *b)
{
	int folded = compare_folded(a, b);

	return folded ? folded : strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Placeholders keep their case: Caddy fills them in before it compares. */
static const char *host_lower(struct arena *a, const char *host)
{
	char *copy = arena_strdup(a, host);
	bool filled_in = strchr(copy, '{') != NULL;

	for (char *p = copy; *p && !filled_in; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

bool hosts_route_is_open(const json_t *route)
{
	const json_t *sets = json_object_member(route, "match", JSON_ARRAY);
	size_t i;
	json_t *set;

	if (!json_array_size(sets))
		return true;
	json_array_foreach((json_t *)sets, i, set)
		if (!json_object_member(set, "host", JSON_ARRAY))
			return true;
	return false;
}

static void collect_route(struct arena *a, const json_t *route, struct hosts *out, size_t *cap)
{
	const json_t *sets = json_object_member(route, "match", JSON_ARRAY);
	size_t i, j;
	json_t *set, *host;

	json_array_foreach((json_t *)sets, i, set) {
		json_array_foreach(json_object_member(set, "host", JSON_ARRAY), j, host) {
			if (!json_is_string(host))
				continue;
			out->items = arena_grow(a, out->items, out->count, cap, sizeof *out->items);
			out->items[out->count++] = host_lower(a, json_string_value(host));
		}
	}
}

void hosts_of_routes(struct arena *a, const json_t *routes, struct hosts *out)
{
	size_t cap = 0, i, kept = 0;
	json_t *route;

	*out = (struct hosts){0};
	json_array_foreach((json_t *)routes, i, route) {
		collect_route(a, route, out, &cap);
		out->any = out->any || hosts_route_is_open(route);
	}
	/* Without any host there is nothing to tell the requests of this app by. */
	if (!out->count)
		out->any = true;
	if (out->count > 1)
		qsort(out->items, out->count, sizeof *out->items, compare_text);
	for (i = 0; i < out->count; i++)
		if (!kept || strcmp(out->items[kept - 1], out->items[i]) != 0)
			out->items[kept++] = out->items[i];
	out->count = kept;
}

const char *hosts_find(const struct hosts *hosts, const char *host)
{
	const char *const *found = NULL;

	if (hosts->count)
		found = bsearch(&host, hosts->items, hosts->count, sizeof *hosts->items,
				compare_folded);
	return found ? *found : NULL;
}

const char *hosts_find_name(const struct hosts *hosts, const char *name)
{
	char host[256];

	snprintf(host, sizeof host, "%.*s", (int)strcspn(name, ":"), name);
	return hosts_find(hosts, host);
}

/* Dots inside a placeholder end no label. */
static size_t label_length(const char *p)
{
	size_t len = 0;
	bool inside = false;

	for (; p[len] && (inside || p[len] != '.'); len++)
		inside = p[len] == '{' || (inside && p[len] != '}');
	return len;
}

static bool label_is_wild(const char *p, size_t len)
{
	return memchr(p, '*', len) || memchr(p, '{', len);
}

int host_rank(const char *host)
{
	int literal = 0;

	if (!strpbrk(host, "*{"))
		return HOST_EXACT;
	for (const char *p = host; *p;) {
		size_t len = label_length(p);

		literal += !label_is_wild(p, len);
		p += len + (p[len] == '.');
	}
	return literal < 64 ? literal : 64;
}

bool host_overlap(const char *a, const char *b)
{
	while (*a && *b) {
		size_t la = label_length(a), lb = label_length(b);
		bool wild = label_is_wild(a, la) || label_is_wild(b, lb);

		if (!wild && (la != lb || strncasecmp(a, b, la) != 0))
			return false;
		if ((a[la] == '.') != (b[lb] == '.'))
			return false;
		a += la + (a[la] == '.');
		b += lb + (b[lb] == '.');
	}
	return *a == *b;
}
