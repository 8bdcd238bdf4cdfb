/*
 * A server that answers one connection after the other with canned bytes, in a child process: for
 * what real servers do only when they are broken. Header-only, so that a unit test is one program.
 */
#ifndef KATA_TESTS_FAKE_HTTP_H
#define KATA_TESTS_FAKE_HTTP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct fake_answer {
	const char *bytes; /* NULL: closes at once */
	size_t len;	   /* 0: strlen */
	size_t repeat;	   /* sends them so many more times */
	int pause_ms;	   /* before the second half of the bytes */
	bool hang;	   /* then keeps the connection open */
	bool deaf;	   /* does not read the request */
};

struct fake_http {
	pid_t pid;
	int requests; /* what was asked, end to end */
	char dir[64], address[128];
};

/* Reads a request: its head, and as much body as it announces. What fits is passed on. */
static inline void fake_read(int fd, int to)
{
	char buffer[16384], more[65536];
	size_t used = 0, read_in = 0, want = 0;

	while (!want || read_in < want) {
		bool full = used == sizeof buffer - 1;
		ssize_t n = full ? read(fd, more, sizeof more)
				 : read(fd, buffer + used, sizeof buffer - 1 - used);

		if (n <= 0)
			break;
		read_in += (size_t)n;
		used += full ? 0 : (size_t)n;
		buffer[used] = '\0';
		const char *end = strstr(buffer, "\r\n\r\n");
		if (!end)
			continue;
		const char *length = strcasestr(buffer, "content-length:");
		want = (size_t)(end + 4 - buffer) +
		       (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
	}
	if (write(to, buffer, used) < 0)
		_exit(3);
}

static inline void fake_send(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static inline void fake_serve(int listener, int to, const struct fake_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fake_answer *a = &answers[i];
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(2);
		if (!a->deaf)
			fake_read(fd, to);
		size_t len = a->bytes ? a->len ? a->len : strlen(a->bytes) : 0;
		size_t half = a->pause_ms ? len / 2 : 0;
		if (a->bytes)
			fake_send(fd, a->bytes, half);
		if (a->pause_ms)
			poll(NULL, 0, a->pause_ms);
		for (size_t n = 0; a->bytes && n <= a->repeat; n++)
			fake_send(fd, a->bytes + half, len - half);
		while (a->hang)
			pause();
		close(fd);
	}
	_exit(0);
}

static inline int fake_listen(struct fake_http *fake, bool tcp)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in loopback = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof loopback;
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (tcp) {
		if (bind(fd, (struct sockaddr *)&loopback, len) < 0 ||
		    getsockname(fd, (struct sockaddr *)&loopback, &len) < 0)
			abort();
		snprintf(fake->address, sizeof fake->address, "localhost:%u",
			 (unsigned)ntohs(loopback.sin_port));
	} else {
		snprintf(local.sun_path, sizeof local.sun_path, "%s/s", fake->dir);
		snprintf(fake->address, sizeof fake->address, "unix/%s/s", fake->dir);
		if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0)
			abort();
	}
	if (listen(fd, 16) < 0)
		abort();
	return fd;
}

static inline void fake_start(struct fake_http *fake, bool tcp, const struct fake_answer *answers,
			      size_t count)
{
	int pipes[2];

	*fake = (struct fake_http){.dir = "/tmp/kata-fake-XXXXXX"};
	if (!mkdtemp(fake->dir) || pipe(pipes) < 0)
		abort();
	int listener = fake_listen(fake, tcp);
	fake->pid = fork();
	if (fake->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipes[0]);
		fake_serve(listener, pipes[1], answers, count);
	}
	close(pipes[1]);
	close(listener);
	fake->requests = pipes[0];
}

/* Ends the server and puts what it was asked into `asked` (may be NULL). */
static inline void fake_stop(struct fake_http *fake, char *asked, size_t size)
{
	char path[128], drop[4096];
	size_t used = 0;
	ssize_t n;

	kill(fake->pid, SIGKILL);
	waitpid(fake->pid, NULL, 0);
	while (asked && used < size - 1 &&
	       (n = read(fake->requests, asked + used, size - 1 - used)) > 0)
		used += (size_t)n;
	if (asked)
		asked[used] = '\0';
	while (read(fake->requests, drop, sizeof drop) > 0)
		continue;
	close(fake->requests);
	snprintf(path, sizeof path, "%s/s", fake->dir);
	unlink(path);
	rmdir(fake->dir);
}

#endif
