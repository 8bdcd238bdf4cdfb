/*
 * run: a command in the running container of a service, with our terminal or our pipes.
 */
#include "instances.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kata/container.h"
#include "kata/json.h"
#include "kata/swarm.h"
#include "terminal.h"

#define LABEL_SWARM_SERVICE "com.docker.swarm.service.name"
/* The engine can end a session at certain keys, and holds the first of them back until the next
 * one is there. None is not a choice: a row that nobody types, beginning with a rare one. */
#define NO_DETACH "ctrl-\\,ctrl-@,ctrl-^,ctrl-\\,ctrl-_,ctrl-@,ctrl-^,ctrl-_"

enum {
	PUMP_BYTES = 32 << 10,
	RESIZE_TRIES = 20, /* the program may not be there yet when we are connected */
	RESIZE_AGAIN_MS = 50,
	EXIT_AGAIN_MS = 20,
	EXIT_AGAIN_MAX_MS = 500,
};

struct session {
	struct cmd *cmd;
	struct loop *loop;
	const char *id;
	bool tty;
	struct http_tunnel *tunnel;
	struct docker_demux demux;
	char input[PUMP_BYTES]; /* read from us, not yet sent */
	size_t input_at, input_len;
	bool input_ended;
	bool over;   /* no more output */
	bool lost;   /* the connection failed */
	bool closed; /* nobody takes our output */
	int events;  /* of the terminal, or -1 */
	int resize_tries;
	bool resizing;
};

/* --- output --- */

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		struct pollfd ready = {.fd = fd, .events = POLLOUT};

		if (n < 0 && errno == EAGAIN)
			poll(&ready, 1, -1);
		else if (n < 0 && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool on_output(void *arg, int stream, const char *bytes, size_t len)
{
	(void)arg;
	return write_all(stream == 2 ? STDERR_FILENO : STDOUT_FILENO, bytes, len);
}

static bool take_output(struct session *session, const char *bytes, size_t len)
{
	if (session->tty)
		return on_output(session, 1, bytes, len);
	return docker_demux_add(&session->demux, bytes, len, on_output, session);
}

static void read_output(struct session *session)
{
	char bytes[PUMP_BYTES];
	ssize_t n = 1;

	while (!session->over && (n = http_tunnel_read(session->tunnel, bytes, sizeof bytes)) > 0)
		if (!take_output(session, bytes, (size_t)n))
			session->closed = session->over = true;
	if (n < 0)
		session->over = true;
	if (n == -2)
		session->lost = true;
}

/* --- input --- */

static void watch(struct session *session);

static void send_input(struct session *session)
{
	while (session->input_at < session->input_len) {
		ssize_t n = http_tunnel_write(session->tunnel, session->input + session->input_at,
					      session->input_len - session->input_at);

		if (n == 0)
			return;
		/* The program is gone; what it still said comes to its end by itself. */
		if (n < 0) {
			session->input_ended = true;
			session->input_at = session->input_len = 0;
			return;
		}
		session->input_at += (size_t)n;
	}
	session->input_at = session->input_len = 0;
}

static void on_input(void *arg, int fd, short revents)
{
	struct session *session = arg;
	ssize_t n = read(fd, session->input, sizeof session->input);

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		session->input_len = (size_t)n;
		send_input(session);
	} else {
		session->input_ended = true;
		http_tunnel_half_close(session->tunnel);
	}
	watch(session);
}

static void on_tunnel(void *arg, int fd, short revents)
{
	struct session *session = arg;

	(void)fd;
	(void)revents;
	read_output(session);
	if (!session->over)
		send_input(session);
	watch(session);
}

/* Reads our input only when the last of it was sent. */
static void watch(struct session *session)
{
	bool sending = session->input_len > 0;
	bool reading = !session->over && !sending && !session->input_ended;

	loop_fd(session->loop, http_tunnel_fd(session->tunnel),
		session->over ? 0 : (short)(sending ? POLLIN | POLLOUT : POLLIN), on_tunnel,
		session);
	loop_fd(session->loop, STDIN_FILENO, reading ? POLLIN : 0, on_input, session);
}

/* --- size --- */

static void resize(void *arg);

static void on_resized(void *arg, bool ok, const struct docker_answer *answer, struct kata_error *e)
{
	struct session *session = arg;

	(void)answer;
	(void)e;
	session->resizing = false;
	if (ok)
		session->resize_tries = 0;
	else if (!session->over && session->resize_tries > 0)
		loop_timer(session->loop, RESIZE_AGAIN_MS, resize, session);
}

static void resize(void *arg)
{
	struct session *session = arg;
	unsigned rows, columns;
	struct docker_request request = {.method = "POST", .timeout_ms = 15000};

	if (session->over || session->resizing || !terminal_size(STDOUT_FILENO, &rows, &columns))
		return;
	session->resize_tries--;
	session->resizing = true;
	request.path = docker_path(session->cmd->arena, "/exec/%s/resize?h=%u&w=%u", session->id,
				   rows, columns);
	docker_start(&session->cmd->world->docker, &request, on_resized, session);
}

static void on_terminal(void *arg, int fd, short revents)
{
	struct session *session = arg;

	(void)revents;
	if (terminal_event(fd))
		terminal_raw_again();
	session->resize_tries = RESIZE_TRIES;
	resize(session);
}

/* --- the run --- */

static void pump(struct session *session)
{
	if (session->tty && session->events >= 0)
		loop_fd(session->loop, session->events, POLLIN, on_terminal, session);
	if (session->tty) {
		session->resize_tries = RESIZE_TRIES;
		resize(session);
	}
	on_tunnel(session, -1, 0);
	while (!session->over && !loop_stopped(session->loop))
		loop_turn(session->loop, -1);
	loop_fd(session->loop, STDIN_FILENO, 0, on_input, session);
	loop_fd(session->loop, http_tunnel_fd(session->tunnel), 0, on_tunnel, session);
	if (session->events >= 0)
		loop_fd(session->loop, session->events, 0, on_terminal, session);
}

static bool say(struct cmd *cmd, const struct kata_error *e)
{
	say_error(cmd, e);
	cmd_fail(cmd, EXIT_TROUBLE);
	return false;
}

/* The end of its output may come before its end. */
static void take_exit(struct session *session)
{
	struct cmd *cmd = session->cmd;
	const char *path = docker_path(cmd->arena, "/exec/%s/json", session->id);
	int64_t wait = EXIT_AGAIN_MS;
	struct kata_error e;
	bool running = true;

	while (running && !loop_stopped(session->loop)) {
		json_t *state = NULL;

		if (!docker_get(&cmd->world->docker, path, &state, &e)) {
			say(cmd, &e);
			return;
		}
		running = json_is_true(json_object_get(state, "Running"));
		if (!running)
			cmd_fail(cmd, (int)json_integer_value(json_object_get(state, "ExitCode")));
		json_decref(state);
		if (running)
			loop_sleep(session->loop, wait);
		wait = wait * 2 < EXIT_AGAIN_MAX_MS ? wait * 2 : EXIT_AGAIN_MAX_MS;
	}
}

static json_t *size_json_new(void)
{
	unsigned rows, columns;

	if (!terminal_size(STDOUT_FILENO, &rows, &columns))
		return NULL;
	return json_pack("[i,i]", (int)rows, (int)columns);
}

/* NULL when one of them is no UTF-8. */
static json_t *words_json_new(const char *const *words, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(out, json_string(words[i]))) {
			json_decref(out);
			return NULL;
		}
	return out;
}

static bool create(struct session *session, const struct instance *container,
		   const char *const *words, size_t count)
{
	struct cmd *cmd = session->cmd;
	json_t *argv = words_json_new(words, count), *body, *answer = NULL, *size;
	struct docker_request request = {.method = "POST"};
	struct kata_error e;
	bool ok;

	if (!argv) {
		error_set(&e, ERROR_INVALID, "the command is not UTF-8, which the engine wants");
		return say(cmd, &e);
	}
	size = size_json_new();
	body = json_pack("{s:b,s:b,s:b,s:b,s:o}", "AttachStdin", 1, "AttachStdout", 1,
			 "AttachStderr", 1, "Tty", (int)session->tty, "Cmd", argv);
	if (session->tty)
		json_object_set_new(body, "DetachKeys", json_string(NO_DETACH));
	if (session->tty && size && cmd->world->docker.api >= 42)
		json_object_set(body, "ConsoleSize", size);
	request.path = docker_path(cmd->arena, "/containers/%s/exec", container->id);
	request.body = body;
	ok = docker_do(&cmd->world->docker, &request, &answer, &e);
	if (ok && json_member_text(answer, "Id"))
		session->id = arena_strdup(cmd->arena, json_member_text(answer, "Id"));
	else if (ok)
		ok = error_set(&e, ERROR_PROTOCOL, "the engine's answer has no Id");
	json_decref(body);
	json_decref(answer);
	json_decref(size);
	return ok || say(cmd, &e);
}

/* The engine refused to start it: the shell's exit codes for what cannot be run. */
static int refused_exit(const struct kata_error *e)
{
	if (strstr(e->msg, "executable file not found") || strstr(e->msg, "no such file"))
		return 127;
	return strstr(e->msg, "permission denied") ? 126 : EXIT_TROUBLE;
}

static bool open_tunnel(struct session *session)
{
	struct cmd *cmd = session->cmd;
	json_t *body = json_pack("{s:b,s:b}", "Detach", 0, "Tty", (int)session->tty);
	struct docker_request request = {.method = "POST", .body = body};
	struct kata_error e;

	request.path = docker_path(cmd->arena, "/exec/%s/start", session->id);
	session->tunnel = docker_tunnel_open(&cmd->world->docker, &request, &e);
	json_decref(body);
	if (session->tunnel)
		return true;
	say_error(cmd, &e);
	cmd_fail(cmd, refused_exit(&e));
	return false;
}

static void lost(struct cmd *cmd)
{
	struct kata_error e;

	error_set(&e, ERROR_LOST, "the connection to the engine broke");
	error_where(&e, "run");
	error_hint(&e, "the command may still be running in its container");
	say(cmd, &e);
}

static void enter(struct cmd *cmd, const struct instance *container, const char *const *words,
		  size_t count)
{
	struct session session = {.cmd = cmd, .loop = cmd->world->loop, .events = -1};
	struct kata_error e;

	session.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (session.tty)
		session.events = terminal_events();
	if (create(&session, container, words, count) && open_tunnel(&session)) {
		if (session.tty && !terminal_raw(STDIN_FILENO, &e))
			say(cmd, &e);
		else
			pump(&session);
		terminal_restore();
		http_tunnel_close(session.tunnel);
		if (session.closed)
			cmd_fail(cmd, 128 + SIGPIPE);
		else if (session.lost)
			lost(cmd);
		else if (session.over)
			take_exit(&session);
	}
	if (session.events >= 0)
		close(session.events);
}

/* --- which container --- */

/* Nothing to enter: says why. */
static void explain(struct cmd *cmd)
{
	const char *service = cmd->args[1];
	const struct app *app;
	struct kata_error e;

	world_observe(cmd->world, OBSERVE_APPS);
	app = one_app(cmd);
	if (!app)
		return;
	if (app->state == APP_VALID && !yaml_get(yaml_get(app->root, "services"), service)) {
		error_set(&e, ERROR_NOT_FOUND, "no service \"%s\"", service);
		error_hint(&e, "services are listed under services: in kata-compose.yaml");
	} else {
		error_set(&e, ERROR_NOT_FOUND, "no container of \"%s\" runs here", service);
		error_hint(&e,
			   "`kata-tui ps %s` shows what there is; `kata-tui deploy %s` or "
			   "`kata-tui start %s` starts it",
			   app->name, app->name, app->name);
	}
	error_where(&e, "%s", app->name);
	say(cmd, &e);
}

static const char *path_running(struct cmd *cmd, const char *one, const char *other)
{
	const char *filters =
		other ? docker_filters(cmd->arena, "label", one, "label", other, "status",
				       "running", NULL)
		      : docker_filters(cmd->arena, "label", one, "status", "running", NULL);

	return arena_printf(cmd->arena, "/containers/json?filters=%s", filters);
}

/* The running container with the lowest number; Compose mode first. */
static const struct instance *choose(struct cmd *cmd, const struct instances *list)
{
	const struct instance *best = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct instance *it = &list->items[i];

		if (strcmp(it->app, cmd->args[0]) != 0 || strcmp(it->service, cmd->args[1]) != 0 ||
		    !instance_is_ours(cmd, it))
			continue;
		if (!best || it->swarm < best->swarm ||
		    (it->swarm == best->swarm && it->number < best->number))
			best = it;
	}
	return best;
}

void run_run(struct cmd *cmd)
{
	const char *app = cmd->args[0], *service = cmd->args[1];
	const char *const *words = cmd->args + 2;
	size_t count = cmd->arg_count - 2;
	struct fetch reads[2] = {{0}};
	struct instances list = {.arena = cmd->arena};
	const struct instance *container;

	if (count > 1 && !strcmp(words[0], "--")) {
		words++;
		count--;
	}
	reads[0].path = path_running(cmd, arena_printf(cmd->arena, LABEL_PROJECT "=%s", app),
				     arena_printf(cmd->arena, LABEL_SERVICE "=%s", service));
	reads[1].path = path_running(
		cmd, arena_printf(cmd->arena, LABEL_SWARM_SERVICE "=%s_%s", app, service), NULL);
	fetch_all(cmd, reads, 2);
	if (fetch_check(cmd, &reads[0]) && fetch_check(cmd, &reads[1])) {
		instances_add_containers(&list, reads[0].value, time(NULL));
		instances_add_containers(&list, reads[1].value, time(NULL));
		container = choose(cmd, &list);
		if (container)
			enter(cmd, container, words, count);
		else
			explain(cmd);
	}
	fetch_release(reads, 2);
}
