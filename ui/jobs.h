/*
 * Children of the screen: our own program with a public command. Two kinds: readers, whose whole
 * output is one answer (or a stream of lines), and jobs, which a person started: they are listed in
 * Activity with their output, can be cancelled, and are kept after their end.
 */
#ifndef KATA_UI_JOBS_H
#define KATA_UI_JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/error.h"
#include "kata/loop.h"
#include "kata/memory.h"
#include "ui/pane.h"

struct jobs;

/* program: path of our own binary; options: arguments that every command gets at its end (array of
 * texts: --root DIR ...), borrowed; in front where the end is another program's command line
 * (docker, run, after "--"). fake: folder with recorded answers instead of children, or NULL: the
 * answer to `ls --json` is the file "ls --json" (a slash in an argument is a '_'), its exit code
 * stands in "ls --json.exit" (none: 0), what it says on standard error in "ls --json.err" (none:
 * nothing). It never answers when there is a file "ls --json.never" instead. */
struct jobs *jobs_new(struct loop *loop, const char *program, const json_t *options,
		      const char *fake);
/* Ends every reader; jobs that may outlive the screen go on (detached: all but those that only read
 * and cancelled ones), others are ended. Waiting ones never begin. */
void jobs_free(struct jobs *jobs);

/* Readers give up on a server that has not answered a question for so many seconds (--timeout): it
 * must not keep what the others say off the screen. 0: as long as the command itself waits. */
void jobs_set_patience(struct jobs *jobs, int seconds);

/* --- readers --- */

struct reader;
/* out, err: all it said (at most 64 MiB, 1 MiB); status: exit code, 128 + signal, or -1 when it
 * could not be started, ran out of time or said more than that (e says why). Called once, from the
 * loop. */
typedef void reader_done(void *arg, int status, const struct str *out, const struct str *err,
			 const struct kata_error *e);
/* args: without options, array of texts (borrowed during the call). Ends after timeout_ms. */
struct reader *reader_start(struct jobs *jobs, const json_t *args, int timeout_ms,
			    reader_done *done, void *arg);
/* Lines as they come, without their newline (at most 64 KiB each); done at its end (out is empty).
 */
struct reader *reader_stream(struct jobs *jobs, const json_t *args,
			     void (*line)(void *arg, const char *text, size_t len),
			     reader_done *done, void *arg);
/* Stops reading from a stream until called with false (back pressure). */
void reader_pause(struct reader *reader, bool paused);
/* Ends it; nobody is called. Also from inside its own callbacks. */
void reader_cancel(struct reader *reader);
/* Readers that are under way. */
size_t readers_running(const struct jobs *jobs);

/* --- jobs --- */

struct job {
	unsigned id;		    /* from 1 */
	json_t *args;		    /* of the command */
	json_t *apps;		    /* that it is about; array of texts */
	struct pane pane;	    /* what it said: output plain, errors in ROLE_bad */
	int64_t began_ms, ended_ms; /* monotonic; 0: still waiting, not ended */
	int status;		    /* as above; meaningful when ended */
	bool cancelled;
	struct kata_error error;
	char last[1024]; /* its last line that is not blank, made safe, for the status line */
};

/* changed(): called when a job began, said something, or ended. */
void jobs_watch(struct jobs *jobs, void (*changed)(void *arg, struct job *job), void *arg);
/* Commands that change things run one at a time per app; the later one waits its turn (--wait is
 * the command's own affair). What it returns is kept at least until the next job_start(). */
struct job *job_start(struct jobs *jobs, const json_t *args, const json_t *apps);
/* TERM to its process group, KILL after 5 s. */
void job_cancel(struct jobs *jobs, struct job *job);
size_t jobs_count(const struct jobs *jobs);	      /* the newest 100 are kept */
struct job *jobs_at(struct jobs *jobs, size_t index); /* 0: the newest */
/* Whether a command changes nothing. */
bool jobs_only_reads(const char *command);
size_t jobs_running(const struct jobs *jobs); /* not ended: also those that wait */
/* The command line, as one would type it: "kata-tui deploy shop --root /srv". Appended. */
void jobs_command_line(const struct jobs *jobs, const json_t *args, struct str *out);

#endif
