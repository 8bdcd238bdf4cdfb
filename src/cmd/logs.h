/*
 * Private to the logs command: lines out of a stream of bytes, the streams, and the run.
 */
#ifndef KATA_CMD_LOGS_H
#define KATA_CMD_LOGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd.h"
#include "kata/docker.h"

/* --- log_lines.c (pure) --- */

enum {
	LOG_TIME = 30,		  /* "2026-11-22T04:30:35.542818036Z" */
	LOG_CHUNK = 16 << 10,	  /* the engine cuts longer messages, and dates every piece */
	LOG_LINE_MAX = 256 << 10, /* longer lines are shown in parts */
	LOG_DETAILS_MAX = 1024,
};

struct log_line {
	const char *time;    /* LOG_TIME characters, or "" as long as none came */
	const char *details; /* "com.docker.swarm.task.id=...,..." or "" */
	const char *text;
	size_t len;
};
typedef void log_line_fn(void *arg, const struct log_line *line);

/* One of a log's two streams; all zero at first. */
struct log_split {
	struct str held;	 /* of a message that is not whole yet; p NULL: nothing came yet */
	struct str line;	 /* of a line that is not whole yet, without dates */
	char time[LOG_TIME + 1]; /* of the latest line */
	char details[LOG_DETAILS_MAX];
	bool has_details; /* asked for with details=1: they follow the time */
	bool raw;	  /* a terminal's: without frames, so that only lines are known */
};

/* Takes bytes as they come from a log with timestamps; calls fn for every whole line. end: a frame,
 * which is one message, ends here. */
void log_split_add(struct log_split *split, const char *bytes, size_t len, bool end,
		   log_line_fn *fn, void *arg);
/* The rest, a line without its end. */
void log_split_end(struct log_split *split, log_line_fn *fn, void *arg);
void log_split_release(struct log_split *split);

/* Makes a line fit for a terminal: no colours, no carriage return at its end; tabs stay. */
void log_text_add(struct str *out, const char *text, size_t len);
/* The value of a key in details, in the arena; NULL when it is not there. */
const char *log_detail(struct arena *a, const char *details, const char *key);
/* The moment after `time` as the engine's since=; in the arena; NULL for what is no time. */
const char *log_after(struct arena *a, const char *time);

/* Lines that wait for their turn, oldest first. */
struct log_queue {
	struct log_queued {
		char *text;
		const char *details; /* behind the text, in its memory */
		size_t len;
		char time[LOG_TIME + 1];
		int stream;
	} * items;
	size_t head, count, cap, bytes;
};
void log_queue_add(struct log_queue *queue, const struct log_line *line, int stream);
const struct log_queued *log_queue_first(const struct log_queue *queue); /* NULL: empty */
void log_queue_drop(struct log_queue *queue);				 /* the first */
void log_queue_release(struct log_queue *queue);

/* --- logs_source.c: what is read --- */

struct logs;

/* A container, or a service whose tasks run on several nodes. */
struct log_source {
	struct logs *logs;
	char *id, *service, *label;
	bool remote; /* a service's log: each line says of which task it is */
	bool tty;
	bool started; /* an event said so, and nobody looked since */
	bool dead;    /* cannot be read */
	bool resume;  /* its stream was cut off by us, because others have to be read first */
	size_t colour;
	struct docker_demux demux;
	int stream;		    /* of the bytes that are being taken apart: 1 or 2 */
	struct docker_logs *reader; /* NULL: not being read */
	struct log_split split[2];
	char last[LOG_TIME + 1]; /* time of its latest line, or "" */
	char *until;		 /* --previous: when it last started; or NULL */
	struct log_queue queue;
};

struct logs {
	struct cmd *cmd;
	const char *app, *service; /* service may be NULL */
	const char *since, *tail;
	bool follow, previous;
	struct log_source **sources;
	size_t count, cap;
	size_t width;	/* of the longest label */
	size_t reading; /* sources that are being read */
	struct docker_stream *events;
	bool listed;   /* once at least */
	bool stale;    /* something started or ended: list again */
	bool lost;     /* the engine went away */
	json_t *tasks; /* of a Swarm with several nodes: id -> name of its lines */
	const char *containers_path, *stack_path, *services_path, *tasks_path;
};

/* Reads what there is, and starts to read what is not being read yet. False: the engine did not
 * answer (said, unless the run goes on waiting for it). */
bool logs_list(struct logs *logs);
void logs_release(struct logs *logs);
/* An event said that this container started. */
void logs_started(struct logs *logs, const char *id);
/* Starts to read. since: as for the engine, or NULL; tail: a number, or NULL: all. */
void log_source_read(struct log_source *source, const char *since, const char *tail);
/* Ends reading, to go on later behind the latest line. */
void log_source_pause(struct log_source *source);
void log_source_resume(struct log_source *source);

/* --- logs.c: a line is there --- */

/* Shows it, or keeps it until its turn. The line is borrowed. */
void logs_take(struct log_source *source, const struct log_line *line);

#endif
