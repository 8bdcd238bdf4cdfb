/*
 * What arrives in a transfer: headers, which are picked, and the body, which is kept or passed on.
 */
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http_private.h"

enum { HEADERS_MAX = 128 << 10 };

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

static long status_now(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
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
		str_clear(&response->api_version);
		str_clear(&response->server);
	} else if (len <= 2 && (line[0] == '\r' || line[0] == '\n')) {
		/* 100 Continue and its like are not the answer yet. */
		t->headers_over = status_now(t) >= 200;
	} else if (take_header(line, len, "etag", &response->etag)) {
		response->etag_trailer = t->headers_over;
	} else if (!t->headers_over) {
		(void)(take_header(line, len, "content-type", &response->type) ||
		       take_header(line, len, "api-version", &response->api_version) ||
		       take_header(line, len, "server", &response->server));
	}
	return len;
}

static bool is_streamed(const struct transfer *t)
{
	return t->on_data && status_now(t) / 100 == 2;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	t->headers_over = true;
	if (t->cancelled)
		return 0;
	if (is_streamed(t)) {
		t->ended = !t->on_data(t->stream_arg, bytes, len);
		return t->ended ? 0 : len;
	}
	if (len > HTTP_BODY_MAX - t->response.body.len)
		return 0;
	str_addn(&t->response.body, bytes, len);
	return len;
}

void http_set_answer(CURL *easy, struct transfer *t)
{
	HTTP_SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	HTTP_SET(easy, CURLOPT_HEADERDATA, t);
	HTTP_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	HTTP_SET(easy, CURLOPT_WRITEDATA, t);
	if (!t->on_data)
		HTTP_SET(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_BODY_MAX);
}
