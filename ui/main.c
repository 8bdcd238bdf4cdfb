/*
 * The screen's life: opening, the loop, events, closing. Nothing else waits, nothing else draws.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kata/error.h"
#include "kata/text.h"
#include "kata/ui.h"
#include "ui/crash.h"
#include "ui/ui.h"

void ui_dirty(struct ui *ui)
{
	ui->dirty = true;
}

/* --- notices and errors --- */

static void notice_over(void *arg)
{
	struct ui *ui = arg;

	ui->notice_timer = 0;
	free(ui->notice);
	ui->notice = NULL;
	ui_dirty(ui);
}

static void keep_error(struct ui *ui, const char *text)
{
	json_array_append_new(ui->errors,
			      json_pack("{s:I,s:s%}", "time",
					(json_int_t)(ui->clock ? ui->clock : time(NULL)), "text",
					text, strlen(text)));
	if (json_array_size(ui->errors) > ERRORS_KEPT)
		json_array_remove(ui->errors, 0);
	ui->seen_errors++;
}

void ui_say(struct ui *ui, enum role role, const char *fmt, ...)
{
	struct str text = STR_INIT, safe = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	text_safe(&safe, text.p, text.len);
	if (role == ROLE_bad)
		keep_error(ui, safe.p);
	str_release(&text);
	free(ui->notice);
	ui->notice = str_detach(&safe);
	ui->notice_role = role;
	loop_timer_cancel(ui->loop, ui->notice_timer);
	/* Errors stay until the next key. */
	ui->notice_timer = role == ROLE_bad ? 0 : loop_timer(ui->loop, NOTICE_MS, notice_over, ui);
	ui_dirty(ui);
}

void ui_error(struct ui *ui, const struct kata_error *e)
{
	ui_say(ui, ROLE_bad, "%s%s%s%s%s%s", e->where, *e->where ? ": " : "", e->msg,
	       *e->hint ? " (" : "", e->hint, *e->hint ? ")" : "");
}

/* --- what changes by itself --- */

static void show_events(struct ui *ui)
{
	if (ui->tab == TAB_EVENTS)
		ui_load_tab(ui, true);
}

static void on_docker(void *arg, const json_t *event)
{
	struct ui *ui = arg;

	(void)event;
	facts_poke(&ui->facts, 1 << FACT_PS | 1 << FACT_APPS | 1 << FACT_PLAN | 1 << FACT_STATUS);
	show_events(ui);
}

static void on_docker_state(void *arg)
{
	struct ui *ui = arg;
	const struct live_peer *docker = live_docker(ui->live);

	if (docker->known && !docker->up)
		facts_doubt(&ui->facts, 1 << FACT_PS | 1 << FACT_APPS | 1 << FACT_PLAN,
			    &docker->error);
	on_docker(arg, NULL);
	ui_dirty(arg);
}

static void on_caddy(void *arg)
{
	struct ui *ui = arg;

	for (size_t i = 0; i < live_caddy_count(ui->live); i++) {
		const struct live_peer *caddy = live_caddy(ui->live, i);

		if (caddy->known && !caddy->up)
			facts_doubt(&ui->facts, 1 << FACT_STATUS | 1 << FACT_APPS | 1 << FACT_PLAN,
				    &caddy->error);
	}
	facts_poke(&ui->facts, 1 << FACT_STATUS | 1 << FACT_APPS | 1 << FACT_PLAN);
	if (ui->tab == TAB_CADDY)
		ui_load_tab(ui, true);
	show_events(ui);
	ui_dirty(ui);
}

static void on_files(void *arg, const char *app)
{
	struct ui *ui = arg;

	facts_poke(&ui->facts, 1 << FACT_APPS | 1 << FACT_PLAN);
	if (!app || (ui->subject.app && !strcmp(app, ui->subject.app)))
		ui_load_tab(ui, true);
	show_events(ui);
}

static void on_numbers(void *arg)
{
	struct ui *ui = arg;

	ui_numbers(ui);
	if (ui->tab == TAB_SYSTEM)
		ui_load_tab(ui, false);
	ui_dirty(ui);
}

/* Ages in the header, and waiting that lasts too long: drawn only while something is amiss. */
static bool has_ages(const struct ui *ui)
{
	for (size_t i = 0; i < live_caddy_count(ui->live); i++)
		if (!live_caddy(ui->live, i)->up || live_caddy(ui->live, i)->slow)
			return true;
	return !live_docker(ui->live)->up || live_docker(ui->live)->slow ||
	       jobs_running(ui->jobs) > 0;
}

static void on_second(void *arg)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[ui->tab];

	if (has_ages(ui))
		ui_dirty(ui);
	ui_numbers(ui);
	if (tab->kind->tick)
		tab->kind->tick(ui, tab);
	ui->second_timer = loop_timer(ui->loop, 1000, on_second, ui);
}

/* --- events --- */

static void input_over(struct ui *ui)
{
	prompt_release(&ui->prompt);
	ui->input = INPUT_NONE;
}

static void input_takes(struct ui *ui, enum prompt_result result)
{
	const char *text = ui->prompt.text.p;
	struct pane *pane = &ui->tabs[ui->tab].pane;

	if (ui->input == INPUT_FILTER)
		list_filter(ui_list(ui), result == PROMPT_LEFT ? NULL : text);
	else if (ui->input == INPUT_LINES)
		pane_filter(pane, result == PROMPT_LEFT ? NULL : text);
	else if (ui->input == INPUT_SEARCH &&
		 !pane_search(pane, result == PROMPT_LEFT ? NULL : text) && result == PROMPT_DONE)
		ui_say(ui, ROLE_drift, "nothing found: %s", text);
	if (ui->input == INPUT_FILTER)
		ui_selected(ui);
}

static void input_event(struct ui *ui, const struct event *event)
{
	enum prompt_result result = prompt_event(&ui->prompt, event);
	enum input input = ui->input;
	char *line;

	if (result == PROMPT_GOES_ON)
		return;
	input_takes(ui, result);
	if (result == PROMPT_CHANGED)
		return;
	line = xstrdup(ui->prompt.text.p);
	if (result == PROMPT_DONE)
		history_add(ui->history[input], line, HISTORY_KEPT);
	input_over(ui);
	if (result == PROMPT_DONE && input == INPUT_PALETTE)
		palette_run(ui, line);
	free(line);
}

static bool inside(struct area area, int y, int x)
{
	return y >= area.y && y < area.y + area.h && x >= area.x && x < area.x + area.w;
}

static void click_tab(struct ui *ui, const struct event *event)
{
	for (int i = 0; i < TAB_COUNT; i++)
		if (event->y == ui->tab_row && event->x >= ui->tab_at[i].x &&
		    event->x < ui->tab_at[i].x + ui->tab_at[i].w)
			ui_open_tab(ui, (enum tab_id)i);
}

static void mouse_event(struct ui *ui, const struct event *event)
{
	int by = event->button == MOUSE_WHEEL_UP ? -3 : event->button == MOUSE_WHEEL_DOWN ? 3 : 0;

	if (event->button == MOUSE_LEFT)
		click_tab(ui, event);
	for (int i = 0; i <= PLACE_DETAIL; i++) {
		if (!inside(ui->seen[i].area, event->y, event->x))
			continue;
		if (i == PLACE_DETAIL && by) {
			pane_move(&ui->tabs[ui->tab].pane, by);
			return;
		}
		if (i == PLACE_DETAIL || by) {
			ui->place = by ? ui->place : PLACE_DETAIL;
			if (by && i < LISTS)
				list_move(&ui->lists[i], by);
		} else {
			ui->place = ui->list_place = (enum ui_place)i;
			list_select_row(&ui->lists[i], event->y - ui->seen[i].area.y);
		}
		ui_selected(ui);
		if (event->double_click)
			ui_act(ui, "open");
		return;
	}
}

static void key_event(struct ui *ui, uint32_t key)
{
	const struct binding *binding = keymap_find(&ui->keys, ui_view(ui), key);
	char name[32];

	/* What concerned the key before; what commands said stays its time. */
	if (ui->notice &&
	    (!ui->notice_timer || ui->notice_role == ROLE_dim || ui->notice_role == ROLE_drift)) {
		loop_timer_cancel(ui->loop, ui->notice_timer);
		notice_over(ui);
	}
	if (ui_is_small(ui) && !(binding && !strcmp(binding->action, "quit")))
		return;
	if (binding) {
		ui_act(ui, binding->action);
		return;
	}
	key_name(key, name, sizeof name);
	ui_say(ui, ROLE_dim, "%s does nothing here; ? shows the keys", name);
}

void ui_event(struct ui *ui, const struct event *event)
{
	ui_dirty(ui);
	if (event->kind == EVENT_RESIZE) {
		int h, w;

		term_size(ui->term, &h, &w);
		cells_resize(&ui->cells, h, w);
	} else if (ui->dialog) {
		struct dialog *dialog = ui->dialog;

		/* done() may open the next one. */
		ui->dialog = NULL;
		if (!dialog_event(dialog, event)) {
			if (ui->dialog)
				dialog_free(ui->dialog);
			ui->dialog = dialog;
		}
	} else if (ui->input) {
		input_event(ui, event);
	} else if (event->kind == EVENT_KEY) {
		key_event(ui, event->key);
	} else if (event->kind == EVENT_MOUSE) {
		mouse_event(ui, event);
	}
}

static void on_input(void *arg, int fd, short revents)
{
	struct ui *ui = arg;
	struct event event;

	(void)fd;
	if (revents & (POLLHUP | POLLERR | POLLNVAL)) {
		ui->quit = true;
		return;
	}
	/* What is typed ahead is for the program that comes to the front. */
	while (!ui->foreground && (event = term_event(ui->term)).kind != EVENT_NONE) {
		ui_event(ui, &event);
		free(event.text);
	}
}

/* --- signals --- */

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
	char byte = (char)number;
	int kept = errno;

	if (write(signal_pipe[1], &byte, 1) < 0)
		byte = 0; /* full: one of them is enough */
	errno = kept;
}

static void on_signal_byte(void *arg, int fd, short revents)
{
	struct ui *ui = arg;
	char bytes[64];
	ssize_t len = read(fd, bytes, sizeof bytes);
	struct event event = {.kind = EVENT_RESIZE};

	(void)revents;
	if (len <= 0)
		return;
	if (memchr(bytes, SIGTSTP, (size_t)len))
		ui_act(ui, "suspend");
	term_resized(ui->term);
	ui_event(ui, &event);
}

static void catch_signals(struct ui *ui)
{
	struct sigaction noted = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	crash_prepare(ui->screen->root);
	loop_catch_signals(ui->loop);
	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) == 0) {
		sigaction(SIGWINCH, &noted, NULL);
		sigaction(SIGTSTP, &noted, NULL);
		loop_fd(ui->loop, signal_pipe[0], POLLIN, on_signal_byte, ui);
	}
}

/* --- opening and closing --- */

static const struct live_events live_events_of_ui = {
	.docker = on_docker,
	.docker_state = on_docker_state,
	.caddy = on_caddy,
	.files = on_files,
	.numbers = on_numbers,
};

static void ui_open(struct ui *ui, const struct screen *screen)
{
	struct live_options live = {.root = screen->root,
				    .docker = screen->docker,
				    .docker_env = screen->docker_env,
				    .cert_path = screen->cert_path,
				    .caddy = screen->caddy,
				    .no_events = screen->fake != NULL};
	struct live_events events = live_events_of_ui;

	ui->screen = screen;
	ui->loop = loop_new();
	ui->arena = arena_new();
	ui->frame = arena_new();
	ui->errors = json_array();
	ui->shut = json_object();
	for (int i = 0; i <= INPUT_LINES; i++)
		ui->history[i] = json_array();
	problems_init(&ui->problems, ui->arena);
	ui->read_only = screen->read_only;
	ui->mouse = screen->mouse;
	cells_init(&ui->cells);
	cells_resize(&ui->cells, 24, 80);
	ui->cells.ascii = screen->ascii;
	ui_settings(ui);
	ui->jobs = jobs_new(ui->loop, screen->program, screen->options, screen->fake);
	jobs_set_patience(ui->jobs, screen->fake ? 0 : PATIENCE_S);
	jobs_watch(ui->jobs, ui_job_changed, ui);
	facts_init(&ui->facts, ui->jobs, ui->loop, ui_fact_changed, ui);
	live.interval_ms = ui->refresh_ms;
	events.arg = ui;
	ui->live = live_new(ui->loop, &live, &events);
	if (screen->fake)
		ui_pretend(ui);
	ui_lists_init(ui);
	ui_tabs_init(ui);
	ui->rows_stale = ui->dirty = true;
	facts_poke(&ui->facts, (1 << FACT_COUNT) - 1);
}

static void ui_close(struct ui *ui)
{
	dialog_free(ui->dialog);
	if (ui->input)
		prompt_release(&ui->prompt);
	ui_tabs_release(ui);
	facts_release(&ui->facts);
	live_free(ui->live);
	jobs_free(ui->jobs);
	for (int i = 0; i < LISTS; i++)
		list_release(&ui->lists[i]);
	keymap_release(&ui->keys);
	cells_release(&ui->cells);
	for (int i = 0; i <= INPUT_LINES; i++)
		json_decref(ui->history[i]);
	json_decref(ui->errors);
	json_decref(ui->shut);
	json_decref(ui->wanted);
	json_decref(ui->asked);
	json_decref(ui->foreground);
	free(ui->notice);
	free(ui->subject.app);
	free(ui->subject.service);
	free(ui->subject.server);
	arena_free(ui->frame);
	arena_free(ui->arena);
	loop_free(ui->loop);
}

static int color_limit(const struct screen *screen)
{
	static const struct {
		const char *name;
		int colors;
	} rows[] = {{"never", 0}, {"8", 8}, {"16", 16}, {"256", 256}, {"true", 1 << 24}};

	for (size_t i = 0; screen->color && i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(screen->color, rows[i].name))
			return rows[i].colors;
	return screen->no_color ? 0 : -1;
}

static bool open_terminal(struct ui *ui, struct kata_error *e)
{
	struct term_options options = {
		.colors = color_limit(ui->screen), .ascii = ui->screen->ascii, .mouse = ui->mouse};
	int h, w;

	if (!term_open(&ui->term, &options, e))
		return false;
	errors_aside();
	ui->cells.ascii = term_is_ascii(ui->term);
	term_size(ui->term, &h, &w);
	cells_resize(&ui->cells, h, w);
	loop_fd(ui->loop, term_fd(ui->term), POLLIN, on_input, ui);
	catch_signals(ui);
	return true;
}

static void run(struct ui *ui)
{
	while (!ui->quit && !loop_stopped(ui->loop)) {
		if (ui->rows_stale)
			ui_rows(ui);
		if (ui->dirty) {
			ui->dirty = false;
			ui_draw(ui);
			term_draw(ui->term, &ui->cells, &ui->theme);
		}
		loop_turn(ui->loop, -1);
		if (ui->foreground)
			ui_run_foreground(ui, on_input);
	}
}

int ui_run(const struct screen *screen)
{
	struct ui ui = {0};
	struct kata_error e;
	int status = 0;

	if (screen->themes)
		return themes_run(screen);
	ui_open(&ui, screen);
	if (screen->script) {
		status = ui_script(&ui, screen->script);
	} else if (open_terminal(&ui, &e)) {
		ui.second_timer = loop_timer(ui.loop, 1000, on_second, &ui);
		run(&ui);
		status = loop_stopped(ui.loop) ? 128 + loop_stopped(ui.loop) : ui.status;
		term_close(ui.term);
		errors_back();
	} else {
		fprintf(stderr, "kata-tui: %s\nhint: %s\n", e.msg, e.hint);
		status = 2;
	}
	ui_close(&ui);
	return status;
}
