/*
 * HTTP transfers on the event loop: libcurl's multi interface, driven by its socket and timer
 * callbacks, which only record what to watch. One easy handle per transfer.
 *
 * libcurl may not be called from its own callbacks, and on_data and source run there. What they
 * start or cancel waits until libcurl has returned (http_settle).
 */
#include "kata/http.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "http_private.h"
#include "kata/error.h"
#include "kata/loop.h"

/* Connections kept open for later requests; streams use some of them up. */
enum { KEEP_MAX = 64 };

struct http {
	struct loop *loop;
	CURLM *multi; /* NULL until the first request */
	uint64_t timer, at_stop;
	struct transfer *first, *last;
	unsigned brief;	 /* how many of those run */
	int read_ms;	 /* of requests that set no time limit */
	bool delivering; /* inside a done() */
	bool inside;	 /* libcurl is running */
};

void http_response_init(struct http_response *response)
{
	*response = (struct http_response){.body = STR_INIT,
					   .etag = STR_INIT,
					   .type = STR_INIT,
					   .api_version = STR_INIT,
					   .server = STR_INIT};
}

void http_response_release(struct http_response *response)
{
	str_release(&response->body);
	str_release(&response->etag);
	str_release(&response->type);
	str_release(&response->api_version);
	str_release(&response->server);
	http_response_init(response);
}

/* --- the end of a transfer --- */

static void transfer_unlink(struct transfer *t)
{
	struct http *http = t->http;

	if (t->prev)
		t->prev->next = t->next;
	else
		http->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		http->last = t->prev;
	if (!http->first) {
		loop_timer_cancel(http->loop, http->at_stop);
		http->at_stop = 0;
	}
}

static void transfer_free(struct transfer *t)
{
	struct http *http = t->http;

	if (t->easy) {
		if (!t->waiting)
			curl_multi_remove_handle(http->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	if (t->brief && !t->waiting)
		http->brief--;
	curl_slist_free_all(t->headers);
	loop_timer_cancel(http->loop, t->fail_timer);
	transfer_unlink(t);
	if (t->forget)
		t->forget(t->arg);
	http_response_release(&t->response);
	free(t->at);
	free(t->where);
	free(t->base);
	free(t);
}

/* Hands the outcome over and forgets the transfer first, so that done() may start another. */
static void transfer_deliver(struct transfer *t, bool ok, struct kata_error *e)
{
	struct http *http = t->http;
	struct http_response response = t->response;
	http_done *done = t->done;
	void (*forget)(void *) = t->forget;
	void *arg = t->arg;

	if (!ok)
		error_where(e, "%s", t->where);
	http_response_init(&t->response);
	if (!ok)
		http_response_release(&response);
	t->forget = NULL;
	transfer_free(t);
	http->delivering = true;
	done(arg, ok, ok ? &response : NULL, e);
	http->delivering = false;
	if (forget)
		forget(arg);
}

static void fill_loopback(struct transfer *t)
{
	char *ip = NULL;

	if (t->local || curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || !ip)
		return;
	t->response.loopback = strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 ||
			       strncmp(ip, "::ffff:127.", 11) == 0;
}

/* The layer above wants it sent once more, to this path. */
static void transfer_repeat(struct transfer *t, const char *path)
{
	curl_multi_remove_handle(t->http->multi, t->easy);
	http_response_release(&t->response);
	t->again = NULL;
	t->header_bytes = 0;
	t->headers_over = false;
	http_set_url(t->easy, t->base, path);
	if (curl_multi_add_handle(t->http->multi, t->easy) != CURLM_OK)
		BUG("libcurl refuses a transfer");
}

static void transfer_end(struct transfer *t, CURLcode code)
{
	const char *path;
	struct kata_error e = {0};
	long status = 0, sys = 0;

	/* libcurl is content with half a header. */
	if (code == CURLE_OK && !t->headers_over)
		code = CURLE_PARTIAL_FILE;
	if (code == CURLE_OK) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		t->response.status = (int)status;
		fill_loopback(t);
		path = t->again ? t->again(t->arg, &t->response) : NULL;
		if (path) {
			transfer_repeat(t, path);
			return;
		}
	} else if (t->ended) {
		error_set(&e, ERROR_CANCELLED, "ended before its end");
	} else {
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
		http_error_fill(
			&(struct http_end){
				.code = code, .sys = (int)sys, .detail = t->detail, .at = t->at},
			&e);
	}
	transfer_deliver(t, code == CURLE_OK, &e);
}

/* Ends every transfer that libcurl has finished. */
static void http_reap(struct http *http)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(http->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_end(t, code);
	}
}

/* The signal to stop came. A done() may start another transfer: that one ends in the next turn. */
static void cancel_all(void *arg)
{
	struct http *http = arg;
	struct transfer *t;

	http->at_stop = 0;
	for (t = http->first; t; t = t->next)
		t->doomed = true;
	for (;;) {
		struct kata_error e;

		for (t = http->first; t && !t->doomed;)
			t = t->next;
		if (!t)
			return;
		error_set(&e, ERROR_CANCELLED, "interrupted");
		transfer_deliver(t, false, &e);
	}
}

/* --- libcurl and the loop --- */

static void transfer_begin(struct transfer *t)
{
	t->waiting = false;
	t->http->brief += t->brief;
	if (curl_multi_add_handle(t->http->multi, t->easy) != CURLM_OK)
		BUG("libcurl refuses a transfer");
}

static void begin_waiting(struct http *http)
{
	for (struct transfer *t = http->first; t; t = t->next)
		if (t->waiting && (!t->brief || http->brief < HTTP_AT_ONCE))
			transfer_begin(t);
}

/* After libcurl has run: what its callbacks asked for, and what has come to an end. */
static void http_settle(struct http *http)
{
	struct transfer *next;

	for (struct transfer *t = http->first; t; t = next) {
		next = t->next;
		if (t->cancelled)
			transfer_free(t);
	}
	http_reap(http);
	begin_waiting(http);
}

static void http_drive(struct http *http, curl_socket_t fd, int mask)
{
	int running;

	http->inside = true;
	curl_multi_socket_action(http->multi, fd, mask, &running);
	http->inside = false;
	http_settle(http);
}

static void on_socket(void *arg, int fd, short revents)
{
	int mask = 0;

	if (revents & (POLLIN | POLLHUP))
		mask |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (revents & (POLLERR | POLLNVAL))
		mask |= CURL_CSELECT_ERR;
	http_drive(arg, fd, mask);
}

static void on_timer(void *arg)
{
	struct http *http = arg;

	http->timer = 0;
	http_drive(http, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct http *http = arg;
	short events = 0;

	(void)easy;
	(void)socket_arg;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= POLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= POLLOUT;
	loop_fd(http->loop, fd, events, on_socket, http);
	return 0;
}

static int watch_timer(CURLM *multi, long ms, void *arg)
{
	struct http *http = arg;

	(void)multi;
	loop_timer_cancel(http->loop, http->timer);
	http->timer = ms < 0 ? 0 : loop_timer(http->loop, ms, on_timer, http);
	return 0;
}

struct http *http_new(struct loop *loop)
{
	struct http *http = xcalloc(1, sizeof *http);

	http->loop = loop;
	http->read_ms = HTTP_TIMEOUT_READ_MS;
	return http;
}

/* Loads libcurl at the first request: many commands never talk to anybody. */
static void http_wake(struct http *http)
{
	if (http->multi)
		return;
	/* libcurl prepares its TLS library whatever is asked for here; nothing more is needed. */
	if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
		BUG("libcurl does not start");
	http->multi = curl_multi_init();
	if (!http->multi)
		BUG("libcurl has no memory");
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEEP_MAX);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->delivering || http->inside)
		BUG("http_free inside a callback");
	while (http->first)
		transfer_free(http->first);
	if (http->multi) {
		curl_multi_cleanup(http->multi);
		curl_global_cleanup();
	}
	loop_timer_cancel(http->loop, http->timer);
	free(http);
}

/* --- the start --- */

static void deliver_failed(void *arg)
{
	struct transfer *t = arg;
	struct kata_error e = t->failed;

	t->fail_timer = 0;
	transfer_deliver(t, false, &e);
}

/* What of the request is needed beyond this call, but for what libcurl copies. */
static struct transfer *transfer_new(struct http *http, const struct http_request *request)
{
	struct transfer *t = xcalloc(1, sizeof *t);

	t->http = http;
	t->again = request->again;
	t->forget = request->forget;
	t->on_data = request->on_data;
	t->source = request->source;
	t->stream_arg = request->stream_arg;
	http_response_init(&t->response);
	t->at = xstrdup(request->endpoint->text);
	t->base = xstrdup(request->endpoint->base);
	t->where = http_where(request);
	t->fd = -1;
	t->local = request->endpoint->socket != NULL;
	t->brief = request->keep && !t->on_data && !t->source && request->timeout_ms >= 0;
	t->waiting = true;
	t->prev = http->last;
	*(t->prev ? &t->prev->next : &http->first) = t;
	http->last = t;
	return t;
}

static void transfer_prepare(struct transfer *t, const struct http_request *request)
{
	t->easy = curl_easy_init();
	if (!t->easy)
		BUG("libcurl has no memory");
	HTTP_SET(t->easy, CURLOPT_PRIVATE, t);
	http_set_connection(t->easy, request->endpoint, &t->fd, t->detail);
	http_set_answer(t->easy, t);
	http_set_request(t->easy, t, request);
}

void http_set_patience(struct http *http, int read_ms)
{
	http->read_ms = read_ms;
}

struct transfer *http_start(struct http *http, const struct http_request *given, http_done *done,
			    void *arg)
{
	struct http_request own = *given, *request = &own;
	struct transfer *t;

	if (!own.timeout_ms)
		own.timeout_ms = http->read_ms;
	t = transfer_new(http, request);

	t->done = done;
	t->arg = arg;
	if (!http->at_stop)
		http->at_stop = loop_at_stop(http->loop, cancel_all, http);
	if (!http_sendable(request)) {
		t->waiting = t->brief = false;
		error_set(&t->failed, ERROR_INVALID, "this path or tag cannot be sent");
		t->fail_timer = loop_timer(http->loop, 0, deliver_failed, t);
		return t;
	}
	http_wake(http);
	transfer_prepare(t, request);
	if (!http->inside)
		begin_waiting(http);
	return t;
}

void http_cancel(struct transfer *transfer)
{
	struct http *http = transfer->http;

	if (http->inside) {
		transfer->cancelled = true;
		return;
	}
	transfer_free(transfer);
	begin_waiting(http);
}

/* --- one request to its end --- */

struct waiting {
	struct http_response *response;
	struct kata_error *e;
	bool over, ok;
};

static void waiting_done(void *arg, bool ok, struct http_response *response, struct kata_error *e)
{
	struct waiting *waiting = arg;

	waiting->over = true;
	waiting->ok = ok;
	if (ok)
		*waiting->response = *response;
	else
		*waiting->e = *e;
}

void http_wait(struct http *http, const bool *over)
{
	while (!*over)
		if (!loop_turn(http->loop, -1))
			BUG("a transfer waits for nothing");
}

bool http_do(struct http *http, const struct http_request *request, struct http_response *response,
	     struct kata_error *e)
{
	struct waiting waiting = {.response = response, .e = e};

	http_response_init(response);
	http_start(http, request, waiting_done, &waiting);
	http_wait(http, &waiting.over);
	return waiting.ok;
}
