/*
 * Private to jobs.c, readers.c and run.c: what they share. A run is our own program with one
 * command, or a recorded answer in its place; readers and jobs are made of runs.
 */
#ifndef KATA_UI_JOBS_PRIVATE_H
#define KATA_UI_JOBS_PRIVATE_H

#include "ui/jobs.h"

struct entry;

struct jobs {
	struct loop *loop;
	char *program;
	const json_t *options; /* borrowed, may be NULL */
	char *fake;	       /* folder of recorded answers, or NULL */
	int patience;	       /* of readers, in seconds; 0: their own */
	struct reader *readers;
	struct entry **entries; /* oldest first */
	size_t count, cap;
	unsigned last_id;
	void (*changed)(void *arg, struct job *job);
	void *arg;
};

/* --- runs (run.c) --- */

struct run;
/* As struct process_start has them. The run is freed when done() returns. */
struct run_calls {
	void (*out)(void *arg, const char *bytes, size_t len);
	void (*err)(void *arg, const char *bytes, size_t len);
	void (*done)(void *arg, int status);
	void *arg;
};

/* NULL: it could not be started. Nobody is called before the loop's next turn. */
struct run *run_begin(struct jobs *jobs, const json_t *args, const struct run_calls *calls,
		      struct kata_error *e);
void run_signal(struct run *run, int number);
/* A recorded answer comes at once and whole. */
void run_pause(struct run *run, bool paused);
/* As process_forget; NULL is fine. */
void run_forget(struct run *run, bool leave);

/* --- lines of what comes in pieces (run.c) --- */

enum { LINE_MAX_BYTES = 64 << 10 };

struct lines {
	struct str text; /* what was put */
	size_t at;	 /* taken before */
	size_t tail;	 /* kept length of the line under way */
};
#define LINES_INIT                                                                                 \
	{                                                                                          \
		STR_INIT, 0, 0                                                                     \
	}

/* A line goes up to its newline; what is beyond LINE_MAX_BYTES of it is dropped. */
void lines_put(struct lines *lines, const char *bytes, size_t len);
/* The next whole line without its newline, borrowed until something is put; with `end` also one
 * that has no newline. False: there is none. */
bool lines_take(struct lines *lines, bool end, const char **text, size_t *len);
void lines_release(struct lines *lines);

/* --- readers.c --- */

void readers_free(struct jobs *jobs);

#endif
