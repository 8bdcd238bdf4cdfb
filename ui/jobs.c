/*
 * Jobs: runs that a person started. They are listed with what they said, run one at a time per app
 * in the order of their start, can be cancelled, and are kept after their end.
 */
#include "ui/jobs.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kata/text.h"
#include "ui/jobs_private.h"

enum { JOBS_KEPT = 100, JOB_BYTES = 1 << 20, KILL_AFTER_MS = 5000 };

struct entry {
	struct job job; /* first: a job of ours is an entry */
	struct jobs *jobs;
	struct run *run; /* NULL: waiting, or over */
	struct lines out, err;
	uint64_t kill_timer;
};

static void entry_changed(struct entry *entry)
{
	if (entry->jobs->changed)
		entry->jobs->changed(entry->jobs->arg, &entry->job);
}

/* --- what a job says --- */

static bool starts_with(const char *text, size_t len, const char *words)
{
	return len >= strlen(words) && !memcmp(text, words, strlen(words));
}

/* For one line of the screen; blank ones and hints leave the one before. */
static void set_last(struct job *job, const char *text, size_t len)
{
	static const char name[] = "kata-tui: ";
	struct str safe = STR_INIT;

	if (starts_with(text, len, "hint: "))
		return;
	if (starts_with(text, len, name)) {
		text += sizeof name - 1;
		len -= sizeof name - 1;
	}

	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	while (len && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	text_safe(&safe, text, len);
	len = safe.len;
	if (len > sizeof job->last - 1) {
		len = sizeof job->last - 1;
		while (len && ((unsigned char)safe.p[len] & 0xc0) == 0x80)
			len--;
	}
	if (len) {
		memcpy(job->last, safe.p, len);
		job->last[len] = '\0';
	}
	str_release(&safe);
}

/* What a terminal would show of it: a carriage return begins the line anew. */
static void add_line(struct entry *entry, enum role role, const char *text, size_t len)
{
	while (len && text[len - 1] == '\r')
		len--;
	const char *start = len ? memrchr(text, '\r', len) : NULL;
	if (start) {
		len -= (size_t)(start + 1 - text);
		text = start + 1;
	}
	/* Without the control sequences that the pane takes out. */
	const struct line *line = pane_add_ansi(&entry->job.pane, role, text, len);
	if (line)
		set_last(&entry->job, line->text, line->len);
}

static void add_lines(struct entry *entry, struct lines *lines, enum role role, bool end)
{
	const char *text;
	size_t len;

	while (lines_take(lines, end, &text, &len))
		add_line(entry, role, text, len);
}

static void on_out(void *arg, const char *bytes, size_t len)
{
	struct entry *entry = arg;

	lines_put(&entry->out, bytes, len);
	add_lines(entry, &entry->out, ROLE_text, false);
	entry_changed(entry);
}

static void on_err(void *arg, const char *bytes, size_t len)
{
	struct entry *entry = arg;

	lines_put(&entry->err, bytes, len);
	add_lines(entry, &entry->err, ROLE_bad, false);
	entry_changed(entry);
}

/* --- begin and end --- */

static void entry_end(struct entry *entry, int status)
{
	struct job *job = &entry->job;

	add_lines(entry, &entry->out, ROLE_text, true);
	add_lines(entry, &entry->err, ROLE_bad, true);
	lines_release(&entry->out);
	lines_release(&entry->err);
	loop_timer_cancel(entry->jobs->loop, entry->kill_timer);
	entry->kill_timer = 0;
	entry->run = NULL;
	job->status = status;
	job->ended_ms = loop_now_ms();
	if (!job->began_ms)
		job->began_ms = job->ended_ms;
	if (job->cancelled && status > 0)
		error_set(&job->error, ERROR_CANCELLED, "cancelled");
	entry_changed(entry);
}

static bool is_waiting(const struct entry *entry)
{
	return !entry->job.began_ms;
}

static bool share_an_app(const struct entry *a, const struct entry *b)
{
	size_t i, j;
	json_t *one, *other;

	json_array_foreach(a->job.apps, i, one)
		json_array_foreach(b->job.apps, j, other)
			if (json_equal(one, other))
				return true;
	return false;
}

/* Whether one before it, running or waiting, is about an app of it. */
static bool is_blocked(const struct jobs *jobs, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!jobs->entries[i]->job.ended_ms &&
		    share_an_app(jobs->entries[i], jobs->entries[index]))
			return true;
	return false;
}

/* The next that may begin, or NULL. */
static struct entry *entry_next(const struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (is_waiting(jobs->entries[i]) && !is_blocked(jobs, i))
			return jobs->entries[i];
	return NULL;
}

static void on_done(void *arg, int status);

static void begin_next(struct jobs *jobs)
{
	struct entry *entry;

	while ((entry = entry_next(jobs))) {
		struct run_calls calls = {on_out, on_err, on_done, entry};

		entry->job.began_ms = loop_now_ms();
		entry->run = run_begin(jobs, entry->job.args, &calls, &entry->job.error);
		if (entry->run)
			entry_changed(entry);
		else
			entry_end(entry, -1);
	}
}

static void on_done(void *arg, int status)
{
	struct entry *entry = arg;
	struct jobs *jobs = entry->jobs;

	entry_end(entry, status);
	begin_next(jobs);
}

/* --- the list --- */

static void entry_free(struct entry *entry)
{
	loop_timer_cancel(entry->jobs->loop, entry->kill_timer);
	json_decref(entry->job.args);
	json_decref(entry->job.apps);
	pane_release(&entry->job.pane);
	lines_release(&entry->out);
	lines_release(&entry->err);
	free(entry);
}

/* Makes room for a new one, as far as there are ended ones. */
static void forget_oldest(struct jobs *jobs)
{
	size_t kept = 0, over = jobs->count >= JOBS_KEPT ? jobs->count - JOBS_KEPT + 1 : 0;

	for (size_t i = 0; i < jobs->count; i++) {
		struct entry *entry = jobs->entries[i];

		if (over && entry->job.ended_ms) {
			over--;
			entry_free(entry);
		} else {
			jobs->entries[kept++] = entry;
		}
	}
	jobs->count = kept;
}

struct job *job_start(struct jobs *jobs, const json_t *args, const json_t *apps)
{
	struct entry *entry = xcalloc(1, sizeof *entry);

	forget_oldest(jobs);
	entry->jobs = jobs;
	entry->out = entry->err = (struct lines)LINES_INIT;
	entry->job.id = ++jobs->last_id;
	entry->job.args = json_deep_copy(args);
	entry->job.apps = apps ? json_deep_copy(apps) : json_array();
	pane_init(&entry->job.pane, JOB_BYTES);
	entry->job.pane.follow = true;
	jobs->entries = xgrow(jobs->entries, jobs->count, &jobs->cap, sizeof(struct entry *));
	jobs->entries[jobs->count++] = entry;
	begin_next(jobs);
	if (is_waiting(entry))
		entry_changed(entry);
	return &entry->job;
}

static void on_kill(void *arg)
{
	struct entry *entry = arg;

	entry->kill_timer = 0;
	run_signal(entry->run, SIGKILL);
}

void job_cancel(struct jobs *jobs, struct job *job)
{
	struct entry *entry = (struct entry *)job;

	if (job->ended_ms || job->cancelled)
		return;
	job->cancelled = true;
	if (!entry->run) {
		error_set(&job->error, ERROR_CANCELLED, "cancelled before it began");
		entry_end(entry, -1);
		begin_next(jobs);
		return;
	}
	run_signal(entry->run, SIGTERM);
	/* One that is stopped hears of it only when it goes on. */
	run_signal(entry->run, SIGCONT);
	entry->kill_timer = loop_timer(jobs->loop, KILL_AFTER_MS, on_kill, entry);
	entry_changed(entry);
}

size_t jobs_count(const struct jobs *jobs)
{
	return jobs->count;
}

struct job *jobs_at(struct jobs *jobs, size_t index)
{
	return index < jobs->count ? &jobs->entries[jobs->count - 1 - index]->job : NULL;
}

size_t jobs_running(const struct jobs *jobs)
{
	size_t count = 0;

	for (size_t i = 0; i < jobs->count; i++)
		count += !jobs->entries[i]->job.ended_ms;
	return count;
}

void jobs_watch(struct jobs *jobs, void (*changed)(void *arg, struct job *job), void *arg)
{
	jobs->changed = changed;
	jobs->arg = arg;
}

/* --- all of them --- */

void jobs_set_patience(struct jobs *jobs, int seconds)
{
	jobs->patience = seconds;
}

struct jobs *jobs_new(struct loop *loop, const char *program, const json_t *options,
		      const char *fake)
{
	struct jobs *jobs = xcalloc(1, sizeof *jobs);

	jobs->loop = loop;
	jobs->program = xstrdup(program);
	jobs->options = options;
	jobs->fake = fake ? xstrdup(fake) : NULL;
	return jobs;
}

bool jobs_only_reads(const char *command)
{
	static const char *const readers[] = {
		"--diff",	   "config:caddy", "config:docker", "config:env", "config:stack",
		"docker:services", "help",	   "logs",	    "ls",	  "ps",
		"status",	   "theme",	   "validate",	    "version",
	};

	for (size_t i = 0; command && i < sizeof readers / sizeof *readers; i++)
		if (!strcmp(command, readers[i]))
			return true;
	return false;
}

/* Whether it may go on without the screen: what changes things is not to stop halfway. What only
 * reads has nobody left to read for. */
static bool may_outlive(const struct job *job)
{
	return !job->cancelled && !jobs_only_reads(json_string_value(json_array_get(job->args, 0)));
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	readers_free(jobs);
	for (size_t i = 0; i < jobs->count; i++) {
		run_forget(jobs->entries[i]->run, may_outlive(&jobs->entries[i]->job));
		entry_free(jobs->entries[i]);
	}
	free(jobs->entries);
	free(jobs->program);
	free(jobs->fake);
	free(jobs);
}
