/*
 * How a field of a live container is compared with the one that would be sent, where many fields
 * are alike. The others are in container_differs.c, container_judge_host.c and
 * container_judge_attached.c.
 */
#include "container_private.h"

#include <string.h>

#include "kata/json.h"

static bool blank_members(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (!container_blank(value))
			return false;
	}
	return true;
}

bool container_blank(const json_t *value)
{
	if (!value)
		return true;
	switch (json_typeof(value)) {
	case JSON_STRING:
		return !json_string_length(value);
	case JSON_INTEGER:
	case JSON_REAL:
		return json_number_value(value) == 0;
	case JSON_ARRAY:
		return !json_array_size(value);
	case JSON_OBJECT:
		return blank_members(value);
	case JSON_TRUE:
		return false;
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return true;
}

static bool same_members(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value) {
		if (!container_same(value, json_object_get(b, key)))
			return false;
	}
	json_object_foreach((json_t *)b, key, value) {
		if (!json_object_get(a, key) && !container_blank(value))
			return false;
	}
	return true;
}

static bool same_elements(const json_t *a, const json_t *b)
{
	if (json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++)
		if (!container_same(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}

bool container_same(const json_t *a, const json_t *b)
{
	if (json_is_object(a) && json_is_object(b))
		return same_members(a, b);
	if (container_blank(a) || container_blank(b))
		return container_blank(a) && container_blank(b);
	if (json_is_array(a) && json_is_array(b))
		return same_elements(a, b);
	return json_same(a, b);
}

static bool all_in(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < json_array_size(a); i++) {
		size_t k = 0;

		while (k < json_array_size(b) &&
		       !container_same(json_array_get(a, i), json_array_get(b, k)))
			k++;
		if (k == json_array_size(b))
			return false;
	}
	return true;
}

bool container_same_set(const json_t *a, const json_t *b)
{
	if (!json_is_array(a) || !json_is_array(b))
		return container_same(a, b);
	return all_in(a, b) && all_in(b, a);
}

const char *container_judge_same(const struct judging *j, const struct container_field *field,
				 const json_t *want, const json_t *live)
{
	(void)j;
	return container_same(want, live) ? NULL : field->key;
}

const char *container_judge_set(const struct judging *j, const struct container_field *field,
				const json_t *want, const json_t *live)
{
	(void)j;
	return container_same_set(want, live) ? NULL : field->key;
}

/* A map of texts, where an empty text is a value. */
const char *container_judge_map(const struct judging *j, const struct container_field *field,
				const json_t *want, const json_t *live)
{
	(void)j;
	if (!json_object_size(want) && !json_object_size(live))
		return NULL;
	return want && live && json_equal(want, live) ? NULL : field->key;
}

/* Absent is another value than false or 0. */
const char *container_judge_exact(const struct judging *j, const struct container_field *field,
				  const json_t *want, const json_t *live)
{
	(void)j;
	if (!want)
		return !live || json_is_null(live) ? NULL : field->key;
	return live && json_same(want, live) ? NULL : field->key;
}

/* What the engine's own settings decide unless the file does. */
const char *container_judge_given(const struct judging *j, const struct container_field *field,
				  const json_t *want, const json_t *live)
{
	(void)j;
	return container_blank(want) || container_same(want, live) ? NULL : field->key;
}

/* What an engine leaves out, with a warning, where the kernel cannot do it. */
const char *container_judge_lossy(const struct judging *j, const struct container_field *field,
				  const json_t *want, const json_t *live)
{
	(void)j;
	return container_blank(live) || container_same(want, live) ? NULL : field->key;
}

/* The image's value stands where the file gives none. */
const char *container_judge_image(const struct judging *j, const struct container_field *field,
				  const json_t *want, const json_t *live)
{
	if (container_blank(want)) {
		if (!j->image)
			return NULL;
		want = json_object_get(j->image, field->name);
	}
	return container_same(want, live) ? NULL : field->key;
}

/* Says nothing about the container, or another row compares it. */
const char *container_judge_nothing(const struct judging *j, const struct container_field *field,
				    const json_t *want, const json_t *live)
{
	(void)j;
	(void)field;
	(void)want;
	(void)live;
	return NULL;
}
