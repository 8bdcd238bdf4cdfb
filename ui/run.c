/*
 * Runs: our own program as a child with one command, or, in a fake run, the answer that a folder
 * has for it. Also the command line of both kinds, and lines of what comes in pieces.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kata/file.h"
#include "kata/process.h"
#include "kata/text.h"
#include "ui/jobs_private.h"

enum { RECORDED_MAX = 64 << 20, EXIT_CODE_MAX = 255 };

struct run {
	struct loop *loop;
	struct run_calls calls;
	struct process *process; /* NULL: recorded */
	/* Recorded: */
	struct str out, err;
	int status;
	bool never; /* an answer does not come */
	uint64_t timer;

	bool calling, forgotten;
};

/* --- lines --- */

void lines_put(struct lines *lines, const char *bytes, size_t len)
{
	struct str *text = &lines->text;

	if (lines->at) {
		memmove(text->p, text->p + lines->at, text->len - lines->at);
		text->len -= lines->at;
		lines->at = 0;
	}
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t size = end ? (size_t)(end - bytes) : len;
		size_t room = LINE_MAX_BYTES - lines->tail;
		size_t kept = size < room ? size : room;

		str_addn(text, bytes, kept);
		lines->tail += kept;
		if (end) {
			str_addc(text, '\n');
			lines->tail = 0;
			size++;
		}
		bytes += size;
		len -= size;
	}
}

bool lines_take(struct lines *lines, bool end, const char **text, size_t *len)
{
	size_t left = lines->text.len - lines->at;
	const char *start = lines->text.p + lines->at;
	const char *newline = left ? memchr(start, '\n', left) : NULL;

	if (!left || (!newline && !end))
		return false;
	*text = start;
	*len = newline ? (size_t)(newline - start) : left;
	lines->at += *len + (newline != NULL);
	return true;
}

void lines_release(struct lines *lines)
{
	str_release(&lines->text);
}

/* --- command lines --- */

/* Commands whose arguments are another program's command line: there ours would not be read. */
static bool takes_words(const json_t *args)
{
	static const char *const names[] = {"docker", "run"};
	const char *name = json_string_value(json_array_get(args, 0));
	size_t i;
	json_t *arg;

	for (i = 0; name && i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(name, names[i]))
			return true;
	json_array_foreach(args, i, arg)
		if (json_string_length(arg) == 2 && !strcmp(json_string_value(arg), "--"))
			return true;
	return false;
}

/* Our words of a command line, without the program: args and options in their order. New array. */
static json_t *words_new(const struct jobs *jobs, const json_t *args)
{
	bool before = takes_words(args);
	const json_t *parts[] = {before ? jobs->options : args, before ? args : jobs->options};
	json_t *words = json_array(), *word;
	size_t i;

	for (size_t part = 0; part < 2; part++)
		json_array_foreach(parts[part], i, word)
			json_array_append(words, word);
	return words;
}

static void add_quoted(struct str *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "_@%+=:,./-";

	if (*word && word[strspn(word, plain)] == '\0') {
		str_add(out, word);
		return;
	}
	str_addc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, *word);
	}
	str_addc(out, '\'');
}

void jobs_command_line(const struct jobs *jobs, const json_t *args, struct str *out)
{
	json_t *words = words_new(jobs, args), *word;
	size_t i;

	str_add(out, "kata-tui");
	json_array_foreach(words, i, word) {
		str_addc(out, ' ');
		add_quoted(out, json_string_value(word));
	}
	json_decref(words);
}

/* A NUL would cut the word that the child gets. */
static bool words_check(const json_t *words, struct kata_error *e)
{
	size_t i;
	json_t *word;

	json_array_foreach(words, i, word) {
		if (!json_is_string(word))
			BUG("an argument that is no text");
		if (strlen(json_string_value(word)) != json_string_length(word))
			return error_set(e, ERROR_INVALID, "a NUL byte in an argument");
	}
	return true;
}

/* --- a child --- */

static void run_free(struct run *run)
{
	str_release(&run->out);
	str_release(&run->err);
	free(run);
}

static void called(struct run *run)
{
	run->calling = false;
	if (run->forgotten)
		run_free(run);
}

static void on_out(void *arg, const char *bytes, size_t len)
{
	struct run *run = arg;

	run->calling = true;
	run->calls.out(run->calls.arg, bytes, len);
	called(run);
}

static void on_err(void *arg, const char *bytes, size_t len)
{
	struct run *run = arg;

	run->calling = true;
	run->calls.err(run->calls.arg, bytes, len);
	called(run);
}

static void on_done(void *arg, int status)
{
	struct run *run = arg;

	run->calling = true;
	run->calls.done(run->calls.arg, status);
	run_free(run);
}

static bool child_begin(struct run *run, const char *program, const json_t *words,
			struct kata_error *e)
{
	static const char *const variables[] = {"NO_COLOR=1", NULL};
	const char **argv = xcalloc(json_array_size(words) + 2, sizeof *argv);
	size_t i;
	json_t *word;

	argv[0] = program;
	json_array_foreach(words, i, word)
		argv[1 + i] = json_string_value(word);
	struct process_start start = {argv, variables, on_out, on_err, on_done, run};
	run->process = process_start(run->loop, &start, e);
	free(argv);
	return run->process != NULL;
}

/* --- a recorded answer --- */

static void on_replay(void *arg)
{
	struct run *run = arg;

	run->timer = 0;
	run->calling = true;
	if (run->out.len)
		run->calls.out(run->calls.arg, run->out.p, run->out.len);
	if (run->err.len && !run->forgotten)
		run->calls.err(run->calls.arg, run->err.p, run->err.len);
	if (run->forgotten)
		called(run);
	else
		on_done(run, run->status);
}

static bool recorded_read(const struct str *path, const char *suffix, struct str *out,
			  struct kata_error *e)
{
	struct str name = STR_INIT;

	str_addf(&name, "%s%s", path->p, suffix);
	bool ok = file_read(AT_FDCWD, name.p, RECORDED_MAX, out, e);
	str_release(&name);
	return ok;
}

/* Exit code and errors are there only when they are not 0 and none. */
static bool recorded_load(struct run *run, const struct str *path, struct kata_error *e)
{
	struct str exit_code = STR_INIT;
	uint64_t status = 0;

	run->never = recorded_read(path, ".never", &run->out, e);
	if (run->never)
		return true;
	bool ok = recorded_read(path, "", &run->out, e);
	ok = ok && (recorded_read(path, ".err", &run->err, e) || e->code == ERROR_NOT_FOUND);
	if (ok && recorded_read(path, ".exit", &exit_code, e)) {
		exit_code.p[strcspn(exit_code.p, "\n")] = '\0';
		ok = text_u64(exit_code.p, 0, EXIT_CODE_MAX, &status) ||
		     error_set(e, ERROR_INVALID, "%s.exit holds no exit code", path->p);
	} else if (ok) {
		ok = e->code == ERROR_NOT_FOUND;
	}
	run->status = (int)status;
	str_release(&exit_code);
	return ok;
}

static bool recorded_begin(struct run *run, const char *folder, const json_t *args,
			   struct kata_error *e)
{
	struct str path = STR_INIT;
	size_t i, start = strlen(folder) + 1;
	json_t *arg;

	str_addf(&path, "%s/", folder);
	json_array_foreach(args, i, arg)
		str_addf(&path, "%s%s", i ? " " : "", json_string_value(arg));
	for (i = start; i < path.len; i++)
		if (path.p[i] == '/')
			path.p[i] = '_';
	bool ok = recorded_load(run, &path, e);
	if (ok)
		*e = (struct kata_error){0}; /* of what need not be there */
	if (ok && !run->never)
		run->timer = loop_timer(run->loop, 0, on_replay, run);
	else if (!ok)
		error_wrap(e, "no recorded answer to \"%s\"", path.p + start);
	str_release(&path);
	return ok;
}

/* --- both --- */

struct run *run_begin(struct jobs *jobs, const json_t *args, const struct run_calls *calls,
		      struct kata_error *e)
{
	struct run *run = xcalloc(1, sizeof *run);
	json_t *words = words_new(jobs, args);

	*run = (struct run){.loop = jobs->loop, .calls = *calls, .out = STR_INIT, .err = STR_INIT};
	bool ok = words_check(words, e) && (jobs->fake ? recorded_begin(run, jobs->fake, args, e)
						       : child_begin(run, jobs->program, words, e));
	json_decref(words);
	if (ok)
		return run;
	run_free(run);
	return NULL;
}

void run_signal(struct run *run, int number)
{
	if (run->process)
		process_signal(run->process, number);
}

void run_pause(struct run *run, bool paused)
{
	if (run->process)
		process_pause(run->process, paused);
}

void run_forget(struct run *run, bool leave)
{
	if (!run)
		return;
	if (run->process)
		process_forget(run->process, leave);
	loop_timer_cancel(run->loop, run->timer);
	if (run->calling)
		run->forgotten = true;
	else
		run_free(run);
}
