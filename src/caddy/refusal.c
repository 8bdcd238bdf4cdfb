/*
 * What Caddy's refusals name. A refusal is a chain of Go errors joined by ": ", from the outside
 * in; the outer links are fixed texts of Caddy with names and positions in them (tables below), the
 * inner ones are free text of modules. Reading stops at the first link that is not known, so that
 * free text is never taken for a name. Source: caddy.go, modules/caddyhttp/{app,routes,subroute}.go
 * and modules/caddytls/connpolicy.go of Caddy 2.6.2 to 2.11.4.
 */
#include "kata/caddy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/memory.h"

#define SERVERS CADDY_SERVERS_PATH "/"

/* A link of the chain: len bytes at p, and the text after its ": ". */
struct link {
	const char *p;
	size_t len;
	const char *rest;
};

static struct link link_at(const char *text)
{
	const char *end = strstr(text, ": ");

	if (end)
		return (struct link){text, (size_t)(end - text), end + 2};
	return (struct link){text, strlen(text), text + strlen(text)};
}

static bool link_is(struct link link, const char *text)
{
	return link.len == strlen(text) && memcmp(link.p, text, link.len) == 0;
}

/* What follows prefix in the link, or NULL. */
static const char *link_after(struct link link, const char *prefix)
{
	size_t len = strlen(prefix);

	if (link.len < len || memcmp(link.p, prefix, len) != 0)
		return NULL;
	return link.p + len;
}

static char *copy_until(struct arena *arena, const char *from, const char *end)
{
	return arena_strndup(arena, from, (size_t)(end - from));
}

/* The decimal number that fills p up to end (at most 9 digits), or -1. */
static long number_until(const char *p, const char *end)
{
	long value = 0;

	if (p >= end || end - p > 9)
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		value = value * 10 + (*p - '0');
	}
	return value;
}

/* --- the path inside a server --- */

/* Adds "/list/number", or "/list" for a negative number; false when it does not fit, which ends the
 * path. */
static bool path_push(struct caddy_refusal *out, const char *list, long number)
{
	size_t used = strlen(out->path);
	size_t room = sizeof out->path - used;
	const char *slash = used ? "/" : "";
	int n = number < 0 ? snprintf(out->path + used, room, "%s%s", slash, list)
			   : snprintf(out->path + used, room, "%s%s/%ld", slash, list, number);

	if (n >= 0 && (size_t)n < room)
		return true;
	out->path[used] = '\0';
	return false;
}

/* Links that say which list comes next; its name is pushed together with the position in it. */
static const struct {
	const char *text, *list;
} lists[] = {
	{"setting up route matchers", "routes"},
	{"setting up route handlers", "routes"},
	{"setting up server error handling routes", "errors/routes"},
	{"setting up error handling routes", "errors/routes"},
	{"setting up subroutes", "routes"},
	{"setting up error subroutes", "errors/routes"},
	{"setting up TLS connection policies", "tls_connection_policies"},
	{"loading handler modules", "handle"},
};

/* Links that say which position of the list is meant. */
static const struct {
	const char *text, *list; /* the list that must be open, NULL: any of routes */
} positions[] = {
	{"route ", NULL},
	{"position ", "handle"},
	{"connection policy ", "tls_connection_policies"},
};

static bool is_route_list(const char *list)
{
	return strcmp(list, "routes") == 0 || strcmp(list, "errors/routes") == 0;
}

/* Takes "route 3" and its like; the list is done with it. */
static bool take_position(struct link link, const char **list, struct caddy_refusal *out)
{
	for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
		const char *digits = link_after(link, positions[i].text);
		long n = digits ? number_until(digits, link.p + link.len) : -1;

		if (n < 0 || !*list)
			continue;
		if (positions[i].list ? strcmp(*list, positions[i].list) != 0
				      : !is_route_list(*list))
			continue;
		bool fits = path_push(out, *list, n);
		*list = NULL;
		return fits;
	}
	return false;
}

/* Links between a position and the next list: nothing is pushed for them. */
static bool is_passage(struct link link)
{
	if (link_after(link, "provision "))
		return true;
	return link_after(link, "loading module '") && link.len > 16 &&
	       link.p[link.len - 1] == '\'';
}

/* Follows the chain behind the server's name as far as it is known. */
static void take_path(const char *text, struct caddy_refusal *out)
{
	const char *list = NULL;

	while (*text) {
		struct link link = link_at(text);
		const char *digits = link_after(link, "provisioning response handler ");
		bool known = is_passage(link);

		for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
			if (!link_is(link, lists[i].text))
				continue;
			list = lists[i].list;
			known = true;
		}
		if (digits && !list) {
			long n = number_until(digits, link.p + link.len);
			known = n >= 0 && path_push(out, "handle_response", n);
			list = "routes";
		}
		if (link_is(link, "loading matcher modules")) {
			path_push(out, "match", -1);
			return;
		}
		if (!known && !take_position(link, &list, out))
			break;
		text = link.rest;
	}
	/* "setting up TLS connection policies: loading handshake matchers" has no number. */
	if (list && !is_route_list(list))
		path_push(out, list, -1);
}

/* --- the server --- */

/* What can stand behind "server NAME: ". Another text there may belong to the name. */
static const char *const after_server[] = {
	"setting up ",	    "listener address repeated",     "cannot enable HTTP/2",
	"logger name must", "listener protocols count does",
};

static bool names_server_for_sure(const char *rest)
{
	for (size_t i = 0; i < sizeof after_server / sizeof after_server[0]; i++)
		if (strncmp(rest, after_server[i], strlen(after_server[i])) == 0)
			return true;
	return false;
}

/* "listener address repeated: tcp/:443 (already claimed by server 'T')" */
static void take_repeated(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	static const char claimed[] = " (already claimed by server '";
	const char *lead = "listener address repeated: ";

	if (strncmp(text, lead, strlen(lead)) != 0)
		return;
	text += strlen(lead);
	const char *end = strstr(text, claimed);
	if (!end)
		return;
	out->address = copy_until(arena, text, end);
	const char *other = end + strlen(claimed);
	for (end = strstr(other, "')"); end && strstr(end + 2, "')");)
		end = strstr(end + 2, "')");
	if (end)
		out->server2 = copy_until(arena, other, end);
}

/* "server NAME", or "server NAME, listener N". Named routes are left out: some versions print the
 * two names the wrong way round. */
static void take_server(struct link link, struct arena *arena, struct caddy_refusal *out)
{
	const char *name = link_after(link, "server ");
	const char *end = link.p + link.len;

	if (!name || name == end)
		return;
	const char *comma = memmem(name, (size_t)(end - name), ", listener ", 11);
	long n = comma ? number_until(comma + 11, end) : -1;
	if (n >= 0) {
		out->server = copy_until(arena, name, comma);
		path_push(out, "listen", n);
		return;
	}
	if (!names_server_for_sure(link.rest) ||
	    strncmp(link.rest, "setting up named route", 22) == 0)
		return;
	out->server = copy_until(arena, name, end);
	take_repeated(link.rest, arena, out);
	take_path(link.rest, out);
}

/* --- other shapes --- */

/* "'X': ..." after a lead: the quoted text becomes the address. */
static void take_quoted_address(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	const char *end = strstr(text, "': ");

	if (end)
		out->address = copy_until(arena, text, end);
}

/* "invalid listener address ':http': ..." names no server. */
static void take_invalid(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	static const char lead[] = "invalid listener address '";

	if (strncmp(text, lead, strlen(lead)) == 0)
		take_quoted_address(text + strlen(lead), arena, out);
	else
		take_server(link_at(text), arena, out);
}

/* Behind "http app module: start: ". */
static void take_start(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	static const char parsing[] = "parsing listen address '";
	struct link link = link_at(text);
	const char *address = link_after(link, "listening on ");

	out->start = true;
	if (address) {
		out->address = copy_until(arena, address, link.p + link.len);
	} else if (strncmp(link.rest, parsing, strlen(parsing)) == 0) {
		out->server = copy_until(arena, link.p, link.p + link.len);
		take_quoted_address(link.rest + strlen(parsing), arena, out);
	}
}

/* The first config path in the text that leads into a server: "/config/apps/http/servers/S/rest".
 */
static void take_config_path(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	const char *at = strstr(text, SERVERS);

	if (!at)
		return;
	at += strlen(SERVERS);
	size_t len = strcspn(at, "/]: ");
	if (len == 0)
		return;
	out->server = arena_strndup(arena, at, len);
	at += len;
	if (*at != '/')
		return;
	len = strcspn(++at, "]: ");
	if (len >= sizeof out->path) {
		/* As many whole parts as fit. */
		const char *slash = memrchr(at, '/', sizeof out->path);
		len = slash ? (size_t)(slash - at) : 0;
	}
	memcpy(out->path, at, len);
	out->path[len] = '\0';
}

/* Go's JSON messages: an unknown field, or one of the wrong type. */
static void take_field(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	static const char unknown[] = "json: unknown field \"", into[] = "into Go struct field ";
	const char *field = strstr(text, unknown), *end = NULL;

	if (field) {
		field += strlen(unknown);
		end = strchr(field, '"');
	} else if ((field = strstr(text, into))) {
		field += strlen(into);
		end = strstr(field, " of type ");
		/* "Server.servers.listen": only the last name is the person's. */
		const char *dot = end ? memrchr(field, '.', (size_t)(end - field)) : NULL;
		if (dot)
			field = dot + 1;
	}
	if (end && end > field)
		out->field = copy_until(arena, field, end);
}

struct shape {
	const char *lead;
	void (*take)(const char *text, struct arena *arena, struct caddy_refusal *out);
};

static void take_provision(const char *text, struct arena *arena, struct caddy_refusal *out)
{
	/* Wrappers are loaded before Caddy knows whose they are: the text has only their kind. */
	if (!strncmp(text, "loading listener wrapper modules: ", 34) && !out->field)
		out->field = "listener_wrappers";
	take_server(link_at(text), arena, out);
}

/* How a refusal begins, behind its wrappers, and who reads the rest. */
static const struct shape shapes[] = {
	{"loading http app module: provision http: ", take_provision},
	{"loading http app module: http: invalid configuration: ", take_invalid},
	{"http app module: start: ", take_start},
	{"indexing config: ", take_config_path},
	{"[/config/", NULL},
};

static const char *const wrappers[] = {"loading config: ", "loading new config: "};

void caddy_refusal_parse(const char *message, struct arena *arena, struct caddy_refusal *out)
{
	*out = (struct caddy_refusal){0};
	take_field(message, arena, out);
	for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++)
		if (strncmp(message, wrappers[i], strlen(wrappers[i])) == 0)
			message += strlen(wrappers[i]);
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		size_t len = strlen(shapes[i].lead);

		if (strncmp(message, shapes[i].lead, len) != 0)
			continue;
		if (shapes[i].take)
			shapes[i].take(message + len, arena, out);
		else
			take_config_path(message, arena, out);
		return;
	}
}
