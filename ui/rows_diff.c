/*
 * The plan as lines of the Diff tab: what would change in Caddy and in Docker and why, what is
 * wrong with the files, and how old all this is.
 */
#include "ui/rows.h"

#include <string.h>

#include "kata/deploy.h"
#include "kata/json.h"
#include "kata/loop.h"
#include "kata/memory.h"
#include "ui/pane.h"

/* Values up to BRIEF bytes stand behind their path; longer ones below it, folded when they have
 * more than OPEN_LINES lines. */
enum { BRIEF = 72, OPEN_LINES = 30 };

static const struct {
	const char *sign;
	enum role role;
} signs[] = {
	[SIGN_NONE] = {"  ", ROLE_dim},
	[SIGN_ADD] = {"+ ", ROLE_add},
	[SIGN_CHANGE] = {"~ ", ROLE_change},
	[SIGN_REMOVE] = {"- ", ROLE_remove},
};

struct diff {
	struct pane *pane;
	const char *app; /* NULL: all */
	const char *owner;
	json_t *by_server;
	size_t shown;	  /* changes and steps */
	size_t unknown;	  /* sources that could not be compared */
	size_t errors;	  /* in files */
	const char *said; /* the last error, which many apps may share */
};

__attribute__((format(printf, 3, 4))) static struct line *say(struct diff *diff, enum role role,
							      const char *fmt, ...)
{
	struct str text = STR_INIT;
	struct line *line;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	line = pane_add(diff->pane, role, text.p, text.len);
	str_release(&text);
	return line;
}

static void append(struct diff *diff, struct line *line, enum role role, const char *text)
{
	pane_append(diff->pane, line, role, text, strlen(text));
}

static bool text_is(const json_t *object, const char *member, const char *text)
{
	return !strcmp(row_text(object, member), text);
}

/* --- values --- */

static bool is_brief(const json_t *value)
{
	struct str text = STR_INIT;
	bool brief;

	if (value && !json_is_null(value))
		json_canonical(&text, value);
	brief = text.len <= BRIEF;
	str_release(&text);
	return brief;
}

static void append_value(struct diff *diff, struct line *line, enum role role, const json_t *value)
{
	struct str text = STR_INIT;

	json_canonical(&text, value);
	pane_append(diff->pane, line, role, text.p, text.len);
	str_release(&text);
}

/* Many lines, each with the sign in front. Returns how many. */
static size_t say_value(struct diff *diff, enum sign sign, const json_t *value)
{
	struct str text = STR_INIT;
	size_t lines = 0;

	json_pretty(&text, value);
	for (const char *at = text.p; *at; lines++) {
		size_t len = strcspn(at, "\n");

		say(diff, signs[sign].role, "  %s%.*s", signs[sign].sign, (int)len, at)->depth = 1;
		at += len + (at[len] == '\n');
	}
	str_release(&text);
	return lines;
}

/* --- changes of Caddy --- */

/* Where it is in the app's own block; else in the servers, without the app's own server's name. */
static const char *shown_path(const struct diff *diff, const json_t *change)
{
	const char *path = change_path(change), *app = row_text(change, "app");
	const char *own = json_member_text(change, "block_path");
	size_t len = strlen(app);

	if (own && *own)
		return own;
	return diff->app && !strcmp(diff->app, app) && !strncmp(path, app, len) && path[len] == '/'
		       ? path + len + 1
		       : path;
}

/* "server on :443", where a whole one comes or goes. */
static void append_server(struct diff *diff, struct line *line, enum role role,
			  const json_t *change)
{
	const json_t *before = json_object_get(change, "before");
	const json_t *server = json_is_object(before) ? before : json_object_get(change, "after");
	json_t *listen = joined_new(json_object_get(server, "listen"));

	append(diff, line, role, "  server on ");
	append(diff, line, role, json_string_value(listen));
	json_decref(listen);
}

/* Behind the path: "old  ->  new". */
static void append_values(struct diff *diff, struct line *line, enum sign sign,
			  const json_t *before, const json_t *after)
{
	append(diff, line, ROLE_text, "  ");
	if (sign != SIGN_ADD)
		append_value(diff, line, ROLE_remove, before);
	if (sign == SIGN_CHANGE)
		append(diff, line, ROLE_dim, "  ->  ");
	if (sign != SIGN_REMOVE)
		append_value(diff, line, ROLE_add, after);
}

/* Below it; many lines are folded at first. */
static void say_values(struct diff *diff, enum sign sign, const json_t *before, const json_t *after)
{
	size_t lines = 0;

	if (sign != SIGN_ADD)
		lines += say_value(diff, SIGN_REMOVE, before);
	if (sign != SIGN_REMOVE)
		lines += say_value(diff, SIGN_ADD, after);
	if (lines > OPEN_LINES && pane_count(diff->pane) > lines)
		pane_line(diff->pane, pane_count(diff->pane) - lines - 1)->folded = true;
}

static void say_change(struct diff *diff, const json_t *change)
{
	const json_t *before = json_object_get(change, "before");
	const json_t *after = json_object_get(change, "after");
	enum sign sign = change_sign(change);
	struct line *line = say(diff, signs[sign].role, "%s", signs[sign].sign);
	bool whole = false;

	if (!diff->app) {
		append(diff, line, ROLE_title, row_text(change, "app"));
		whole = !strcmp(change_path(change), row_text(change, "app"));
	}
	/* Its name is the app's. */
	if (!whole) {
		append(diff, line, ROLE_text, diff->app ? "" : "  ");
		append(diff, line, ROLE_text, shown_path(diff, change));
	}
	if (!strchr(change_path(change), '/') && sign != SIGN_CHANGE)
		append_server(diff, line, signs[sign].role, change);
	if (is_brief(before) && is_brief(after))
		append_values(diff, line, sign, before, after);
	else
		say_values(diff, sign, before, after);
}

static bool concerns(const struct diff *diff, const json_t *change)
{
	json_t *apps = change_apps_new(change, diff->owner, diff->by_server);
	bool yes = !diff->app || json_object_get(apps, diff->app);

	json_decref(apps);
	return yes;
}

/* The request that the changes of one Caddy become. */
static void say_request(struct diff *diff, const json_t *caddy, size_t shown)
{
	const json_t *request = json_object_member(caddy, "request", JSON_OBJECT);
	size_t others = json_array_size(json_object_get(caddy, "changes")) - shown;
	struct line *line;

	if (!request || !shown)
		return;
	line = say(diff, ROLE_dim, "  %s %s", row_text(request, "method"),
		   row_text(request, "path"));
	append(diff, line, ROLE_dim, "  at ");
	append(diff, line, ROLE_dim, row_text(caddy, "endpoint"));
	if (others) {
		struct str text = STR_INIT;

		str_addf(&text, ", with %zu change%s of other apps", others,
			 others == 1 ? "" : "s");
		append(diff, line, ROLE_dim, text.p);
		str_release(&text);
	}
}

/* Why something could not be compared. */
static void say_error(struct diff *diff, const char *what, const json_t *error)
{
	const char *message = row_text(error, "message");

	diff->unknown++;
	if (diff->said && !strcmp(diff->said, message))
		return;
	diff->said = message;
	say(diff, ROLE_bad, "%s: %s", what, message);
	if (*row_text(error, "hint"))
		say(diff, ROLE_dim, "  hint: %s", row_text(error, "hint"));
}

static void say_caddy(struct diff *diff, const json_t *caddy)
{
	const json_t *error = json_object_member(caddy, "error", JSON_OBJECT), *change;
	size_t i, shown = 0;

	json_array_foreach(json_object_get(caddy, "changes"), i, change) {
		if (!concerns(diff, change))
			continue;
		say_change(diff, change);
		shown++;
	}
	say_request(diff, caddy, shown);
	diff->shown += shown;
	if (error)
		say_error(diff, row_text(caddy, "endpoint"), error);
}

/* --- steps of containers --- */

static const char *step_words(const char *op)
{
	static const struct {
		const char *op, *words;
	} words[] = {
#define X(id, name, text) {name, text},
		STEP_OPS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i].op, op))
			return words[i].words;
	return op;
}

static struct line *say_step(struct diff *diff, const char *app, const json_t *step, enum sign sign)
{
	bool anew = sign == SIGN_CHANGE && text_is(step, "op", "create");
	struct line *line = say(diff, signs[sign].role, "%s", signs[sign].sign);
	enum role role = sign == SIGN_NONE ? ROLE_dim : ROLE_text;
	const char *target = row_text(step, "target"), *name = json_member_text(step, "name");

	if (!diff->app) {
		append(diff, line, sign == SIGN_NONE ? ROLE_dim : ROLE_title, app);
		append(diff, line, ROLE_text, "  ");
	}
	append(diff, line, role, anew ? "recreate container" : step_words(row_text(step, "op")));
	if (text_is(step, "op", "routes")) {
		append(diff, line, role, " of Caddy follow");
		return line;
	}
	append(diff, line, role, " ");
	append(diff, line, role, name && !text_is(step, "op", "rename") ? name : target);
	if (*row_text(step, "why")) {
		append(diff, line, ROLE_dim, "  (");
		append(diff, line, ROLE_dim, row_text(step, "why"));
		append(diff, line, ROLE_dim, ")");
	}
	return line;
}

/* Waiting and what makes place is folded below the step before it. */
static void say_steps(struct diff *diff, const char *app, const json_t *steps)
{
	const json_t *step, *next;
	bool below = false;
	size_t i;

	json_array_foreach((json_t *)steps, i, step) {
		enum sign sign = step_sign(step);
		struct line *line = say_step(diff, app, step, sign);

		if (sign == SIGN_NONE) {
			line->depth = below;
			continue;
		}
		diff->shown++;
		below = true;
		next = json_array_get(steps, i + 1);
		line->folded = next && step_sign(next) == SIGN_NONE;
	}
}

static void say_model(struct diff *diff, const json_t *model)
{
	const json_t *error = json_object_member(model, "error", JSON_OBJECT);
	const char *app = row_text(model, "app");

	if (diff->app && strcmp(diff->app, app) != 0)
		return;
	say_steps(diff, app, json_object_get(model, "steps"));
	if (error)
		say_error(diff, app, error);
}

/* --- problems --- */

static void say_problem(struct diff *diff, const json_t *problem)
{
	bool error = text_is(problem, "severity", "error");
	bool note = text_is(problem, "severity", "note");
	struct str where = STR_INIT;
	struct line *line;

	if (diff->app && !text_is(problem, "app", diff->app))
		return;
	diff->errors += error;
	str_add(&where, row_text(problem, *row_text(problem, "file") ? "file" : "app"));
	if (row_number(problem, "line"))
		str_addf(&where, ":%d", (int)row_number(problem, "line"));
	if (row_number(problem, "column"))
		str_addf(&where, ":%d", (int)row_number(problem, "column"));
	line = say(diff, error ? ROLE_bad : note ? ROLE_dim : ROLE_drift, "%s: ", where.p);
	str_release(&where);
	if (*row_text(problem, "path")) {
		append(diff, line, ROLE_dim, row_text(problem, "path"));
		append(diff, line, ROLE_dim, ": ");
	}
	append(diff, line, note ? ROLE_dim : ROLE_text, row_text(problem, "message"));
	if (*row_text(problem, "hint"))
		say(diff, ROLE_dim, "  hint: %s", row_text(problem, "hint"));
}

static void say_problems(struct diff *diff, const json_t *problems)
{
	const json_t *problem;
	size_t i;

	json_array_foreach((json_t *)problems, i, problem)
		say_problem(diff, problem);
}

/* --- all of it --- */

static void say_age(struct diff *diff, const struct fact *fact)
{
	int64_t seconds = (loop_now_ms() - fact->good_ms) / 1000;
	bool minutes = seconds >= 120;

	say(diff, ROLE_bad, "No plan could be made: %s", fact->error.msg);
	if (*fact->error.hint)
		say(diff, ROLE_dim, "  hint: %s", fact->error.hint);
	if (fact->value)
		say(diff, ROLE_drift, "This is the last one, %lld %s old:",
		    (long long)(minutes ? seconds / 60 : seconds), minutes ? "minutes" : "s");
}

static void say_plan(struct diff *diff, const json_t *plan)
{
	const json_t *item;
	size_t i, before = pane_count(diff->pane);

	say_problems(diff, json_object_get(plan, "problems"));
	json_array_foreach(json_object_get(plan, "caddy"), i, item)
		say_problems(diff, json_object_get(item, "problems"));
	if (pane_count(diff->pane) > before)
		say(diff, ROLE_text, "%s", "");
	json_array_foreach(json_object_get(plan, "containers"), i, item)
		say_model(diff, item);
	json_array_foreach(json_object_get(plan, "caddy"), i, item)
		say_caddy(diff, item);
	if (diff->shown)
		return;
	if (diff->unknown)
		say(diff, ROLE_drift, "What differs is not known.");
	else
		say(diff, ROLE_dim, "Nothing to do%s%s%s.", diff->app ? " for " : "",
		    diff->app ? diff->app : "", diff->errors ? " until that is mended" : "");
}

void facts_diff(const struct facts *facts, const char *app, struct pane *pane)
{
	const struct fact *fact = &facts->fact[FACT_PLAN];
	struct diff diff = {.pane = pane,
			    .app = app,
			    .owner = row_text(fact->value, "owner"),
			    .by_server = apps_by_server_new(facts->fact[FACT_APPS].value)};

	if (fact->failed)
		say_age(&diff, fact);
	else if (!fact->value)
		say(&diff, ROLE_dim, "Reading what differs ...");
	if (fact->value)
		say_plan(&diff, fact->value);
	json_decref(diff.by_server);
}
