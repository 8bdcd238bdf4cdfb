/*
 * Private to sys/: how a child begins, for those who wait for one (child.c) and those who keep it
 * on the loop (process.c).
 */
#ifndef KATA_SYS_CHILD_PRIVATE_H
#define KATA_SYS_CHILD_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "kata/error.h"

/* A pipe to (in) or from a child: our end does not block. Both are closed by exec and lie above the
 * numbers that the child puts in place. False with errno; what was made is stored all the same. */
bool child_pipe(int *ours, int *theirs, bool in);
/* /dev/null, likewise; -1 with errno. */
int child_null(void);

/*
 * Starts argv[0] (looked up in PATH) in a process group of its own, with theirs[] as its
 * descriptors 0, 1 and 2, no other one, and signals as at our own start. environment:
 * NULL-terminated, or NULL for ours. When it returns, exec has happened. theirs[] stay open here.
 * Whoever gets the pid has to wait for it.
 */
bool child_spawn(const char *const *argv, const char *const *environment, const int theirs[3],
		 pid_t *pid, struct kata_error *e);

#endif
