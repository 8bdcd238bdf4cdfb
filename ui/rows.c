/*
 * Rows of apps and of Caddy's servers: one state each, made of what ls, --diff, status and ps say.
 * What could not be read is never shown as good.
 */
#include "ui/rows.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/memory.h"

/* All that is known of one app besides its row of ls. Texts are borrowed from the facts. */
struct sum {
	int pending[SIGN_REMOVE + 1]; /* by sign */
	const char *error;	      /* the first error */
	const char *failed, *unread;  /* why its containers could not be planned */
	const json_t *bad;	      /* a container that is bad, as ps says it */
	int busy, done;		      /* containers that start; that ended as they should */
	const char *job;	      /* word of a running job */
};

struct sums {
	struct sum *items; /* by the order of ls */
	size_t count;
	json_t *index; /* name -> place */
};

static bool text_is(const json_t *object, const char *member, const char *text)
{
	return !strcmp(row_text(object, member), text);
}

static struct sum *sum_of(const struct sums *sums, const char *app)
{
	const json_t *place = json_object_get(sums->index, app);

	return place ? &sums->items[json_integer_value(place)] : NULL;
}

static bool is_stopped(const json_t *ls)
{
	return json_is_true(json_object_get(ls, "stopped"));
}

/* --- gathering --- */

static void add_problems(struct sums *sums, const json_t *problems)
{
	const json_t *problem;
	size_t i;

	json_array_foreach((json_t *)problems, i, problem) {
		struct sum *sum = sum_of(sums, row_text(problem, "app"));

		if (sum && !sum->error && text_is(problem, "severity", "error"))
			sum->error = row_text(problem, "message");
	}
}

static void add_changes(struct sums *sums, const json_t *changes, const char *owner,
			const json_t *by_server)
{
	const json_t *change;
	json_t *apps, *yes;
	const char *name;
	size_t i;

	json_array_foreach((json_t *)changes, i, change) {
		apps = change_apps_new(change, owner, by_server);
		json_object_foreach(apps, name, yes) {
			struct sum *sum = sum_of(sums, name);

			if (sum)
				sum->pending[change_sign(change)]++;
		}
		json_decref(apps);
	}
}

static void add_model(struct sums *sums, const json_t *model)
{
	const json_t *error, *step;
	struct sum *sum = sum_of(sums, row_text(model, "app"));
	size_t i;

	if (!sum)
		return;
	error = json_object_member(model, "error", JSON_OBJECT);
	if (error_is_unread(error))
		sum->unread = row_text(error, "message");
	else if (text_is(model, "result", "failed"))
		sum->failed = error ? row_text(error, "message") : "";
	json_array_foreach(json_object_get(model, "steps"), i, step)
		sum->pending[step_sign(step)]++;
}

/* A Caddy that cannot be compared: whose routes should be in it, is not known to be good. */
static void add_unread(struct sums *sums, const json_t *apps, const json_t *error)
{
	for (size_t i = 0; error_is_unread(error) && i < sums->count; i++)
		if (!json_is_false(json_object_get(json_array_get(apps, i), "wants_caddy")) &&
		    !sums->items[i].unread)
			sums->items[i].unread = row_text(error, "message");
}

static void add_plan(struct sums *sums, const json_t *plan, const json_t *ls)
{
	json_t *by_server = apps_by_server_new(ls);
	const json_t *item;
	size_t i;

	add_problems(sums, json_object_get(plan, "problems"));
	json_array_foreach(json_object_get(plan, "caddy"), i, item) {
		add_problems(sums, json_object_get(item, "problems"));
		add_unread(sums, json_object_get(ls, "apps"), json_object_get(item, "error"));
		add_changes(sums, json_object_get(item, "changes"), row_text(plan, "owner"),
			    by_server);
	}
	json_array_foreach(json_object_get(plan, "containers"), i, item)
		add_model(sums, item);
	json_decref(by_server);
}

static bool ended_well(const json_t *ps)
{
	return text_is(ps, "state", "complete") ||
	       (text_is(ps, "state", "exited") &&
		json_is_integer(json_object_get(ps, "exit_code")) && !row_number(ps, "exit_code"));
}

static void add_containers(struct sums *sums, const json_t *apps, const json_t *containers)
{
	const json_t *ps;
	size_t i;

	json_array_foreach((json_t *)containers, i, ps) {
		struct sum *sum = sum_of(sums, row_text(ps, "app"));
		const char *state;

		if (!sum)
			continue;
		state = container_state(
			ps, is_stopped(json_array_get(apps, (size_t)(sum - sums->items))));
		if (!strcmp(state, "bad") && !sum->bad)
			sum->bad = ps;
		sum->busy += !strcmp(state, "busy");
		sum->done += ended_well(ps);
	}
}

/* An app's newest job wins. */
static void add_jobs(struct sums *sums, struct jobs *jobs)
{
	for (size_t i = jobs ? jobs_count(jobs) : 0; i-- > 0;) {
		const struct job *job = jobs_at(jobs, i);
		const json_t *app;
		size_t j;

		if (job->ended_ms)
			continue;
		json_array_foreach(job->apps, j, app) {
			struct sum *sum = sum_of(sums, json_string_value(app));

			if (sum)
				sum->job = json_string_value(json_array_get(job->args, 0));
		}
	}
}

/* --- the state of an app --- */

/* One app, while it is looked at. */
struct look {
	const struct facts *facts;
	const json_t *ls;
	const struct sum *sum;
	struct str *why;
};

static bool says(const struct look *look, const char *text)
{
	str_add(look->why, text ? text : "");
	return true;
}

static bool is_busy_job(const struct look *look)
{
	return look->sum->job && says(look, look->sum->job);
}

static bool is_bad(const struct look *look)
{
	const struct sum *sum = look->sum;

	if (text_is(look->ls, "state", "invalid") || text_is(look->ls, "caddy", "refused"))
		return says(look, sum->error);
	if (text_is(look->ls, "state", "no-file") && text_is(look->ls, "caddy", "kept"))
		return says(look, "the folder has no kata-compose.yaml; what is live stays");
	if (sum->failed)
		return says(look, *sum->failed ? sum->failed : sum->error);
	if (!sum->bad)
		return false;
	str_addf(look->why, "%s: ", row_text(sum->bad, "name"));
	container_add_word(look->why, sum->bad);
	return true;
}

static bool is_starting(const struct look *look)
{
	return look->sum->busy && says(look, "containers are starting");
}

static bool is_drift(const struct look *look)
{
	const int *pending = look->sum->pending;
	int count = pending[SIGN_ADD] + pending[SIGN_CHANGE] + pending[SIGN_REMOVE];
	const char *caddy = row_text(look->ls, "caddy");

	if (count)
		str_addf(look->why, "%d change%s pending", count, count == 1 ? "" : "s");
	else if (!strcmp(caddy, "drift") || !strcmp(caddy, "missing") || !strcmp(caddy, "leftover"))
		str_addf(look->why, "its routes: %s", caddy);
	else
		return false;
	return true;
}

/* Which of the sources that it needs could not be read. */
static bool is_unknown(const struct look *look)
{
	static const struct {
		enum fact_kind kind;
		const char *waiting;
	} needed[] = {{FACT_APPS, "reading the apps"},
		      {FACT_PLAN, "reading the plan"},
		      {FACT_PS, "reading the containers"}};
	bool runs = json_is_string(json_object_get(look->ls, "mode"));

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		const struct fact *fact = &look->facts->fact[needed[i].kind];

		if (needed[i].kind == FACT_PS && !runs)
			continue;
		if (fact->failed)
			return says(look, fact->error.msg);
		if (!fact->value)
			return says(look, needed[i].waiting);
	}
	if (look->sum->unread)
		return says(look, look->sum->unread);
	if (runs && json_is_null(json_object_get(look->ls, "running")))
		return says(look, "what runs is not known");
	return text_is(look->ls, "caddy", "unknown") &&
	       !json_is_false(json_object_get(look->ls, "wants_caddy")) &&
	       says(look, "Caddy's part is not known");
}

static bool is_off(const struct look *look)
{
	if (text_is(look->ls, "state", "no-file"))
		return says(look, "no kata-compose.yaml");
	return is_stopped(look->ls) && says(look, "stopped");
}

/* Fewer than wanted, though nothing is to be done about it. */
static bool is_short(const struct look *look)
{
	json_int_t running = row_number(look->ls, "running");
	json_int_t wanted = row_number(look->ls, "wanted");

	if (running + look->sum->done >= wanted)
		return false;
	str_addf(look->why, "%lld of %lld running", (long long)running, (long long)wanted);
	return true;
}

/* The first that holds. */
static const struct {
	const char *state;
	bool (*holds)(const struct look *look);
} app_states[] = {
	{"busy", is_busy_job},	 {"bad", is_bad}, {"busy", is_starting}, {"drift", is_drift},
	{"unknown", is_unknown}, {"off", is_off}, {"drift", is_short},
};

static const char *app_state(const struct look *look)
{
	for (size_t i = 0; i < sizeof app_states / sizeof *app_states; i++)
		if (app_states[i].holds(look))
			return app_states[i].state;
	return "good";
}

/* --- rows of apps --- */

static void copy_member(json_t *to, const json_t *from, const char *member)
{
	json_t *value = json_object_get(from, member);

	json_object_set_new(to, member, value ? json_incref(value) : json_null());
}

static json_t *app_row_new(const struct facts *facts, const json_t *ls, const struct sum *sum)
{
	static const char *const same[] = {"name",    "mode",	"mode_rule", "running", "wanted",
					   "stopped", "server", "caddy",     "problems"};
	struct str why = STR_INIT;
	struct look look = {facts, ls, sum, &why};
	json_t *out = json_object();

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		copy_member(out, ls, same[i]);
	json_object_set_new(out, "state", json_string(app_state(&look)));
	if (why.len)
		json_object_set_new(out, "why", json_string_nocheck(why.p));
	json_object_set_new(out, "add", json_integer(sum->pending[SIGN_ADD]));
	json_object_set_new(out, "change", json_integer(sum->pending[SIGN_CHANGE]));
	json_object_set_new(out, "remove", json_integer(sum->pending[SIGN_REMOVE]));
	json_object_set_new(out, "hosts", joined_new(json_object_get(ls, "hosts")));
	json_object_set_new(out, "listen", joined_new(json_object_get(ls, "listen")));
	if (sum->job)
		json_object_set_new(out, "job", json_string_nocheck(sum->job));
	str_release(&why);
	return out;
}

json_t *rows_apps_new(const struct facts *facts, struct jobs *jobs)
{
	const json_t *ls = facts->fact[FACT_APPS].value, *apps = json_object_get(ls, "apps");
	json_t *out = json_array();
	struct sums sums = {.count = json_array_size(apps), .index = json_object()};

	sums.items = xcalloc(sums.count + 1, sizeof *sums.items);
	for (size_t i = 0; i < sums.count; i++)
		json_object_set_new_nocheck(sums.index, row_text(json_array_get(apps, i), "name"),
					    json_integer((json_int_t)i));
	add_plan(&sums, facts->fact[FACT_PLAN].value, ls);
	add_containers(&sums, apps, facts->fact[FACT_PS].value);
	add_jobs(&sums, jobs);
	for (size_t i = 0; i < sums.count; i++)
		json_array_append_new(out,
				      app_row_new(facts, json_array_get(apps, i), &sums.items[i]));
	free(sums.items);
	json_decref(sums.index);
	return out;
}
