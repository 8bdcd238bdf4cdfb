/*
 * A caddy: block from YAML to expanded JSON. Variables are replaced in parsed scalars, so
 * a value can never change the structure.
 */
#include "app_block.h"

#include <string.h>
#include <strings.h>

#include "block_path.h"
#include "kata/memory.h"

/* Bytes that variables may put into one block, all together. */
enum { GROWTH_MAX = 8 << 20 };

struct block_build {
	struct app *app;
	size_t growth;	      /* of GROWTH_MAX, used so far */
	const char *env_file; /* where a person may set a variable, as shown */
	size_t secret_cap;
};

/* A known variable whose name is the tail of the wanted one, or the other way round. */
static const char *tail_name(const struct env *env, const char *wanted)
{
	size_t len = strlen(wanted);

	for (size_t i = 0; i < env->count; i++) {
		const char *name = env->items[i].name;
		size_t have = strlen(name);
		const char *longer = have > len ? name : wanted;
		size_t cut = have > len ? have - len : len - have;

		if (cut && longer[cut - 1] == '_' &&
		    !strcmp(longer + cut, have > len ? wanted : name))
			return name;
	}
	return NULL;
}

/* Says where the variable that problem p misses can be set, after any better idea. */
static void hint_unset(struct block_build *b, struct problem *p)
{
	static const char ending[] = " is not set";
	struct arena *a = b->app->problems.arena;
	size_t len = strlen(p->msg);
	const char *name, *near;

	if (len < sizeof ending || strcmp(p->msg + len - (sizeof ending - 1), ending) != 0)
		return;
	name = arena_strndup(a, p->msg, len - (sizeof ending - 1));
	near = tail_name(&b->app->env, name);
	if (near)
		near = arena_printf(a, "did you mean %s? Or ", near);
	else if (p->hint && !strncmp(p->hint, "did you mean", strlen("did you mean")))
		near = arena_printf(a, "%s Or ", p->hint);
	p->rule = RULE_VARIABLE "-unset";
	p->hint = arena_printf(a, "%sset %s under environment: in this file%s%s", near ? near : "",
			       name, b->env_file ? ", or in " : "", b->env_file ? b->env_file : "");
}

static bool expand(struct block_build *b, const struct block_at *at, const struct yaml_node *scalar,
		   struct expand_result *out)
{
	struct app *app = b->app;
	size_t before = app->problems.count;
	bool ok;

	ok = env_expand(&app->env, scalar->text, scalar->len, EXPAND_MISSING_ERROR,
			yaml_place(scalar, app->file), &app->problems, out);
	for (size_t i = before; i < app->problems.count; i++) {
		app->problems.items[i].path = block_path(app->problems.arena, at);
		app->problems.items[i].rule = RULE_VARIABLE;
		hint_unset(b, &app->problems.items[i]);
	}
	return ok;
}

static void remember_secret(struct block_build *b, const struct block_at *at)
{
	struct app *app = b->app;
	struct arena *a = app->problems.arena;
	const char *path = block_path(a, at);

	app->secret_paths = arena_grow(a, app->secret_paths, app->secret_count, &b->secret_cap,
				       sizeof *app->secret_paths);
	app->secret_paths[app->secret_count++] = path ? path : "";
}

/* Text that came out of a variable need not be UTF-8, which JSON must be. */
static json_t *text_json_new(struct block_build *b, const struct block_at *at,
			     const struct yaml_node *scalar, const char *text, size_t len)
{
	json_t *value = json_stringn(text, len);

	if (value)
		return value;
	struct problem *p =
		problems_add(&b->app->problems, SEVERITY_ERROR, yaml_place(scalar, b->app->file),
			     "the text is not UTF-8 once its variables are replaced");
	p->path = block_path(b->app->problems.arena, at);
	p->hint = "save the file that sets the variable as UTF-8";
	return json_string("");
}

static bool is_yes_no(const struct yaml_node *scalar)
{
	static const char *const words[] = {"yes", "no", "on", "off"};

	for (size_t i = 0; scalar->len <= 3 && i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(scalar->text, words[i]))
			return true;
	return false;
}

static void note_yes_no(struct block_build *b, const struct block_at *at,
			const struct yaml_node *scalar)
{
	struct problem *p;

	p = problems_add(&b->app->problems, SEVERITY_NOTE, yaml_place(scalar, b->app->file),
			 "%s is text in YAML 1.2, not a truth value", scalar->text);
	p->path = block_path(b->app->problems.arena, at);
	p->rule = "yaml-yes-no";
	p->hint = "write true or false; put it in quotes where text is meant";
}

/* False, and one problem, once the variables of a block amount to too much. */
static bool count_growth(struct block_build *b, const struct block_at *at,
			 const struct yaml_node *scalar, size_t len)
{
	bool was_fine = b->growth <= GROWTH_MAX;
	struct problem *p;

	b->growth += len;
	if (b->growth <= GROWTH_MAX)
		return true;
	if (was_fine) {
		p = problems_add(&b->app->problems, SEVERITY_ERROR,
				 yaml_place(scalar, b->app->file),
				 "the block is too large once its variables are replaced");
		p->path = block_path(b->app->problems.arena, at);
		p->hint = "more than 8 MiB in all; is a variable's value too long?";
	}
	return false;
}

/* A scalar with a dollar in it. */
static json_t *variable_json_new(struct block_build *b, const struct block_at *at,
				 const struct yaml_node *scalar)
{
	struct expand_result result;
	json_t *value;

	if (!expand(b, at, scalar, &result) || !count_growth(b, at, scalar, result.len))
		return json_string("{unset}"); /* fits wherever a placeholder may stand */
	if (result.secret)
		remember_secret(b, at);
	if (result.whole && scalar->plain && !scalar->tag) {
		value = yaml_scalar_json_new(result.text, result.len);
		if (value && !json_is_null(value))
			return value;
		json_decref(value);
	}
	return text_json_new(b, at, scalar, result.text, result.len);
}

static json_t *scalar_json_new(struct block_build *b, const struct block_at *at,
			       const struct yaml_node *scalar)
{
	if (memchr(scalar->text, '$', scalar->len))
		return variable_json_new(b, at, scalar);
	if (yaml_scalar_type(scalar) != YAML_TEXT)
		return yaml_scalar_json_new(scalar->text, scalar->len);
	if (scalar->plain && is_yes_no(scalar))
		note_yes_no(b, at, scalar);
	return text_json_new(b, at, scalar, scalar->text, scalar->len);
}

static json_t *node_json_new(struct block_build *b, const struct block_at *at,
			     const struct yaml_node *node)
{
	struct block_at here = {.up = at};
	json_t *value;

	if (node->kind == YAML_SCALAR)
		return scalar_json_new(b, at, node);
	if (node->kind == YAML_SEQUENCE) {
		value = json_array();
		for (; here.index < node->count; here.index++)
			json_array_append_new(value,
					      node_json_new(b, &here, node->items[here.index]));
		return value;
	}
	value = json_object();
	for (size_t i = 0; i < node->count; i++) {
		here.key = node->pairs[i].key->text;
		json_object_set_new(value, here.key, node_json_new(b, &here, node->pairs[i].value));
	}
	return value;
}

json_t *app_block_json_new(struct app *app, const struct yaml_node *node, const char *env_file)
{
	struct block_build b = {.app = app, .env_file = env_file};

	return node_json_new(&b, NULL, node);
}

const char *app_block_text(struct app *app, const struct yaml_node *scalar, const char *env_file)
{
	struct block_build b = {.app = app, .env_file = env_file};
	struct expand_result result;

	if (!memchr(scalar->text, '$', scalar->len))
		return scalar->text;
	return expand(&b, NULL, scalar, &result) ? result.text : NULL;
}
