/*
 * A connection taken over from HTTP: libcurl connects and does the TLS (CURLOPT_CONNECT_ONLY), the
 * request that asks for the upgrade and the head of its answer are written and read here, and then
 * bytes flow.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http_private.h"
#include "kata/loop.h"
#include "kata/text.h"

enum { HEAD_MAX = 64 << 10, REFUSAL_MAX = 64 << 10 };

struct http_tunnel {
	CURL *easy;
	curl_socket_t fd;
	int opened; /* what http_set_connection reports; fd is libcurl's word */
	bool tls;
	struct str got; /* read but not yet asked for, from `taken` on */
	size_t taken;
	char *at;
	int64_t until; /* when opening must be over */
	char detail[CURL_ERROR_SIZE];
};

/* --- one step of opening --- */

static bool fail(struct http_tunnel *tunnel, CURLcode code, struct kata_error *e)
{
	long sys = 0;

	curl_easy_getinfo(tunnel->easy, CURLINFO_OS_ERRNO, &sys);
	http_error_fill(
		&(struct http_end){
			.code = code, .sys = (int)sys, .detail = tunnel->detail, .at = tunnel->at},
		e);
	return false;
}

static bool wait_for(struct http_tunnel *tunnel, short events, struct kata_error *e)
{
	struct pollfd poll_fd = {.fd = tunnel->fd, .events = events};

	for (;;) {
		int64_t left = tunnel->until - loop_now_ms();

		if (left <= 0)
			return fail(tunnel, CURLE_OPERATION_TIMEDOUT, e);
		int n = poll(&poll_fd, 1, left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return error_sys(e, "poll");
	}
}

static bool send_all(struct http_tunnel *tunnel, const char *bytes, size_t len,
		     struct kata_error *e)
{
	while (len > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_send(tunnel->easy, bytes, len, &n);

		if (code == CURLE_AGAIN && !wait_for(tunnel, POLLOUT, e))
			return false;
		if (code != CURLE_OK && code != CURLE_AGAIN)
			return fail(tunnel, code, e);
		bytes += n;
		len -= n;
	}
	return true;
}

/* Waits for more bytes in `got`. *end when there are none. */
static bool receive(struct http_tunnel *tunnel, bool *end, struct kata_error *e)
{
	char bytes[4096];
	size_t n = 0;
	CURLcode code;

	while ((code = curl_easy_recv(tunnel->easy, bytes, sizeof bytes, &n)) == CURLE_AGAIN)
		if (!wait_for(tunnel, POLLIN, e))
			return false;
	*end = code == CURLE_OK && n == 0;
	if (code != CURLE_OK)
		return fail(tunnel, code, e);
	str_addn(&tunnel->got, bytes, n);
	return true;
}

/* --- request and answer --- */

static void add_request(struct str *out, const struct http_request *request)
{
	const char *authority = strstr(request->endpoint->base, "://");

	str_addf(out, "%s ", request->method);
	str_add(out, request->path);
	str_add(out, " HTTP/1.1\r\n");
	if (!http_names_header(request, "Host"))
		str_addf(out, "Host: %s\r\n",
			 request->endpoint->socket || !authority ? "" : authority + 3);
	str_add(out, "User-Agent: kata-tui/" KATA_VERSION "\r\n"
		     "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	if (request->body)
		str_addf(out, "Content-Type: %s\r\n",
			 request->type ? request->type : "application/json");
	str_addf(out, "Content-Length: %zu\r\n", request->body ? request->body_len : 0);
	for (size_t i = 0; request->headers && request->headers[i]; i++) {
		str_add(out, request->headers[i]);
		str_add(out, "\r\n");
	}
	str_add(out, "\r\n");
	if (request->body)
		str_addn(out, request->body, request->body_len);
}

/* Drops the first bytes of what was received. */
static void drop(struct http_tunnel *tunnel, size_t len)
{
	struct str rest = STR_INIT;

	str_addn(&rest, tunnel->got.p + len, tunnel->got.len - len);
	str_release(&tunnel->got);
	tunnel->got = rest;
}

/* NNN of "HTTP/1.1 NNN ...", or 0. */
static int status_of(const char *head)
{
	const char *blank = strchr(head, ' ');
	char digits[4] = "";
	uint64_t status;

	if (strncmp(head, "HTTP/1.", 7) != 0 || !blank || strlen(blank) < 4)
		return 0;
	memcpy(digits, blank + 1, 3);
	return text_u64(digits, 100, 599, &status) ? (int)status : 0;
}

/* Reads one head; *head gets it, without its blank line, and `got` keeps what follows. */
static bool read_head(struct http_tunnel *tunnel, struct str *head, struct kata_error *e)
{
	const char *blank;
	bool end = false;

	while (!(blank = memmem(tunnel->got.p, tunnel->got.len, "\r\n\r\n", 4))) {
		if (tunnel->got.len >= HEAD_MAX)
			return fail(tunnel, CURLE_WEIRD_SERVER_REPLY, e);
		if (end)
			return fail(tunnel,
				    tunnel->got.len ? CURLE_PARTIAL_FILE : CURLE_GOT_NOTHING, e);
		if (!receive(tunnel, &end, e))
			return false;
	}
	size_t len = (size_t)(blank - tunnel->got.p) + 2;
	str_clear(head);
	str_addn(head, tunnel->got.p, len);
	drop(tunnel, len + 2);
	return true;
}

/* The value of a header of the head, or NULL. */
static const char *header_value(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = strchr(head, '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

/* Takes a chunked body apart as far as it goes; *whole when its last chunk is there. */
static void unchunk(const struct str *body, struct str *out, bool *whole)
{
	const char *p = body->p, *end = body->p + body->len, *line;

	*whole = false;
	while ((line = memmem(p, (size_t)(end - p), "\r\n", 2))) {
		unsigned long len = strtoul(p, NULL, 16);

		*whole = len == 0;
		p = line + 2;
		if (*whole || len > (size_t)(end - p))
			return;
		str_addn(out, p, len);
		p += len;
		p += end - p < 2 ? end - p : 2;
	}
}

/* The answer is no: reads its body as far as it is announced, and makes it the message. */
static bool read_refusal(struct http_tunnel *tunnel, const struct str *head, int status,
			 struct kata_error *e)
{
	const char *length = header_value(head->p, "Content-Length");
	bool chunked = header_value(head->p, "Transfer-Encoding") != NULL;
	size_t want = length ? strtoul(length, NULL, 10) : REFUSAL_MAX;
	struct str text = STR_INIT;
	bool end = false, whole = false;

	for (;;) {
		str_clear(&text);
		if (chunked)
			unchunk(&tunnel->got, &text, &whole);
		else
			str_addn(&text, tunnel->got.p,
				 tunnel->got.len < want ? tunnel->got.len : want);
		if (end || whole || text.len >= want || tunnel->got.len >= REFUSAL_MAX ||
		    !receive(tunnel, &end, e))
			break;
	}
	error_set(e, ERROR_REFUSED, "%s", text.p);
	e->http = status;
	str_release(&text);
	return false;
}

static bool ask(struct http_tunnel *tunnel, const struct http_request *request,
		struct kata_error *e)
{
	struct str text = STR_INIT;
	int status = 100;

	add_request(&text, request);
	bool ok = send_all(tunnel, text.p, text.len, e);
	while (ok && status / 100 == 1 && status != 101) {
		ok = read_head(tunnel, &text, e);
		if (ok)
			status = status_of(text.p);
		if (!status)
			ok = fail(tunnel, CURLE_WEIRD_SERVER_REPLY, e);
	}
	if (ok && status != 101 && status != 200)
		ok = read_refusal(tunnel, &text, status, e);
	str_release(&text);
	return ok;
}

/* --- open and close --- */

static bool dial(struct http_tunnel *tunnel, const struct http_request *request,
		 struct kata_error *e)
{
	if (!http_sendable(request))
		return error_set(e, ERROR_INVALID, "this path cannot be sent");
	http_set_connection(tunnel->easy, request->endpoint, &tunnel->opened, tunnel->detail);
	http_set_url(tunnel->easy, request->endpoint->base, "/");
	HTTP_SET(tunnel->easy, CURLOPT_CONNECT_ONLY, 1L);
	HTTP_SET(tunnel->easy, CURLOPT_CONNECTTIMEOUT_MS, http_connect_ms(request));
	CURLcode code = curl_easy_perform(tunnel->easy);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(tunnel->easy, CURLINFO_ACTIVESOCKET, &tunnel->fd);
	return code == CURLE_OK || fail(tunnel, code, e);
}

struct http_tunnel *http_tunnel_open(const struct http_request *request, struct kata_error *e)
{
	struct http_tunnel *tunnel = xcalloc(1, sizeof *tunnel);
	long limit = http_limit_ms(request);

	if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
		BUG("libcurl does not start");
	tunnel->easy = curl_easy_init();
	if (!tunnel->easy)
		BUG("libcurl has no memory");
	tunnel->got = (struct str)STR_INIT;
	tunnel->at = xstrdup(request->endpoint->text);
	tunnel->tls = strncmp(request->endpoint->base, "https:", 6) == 0;
	tunnel->until = limit ? loop_now_ms() + limit : INT64_MAX;
	if (dial(tunnel, request, e) && ask(tunnel, request, e))
		return tunnel;
	char *where = http_where(request);
	error_where(e, "%s", where);
	free(where);
	http_tunnel_close(tunnel);
	return NULL;
}

void http_tunnel_close(struct http_tunnel *tunnel)
{
	if (!tunnel)
		return;
	curl_easy_cleanup(tunnel->easy);
	curl_global_cleanup();
	str_release(&tunnel->got);
	free(tunnel->at);
	free(tunnel);
}

/* --- bytes --- */

int http_tunnel_fd(const struct http_tunnel *tunnel)
{
	return tunnel->fd;
}

ssize_t http_tunnel_read(struct http_tunnel *tunnel, char *bytes, size_t room)
{
	size_t n = tunnel->got.len - tunnel->taken;

	if (n > 0) {
		n = n < room ? n : room;
		memcpy(bytes, tunnel->got.p + tunnel->taken, n);
		tunnel->taken += n;
		return (ssize_t)n;
	}
	CURLcode code = curl_easy_recv(tunnel->easy, bytes, room, &n);
	if (code == CURLE_AGAIN)
		return 0;
	return code != CURLE_OK ? -2 : n == 0 ? -1 : (ssize_t)n;
}

ssize_t http_tunnel_write(struct http_tunnel *tunnel, const char *bytes, size_t len)
{
	size_t n = 0;
	CURLcode code = curl_easy_send(tunnel->easy, bytes, len, &n);

	if (code == CURLE_AGAIN)
		return 0;
	return code != CURLE_OK ? -2 : (ssize_t)n;
}

/*
 * In TLS the end of our bytes is a message of its own, which libcurl can send only by closing the
 * whole. Its OpenSSL, when that is what it uses, is in this process.
 */
static void half_close_tls(struct http_tunnel *tunnel)
{
	struct curl_tlssessioninfo *session = NULL;
	union {
		void *symbol;
		int (*call)(void *ssl);
	} shut = {dlsym(RTLD_DEFAULT, "SSL_shutdown")};

	curl_easy_getinfo(tunnel->easy, CURLINFO_TLS_SSL_PTR, &session);
	if (shut.symbol && session && session->backend == CURLSSLBACKEND_OPENSSL &&
	    session->internals)
		shut.call(session->internals);
}

void http_tunnel_half_close(struct http_tunnel *tunnel)
{
	if (tunnel->tls)
		half_close_tls(tunnel);
	else
		shutdown(tunnel->fd, SHUT_WR);
}
