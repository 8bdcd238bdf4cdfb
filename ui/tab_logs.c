/*
 * Logs: what the containers of the app say, merged, as `kata-tui logs APP -f` tells it. A burst is
 * bounded: what comes faster than can be read is let through only as far as it stays on the screen,
 * and what went is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "ui/tabs.h"

enum {
	SERVICE_ROLES = 6,
	BURST_MS = 100,
	BURST_FREE = 200,
	BURST_LINES = 1000,
	BURST_BYTES = 1 << 20,
	TEXT_MAX = 80,
	HISTORY_LINES = 10000,
};

static enum role service_role(struct tab *tab, const char *service)
{
	json_t *number = json_object_get(tab->services, service);

	if (!number) {
		number = json_integer((json_int_t)json_object_size(tab->services));
		json_object_set_new(tab->services, service, number);
	}
	return (enum role)(ROLE_service0 + json_integer_value(number) % SERVICE_ROLES);
}

/* "2026-11-22T07:25:50.123Z" as "07:25:50.123". */
static void add_time(struct pane *pane, struct line *line, const char *time)
{
	size_t len = strlen(time) > 23 ? 12 : 0;

	if (len) {
		pane_append(pane, line, ROLE_comment, time + 11, len);
		pane_append(pane, line, ROLE_comment, " ", 1);
	}
}

/* --- lines --- */

static void add_line(struct tab *tab, const char *text, size_t len)
{
	json_t *object = json_loadb(text, len, 0, NULL);
	const char *said = json_member_text(object, "text"), *name, *service, *time;
	const char *stream = json_member_text(object, "stream");
	struct line *line;

	name = json_member_text(object, "name");
	service = json_member_text(object, "service");
	time = json_member_text(object, "time");
	if (said && name) {
		line = pane_add(&tab->pane, service_role(tab, service ? service : name), name,
				strlen(name));
		pane_append(&tab->pane, line, ROLE_dim, " ", 1);
		if (tab->times && time)
			add_time(&tab->pane, line, time);
		pane_append_ansi(&tab->pane, line,
				 stream && !strcmp(stream, "stderr") ? ROLE_drift : ROLE_text, said,
				 json_string_length(json_object_get(object, "text")));
	}
	json_decref(object);
}

/* --- bursts --- */

/* A line that waits for the end of its moment. */
struct waiting {
	struct waiting *next;
	size_t len;
	char text[];
};

struct burst {
	uint64_t timer; /* the end of this moment; 0: none goes on */
	size_t history; /* lines from before, which come at once: so many are no burst */
	size_t shown;	/* lines at once, */
	struct waiting *first, **end;
	size_t count, bytes; /* then these wait, */
	size_t lost;	     /* and the oldest of them go */
};

static void lose_first(struct burst *burst)
{
	struct waiting *first = burst->first;

	burst->first = first->next;
	if (!burst->first)
		burst->end = &burst->first;
	burst->count--;
	burst->bytes -= first->len;
	free(first);
}

static void burst_forget(struct ui *ui, struct burst *burst)
{
	while (burst->first)
		lose_first(burst);
	loop_timer_cancel(ui->loop, burst->timer);
	*burst = (struct burst){.end = &burst->first, .history = burst->history};
}

/* The moment is over: what waited is shown, and how much went. */
static void burst_over(void *arg)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[TAB_LOGS];
	struct burst *burst = tab->burst;

	/* What was about another app is not shown any more. */
	if (!tab->reader) {
		burst_forget(ui, burst);
		return;
	}
	if (burst->lost) {
		char text[TEXT_MAX];
		int len = snprintf(text, sizeof text, "  %zu lines not shown: too many at once",
				   burst->lost);

		pane_add(&tab->pane, ROLE_drift, text, (size_t)len);
		tab->left_out += burst->lost;
	}
	for (; burst->first; lose_first(burst)) {
		add_line(tab, burst->first->text, burst->first->len);
		ui_dirty(ui);
	}
	burst_forget(ui, burst);
}

static void burst_wait(struct burst *burst, const char *text, size_t len)
{
	struct waiting *line = xmalloc(sizeof *line + len);

	line->next = NULL;
	line->len = len;
	memcpy(line->text, text, len);
	*burst->end = line;
	burst->end = &line->next;
	burst->count++;
	burst->bytes += len;
	while (burst->count > BURST_LINES || (burst->bytes > BURST_BYTES && burst->count > 1)) {
		lose_first(burst);
		burst->lost++;
	}
}

void logs_end(struct ui *ui, struct tab *tab)
{
	if (tab->burst)
		burst_forget(ui, tab->burst);
	free(tab->burst);
	tab->burst = NULL;
}

/* --- the stream --- */

/* Few are shown as they come. Of many in one moment the newest are: what nobody could read is not
 * even parsed. */
static void on_line(void *arg, const char *text, size_t len)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[TAB_LOGS];
	struct burst *burst = tab->burst;

	tab->loading = false;
	if (burst->history) {
		burst->history--;
		add_line(tab, text, len);
		ui_dirty(ui);
		return;
	}
	if (!burst->timer)
		burst->timer = loop_timer(ui->loop, BURST_MS, burst_over, ui);
	if (burst->shown++ >= BURST_FREE) {
		burst_wait(burst, text, len);
		return;
	}
	add_line(tab, text, len);
	ui_dirty(ui);
}

static void on_end(void *arg, int status, const struct str *out, const struct str *err,
		   const struct kata_error *e)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[TAB_LOGS];

	(void)out;
	burst_over(ui);
	tab->reader = NULL;
	tab->loading = false;
	/* Below what was read so far, which stays. */
	if (status && e && e->code != ERROR_NONE)
		pane_add(&tab->pane, ROLE_bad, e->msg, strlen(e->msg));
	if (err && err->len)
		pane_add_text(&tab->pane, ROLE_bad, err->p);
	ui_dirty(ui);
}

void logs_load(struct ui *ui, struct tab *tab)
{
	json_t *args, *options;

	if (tab->reader && tab->loaded)
		return; /* it goes on by itself */
	reader_cancel(tab->reader);
	tab->reader = NULL;
	if (!tab->burst)
		tab->burst = xcalloc(1, sizeof *tab->burst);
	burst_forget(ui, tab->burst);
	tab->burst->history = HISTORY_LINES;
	tab->left_out = 0;
	pane_clear(&tab->pane);
	if (!ui->subject.app) {
		tab_say(ui, tab, ROLE_dim, "select an app");
		return;
	}
	args = json_pack("[s,s]", "logs", ui->subject.app);
	if (ui->subject.service)
		json_array_append_new(args, json_string(ui->subject.service));
	options = json_pack("[s,s,s,s]", "--json", tab->previous ? "--previous" : "--follow",
			    "--tail", "500");
	json_array_extend(args, options);
	json_decref(options);
	tab->loaded = true;
	tab->loading = false;
	tab->empty = tab->previous ? "nothing from before the last start" : "no lines yet";
	tab->reader = reader_stream(ui->jobs, args, on_line, on_end, ui);
	json_decref(args);
}
