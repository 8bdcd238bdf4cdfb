/*
 * HTTP transfers on the event loop: libcurl's multi interface, driven by its socket and timer
 * callbacks, which only record what to watch. One easy handle and one connection per transfer.
 * What a failed transfer means is said in http_error.c, addresses are read in http_endpoint.c.
 */
#include "kata/http.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http_private.h"
#include "kata/error.h"
#include "kata/loop.h"

enum { HEADERS_MAX = 128 << 10, LINE_MAX_BYTES = 4096 };

struct http {
	struct loop *loop;
	CURLM *multi; /* NULL until the first request */
	uint64_t timer, at_stop;
	struct transfer *first;
	bool delivering; /* inside a done() */
};

struct transfer {
	struct http *http;
	struct transfer *prev, *next;
	CURL *easy;
	struct curl_slist *headers;
	http_done *done;
	void *arg;
	struct http_response response;
	char *at, *where;
	bool local; /* over a unix socket */
	bool doomed;
	char detail[CURL_ERROR_SIZE];
	size_t header_bytes;
	bool headers_over;   /* the blank line was seen: what follows are trailers */
	int fd;		     /* of the unix socket, to ask who is at the other end */
	uint64_t fail_timer; /* delivers `failed` from the loop when the start itself failed */
	struct kata_error failed;
};

void http_response_init(struct http_response *response)
{
	*response = (struct http_response){.body = STR_INIT, .etag = STR_INIT, .type = STR_INIT};
}

void http_response_release(struct http_response *response)
{
	str_release(&response->body);
	str_release(&response->etag);
	str_release(&response->type);
	http_response_init(response);
}

/* --- the end of a transfer --- */

static void transfer_free(struct transfer *t)
{
	struct http *http = t->http;

	if (t->easy) {
		curl_multi_remove_handle(http->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	loop_timer_cancel(http->loop, t->fail_timer);
	if (t->prev)
		t->prev->next = t->next;
	else
		http->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	http_response_release(&t->response);
	free(t->at);
	free(t->where);
	free(t);
	if (!http->first) {
		loop_timer_cancel(http->loop, http->at_stop);
		http->at_stop = 0;
	}
}

/* Hands the outcome over and forgets the transfer first, so that done() may start another. */
static void transfer_deliver(struct transfer *t, bool ok, struct kata_error *e)
{
	struct http *http = t->http;
	struct http_response response = t->response;
	http_done *done = t->done;
	void *arg = t->arg;

	if (!ok)
		error_where(e, "%s", t->where);
	http_response_init(&t->response);
	if (!ok)
		http_response_release(&response);
	transfer_free(t);
	http->delivering = true;
	done(arg, ok, ok ? &response : NULL, e);
	http->delivering = false;
}

static void fill_loopback(struct transfer *t)
{
	char *ip = NULL;

	if (t->local || curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || !ip)
		return;
	t->response.loopback = strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 ||
			       strncmp(ip, "::ffff:127.", 11) == 0;
}

static void transfer_end(struct transfer *t, CURLcode code)
{
	struct kata_error e = {0};
	long status = 0, sys = 0;

	/* libcurl is content with half a header. */
	if (code == CURLE_OK && !t->headers_over)
		code = CURLE_PARTIAL_FILE;
	if (code == CURLE_OK) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		t->response.status = (int)status;
		fill_loopback(t);
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

static void on_socket(void *arg, int fd, short revents)
{
	struct http *http = arg;
	int mask = 0, running;

	if (revents & (POLLIN | POLLHUP))
		mask |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (revents & (POLLERR | POLLNVAL))
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(http->multi, fd, mask, &running);
	http_reap(http);
}

static void on_timer(void *arg)
{
	struct http *http = arg;
	int running;

	http->timer = 0;
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	http_reap(http);
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
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->delivering)
		BUG("http_free inside a done()");
	while (http->first)
		transfer_free(http->first);
	if (http->multi) {
		curl_multi_cleanup(http->multi);
		curl_global_cleanup();
	}
	loop_timer_cancel(http->loop, http->timer);
	free(http);
}

/* --- what arrives --- */

/* Opened here so that no child process ever inherits it. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	(void)purpose;
	t->fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return t->fd;
}

/* Asked while connected: afterwards the socket is gone. */
static void fill_peer(struct transfer *t)
{
	struct ucred peer = {0};
	socklen_t len = sizeof peer;

	if (!t->local || t->fd < 0)
		return;
	if (getsockopt(t->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		t->response.peer = peer.pid;
	t->fd = -1;
}

/* Keeps the value when the line is this header and holds printable bytes only. */
static bool take_header(const char *line, size_t len, const char *name, struct str *out)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (line[0] == ' ' || line[0] == '\t'))
		line++, len--;
	while (len > 0 && strchr(" \t\r\n", line[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return false;
	str_clear(out);
	str_addn(out, line, len);
	return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	struct http_response *response = &t->response;
	size_t len = size * count;

	fill_peer(t);
	t->header_bytes += len;
	if (t->header_bytes > HEADERS_MAX)
		return 0;
	if (!t->headers_over && len >= 5 && strncmp(line, "HTTP/", 5) == 0) {
		str_clear(&response->etag);
		str_clear(&response->type);
	} else if (len <= 2 && (line[0] == '\r' || line[0] == '\n')) {
		long status = 0;

		/* 100 Continue and its like are not the answer yet. */
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		t->headers_over = status >= 200;
	} else if (take_header(line, len, "etag", &response->etag)) {
		response->etag_trailer = t->headers_over;
	} else if (!t->headers_over) {
		take_header(line, len, "content-type", &response->type);
	}
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	t->headers_over = true;
	if (len > HTTP_BODY_MAX - t->response.body.len)
		return 0;
	str_addn(&t->response.body, bytes, len);
	return len;
}

/* --- what is sent --- */

/* True when text can stand in a request line (path) or a header value. */
static bool sendable(const char *text, bool path)
{
	size_t len = 0;

	if (path && text[0] != '/')
		return false;
	for (; text[len]; len++) {
		unsigned char c = (unsigned char)text[len];

		if (c < ' ' || c == 0x7f || (path && (c == ' ' || c == '#' || c > 0x7f)))
			return false;
	}
	return len < LINE_MAX_BYTES;
}

static void add_header(struct transfer *t, const char *name, const char *value)
{
	struct str line = STR_INIT;

	str_add(&line, name);
	str_add(&line, value);
	struct curl_slist *grown = curl_slist_append(t->headers, line.p);
	str_release(&line);
	if (!grown)
		BUG("libcurl has no memory");
	t->headers = grown;
}

static void add_headers(struct transfer *t, const struct http_request *request)
{
	const char *authority = strstr(request->endpoint->base, "://");

	/* Caddy wants an empty Host on its socket, and the port in any other. */
	if (request->endpoint->socket)
		add_header(t, "Host;", "");
	else
		add_header(t, "Host: ", authority ? authority + 3 : request->endpoint->base);
	add_header(t, "Connection: ", "close");
	add_header(t, "Expect:", "");
	if (request->body)
		add_header(t, "Content-Type: ", "application/json");
	if (request->if_match)
		add_header(t, "If-Match: ", request->if_match);
	if (request->revalidate)
		add_header(t, "Cache-Control: ", "must-revalidate");
}

/* An option that this libcurl does not know, or no memory: both are beyond the caller. */
#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		CURLcode set_ = curl_easy_setopt(easy, option, value);                             \
		if (set_ != CURLE_OK)                                                              \
			BUG("%s: %s", #option, curl_easy_strerror(set_));                          \
	} while (0)

/* What holds for every transfer: nothing of the environment, no cleverness, no reuse. */
static void set_common(CURL *easy, struct transfer *t)
{
	SET(easy, CURLOPT_PRIVATE, t);
	SET(easy, CURLOPT_ERRORBUFFER, t->detail);
	SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(easy, CURLOPT_OPENSOCKETDATA, t);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, t);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, t);
	SET(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_BODY_MAX);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_PROXY, "");
	SET(easy, CURLOPT_NOPROXY, "*");
	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_FORBID_REUSE, 1L);
	SET(easy, CURLOPT_FRESH_CONNECT, 1L);
	SET(easy, CURLOPT_BUFFERSIZE, 64L << 10);
	SET(easy, CURLOPT_USERAGENT, "kata-tui/" KATA_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that hangs must not hold up the end of the program. */
	SET(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void set_endpoint(CURL *easy, const struct http_endpoint *endpoint)
{
	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (endpoint->socket)
		SET(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint->socket);
	if (endpoint->ca) {
		SET(easy, CURLOPT_CAINFO, endpoint->ca);
		SET(easy, CURLOPT_CAPATH, NULL);
	}
	if (endpoint->cert)
		SET(easy, CURLOPT_SSLCERT, endpoint->cert);
	if (endpoint->key)
		SET(easy, CURLOPT_SSLKEY, endpoint->key);
}

static void set_request(CURL *easy, struct transfer *t, const struct http_request *request)
{
	long timeout = request->timeout_ms > 0 ? request->timeout_ms : HTTP_TIMEOUT_READ_MS;
	struct str url = STR_INIT;

	str_add(&url, request->endpoint->base);
	str_add(&url, request->path);
	SET(easy, CURLOPT_URL, url.p);
	str_release(&url);
	SET(easy, CURLOPT_TIMEOUT_MS, timeout);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout < HTTP_CONNECT_MS ? timeout : HTTP_CONNECT_MS);
	if (request->body) {
		SET(easy, CURLOPT_POSTFIELDS, request->body);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	}
	SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
	SET(easy, CURLOPT_HTTPHEADER, t->headers);
}

static char *request_where(const struct http_request *request)
{
	const struct http_endpoint *endpoint = request->endpoint;
	struct str where = STR_INIT;

	str_addf(&where, "%s %s%s%s", request->method, endpoint->socket ? "unix/" : endpoint->base,
		 endpoint->socket ? endpoint->socket : "", endpoint->socket ? ":" : "");
	str_add(&where, request->path);
	return str_detach(&where);
}

static void deliver_failed(void *arg)
{
	struct transfer *t = arg;
	struct kata_error e = t->failed;

	t->fail_timer = 0;
	transfer_deliver(t, false, &e);
}

void http_start(struct http *http, const struct http_request *request, http_done *done, void *arg)
{
	struct transfer *t = xcalloc(1, sizeof *t);

	t->http = http;
	t->done = done;
	t->arg = arg;
	http_response_init(&t->response);
	t->at = xstrdup(request->endpoint->text);
	t->where = request_where(request);
	t->fd = -1;
	t->local = request->endpoint->socket != NULL;
	t->next = http->first;
	if (t->next)
		t->next->prev = t;
	http->first = t;
	if (!http->at_stop)
		http->at_stop = loop_at_stop(http->loop, cancel_all, http);
	if (!sendable(request->path, true) ||
	    (request->if_match && !sendable(request->if_match, false))) {
		error_set(&t->failed, ERROR_INVALID, "this path or tag cannot be sent");
		t->fail_timer = loop_timer(http->loop, 0, deliver_failed, t);
		return;
	}
	http_wake(http);
	t->easy = curl_easy_init();
	if (!t->easy)
		BUG("libcurl has no memory");
	add_headers(t, request);
	set_common(t->easy, t);
	set_endpoint(t->easy, request->endpoint);
	set_request(t->easy, t, request);
	if (curl_multi_add_handle(http->multi, t->easy) != CURLM_OK)
		BUG("libcurl refuses a transfer");
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

bool http_do(struct http *http, const struct http_request *request, struct http_response *response,
	     struct kata_error *e)
{
	struct waiting waiting = {.response = response, .e = e};

	http_response_init(response);
	http_start(http, request, waiting_done, &waiting);
	while (!waiting.over)
		if (!loop_turn(http->loop, -1))
			BUG("a transfer waits for nothing");
	return waiting.ok;
}
