/*
 * Reading the plan: what a change or a step does, and which apps it is about.
 */
#include "ui/rows.h"

#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

#define SERVERS "/config/apps/http/servers/"

const char *row_text(const json_t *row, const char *member)
{
	const char *text = json_member_text(row, member);

	return text ? text : "";
}

json_int_t row_number(const json_t *row, const char *member)
{
	return json_integer_value(json_object_get(row, member));
}

json_t *joined_new(const json_t *texts)
{
	struct str text = STR_INIT;
	json_t *item, *out;
	size_t i;

	json_array_foreach((json_t *)texts, i, item)
		if (json_is_string(item))
			str_addf(&text, "%s%s", text.len ? ", " : "", json_string_value(item));
	out = json_string_nocheck(text.p);
	str_release(&text);
	return out;
}

/* --- changes of Caddy's config --- */

static bool text_is(const json_t *object, const char *member, const char *text)
{
	return !strcmp(row_text(object, member), text);
}

enum sign change_sign(const json_t *change)
{
	return text_is(change, "op", "add")	 ? SIGN_ADD
	       : text_is(change, "op", "remove") ? SIGN_REMOVE
						 : SIGN_CHANGE;
}

const char *change_path(const json_t *change)
{
	const char *path = row_text(change, "path");

	return strncmp(path, SERVERS, sizeof SERVERS - 1) ? path : path + sizeof SERVERS - 1;
}

const char *id_name(const char *id, const char *owner, size_t *len)
{
	size_t n = strlen(owner);

	if (!id || strncmp(id, "kata:", 5) != 0 || strncmp(id + 5, owner, n) != 0 ||
	    id[5 + n] != ':')
		return NULL;
	id += 5 + n + 1;
	*len = strcspn(id, "@");
	return id;
}

json_t *apps_by_server_new(const json_t *ls)
{
	json_t *out = json_object(), *app, *names;
	size_t i;

	json_array_foreach(json_object_get(ls, "apps"), i, app) {
		const char *server = json_member_text(app, "server");

		if (!server)
			continue;
		names = json_object_get(out, server);
		if (!names) {
			names = json_array();
			json_object_set_new_nocheck(out, server, names);
		}
		json_array_append_new(names, json_string_nocheck(row_text(app, "name")));
	}
	return out;
}

/* The app of a marked route: "blog@..."; a whole server's mark has no @. */
static void add_route_app(json_t *out, const json_t *route, const char *owner)
{
	size_t len;
	const char *name = id_name(json_member_text(route, "@id"), owner, &len);
	struct str app = STR_INIT;

	if (!name || !name[len])
		return;
	str_addn(&app, name, len);
	json_object_set_new_nocheck(out, app.p, json_true());
	str_release(&app);
}

/* The apps whose routes are in a server, or the one whose route this is. */
static void add_route_apps(json_t *out, const json_t *value, const char *owner)
{
	const json_t *route;
	size_t i;

	add_route_app(out, value, owner);
	json_array_foreach(json_object_get(value, "routes"), i, route)
		add_route_app(out, route, owner);
}

json_t *change_apps_new(const json_t *change, const char *owner, const json_t *by_server)
{
	const char *app = row_text(change, "app");
	json_t *out = json_object(), *item;
	size_t i;

	/* No app is called kata_...: what a shared server itself has is changed. */
	if (strncmp(app, "kata_", 5) != 0) {
		json_object_set_new_nocheck(out, app, json_true());
		return out;
	}
	add_route_apps(out, json_object_get(change, "before"), owner);
	add_route_apps(out, json_object_get(change, "after"), owner);
	if (json_object_size(out))
		return out;
	json_array_foreach(json_object_get(by_server, app), i, item)
		json_object_set_new_nocheck(out, json_string_value(item), json_true());
	return out;
}

/* --- steps of containers --- */

enum sign step_sign(const json_t *step)
{
	static const char *const signs[] = {
		[SIGN_NONE] = "", [SIGN_ADD] = "+", [SIGN_CHANGE] = "~", [SIGN_REMOVE] = "-"};

	for (int sign = SIGN_ADD; sign <= SIGN_REMOVE; sign++)
		if (text_is(step, "sign", signs[sign]))
			return (enum sign)sign;
	return SIGN_NONE;
}

bool error_is_unread(const json_t *error)
{
	static const char *const codes[] = {"unavailable", "timeout", "lost", "denied", "protocol"};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (text_is(error, "code", codes[i]))
			return true;
	return false;
}

int state_badness(const char *state)
{
	static const char *const states[] = {"foreign", "off",	"good", "unknown",
					     "drift",	"busy", "bad"};

	for (int i = 0; i < (int)(sizeof states / sizeof *states); i++)
		if (!strcmp(states[i], state))
			return i;
	return 0;
}
