/*
 * Builds by the classic builder: the parameters of a canonical `build` object, the context as the
 * body, and the image's id from the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "docker_private.h"
#include "kata/docker.h"
#include "kata/json.h"

struct build {
	struct build_context *context; /* NULL: the engine fetches it */
	docker_event *event;
	void (*done)(void *arg, bool ok, struct kata_error *e);
	void *arg;
	char *image_id; /* the caller's, or NULL */
	char id[DOCKER_IMAGE_ID_MAX];
};

/* --- parameters --- */

struct query {
	struct arena *arena;
	struct str text;
};

static void query_add(struct query *query, const char *name, const char *value)
{
	if (value && *value)
		str_addf(&query->text, "&%s=%s", name, docker_path(query->arena, "%s", value));
}

/* As JSON, unless there is nothing in it. */
static void query_add_json(struct query *query, const char *name, const json_t *value)
{
	struct str text = STR_INIT;

	if (json_object_size(value) || json_array_size(value)) {
		json_canonical(&text, value);
		query_add(query, name, text.p);
	}
	str_release(&text);
}

static void query_add_all(struct query *query, const char *name, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach((json_t *)texts, i, text)
		query_add(query, name, json_string_value(text));
}

/* "host=ip" of the model is "host:ip" here. */
static void query_add_hosts(struct query *query, const json_t *hosts)
{
	const json_t *host;
	size_t i;

	json_array_foreach((json_t *)hosts, i, host) {
		const char *text = json_string_value(host);
		char *line = arena_strdup(query->arena, text ? text : "");
		char *sign = strchr(line, '=');

		if (sign)
			*sign = ':';
		query_add(query, "extrahosts", line);
	}
}

/* name -> {soft, hard} is a list here. */
static void query_add_ulimits(struct query *query, const json_t *ulimits)
{
	json_t *list = json_array();
	const json_t *limit;
	const char *name;

	json_object_foreach((json_t *)ulimits, name, limit)
		json_array_append_new(list, json_pack("{s:s, s:O, s:O}", "Name", name, "Soft",
						      json_object_get(limit, "soft"), "Hard",
						      json_object_get(limit, "hard")));
	query_add_json(query, "ulimits", list);
	json_decref(list);
}

/* Two objects of texts in one; a value that is null was set nowhere. New reference. */
static json_t *texts_new(const json_t *one, const json_t *over)
{
	json_t *texts = json_object(), *value;
	const char *name;
	void *next;

	json_object_update(texts, (json_t *)one);
	json_object_update(texts, (json_t *)over);
	json_object_foreach_safe(texts, next, name, value) if (!json_is_string(value))
		json_object_del(texts, name);
	return texts;
}

static void query_add_texts(struct query *query, const char *name, const json_t *one,
			    const json_t *over)
{
	json_t *texts = texts_new(one, over);

	query_add_json(query, name, texts);
	json_decref(texts);
}

/* The platform to build for; false for several, which only BuildKit can do. */
static bool platform_of(const struct docker_build *build, const char **platform,
			struct kata_error *e)
{
	const json_t *platforms = json_object_get(build->build, "platforms");

	*platform = build->platform;
	if (*platform && **platform)
		return true;
	if (json_array_size(platforms) > 1)
		return error_set(e, ERROR_INVALID,
				 "build.platforms names several platforms: one image is built");
	*platform = json_string_value(json_array_get(platforms, 0));
	return true;
}

static void query_fill(struct query *query, const struct docker_build *build)
{
	static const struct {
		const char *key, *name;
	} texts[] = {{"target", "target"}, {"network", "networkmode"}, {"isolation", "isolation"}};
	const json_t *b = build->build, *shm = json_object_get(b, "shm_size");

	/* What a failed step leaves behind goes, too. */
	str_add(&query->text, "/build?version=1&rm=1&forcerm=1");
	query_add(query, "t", build->tag);
	query_add_all(query, "t", json_object_get(b, "tags"));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		query_add(query, texts[i].name, json_member_text(b, texts[i].key));
	if (build->no_cache || json_is_true(json_object_get(b, "no_cache")))
		query_add(query, "nocache", "1");
	if (build->pull || json_is_true(json_object_get(b, "pull")))
		query_add(query, "pull", "1");
	if (json_integer_value(shm) > 0)
		str_addf(&query->text, "&shmsize=%lld", (long long)json_integer_value(shm));
	query_add_texts(query, "buildargs", json_object_get(b, "args"), NULL);
	query_add_texts(query, "labels", json_object_get(b, "labels"), build->labels);
	query_add_json(query, "cachefrom", json_object_get(b, "cache_from"));
	query_add_hosts(query, json_object_get(b, "extra_hosts"));
	query_add_ulimits(query, json_object_get(b, "ulimits"));
}

/* --- the answer --- */

static bool build_event(void *arg, const json_t *object)
{
	struct build *build = arg;
	const char *id = json_member_text(json_object_get(object, "aux"), "ID");

	if (id && strlen(id) < sizeof build->id)
		memcpy(build->id, id, strlen(id) + 1);
	return !build->event || build->event(build->arg, object);
}

static void build_done(void *arg, bool ok, struct kata_error *e)
{
	struct build *build = arg;
	const struct kata_error *ours = build->context ? build_context_error(build->context) : NULL;

	/* That is why the transfer ended. */
	if (!ok && ours)
		*e = *ours;
	if (ok && !build->id[0])
		ok = error_set(e, ERROR_PROTOCOL, "the engine named no image at the build's end");
	if (build->image_id)
		memcpy(build->image_id, ok ? build->id : "", ok ? strlen(build->id) + 1 : 1);
	build->done(build->arg, ok, e);
}

static void build_free(void *arg)
{
	struct build *build = arg;

	build_context_free(build->context);
	free(build);
}

static ssize_t build_source(void *arg, char *bytes, size_t room)
{
	struct build *build = arg;

	return build->context ? build_context_read(build->context, bytes, room) : 0;
}

/* --- the start --- */

/* A repository or an archive somewhere, as docker build takes them: the engine fetches it. */
static bool is_remote(const char *context)
{
	static const char *const starts[] = {"https://", "http://", "git://", "git@",
					     "github.com/"};

	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (strncmp(context, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static bool context_find(struct build *build, const json_t *b, struct query *query,
			 struct kata_error *e)
{
	const char *context = json_member_text(b, "context");
	const char *dockerfile = json_member_text(b, "dockerfile");
	const char *text = json_member_text(b, "dockerfile_inline");

	if (!context)
		return error_set(e, ERROR_INVALID, "build has no context");
	if (!is_remote(context)) {
		build->context = build_context_new(context, dockerfile, text, e);
		if (build->context)
			query_add(query, "dockerfile", build_context_dockerfile(build->context));
		return build->context != NULL;
	}
	if (text)
		return error_set(e, ERROR_INVALID,
				 "dockerfile_inline needs a context in a folder, not %s", context);
	query_add(query, "remote", context);
	query_add(query, "dockerfile", dockerfile);
	return true;
}

struct docker_stream *docker_build_start(struct docker *docker, const struct docker_build *wanted,
					 docker_event *event,
					 void (*done)(void *arg, bool ok, struct kata_error *e),
					 void *arg, struct kata_error *e)
{
	struct build *build = xcalloc(1, sizeof *build);
	struct query query = {.arena = arena_new(), .text = STR_INIT};
	struct docker_stream *stream = NULL;
	const char *platform, *config = wanted->registry_config;

	build->event = event;
	build->done = done;
	build->arg = arg;
	build->image_id = wanted->image_id;
	if (build->image_id)
		build->image_id[0] = '\0';
	query_fill(&query, wanted);
	if (platform_of(wanted, &platform, e) && context_find(build, wanted->build, &query, e)) {
		query_add(&query, "platform", platform);
		struct docker_request request = {
			.method = "POST", .path = query.text.p, .timeout_ms = -1};
		struct docker_upload upload = {
			.type = "application/x-tar",
			.header = config && *config ? arena_printf(query.arena,
								   "X-Registry-Config: %s", config)
						    : NULL,
			.source = build_source,
			.release = build_free,
			.arg = build,
		};
		stream = docker_stream_upload(docker, &request, &upload, build_event, build_done,
					      build);
	} else {
		build_free(build);
	}
	str_release(&query.text);
	arena_free(query.arena);
	return stream;
}
