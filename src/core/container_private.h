/*
 * What the files of containers share. Private to core.
 * container.c knows names, image, hash and labels; container_fields.c is the table of a
 * container's fields; container_body.c makes the fields that are no plain copy, container_limits.c
 * those of the cgroup and devices, container_mounts.c what is mounted, container_networks.c what
 * it is attached to; container_differs.c and container_judge*.c compare all that with an inspect;
 * container_resources.c does networks and volumes.
 */
#ifndef KATA_CORE_CONTAINER_PRIVATE_H
#define KATA_CORE_CONTAINER_PRIVATE_H

#include <stdint.h>

#include "kata/container.h"

/* One container in the making. */
struct making {
	const struct compose *compose;
	const struct compose_service *service;
	const struct container_facts *facts;
	const json_t *spec;
};

/* A container that is judged by its inspect. */
struct judging {
	const struct making *m;
	struct arena *arena;
	const json_t *body; /* what would be sent */
	const json_t *inspect;
	const json_t *image; /* Config of its image, or NULL: not known */
};

struct container_field;

/* Value of a field, new reference; NULL: it is left out. */
typedef json_t *container_make(const struct making *m);
/* NULL, or what is different: the key of the file, or more. Either value may be absent (NULL). */
typedef const char *container_judge(const struct judging *j, const struct container_field *field,
				    const json_t *want, const json_t *live);

enum field_type { FIELD_TEXT, FIELD_BOOL, FIELD_NUMBER, FIELD_LIST, FIELD_MAP };

/* A field of the create call; inspect has it in Config or HostConfig under the same name. */
struct container_field {
	const char *key;  /* of the service */
	const char *name; /* in the Engine API */
	bool host;	  /* of HostConfig, else of Config */
	int since;	  /* minor API version that knows it first; 0: all */
	enum field_type type;
	container_make *make; /* NULL: the key's value as it is, if it has the type */
	container_judge *judge;
};

const struct container_field *container_field_row(size_t i); /* NULL past the end */

/* Engine name of a top-level network or volume; an unknown key stands for itself. */
const char *container_resource(const struct compose *compose, const char *kind, const char *key);
void container_name_add(struct str *out, const struct compose *compose,
			const struct compose_service *service, unsigned number);
/* "project-service" or image:. New reference. */
json_t *container_make_image(const struct making *m);
json_t *container_make_labels(const struct making *m);

/* The hash of a definition, marked as ours, so that it is told from one that another tool of the
 * same label made: only the first 56 digits are of SHA-256, 8 more check them. */
void container_digest(const json_t *definition, char out[65]);
/* "configuration" when this label is ours and not `hash`: then something differs, even if
 * an inspect does not show it. Else NULL. */
const char *container_digest_differs(const char *label, const char *hash);

/* The text, or "" for anything else. */
const char *container_text(const json_t *value);
/* Value of an integer key, or 0. */
json_int_t container_int(const json_t *object, const char *key);
/* An empty array or object becomes NULL. Takes the reference. */
json_t *container_unless_empty(json_t *value);
void container_set_text(json_t *object, const char *name, const json_t *from, const char *key);

/* container_body.c */
container_make container_make_env, container_make_exposed, container_make_published,
	container_make_health, container_make_stop_timeout, container_make_restart,
	container_make_hosts, container_make_security, container_make_masked, container_make_log,
	container_make_tmpfs, container_make_true, container_make_stdin, container_make_links,
	container_make_pid, container_make_ipc, container_make_volumes_from,
	container_make_oom_kill;
/* "service:x" with the id in place of the name, else the text as it is. New reference. */
json_t *container_mode_new(const struct making *m, const char *mode);
/* Calls fn with each port of "80/tcp", "80-82", "53/udp". */
void container_ports_each(const char *text, void (*fn)(void *arg, const char *port), void *arg);

/* container_limits.c */
container_make container_make_cap_add, container_make_cap_drop, container_make_cpus,
	container_make_memory, container_make_reservation, container_make_pids,
	container_make_swappiness, container_make_cpu_percent, container_make_ulimits,
	container_make_devices, container_make_device_requests, container_make_blkio_weight,
	container_make_blkio_weights, container_make_read_bps, container_make_write_bps,
	container_make_read_iops, container_make_write_iops;

/* container_mounts.c */
container_make container_make_binds, container_make_mounts;
/* Whether the engine made up the volume's name. */
bool container_is_anonymous(const char *volume);

/* container_networks.c */
container_make container_make_network_mode, container_make_mac;
/* Engine name -> endpoint; all, or those that this version takes in the create call. */
json_t *container_endpoints_new(const struct making *m, bool all);

/* container_judge.c: the fields that compare alike */
container_judge container_judge_same, container_judge_set, container_judge_map,
	container_judge_exact, container_judge_given, container_judge_lossy, container_judge_pids,
	container_judge_image, container_judge_nothing;
/* Absent (NULL), null, false, 0, "", [] and {} are one, and so is an object of nothing else. */
bool container_same(const json_t *a, const json_t *b);
bool container_same_set(const json_t *a, const json_t *b);
bool container_blank(const json_t *value);

/* container_differs.c, container_judge_host.c, container_judge_attached.c: those that do not */
container_judge container_judge_command, container_judge_entrypoint, container_judge_env,
	container_judge_labels, container_judge_health, container_judge_exposed,
	container_judge_published, container_judge_mode, container_judge_restart,
	container_judge_security, container_judge_masked, container_judge_log, container_judge_swap,
	container_judge_caps, container_judge_links, container_judge_hostname,
	container_judge_volumes_from, container_judge_ipc, container_judge_mounts;
const char *container_judge_networks(const struct judging *j);

#endif
