/*
 * Actions that change something: each is a public command, run as a child, after a question that
 * says what will happen. The command line of any of them can be copied (Y).
 */
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"
#include "ui/ui.h"

enum { ASKED_LINES = 12 };

void ui_start_job(struct ui *ui, json_t *args_take, json_t *apps_take)
{
	struct job *job = job_start(ui->jobs, args_take, apps_take);
	struct str line = STR_INIT;

	jobs_command_line(ui->jobs, args_take, &line);
	if (!job->ended_ms) /* else it could not be started, and that was said */
		ui_say(ui, ROLE_busy, "%s%s", job->began_ms ? "" : "waiting: ", line.p);
	str_release(&line);
	json_decref(args_take);
	json_decref(apps_take);
	ui->rows_stale = true;
}

/* --- what commands are about --- */

/* "shop, blog/web, blog/db" */
static const char *names_of(struct ui *ui, const json_t *targets)
{
	struct str text = STR_INIT;
	const char *app, *copy;
	json_t *services, *service;
	size_t i;

	json_object_foreach((json_t *)targets, app, services) {
		if (!json_is_array(services))
			str_addf(&text, "%s%s", text.len ? ", " : "", app);
		json_array_foreach(services, i, service)
			str_addf(&text, "%s%s/%s", text.len ? ", " : "", app,
				 json_string_value(service));
	}
	copy = arena_strndup(ui->frame, text.p, text.len);
	str_release(&text);
	return copy;
}

static void add_command(json_t *commands, json_t *args_take, json_t *apps_take)
{
	json_array_append_new(commands,
			      json_pack("{s:o,s:o}", "args", args_take, "apps", apps_take));
}

/* The commands of an action: one for all apps, or one for each. */
static json_t *commands_new(const struct action *action, const json_t *targets)
{
	bool each = action->flags & (ACTION_SERVICES | ACTION_ONE);
	json_t *commands = json_array(), *services, *args = NULL, *apps = NULL;
	const char *app;

	json_object_foreach((json_t *)targets, app, services) {
		if (!args || each) {
			args = json_pack("[s]", action->command);
			apps = json_array();
			add_command(commands, args, apps);
		}
		json_array_append_new(args, json_string(app));
		json_array_append_new(apps, json_string(app));
		json_array_extend(args, services);
	}
	return commands;
}

/* The one app (and service, where one is asked for) that an action is about; says so when it is
 * none or several. */
static bool one_target(struct ui *ui, const char **app, const char **service)
{
	json_t *targets = ui_targets_new(ui, service != NULL);
	json_t *services = json_object_iter_value(json_object_iter(targets));
	size_t count = json_object_size(targets);
	bool ok = count == 1 && (!service || json_array_size(services) == 1);

	if (!count)
		ui_say(ui, ROLE_drift, "select an app first");
	else if (count > 1 || json_array_size(services) > 1)
		ui_say(ui, ROLE_drift, "one at a time: esc takes the marks away");
	else if (!ok)
		ui_say(ui, ROLE_drift, "select a container of the service first");
	if (ok)
		*app = arena_strdup(ui->frame, json_object_iter_key(json_object_iter(targets)));
	if (ok && service)
		*service = arena_strdup(ui->frame, json_string_value(json_array_get(services, 0)));
	json_decref(targets);
	return ok;
}

/* --- a question, then commands --- */

/* What the question was about: it names them, whatever is selected now. */
static json_t *asked_take(struct ui *ui)
{
	json_t *commands = ui->asked;

	ui->asked = NULL;
	return commands;
}

static void asked_done(void *arg, bool ok, const char *text)
{
	struct ui *ui = arg;
	json_t *commands = asked_take(ui), *command;
	size_t i;

	(void)text;
	json_array_foreach(commands, i, command)
		if (ok)
			ui_start_job(ui, json_incref(json_object_get(command, "args")),
				     json_incref(json_object_get(command, "apps")));
	json_decref(commands);
}

static void will_ask(struct ui *ui, json_t *commands_take)
{
	json_decref(ui->asked);
	ui->asked = commands_take;
}

static void ask(struct ui *ui, const char *title, json_t *lines_take, const char *danger,
		json_t *commands_take)
{
	will_ask(ui, commands_take);
	ui->dialog = dialog_confirm(title, lines_take, danger, asked_done, ui);
	json_decref(lines_take);
}

/* One command about one app. */
static json_t *command_new(json_t *args_take, const char *app)
{
	json_t *commands = json_array();

	add_command(commands, args_take, app ? json_pack("[s]", app) : json_array());
	return commands;
}

/* What the Diff tab says of an app (NULL: all), as lines of the question; what is shut there,
 * values and waiting, is left out. */
static void add_diff(struct ui *ui, json_t *lines, const char *app)
{
	struct pane pane;

	pane_init(&pane, 1 << 20);
	facts_diff(&ui->facts, app, &pane);
	for (size_t i = 0; i < pane_count(&pane); i++) {
		const struct line *line = pane_line(&pane, i);

		if (line->depth || json_array_size(lines) > ASKED_LINES)
			continue;
		json_array_append_new(lines, json_array_size(lines) == ASKED_LINES
						     ? json_string("...")
						     : json_stringn(line->text, line->len));
	}
	pane_release(&pane);
}

static void add_changes(struct ui *ui, json_t *lines, const json_t *targets)
{
	const char *app;
	json_t *services;

	json_object_foreach((json_t *)targets, app, services)
		add_diff(ui, lines, app);
}

void act_command(struct ui *ui, const struct action *action)
{
	json_t *targets = ui_targets_new(ui, action->flags & ACTION_SERVICES);
	json_t *lines = json_pack("[s]", action->question);

	if (!strcmp(action->name, "apply") || !strcmp(action->name, "deploy"))
		add_changes(ui, lines, targets);
	if (json_object_size(targets)) {
		ask(ui, arena_printf(ui->frame, "%s %s", action->name, names_of(ui, targets)),
		    lines, action->danger, commands_new(action, targets));
	} else {
		ui_say(ui, ROLE_drift, "select an app first");
		json_decref(lines);
	}
	json_decref(targets);
}

void act_apply_all(struct ui *ui, const struct action *action)
{
	json_t *lines = json_pack("[s]", "All pending changes are made, of every app.");

	(void)action;
	add_diff(ui, lines, NULL);
	ask(ui, "apply all", lines, NULL, command_new(json_pack("[s]", "--apply"), NULL));
}

/* --- mode --- */

void act_mode(struct ui *ui, const struct action *action)
{
	const char *app, *mode, *next;
	json_t *lines;

	(void)action;
	if (!one_target(ui, &app, NULL))
		return;
	mode = json_member_text(ui_app_row(ui, app), "mode");
	if (!mode) {
		ui_say(ui, ROLE_drift, "%s has no services: it has no mode", app);
		return;
	}
	next = !strcmp(mode, "compose") ? "swarm" : "compose";
	lines = json_pack("[o,s,s]", json_sprintf("%s runs in %s mode now.", app, mode),
			  "Its containers there are taken down, and brought up in the other mode.",
			  "Volumes keep their data. If it fails, it goes back by itself.");
	ask(ui, arena_printf(ui->frame, "mode %s %s", app, next), lines,
	    "nobody is served in between",
	    command_new(json_pack("[s,s,s]", "mode", app, next), app));
}

/* --- scale --- */

static void scale_done(void *arg, bool ok, const char *text)
{
	struct ui *ui = arg;
	json_t *commands = asked_take(ui), *command = json_array_get(commands, 0);
	json_t *args = json_object_get(command, "args");
	uint64_t number;

	if (ok && !text_u64(text, 0, 10000, &number)) {
		ui_say(ui, ROLE_bad, "%s is no number from 0 to 10000", text);
	} else if (ok) {
		json_array_set_new(args, 2,
				   json_sprintf("%s=%d", json_string_value(json_array_get(args, 2)),
						(int)number));
		ui_start_job(ui, json_incref(args), json_incref(json_object_get(command, "apps")));
	}
	json_decref(commands);
}

void act_scale(struct ui *ui, const struct action *action)
{
	const char *app, *service;

	(void)action;
	if (!one_target(ui, &app, &service))
		return;
	will_ask(ui, command_new(json_pack("[s,s,s]", "scale", app, service), app));
	ui->dialog = dialog_input(arena_printf(ui->frame, "scale %s/%s", app, service),
				  "containers", "", scale_done, ui);
}

/* --- remove --- */

void act_remove(struct ui *ui, const struct action *action)
{
	const char *app;
	json_t *lines;

	if (!one_target(ui, &app, NULL))
		return;
	lines = json_pack("[s,s,s]", "Its routes go, then its containers, then its folders",
			  "app/, envs/, logs/ and repos/. data/, config/ and volumes stay",
			  "(the command line's --wipe takes them as well).");
	will_ask(ui, command_new(json_pack("[s,s,s]", action->command, app, "--force"), app));
	ui->dialog = dialog_name(arena_printf(ui->frame, "remove %s", app), lines,
				 "this cannot be undone", app, asked_done, ui);
	json_decref(lines);
}

/* --- programs that need the terminal --- */

/* $VISUAL or $EDITOR may come with options: words, no shell. */
static json_t *editor_new(void)
{
	const char *text = getenv("VISUAL");
	json_t *words = json_array();

	text = text && *text ? text : getenv("EDITOR");
	text = text && *text ? text : "vi";
	while (*text) {
		size_t len = strcspn(text, " \t");

		if (len)
			json_array_append_new(words, json_stringn(text, len));
		text += len + (text[len] != '\0');
	}
	return words;
}

static void edited(struct ui *ui, int status)
{
	if (status)
		ui_say(ui, ROLE_bad, "the editor ended with %d", status);
	facts_poke(&ui->facts, 1 << FACT_APPS | 1 << FACT_PLAN);
	ui_open_tab(ui, TAB_STACK);
}

void act_edit(struct ui *ui, const struct action *action)
{
	json_t *argv;

	(void)action;
	if (!ui->subject.app) {
		ui_say(ui, ROLE_drift, "select an app first");
		return;
	}
	argv = editor_new();
	json_array_append_new(argv, json_sprintf("%s/app/%s/kata-compose.yaml", ui->screen->root,
						 ui->subject.app));
	ui_foreground(ui, argv, edited);
}

static void shell_ended(struct ui *ui, int status)
{
	if (status)
		ui_say(ui, ROLE_drift, "the shell ended with %d", status);
}

void act_shell(struct ui *ui, const struct action *action)
{
	json_t *argv;

	(void)action;
	if (!ui->subject.app || !ui->subject.service) {
		ui_say(ui, ROLE_drift, "select a container first");
		return;
	}
	argv = json_pack("[s]", ui->screen->program);
	json_array_extend(argv, (json_t *)ui->screen->options);
	json_array_append_new(argv, json_string("run"));
	json_array_append_new(argv, json_string(ui->subject.app));
	json_array_append_new(argv, json_string(ui->subject.service));
	json_array_append_new(argv, json_string("sh"));
	ui_foreground(ui, argv, shell_ended);
}

/* --- command lines --- */

static void command_chosen(void *arg, bool ok, const char *text)
{
	struct ui *ui = arg;

	if (!ok)
		return;
	if (ui->term && !term_copy(ui->term, text, strlen(text)))
		ui_say(ui, ROLE_drift, "this terminal has no clipboard: %s", text);
	else
		ui_say(ui, ROLE_good, "copied: %s", text);
}

static void add_lines(struct ui *ui, json_t *items, const struct action *action)
{
	json_t *targets = ui_targets_new(ui, action->flags & ACTION_SERVICES);
	json_t *commands = commands_new(action, targets), *command;
	size_t i;

	json_array_foreach(commands, i, command) {
		struct str line = STR_INIT;

		jobs_command_line(ui->jobs, json_object_get(command, "args"), &line);
		json_array_append_new(items,
				      json_pack("{s:s,s:s}", "text", line.p, "note", action->help));
		str_release(&line);
	}
	json_decref(commands);
	json_decref(targets);
}

void act_copy_command(struct ui *ui, const struct action *action)
{
	json_t *items = json_array();

	(void)action;
	for (size_t i = 0; i < action_count; i++)
		if (action_table[i].command)
			add_lines(ui, items, &action_table[i]);
	if (json_array_size(items))
		ui->dialog = dialog_menu("Command lines (Enter copies)", items, NULL, NULL,
					 command_chosen, ui);
	else
		ui_say(ui, ROLE_drift, "select an app first");
	json_decref(items);
}

/* --- ending a job --- */

static void cancel_done(void *arg, bool ok, const char *text)
{
	struct ui *ui = arg;

	(void)text;
	for (size_t i = 0; ok && i < jobs_count(ui->jobs); i++)
		if (jobs_at(ui->jobs, i)->id == ui->asked_job)
			job_cancel(ui->jobs, jobs_at(ui->jobs, i));
}

void act_cancel(struct ui *ui, const struct action *action)
{
	struct job *job = activity_selected(ui);
	struct str line = STR_INIT;
	json_t *lines;

	(void)action;
	if (!job) {
		ui_say(ui, ROLE_dim, "nothing is running");
		return;
	}
	ui->asked_job = job->id;
	jobs_command_line(ui->jobs, job->args, &line);
	lines = json_pack("[s]", line.p);
	ui->dialog = dialog_confirm("End this command", lines,
				    "what it does stays half-done until the next apply",
				    cancel_done, ui);
	json_decref(lines);
	str_release(&line);
}
