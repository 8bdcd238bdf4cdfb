/*
 * Every action that a key or the palette can name: one row each. What changes anything is a public
 * command (action_commands.c); the rest moves, opens, searches and copies.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/text.h"
#include "ui/ui.h"

static struct pane *open_pane(struct ui *ui)
{
	return &ui->tabs[ui->tab].pane;
}

enum { FAR = 1 << 24 };

/* --- moving --- */

/* Rows that one key moves by; 0: see below. */
static int page(const struct ui *ui)
{
	int rows = ui->place == PLACE_DETAIL ? ui->tabs[ui->tab].pane.height
					     : ui->lists[ui->place].height;

	return rows > 1 ? rows : 2;
}

static void move_by(struct ui *ui, long by)
{
	if (ui->place == PLACE_DETAIL) {
		pane_move(open_pane(ui), by);
		return;
	}
	list_move(&ui->lists[ui->place], (int)by);
	ui_selected(ui);
}

static void act_move(struct ui *ui, const struct action *action)
{
	static const struct {
		const char *name;
		int lines, half_pages;
	} rows[] = {{"up", -1, 0},	 {"down", 1, 0},     {"page-up", 0, -2},
		    {"page-down", 0, 2}, {"half-up", 0, -1}, {"half-down", 0, 1},
		    {"top", -FAR, 0},	 {"bottom", FAR, 0}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, action->name))
			move_by(ui, rows[i].lines + rows[i].half_pages * (page(ui) / 2));
	if (ui->place == PLACE_DETAIL && !strcmp(action->name, "bottom"))
		pane_to(open_pane(ui), true);
}

static void go_to_place(struct ui *ui, enum ui_place place)
{
	ui->place = place;
	if (place < PLACE_TREE)
		ui->list_place = place;
	ui_selected(ui);
}

static void act_sideways(struct ui *ui, const struct action *action)
{
	int by = !strcmp(action->name, "left") ? -1 : 1;

	if (ui->place == PLACE_DETAIL)
		pane_sideways(open_pane(ui), by * 8);
	else if (!ui->tree && (int)ui->list_place + by >= 0 &&
		 (int)ui->list_place + by < PLACE_TREE)
		go_to_place(ui, (enum ui_place)((int)ui->list_place + by));
}

static void act_pane(struct ui *ui, const struct action *action)
{
	static const enum ui_place round[] = {PLACE_APPS, PLACE_SERVERS, PLACE_CONTAINERS,
					      PLACE_DETAIL};
	int by = !strcmp(action->name, "next-pane") ? 1 : 3;

	if (ui->tree || ui->zoomed) {
		ui->place = ui->place == PLACE_DETAIL && !ui->zoomed ? PLACE_TREE : PLACE_DETAIL;
		return;
	}
	for (int i = 0; i < 4; i++)
		if (round[i] == ui->place) {
			go_to_place(ui, round[(i + by) % 4]);
			return;
		}
}

static void act_open(struct ui *ui, const struct action *action)
{
	(void)action;
	if (ui->place == PLACE_DETAIL)
		pane_fold(open_pane(ui));
	else
		ui->place = PLACE_DETAIL;
}

/* One thing at a time: zoom, place, filter, marks. */
static void act_back(struct ui *ui, const struct action *action)
{
	struct list *list = ui_list(ui);
	struct pane *pane = open_pane(ui);

	(void)action;
	if (ui->place == PLACE_DETAIL && pane->search) {
		pane_search(pane, NULL);
	} else if (ui->place == PLACE_DETAIL && pane->filter) {
		pane_filter(pane, NULL);
	} else if (ui->zoomed) {
		ui->zoomed = false;
	} else if (ui->place == PLACE_DETAIL) {
		ui->place = ui->tree ? PLACE_TREE : ui->list_place;
	} else if (list->filter) {
		list_filter(list, NULL);
		ui_selected(ui);
	} else if (json_object_size(list->marks)) {
		json_object_clear(list->marks);
	}
}

/* --- tabs and layout --- */

static void act_tab(struct ui *ui, const struct action *action)
{
	const char *which = action->name + strlen("tab-");
	uint64_t number;
	int to = (int)ui->tab;

	if (!strcmp(which, "next"))
		to = (to + 1) % TAB_COUNT;
	else if (!strcmp(which, "previous"))
		to = (to + TAB_COUNT - 1) % TAB_COUNT;
	else if (text_u64(which, 1, TAB_COUNT, &number))
		to = (int)number - 1;
	ui_open_tab(ui, (enum tab_id)to);
}

static void act_logs(struct ui *ui, const struct action *action)
{
	(void)action;
	ui_open_tab(ui, TAB_LOGS);
	ui->place = PLACE_DETAIL;
}

static void act_zoom(struct ui *ui, const struct action *action)
{
	ui->zoomed = !strcmp(action->name, "zoom-in");
	if (ui->zoomed)
		ui->place = PLACE_DETAIL;
}

static void act_tree(struct ui *ui, const struct action *action)
{
	(void)action;
	ui->tree = !ui->tree;
	if (ui->place != PLACE_DETAIL)
		ui->place = ui->tree ? PLACE_TREE : ui->list_place;
	ui_keep_app(ui);
}

/* --- searching and filtering --- */

static void ask_line(struct ui *ui, enum input input, const char *label, const char *text)
{
	ui->input = input;
	prompt_init(&ui->prompt, label, text ? text : "");
	ui->prompt.history = ui->history[input];
	if (input == INPUT_PALETTE) {
		ui->prompt.complete = palette_complete;
		ui->prompt.complete_arg = ui;
	}
}

static void act_input(struct ui *ui, const struct action *action)
{
	if (!strcmp(action->name, "palette"))
		ask_line(ui, INPUT_PALETTE, ":", NULL);
	else if (!strcmp(action->name, "filter-lines"))
		ask_line(ui, INPUT_LINES, "&", open_pane(ui)->filter);
	else if (ui->place == PLACE_DETAIL)
		ask_line(ui, INPUT_SEARCH, "/", NULL);
	else
		ask_line(ui, INPUT_FILTER, "/", ui_list(ui)->filter);
}

static void act_next_match(struct ui *ui, const struct action *action)
{
	struct pane *pane = open_pane(ui);
	bool up = !strcmp(action->name, "search-previous");

	if (!pane->search)
		ui_say(ui, ROLE_dim, "nothing was searched for yet; / begins");
	else if (!pane_search_next(pane, up))
		ui_say(ui, ROLE_drift, "nothing found: %s", pane->search);
}

/* --- marks and sorting --- */

static void act_mark(struct ui *ui, const struct action *action)
{
	if (ui->place == PLACE_DETAIL)
		return;
	if (!strcmp(action->name, "mark-all"))
		list_mark_all(ui_list(ui));
	else
		list_mark(ui_list(ui));
	ui_selected(ui);
}

static void act_sort(struct ui *ui, const struct action *action)
{
	struct list *list = ui_list(ui);
	int by = !strcmp(action->name, "sort-next") ? 1 : -1;
	int count = (int)list->column_count + 1; /* and as given */

	if (ui->tree) {
		ui_say(ui, ROLE_dim, "a tree has its own order");
		return;
	}
	if (!strcmp(action->name, "sort-reverse"))
		list_sort(list, list->sort, !list->reverse);
	else
		list_sort(list, (list->sort + 1 + by + count) % count - 1, list->reverse);
	if (list->sort >= 0)
		ui_say(ui, ROLE_dim, "sorted by %s%s", list->columns[list->sort].name,
		       list->reverse ? ", reversed" : "");
	else
		ui_say(ui, ROLE_dim, "not sorted");
	ui_selected(ui);
}

/* --- the detail --- */

/* The selected branch, or the one that holds the selected container. */
static void fold_branch(struct ui *ui)
{
	const json_t *row = list_selected(&ui->lists[PLACE_TREE]);
	const char *key = json_member_text(row, "key"), *kind = json_member_text(row, "kind");
	const char *app = json_member_text(row, "app"), *service = json_member_text(row, "service");

	if (kind && !strcmp(kind, "container") && app && service)
		key = arena_printf(ui->frame, "%s/%s", app, service);
	if (key && json_object_get(ui->shut, key))
		json_object_del(ui->shut, key);
	else if (key)
		json_object_set_new(ui->shut, key, json_true());
}

static void fold_branches(struct ui *ui)
{
	bool open = json_object_size(ui->shut) > 0;
	json_t *row;
	size_t i;

	json_object_clear(ui->shut);
	json_array_foreach(ui->lists[PLACE_APPS].rows, i, row)
		if (!open)
			json_object_set_new(ui->shut, json_member_text(row, "name"), json_true());
}

static void act_fold(struct ui *ui, const struct action *action)
{
	if (ui->place == PLACE_TREE) {
		if (!strcmp(action->name, "fold-all"))
			fold_branches(ui);
		else
			fold_branch(ui);
		ui_keep_app(ui);
	} else if (!strcmp(action->name, "fold-all")) {
		bool shut = false;

		for (size_t i = 0; i < pane_count(open_pane(ui)) && !shut; i++)
			shut = pane_line(open_pane(ui), i)->folded;
		pane_fold_all(open_pane(ui), !shut);
	} else {
		pane_fold(open_pane(ui));
	}
}

static void act_wrap(struct ui *ui, const struct action *action)
{
	(void)action;
	open_pane(ui)->wrap = !open_pane(ui)->wrap;
	open_pane(ui)->left = 0;
}

static void act_follow(struct ui *ui, const struct action *action)
{
	(void)action;
	open_pane(ui)->follow = !open_pane(ui)->follow;
	if (open_pane(ui)->follow)
		pane_to(open_pane(ui), true);
}

static void act_times(struct ui *ui, const struct action *action)
{
	struct tab *tab = &ui->tabs[TAB_LOGS];

	(void)action;
	tab->times = !tab->times;
	tab->loaded = false;
	if (ui->tab == TAB_LOGS)
		ui_load_tab(ui, false);
}

static void act_previous(struct ui *ui, const struct action *action)
{
	struct tab *tab = &ui->tabs[TAB_LOGS];

	(void)action;
	tab->previous = !tab->previous;
	tab->loaded = false;
	ui_say(ui, ROLE_dim, tab->previous ? "logs of what ran before" : "logs of what runs now");
	if (ui->tab == TAB_LOGS)
		ui_load_tab(ui, false);
}

static void save_done(void *arg, bool ok, const char *text)
{
	struct ui *ui = arg;
	struct str all = STR_INIT;
	struct kata_error e;

	if (!ok || !*text)
		return;
	if (access(text, F_OK) == 0) {
		ui_say(ui, ROLE_drift, "%s is there already: nothing was saved", text);
		return;
	}
	pane_copy(open_pane(ui), true, &all);
	if (file_write(text, all.p, all.len, 0600, NULL, &e))
		ui_say(ui, ROLE_good, "saved %s", text);
	else
		ui_error(ui, &e);
	str_release(&all);
}

static void act_save(struct ui *ui, const struct action *action)
{
	const char *name =
		arena_printf(ui->frame, "%s.log", ui->subject.app ? ui->subject.app : "kata");

	(void)action;
	ui->dialog = dialog_input("Save what is shown", "file", name, save_done, ui);
}

static void act_copy(struct ui *ui, const struct action *action)
{
	struct str text = STR_INIT;

	(void)action;
	if (ui->place == PLACE_DETAIL)
		pane_copy(open_pane(ui), false, &text);
	else if (list_selected_key(ui_list(ui)))
		str_add(&text, list_selected_key(ui_list(ui)));
	if (!text.len)
		ui_say(ui, ROLE_dim, "there is nothing to copy");
	else if (ui->term && !term_copy(ui->term, text.p, text.len))
		ui_say(ui, ROLE_drift, "too much for the terminal's clipboard, or it has none");
	else
		ui_say(ui, ROLE_good, "sent %zu bytes to the terminal's clipboard", text.len);
	str_release(&text);
}

/* --- the screen --- */

static void act_help(struct ui *ui, const struct action *action)
{
	(void)action;
	ui_help(ui);
}

static void act_errors(struct ui *ui, const struct action *action)
{
	(void)action;
	ui_errors(ui);
}

static void act_mouse(struct ui *ui, const struct action *action)
{
	(void)action;
	ui->mouse = !ui->mouse;
	if (ui->term)
		term_mouse(ui->term, ui->mouse);
	ui_say(ui, ROLE_dim, ui->mouse ? "mouse on" : "mouse off");
}

static void theme_look_at(void *arg, const char *name)
{
	ui_set_theme(arg, name);
}

static void theme_done(void *arg, bool ok, const char *name)
{
	struct ui *ui = arg;

	if (ok && ui_set_theme(ui, name))
		ui_say(ui, ROLE_good, "theme %s; `theme: %s` in config.yaml keeps it", name, name);
	else
		ui->theme = ui->theme_was;
}

static void act_theme(struct ui *ui, const struct action *action)
{
	json_t *names = ui_themes_new(ui), *items = json_array(), *name;
	size_t i;

	(void)action;
	json_array_foreach(names, i, name)
		json_array_append_new(items, json_pack("{s:O}", "text", name));
	ui->theme_was = ui->theme;
	ui->dialog = dialog_menu("Theme", items, ui->theme.name, theme_look_at, theme_done, ui);
	json_decref(items);
	json_decref(names);
}

static void act_redraw(struct ui *ui, const struct action *action)
{
	(void)action;
	if (ui->term)
		term_forget(ui->term);
}

static void act_refresh(struct ui *ui, const struct action *action)
{
	(void)action;
	facts_poke(&ui->facts, (1 << FACT_COUNT) - 1);
	live_caddy_soon(ui->live);
	for (int i = 0; i < TAB_COUNT; i++)
		ui->tabs[i].loaded = false;
	ui_load_tab(ui, false);
}

static void act_suspend(struct ui *ui, const struct action *action)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, ours;

	(void)action;
	if (!ui->term)
		return;
	term_suspend(ui->term);
	sigaction(SIGTSTP, &usual, &ours);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
	term_resume(ui->term);
}

static void quit_done(void *arg, bool ok, const char *text)
{
	struct ui *ui = arg;

	(void)text;
	ui->quit = ui->quit || ok;
}

static void act_quit(struct ui *ui, const struct action *action)
{
	size_t running = jobs_running(ui->jobs);
	json_t *lines;

	(void)action;
	if (!running) {
		ui->quit = true;
		return;
	}
	lines = json_pack("[o,s]",
			  json_sprintf("%zu command%s not ended yet.", running,
				       running == 1 ? " has" : "s have"),
			  "Without the screen, what runs and changes something goes on to its end; "
			  "what waits does not begin.");
	ui->dialog = dialog_confirm("Quit", lines, NULL, quit_done, ui);
	json_decref(lines);
}

/* --- the table --- */

#define CHANGES ACTION_CHANGES
#define APPS	ACTION_APPS
#define DANGER	ACTION_DANGER
#define MOVE(name, help)                                                                           \
	{                                                                                          \
		name, help, 0, act_move, NULL, NULL, NULL                                          \
	}

const struct action action_table[] = {
	{"adopt", "take Caddy's live block into kata-compose.yaml", CHANGES | APPS | ACTION_ONE,
	 act_command, "adopt", "The caddy: block in the file becomes what Caddy runs now.", NULL},
	{"apply", "make Docker and Caddy agree with these apps", CHANGES | APPS, act_command,
	 "--apply", "The changes of the Diff tab are made.", NULL},
	{"apply-all", "the same for all apps", CHANGES, act_apply_all, NULL, NULL, NULL},
	{"back", "one step back", 0, act_back, NULL, NULL, NULL},
	MOVE("bottom", "to the end"),
	{"cancel", "end the running command", 0, act_cancel, NULL, NULL, NULL},
	{"copy", "copy to the terminal's clipboard", 0, act_copy, NULL, NULL, NULL},
	{"copy-command", "show and copy the command line of an action", 0, act_copy_command, NULL,
	 NULL, NULL},
	{"deploy", "bring up containers, then routes", CHANGES | APPS, act_command, "deploy",
	 "Images are built or pulled as needed, changed containers replaced, then the routes.",
	 NULL},
	MOVE("down", "down"),
	{"edit", "edit kata-compose.yaml", CHANGES | APPS, act_edit, NULL, NULL, NULL},
	{"errors", "what went wrong so far", 0, act_errors, NULL, NULL, NULL},
	{"filter", "show only rows with these words", 0, act_input, NULL, NULL, NULL},
	{"filter-lines", "show only lines with these words (!word: without)", 0, act_input, NULL,
	 NULL, NULL},
	{"fold", "open or close", 0, act_fold, NULL, NULL, NULL},
	{"fold-all", "open or close all", 0, act_fold, NULL, NULL, NULL},
	{"follow", "stay at the end", 0, act_follow, NULL, NULL, NULL},
	MOVE("half-down", "half a page down"),
	MOVE("half-up", "half a page up"),
	{"help", "these keys", 0, act_help, NULL, NULL, NULL},
	{"left", "to the left", 0, act_sideways, NULL, NULL, NULL},
	{"logs", "logs of the selected app", 0, act_logs, NULL, NULL, NULL},
	{"mark", "mark the row", 0, act_mark, NULL, NULL, NULL},
	{"mark-all", "mark all rows, or none", 0, act_mark, NULL, NULL, NULL},
	{"mode", "switch between Compose and Swarm", CHANGES | APPS, act_mode, NULL, NULL, NULL},
	{"mouse", "mouse on or off", 0, act_mouse, NULL, NULL, NULL},
	{"next-pane", "to the next pane", 0, act_pane, NULL, NULL, NULL},
	{"open", "look closer", 0, act_open, NULL, NULL, NULL},
	MOVE("page-down", "a page down"),
	MOVE("page-up", "a page up"),
	{"palette", "type a command", 0, act_input, NULL, NULL, NULL},
	{"previous-instance", "logs of the instance before", 0, act_previous, NULL, NULL, NULL},
	{"previous-pane", "to the pane before", 0, act_pane, NULL, NULL, NULL},
	{"quit", "leave", 0, act_quit, NULL, NULL, NULL},
	{"redraw", "draw the screen anew", 0, act_redraw, NULL, NULL, NULL},
	{"refresh", "read everything anew", 0, act_refresh, NULL, NULL, NULL},
	{"remove", "remove the app", CHANGES | APPS | DANGER, act_remove, "rm", NULL, NULL},
	{"restart", "restart the containers, one after the other", CHANGES | APPS | ACTION_SERVICES,
	 act_command, "restart", "The containers are restarted one after the other.", NULL},
	{"right", "to the right", 0, act_sideways, NULL, NULL, NULL},
	{"save", "save what is shown to a file", 0, act_save, NULL, NULL, NULL},
	{"scale", "set how many containers a service has", CHANGES | APPS, act_scale, NULL, NULL,
	 NULL},
	{"search", "search", 0, act_input, NULL, NULL, NULL},
	{"search-next", "the next match", 0, act_next_match, NULL, NULL, NULL},
	{"search-previous", "the match before", 0, act_next_match, NULL, NULL, NULL},
	{"shell", "a shell in the container", CHANGES | APPS, act_shell, NULL, NULL, NULL},
	{"sort-next", "sort by the next column", 0, act_sort, NULL, NULL, NULL},
	{"sort-previous", "sort by the column before", 0, act_sort, NULL, NULL, NULL},
	{"sort-reverse", "the other way round", 0, act_sort, NULL, NULL, NULL},
	{"start", "start what stop has stopped", CHANGES | APPS | ACTION_SERVICES, act_command,
	 "start", "Its containers are started.", NULL},
	{"stop", "stop the containers; they stay stopped",
	 CHANGES | APPS | DANGER | ACTION_SERVICES, act_command, "stop",
	 "Its containers are stopped, and stay so until start or deploy.",
	 "nobody is served meanwhile"},
	{"suspend", "to the background (fg comes back)", 0, act_suspend, NULL, NULL, NULL},
	{"tab-1", "Diff", 0, act_tab, NULL, NULL, NULL},
	{"tab-2", "Caddy JSON", 0, act_tab, NULL, NULL, NULL},
	{"tab-3", "Stack", 0, act_tab, NULL, NULL, NULL},
	{"tab-4", "Docker", 0, act_tab, NULL, NULL, NULL},
	{"tab-5", "Logs", 0, act_tab, NULL, NULL, NULL},
	{"tab-6", "Env", 0, act_tab, NULL, NULL, NULL},
	{"tab-7", "Activity", 0, act_tab, NULL, NULL, NULL},
	{"tab-8", "Events", 0, act_tab, NULL, NULL, NULL},
	{"tab-9", "System", 0, act_tab, NULL, NULL, NULL},
	{"tab-next", "the next tab", 0, act_tab, NULL, NULL, NULL},
	{"tab-previous", "the tab before", 0, act_tab, NULL, NULL, NULL},
	{"theme", "choose a theme", 0, act_theme, NULL, NULL, NULL},
	{"timestamps", "time stamps on or off", 0, act_times, NULL, NULL, NULL},
	MOVE("top", "to the beginning"),
	{"tree", "apps, services, containers as a tree", 0, act_tree, NULL, NULL, NULL},
	MOVE("up", "up"),
	{"wrap", "wrap long lines", 0, act_wrap, NULL, NULL, NULL},
	{"zoom-in", "the detail on the whole screen", 0, act_zoom, NULL, NULL, NULL},
	{"zoom-out", "the lists again", 0, act_zoom, NULL, NULL, NULL},
};
const size_t action_count = sizeof action_table / sizeof *action_table;

const struct action *action_find(const char *name)
{
	for (size_t i = 0; i < action_count; i++)
		if (!strcmp(action_table[i].name, name))
			return &action_table[i];
	return NULL;
}

void ui_act(struct ui *ui, const char *name)
{
	const struct action *action = action_find(name);

	if (!action)
		return;
	ui_dirty(ui);
	if (ui->read_only && action->flags & ACTION_CHANGES) {
		ui_say(ui, ROLE_drift, "read-only: %s changes things", name);
		return;
	}
	action->run(ui, action);
}
