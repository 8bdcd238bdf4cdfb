/*
 * logs: what an app's containers wrote, merged; with --follow also what they write from now on.
 */
#include "logs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instances.h"
#include "kata/container.h"
#include "kata/json.h"
#include "kata/swarm.h"
#include "kata/text.h"

enum {
	QUEUE_MAX = 64 << 20, /* bytes kept of lines that wait for older ones of others */
	LIST_AGAIN_MS = 200,  /* between two listings */
	ENGINE_AGAIN_MS = 1000,
	EVENTS_BACK_S = 60, /* a start just before we listened, by a clock that differs a little */
};

/* --- one line --- */

static const char *const colours[] = {"\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m",
				      "\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m"};

/* The name in front of a line: in a service's log, of the task that wrote it. */
static const char *label_of(const struct log_source *source, const char *details, struct arena *a)
{
	const char *id = log_detail(a, details, "com.docker.swarm.task.id");
	const char *label = id ? json_member_text(source->logs->tasks, id) : NULL;

	return label ? label : source->label;
}

static void show_json(const struct log_source *source, const struct log_line *line, int stream)
{
	struct arena *a = *line->details ? arena_new() : NULL;
	const char *label = a ? label_of(source, line->details, a) : source->label;
	struct str text = STR_INIT;
	bool whole = utf8_check(line->text, line->len) == line->len;
	json_t *object;
	char *out;

	if (!whole)
		text_safe(&text, line->text, line->len);
	object = json_pack(
		"{s:s?,s:s,s:s,s:s,s:s,s:o}", "time", *line->time ? line->time : NULL, "app",
		source->logs->app, "service", source->service, "name", label, "stream",
		stream == 2 ? "stderr" : "stdout", "text",
		json_stringn_nocheck(whole ? line->text : text.p, whole ? line->len : text.len));
	out = object ? json_dumps(object, JSON_COMPACT) : NULL;
	if (out)
		puts(out);
	free(out);
	json_decref(object);
	str_release(&text);
	arena_free(a);
}

static void show_text(const struct log_source *source, const struct log_line *line)
{
	struct logs *logs = source->logs;
	const char *colour = colours[source->colour % (sizeof colours / sizeof *colours)];
	struct arena *a = *line->details ? arena_new() : NULL;
	const char *label = a ? label_of(source, line->details, a) : source->label;
	size_t pad = strlen(label) < logs->width ? logs->width - strlen(label) : 0;
	struct str out = STR_INIT;

	str_add(&out, logs->cmd->color ? colour : "");
	text_safe(&out, label, strlen(label));
	str_addf(&out, "%*s |%s ", (int)pad, "", logs->cmd->color ? "\033[0m" : "");
	if (logs->cmd->options.timestamps)
		str_addf(&out, "%s ", line->time);
	log_text_add(&out, line->text, line->len);
	str_addc(&out, '\n');
	fwrite(out.p, 1, out.len, stdout);
	str_release(&out);
	arena_free(a);
}

static void show(const struct log_source *source, const struct log_line *line, int stream)
{
	if (source->logs->cmd->options.quiet)
		return;
	if (source->logs->cmd->options.json)
		show_json(source, line, stream);
	else
		show_text(source, line);
}

void logs_take(struct log_source *source, const struct log_line *line)
{
	const struct logs *logs = source->logs;
	bool alone = logs->listed && logs->count == 1 && !log_queue_first(&source->queue);

	if (logs->follow || alone)
		show(source, line, source->stream);
	else
		log_queue_add(&source->queue, line, source->stream);
}

/* --- without --follow: in the order of time --- */

/* Shows what is older than all that may still come. */
static void merge(struct logs *logs)
{
	for (;;) {
		struct log_source *oldest = NULL;
		const struct log_queued *first = NULL;

		for (size_t i = 0; i < logs->count; i++) {
			struct log_source *source = logs->sources[i];
			const struct log_queued *item = log_queue_first(&source->queue);

			if (!item && (source->reader || source->resume))
				return;
			if (item && (!first || strcmp(item->time, first->time) < 0)) {
				oldest = source;
				first = item;
			}
		}
		if (!oldest)
			return;
		show(oldest,
		     &(struct log_line){first->time, first->details, first->text, first->len},
		     first->stream);
		log_queue_drop(&oldest->queue);
	}
}

/* Logs may be larger than memory: what waits longest stops being read for a while. */
static void restrain(struct logs *logs)
{
	struct log_source *largest = NULL;
	size_t total = 0;

	for (size_t i = 0; i < logs->count; i++) {
		struct log_source *source = logs->sources[i];

		total += source->queue.bytes;
		if (source->resume && !log_queue_first(&source->queue))
			log_source_resume(source);
		if (source->reader && *source->last &&
		    (!largest || source->queue.bytes > largest->queue.bytes))
			largest = source;
	}
	if (total > QUEUE_MAX && largest && log_queue_first(&largest->queue))
		log_source_pause(largest);
}

static void read_to_the_end(struct logs *logs)
{
	struct loop *loop = logs->cmd->world->loop;

	while (logs->reading && !loop_stopped(loop)) {
		loop_turn(loop, -1);
		merge(logs);
		restrain(logs);
	}
	merge(logs);
}

/* --- with --follow --- */

static bool on_event(void *arg, const json_t *object)
{
	struct logs *logs = arg;
	const json_t *actor = json_object_member(object, "Actor", JSON_OBJECT);
	const json_t *labels = json_object_member(actor, "Attributes", JSON_OBJECT);
	const char *project = json_member_text(labels, LABEL_PROJECT);
	const char *stack = json_member_text(labels, LABEL_STACK), *id;

	id = json_member_text(actor, "ID");
	if (id &&
	    ((project && !strcmp(project, logs->app)) || (stack && !strcmp(stack, logs->app))))
		logs_started(logs, id);
	return true;
}

static void on_events_end(void *arg, bool ok, struct kata_error *e)
{
	struct logs *logs = arg;

	(void)ok;
	(void)e;
	logs->events = NULL;
	logs->lost = true;
}

static void events_start(struct logs *logs)
{
	const char *path = arena_printf(
		logs->cmd->arena, "/events?since=%lld&filters=%s",
		(long long)time(NULL) - EVENTS_BACK_S,
		docker_filters(logs->cmd->arena, "type", "container", "event", "start", NULL));
	struct docker_request request = {.method = "GET", .path = path, .timeout_ms = -1};

	logs->events = docker_stream_start(&logs->cmd->world->docker, &request, on_event,
					   on_events_end, logs);
}

/* The engine went away: waits until it is back, and goes on where it was. */
static void find_again(struct logs *logs)
{
	struct loop *loop = logs->cmd->world->loop;

	fflush(stdout);
	say_note(logs->cmd, "the engine does not answer; waiting for it");
	while (logs->lost && !loop_stopped(loop)) {
		loop_sleep(loop, ENGINE_AGAIN_MS);
		logs->lost = false;
		if (!logs->events)
			events_start(logs);
		if (!logs_list(logs))
			logs->lost = true;
	}
	if (!loop_stopped(loop))
		say_note(logs->cmd, "the engine is back");
}

static void follow(struct logs *logs)
{
	struct loop *loop = logs->cmd->world->loop;
	int64_t again = loop_now_ms() + LIST_AGAIN_MS;

	while (!loop_stopped(loop)) {
		int64_t wait = logs->stale ? again - loop_now_ms() : -1;

		fflush(stdout);
		if (logs->lost) {
			find_again(logs);
		} else if (logs->stale && wait <= 0) {
			if (!logs_list(logs))
				logs->lost = true;
			again = loop_now_ms() + LIST_AGAIN_MS;
		} else {
			loop_turn(loop, wait);
		}
	}
}

/* --- the run --- */

static bool refuse(struct cmd *cmd, const char *what, const char *hint)
{
	struct kata_error e;

	error_set(&e, ERROR_INVALID, "%s", what);
	error_where(&e, "logs");
	error_hint(&e, "%s", hint);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_USAGE);
	return false;
}

static bool wrong(struct cmd *cmd, const char *option, const char *value, const char *hint)
{
	return refuse(cmd, arena_printf(cmd->arena, "%s: not \"%s\"", option, value), hint);
}

static bool read_options(struct cmd *cmd, struct logs *logs)
{
	const char *tail = cmd->options.tail, *since = cmd->options.since;
	uint64_t n;

	if (tail && strcmp(tail, "all") != 0 && !text_u64(tail, 0, 1000000000, &n))
		return wrong(cmd, "--tail", tail, "a number of lines, or \"all\"");
	if (cmd->options.previous && cmd->options.follow)
		return refuse(cmd, "--previous and --follow do not go together",
			      "what was before the last start is over: leave one of the two out");
	logs->previous = cmd->options.previous;
	logs->tail = tail;
	logs->since = since ? time_since(cmd->arena, since, time(NULL)) : NULL;
	if (since && !logs->since)
		return wrong(cmd, "--since", since,
			     "\"10m\" or \"1h30m\" ago, 2026-01-31T12:00:00Z, or unix seconds");
	return true;
}

/* Nothing to read: says why. False: nothing will come, either. */
static bool explain_nothing(struct cmd *cmd, const struct logs *logs)
{
	const struct app *app;
	struct kata_error e;

	world_observe(cmd->world, OBSERVE_APPS);
	app = one_app(cmd);
	if (!app)
		return false;
	if (logs->service && app->state == APP_VALID &&
	    !yaml_get(yaml_get(app->root, "services"), logs->service)) {
		error_set(&e, ERROR_NOT_FOUND, "no service \"%s\"", logs->service);
		error_where(&e, "%s", app->name);
		error_hint(&e, "services are listed under services: in kata-compose.yaml");
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
		return false;
	}
	say_note(cmd, "%s: no containers", app->name);
	return true;
}

void run_logs(struct cmd *cmd)
{
	const char *app = cmd->args[0];
	struct logs logs = {.cmd = cmd,
			    .app = app,
			    .service = cmd->arg_count > 1 ? cmd->args[1] : NULL,
			    .follow = cmd->options.follow,
			    .tasks = json_object(),
			    .containers_path = path_containers(cmd, LABEL_PROJECT, app),
			    .stack_path = path_containers(cmd, LABEL_STACK, app),
			    .services_path = path_services(cmd, app),
			    .tasks_path = path_tasks(cmd, app)};

	if (!read_options(cmd, &logs)) {
		logs_release(&logs);
		return;
	}
	/* As other programs in a pipe: the reader had enough, and that is no error. */
	signal(SIGPIPE, SIG_DFL);
	if (logs.follow)
		events_start(&logs);
	if (logs_list(&logs) && (logs.count || explain_nothing(cmd, &logs))) {
		if (logs.follow)
			follow(&logs);
		else
			read_to_the_end(&logs);
	}
	logs_release(&logs);
}
