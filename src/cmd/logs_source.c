/*
 * What logs are read from: finding the app's containers, starting and ending the streams.
 */
#include "logs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instances.h"
#include "kata/json.h"

enum { CONTAINERS, STACK, SERVICES, TASKS, NODES, READS };

/* --- one source --- */

static void on_line(void *arg, const struct log_line *line)
{
	struct log_source *source = arg;

	if (*line->time)
		memcpy(source->last, line->time, LOG_TIME + 1);
	logs_take(source, line);
}

static bool on_frame(void *arg, int stream, const char *bytes, size_t len)
{
	struct log_source *source = arg;

	source->stream = stream == 2 ? 2 : 1;
	log_split_add(&source->split[source->stream - 1], bytes, len, !source->demux.left, on_line,
		      source);
	return true;
}

static bool on_bytes(void *arg, int stream, const char *bytes, size_t len)
{
	struct log_source *source = arg;

	(void)stream;
	if (source->tty)
		return on_frame(source, 1, bytes, len);
	if (docker_demux_add(&source->demux, bytes, len, on_frame, source))
		return true;
	say_note(source->logs->cmd, "%s: its log is not in frames", source->label);
	cmd_fail(source->logs->cmd, EXIT_TROUBLE);
	source->dead = true;
	return false;
}

static void split_end(struct log_source *source)
{
	for (int i = 0; i < 2; i++) {
		source->stream = i + 1;
		log_split_end(&source->split[i], on_line, source);
	}
}

/* A container that is being removed has nothing more to say; a driver that cannot be read is told
 * once; anything else is an error. */
static void refused(struct log_source *source, const struct kata_error *e)
{
	struct cmd *cmd = source->logs->cmd;

	source->dead = true;
	if (e->http == 404 || e->http == 409)
		return;
	if (e->http == 501 || strstr(e->msg, "does not support reading")) {
		say_note(cmd, "%s: its log driver cannot be read", source->label);
		return;
	}
	say_error(cmd, e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

static void on_end(void *arg, bool ok, struct kata_error *e)
{
	struct log_source *source = arg;
	struct logs *logs = source->logs;

	source->reader = NULL;
	logs->reading--;
	split_end(source);
	logs->stale = true;
	if (ok || e->code == ERROR_CANCELLED)
		return;
	if (e->http)
		refused(source, e);
	else if (logs->follow)
		logs->lost = true;
	else if (!logs->lost) {
		logs->lost = true;
		say_error(logs->cmd, e);
		cmd_fail(logs->cmd, EXIT_TROUBLE);
	}
}

void log_source_pause(struct log_source *source)
{
	docker_logs_cancel(source->reader);
	source->reader = NULL;
	source->logs->reading--;
	/* What is not a whole line yet comes again. */
	for (int i = 0; i < 2; i++)
		log_split_release(&source->split[i]);
	source->resume = true;
}

void log_source_read(struct log_source *source, const char *since, const char *tail)
{
	struct logs *logs = source->logs;
	struct arena *a = arena_new();
	const char *path = docker_path(
		a,
		source->remote ? "/services/%s/logs?stdout=1&stderr=1&timestamps=1&details=1"
			       : "/containers/%s/logs?stdout=1&stderr=1&timestamps=1",
		source->id);

	path = arena_printf(a, "%s&follow=%d&tail=%s%s%s%s%s", path, logs->follow,
			    tail ? tail : "all", since ? "&since=" : "", since ? since : "",
			    source->until ? "&until=" : "", source->until ? source->until : "");
	source->resume = source->started = false;
	source->demux = (struct docker_demux){0};
	for (int i = 0; i < 2; i++) {
		source->split[i].has_details = source->remote;
		source->split[i].raw = source->tty;
	}
	logs->reading++;
	/* As it comes: the frames are taken apart here, for each is one message. */
	source->reader =
		docker_logs_start(&logs->cmd->world->docker, path, true, on_bytes, on_end, source);
	arena_free(a);
}

/* Goes on behind the latest line that was read. */
void log_source_resume(struct log_source *source)
{
	struct arena *a = arena_new();

	log_source_read(source, log_after(a, source->last), NULL);
	arena_free(a);
}

static struct log_source *source_find(const struct logs *logs, const char *id)
{
	for (size_t i = 0; i < logs->count; i++)
		if (!strcmp(logs->sources[i]->id, id))
			return logs->sources[i];
	return NULL;
}

void logs_started(struct logs *logs, const char *id)
{
	struct log_source *source = source_find(logs, id);

	if (source)
		source->started = true;
	logs->stale = true;
}

/* Services get their colours in the order in which they appear. */
static size_t colour_of(const struct logs *logs, const char *service)
{
	size_t most = 0;

	for (size_t i = 0; i < logs->count; i++) {
		if (!strcmp(logs->sources[i]->service, service))
			return logs->sources[i]->colour;
		if (logs->sources[i]->colour >= most)
			most = logs->sources[i]->colour + 1;
	}
	return most;
}

static struct log_source *source_add(struct logs *logs, const char *id, const char *service,
				     const char *label)
{
	struct log_source *source = xcalloc(1, sizeof *source);

	*source = (struct log_source){.logs = logs,
				      .id = xstrdup(id),
				      .service = xstrdup(service),
				      .label = xstrdup(label),
				      .colour = colour_of(logs, service)};
	logs->sources = xgrow(logs->sources, logs->count, &logs->cap, sizeof *logs->sources);
	logs->sources[logs->count++] = source;
	if (strlen(label) > logs->width)
		logs->width = strlen(label);
	return source;
}

void logs_release(struct logs *logs)
{
	if (logs->events)
		docker_stream_cancel(logs->events);
	for (size_t i = 0; i < logs->count; i++) {
		struct log_source *source = logs->sources[i];

		if (source->reader)
			docker_logs_cancel(source->reader);
		for (int s = 0; s < 2; s++)
			log_split_release(&source->split[s]);
		log_queue_release(&source->queue);
		free(source->id);
		free(source->service);
		free(source->label);
		free(source->until);
		free(source);
	}
	free(logs->sources);
	json_decref(logs->tasks);
}

/* --- listing --- */

static bool is_wanted(const struct logs *logs, const struct instance *it)
{
	return !strcmp(it->app, logs->app) && instance_is_ours(logs->cmd, it) &&
	       (!logs->service || !strcmp(it->service, logs->service));
}

/* Begins, or goes on behind what was read. `inspect` is of the container. */
static void begin(struct logs *logs, const struct instance *it, const json_t *inspect)
{
	struct log_source *source = source_find(logs, it->id);
	const json_t *config = json_object_member(inspect, "Config", JSON_OBJECT);
	const json_t *state = json_object_member(inspect, "State", JSON_OBJECT);
	const char *ended = json_member_text(state, "FinishedAt"), *started;
	struct arena *a = arena_new();

	if (!source) {
		source = source_add(logs, it->id, it->service, it->label);
		source->tty = json_is_true(json_object_get(config, "Tty"));
		started = logs->previous ? json_member_text(state, "StartedAt") : NULL;
		started = started ? log_after(a, started) : NULL;
		source->until = started ? xstrdup(started) : NULL;
		log_source_read(source, logs->since, logs->listed ? NULL : logs->tail);
	} else if (*source->last) {
		log_source_resume(source);
	} else {
		/* Nothing was read of its run before this one, which ended then. */
		log_source_read(source, ended ? log_after(a, ended) : NULL, NULL);
	}
	arena_free(a);
}

static bool needs_reading(const struct logs *logs, const struct instance *it)
{
	const struct log_source *source = source_find(logs, it->id);

	return !source || (!source->reader && !source->dead && logs->follow &&
			   (it->running || source->started));
}

/* Whether a terminal belongs to a container is only in its own description. */
static void begin_all(struct logs *logs, const struct instances *list)
{
	struct fetch *reads = arena_alloc(list->arena, (list->count + 1) * sizeof *reads);
	const struct instance **items =
		arena_alloc(list->arena, (list->count + 1) * sizeof(struct instance *));
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (!is_wanted(logs, &list->items[i]) || !needs_reading(logs, &list->items[i]))
			continue;
		items[count] = &list->items[i];
		reads[count++].path =
			docker_path(list->arena, "/containers/%s/json", list->items[i].id);
	}
	fetch_all(logs->cmd, reads, count);
	for (size_t i = 0; i < count; i++)
		if (reads[i].ok)
			begin(logs, items[i], reads[i].value);
		else if (!reads[i].error.http)
			logs->lost = true;
	fetch_release(reads, count);
}

static void begin_service(struct logs *logs, const json_t *service)
{
	const json_t *spec = json_object_member(service, "Spec", JSON_OBJECT);
	const json_t *container =
		json_object_member(json_object_member(spec, "TaskTemplate", JSON_OBJECT),
				   "ContainerSpec", JSON_OBJECT);
	const char *id = json_member_text(service, "ID"), *name = json_member_text(spec, "Name");
	size_t len = strlen(logs->app);
	struct log_source *source;

	if (!id || !name)
		return;
	if (!strncmp(name, logs->app, len) && name[len] == '_')
		name += len + 1;
	if (logs->service && strcmp(logs->service, name) != 0)
		return;
	source = source_find(logs, id);
	if (source && (source->reader || source->dead || !logs->follow))
		return;
	if (source) {
		log_source_resume(source);
		return;
	}
	source = source_add(logs, id, name, name);
	source->remote = true;
	source->tty = json_is_true(json_object_get(container, "TTY"));
	log_source_read(source, logs->since, logs->listed ? NULL : logs->tail);
}

/* "web.1"; of a global service "web." and the node. */
static void name_task(struct logs *logs, const json_t *task)
{
	const char *id = json_member_text(task, "ID"), *node = json_member_text(task, "NodeID");
	const char *service = json_member_text(task, "ServiceID");
	const struct log_source *source = service ? source_find(logs, service) : NULL;
	json_int_t slot = json_integer_value(json_object_get(task, "Slot"));
	struct str label = STR_INIT;

	if (id && source) {
		str_add(&label, source->label);
		if (slot)
			str_addf(&label, ".%lld", (long long)slot);
		else if (node)
			str_addf(&label, ".%.12s", node);
		json_object_set_new(logs->tasks, id, json_string_nocheck(label.p));
		if (label.len > logs->width)
			logs->width = label.len;
	}
	str_release(&label);
}

/* The containers of this node; with several nodes, a service's log has those of all. */
static void begin_swarm(struct logs *logs, const struct fetch *reads, struct instances *list)
{
	size_t i;
	json_t *service, *task;

	if (json_array_size(reads[NODES].value) < 2) {
		instances_add_containers(list, reads[STACK].value, time(NULL));
		return;
	}
	json_array_foreach(reads[SERVICES].value, i, service)
		begin_service(logs, service);
	json_array_foreach(reads[TASKS].value, i, task)
		name_task(logs, task);
}

bool logs_list(struct logs *logs)
{
	struct fetch reads[READS] = {[CONTAINERS].path = logs->containers_path,
				     [STACK].path = logs->stack_path,
				     [SERVICES].path = logs->services_path,
				     [TASKS].path = logs->tasks_path,
				     [NODES].path = "/nodes"};
	struct instances list = {.arena = arena_new()};
	bool ok;

	logs->stale = false;
	fetch_all(logs->cmd, reads, READS);
	ok = reads[CONTAINERS].ok && reads[STACK].ok;
	if (ok) {
		instances_add_containers(&list, reads[CONTAINERS].value, time(NULL));
		begin_swarm(logs, reads, &list);
		instances_sort(&list);
		begin_all(logs, &list);
		logs->listed = true;
	} else if (!logs->listed) {
		fetch_check(logs->cmd, &reads[reads[CONTAINERS].ok ? STACK : CONTAINERS]);
	}
	fetch_release(reads, READS);
	arena_free(list.arena);
	return ok;
}
