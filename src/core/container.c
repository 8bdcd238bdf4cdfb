/*
 * What a container of a service is called, the image it runs, its labels, and the hash that tells
 * whether one that we made is still what the file wants.
 */
#include "container_private.h"

#include <stdio.h>
#include <string.h>

#include "kata/hash.h"
#include "kata/json.h"
#include "kata/text.h"

/* --- names --- */

const char *container_resource(const struct compose *compose, const char *kind, const char *key)
{
	const json_t *all = json_object_get(compose->root, kind);
	const char *name = json_member_text(json_object_get(all, key), "name");

	return name ? name : key;
}

void container_name_add(struct str *out, const struct compose *compose,
			const struct compose_service *service, unsigned number)
{
	const char *own = json_member_text(service->spec, "container_name");

	if (own && *own)
		str_add(out, own);
	else
		str_addf(out, "%s-%s-%u", compose->project, service->name, number);
}

const char *container_name(struct arena *a, const struct compose *compose,
			   const struct compose_service *service, unsigned number)
{
	struct str name = STR_INIT;
	const char *copy;

	container_name_add(&name, compose, service, number);
	copy = arena_strndup(a, name.p, name.len);
	str_release(&name);
	return copy;
}

const char *container_image(struct arena *a, const struct compose *compose,
			    const struct compose_service *service)
{
	const char *image = json_member_text(service->spec, "image");

	return image && *image ? arena_strdup(a, image)
			       : arena_printf(a, "%s-%s", compose->project, service->name);
}

json_t *container_make_image(const struct making *m)
{
	const char *image = json_member_text(m->spec, "image");

	return image && *image ? json_string(image)
			       : json_sprintf("%s-%s", m->compose->project, m->service->name);
}

/* --- small things of JSON --- */

const char *container_text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text ? text : "";
}

json_int_t container_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

json_t *container_unless_empty(json_t *value)
{
	if (json_array_size(value) || json_object_size(value))
		return value;
	json_decref(value);
	return NULL;
}

void container_set_text(json_t *object, const char *name, const json_t *from, const char *key)
{
	const char *text = json_member_text(from, key);

	if (text && *text)
		json_object_set_new(object, name, json_string(text));
}

/* --- labels --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "db:service_healthy:false,init:service_started:false", in the order of the names. */
static json_t *depends_new(const json_t *depends_on)
{
	size_t count = 0;
	const char **names = xcalloc(json_object_size(depends_on) + 1, sizeof *names), *name;
	struct str text = STR_INIT;
	json_t *depend, *out;

	json_object_foreach((json_t *)depends_on, name, depend)
		names[count++] = name;
	qsort(names, count, sizeof *names, by_text);
	for (size_t i = 0; i < count; i++) {
		const char *condition;

		depend = json_object_get(depends_on, names[i]);
		condition = json_member_text(depend, "condition");
		str_addf(&text, "%s%s:%s:%s", i ? "," : "", names[i],
			 condition ? condition : "service_started",
			 json_is_true(json_object_get(depend, "restart")) ? "true" : "false");
	}
	out = json_stringn(text.p, text.len);
	str_release(&text);
	free(names);
	return out;
}

/* What log followers of docker compose take it for: "service-1", or container_name. */
static json_t *replaced_new(const struct making *m)
{
	const char *own = json_member_text(m->spec, "container_name");

	return own && *own ? json_string(own)
			   : json_sprintf("%s-%u", m->service->name, m->facts->number);
}

static void label_text(json_t *labels, const char *label, const char *text)
{
	json_object_set_new(labels, label, json_string(text ? text : ""));
}

json_t *container_make_labels(const struct making *m)
{
	const struct container_facts *facts = m->facts;
	json_t *labels = json_object(), *value;
	char hash[SHA256_HEX + 1];
	const char *key;

	json_object_foreach(json_object_get(m->spec, "labels"), key, value)
		label_text(labels, key, json_string_value(value));
	container_hash(m->compose, m->service, hash);
	label_text(labels, LABEL_PROJECT, m->compose->project);
	label_text(labels, LABEL_SERVICE, m->service->name);
	label_text(labels, LABEL_HASH, hash);
	label_text(labels, LABEL_IMAGE, facts->image_id);
	label_text(labels, LABEL_FOLDER, m->compose->folder);
	label_text(labels, LABEL_VERSION, COMPOSE_VERSION);
	label_text(labels, LABEL_ONEOFF, facts->oneoff_slug ? "True" : "False");
	json_object_set_new(labels, LABEL_FILES,
			    json_sprintf("%s/.docker-compose.yaml", m->compose->folder));
	json_object_set_new(labels, LABEL_DEPENDS,
			    depends_new(json_object_get(m->spec, "depends_on")));
	if (facts->oneoff_slug)
		label_text(labels, LABEL_SLUG, facts->oneoff_slug);
	else
		json_object_set_new(labels, LABEL_NUMBER, json_sprintf("%u", facts->number));
	if (facts->replaces)
		json_object_set_new(labels, LABEL_REPLACE, replaced_new(m));
	return labels;
}

/* --- the hash --- */

enum { DIGEST_PART = SHA256_HEX - 8 };

static void check_digits(const char *hash, char out[9])
{
	snprintf(out, 9, "%08x", (unsigned)fnv1a32(hash, DIGEST_PART));
}

void container_digest(const json_t *definition, char out[65])
{
	struct str text = STR_INIT;

	json_canonical(&text, definition);
	sha256_hex(text.p, text.len, out);
	check_digits(out, out + DIGEST_PART);
	str_release(&text);
}

static bool is_ours(const char *hash)
{
	char check[9];

	if (!hash || strlen(hash) != SHA256_HEX)
		return false;
	check_digits(hash, check);
	return !strcmp(hash + DIGEST_PART, check);
}

const char *container_digest_differs(const char *label, const char *hash)
{
	return is_ours(label) && strcmp(label, hash) != 0 ? "configuration" : NULL;
}

/* What does not make another container: used before it is made, by the tool alone, or in Swarm
 * mode. */
static const char *const NOT_HASHED[] = {"build",    "pull_policy", "scale",  "depends_on",
					 "profiles", "attach",	    "develop"};
static const char *const NOT_HASHED_DEPLOY[] = {"replicas",	  "mode",      "labels",
						"update_config",  "placement", "endpoint_mode",
						"rollback_config"};

static void delete_keys(json_t *object, const char *const *keys, size_t count)
{
	const char *key;
	json_t *value;
	void *next;

	for (size_t i = 0; i < count; i++)
		json_object_del(object, keys[i]);
	json_object_foreach_safe(object, next, key, value)
	{
		if (!strncmp(key, "x-", 2))
			json_object_del(object, key);
	}
}

static json_t *hashed_spec_new(const json_t *spec)
{
	json_t *copy = json_deep_copy(spec), *deploy = json_object_get(copy, "deploy");

	delete_keys(copy, NOT_HASHED, sizeof NOT_HASHED / sizeof *NOT_HASHED);
	delete_keys(deploy, NOT_HASHED_DEPLOY,
		    sizeof NOT_HASHED_DEPLOY / sizeof *NOT_HASHED_DEPLOY);
	if (json_is_object(deploy) && !json_object_size(deploy))
		json_object_del(copy, "deploy");
	return copy;
}

/* Where a secret or config comes from: its file, or the hash of its content. */
static json_t *content_of_new(const json_t *object)
{
	const char *content = json_member_text(object, "content"),
		   *file = json_member_text(object, "file");
	char hash[SHA256_HEX + 1];

	if (content) {
		sha256_hex(content, strlen(content), hash);
		return json_string(hash);
	}
	return json_string(file ? file : "");
}

static json_t *sources_new(const struct compose *compose, const json_t *list, const char *kind)
{
	json_t *out = json_object(), *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item) {
		const char *key = json_member_text(item, "source");

		if (key)
			json_object_set_new(out, key,
					    content_of_new(json_object_get(
						    json_object_get(compose->root, kind), key)));
	}
	return out;
}

static json_t *names_new(const struct compose *compose, const json_t *spec)
{
	json_t *networks = json_object(), *volumes = json_object(), *item;
	const char *key;
	size_t i;

	json_object_foreach(json_object_get(spec, "networks"), key, item)
		json_object_set_new(networks, key,
				    json_string(container_resource(compose, "networks", key)));
	json_array_foreach(json_object_get(spec, "volumes"), i, item) {
		const char *type = json_member_text(item, "type");

		key = json_member_text(item, "source");
		if (key && type && !strcmp(type, "volume"))
			json_object_set_new(
				volumes, key,
				json_string(container_resource(compose, "volumes", key)));
	}
	return json_pack("{so, so}", "networks", networks, "volumes", volumes);
}

void container_hash(const struct compose *compose, const struct compose_service *service,
		    char out[65])
{
	const json_t *spec = service->spec;
	json_t *all = names_new(compose, spec);

	json_object_set_new(all, "service", hashed_spec_new(spec));
	json_object_set_new(all, "secrets",
			    sources_new(compose, json_object_get(spec, "secrets"), "secrets"));
	json_object_set_new(all, "configs",
			    sources_new(compose, json_object_get(spec, "configs"), "configs"));
	container_digest(all, out);
	json_decref(all);
}
