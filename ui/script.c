/*
 * A screen without a terminal, for tests and pictures: a file of steps, one per line, drives it.
 *
 *     size 80x24       key down        keys a b c      type some text
 *     wait             dump NAME       roles NAME      clock 1795332350
 *     until some text  # a comment
 *
 * `wait` goes on when nothing is read, due or running, `until` when the text is on the screen. What
 * is dumped goes to standard output. A folder of recorded answers may have the file "live": what
 * the watchers would have said (live_pretend()).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/text.h"
#include "ui/ui.h"

enum { SCRIPT_MAX = 1 << 20, WAIT_MS = 20000, SIZE_MAX_CELLS = 1000 };

bool ui_is_idle(const struct ui *ui)
{
	for (int i = 0; i < FACT_COUNT; i++)
		if (ui->facts.fact[i].reading || ui->facts.fact[i].poked_ms)
			return false;
	/* Logs that are followed never end, but recorded ones do. */
	return !ui->tabs[ui->tab].timer && !jobs_running(ui->jobs) &&
	       readers_running(ui->jobs) ==
		       (!ui->screen->fake && ui->tabs[TAB_LOGS].reader != NULL);
}

static void settle(struct ui *ui)
{
	if (ui->rows_stale)
		ui_rows(ui);
	ui_draw(ui);
	ui->dirty = false;
}

static bool step_wait(struct ui *ui, const char *rest)
{
	int64_t end = loop_now_ms() + WAIT_MS;

	(void)rest;
	settle(ui);
	while (!ui_is_idle(ui) && loop_now_ms() < end && !loop_stopped(ui->loop)) {
		loop_turn(ui->loop, 50);
		settle(ui);
	}
	return ui_is_idle(ui);
}

static bool is_shown(const struct ui *ui, const char *text)
{
	struct str out = STR_INIT;
	bool shown;

	cells_dump(&ui->cells, &out);
	shown = strstr(out.p, text) != NULL;
	str_release(&out);
	return shown;
}

/* For a screen that waits for an answer that never comes. */
static bool step_until(struct ui *ui, const char *rest)
{
	int64_t end = loop_now_ms() + WAIT_MS;

	settle(ui);
	while (!is_shown(ui, rest) && loop_now_ms() < end && !loop_stopped(ui->loop)) {
		loop_turn(ui->loop, 50);
		settle(ui);
	}
	return is_shown(ui, rest);
}

static void press(struct ui *ui, uint32_t key)
{
	struct event event = {.kind = EVENT_KEY, .key = key};

	ui_event(ui, &event);
	settle(ui);
}

static bool step_keys(struct ui *ui, const char *rest)
{
	while (*rest) {
		size_t len = strcspn(rest, " ");
		const char *name = arena_strndup(ui->arena, rest, len);

		if (len && !key_parse(name))
			return false;
		if (len)
			press(ui, key_parse(name));
		rest += len + (rest[len] != '\0');
	}
	return true;
}

static bool step_type(struct ui *ui, const char *rest)
{
	size_t len = strlen(rest);

	for (size_t at = 0; at < len;) {
		uint32_t code;
		size_t n = utf8_decode(rest + at, len - at, &code);

		if (!n)
			return false;
		press(ui, code);
		at += n;
	}
	return true;
}

static bool step_size(struct ui *ui, const char *rest)
{
	const char *cross = strchr(rest, 'x');
	uint64_t w, h;

	if (!cross ||
	    !text_u64(arena_strndup(ui->arena, rest, (size_t)(cross - rest)), 1, SIZE_MAX_CELLS,
		      &w) ||
	    !text_u64(cross + 1, 1, SIZE_MAX_CELLS, &h))
		return false;
	cells_resize(&ui->cells, (int)h, (int)w);
	settle(ui);
	return true;
}

static bool step_clock(struct ui *ui, const char *rest)
{
	uint64_t seconds;

	if (!text_u64(rest, 1, INT64_MAX, &seconds))
		return false;
	ui->clock = (int64_t)seconds;
	ui->rows_stale = true;
	return true;
}

static bool step_dump(struct ui *ui, const char *rest)
{
	struct str out = STR_INIT;

	settle(ui);
	cells_dump(&ui->cells, &out);
	printf("== %s\n%s", rest, out.p);
	str_release(&out);
	return true;
}

static bool step_roles(struct ui *ui, const char *rest)
{
	struct str out = STR_INIT;

	settle(ui);
	cells_dump_roles(&ui->cells, &out);
	printf("== roles %s\n%s", rest, out.p);
	str_release(&out);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(struct ui *ui, const char *rest);
} steps[] = {{"clock", step_clock}, {"dump", step_dump},   {"key", step_keys},
	     {"keys", step_keys},   {"roles", step_roles}, {"size", step_size},
	     {"type", step_type},   {"until", step_until}, {"wait", step_wait}};

static bool run_step(struct ui *ui, const char *line)
{
	size_t len = strcspn(line, " ");
	const char *rest = line[len] ? line + len + 1 : "";

	if (!*line || *line == '#')
		return true;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strlen(steps[i].name) == len && !strncmp(steps[i].name, line, len))
			return steps[i].run(ui, rest);
	return false;
}

void ui_pretend(struct ui *ui)
{
	const char *file = arena_printf(ui->arena, "%s/live", ui->screen->fake);
	struct str text = STR_INIT;
	struct kata_error e;
	json_t *told = NULL;

	if (file_read(AT_FDCWD, file, SCRIPT_MAX, &text, &e))
		told = json_parse_new(text.p, text.len, &e);
	told = told ? told : json_object();
	live_pretend(ui->live, NULL, told);
	json_decref(told);
	str_release(&text);
}

int ui_script(struct ui *ui, const char *file)
{
	struct str text = STR_INIT;
	struct kata_error e;
	unsigned number = 1;
	int status = 0;

	loop_catch_signals(ui->loop);
	if (!file_read(AT_FDCWD, file, SCRIPT_MAX, &text, &e)) {
		fprintf(stderr, "kata-tui: %s: %s\n", file, e.msg);
		return 2;
	}
	for (char *line = text.p; line && *line && !status && !ui->quit; number++) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		if (!run_step(ui, line)) {
			fprintf(stderr, "kata-tui: %s:%u: cannot do this: %s\n", file, number,
				line);
			status = 2;
		}
		line = end ? end + 1 : NULL;
	}
	str_release(&text);
	return status;
}
