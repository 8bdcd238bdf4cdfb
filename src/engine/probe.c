/*
 * Whether an address that Caddy is about to listen on is free, asked of the kernel: an old
 * Caddy that fails to bind one listener leaves the others behind.
 */
#include "apply_private.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kata/address.h"
#include "kata/file.h"
#include "kata/text.h"

/* Inode of the socket that listens on a port, from one of /proc/net/tcp{,6}; 0: none. */
static unsigned long listener_inode(const char *table, unsigned port)
{
	struct str text = STR_INIT;
	struct kata_error e;
	unsigned long found = 0;
	char *line, *rest;

	if (!file_read(AT_FDCWD, table, 4 << 20, &text, &e)) {
		str_release(&text);
		return 0;
	}
	for (line = strtok_r(text.p, "\n", &rest); line && !found;
	     line = strtok_r(NULL, "\n", &rest)) {
		unsigned local, state;
		unsigned long inode;

		if (sscanf(line,
			   " %*d: %*[0-9A-Fa-f]:%X %*[0-9A-Fa-f]:%*X %X %*s %*s %*s %*s %*s %lu",
			   &local, &state, &inode) == 3 &&
		    local == port && state == 0x0A)
			found = inode;
	}
	str_release(&text);
	return found;
}

/* Whether a process has the socket open. */
static bool process_has(const char *pid, const char *link)
{
	char path[300], target[64];
	bool found = false;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

		target[len > 0 ? len : 0] = '\0';
		found = !strcmp(target, link);
	}
	closedir(dir);
	return found;
}

static const char *process_name(struct arena *a, const char *pid)
{
	char path[64];
	struct str name = STR_INIT;
	struct kata_error e;
	const char *shown;

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	if (!file_read(AT_FDCWD, path, 64, &name, &e))
		str_add(&name, "a process");
	name.p[strcspn(name.p, "\n")] = '\0';
	shown = arena_printf(a, "%s (pid %s)", name.p, pid);
	str_release(&name);
	return shown;
}

static const char *holder_of(struct arena *a, unsigned port)
{
	unsigned long inode = listener_inode("/proc/net/tcp", port);
	const char *found = "another program";
	struct dirent *entry;
	char link[64];
	DIR *dir;

	if (!inode)
		inode = listener_inode("/proc/net/tcp6", port);
	snprintf(link, sizeof link, "socket:[%lu]", inode);
	dir = inode ? opendir("/proc") : NULL;
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9' &&
		    process_has(entry->d_name, link)) {
			found = process_name(a, entry->d_name);
			break;
		}
	if (dir)
		closedir(dir);
	return found;
}

/* Binds and lets go again, without SO_REUSEPORT: another Caddy of the same user counts, too. */
static int try_bind(int family, const char *host, unsigned port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, error = 0;

	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (*host)
		inet_pton(family, host,
			  family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
	if (bind(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
		 family == AF_INET ? sizeof v4 : sizeof v6))
		error = errno;
	close(fd);
	return error;
}

static int probe_port(const struct address *address, unsigned port)
{
	unsigned char raw[16];
	int error;

	if (inet_pton(AF_INET6, address->host, raw) == 1)
		return try_bind(AF_INET6, address->host, port);
	if (inet_pton(AF_INET, address->host, raw) == 1)
		return try_bind(AF_INET, address->host, port);
	if (*address->host)
		return 0; /* a name: only Caddy knows what it resolves to */
	error = strcmp(address->network, "tcp4") ? try_bind(AF_INET6, "", port) : 0;
	if (!error && strcmp(address->network, "tcp6") != 0)
		error = try_bind(AF_INET, "", port);
	return error;
}

bool probe_address(const char *text, struct arena *a, const char **why)
{
	struct address address;

	address_parse(a, text, &address);
	if (strncmp(address.network, "tcp", 3) != 0 || !address.first)
		return true;
	for (unsigned port = address.first; port <= address.last; port++) {
		int error = probe_port(&address, port);

		if (error == EADDRINUSE)
			*why = arena_printf(a, "port %u is taken by %s", port, holder_of(a, port));
		else if (error == EADDRNOTAVAIL)
			*why = arena_printf(a, "%s is no address of this host", address.host);
		else
			continue;
		return false;
	}
	return true;
}
