/*
 * Activity: the jobs, newest first, each with its command line and what it said; Events: what
 * Docker, Caddy and the files did.
 */
#include <string.h>
#include <time.h>

#include "kata/json.h"
#include "ui/tabs.h"

enum { SHOWN_JOBS = 20, LINES_OF_OLD = 200 };

/* --diff says with its exit status that there are differences. */
static bool is_difference(const struct job *job)
{
	const char *command = json_string_value(json_array_get(job->args, 0));

	return job->status == 1 && command && !strcmp(command, "--diff");
}

static bool has_failed(const struct job *job)
{
	return job->status && !job->cancelled && !is_difference(job);
}

static enum role job_role(const struct job *job)
{
	if (!job->ended_ms)
		return ROLE_busy;
	return has_failed(job) ? ROLE_bad : job->cancelled || job->status ? ROLE_drift : ROLE_good;
}

static void add_head(struct ui *ui, struct pane *pane, const struct job *job)
{
	struct str text = STR_INIT, command = STR_INIT;
	struct line *line;

	jobs_command_line(ui->jobs, job->args, &command);
	line = pane_add(pane, job_role(job), "", 0);
	line->number = (int)job->id;
	if (!job->began_ms)
		str_add(&text, "waiting");
	else if (!job->ended_ms)
		str_add(&text, job->cancelled ? "ending" : "running");
	else if (job->status < 0)
		str_addf(&text, "not started: %s", job->error.msg);
	else if (job->cancelled)
		str_add(&text, "cancelled");
	else if (has_failed(job))
		str_addf(&text, "failed, exit %d", job->status);
	else
		str_add(&text, job->status ? "differences" : "done");
	if (job->ended_ms && job->began_ms && !ui->screen->fake)
		str_addf(&text, " after %.1f s", (double)(job->ended_ms - job->began_ms) / 1000);
	pane_append(pane, line, job_role(job), text.p, text.len);
	pane_append(pane, line, ROLE_title, "  ", 2);
	pane_append(pane, line, ROLE_title, command.p, command.len);
	str_release(&text);
	str_release(&command);
}

static void add_output(struct pane *pane, struct job *job)
{
	size_t count = pane_count(&job->pane);
	size_t from = count > LINES_OF_OLD ? count - LINES_OF_OLD : 0;

	for (size_t i = from; i < count; i++) {
		const struct line *line = pane_line(&job->pane, i);
		enum role role = line->span_count ? line->spans[0].role : ROLE_text;
		struct line *copy = pane_add(pane, ROLE_dim, "  ", 2);

		copy->number = (int)job->id;
		pane_append(pane, copy, role, line->text, line->len);
	}
}

void activity_load(struct ui *ui, struct tab *tab)
{
	size_t count = jobs_count(ui->jobs), cursor = tab->pane.cursor, top = tab->pane.top;
	size_t before = pane_visible(&tab->pane), more;

	pane_clear(&tab->pane);
	for (size_t i = 0; i < count && i < SHOWN_JOBS; i++) {
		add_head(ui, &tab->pane, jobs_at(ui->jobs, i));
		add_output(&tab->pane, jobs_at(ui->jobs, i));
	}
	if (!count)
		tab_say(ui, tab, ROLE_dim, "nothing was started here yet");
	/* What is new comes in above what somebody reads. */
	more = pane_visible(&tab->pane) > before ? pane_visible(&tab->pane) - before : 0;
	if (tab->loaded && cursor) {
		tab->pane.cursor = cursor + more;
		tab->pane.top = top + more;
	}
	tab->loaded = true;
}

/* The job that the cursor is on, else the newest that has not ended; the question names it. */
struct job *activity_selected(struct ui *ui)
{
	const struct line *line =
		ui->tab == TAB_ACTIVITY ? pane_current(&ui->tabs[TAB_ACTIVITY].pane) : NULL;

	for (size_t i = 0; line && i < jobs_count(ui->jobs); i++)
		if ((int)jobs_at(ui->jobs, i)->id == line->number &&
		    !jobs_at(ui->jobs, i)->ended_ms)
			return jobs_at(ui->jobs, i);
	for (size_t i = 0; i < jobs_count(ui->jobs); i++)
		if (!jobs_at(ui->jobs, i)->ended_ms)
			return jobs_at(ui->jobs, i);
	return NULL;
}

/* The word that names a job: "deploy shop". */
static const char *job_name(struct ui *ui, const struct job *job)
{
	const char *command = json_string_value(json_array_get(job->args, 0));
	const char *app = json_string_value(json_array_get(job->apps, 0));
	size_t more = json_array_size(job->apps);

	return arena_printf(ui->frame, "%s%s%s%s", command ? command : "", app ? " " : "",
			    app ? app : "", more > 1 ? " ..." : "");
}

void ui_job_changed(void *arg, struct job *job)
{
	struct ui *ui = arg;

	if (ui->tab == TAB_ACTIVITY)
		ui_load_tab(ui, true);
	ui->rows_stale = true;
	ui_dirty(ui);
	if (!job->ended_ms) {
		if (*job->last)
			ui_say(ui, ROLE_busy, "%s: %s", job_name(ui, job), job->last);
		return;
	}
	if (has_failed(job))
		ui_say(ui, ROLE_bad, "%s failed: %s", job_name(ui, job),
		       *job->last ? job->last : job->error.msg);
	else
		ui_say(ui, job->cancelled ? ROLE_drift : ROLE_good, "%s %s", job_name(ui, job),
		       job->cancelled ? "was cancelled" : "is done");
	/* The new truth, at once. */
	facts_poke(&ui->facts, (1 << FACT_COUNT) - 1);
	live_caddy_soon(ui->live);
}

void events_load(struct ui *ui, struct tab *tab)
{
	const json_t *log = live_log(ui->live);
	bool end = tab->pane.follow || !tab->loaded;
	size_t cursor = tab->pane.cursor, top = tab->pane.top;
	json_t *event;
	size_t i;

	pane_clear(&tab->pane);
	json_array_foreach((json_t *)log, i, event) {
		time_t when = (time_t)json_integer_value(json_object_get(event, "time"));
		const char *source = json_member_text(event, "source");
		const char *text = json_member_text(event, "text");
		struct line *line;
		struct tm tm;
		char clock[32] = "";

		if (localtime_r(&when, &tm))
			strftime(clock, sizeof clock, "%H:%M:%S  ", &tm);
		line = pane_add(&tab->pane, ROLE_comment, clock, strlen(clock));
		pane_append(&tab->pane, line, ROLE_title, source ? source : "",
			    source ? strlen(source) : 0);
		pane_append(&tab->pane, line, ROLE_text, "  ", 2);
		pane_append(&tab->pane, line, ROLE_text, text ? text : "", text ? strlen(text) : 0);
	}
	if (!json_array_size(log))
		tab_say(ui, tab, ROLE_dim, "nothing happened yet");
	tab->loaded = true;
	if (end) {
		pane_to(&tab->pane, true);
	} else {
		tab->pane.cursor = cursor;
		tab->pane.top = top;
	}
}
