/*
 * Child processes on the loop, without a shell: argv[0] is looked up in PATH. Its output comes as
 * it is written; done() once, after both outputs are closed and it is dead (or is dead for two
 * seconds: what it left behind may hold them open). It runs in a process group of its own, its
 * standard input is /dev/null.
 */
#ifndef KATA_PROCESS_H
#define KATA_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/error.h"

struct loop;
struct process;
struct process_start {
	const char *const *argv; /* ends with NULL; copied */
	const char *const
		*variables; /* "NAME=value" over our own environment, NULL at the end; or NULL */
	void (*out)(void *arg, const char *bytes, size_t len); /* NULL: dropped */
	void (*err)(void *arg, const char *bytes, size_t len);
	/* status: exit code, or 128 + signal. The process is freed when it returns. */
	void (*done)(void *arg, int status);
	void *arg;
};

/* NULL: it could not be started (ERROR_NOT_FOUND: no such program). */
struct process *process_start(struct loop *loop, const struct process_start *start,
			      struct kata_error *e);
/* To its whole process group. */
void process_signal(struct process *process, int number);
/* Stops reading its output, so that it has to wait, until called with false. */
void process_pause(struct process *process, bool paused);
/* Forgets it: nobody is called. With `leave` it goes on alone (its outputs are closed), else its
 * group is killed. Also from inside its own callbacks: then it happens when they return. */
void process_forget(struct process *process, bool leave);

#endif
