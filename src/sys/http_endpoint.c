/*
 * Addresses of servers: the text forms that http.h lists, checked strictly so that a mistake is a
 * clear sentence here and not a strange failure of a connection later.
 */
#include "kata/http.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "kata/error.h"
#include "kata/text.h"

enum { HOST_MAX = 253 };

static const char forms_hint[] =
	"write localhost:2019, http://host:port, https://host:port or unix//path/to/socket";

static bool refuse(struct kata_error *e, const char *text, const char *why)
{
	error_set(e, ERROR_INVALID, "\"%s\" is no address of a server: %s", text, why);
	error_hint(e, "%s", forms_hint);
	return false;
}

/* The rest of text after prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* Cuts the permission suffix that newer Caddys take: unix//run/caddy.sock|0660. */
static size_t socket_len(const char *path)
{
	const char *bar = strrchr(path, '|');

	if (!bar || bar[1] == '\0' || strspn(bar + 1, "01234567") != strlen(bar + 1))
		return strlen(path);
	return (size_t)(bar - path);
}

static bool parse_socket(struct http_endpoint *out, const char *path, struct kata_error *e)
{
	size_t len = socket_len(path);

	if (path[0] != '/' || len < 2)
		return refuse(e, out->text, "after unix/ an absolute path is missing");
	if (len >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return refuse(e, out->text, "the path is too long for a socket");
	out->socket = xmalloc(len + 1);
	memcpy(out->socket, path, len);
	out->socket[len] = '\0';
	out->base = xstrdup("http://localhost");
	return true;
}

/* What is wrong with a host of len bytes, or NULL. */
static const char *host_fault(const char *host, size_t len)
{
	static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789.-_";
	char copy[HOST_MAX + 1];
	struct in6_addr address;

	if (len > HOST_MAX)
		return "the host is too long";
	memcpy(copy, host, len);
	copy[len] = '\0';
	if (copy[0] != '[')
		return strspn(copy, name_bytes) == len ? NULL : "the host has a strange character";
	if (len < 2 || copy[len - 1] != ']')
		return "the bracket of the IPv6 address is not closed";
	copy[len - 1] = '\0';
	return inet_pton(AF_INET6, copy + 1, &address) == 1 ? NULL : "that is no IPv6 address";
}

/* host:port, with an IPv6 address in brackets; an empty host is localhost. */
static bool parse_tcp(struct http_endpoint *out, const char *scheme, const char *rest,
		      struct kata_error *e)
{
	const char *bracket = rest[0] == '[' ? strchr(rest, ']') : NULL;
	const char *colon = strchr(bracket ? bracket : rest, ':');
	uint64_t port;

	if (strchr(rest, '/'))
		return refuse(e, out->text, "a path cannot be given");
	if (!colon)
		return refuse(e, out->text, "the port is missing");
	if (!bracket && rest[0] != '[' && strchr(colon + 1, ':'))
		return refuse(e, out->text, "an IPv6 address needs brackets, as in [::1]:2019");
	const char *fault = host_fault(rest, (size_t)(colon - rest));
	if (fault)
		return refuse(e, out->text, fault);
	if (!text_u64(colon + 1, 1, 65535, &port))
		return refuse(e, out->text, "the port is no number from 1 to 65535");

	struct str base = STR_INIT;
	str_add(&base, scheme);
	if (colon == rest)
		str_add(&base, "localhost");
	str_addn(&base, rest, (size_t)(colon - rest));
	str_addf(&base, ":%u", (unsigned)port);
	out->base = str_detach(&base);
	return true;
}

/* Text without the one slash that people end a URL with. */
static char *without_slash(const char *rest)
{
	char *copy = xstrdup(rest);
	size_t len = strlen(copy);

	if (len > 0 && strchr(copy, '/') == copy + len - 1)
		copy[len - 1] = '\0';
	return copy;
}

static bool parse_url(struct http_endpoint *out, const char *scheme, const char *rest,
		      struct kata_error *e)
{
	char *copy = without_slash(rest);
	bool ok = parse_tcp(out, scheme, copy, e);

	free(copy);
	return ok;
}

static bool parse_any(struct http_endpoint *out, struct kata_error *e)
{
	const char *rest;

	if ((rest = after(out->text, "unix://")))
		return parse_socket(out, rest, e);
	if ((rest = after(out->text, "unix/")))
		return parse_socket(out, rest, e);
	if ((rest = after(out->text, "tcp/")))
		return parse_tcp(out, "http://", rest, e);
	if ((rest = after(out->text, "tcp://")))
		return parse_url(out, "http://", rest, e);
	if ((rest = after(out->text, "http://")))
		return parse_url(out, "http://", rest, e);
	if ((rest = after(out->text, "https://")))
		return parse_url(out, "https://", rest, e);
	if (strstr(out->text, "://"))
		return refuse(e, out->text, "only http, https and unix are spoken");
	return parse_tcp(out, "http://", out->text, e);
}

bool http_endpoint_parse(struct http_endpoint *out, const char *text, struct kata_error *e)
{
	*out = (struct http_endpoint){0};
	/* Not shown: what stands before the @ may be a password. */
	if (strncmp(text, "unix/", 5) != 0 && strchr(text, '@')) {
		error_set(e, ERROR_INVALID, "an address with user:password@ is refused");
		error_hint(e, "%s", forms_hint);
		return false;
	}
	if (!text[0])
		return refuse(e, text, "it is empty");
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return refuse(e, text, "it holds a blank or a control character");
	out->text = xstrdup(text);
	if (parse_any(out, e))
		return true;
	http_endpoint_release(out);
	return false;
}

void http_endpoint_release(struct http_endpoint *endpoint)
{
	free(endpoint->text);
	free(endpoint->base);
	free(endpoint->socket);
	free(endpoint->cert);
	free(endpoint->key);
	free(endpoint->ca);
	*endpoint = (struct http_endpoint){0};
}
