/*
 * Logs: what the containers of the app say, merged, as `kata-tui logs APP -f` tells it. A burst is
 * bounded: what comes faster than can be read is let through only as far as it stays on the screen,
 * and what went is counted.
 */
#include <string.h>

#include "kata/json.h"
#include "ui/tabs.h"

enum { SERVICE_ROLES = 6 };

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

static void on_line(void *arg, const char *text, size_t len)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[TAB_LOGS];
	json_t *object = json_loadb(text, len, 0, NULL);
	const char *said = json_member_text(object, "text"), *name, *service, *time;
	const char *stream = json_member_text(object, "stream");
	struct line *line;

	tab->loading = false;
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
	ui_dirty(ui);
}

static void on_end(void *arg, int status, const struct str *out, const struct str *err,
		   const struct kata_error *e)
{
	struct ui *ui = arg;
	struct tab *tab = &ui->tabs[TAB_LOGS];

	(void)status;
	(void)out;
	tab->reader = NULL;
	tab->loading = false;
	if (!pane_count(&tab->pane) || status)
		tab_failed(ui, tab, err, e);
	ui_dirty(ui);
}

void logs_load(struct ui *ui, struct tab *tab)
{
	json_t *args, *options;

	if (tab->reader && tab->loaded)
		return; /* it goes on by itself */
	reader_cancel(tab->reader);
	tab->reader = NULL;
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
	tab->pane.empty = tab->previous ? "nothing from before the last start" : "no lines yet";
	tab->reader = reader_stream(ui->jobs, args, on_line, on_end, ui);
	json_decref(args);
}
