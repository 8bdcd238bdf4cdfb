/*
 * A private Caddy for C tests: admin API on a unix socket in a folder of its own, home and data
 * there too, started as a child, ended by its pid. Header-only, so that a unit test is one program.
 */
#ifndef KATA_TESTS_CADDY_PRIVATE_H
#define KATA_TESTS_CADDY_PRIVATE_H

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct caddy_private {
	pid_t pid;
	char dir[64], address[96]; /* "unix//tmp/.../admin" */
};

/* A network namespace with loopback up: no port is shared with anybody. Needs root. */
static inline bool caddy_private_unshare(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	if (unshare(CLONE_NEWNET) < 0)
		return false;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return ok;
}

static inline bool caddy_private_answers(const struct caddy_private *caddy)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/admin", caddy->dir);
	bool ok = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	close(fd);
	return ok;
}

static inline void caddy_private_exec(const struct caddy_private *caddy, const char *binary)
{
	char config[128], home[80];
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(home, sizeof home, "%s", caddy->dir);
	snprintf(config, sizeof config, "%s/config.json", caddy->dir);
	setenv("HOME", home, 1);
	setenv("XDG_DATA_HOME", home, 1);
	setenv("XDG_CONFIG_HOME", home, 1);
	dup2(null, 0);
	if (!getenv("KATA_TEST_VERBOSE")) {
		dup2(null, 1);
		dup2(null, 2);
	}
	execlp(binary, binary, "run", "--config", config, (char *)NULL);
	_exit(127);
}

/*
 * Starts it with the text of "apps" ("" for none, e.g. "\"http\":{}") and waits until it answers.
 * own_network: ports of its own. False when this binary cannot be run.
 */
static inline bool caddy_private_start(struct caddy_private *caddy, const char *binary,
				       const char *apps, bool own_network)
{
	char path[128];

	*caddy = (struct caddy_private){.dir = "/tmp/kata-caddy-XXXXXX"};
	if (!mkdtemp(caddy->dir))
		return false;
	snprintf(caddy->address, sizeof caddy->address, "unix/%s/admin", caddy->dir);
	snprintf(path, sizeof path, "%s/config.json", caddy->dir);
	FILE *file = fopen(path, "w");
	if (!file)
		return false;
	fprintf(file, "{\"admin\":{\"listen\":\"%s\"}%s%s%s}", caddy->address,
		*apps ? ",\"apps\":{" : "", apps, *apps ? "}" : "");
	fclose(file);
	caddy->pid = fork();
	if (caddy->pid == 0) {
		if (own_network && !caddy_private_unshare())
			_exit(126);
		caddy_private_exec(caddy, binary);
	}
	for (int i = 0; i < 2000; i++) {
		if (caddy_private_answers(caddy))
			return true;
		if (waitpid(caddy->pid, NULL, WNOHANG) == caddy->pid)
			break;
		poll(NULL, 0, 5);
	}
	caddy->pid = 0;
	return false;
}

/* Ends it and removes its folder. */
static inline void caddy_private_stop(struct caddy_private *caddy)
{
	if (caddy->pid > 0) {
		kill(caddy->pid, SIGKILL);
		waitpid(caddy->pid, NULL, 0);
	}
	pid_t child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", "--", caddy->dir, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	*caddy = (struct caddy_private){0};
}

#endif
