/*
 * Texts of requests and answers: paths with names in them, filters, and the name of a container.
 */
#include <stdarg.h>
#include <string.h>

#include "kata/docker.h"
#include "kata/text.h"

/* Percent-encodes all but what RFC 3986 calls unreserved. */
static void add_encoded(struct str *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			str_addc(out, *text);
		else
			str_addf(out, "%%%02X", (unsigned char)*text);
	}
}

static const char *str_keep(struct arena *a, struct str *text)
{
	const char *kept = arena_strndup(a, text->p, text->len);

	str_release(text);
	return kept;
}

const char *docker_path(struct arena *a, const char *fmt, ...)
{
	struct str path = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%')
			str_addc(&path, *fmt);
		else if (*++fmt == 's')
			add_encoded(&path, va_arg(ap, const char *));
		else if (*fmt == 'd')
			str_addf(&path, "%d", va_arg(ap, int));
		else if (*fmt == 'u')
			str_addf(&path, "%u", va_arg(ap, unsigned));
		else if (*fmt == '%')
			str_addc(&path, '%');
		else
			BUG("docker_path: %%%c", *fmt);
	}
	va_end(ap);
	return str_keep(a, &path);
}

static int add_bytes(const char *bytes, size_t len, void *arg)
{
	str_addn(arg, bytes, len);
	return 0;
}

/* What is no UTF-8 cannot be asked for; left out it would match everything. */
static json_t *text_new(const char *text)
{
	json_t *value = json_string(text);
	struct str safe = STR_INIT;

	if (value)
		return value;
	text_safe(&safe, text, strlen(text));
	value = json_string(safe.p);
	str_release(&safe);
	return value;
}

const char *docker_filters(struct arena *a, ...)
{
	struct str plain = STR_INIT, encoded = STR_INIT;
	json_t *filters = json_object();
	const char *key;
	va_list ap;

	va_start(ap, a);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		json_t *values = json_object_get(filters, key);

		if (!value)
			BUG("docker_filters: %s has no value", key);
		if (!values) {
			values = json_array();
			json_object_set_new(filters, key, values);
		}
		json_array_append_new(values, text_new(value));
	}
	va_end(ap);
	json_dump_callback(filters, add_bytes, &plain, JSON_COMPACT);
	add_encoded(&encoded, plain.p);
	str_release(&plain);
	json_decref(filters);
	return str_keep(a, &encoded);
}

/* A name with one slash, at its start; a link's alias is "/other/name". */
static bool is_own_name(const char *name)
{
	return name && name[0] == '/' && name[1] && !strchr(name + 1, '/');
}

const char *docker_container_name(const json_t *container)
{
	const json_t *names = json_object_get(container, "Names"), *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name)
		if (is_own_name(json_string_value(name)))
			return json_string_value(name) + 1;
	if (is_own_name(json_string_value(json_object_get(container, "Name"))))
		return json_string_value(json_object_get(container, "Name")) + 1;
	name = json_object_get(container, "Id");
	return json_is_string(name) ? json_string_value(name) : "";
}
