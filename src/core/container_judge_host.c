/*
 * Fields of HostConfig that are compared in ways of their own: where the engine fills something
 * in, writes it in another form, or where several forms mean the same.
 */
#include "container_private.h"

#include <string.h>
#include <strings.h>

#include "kata/json.h"

static const char *host_text(const struct judging *j, const char *name)
{
	return json_member_text(json_object_get(j->body, "HostConfig"), name);
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* --- modes --- */

/* "service:x" is left in the body where nobody is asked for the id: then any container will do. */
static bool same_mode(const struct judging *j, const char *want, const char *live)
{
	if (!j->m->facts->service_id && starts(want, "service:") && starts(live, "container:"))
		return true;
	if (!strcmp(want, "default"))
		want = "bridge";
	return !strcmp(want, !strcmp(live, "default") ? "bridge" : live);
}

const char *container_judge_mode(const struct judging *j, const struct container_field *field,
				 const json_t *want, const json_t *live)
{
	const char *key = field->key;

	if (!strcmp(key, "network_mode") && !json_object_get(j->m->spec, key))
		key = "networks";
	return same_mode(j, container_text(want), container_text(live)) ? NULL : key;
}

/* Unless told, the engine gives a private or a shareable one. */
const char *container_judge_ipc(const struct judging *j, const struct container_field *field,
				const json_t *want, const json_t *live)
{
	const char *real = container_text(live);

	if (container_blank(want))
		return !*real || !strcmp(real, "private") || !strcmp(real, "shareable")
			       ? NULL
			       : field->key;
	return same_mode(j, container_text(want), real) ? NULL : field->key;
}

/* --- smaller things --- */

const char *container_judge_published(const struct judging *j, const struct container_field *field,
				      const json_t *want, const json_t *live)
{
	json_t *bindings;
	const char *port;

	(void)j;
	json_object_foreach((json_t *)want, port, bindings) {
		if (!container_same_set(bindings, json_object_get(live, port)))
			return field->key;
	}
	json_object_foreach((json_t *)live, port, bindings) {
		if (!json_object_get(want, port) && !container_blank(bindings))
			return field->key;
	}
	return NULL;
}

static const char *restart_of(const json_t *policy)
{
	const char *name = json_member_text(policy, "Name");

	return name && *name ? name : "no";
}

const char *container_judge_restart(const struct judging *j, const struct container_field *field,
				    const json_t *want, const json_t *live)
{
	(void)j;
	return !strcmp(restart_of(want), restart_of(live)) &&
			       container_int(want, "MaximumRetryCount") ==
				       container_int(live, "MaximumRetryCount")
		       ? NULL
		       : field->key;
}

/* "NET_ADMIN", "cap_net_admin" and "CAP_NET_ADMIN" are one. */
static bool same_cap(const char *a, const char *b)
{
	a += !strncasecmp(a, "CAP_", 4) ? 4 : 0;
	b += !strncasecmp(b, "CAP_", 4) ? 4 : 0;
	return !strcasecmp(a, b);
}

static bool caps_in(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < json_array_size(a); i++) {
		size_t k = 0;

		while (k < json_array_size(b) && !same_cap(container_text(json_array_get(a, i)),
							   container_text(json_array_get(b, k))))
			k++;
		if (k == json_array_size(b))
			return false;
	}
	return true;
}

const char *container_judge_caps(const struct judging *j, const struct container_field *field,
				 const json_t *want, const json_t *live)
{
	(void)j;
	return caps_in(want, live) && caps_in(live, want) ? NULL : field->key;
}

static bool is_privileged(const struct judging *j)
{
	const json_t *host = json_object_get(j->body, "HostConfig");

	return json_is_true(json_object_get(host, "Privileged"));
}

/* Who is in the host's hands is freed of its label by the engine. */
static bool is_unlabelled(const struct judging *j)
{
	const char *pid = host_text(j, "PidMode"), *ipc = host_text(j, "IpcMode");

	return is_privileged(j) || (pid && *pid) || (ipc && *ipc);
}

const char *container_judge_security(const struct judging *j, const struct container_field *field,
				     const json_t *want, const json_t *live)
{
	json_t *real = json_array(), *option;
	bool unlabelled = is_unlabelled(j), same;
	size_t i;

	json_array_foreach((json_t *)live, i, option) {
		if (!unlabelled || !starts(container_text(option), "label=disable"))
			json_array_append(real, option);
	}
	same = container_same_set(want, real) || container_same_set(want, live);
	json_decref(real);
	return same ? NULL : field->key;
}

/* Empty lists mask nothing; absent ones are filled in by the engine. */
const char *container_judge_masked(const struct judging *j, const struct container_field *field,
				   const json_t *want, const json_t *live)
{
	if (want)
		return json_array_size(live) ? field->key : NULL;
	return json_array_size(live) || json_is_null(live) || !live || is_privileged(j)
		       ? NULL
		       : field->key;
}

const char *container_judge_log(const struct judging *j, const struct container_field *field,
				const json_t *want, const json_t *live)
{
	const json_t *driver = json_object_get(want, "Type");

	(void)j;
	if (!want)
		return NULL;
	if ((driver && !container_same(driver, json_object_get(live, "Type"))) ||
	    !container_same(json_object_get(want, "Config"), json_object_get(live, "Config")))
		return field->key;
	return NULL;
}

/* No limit is written in several ways. */
const char *container_judge_pids(const struct judging *j, const struct container_field *field,
				 const json_t *want, const json_t *live)
{
	json_int_t a = json_integer_value(want), b = json_integer_value(live);

	(void)j;
	return (a > 0 ? a : 0) == (b > 0 ? b : 0) ? NULL : field->key;
}

/* Unless told, twice the memory; -1 where the kernel cannot count it. */
const char *container_judge_swap(const struct judging *j, const struct container_field *field,
				 const json_t *want, const json_t *live)
{
	json_int_t memory = container_int(json_object_get(j->body, "HostConfig"), "Memory"),
		   swap = json_integer_value(live);

	if (!container_blank(want))
		return swap == -1 || container_same(want, live) ? NULL : field->key;
	return swap == 0 || (memory && (swap == -1 || swap / 2 == memory)) ? NULL : field->key;
}

/* Order and places of volumes_from; ids are not comparable where nobody knows them. */
const char *container_judge_volumes_from(const struct judging *j,
					 const struct container_field *field, const json_t *want,
					 const json_t *live)
{
	if (!j->m->facts->service_id)
		return json_array_size(want) == json_array_size(live) ? NULL : field->key;
	return container_same_set(want, live) ? NULL : field->key;
}

/* On the bridge, inspect writes "/name:/container/alias" for "name:alias". */
static json_t *links_new(const json_t *links)
{
	json_t *list = json_array(), *link;
	size_t i;

	json_array_foreach((json_t *)links, i, link) {
		const char *text = container_text(link), *colon = strchr(text, ':'), *alias;

		alias = colon ? strrchr(colon, '/') : NULL;
		text += *text == '/';
		if (alias)
			json_array_append_new(list, json_sprintf("%.*s:%s", (int)(colon - text),
								 text, alias + 1));
		else
			json_array_append_new(list, json_string(text));
	}
	return list;
}

/* On networks of their own they are the endpoints'. */
const char *container_judge_links(const struct judging *j, const struct container_field *field,
				  const json_t *want, const json_t *live)
{
	json_t *a, *b;
	bool same;

	if (json_object_size(json_object_get(j->m->spec, "networks")))
		return NULL;
	a = links_new(want);
	b = links_new(live);
	same = container_same_set(a, b);
	json_decref(a);
	json_decref(b);
	return same ? NULL : field->key;
}
