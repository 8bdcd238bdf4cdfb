/*
 * What the files of the Compose model share. Private to core.
 * compose_keys.c holds the table of keys; compose_read.c walks YAML by it; compose_values.c,
 * compose_lists.c, compose_ports.c, compose_volumes.c and compose_parts.c read one kind of value
 * each; compose_extend.c brings several files and services together; compose_service.c and
 * compose_resources.c complete what was read; compose_check.c looks for what does not fit
 * together; compose.c says in which order.
 */
#ifndef KATA_COMPOSE_PRIVATE_H
#define KATA_COMPOSE_PRIVATE_H

#include "kata/compose.h"
#include "kata/yaml.h"

enum {
	COMPOSE_GROWTH_MAX = 32 << 20, /* bytes that variables and environments may put in */
	COMPOSE_PORTS_MAX = 20000,     /* port mappings in one app */
	COMPOSE_FILES_MAX = 100,       /* that one app draws in */
	COMPOSE_CHAIN_MAX = 50,	       /* services that extend each other in a row */
	COMPOSE_MERGE_MAX = 20000000,  /* pairs of list elements that merging compares */
};

/* One file of the model. */
struct compose_file {
	const char *path;   /* absolute */
	const char *shown;  /* for places */
	const char *folder; /* absolute: what its relative paths are relative to */
	const struct yaml_node *root;
	bool main; /* kata-compose.yaml itself: app.c has looked at its top level */
};

struct compose_reader {
	const struct compose_input *input;
	struct arena *arena;
	struct problems *problems;
	const struct compose_file *file;
	struct str path;     /* of the value being read: "services.web.ports[0]" */
	size_t growth;	     /* of COMPOSE_GROWTH_MAX */
	size_t ports;	     /* of COMPOSE_PORTS_MAX */
	size_t merged;	     /* of COMPOSE_MERGE_MAX */
	bool grown, crowded; /* ... is exceeded, and that was said */
};

struct compose_entry;

/* The canonical value of a node that is not null. NULL: nothing to keep, or wrong (then a problem
 * was added). New reference. */
typedef json_t *compose_value_new(struct compose_reader *r, const struct yaml_node *node,
				  const struct compose_entry *entry);

/* The keys of one kind of mapping. */
struct compose_level {
	const char *prefix; /* of their paths: "services.*." */
	const struct compose_entry *entries;
	size_t count;
	bool named; /* the canonical value is name -> such a mapping */
};

struct compose_range {
	int64_t min, max;
};

/* A row of the table. */
struct compose_entry {
	struct compose_key row;
	compose_value_new *read;	       /* NULL: read elsewhere, or without any effect */
	const struct compose_level *level;     /* keys of its members, or NULL */
	const void *with;		       /* what `read` needs: words, a compose_range */
	bool (*harmless)(const json_t *value); /* though the mode refuses or ignores the key */
	const char *since; /* "it needs Docker 25": older Swarms lose it in silence */
	bool mild;	   /* that it is ignored is a note, not a warning */
};

extern const struct compose_level compose_level_top, compose_level_service, compose_level_network,
	compose_level_volume, compose_level_secret, compose_level_config, compose_level_include;

const char *compose_entry_name(const struct compose_level *level,
			       const struct compose_entry *entry);
const struct compose_entry *compose_entry_find(const struct compose_level *level, const char *name);

/* --- compose_read.c --- */

/* Adds a problem at a node, its message begun with the path being read. */
struct problem *compose_say(struct compose_reader *r, enum severity severity,
			    const struct yaml_node *node, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
size_t compose_enter(struct compose_reader *r, const char *name);
size_t compose_enter_index(struct compose_reader *r, size_t index);
void compose_leave(struct compose_reader *r, size_t mark);

bool compose_is_null(const struct yaml_node *node);
bool compose_is_tagged(const struct yaml_node *node, const char *tag); /* "!reset" */
/* Says that the value must be `what`; returns NULL. */
json_t *compose_wrong(struct compose_reader *r, const struct yaml_node *node, const char *what);
/* A scalar's text with its variables replaced; false with a problem. */
bool compose_text(struct compose_reader *r, const struct yaml_node *node, const char *what,
		  struct expand_result *out);
/* The same as JSON. */
json_t *compose_text_new(struct compose_reader *r, const struct yaml_node *node, const char *what);
/* What a message shows of a text: never a secret. */
const char *compose_shown(const struct expand_result *text);
json_t *compose_json_text_new(struct compose_reader *r, const struct yaml_node *node,
			      const char *text, size_t len);
/* Counts bytes of COMPOSE_GROWTH_MAX; false when that is exceeded. */
bool compose_grow(struct compose_reader *r, const struct yaml_node *node, size_t len);
/* One mapping by its level; NULL when the node is none. */
json_t *compose_level_new(struct compose_reader *r, const struct yaml_node *node,
			  const struct compose_level *level);
void compose_unknown(struct compose_reader *r, const struct yaml_node *key,
		     const struct compose_level *level);
/* An absolute path from one that may be relative to the folder of the file being read; . and ..
 * are resolved as text; ~ is KATA_ROOT. In the arena. */
const char *compose_path(struct compose_reader *r, const char *path);
const char *compose_path_clean(struct arena *a, const char *path);

/* Readers that the table names. */
compose_value_new compose_read_text, compose_read_word, compose_read_bool, compose_read_int,
	compose_read_number, compose_read_duration, compose_read_bytes, compose_read_mode,
	compose_read_command, compose_read_texts, compose_read_text_or_list, compose_read_pairs,
	compose_read_options, compose_read_map, compose_read_maps, compose_read_path;
compose_value_new compose_read_ports, compose_read_expose, compose_read_volumes,
	compose_read_networks, compose_read_depends, compose_read_refs, compose_read_health,
	compose_read_test, compose_read_build, compose_read_hosts, compose_read_devices,
	compose_read_gpus, compose_read_count, compose_read_ulimits, compose_read_restart,
	compose_read_pull, compose_read_platforms, compose_read_ready, compose_read_hooks,
	compose_read_hook_env, compose_read_external, compose_read_container_name,
	compose_read_context, compose_read_args;
/* What no mode minds. */
bool compose_harmless_address(const json_t *value),
	compose_harmless_network_mode(const json_t *value),
	compose_harmless_deploy_mode(const json_t *value);

/* Text to number, truth value; false when it is none. */
bool compose_integer(const char *text, size_t len, int64_t *out);
bool compose_truth(const char *text, bool *out);
/* Splits as compose_words_new does; *shell is the first unquoted ; & | < > or NUL. */
json_t *compose_split_new(const char *text, const char **why, char *shell);

/* The folder of the app that a runtime's mount or one of Kata's own names means, absolute. */
/* Whether the file itself has a volume of that name. */
bool compose_has_volume(const struct compose_input *input, const char *name);
const char *compose_folder(const struct compose_input *input, struct arena *a, const char *what);

/* --- compose_load.c, compose_extend.c --- */

enum draft_state { DRAFT_NEW, DRAFT_BUSY, DRAFT_DONE };

/* One service as its file has it, on the way to its canonical form. */
struct compose_draft {
	const char *name;
	const struct compose_loaded *from;
	const struct yaml_node *key, *node;
	struct compose_draft *base; /* the service it extends, or NULL */
	json_t *spec;		    /* with what it extends; no environment yet; owned */
	enum draft_state state;
	bool enabled;
	bool dropped; /* an old-style service that cannot run: a warning said so */
};

/* A file and all its services. */
struct compose_loaded {
	struct compose_file file;
	struct compose_draft *drafts; /* by name */
	size_t count;
};

enum compose_kind { KIND_NETWORK, KIND_VOLUME, KIND_SECRET, KIND_CONFIG, COMPOSE_KINDS };

/* All that is under way in one compose_decode. */
struct compose_work {
	struct compose_reader r;
	struct compose *out;
	struct compose_loaded **files; /* [0]: the app's own; then as they were met */
	size_t file_count, file_cap;
	struct compose_loaded **parts; /* those that belong to the app: its own and included ones */
	size_t part_count, part_cap;
	struct compose_draft **drafts; /* services of the parts, by name */
	size_t draft_count;
	json_t *profiles;		/* active ones, an object used as a set; owned */
	json_t *objects[COMPOSE_KINDS]; /* key -> canonical object; owned */
	json_t *used[COMPOSE_KINDS];	/* keys that services use, a set; owned */
};

/* Makes the reader speak of a file, a section of it ("services") and a name in there; the last two
 * may be NULL. */
void compose_go(struct compose_work *w, const struct compose_file *file, const char *section,
		const char *name);

/* The app's own file and what it includes: fills parts and drafts. */
void compose_collect(struct compose_work *w);
/* A file that another one names, at a node; NULL with a problem. */
struct compose_loaded *compose_load(struct compose_work *w, const char *path,
				    const struct yaml_node *node);
struct compose_draft *compose_draft_in(const struct compose_loaded *file, const char *name);
struct compose_draft *compose_draft_find(const struct compose_work *w, const char *name);

/* Reads every draft of the parts, with what it extends. */
void compose_extend(struct compose_work *w);
/* Where a draft, or what it extends, has a key ("deploy/replicas"); its own place when nobody
 * has. */
struct place compose_draft_place(const struct compose_draft *draft, const char *key);
/* The chain from the lowest base up to the draft itself; *count is at most COMPOSE_CHAIN_MAX. */
void compose_draft_chain(const struct compose_draft *draft, const struct compose_draft **chain,
			 size_t *count);
/* A problem at a draft's key, its message begun with that path. */
struct problem *compose_blame(struct compose_work *w, enum severity severity,
			      const struct compose_draft *draft, const char *key, const char *fmt,
			      ...) __attribute__((format(printf, 5, 6)));

/* --- compose_env.c --- */

/* The service's env and its spec's environment from all layers; labels from label files. */
void compose_environment(struct compose_work *w, const struct compose_draft *draft,
			 struct compose_service *service);

/* --- compose_service.c --- */

/* Environment, runtime, defaults, implied dependencies: the draft's spec is then canonical. */
void compose_service_complete(struct compose_work *w, struct compose_draft *draft,
			      struct compose_service *service);

/* --- compose_resources.c --- */

/* Reads all top-level objects of the parts into w->objects. */
void compose_resources_read(struct compose_work *w);
/* Puts those in use into out->root. */
void compose_resources_keep(struct compose_work *w);
extern const char *const compose_kind_names[COMPOSE_KINDS]; /* "networks", ... */

/* --- compose_check.c --- */

/* What does not fit together inside one service; marks the objects it uses. */
void compose_check_service(struct compose_work *w, const struct compose_draft *draft,
			   const struct compose_service *service);
/* Between services: names, references, cycles. Sets ranks and sorts by them. */
void compose_check_together(struct compose_work *w);

#endif
