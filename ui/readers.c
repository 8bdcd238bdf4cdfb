/*
 * Readers: runs whose output is an answer, kept whole up to a bound and a time limit, or a stream
 * of lines that its reader may hold back. Whoever started one hears of its end exactly once, from
 * the loop, unless it cancelled it.
 */
#include <stdlib.h>

#include "ui/jobs_private.h"

enum { OUT_MAX = 64 << 20, ERR_MAX = 1 << 20 };

struct reader {
	struct jobs *jobs;
	struct reader *next;
	struct run *run; /* NULL: not started, or over */
	json_t *args;
	void (*line)(void *arg, const char *text, size_t len); /* NULL: no stream */
	reader_done *done;
	void *arg;
	struct str out, err;
	struct lines lines;
	uint64_t limit, soon; /* timers: its time is up; go on from the loop */
	int timeout_ms;
	bool paused, ended, calling, cancelled;
	int status;
	struct kata_error error;
};

/* --- life and end --- */

static void reader_free(struct reader *reader)
{
	struct reader **link = &reader->jobs->readers;

	while (*link != reader)
		link = &(*link)->next;
	*link = reader->next;
	run_forget(reader->run, false);
	loop_timer_cancel(reader->jobs->loop, reader->limit);
	loop_timer_cancel(reader->jobs->loop, reader->soon);
	json_decref(reader->args);
	str_release(&reader->out);
	str_release(&reader->err);
	lines_release(&reader->lines);
	free(reader);
}

/* Tells what there is to tell: lines, and its end when all of them are told. */
static void reader_tell(struct reader *reader)
{
	const char *text;
	size_t len;

	reader->calling = true;
	while (!reader->paused && !reader->cancelled &&
	       lines_take(&reader->lines, reader->ended, &text, &len))
		reader->line(reader->arg, text, len);
	bool over = reader->ended && !reader->cancelled && !(reader->line && reader->paused);
	if (over)
		reader->done(reader->arg, reader->status, &reader->out, &reader->err,
			     &reader->error);
	reader->calling = false;
	if (over || reader->cancelled)
		reader_free(reader);
}

/* The run is over or forgotten. */
static void reader_end(struct reader *reader, int status)
{
	reader->run = NULL;
	reader->ended = true;
	reader->status = status;
	loop_timer_cancel(reader->jobs->loop, reader->limit);
	reader->limit = 0;
	reader_tell(reader);
}

/* Names the command that failed in this way. Ends it. */
static void reader_fail(struct reader *reader, enum error_code code, const char *how)
{
	struct str command = STR_INIT;

	jobs_command_line(reader->jobs, reader->args, &command);
	error_set(&reader->error, code, "%s %s", command.p, how);
	str_release(&command);
	run_forget(reader->run, false);
	reader_end(reader, -1);
}

/* --- what its run says --- */

static void on_out(void *arg, const char *bytes, size_t len)
{
	struct reader *reader = arg;
	size_t room = OUT_MAX - reader->out.len;

	if (reader->line) {
		lines_put(&reader->lines, bytes, len);
		reader_tell(reader);
		return;
	}
	str_addn(&reader->out, bytes, len < room ? len : room);
	/* A cut answer would be read as another one. */
	if (len > room)
		reader_fail(reader, ERROR_PROTOCOL, "says more than 64 MiB");
}

static void on_err(void *arg, const char *bytes, size_t len)
{
	struct reader *reader = arg;
	size_t room = ERR_MAX - reader->err.len;

	str_addn(&reader->err, bytes, len < room ? len : room);
}

static void on_done(void *arg, int status)
{
	reader_end(arg, status);
}

static void on_limit(void *arg)
{
	struct reader *reader = arg;
	struct str how = STR_INIT;

	reader->limit = 0;
	str_addf(&how, "did not end within %g s", reader->timeout_ms / 1000.0);
	reader_fail(reader, ERROR_TIMEOUT, how.p);
	str_release(&how);
}

static void on_soon(void *arg)
{
	struct reader *reader = arg;

	reader->soon = 0;
	reader_tell(reader);
}

static void tell_soon(struct reader *reader)
{
	if (!reader->soon)
		reader->soon = loop_timer(reader->jobs->loop, 0, on_soon, reader);
}

/* --- start --- */

static struct reader *reader_new(struct jobs *jobs, const json_t *args, reader_done *done,
				 void *arg)
{
	struct reader *reader = xcalloc(1, sizeof *reader);

	reader->jobs = jobs;
	reader->args = json_deep_copy(args);
	reader->done = done;
	reader->arg = arg;
	reader->out = reader->err = reader->lines.text = (struct str)STR_INIT;
	reader->next = jobs->readers;
	jobs->readers = reader;
	return reader;
}

static void reader_run(struct reader *reader)
{
	struct run_calls calls = {on_out, on_err, on_done, reader};

	reader->run = run_begin(reader->jobs, reader->args, &calls, &reader->error);
	if (!reader->run) {
		reader->ended = true;
		reader->status = -1;
		tell_soon(reader);
	}
}

struct reader *reader_start(struct jobs *jobs, const json_t *args, int timeout_ms,
			    reader_done *done, void *arg)
{
	struct reader *reader = reader_new(jobs, args, done, arg);

	if (jobs->patience) {
		json_array_append_new(reader->args, json_string("--timeout"));
		json_array_append_new(reader->args, json_sprintf("%d", jobs->patience));
	}
	reader_run(reader);
	reader->timeout_ms = timeout_ms;
	if (reader->run)
		reader->limit = loop_timer(jobs->loop, timeout_ms, on_limit, reader);
	return reader;
}

struct reader *reader_stream(struct jobs *jobs, const json_t *args,
			     void (*line)(void *arg, const char *text, size_t len),
			     reader_done *done, void *arg)
{
	struct reader *reader = reader_new(jobs, args, done, arg);

	reader->line = line;
	reader_run(reader);
	return reader;
}

void reader_pause(struct reader *reader, bool paused)
{
	if (reader->paused == paused)
		return;
	reader->paused = paused;
	if (reader->run)
		run_pause(reader->run, paused);
	/* Lines that had come before, perhaps the end; not from inside the caller. */
	if (!paused)
		tell_soon(reader);
}

void reader_cancel(struct reader *reader)
{
	if (!reader)
		return;
	if (reader->calling)
		reader->cancelled = true;
	else
		reader_free(reader);
}

size_t readers_running(const struct jobs *jobs)
{
	size_t count = 0;

	for (const struct reader *reader = jobs->readers; reader; reader = reader->next)
		count++;
	return count;
}

void readers_free(struct jobs *jobs)
{
	while (jobs->readers)
		reader_free(jobs->readers);
}
