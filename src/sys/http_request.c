/*
 * What is sent in a transfer: the request in libcurl's options, and how the connection is made.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http_private.h"

enum { LINE_MAX_BYTES = 256 << 10, KEEPALIVE_S = 20, KEEPALIVE_EVERY_S = 5 };

/* True when text can stand in a request line (path) or a header. */
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

bool http_sendable(const struct http_request *request)
{
	if (!sendable(request->path, true) ||
	    (request->if_match && !sendable(request->if_match, false)) ||
	    (request->type && !sendable(request->type, false)))
		return false;
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (!sendable(request->headers[i], false))
			return false;
	return true;
}

char *http_where(const struct http_request *request)
{
	const struct http_endpoint *endpoint = request->endpoint;
	struct str where = STR_INIT;

	str_addf(&where, "%s %s%s%s", request->method, endpoint->socket ? "unix/" : endpoint->base,
		 endpoint->socket ? endpoint->socket : "", endpoint->socket ? ":" : "");
	str_addn(&where, request->path, strcspn(request->path, "?"));
	return str_detach(&where);
}

/* --- headers --- */

bool http_names_header(const struct http_request *request, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (strncasecmp(request->headers[i], name, len) == 0 &&
		    request->headers[i][len] == ':')
			return true;
	return false;
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

/* Caddy wants an empty Host on its socket, and the port in any other. */
static void add_host(struct transfer *t, const struct http_request *request)
{
	const char *authority = strstr(request->endpoint->base, "://");

	if (http_names_header(request, "Host"))
		return;
	if (request->endpoint->socket)
		add_header(t, "Host;", "");
	else
		add_header(t, "Host: ", authority ? authority + 3 : request->endpoint->base);
}

static void add_headers(struct transfer *t, const struct http_request *request)
{
	add_host(t, request);
	if (!request->keep)
		add_header(t, "Connection: ", "close");
	add_header(t, "Expect:", "");
	if (request->body || request->source)
		add_header(t, "Content-Type: ", request->type ? request->type : "application/json");
	if (request->if_match)
		add_header(t, "If-Match: ", request->if_match);
	if (request->revalidate)
		add_header(t, "Cache-Control: ", "must-revalidate");
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		add_header(t, request->headers[i], "");
}

/* --- the connection --- */

/* Opened here so that no child process ever inherits it. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	int *fd = arg;

	(void)purpose;
	*fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return *fd;
}

static void set_endpoint(CURL *easy, const struct http_endpoint *endpoint)
{
	HTTP_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	HTTP_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (endpoint->socket) {
		HTTP_SET(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint->socket);
	} else {
		HTTP_SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
		HTTP_SET(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
		HTTP_SET(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY_S);
	}
	if (endpoint->ca) {
		HTTP_SET(easy, CURLOPT_CAINFO, endpoint->ca);
		HTTP_SET(easy, CURLOPT_CAPATH, NULL);
	}
	if (endpoint->cert)
		HTTP_SET(easy, CURLOPT_SSLCERT, endpoint->cert);
	if (endpoint->key)
		HTTP_SET(easy, CURLOPT_SSLKEY, endpoint->key);
}

void http_set_connection(CURL *easy, const struct http_endpoint *endpoint, int *fd, char *detail)
{
	HTTP_SET(easy, CURLOPT_ERRORBUFFER, detail);
	HTTP_SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	HTTP_SET(easy, CURLOPT_OPENSOCKETDATA, fd);
	HTTP_SET(easy, CURLOPT_NOSIGNAL, 1L);
	HTTP_SET(easy, CURLOPT_PROXY, "");
	HTTP_SET(easy, CURLOPT_NOPROXY, "*");
	HTTP_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	HTTP_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	HTTP_SET(easy, CURLOPT_PATH_AS_IS, 1L);
	HTTP_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500
	HTTP_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	HTTP_SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that hangs must not hold up the end of the program. */
	HTTP_SET(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	set_endpoint(easy, endpoint);
}

/* --- the request --- */

long http_limit_ms(const struct http_request *request)
{
	if (request->timeout_ms < 0)
		return 0;
	return request->timeout_ms ? request->timeout_ms : HTTP_TIMEOUT_READ_MS;
}

long http_connect_ms(const struct http_request *request)
{
	long limit = http_limit_ms(request);

	return limit && limit < HTTP_CONNECT_MS ? limit : HTTP_CONNECT_MS;
}

void http_set_url(CURL *easy, const char *base, const char *path)
{
	struct str url = STR_INIT;

	str_add(&url, base);
	str_add(&url, path);
	HTTP_SET(easy, CURLOPT_URL, url.p);
	str_release(&url);
}

static size_t on_source(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	ssize_t n = t->cancelled ? -1 : t->source(t->stream_arg, bytes, size * count);

	if (n >= 0)
		return (size_t)n;
	t->ended = true;
	return CURL_READFUNC_ABORT;
}

static void set_body(CURL *easy, struct transfer *t, const struct http_request *request)
{
	if (request->source) {
		HTTP_SET(easy, CURLOPT_UPLOAD, 1L);
		HTTP_SET(easy, CURLOPT_READFUNCTION, on_source);
		HTTP_SET(easy, CURLOPT_READDATA, t);
	} else if (request->body) {
		HTTP_SET(easy, CURLOPT_POSTFIELDS, request->body);
		HTTP_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	} else if (strcmp(request->method, "HEAD") == 0) {
		HTTP_SET(easy, CURLOPT_NOBODY, 1L);
	}
	HTTP_SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/*
 * On a connection that it finds closed libcurl sends a request again, whatever its method. What
 * changes something must not be sent twice, so it has a connection that nobody used before.
 */
static void set_reuse(CURL *easy, const struct http_request *request)
{
	bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

	HTTP_SET(easy, CURLOPT_FRESH_CONNECT, request->keep && reads ? 0L : 1L);
	HTTP_SET(easy, CURLOPT_FORBID_REUSE, request->keep ? 0L : 1L);
}

void http_set_request(CURL *easy, struct transfer *t, const struct http_request *request)
{
	add_headers(t, request);
	http_set_url(easy, request->endpoint->base, request->path);
	HTTP_SET(easy, CURLOPT_TIMEOUT_MS, http_limit_ms(request));
	HTTP_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, http_connect_ms(request));
	HTTP_SET(easy, CURLOPT_BUFFERSIZE, 64L << 10);
	HTTP_SET(easy, CURLOPT_USERAGENT, "kata-tui/" KATA_VERSION);
	HTTP_SET(easy, CURLOPT_HTTPHEADER, t->headers);
	set_body(easy, t, request);
	set_reuse(easy, request);
}
