/*
 * The tabs of the detail: what each shows, and when that is made anew. Most are the answer of one
 * public command about the selected app.
 */
#include "ui/tabs.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "ui/ui.h"

enum { JSON_DEPTH = 9, SOON_MS = 120, READ_MS = 15000, PANE_BYTES = 8 << 20, LOGS_BYTES = 4 << 20 };

/* --- what is shown when there is nothing to show --- */

static void say_nothing(struct tab *tab, enum role role, const char *text)
{
	pane_clear(&tab->pane);
	pane_add(&tab->pane, role, text, strlen(text));
}

void tab_say(struct ui *ui, struct tab *tab, enum role role, const char *text)
{
	say_nothing(tab, role, text);
	tab->loading = false;
	ui_dirty(ui);
}

/* What a command said instead of an answer. */
void tab_failed(struct ui *ui, struct tab *tab, const struct str *err, const struct kata_error *e)
{
	pane_clear(&tab->pane);
	if (e && e->code != ERROR_NONE)
		pane_add(&tab->pane, ROLE_bad, e->msg, strlen(e->msg));
	if (err && err->len)
		pane_add_text(&tab->pane, ROLE_bad, err->p);
	ui_dirty(ui);
}

/* --- tabs made of one answer --- */

/* The tab whose reader this is: readers are cancelled before a tab gets another. */
static struct tab *tab_of(struct ui *ui, void (*load)(struct ui *ui, struct tab *tab))
{
	for (int i = 0; i < TAB_COUNT; i++)
		if (ui->tabs[i].kind->load == load)
			return &ui->tabs[i];
	return NULL;
}

/* Keeps the place that somebody reads while the text is made anew. */
struct place_kept {
	size_t top, cursor;
	int left;
};

static struct place_kept keep_place(const struct tab *tab)
{
	struct place_kept kept = {tab->pane.top, tab->pane.cursor, tab->pane.left};

	if (!tab->loaded)
		kept = (struct place_kept){0};
	return kept;
}

static void go_back_to(struct tab *tab, struct place_kept kept)
{
	size_t count = pane_count(&tab->pane);

	tab->pane.top = kept.top < count ? kept.top : 0;
	tab->pane.cursor = kept.cursor < count ? kept.cursor : 0;
	tab->pane.left = kept.left;
	tab->loaded = true;
}

static void tab_read(struct ui *ui, struct tab *tab, json_t *args_take, reader_done *done)
{
	reader_cancel(tab->reader);
	if (!tab->loaded)
		pane_clear(&tab->pane); /* it is about another app */
	tab->loading = true;
	tab->reader = reader_start(ui->jobs, args_take, READ_MS, done, ui);
	json_decref(args_take);
}

/* Whether the subject is an app; says what else there is to see. */
static bool needs_app(struct ui *ui, struct tab *tab)
{
	const char *name = ui->subject.server ? strrchr(ui->subject.server, '/') : NULL;

	if (ui->subject.app)
		return true;
	reader_cancel(tab->reader);
	tab->reader = NULL;
	if (name && !name[1]) {
		tab_say(ui, tab, ROLE_bad, "this Caddy does not answer; 9 (System) says why");
		return false;
	}
	tab_say(ui, tab, ROLE_dim,
		ui->subject.server ? "this server belongs to no app of ours: it is left alone"
				   : "select an app");
	return false;
}

/* --- Diff --- */

/* What the list shows as a glyph, in words, where the lines above do not say it. */
static void add_state(struct ui *ui, struct pane *pane)
{
	const json_t *row = ui_app_row(ui, ui->subject.app);
	const char *why = json_member_text(row, "why"), *state = json_member_text(row, "state");
	const json_t *apps = json_object_get(ui->facts.fact[FACT_APPS].value, "apps");

	if (json_is_array(apps) && !json_array_size(apps)) {
		const char *text =
			arena_printf(ui->frame,
				     "No apps yet. The first one: %s/app/NAME/kata-compose.yaml\n"
				     "`kata-tui help compose` tells what stands in it.",
				     ui->screen->root);

		pane_add_text(pane, ROLE_text, text);
	}
	for (size_t i = 0; why && i < pane_count(pane); i++)
		if (strstr(pane_line(pane, i)->text, why))
			return;
	if (why && state && strcmp(state, "unknown") != 0 && !strstr(why, " pending"))
		pane_add(pane, state_role(state), why, strlen(why));
}

static void diff_load(struct ui *ui, struct tab *tab)
{
	struct place_kept kept = keep_place(tab);

	if (!ui->subject.app && ui->subject.server && !needs_app(ui, tab))
		return;
	pane_clear(&tab->pane);
	facts_diff(&ui->facts, ui->subject.app, &tab->pane);
	add_state(ui, &tab->pane);
	go_back_to(tab, kept);
}

/* --- Caddy JSON --- */

static void caddy_load(struct ui *ui, struct tab *tab);

static void caddy_came(void *arg, int status, const struct str *out, const struct str *err,
		       const struct kata_error *e)
{
	struct ui *ui = arg;
	struct tab *tab = tab_of(ui, caddy_load);
	struct place_kept kept = keep_place(tab);
	json_t *value = json_loadb(out->p, out->len, JSON_DECODE_ANY, NULL);

	tab->reader = NULL;
	tab->loading = false;
	pane_clear(&tab->pane);
	if (value)
		pane_add_json(&tab->pane, value, JSON_DEPTH);
	else
		tab_failed(ui, tab, err, e);
	(void)status;
	json_decref(value);
	go_back_to(tab, kept);
	ui_dirty(ui);
}

/* A foreign server is shown, too. */
static void caddy_load(struct ui *ui, struct tab *tab)
{
	const char *name = ui->subject.server ? strrchr(ui->subject.server, '/') : NULL;

	if (!ui->subject.app && name && name[1])
		tab_read(ui, tab,
			 json_pack("[s,s,s,s]", "config:caddy", "--server", name + 1, "--json"),
			 caddy_came);
	else if (needs_app(ui, tab))
		tab_read(ui, tab, json_pack("[s,s,s]", "config:caddy", ui->subject.app, "--json"),
			 caddy_came);
}

/* --- Stack: the file, with its problems below their lines --- */

static void add_problems(struct ui *ui, struct pane *pane, size_t number)
{
	const json_t *problems = json_object_get(ui->facts.fact[FACT_PLAN].value, "problems");
	json_t *problem;
	size_t i;

	json_array_foreach((json_t *)problems, i, problem) {
		const char *app = json_member_text(problem, "app");
		const char *message = json_member_text(problem, "message");
		const char *hint = json_member_text(problem, "hint");
		const char *severity = json_member_text(problem, "severity");
		struct line *line;

		if (!app || !message || strcmp(app, ui->subject.app) != 0 ||
		    (size_t)json_integer_value(json_object_get(problem, "line")) != number)
			continue;
		line = pane_add(pane,
				severity && !strcmp(severity, "error") ? ROLE_bad : ROLE_drift,
				"  ^ ", 4);
		pane_append(pane, line, ROLE_bad, message, strlen(message));
		if (hint) {
			pane_append(pane, line, ROLE_dim, "  hint: ", 8);
			pane_append(pane, line, ROLE_dim, hint, strlen(hint));
		}
	}
}

static void show_yaml(struct ui *ui, struct tab *tab, const struct str *out, bool problems)
{
	size_t number = 0;

	if (!problems) {
		pane_add_yaml(&tab->pane, out->p, out->len);
		return;
	}
	add_problems(ui, &tab->pane, 0);
	/* Line by line: a problem stands below the line that it is about. */
	for (const char *p = out->p; p < out->p + out->len;) {
		const char *end = memchr(p, '\n', (size_t)(out->p + out->len - p));
		size_t len = end ? (size_t)(end - p) : (size_t)(out->p + out->len - p);
		size_t before = pane_count(&tab->pane);

		pane_add_yaml(&tab->pane, p, len);
		number++;
		for (size_t i = before; i < pane_count(&tab->pane); i++)
			pane_line(&tab->pane, i)->number = (int)number;
		add_problems(ui, &tab->pane, number);
		p += len + (end != NULL);
	}
}

static void stack_load(struct ui *ui, struct tab *tab);
static void docker_load(struct ui *ui, struct tab *tab);

static void text_came(struct ui *ui, struct tab *tab, const struct str *out, const struct str *err,
		      const struct kata_error *e)
{
	struct place_kept kept = keep_place(tab);

	tab->reader = NULL;
	tab->loading = false;
	pane_clear(&tab->pane);
	if (out->len)
		show_yaml(ui, tab, out, tab->kind->load == stack_load);
	else
		tab_failed(ui, tab, err, e);
	go_back_to(tab, kept);
	ui_dirty(ui);
}

static void stack_came(void *arg, int status, const struct str *out, const struct str *err,
		       const struct kata_error *e)
{
	(void)status;
	text_came(arg, tab_of(arg, stack_load), out, err, e);
}

static void docker_came(void *arg, int status, const struct str *out, const struct str *err,
			const struct kata_error *e)
{
	(void)status;
	text_came(arg, tab_of(arg, docker_load), out, err, e);
}

static void stack_load(struct ui *ui, struct tab *tab)
{
	if (needs_app(ui, tab))
		tab_read(ui, tab, json_pack("[s,s]", "config:stack", ui->subject.app), stack_came);
}

static void docker_load(struct ui *ui, struct tab *tab)
{
	if (needs_app(ui, tab))
		tab_read(ui, tab, json_pack("[s,s]", "config:docker", ui->subject.app),
			 docker_came);
}

/* --- Env --- */

static void env_load(struct ui *ui, struct tab *tab);

static void add_variable(struct pane *pane, const json_t *variable)
{
	const char *name = json_member_text(variable, "name");
	const char *value = json_member_text(variable, "value");
	const char *layer = json_member_text(variable, "layer");
	struct line *line =
		pane_add(pane, ROLE_json_key, name ? name : "", name ? strlen(name) : 0);
	json_t *below;
	size_t i;

	pane_append(pane, line, ROLE_text, "=", 1);
	if (value)
		pane_append(pane, line,
			    json_is_true(json_object_get(variable, "secret")) ? ROLE_dim
									      : ROLE_json_text,
			    value, strlen(value));
	if (layer) {
		pane_append(pane, line, ROLE_dim, "  ", 2);
		pane_append(pane, line, ROLE_dim, layer, strlen(layer));
	}
	json_array_foreach(json_object_get(variable, "overrides"), i, below) {
		const char *from = json_member_text(below, "layer");
		const char *was = json_member_text(below, "value");

		line = pane_add(pane, ROLE_dim, "    over ", 9);
		pane_append(pane, line, ROLE_dim, from ? from : "", from ? strlen(from) : 0);
		pane_append(pane, line, ROLE_dim, ": ", 2);
		pane_append(pane, line, ROLE_dim, was ? was : "", was ? strlen(was) : 0);
	}
}

static void env_came(void *arg, int status, const struct str *out, const struct str *err,
		     const struct kata_error *e)
{
	struct ui *ui = arg;
	struct tab *tab = tab_of(ui, env_load);
	struct place_kept kept = keep_place(tab);
	json_t *value = json_loadb(out->p, out->len, 0, NULL), *variable;
	size_t i;

	(void)status;
	tab->reader = NULL;
	tab->loading = false;
	pane_clear(&tab->pane);
	json_array_foreach(json_object_get(value, "variables"), i, variable)
		add_variable(&tab->pane, variable);
	if (!value)
		tab_failed(ui, tab, err, e);
	json_decref(value);
	go_back_to(tab, kept);
	ui_dirty(ui);
}

static void env_load(struct ui *ui, struct tab *tab)
{
	if (needs_app(ui, tab))
		tab_read(ui, tab, json_pack("[s,s,s]", "config:env", ui->subject.app, "--json"),
			 env_came);
}

/* --- the table --- */

const struct tab_kind tab_table[TAB_COUNT] = {
	[TAB_DIFF] = {"Diff", "diff", (1 << FACT_COUNT) - 1, true, diff_load, NULL},
	[TAB_CADDY] = {"Caddy JSON", "json", 1 << FACT_STATUS, true, caddy_load, NULL},
	[TAB_STACK] = {"Stack", "text", 1 << FACT_PLAN, true, stack_load, NULL},
	[TAB_DOCKER] = {"Docker", "text", 1 << FACT_PLAN, true, docker_load, NULL},
	[TAB_LOGS] = {"Logs", "logs", 0, true, logs_load, NULL},
	[TAB_ENV] = {"Env", "env", 1 << FACT_PLAN, true, env_load, NULL},
	[TAB_ACTIVITY] = {"Activity", "activity", 0, false, activity_load, NULL},
	[TAB_EVENTS] = {"Events", "events", 0, false, events_load, NULL},
	[TAB_SYSTEM] = {"System", "system", 1 << FACT_STATUS, false, system_load, system_load},
};

void ui_tabs_init(struct ui *ui)
{
	for (int i = 0; i < TAB_COUNT; i++) {
		ui->tabs[i].kind = &tab_table[i];
		pane_init(&ui->tabs[i].pane, i == TAB_LOGS ? LOGS_BYTES : PANE_BYTES);
		ui->tabs[i].services = json_object();
	}
	ui->tabs[TAB_LOGS].pane.follow = true;
	ui->tabs[TAB_EVENTS].pane.follow = true;
	ui->tabs[TAB_STACK].pane.numbers = true;
	/* What they say is sentences. */
	ui->tabs[TAB_DIFF].pane.wrap = true;
	ui->tabs[TAB_ACTIVITY].pane.wrap = true;
	ui->tabs[TAB_SYSTEM].pane.wrap = true;
}

void ui_tabs_release(struct ui *ui)
{
	for (int i = 0; i < TAB_COUNT; i++) {
		reader_cancel(ui->tabs[i].reader);
		logs_end(ui, &ui->tabs[i]);
		loop_timer_cancel(ui->loop, ui->tabs[i].timer);
		pane_release(&ui->tabs[i].pane);
		json_decref(ui->tabs[i].services);
	}
}

static void load_now(void *arg)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[ui->tab];

	tab->timer = 0;
	tab->kind->load(ui, tab);
	ui_dirty(ui);
}

void ui_load_tab(struct ui *ui, bool soon)
{
	struct tab *tab = &ui->tabs[ui->tab];

	loop_timer_cancel(ui->loop, tab->timer);
	tab->timer = 0;
	if (soon)
		tab->timer = loop_timer(ui->loop, SOON_MS, load_now, ui);
	else
		load_now(ui);
}

void ui_open_tab(struct ui *ui, enum tab_id id)
{
	struct tab *old = &ui->tabs[ui->tab];

	if (old->kind->per_app) {
		reader_cancel(old->reader);
		old->reader = NULL;
		old->loading = false;
	}
	loop_timer_cancel(ui->loop, old->timer);
	old->timer = 0;
	ui->tab = id;
	ui_load_tab(ui, false);
}

void ui_fact_changed(void *arg, enum fact_kind kind)
{
	struct ui *ui = arg;

	if (ui->screen->fake && kind == FACT_STATUS)
		live_pretend(ui->live, ui->facts.fact[kind].value, NULL);
	/* Once; it stays in the list of errors. */
	if (ui->facts.fact[kind].failed && ui->facts.fact[kind].failures == 1)
		ui_error(ui, &ui->facts.fact[kind].error);
	ui->rows_stale = true;
	ui_dirty(ui);
	/* Logs that ended begin again when there is something new to listen to. */
	if (ui->tabs[ui->tab].kind->facts & 1U << kind ||
	    (ui->tab == TAB_LOGS && !ui->tabs[TAB_LOGS].reader && kind == FACT_PS &&
	     !ui->facts.fact[FACT_PS].failed))
		ui_load_tab(ui, true);
}
