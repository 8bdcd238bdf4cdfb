/*
 * Whose fault it is: from Caddy's refusal, or an address that is taken, to the app, the place in
 * its file, and a hint. The app is set aside for this run; what it has live stays.
 */
#include "apply_private.h"

#include <string.h>

#include "kata/address.h"
#include "kata/json.h"
#include "kata/text.h"
#include "kata/validate.h"

static bool is_touched(const struct plan_caddy *plan, const char *app)
{
	for (size_t i = 0; app && i < plan->touched_count; i++)
		if (!strcmp(plan->touched[i], app))
			return true;
	return false;
}

bool member_has_aside(const struct member *member, const char *app)
{
	for (size_t i = 0; i < member->aside_count; i++)
		if (!strcmp(member->asides[i].app, app))
			return true;
	return false;
}

/* path: inside the app's block, or NULL. All texts must live in the world's arena. */
static void add_aside(struct apply *run, const char *name, const char *path, const char *msg,
		      const char *hint)
{
	struct arena *a = run->world->arena;
	struct member *member = run->member;
	const struct app *app = world_app(run->world, name);
	struct plan_aside *aside;

	member->asides = arena_grow(a, member->asides, member->aside_count, &member->aside_cap,
				    sizeof *member->asides);
	aside = &member->asides[member->aside_count++];
	*aside = (struct plan_aside){.app = arena_strdup(a, name)};
	aside->problem.severity = SEVERITY_ERROR;
	aside->problem.path = path && *path ? arena_strdup(a, path) : NULL;
	aside->problem.msg = msg;
	aside->problem.hint = hint;
	if (app)
		aside->problem.place = app_caddy_place(app, path ? path : "");
}

/* The part of Caddy's message that is about the app, without the chain that leads there. */
static const char *reason_of(struct arena *a, const char *message, const char *server)
{
	const char *mark =
		server ? arena_printf(a, "server %s: ", server) : "loading http app module: ";
	const char *at = strstr(message, mark);

	return arena_printf(a, "Caddy refuses it: %s", at ? at + strlen(mark) : message);
}

static const char *hint_of(struct arena *a, const char *message, const char *field)
{
	const char *hint = validate_refusal_hint(message);

	if (hint)
		return hint;
	if (field)
		return arena_printf(
			a,
			"this Caddy has no \"%s\" there, or not of that type; what is live stays",
			field);
	return "what is live of the app stays as it is; the others are applied";
}

/* Where `field` is a member somewhere in a value: its path, first found. */
static bool find_field(const json_t *value, const char *field, struct str *path)
{
	size_t was = path->len, i;
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)value, key, item) {
		str_addf(path, "%s%s", was ? "/" : "", key);
		if (!strcmp(key, field) || find_field(item, field, path))
			return true;
		path->len = was;
		path->p[was] = '\0';
	}
	json_array_foreach((json_t *)value, i, item) {
		str_addf(path, "%s%zu", was ? "/" : "", i);
		if (find_field(item, field, path))
			return true;
		path->len = was;
		path->p[was] = '\0';
	}
	return false;
}

/* An unknown or mistyped field names no server: the only changed app that has it is meant. */
static enum blame blame_field(struct apply *run, const struct caddy_refusal *refusal)
{
	const struct plan_caddy *plan = run->member->plan;
	const char *message = run->member->error.msg, *guilty = NULL;
	struct arena *a = run->world->arena;
	struct str path = STR_INIT, found = STR_INIT;
	size_t count = 0;

	for (size_t i = 0; i < plan->touched_count; i++) {
		const struct app *app = world_app(run->world, plan->touched[i]);

		str_clear(&path);
		if (!app || !app->caddy || !find_field(app->caddy, refusal->field, &path))
			continue;
		guilty = plan->touched[i];
		str_clear(&found);
		str_addn(&found, path.p, path.len);
		count++;
	}
	if (count == 1)
		add_aside(run, guilty, found.p, reason_of(a, message, NULL),
			  hint_of(a, message, refusal->field));
	str_release(&path);
	str_release(&found);
	return count == 1 ? BLAME_APP : BLAME_UNKNOWN;
}

static bool view_listens(const struct app_view *view, const char *key)
{
	for (size_t i = 0; i < view->listen_count; i++)
		if (!strcmp(view->listen[i], key))
			return true;
	return false;
}

/* Normalised addresses that some live server listens on, as the keys of an object. */
static json_t *live_addresses_new(struct arena *a, const json_t *servers)
{
	json_t *known = json_object(), *server, *item;
	struct address address;
	const char *name;
	size_t i;

	json_object_foreach((json_t *)servers, name, server) {
		json_array_foreach(json_object_get(server, "listen"), i, item) {
			if (!json_is_string(item))
				continue;
			address_parse(a, json_string_value(item), &address);
			json_object_set(known, address.key, json_null());
		}
	}
	return known;
}

/* All changed apps that want this address. */
static enum blame blame_address(struct apply *run, const char *text)
{
	const struct plan_caddy *plan = run->member->plan;
	const char *message = run->member->error.msg;
	struct arena *a = run->world->arena;
	struct address address;
	bool any = false;

	address_parse(a, text, &address);
	for (size_t i = 0; i < plan->app_count; i++) {
		const struct app_view *view = &plan->apps[i];

		if (!is_touched(plan, view->name) || !view_listens(view, address.key))
			continue;
		add_aside(run, view->name, "listen", reason_of(a, message, NULL),
			  "is the address in use by another program or server?");
		any = true;
	}
	return any ? BLAME_APP : BLAME_UNKNOWN;
}

/* Goes on from where Caddy's text ends to the field it complains about, if that is inside. */
static const char *deepen(struct apply *run, const char *app, const char *path, const char *field)
{
	const struct app *found = world_app(run->world, app);
	struct arena *a = run->world->arena;
	struct str inside = STR_INIT;

	if (found && path && field && find_field(json_at(found->caddy, path), field, &inside))
		path = arena_printf(a, "%s%s%s", path, *path ? "/" : "", inside.p);
	str_release(&inside);
	return path;
}

static enum blame blame_server(struct apply *run, const char *server,
			       const struct caddy_refusal *refusal, const char *inside)
{
	const struct plan_caddy *plan = run->member->plan;
	struct kata_error *e = &run->member->error;
	struct arena *a = run->world->arena;
	const char *path = arena_printf(a, "%s/%s", server, inside), *block_path;
	const char *app = plan_app_at(a, plan->target, run->world->owner, path, &block_path);

	if (is_touched(plan, app)) {
		add_aside(run, app, deepen(run, app, block_path, refusal->field),
			  reason_of(a, e->msg, server), hint_of(a, e->msg, refusal->field));
		return BLAME_APP;
	}
	if (app || !json_object_get(plan->target, server) || !strncmp(server, "kata_", 5))
		return BLAME_UNKNOWN;
	error_wrap(e, "Caddy cannot load its own server \"%s\", which is not ours to change",
		   server);
	error_hint(e, "mend or remove that server first");
	return BLAME_NOBODY;
}

enum blame blame_refusal(struct apply *run)
{
	struct member *member = run->member;
	struct arena *a = run->world->arena;
	struct caddy_refusal refusal;
	enum blame blame = BLAME_UNKNOWN;

	caddy_refusal_parse(member->error.msg, a, &refusal);
	if (refusal.server)
		blame = blame_server(run, refusal.server, &refusal, refusal.path);
	if (blame == BLAME_UNKNOWN && refusal.server2)
		blame = blame_server(run, refusal.server2, &refusal, "");
	if (blame == BLAME_UNKNOWN && refusal.address)
		blame = blame_address(run, refusal.address);
	if (blame == BLAME_UNKNOWN && refusal.field)
		blame = blame_field(run, &refusal);
	if (blame != BLAME_UNKNOWN)
		return blame;
	if (refusal.start) {
		error_hint(&member->error,
			   "a listener could not be opened; see which program holds it");
		return BLAME_NOBODY;
	}
	if (member->plan->touched_count != 1)
		return BLAME_UNKNOWN;
	add_aside(run, member->plan->touched[0], "", reason_of(a, member->error.msg, NULL),
		  hint_of(a, member->error.msg, refusal.field));
	return BLAME_APP;
}

/* Tries the addresses of one changed app that nobody in Caddy listens on yet. True: one is taken.
 */
static bool probe_view(struct apply *run, const struct app_view *view, const json_t *known)
{
	struct arena *a = run->world->arena;
	const char *why;

	for (size_t i = 0; i < view->listen_count; i++) {
		if (json_object_get(known, view->listen[i]) ||
		    probe_address(view->listen[i], a, &why))
			continue;
		add_aside(run, view->name, "listen",
			  arena_printf(a, "cannot listen on %s: %s", view->listen[i], why),
			  "stop that program, or listen elsewhere");
		return true;
	}
	return false;
}

bool probe_plan(struct apply *run)
{
	const struct plan_caddy *plan = run->member->plan;
	json_t *known;
	bool any = false;

	if (!run->member->live.same_network)
		return false;
	known = live_addresses_new(run->world->arena, run->member->live.servers);
	for (size_t i = 0; i < plan->app_count; i++) {
		const struct app_view *view = &plan->apps[i];

		if ((view->status == APP_STATUS_MISSING || view->status == APP_STATUS_DRIFT) &&
		    !member_has_aside(run->member, view->name))
			any = probe_view(run, view, known) || any;
	}
	json_decref(known);
	return any;
}
