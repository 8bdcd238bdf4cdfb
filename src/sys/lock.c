/*
 * Locks between processes, by flock(2).
 */
#include "kata/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/loop.h"
#include "kata/memory.h"

enum { HOLDER_MAX = 120, POLL_MS = 100 };

/* What root makes takes the owner of its folder, so that the folder's user can use it, too. */
static void give_owner(const char *path, int fd)
{
	const char *slash = strrchr(path, '/');
	struct str folder = STR_INIT;
	struct stat st, mine;

	str_addn(&folder, path, slash ? (size_t)(slash - path) : 0);
	if (slash && geteuid() == 0 && !fstat(fd, &mine) && mine.st_uid == 0 &&
	    !stat(folder.len ? folder.p : "/", &st) && st.st_uid != 0 &&
	    fchown(fd, st.st_uid, st.st_gid) != 0)
		errno = 0; /* then only root can use it: no worse than before */
	str_release(&folder);
}

static void say_holder(int fd, struct kata_error *e)
{
	char holder[HOLDER_MAX + 1];
	ssize_t n = pread(fd, holder, HOLDER_MAX, 0);

	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	error_set(e, ERROR_EXISTS, "another run holds the lock%s%s%s", *holder ? " (process " : "",
		  holder, *holder ? ")" : "");
	error_hint(e, "wait for it, or use --wait to queue");
}

static void write_holder(int fd, const char *command)
{
	char line[HOLDER_MAX];
	int n = snprintf(line, sizeof line, "%ld %s\n", (long)getpid(), command);

	/* For display only: what cannot be written is merely not shown. */
	if (ftruncate(fd, 0) == 0 && n > 0 &&
	    pwrite(fd, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1, 0) < 0)
		errno = 0;
}

bool lock_take(const char *path, const char *command, struct loop *loop, int64_t wait_ms, int *fd,
	       struct kata_error *e)
{
	int64_t until = loop_now_ms() + wait_ms;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0) {
		error_sys(e, "the lock file cannot be opened");
		error_where(e, "%s", path);
		return false;
	}
	give_owner(path, *fd);
	while (flock(*fd, LOCK_EX | LOCK_NB)) {
		bool busy = errno == EWOULDBLOCK || errno == EINTR;

		if (busy && (wait_ms < 0 || loop_now_ms() < until) && !loop_stopped(loop)) {
			loop_sleep(loop, POLL_MS);
			continue;
		}
		if (busy)
			say_holder(*fd, e);
		else
			error_sys(e, "the lock cannot be taken");
		error_where(e, "%s", path);
		lock_release(*fd);
		*fd = -1;
		return false;
	}
	write_holder(*fd, command);
	return true;
}

void lock_release(int fd)
{
	if (fd >= 0)
		close(fd);
}
