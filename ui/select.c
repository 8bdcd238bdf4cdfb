/*
 * The lists and what their selection means: rows from the facts, the subject of the detail, what is
 * lit because it belongs together.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kata/json.h"
#include "ui/rows.h"
#include "ui/ui.h"

struct list *ui_list(struct ui *ui)
{
	return &ui->lists[ui->tree ? PLACE_TREE : ui->list_place];
}

void ui_lists_init(struct ui *ui)
{
	static const struct {
		const char *name;
		const struct column_table *table;
	} lists[LISTS] = {
		[PLACE_APPS] = {"apps", &columns_apps},
		[PLACE_SERVERS] = {"servers", &columns_servers},
		[PLACE_CONTAINERS] = {"containers", &columns_containers},
		[PLACE_TREE] = {"tree", &columns_tree},
	};

	ui->column_arg.cells = &ui->cells;
	for (int i = 0; i < LISTS; i++) {
		size_t count;
		const struct column *columns =
			ui_columns(ui, lists[i].name, lists[i].table, &count);

		list_init(&ui->lists[i], columns, count, lists[i].table->key, &ui->column_arg);
	}
}

void ui_rows(struct ui *ui)
{
	json_t *apps = rows_apps_new(&ui->facts, ui->jobs);
	json_t *containers = rows_containers_new(&ui->facts, live_stats(ui->live),
						 ui->clock ? ui->clock : (int64_t)time(NULL));

	ui->rows_stale = false;
	if (ui->tree)
		list_set_take(&ui->lists[PLACE_TREE], rows_tree_new(apps, containers, ui->shut));
	list_set_take(&ui->lists[PLACE_APPS], apps);
	list_set_take(&ui->lists[PLACE_CONTAINERS], containers);
	list_set_take(&ui->lists[PLACE_SERVERS], rows_servers_new(&ui->facts));
	ui_selected(ui);
	ui_dirty(ui);
}

/* --- numbers --- */

/* A service has the sums of its containers, which stand below it: one whose branch is shut keeps
 * those that it had. */
static void refresh_sum(json_t *rows, size_t service, const char *member)
{
	json_t *row = json_array_get(rows, service), *below;
	double sum = 0;
	bool known = false;

	for (size_t i = service + 1; (below = json_array_get(rows, i)); i++) {
		const json_t *value = json_object_get(below, member);

		if (strcmp(row_text(below, "kind"), "container") != 0)
			break;
		known = known || json_is_number(value);
		sum += json_number_value(value);
	}
	if (known)
		json_object_set_new(row, member, json_real(sum));
}

static bool is_sorted_by_number(const struct list *list)
{
	const char *key = list->sort >= 0 ? list->columns[list->sort].sort_key : NULL;

	return key && (!strcmp(key, "cpu") || !strcmp(key, "memory"));
}

void ui_numbers(struct ui *ui)
{
	struct list *list = &ui->lists[ui->tree ? PLACE_TREE : PLACE_CONTAINERS];
	size_t end = list->top + (size_t)list->height;
	int64_t now = ui->clock ? ui->clock : (int64_t)time(NULL);
	bool changed = false;

	for (size_t i = list->top; i < list->shown_count && i < end; i++) {
		json_t *row = json_array_get(list->rows, list->shown[i]);

		if (json_object_get(row, "word"))
			changed = row_refresh(row, live_stats(ui->live), now) || changed;
	}
	if (!changed)
		return;
	ui->rows_stale = ui->rows_stale || is_sorted_by_number(list);
	for (size_t i = list->top; ui->tree && i < list->shown_count && i < end; i++) {
		if (strcmp(row_text(json_array_get(list->rows, list->shown[i]), "kind"),
			   "service") != 0)
			continue;
		refresh_sum(list->rows, list->shown[i], "cpu");
		refresh_sum(list->rows, list->shown[i], "memory");
	}
	ui_dirty(ui);
}

const json_t *ui_app_row(const struct ui *ui, const char *app)
{
	const json_t *rows = ui->lists[PLACE_APPS].rows;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row) {
		const char *name = json_member_text(row, "name");

		if (name && app && !strcmp(name, app))
			return row;
	}
	return NULL;
}

/* --- the subject --- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool set_text(char **to, const char *text)
{
	if (same_text(*to, text))
		return false;
	free(*to);
	*to = text ? xstrdup(text) : NULL;
	return true;
}

/* The member of the selected row that a list has for each part of the subject. */
static const struct {
	const char *app, *service, *server;
} members[LISTS] = {
	[PLACE_APPS] = {"name", NULL, NULL},
	[PLACE_SERVERS] = {"app", NULL, "id"},
	[PLACE_CONTAINERS] = {"app", "service", NULL},
	[PLACE_TREE] = {"app", "service", NULL},
};

static const char *member(const json_t *row, const char *name)
{
	return name ? json_member_text(row, name) : NULL;
}

static enum ui_place place_of_list(const struct ui *ui)
{
	return ui->tree ? PLACE_TREE : ui->list_place;
}

/* Whether it is another one. A service makes a difference to the logs only, a server where there
 * is no app. */
static bool set_subject(struct ui *ui)
{
	enum ui_place place = place_of_list(ui);
	const json_t *row = list_selected(&ui->lists[place]);
	bool app = set_text(&ui->subject.app, member(row, members[place].app));
	bool service = set_text(&ui->subject.service, member(row, members[place].service));
	bool server = set_text(&ui->subject.server, member(row, members[place].server));

	app = app || (server && !ui->subject.app);
	for (int i = 0; i < TAB_COUNT; i++)
		if (ui->tabs[i].kind->per_app && (app || (service && i == TAB_LOGS)))
			ui->tabs[i].loaded = false;
	return app || service;
}

/* In the other lists rows of the same app are lit. */
static void light_related(struct ui *ui)
{
	for (int i = 0; i < LISTS; i++) {
		struct list *list = &ui->lists[i];

		list->related_key = i == PLACE_SERVERS ? "apps" : members[i].app;
		list->related =
			i == (int)place_of_list(ui) || i == PLACE_TREE ? NULL : ui->subject.app;
	}
}

/* A server may be shared by several apps. */
static bool is_about(const json_t *row, const char *name, const char *app)
{
	const json_t *apps = json_object_get(row, "apps"), *item;
	size_t i;

	json_array_foreach((json_t *)apps, i, item)
		if (same_text(json_string_value(item), app))
			return true;
	return same_text(member(row, name), app);
}

/* Selects a row of an app, where there is one and none is selected yet. */
static void select_app(struct ui *ui, enum ui_place place, const char *app)
{
	struct list *list = &ui->lists[place];

	if (is_about(list_selected(list), members[place].app, app))
		return;
	for (size_t i = 0; i < list->shown_count; i++) {
		const json_t *row = json_array_get(list->rows, list->shown[i]);

		if (is_about(row, members[place].app, app)) {
			list_select(list, json_member_text(row, list->key));
			return;
		}
	}
}

/* Others follow with their selection, so that what belongs together is on the screen. */
static void follow_selection(struct ui *ui)
{
	for (int i = 0; ui->subject.app && i < PLACE_TREE; i++)
		if (i != (int)place_of_list(ui))
			select_app(ui, (enum ui_place)i, ui->subject.app);
}

void ui_selected(struct ui *ui)
{
	bool changed = set_subject(ui), loaded = ui->tabs[ui->tab].loaded;

	light_related(ui);
	ui_dirty(ui);
	if (!changed)
		return;
	follow_selection(ui);
	if (!ui->tabs[ui->tab].kind->per_app || loaded)
		return;
	/* What is no longer about the selection is not shown under its name. */
	reader_cancel(ui->tabs[ui->tab].reader);
	ui->tabs[ui->tab].reader = NULL;
	pane_clear(&ui->tabs[ui->tab].pane);
	ui->tabs[ui->tab].loading = ui->tab != TAB_DIFF;
	ui_load_tab(ui, ui->tab != TAB_DIFF);
}

void ui_keep_app(struct ui *ui)
{
	const char *app = ui->subject.app ? arena_strdup(ui->frame, ui->subject.app) : NULL;

	ui_rows(ui);
	if (app)
		select_app(ui, place_of_list(ui), app);
	ui_selected(ui);
}

/* --- what actions are about --- */

static bool has_text(const json_t *texts, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)texts, i, item)
		if (!strcmp(json_string_value(item), text))
			return true;
	return false;
}

static void add_target(json_t *targets, const char *app, const char *service)
{
	json_t *services = json_object_get(targets, app);

	if (!service) {
		json_object_set_new(targets, app, json_null());
		return;
	}
	if (!services) {
		services = json_array();
		json_object_set_new(targets, app, services);
	}
	if (json_is_array(services) && !has_text(services, service))
		json_array_append_new(services, json_string(service));
}

json_t *ui_targets_new(struct ui *ui, bool services)
{
	enum ui_place place = place_of_list(ui);
	const struct list *list = &ui->lists[place];
	bool marks = json_object_size(list->marks) > 0;
	json_t *targets = json_object(), *row;
	size_t i;

	json_array_foreach(list->rows, i, row) {
		const char *app = member(row, members[place].app);

		if (app && (marks ? list_is_marked(list, row) : row == list_selected(list)))
			add_target(targets, app,
				   services ? member(row, members[place].service) : NULL);
	}
	return targets;
}
