/*
 * Locks between processes: flock(2) on a file that shows who holds it. The kernel gives a lock
 * back when its holder ends, however it ends: there are no stale locks.
 */
#ifndef KATA_LOCK_H
#define KATA_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kata/error.h"

struct loop;

/*
 * Takes the lock file `path` (created 0600 in an existing folder; what root makes takes the
 * folder's owner) and writes "pid command" into it. *fd: to give to lock_release. wait_ms: 0
 * does not wait, -1 waits as long as it takes (or until loop_stopped). ERROR_EXISTS: somebody else
 * holds it; the message names the holder.
 */
bool lock_take(const char *path, const char *command, struct loop *loop, int64_t wait_ms, int *fd,
	       struct kata_error *e);
/* -1 is fine. */
void lock_release(int fd);

#endif
