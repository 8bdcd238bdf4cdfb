/*
 * The machine: processor, load, memory, uptime from /proc, and the file system of KATA_ROOT. Read
 * when asked, at most twice a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "kata/memory.h"
#include "ui/live_private.h"

enum { AGAIN_MS = 500 };

struct host_watch {
	char *root;
	json_t *value; /* of the last reading, or NULL */
	int64_t read_ms;
	double busy, total; /* of the processors, then */
};

/* The beginning of a small file of /proc; empty when there is none. */
static void read_proc(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	while (fd >= 0 && used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Reads a number and goes on behind it; 0 where none is. */
static double next_number(const char **text)
{
	char *end;
	double value = strtod(*text, &end);

	*text = end;
	return isfinite(value) ? value : 0;
}

/* user nice system idle iowait irq softirq steal; guests are in user already. */
static void add_cpu(struct host_watch *watch, json_t *out)
{
	enum { IDLE = 3, IOWAIT = 4, FIELDS = 8 };
	char text[512];
	const char *p = text;
	double total = 0, idle = 0;

	read_proc("/proc/stat", text, sizeof text);
	if (strncmp(text, "cpu ", 4) != 0)
		return;
	p += 4;
	for (int i = 0; i < FIELDS; i++) {
		double ticks = next_number(&p);

		total += ticks;
		if (i == IDLE || i == IOWAIT)
			idle += ticks;
	}
	double busy = total - idle, span = total - watch->total;
	double percent = span > 0 ? (busy - watch->busy) / span * 100 : 0;
	watch->busy = busy;
	watch->total = total;
	json_object_set_new(out, "cpu", json_real(percent < 0 ? 0 : fmin(percent, 100)));
}

static void add_load(json_t *out)
{
	char text[128];
	const char *p = text;
	json_t *load = json_array();

	read_proc("/proc/loadavg", text, sizeof text);
	for (int i = 0; i < 3; i++)
		json_array_append_new(load, json_real(next_number(&p)));
	json_object_set_new(out, "load", load);
}

/* Bytes of a line "Name:   123 kB", or 0. */
static double memory_of(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	if (!p)
		return 0;
	p += strlen(name);
	return next_number(&p) * 1024;
}

static void add_memory(json_t *out)
{
	char text[2048];

	read_proc("/proc/meminfo", text, sizeof text);
	double total = memory_of(text, "MemTotal:"), free_now = memory_of(text, "MemAvailable:");
	json_object_set_new(out, "memory_total", json_integer((json_int_t)total));
	json_object_set_new(out, "memory",
			    json_integer(total > free_now ? (json_int_t)(total - free_now) : 0));
}

static void add_uptime(json_t *out)
{
	char text[64];
	const char *p = text;

	read_proc("/proc/uptime", text, sizeof text);
	json_object_set_new(out, "uptime", json_integer((json_int_t)next_number(&p)));
}

/* What root alone may use counts neither as used nor as room, so that full is 100 %, as in df. */
static void add_disk(const char *root, json_t *out)
{
	struct statvfs disk;

	if (statvfs(root, &disk) < 0 || disk.f_bfree > disk.f_blocks)
		return;
	json_int_t unit = (json_int_t)disk.f_frsize;
	json_int_t used = (json_int_t)(disk.f_blocks - disk.f_bfree) * unit;
	json_object_set_new(out, "disk", json_integer(used));
	json_object_set_new(out, "disk_total",
			    json_integer(used + (json_int_t)disk.f_bavail * unit));
}

struct host_watch *host_watch_new(const char *root)
{
	struct host_watch *watch = xcalloc(1, sizeof *watch);
	json_t *ignored = json_object();

	watch->root = xstrdup(root);
	/* The first answer is about the time since now. */
	add_cpu(watch, ignored);
	json_decref(ignored);
	watch->read_ms = loop_now_ms();
	return watch;
}

void host_watch_free(struct host_watch *watch)
{
	if (!watch)
		return;
	json_decref(watch->value);
	free(watch->root);
	free(watch);
}

const json_t *host_watch_read(struct host_watch *watch)
{
	int64_t now = loop_now_ms();

	if (watch->value && now - watch->read_ms < AGAIN_MS)
		return watch->value;
	json_decref(watch->value);
	watch->value = json_object();
	watch->read_ms = now;
	add_cpu(watch, watch->value);
	add_load(watch->value);
	add_memory(watch->value);
	add_uptime(watch->value);
	add_disk(watch->root, watch->value);
	return watch->value;
}
