/*
 * Whether a live container is what the file wants: the body that would be sent is compared, field
 * by field, with an inspect. Here are the verdict and the fields of Config, where the image adds
 * its own (moby daemon/commit.go merge()).
 */
#include "container_private.h"

#include <ctype.h>
#include <string.h>

#include "kata/json.h"

/* --- what the image gives --- */

static const json_t *of_image(const struct judging *j, const char *name)
{
	return json_object_get(j->image, name);
}

/* An entrypoint of one empty word is none. */
static bool no_words(const json_t *list)
{
	const json_t *first = json_array_get(list, 0);

	return !json_array_size(list) ||
	       (json_array_size(list) == 1 && json_is_string(first) && !json_string_length(first));
}

static bool same_words(const json_t *a, const json_t *b)
{
	return no_words(a) ? no_words(b) : container_same(a, b);
}

const char *container_judge_entrypoint(const struct judging *j, const struct container_field *field,
				       const json_t *want, const json_t *live)
{
	if (!want) {
		if (!j->image)
			return NULL;
		want = of_image(j, field->name);
	}
	return same_words(want, live) ? NULL : field->key;
}

/* The image's command goes with the image's entrypoint: one of the file takes both away. */
const char *container_judge_command(const struct judging *j, const struct container_field *field,
				    const json_t *want, const json_t *live)
{
	if (!json_array_size(want) && !json_array_size(json_object_get(j->body, "Entrypoint"))) {
		if (!j->image)
			return NULL;
		want = of_image(j, field->name);
	}
	return container_same(want, live) ? NULL : field->key;
}

static void add_variable(json_t *map, const json_t *entry)
{
	const char *text = json_string_value(entry);
	size_t len = text ? strcspn(text, "=") : 0;
	json_t *name = text ? json_stringn(text, len) : NULL;

	if (name)
		json_object_set_new(map, json_string_value(name),
				    text[len] ? json_string(text + len + 1) : json_null());
	json_decref(name);
}

/* Name -> value; null for a bare name. The last of two wins. */
static json_t *variables_new(const json_t *below, const json_t *list)
{
	json_t *map = json_object(), *entry;
	size_t i;

	json_array_foreach((json_t *)below, i, entry)
		add_variable(map, entry);
	json_array_foreach((json_t *)list, i, entry)
		add_variable(map, entry);
	return map;
}

/* First key whose values differ, copied; `only_want`: what is in `have` alone is no difference. */
static const char *map_differs(const struct judging *j, const char *word, const json_t *want,
			       const json_t *have, bool only_want)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)want, key, value) {
		const json_t *real = json_object_get(have, key);

		if (real ? !json_equal(value, real) : !json_is_null(value))
			return arena_printf(j->arena, "%s %s", word, key);
	}
	json_object_foreach((json_t *)have, key, value) {
		if (!only_want && !json_object_get(want, key))
			return arena_printf(j->arena, "%s %s", word, key);
	}
	return NULL;
}

/* Only names are told: a value may be a secret. */
const char *container_judge_env(const struct judging *j, const struct container_field *field,
				const json_t *want, const json_t *live)
{
	json_t *wanted = variables_new(of_image(j, "Env"), want), *real = variables_new(NULL, live);
	const char *differs = map_differs(j, field->key, wanted, real, !j->image);

	json_decref(wanted);
	json_decref(real);
	return differs;
}

static void add_labels(json_t *map, const json_t *labels)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)labels, key, value) {
		if (strncmp(key, "com.docker.compose.", 19) != 0)
			json_object_set(map, key, value);
	}
}

const char *container_judge_labels(const struct judging *j, const struct container_field *field,
				   const json_t *want, const json_t *live)
{
	json_t *wanted = json_object(), *real = json_object();
	const char *differs;

	(void)field;
	add_labels(wanted, of_image(j, "Labels"));
	add_labels(wanted, want);
	add_labels(real, live);
	differs = map_differs(j, "label", wanted, real, !j->image);
	json_decref(wanted);
	json_decref(real);
	return differs;
}

/* Each part that is missing is the image's, and may be anything if that is not known. */
const char *container_judge_health(const struct judging *j, const struct container_field *field,
				   const json_t *want, const json_t *live)
{
	const json_t *image = of_image(j, field->name);
	const char *part;
	json_t *value;

	json_object_foreach((json_t *)live, part, value) {
		const json_t *wanted = json_object_get(want, part);

		if (container_blank(wanted))
			wanted = j->image ? json_object_get(image, part) : value;
		if (!container_same(wanted, value))
			return field->key;
	}
	json_object_foreach((json_t *)want, part, value) {
		if (!json_object_get(live, part) && !container_blank(value))
			return field->key;
	}
	return j->image && container_blank(live) && !container_blank(image) ? field->key : NULL;
}

static void add_port(void *arg, const char *port)
{
	json_object_set_new(arg, port, json_true());
}

static void add_ports(json_t *set, const json_t *ports)
{
	const char *key;
	json_t *unused;

	json_object_foreach((json_t *)ports, key, unused)
		container_ports_each(key, add_port, set);
}

/* docker compose writes ports without a protocol, and ranges as they are. */
const char *container_judge_exposed(const struct judging *j, const struct container_field *field,
				    const json_t *want, const json_t *live)
{
	json_t *wanted = json_object(), *real = json_object();
	bool same;

	add_ports(wanted, of_image(j, field->name));
	add_ports(wanted, want);
	add_ports(real, live);
	same = !map_differs(j, field->key, wanted, real, !j->image);
	json_decref(wanted);
	json_decref(real);
	return same ? NULL : field->key;
}

/* Without a name of its own it is called by the first 12 digits of its id, or like what it
 * shares the name with. */
const char *container_judge_hostname(const struct judging *j, const struct container_field *field,
				     const json_t *want, const json_t *live)
{
	const json_t *host = json_object_get(j->body, "HostConfig");
	const char *mode = json_member_text(host, "NetworkMode"),
		   *id = json_member_text(j->inspect, "Id"), *name = json_string_value(live);

	if (want)
		return container_same(want, live) ? NULL : field->key;
	if (!name || !*name || !id || (mode && !strcmp(mode, "host")) ||
	    (mode && (!strncmp(mode, "container:", 10) || !strncmp(mode, "service:", 8))) ||
	    json_member_text(host, "UTSMode"))
		return NULL;
	return !strncmp(id, name, 12) && strlen(name) == 12 ? NULL : field->key;
}

/* --- the verdict --- */

/* docker compose notes the id of the image that it found; inspect says what really runs. */
static bool other_image(const struct judging *j)
{
	const char *want = j->m->facts->image_id;
	const json_t *labels = json_object_get(json_object_get(j->inspect, "Config"), "Labels");
	const char *label = json_member_text(labels, LABEL_IMAGE),
		   *runs = json_member_text(j->inspect, "Image");

	if (!want || !*want || (label && !strcmp(label, want)))
		return false;
	return (runs || label) && (!runs || strcmp(runs, want) != 0);
}

static const char *fields_differ(const struct judging *j)
{
	const json_t *config = json_object_get(j->inspect, "Config"),
		     *host = json_object_get(j->inspect, "HostConfig"),
		     *own = json_object_get(j->body, "HostConfig");
	const struct container_field *field;

	for (size_t i = 0; (field = container_field_row(i)); i++) {
		const json_t *want = json_object_get(field->host ? own : j->body, field->name),
			     *live = json_object_get(field->host ? host : config, field->name);
		const char *differs;

		if (j->m->facts->api < field->since)
			continue;
		differs = field->judge(j, field, want, live);
		if (differs)
			return differs;
	}
	return NULL;
}

static const char *hash_differs(const struct judging *j)
{
	const json_t *labels = json_object_get(json_object_get(j->inspect, "Config"), "Labels");

	return container_digest_differs(
		json_member_text(labels, LABEL_HASH),
		json_member_text(json_object_get(j->body, "Labels"), LABEL_HASH));
}

const char *container_differs(struct arena *a, const struct compose *compose,
			      const struct compose_service *service,
			      const struct container_facts *facts, const json_t *inspect)
{
	struct container_facts own = *facts;
	struct making m = {compose, service, &own, service->spec};
	struct judging j = {.m = &m, .arena = a, .inspect = inspect};
	const char *differs;
	json_t *body;

	own.replaces = NULL;
	body = container_body_new(compose, service, &own);
	j.body = body;
	j.image = json_object_get(facts->image, "Config");
	differs = other_image(&j) ? "image" : fields_differ(&j);
	if (!differs)
		differs = container_judge_networks(&j);
	if (!differs)
		differs = hash_differs(&j);
	json_decref(body);
	return differs;
}
