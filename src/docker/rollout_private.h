/*
 * Private to the rollout: one running step, and the helpers its functions use.
 */
#ifndef KATA_DOCKER_ROLLOUT_PRIVATE_H
#define KATA_DOCKER_ROLLOUT_PRIVATE_H

#include <stdbool.h>

#include "kata/container.h"
#include "kata/rollout.h"
#include "kata/swarm.h"

struct rollout {
	struct docker *docker;
	struct loop *loop;
	struct docker_live *live;
	struct rollout_host host;
	struct arena *arena;
	struct deploy **graphs;
	size_t count, cap;
	struct job *jobs;    /* running */
	json_t *ids;	     /* "app/service" -> id of its newest container */
	bool starting_range; /* a start with a range of host ports is under way */
	bool silent;	     /* the engine let the last request time out */
};

struct job;
/* The answer of a job's request; the job is still running. value is borrowed. */
typedef void job_next(struct job *job, bool ok, const json_t *value, struct kata_error *e);

enum { GONE_MS = 90000 }; /* longest that stopping tasks are waited for */

/* One step while it runs. */
struct job {
	struct rollout *rollout;
	struct deploy *graph;
	struct step *step;
	struct job *prev, *next;
	struct transfer *transfer;
	struct docker_stream *stream;
	struct docker_logs *logs;
	uint64_t timer, limit;
	job_next *answer;
	void (*later)(struct job *job);
	void (*late)(struct job *job);
	int64_t limit_ms, asked;
	void (*after_hooks)(struct job *job);
	int64_t began, since; /* monotonic ms */
	json_t *body, *list;  /* owned: request being sent; things still to do */
	size_t index;
	char *text; /* owned */
	struct str out;
	int observed; /* restarts seen at first, -1: nothing yet */
	int failing;
	struct docker_demux demux;
	struct kata_error error; /* kept while logs are fetched */
	const char *discard;	 /* path of a container that goes when they are, or NULL */
};

/* Longest wait for an engine that let the last request time out, and for a container's log. */
enum { SILENT_MS = 10000 };

const char *job_path(struct job *job); /* percent-encoded id or name of the container */
void job_send(struct job *job, const char *method, const char *path, const json_t *body,
	      job_next *answer);
void job_send_auth(struct job *job, const char *method, const char *path, const json_t *body,
		   const char *auth, job_next *answer);
/* A POST that takes as long as it takes, unless job_limit() sets an end. It does not wait for its
 * turn, nor keep others from theirs (http.h). */
void job_send_unlimited(struct job *job, const char *path, job_next *answer);
/* Calls late() then, unless the answer was there before. late() ends what is under way. */
void job_limit(struct job *job, int64_t ms, void (*late)(struct job *job));
void job_later(struct job *job, int64_t ms, void (*later)(struct job *job));
/* Ends the step. e: why it failed, when not ok. The job is gone afterwards. */
void job_finish(struct job *job, bool ok, const struct kata_error *e);
/* Ends it as failed, after its container's last log lines were fetched into step->details. */
void job_fail_with_logs(struct job *job, const char *container, const struct kata_error *e);
void job_say(struct job *job, const char *text);
/* The common answer: ok, or the failure of the step. */
job_next job_done;
/* The same of what shall go: gone already, or about to go, is as good as done. */
job_next job_gone;

/* Runs the hooks under this key of the service, if it has any, then goes on. */
void rollout_hooks(struct job *job, const char *key, void (*after)(struct job *job));

typedef void step_run(struct job *job);
step_run rollout_create, rollout_gate, rollout_stop, rollout_restart, rollout_pull, rollout_build,
	rollout_prepare, rollout_object_create, rollout_service_create, rollout_service_update,
	rollout_converge, rollout_rollback, rollout_stack_gone;

/* Facts for container_body_new, from the rollout. */
struct container_facts rollout_facts(struct job *job);

#endif
