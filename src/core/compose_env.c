/*
 * The environment of a service: the app's own, env files, environment:, each from the lowest
 * service of an `extends` chain up to the service itself. Label files go the same way.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"

struct layering {
	struct compose_work *w;
	const struct compose_draft *draft; /* the link of the chain at work */
	struct env *env;
	struct problems *problems; /* for what is said again for every service */
	json_t *seen;		   /* files read, a set */
};

/* A link whose key begins anew what came from below: the first one that counts. */
static size_t first_link(const struct compose_draft **chain, size_t count, const char *key)
{
	for (size_t i = count; i-- > 0;) {
		const struct yaml_node *node = yaml_get(chain[i]->node, key);

		if (node && compose_is_tagged(node, "!reset"))
			return i + 1;
		if (node && compose_is_tagged(node, "!override"))
			return i;
	}
	return 0;
}

/* --- Files --- */

/* NAME=value lines without quotes, comments behind values, or variables. */
static void add_raw_file(struct env *env, const char *bytes, size_t len, const char *shown)
{
	const char *end = bytes + len;
	struct place place = {shown, 1, 1};

	for (; bytes < end; place.line++) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *next = stop ? stop + 1 : end, *equals;

		stop = stop ? stop : end;
		stop -= stop > bytes && stop[-1] == '\r';
		while (bytes < stop && (*bytes == ' ' || *bytes == '\t'))
			bytes++;
		equals = memchr(bytes, '=', (size_t)(stop - bytes));
		if (bytes < stop && *bytes != '#' && equals != bytes)
			env_set(env, ENV_ENV_FILE,
				arena_strndup(env->arena, bytes,
					      (size_t)((equals ? equals : stop) - bytes)),
				equals ? arena_strndup(env->arena, equals + 1,
						       (size_t)(stop - equals - 1))
				       : NULL,
				true, place);
		bytes = next;
	}
}

static void add_file(struct layering *l, const struct yaml_node *node, const char *path,
		     bool required, bool raw)
{
	struct compose_reader *r = &l->w->r;
	struct app_file found = {.path = path};

	if (json_object_get(l->seen, path))
		return;
	json_object_set_new(l->seen, path, json_true());
	if (r->input->read)
		r->input->read(r->input->read_arg, path, &found);
	if (!found.bytes) {
		if (found.error)
			compose_say(r, SEVERITY_ERROR, node, "%.200s cannot be read: %s", path,
				    found.error);
		else if (required)
			compose_say(r, SEVERITY_ERROR, node, "%.200s does not exist", path)->hint =
				"make the file, or write {path: ..., required: false}";
		return;
	}
	if (!compose_grow(r, node, found.len))
		return;
	if (raw)
		add_raw_file(l->env, found.bytes, found.len, found.path);
	else
		env_add_file(l->env, ENV_ENV_FILE, found.bytes, found.len, found.path, l->problems);
}

/* One element of env_file: or label_file:, a path or a mapping. */
static void add_listed(struct layering *l, const struct yaml_node *node,
		       const struct compose_entry *entry)
{
	struct compose_reader *r = &l->w->r;
	struct expand_result text;
	json_t *form;
	const char *path;

	if (node->kind != YAML_MAPPING || !entry->level) {
		if (compose_text(r, node, "a path", &text) && text.len)
			add_file(l, node, compose_path(r, text.text), true, false);
		return;
	}
	form = compose_level_new(r, node, entry->level);
	path = json_member_text(form, "path");
	if (path)
		add_file(l, node, arena_strdup(r->arena, path),
			 !json_is_false(json_object_get(form, "required")),
			 json_object_get(form, "format") != NULL);
	else if (!yaml_get(node, "path"))
		compose_say(r, SEVERITY_ERROR, node, "needs path:");
	json_decref(form);
}

/* env_file: or label_file: of one link. */
static void add_files(struct layering *l, const char *key)
{
	const struct compose_entry *entry = compose_entry_find(&compose_level_service, key);
	const struct yaml_node *node = yaml_get(l->draft->node, key);

	if (!node || compose_is_null(node))
		return;
	compose_go(l->w, &l->draft->from->file, "services", l->draft->name);
	compose_enter(&l->w->r, key);
	if (node->kind == YAML_MAPPING)
		compose_wrong(&l->w->r, node, "a path or a list");
	else if (node->kind == YAML_SCALAR)
		add_listed(l, node, entry);
	for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->count; i++) {
		size_t mark = compose_enter_index(&l->w->r, i);

		add_listed(l, node->items[i], entry);
		compose_leave(&l->w->r, mark);
	}
}

/* --- environment: --- */

/* Lays one link's variables over what the links below it set. */
static void add_over(struct env *own, const struct env *link, size_t below)
{
	for (size_t i = 0; i < link->count; i++) {
		const struct env_value *v = &link->items[i];
		size_t at = 0;

		while (at < below && strcmp(own->items[at].name, v->name) != 0)
			at++;
		if (at < below)
			own->items[at] = *v;
		else
			env_set(own, ENV_SERVICE, v->name, v->raw, v->literal, v->place);
	}
}

static void add_environment(struct layering *l, const struct compose_draft **chain, size_t count)
{
	struct arena *a = l->w->r.arena;
	size_t i = first_link(chain, count, "environment");
	struct env own;

	env_init(&own, a);
	for (; i < count; i++) {
		struct env link;

		env_init(&link, a);
		env_add_yaml(&link, ENV_SERVICE, yaml_get(chain[i]->node, "environment"),
			     chain[i]->from->file.shown, l->problems);
		add_over(&own, &link, own.count);
	}
	env_add_env(l->env, &own);
}

/* --- Problems that every service meets anew --- */

static bool is_said(const struct problems *list, const struct problem *p)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct problem *known = &list->items[i];

		if (known->place.line == p->place.line && known->place.column == p->place.column &&
		    known->place.file && p->place.file &&
		    !strcmp(known->place.file, p->place.file) && !strcmp(known->msg, p->msg))
			return true;
	}
	return false;
}

static void move_problems(struct compose_work *w, const struct problems *from)
{
	size_t kept_errors = 0;

	for (size_t i = 0; i < from->count; i++) {
		const struct problem *p = &from->items[i];

		kept_errors += p->severity == SEVERITY_ERROR;
		if (is_said(&w->r.input->app->problems, p) || is_said(w->r.problems, p))
			continue;
		struct problem *copy =
			problems_add(w->r.problems, p->severity, p->place, "%s", p->msg);
		copy->rule = p->rule;
		copy->hint = p->hint;
	}
	w->r.problems->more += from->more;
	w->r.problems->errors += from->errors - kept_errors;
}

/* --- The results --- */

/* Nobody gave the variable a value. */
static bool is_bare(const struct env_value *value)
{
	while (value && !value->raw)
		value = value->below;
	return !value;
}

static json_t *environment_new(struct compose_work *w, const struct compose_draft *draft,
			       const struct env *env)
{
	json_t *out = json_object();

	for (size_t i = 0; i < env->count; i++) {
		const struct env_value *v = &env->items[i];
		bool bare = is_bare(v);

		if (bare && v->layer == ENV_ENV_FILE)
			continue;
		if (!compose_grow(&w->r, draft->key, strlen(v->name) + strlen(v->value)))
			break;
		json_object_set_new(out, v->name,
				    bare ? json_string("")
					 : compose_json_text_new(&w->r, draft->key, v->value,
								 strlen(v->value)));
	}
	return out;
}

static void add_labels(struct layering *l, const struct compose_draft **chain, size_t count,
		       json_t *spec)
{
	json_t *labels, *own = json_object_get(spec, "labels");

	for (size_t i = first_link(chain, count, "label_file"); i < count; i++) {
		l->draft = chain[i];
		add_files(l, "label_file");
	}
	if (!l->env->count)
		return;
	labels = json_object();
	for (size_t i = 0; i < l->env->count; i++) {
		const struct env_value *v = &l->env->items[i];

		json_object_set_new(labels, v->name, json_string(v->raw ? v->raw : ""));
	}
	if (own)
		json_object_update(labels, own);
	json_object_set_new(spec, "labels", labels);
}

void compose_environment(struct compose_work *w, const struct compose_draft *draft,
			 struct compose_service *service)
{
	const struct compose_draft *chain[COMPOSE_CHAIN_MAX];
	struct problems problems;
	struct env *env = &service->env, labels;
	size_t count;
	struct layering l = {.w = w, .env = env, .problems = &problems, .seen = json_object()};

	problems_init(&problems, w->r.arena);
	compose_draft_chain(draft, chain, &count);
	env_init(env, w->r.arena);
	env_add_env(env, &w->r.input->app->env);
	for (size_t i = first_link(chain, count, "env_file"); i < count; i++) {
		l.draft = chain[i];
		add_files(&l, "env_file");
	}
	add_environment(&l, chain, count);
	env_resolve(env, &problems);
	compose_go(w, &draft->from->file, "services", draft->name);
	compose_enter(&w->r, "environment");
	json_object_set_new(service->spec, "environment", environment_new(w, draft, env));
	env_init(&labels, w->r.arena);
	json_object_clear(l.seen);
	l.env = &labels;
	add_labels(&l, chain, count, service->spec);
	json_decref(l.seen);
	move_problems(w, &problems);
}
