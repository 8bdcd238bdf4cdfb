/*
 * A server that a test writes as one function: it answers request after request on kept
 * connections, each connection in a process of its own, and counts what happens in shared memory.
 * Header-only.
 */
#ifndef KATA_TESTS_TALK_HTTP_H
#define KATA_TESTS_TALK_HTTP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct talk_counts {
	atomic_int connections, requests, posts, live, most_live, ended;
};

struct talk_request {
	int fd;
	char head[8192]; /* with its blank line */
	const char *path;
	bool post;
	const char *body; /* with Content-Length only */
	size_t body_len;
	int number; /* of the request on this connection, from 1 */
	struct talk_counts *counts;
};

/* False closes the connection. */
typedef bool talk_fn(struct talk_request *r);

struct talk {
	pid_t pid;
	struct talk_counts *counts;
	char dir[64], address[128];
};

static inline bool talk_send(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

__attribute__((format(printf, 2, 3))) static inline bool talk_say(struct talk_request *r,
								  const char *fmt, ...)
{
	char text[8192];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return talk_send(r->fd, text, (size_t)n);
}

/* A whole answer with a length; extra: more header lines, each with its end. */
static inline bool talk_answer(struct talk_request *r, int status, const char *extra,
			       const char *body)
{
	return talk_say(r, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s", status, extra,
			strlen(body), body);
}

static inline bool talk_chunk(struct talk_request *r, const char *bytes)
{
	return talk_say(r, "%zx\r\n%s\r\n", strlen(bytes), bytes);
}

/* Reads one request, and nothing beyond its body. */
static inline bool talk_read(struct talk_request *r, char *buffer, size_t size)
{
	size_t used = 0, want = 0;

	while (used < 4 || memcmp(buffer + used - 4, "\r\n\r\n", 4) != 0)
		if (used == size - 1 || read(r->fd, buffer + used++, 1) != 1)
			return false;
	buffer[used] = '\0';
	const char *length = strcasestr(buffer, "content-length:");
	r->body = buffer + used;
	r->body_len = length ? strtoul(length + 15, NULL, 10) : 0;
	for (want = used + r->body_len; used < want;) {
		ssize_t n = want < size ? read(r->fd, buffer + used, want - used) : 0;
		if (n <= 0)
			return false;
		used += (size_t)n;
	}
	buffer[used] = '\0';
	snprintf(r->head, sizeof r->head, "%.*s", (int)(r->body - buffer), buffer);
	r->post = strncmp(buffer, "POST ", 5) == 0;
	r->path = strchr(r->head, ' ');
	if (!r->path++)
		return false;
	r->number++;
	r->counts->requests++;
	r->counts->posts += r->post;
	return true;
}

static inline void talk_connection(int fd, talk_fn *fn, struct talk_counts *counts)
{
	static char buffer[1 << 20];
	struct talk_request r = {.fd = fd, .counts = counts};
	bool goes_on = true;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (goes_on && talk_read(&r, buffer, sizeof buffer)) {
		int live = ++counts->live;
		int most = counts->most_live;
		while (live > most &&
		       !atomic_compare_exchange_weak(&counts->most_live, &most, live))
			continue;
		goes_on = fn(&r);
		counts->live--;
	}
	counts->ended++;
	_exit(0);
}

static inline void talk_start(struct talk *talk, bool tcp, talk_fn *fn)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in loopback = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof loopback;
	int listener = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*talk = (struct talk){.dir = "/tmp/kata-talk-XXXXXX"};
	talk->counts = mmap(NULL, sizeof *talk->counts, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(talk->dir) || talk->counts == MAP_FAILED)
		abort();
	snprintf(local.sun_path, sizeof local.sun_path, "%s/s", talk->dir);
	if (bind(listener, tcp ? (struct sockaddr *)&loopback : (struct sockaddr *)&local,
		 tcp ? len : sizeof local) < 0 ||
	    listen(listener, 300) < 0 ||
	    (tcp && getsockname(listener, (struct sockaddr *)&loopback, &len) < 0))
		abort();
	if (tcp)
		snprintf(talk->address, sizeof talk->address, "tcp://localhost:%u",
			 (unsigned)ntohs(loopback.sin_port));
	else
		snprintf(talk->address, sizeof talk->address, "unix://%s/s", talk->dir);
	talk->pid = fork();
	/* A group of its own, to end it with all its connections. Either side may be first. */
	setpgid(talk->pid, talk->pid);
	if (talk->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;) {
			int fd = accept(listener, NULL, NULL);

			if (fd < 0)
				_exit(2);
			talk->counts->connections++;
			if (fork() == 0)
				talk_connection(fd, fn, talk->counts);
			close(fd);
		}
	}
	close(listener);
}

static inline void talk_stop(struct talk *talk)
{
	char path[128];

	kill(-talk->pid, SIGKILL);
	waitpid(talk->pid, NULL, 0);
	munmap(talk->counts, sizeof *talk->counts);
	snprintf(path, sizeof path, "%s/s", talk->dir);
	unlink(path);
	rmdir(talk->dir);
}

#endif
