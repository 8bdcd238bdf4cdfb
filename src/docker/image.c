/*
 * Image references, taken apart by the grammar of github.com/distribution/reference, and pulls.
 */
#include <string.h>

#include "docker_private.h"
#include "kata/docker.h"

enum { PATH_MAX_LEN = 255, TAG_MAX_LEN = 128, ID_LEN = 64, DIGEST_MIN = 32 };

static const char hub[] = "docker.io", hub_old[] = "index.docker.io", official[] = "library/";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool all(const char *p, size_t len, bool (*is)(char c))
{
	for (size_t i = 0; i < len; i++)
		if (!is(p[i]))
			return false;
	return len > 0;
}

/* --- parts --- */

/* Letters and digits, with "." "_" "__" or any number of "-" between them. */
static bool is_path_name(const char *p, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t start = i;

		while (i < len && (is_lower(p[i]) || is_digit(p[i])))
			i++;
		if (i == start)
			return false;
		if (i == len)
			return true;
		size_t separator = i;
		while (i < len && strchr("._-", p[i]) && p[i] == p[separator])
			i++;
		size_t most = p[separator] == '.' ? 1 : p[separator] == '_' ? 2 : len;
		if (i == separator || i - separator > most)
			return false;
	}
	return false;
}

static bool is_path(const char *path)
{
	const char *p = path;

	for (;;) {
		size_t len = strcspn(p, "/");

		if (!is_path_name(p, len))
			return false;
		if (!p[len])
			return (size_t)(p + len - path) <= PATH_MAX_LEN;
		p += len + 1;
	}
}

static bool is_host_name(const char *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;

		while (i < len && (is_alnum(p[i]) || p[i] == '-'))
			i++;
		if (i == start || p[start] == '-' || p[i - 1] == '-')
			return false;
		if (i < len && (p[i] != '.' || i + 1 == len))
			return false;
		i++;
	}
	return len > 0;
}

static bool is_ipv6(char c)
{
	return is_hex(c) || c == ':';
}

/* A host or an address in brackets, perhaps with a port. */
static bool is_domain(const char *domain)
{
	bool bracket = domain[0] == '[';
	size_t len = bracket ? strcspn(domain, "]") : strcspn(domain, ":");
	const char *rest = domain + len + (bracket && domain[len]);

	if (bracket ? !domain[len] || !all(domain + 1, len - 1, is_ipv6)
		    : !is_host_name(domain, len))
		return false;
	return !*rest || (*rest == ':' && all(rest + 1, strlen(rest + 1), is_digit));
}

static bool is_tag(const char *tag)
{
	size_t len = strlen(tag);

	for (size_t i = 0; i < len; i++)
		if (!is_alnum(tag[i]) && tag[i] != '_' && (i == 0 || !strchr(".-", tag[i])))
			return false;
	return len > 0 && len <= TAG_MAX_LEN;
}

/* Those that engines know. */
static bool is_digest(const char *digest)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t n = strlen(rows[i].name);
		const char *hex = digest + n;

		if (strncmp(digest, rows[i].name, n) != 0)
			continue;
		return strspn(hex, "0123456789abcdef") == rows[i].len && !hex[rows[i].len];
	}
	return false;
}

/* --- the whole --- */

/* Whether what stands before the first slash names a registry. */
static bool names_domain(const char *first)
{
	if (strcmp(first, "localhost") == 0 || strpbrk(first, ".:"))
		return true;
	for (; *first; first++)
		if (*first >= 'A' && *first <= 'Z')
			return true;
	return false;
}

/* Fills domain and path from "nginx", "a/b", "host:5000/a/b"; rest is writable and is kept. */
static void split_domain(struct arena *a, char *rest, struct image_ref *out)
{
	char *slash = strchr(rest, '/');

	out->domain = hub;
	out->path = rest;
	if (slash) {
		*slash = '\0';
		if (names_domain(rest)) {
			out->domain = strcmp(rest, hub_old) == 0 ? hub : rest;
			out->path = slash + 1;
		} else {
			*slash = '/';
		}
	}
	if (out->domain == hub || strcmp(out->domain, hub) == 0)
		if (!strchr(out->path, '/'))
			out->path = arena_printf(a, "%s%s", official, out->path);
}

/* As people write it: without the parts that go without saying. */
static const char *familiar_name(struct arena *a, const struct image_ref *ref)
{
	size_t n = strlen(official);

	const char *first = arena_strndup(a, ref->path, strcspn(ref->path, "/"));
	if (strcmp(ref->domain, hub) != 0 || names_domain(first))
		return arena_printf(a, "%s/%s", ref->domain, ref->path);
	if (strncmp(ref->path, official, n) == 0 && !strchr(ref->path + n, '/'))
		return ref->path + n;
	return ref->path;
}

bool image_ref_parse(struct arena *a, const char *text, struct image_ref *out)
{
	char *rest = arena_strdup(a, text), *at = strchr(rest, '@');
	size_t len = strlen(text);

	*out = (struct image_ref){0};
	/* That is an image's id, which no registry knows. */
	if (len == ID_LEN && strspn(text, "0123456789abcdef") == len)
		return false;
	if (at) {
		*at = '\0';
		out->digest = at + 1;
	}
	/* A colon behind the last slash begins the tag; one before it, a port. */
	char *slash = strrchr(rest, '/');
	char *colon = strchr(slash ? slash : rest, ':');
	if (colon) {
		*colon = '\0';
		out->tag = colon + 1;
	}
	split_domain(a, rest, out);
	if (!is_domain(out->domain) || !is_path(out->path) || (out->tag && !is_tag(out->tag)) ||
	    (out->digest && !is_digest(out->digest)))
		return false;
	if (out->digest)
		out->tag = NULL;
	else if (!out->tag)
		out->tag = "latest";
	out->name = familiar_name(a, out);
	return true;
}

struct docker_stream *docker_pull_start(struct docker *docker, const char *image,
					const char *platform, const char *auth, docker_event *event,
					void (*done)(void *arg, bool ok, struct kata_error *e),
					void *arg)
{
	struct arena *a = arena_new();
	struct image_ref ref;
	const char *path;

	/* A tag always goes along: without one the engine pulls all there are. What is no reference
	 * is for the engine to refuse. */
	if (image_ref_parse(a, image, &ref))
		path = docker_path(a, "/images/create?fromImage=%s&tag=%s", ref.name,
				   ref.digest ? ref.digest : ref.tag);
	else
		path = docker_path(a, "/images/create?fromImage=%s&tag=latest", image);
	if (platform && *platform)
		path = arena_printf(a, "%s%s", path, docker_path(a, "&platform=%s", platform));
	struct docker_request request = {.method = "POST",
					 .path = path,
					 .auth = auth && *auth ? auth : NULL,
					 .timeout_ms = -1};
	struct docker_stream *stream = docker_stream_start(docker, &request, event, done, arg);
	arena_free(a);
	return stream;
}
