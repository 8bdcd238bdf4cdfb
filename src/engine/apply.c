/*
 * Applying a plan to one Caddy: one guarded request, planned again when somebody else was
 * faster, narrowed down when Caddy refuses it because of one app.
 */
#include "apply_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/address.h"
#include "kata/json.h"
#include "kata/text.h"
#include "work.h"

enum outcome {
	OUTCOME_DONE,	 /* what was wanted is live */
	OUTCOME_REFUSED, /* Caddy said no; nothing changed */
	OUTCOME_FAILED,
};

/* --- planning --- */

static void plan_with(const struct apply *run, struct plan_caddy *plan, const char **selected,
		      size_t count)
{
	const struct world *world = run->world;
	const struct member *member = run->member;
	struct plan_live live = {.servers = member->live.servers,
				 .raw = member->live.raw.p,
				 .raw_len = member->live.raw.len,
				 .missing = member->live.missing,
				 .no_parent = !strcmp(member->live.guard_path, "/config/")};
	struct plan_options options = {.owner = world->owner,
				       .selected = selected,
				       .selected_count = count,
				       .adopt = run->options->adopt,
				       .adopt_count = run->options->adopt_count,
				       .allow_empty = run->options->allow_empty,
				       .complete = world->listed,
				       .aside = member->asides,
				       .aside_count = member->aside_count};

	routes_resolve(run->world, run->member);
	plan_caddy_init(plan);
	plan_caddy_make(plan, &live, world->apps, world->app_count, &options);
}

static void plan_again(const struct apply *run, const char **selected, size_t count)
{
	struct member *member = run->member;

	if (member->plan == &member->again)
		plan_caddy_release(&member->again);
	plan_with(run, &member->again, selected, count);
	member->plan = &member->again;
}

void world_plan(struct world *world, const struct engine_options *options)
{
	for (size_t i = 0; i < world->member_count; i++) {
		struct member *member = &world->members[i];
		struct apply run = {.world = world, .member = member, .options = options};

		if (!member->live.good) {
			member->result = MEMBER_FAILED;
			member->error = member->live.error;
			continue;
		}
		plan_with(&run, &member->report, options->selected, options->selected_count);
		member->plan = &member->report;
		member->result = member->plan->request.method ? MEMBER_PLANNED : MEMBER_UNCHANGED;
	}
}

void world_plan_again(struct world *world, const struct engine_options *options, bool read)
{
	for (size_t i = 0; i < world->member_count; i++) {
		struct member *member = &world->members[i];

		if (member->plan == &member->again)
			plan_caddy_release(&member->again);
		if (member->plan)
			plan_caddy_release(&member->report);
		member->plan = NULL;
		if (read)
			member_read(world, member);
	}
	world_plan(world, options);
}

const char *world_digest(const struct world *world)
{
	uint64_t digest = FNV64_INIT;

	for (size_t i = 0; i < world->member_count; i++) {
		const struct member *member = &world->members[i];

		digest = fnv1a64(member->endpoint.text, strlen(member->endpoint.text), digest);
		if (member->plan)
			digest = plan_caddy_digest(&member->report, digest);
	}
	for (size_t i = 0; world->models && i < world->app_count; i++) {
		digest = deploy_digest(&world->models[i].down, digest);
		digest = deploy_digest(&world->models[i].images, digest);
		digest = deploy_digest(&world->models[i].deploy, digest);
	}
	return arena_printf(world->arena, "%016llx", (unsigned long long)digest);
}

/* --- reading again --- */

static bool observe_again(const struct apply *run)
{
	struct member *member = run->member;

	if (!member_read(run->world, member))
		member->error = member->live.error;
	return member->live.good;
}

/* A pause of random length, longer with every try, so that two writers do not stay in step. */
static void back_off(const struct apply *run)
{
	unsigned tries = run->member->retries;
	long most = 10L << (tries < 6 ? tries : 6);

	loop_sleep(run->world->loop, 1 + random() % most);
}

/* --- sending --- */

/* If-Match of the plan's request: the server it depends on, or all servers. */
static const char *guard_tag(const struct apply *run, struct str *tag)
{
	const struct caddy_live *live = &run->member->live;
	const char *guard = run->member->plan->request.guard;
	struct json_span raw = {live->raw.p, live->raw.len}, span;
	char path[600];

	snprintf(path, sizeof path, CADDY_SERVERS_PATH "/%.500s", guard ? guard : "");
	if (guard && strlen(guard) <= 500 && json_span_member(raw, guard, &span) &&
	    caddy_tag(live->hash, path, span.p, span.len, tag))
		return tag->p;
	str_clear(tag);
	str_addf(tag, "\"%s %s\"", live->guard_path, live->guard_hash);
	return tag->p;
}

static bool send_request(const struct apply *run, struct kata_error *e)
{
	struct member *member = run->member;
	const struct plan_request *request = &member->plan->request;
	struct str tag = STR_INIT;
	struct caddy_write write = {.method = request->method,
				    .path = request->path,
				    .body = request->body.len ? request->body.p : NULL,
				    .len = request->body.len};
	bool ok;

	write.if_match = guard_tag(run, &tag);
	member->writes++;
	ok = caddy_send(run->world->http, &member->endpoint, &write, e);
	str_release(&tag);
	return ok;
}

/* Loads a whole config of servers, whatever it changes; guarded by the latest reading. */
static bool load_servers(const struct apply *run, const struct str *raw, struct kata_error *e)
{
	const struct caddy_live *live = &run->member->live;
	struct str tag = STR_INIT;
	struct caddy_write write = {.method = "PATCH",
				    .path = CADDY_SERVERS_PATH,
				    .body = raw->p,
				    .len = raw->len,
				    .revalidate = true};
	bool ok;

	str_addf(&tag, "\"%s %s\"", live->guard_path, live->guard_hash);
	write.if_match = tag.p;
	run->member->writes++;
	ok = caddy_send(run->world->http, &run->member->endpoint, &write, e);
	str_release(&tag);
	return ok;
}

/*
 * After a lost connection a change can be stored and yet not run: a config that makes Caddy panic
 * while it loads it. Loading the same once more tells; if Caddy breaks off again, what was live
 * before is put back, or else every later change by anybody would break off as well.
 */
static enum outcome confirm_stored(const struct apply *run, const struct str *before)
{
	struct member *member = run->member;
	struct kata_error *e = &member->error, ignored;

	if (member->live.missing || load_servers(run, &member->live.raw, e) ||
	    e->code == ERROR_CONFLICT)
		return OUTCOME_DONE;
	if (e->code != ERROR_LOST || !before->len || !observe_again(run))
		return OUTCOME_FAILED;
	if (!load_servers(run, before, &ignored) || !observe_again(run))
		return OUTCOME_FAILED;
	error_set(e, ERROR_REFUSED, "Caddy broke down while loading it; what was live is put back");
	return OUTCOME_REFUSED;
}

/* Looks at Caddy again after a conflict or a lost connection. A restarting Caddy gets a moment. */
static bool look_again(struct apply *run, const struct kata_error *why)
{
	struct member *member = run->member;
	int64_t now = loop_now_ms();

	if (!run->since)
		run->since = now;
	member->retries++;
	if (now - run->since > APPLY_RETRY_MS) {
		member->error = *why;
		error_wrap(&member->error, "somebody else keeps changing this Caddy (%u tries)",
			   member->retries);
		error_hint(&member->error, "nothing was lost; run it again when the other is done");
		return false;
	}
	back_off(run);
	while (!observe_again(run)) {
		bool moment = why->code == ERROR_LOST && loop_now_ms() - now < RESTART_MS;

		if (loop_stopped(run->world->loop) || !moment)
			return false;
		loop_sleep(run->world->loop, 50);
	}
	return !loop_stopped(run->world->loop);
}

static bool fail(struct member *member, enum error_code code, const char *msg, const char *hint)
{
	error_set(&member->error, code, "%s", msg);
	error_where(&member->error, "%s", member->endpoint.text);
	error_hint(&member->error, "%s", hint);
	return false;
}

/* What must hold before anything is sent; false: the member has failed. */
static bool may_send(const struct apply *run)
{
	struct member *member = run->member;
	const char *poison = plan_poison(run->world->arena, member->live.servers);

	if (run->options->if_plan && member->plan == &member->again &&
	    plan_caddy_digest(member->plan, 0) != plan_caddy_digest(&member->report, 0))
		return fail(member, ERROR_CONFLICT, "the plan changed before it was applied",
			    "look at --diff again");
	if (!poison)
		return true;
	fail(member, ERROR_REFUSED,
	     arena_printf(run->world->arena, "Caddy holds a config that it cannot load: %s",
			  poison),
	     "every change would fail; remove that part by hand (DELETE on its path), then apply "
	     "again");
	return false;
}

/* One try of a plan that has something to send. True: go on with a fresh plan. */
static bool try_once(struct apply *run, struct str *before, enum outcome *outcome)
{
	struct member *member = run->member;
	struct kata_error *e = &member->error, why;

	*outcome = OUTCOME_FAILED;
	if (!may_send(run))
		return false;
	if (probe_plan(run))
		return true;
	if (send_request(run, e)) {
		member->result = MEMBER_APPLIED;
		*outcome = OUTCOME_DONE;
		return false;
	}
	if (e->code == ERROR_REFUSED)
		*outcome = OUTCOME_REFUSED;
	if (e->code != ERROR_CONFLICT && e->code != ERROR_LOST)
		return false;
	str_clear(before);
	if (e->code == ERROR_LOST && !member->live.missing)
		str_addn(before, member->live.raw.p, member->live.raw.len);
	run->lost = e->code == ERROR_LOST;
	why = *e;
	return look_again(run, &why);
}

/* Sends the plan for some apps (NULL: the run's own selection) until it is live or refused. */
static enum outcome try_apps(struct apply *run, const char **apps, size_t count)
{
	bool first = run->member->plan == &run->member->report && !run->member->writes;
	struct str before = STR_INIT;
	enum outcome outcome = OUTCOME_DONE;
	bool again = true;

	run->lost = false;
	while (again) {
		if (!first)
			plan_again(run, apps, count);
		first = false;
		if (run->member->plan->request.method) {
			again = try_once(run, &before, &outcome);
		} else {
			outcome = run->lost ? confirm_stored(run, &before) : OUTCOME_DONE;
			again = false;
			if (outcome == OUTCOME_REFUSED) /* whose fault it is shows in the plan */
				plan_again(run, apps, count);
		}
	}
	str_release(&before);
	return outcome;
}

/* --- narrowing down --- */

static enum outcome settle(struct apply *run, const char **apps, size_t count);

/* Half by half, so that one bad app among many costs few requests; parts that are fine go live. */
static enum outcome bisect(struct apply *run)
{
	struct member *member = run->member;
	size_t count = member->plan->touched_count, half = count / 2;
	const char **names = arena_alloc(run->world->arena, count * sizeof *names);
	enum outcome outcome;

	for (size_t i = 0; i < count; i++)
		names[i] = arena_strdup(run->world->arena, member->plan->touched[i]);
	outcome = settle(run, names, half);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!observe_again(run))
		return OUTCOME_FAILED;
	return settle(run, names + half, count - half);
}

static enum outcome settle(struct apply *run, const char **apps, size_t count)
{
	struct member *member = run->member;
	bool split = false;

	for (;;) {
		enum outcome outcome = try_apps(run, apps, count);

		if (outcome != OUTCOME_REFUSED)
			return outcome;
		switch (blame_refusal(run)) {
		case BLAME_APP:
			continue;
		case BLAME_NOBODY:
			return OUTCOME_FAILED;
		case BLAME_UNKNOWN:
			break;
		}
		if (member->plan->touched_count < 2 || split)
			return OUTCOME_FAILED;
		split = true;
		outcome = bisect(run);
		if (outcome != OUTCOME_DONE || !observe_again(run))
			return OUTCOME_FAILED;
	}
}

static void apply_member(struct world *world, struct member *member,
			 const struct engine_options *options)
{
	struct apply run = {.world = world, .member = member, .options = options};
	enum outcome outcome;

	if (member->result != MEMBER_PLANNED)
		return;
	outcome = settle(&run, options->selected, options->selected_count);
	if (outcome != OUTCOME_DONE)
		member->result = MEMBER_FAILED;
	else if (member->result == MEMBER_PLANNED)
		member->result = member->writes ? MEMBER_APPLIED : MEMBER_UNCHANGED;
	if (outcome == OUTCOME_DONE && member->plan == &member->again && member->aside_count)
		plan_again(&run, options->selected, options->selected_count);
}

bool world_apply(struct world *world, const struct engine_options *options, struct kata_error *e)
{
	bool needed = false;

	if (options->if_plan && strcmp(options->if_plan, world_digest(world)) != 0) {
		error_set(e, ERROR_CONFLICT, "the plan is %s now, not %s", world_digest(world),
			  options->if_plan);
		error_hint(e, "look at --diff again");
		return false;
	}
	for (size_t i = 0; i < world->member_count; i++)
		needed = needed || world->members[i].result == MEMBER_PLANNED;
	if (needed && !world_keep_owner(world, e)) {
		error_wrap(e, "keeping the owner's name");
		return false;
	}
	srandom((unsigned)getpid() ^ (unsigned)loop_now_ms());
	for (size_t i = 0; i < world->member_count; i++)
		apply_member(world, &world->members[i], options);
	return true;
}
