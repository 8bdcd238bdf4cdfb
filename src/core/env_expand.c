/*
 * Replacing variables in one text, left to right, once: what a variable brings is never
 * looked at again. The forms are those of the Compose specification ("Interpolation").
 */
#include "kata/env.h"

#include <string.h>

#include "kata/text.h"

#include "env_internal.h"

enum { NESTING_MAX = 32 };

struct expansion {
	const struct env_expander *how;
	struct str out;
	size_t limit;	/* bytes that out may take */
	unsigned depth; /* of ${..} inside ${..} */
	bool expanded, secret, failed, full;
};

/* ${NAME:-word} taken apart. */
struct expression {
	const char *name;
	size_t name_len;
	char operator; /* - ? + or 0 */
	bool colon;    /* empty counts as unset */
	const char *word;
	size_t word_len;
};

static struct problem *fail(struct expansion *x, const char *msg)
{
	x->failed = true;
	return problems_add(x->how->problems, SEVERITY_ERROR, x->how->place, "%s", msg);
}

static void fail_syntax(struct expansion *x, const char *msg)
{
	fail(x, msg)->hint = "for a dollar that begins no variable write $$";
}

static void add(struct expansion *x, const char *text, size_t len)
{
	if (x->full)
		return;
	if (x->out.len + len > x->limit) {
		x->full = true;
		fail(x, "a text grows by more than 128 KiB when its variables are put in");
		return;
	}
	str_addn(&x->out, text, len);
}

static bool begins_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static size_t name_length(const char *p, const char *end)
{
	const char *start = p;

	if (p < end && begins_name(*p))
		while (p < end && (begins_name(*p) || (*p >= '0' && *p <= '9')))
			p++;
	return (size_t)(p - start);
}

/* Hashes of passwords hold dollars that are no variables. */
static bool is_password_hash(const char *text, size_t len)
{
	static const char *const begins[] = {"$2a$",	  "$2b$", "$2y$", "$argon2id$",
					     "$argon2i$", "$5$",  "$6$",  "$scrypt$"};

	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		size_t size = strlen(begins[i]);

		if (len >= size && !memcmp(text, begins[i], size))
			return true;
	}
	return false;
}

/* The name most like the one that is not set, or NULL; not worth the time in a huge list. */
static const char *similar_name(const struct expansion *x, const char *name)
{
	const struct env *env = x->how->env;
	struct text_nearest near = {.word = name};

	if (env->count > 500 || x->how->problems->count >= PROBLEMS_MAX)
		return NULL;
	for (size_t i = 0; i < env->count; i++)
		text_nearest_offer(&near, env->items[i].name);
	return near.name;
}

static void report_unset(struct expansion *x, const char *name, size_t len)
{
	bool is_error = x->how->missing == EXPAND_MISSING_ERROR;
	struct arena *arena = x->how->arena;
	char *copy = arena_strndup(arena, name, len);
	struct problem *p;

	p = problems_add(
		x->how->problems, is_error ? SEVERITY_ERROR : SEVERITY_WARNING, x->how->place,
		is_error ? "%s is not set" : "%s is not set and stands for an empty text", copy);
	const char *similar = similar_name(x, copy);
	p->hint = similar ? arena_printf(arena, "did you mean %s?", similar)
			  : "set it in environment: or in the app's ENV file";
	x->failed = x->failed || is_error;
}

/* The brace that closes what was opened before p, by counting; NULL when none does. */
static const char *closing_brace(const char *p, const char *end)
{
	size_t open = 1;

	for (; p < end; p++) {
		open += *p == '{';
		open -= *p == '}';
		if (!open)
			return p;
	}
	return NULL;
}

/* Takes apart what stands between the braces; false when it is no expression. */
static bool expression_parse(struct expression *e, const char *p, const char *end)
{
	*e = (struct expression){.name = p, .name_len = name_length(p, end)};
	if (!e->name_len)
		return false;
	p += e->name_len;
	if (p == end)
		return true;
	if (*p == ':') {
		e->colon = true;
		p++;
	}
	if (p == end || !strchr("-?+", *p) || !*p)
		return false;
	e->operator= * p++;
	e->word = p;
	e->word_len = (size_t)(end - p);
	return true;
}

static void expand_text(struct expansion *x, const char *p, const char *end);

static void add_word(struct expansion *x, const struct expression *e)
{
	expand_text(x, e->word, e->word + e->word_len);
}

/* ${NAME:?why}: the reason is expanded too, and the person's own words come first. */
static void report_required(struct expansion *x, const struct expression *e)
{
	struct expansion why = {
		.how = x->how, .out = STR_INIT, .limit = x->limit, .depth = x->depth};
	char *name = arena_strndup(x->how->arena, e->name, e->name_len);

	add_word(&why, e);
	x->failed = true;
	problems_add(x->how->problems, SEVERITY_ERROR, x->how->place, "%s must be set%s%s", name,
		     why.out.len ? ": " : "", why.secret ? "..." : why.out.p)
		->hint = "set it in environment: or in the app's ENV file";
	str_release(&why.out);
}

static void add_found(struct expansion *x, const struct env_found *found)
{
	x->secret = x->secret || found->secret;
	add(x, found->text, strlen(found->text));
}

static void expand_expression(struct expansion *x, const struct expression *e)
{
	struct env_found found = x->how->lookup(x->how->arg, e->name, e->name_len);
	bool usable = found.set && (!e->colon || found.text[0]);

	x->expanded = true;
	if (found.failed) {
		x->failed = true;
		return;
	}
	if (e->operator== '+') {
		if (usable)
			add_word(x, e);
	} else if (usable) {
		add_found(x, &found);
	} else if (e->operator== '-') {
		add_word(x, e);
	} else if (e->operator== '?') {
		report_required(x, e);
	} else {
		report_unset(x, e->name, e->name_len);
	}
}

/* A "${" at p; where reading goes on. */
static const char *expand_braces(struct expansion *x, const char *p, const char *end)
{
	struct expression e;
	const char *close = closing_brace(p + 2, end);

	if (!close) {
		fail_syntax(x, "a ${ that is never closed");
		return end;
	}
	if (!expression_parse(&e, p + 2, close)) {
		fail_syntax(x, "a ${..} that is no variable");
	} else if (x->depth == NESTING_MAX) {
		fail(x, "variables nested too deeply");
	} else {
		x->depth++;
		expand_expression(x, &e);
		x->depth--;
	}
	return close + 1;
}

/* A dollar at p; where reading goes on. */
static const char *expand_dollar(struct expansion *x, const char *p, const char *end)
{
	size_t len = name_length(p + 1, end);

	if (len) {
		struct expression e = {.name = p + 1, .name_len = len};

		expand_expression(x, &e);
		return p + 1 + len;
	}
	if (p + 1 < end && p[1] == '{')
		return expand_braces(x, p, end);
	add(x, "$", 1);
	return p + 1 < end && p[1] == '$' ? p + 2 : p + 1;
}

static void expand_text(struct expansion *x, const char *p, const char *end)
{
	while (p < end && !x->full) {
		const char *dollar = memchr(p, '$', (size_t)(end - p));

		add(x, p, (size_t)((dollar ? dollar : end) - p));
		if (!dollar)
			return;
		p = expand_dollar(x, dollar, end);
	}
}

/* The text is one variable from its first to its last byte. */
static bool is_whole(const char *text, const char *end)
{
	if (end - text < 2 || text[0] != '$')
		return false;
	if (text[1] == '{')
		return closing_brace(text + 2, end) == end - 1;
	size_t len = name_length(text + 1, end);
	return len && text + 1 + len == end;
}

bool env_expand_with(const struct env_expander *how, const char *text, size_t len,
		     struct expand_result *out)
{
	struct expansion x = {.how = how, .out = STR_INIT, .limit = len + ENV_GROWTH_MAX};

	*out = (struct expand_result){.text = text, .len = len};
	if (!len || !memchr(text, '$', len) || is_password_hash(text, len))
		return true;
	expand_text(&x, text, text + len);
	if (!x.failed) {
		out->text = arena_strndup(how->arena, x.out.p, x.out.len);
		out->len = x.out.len;
		out->expanded = x.expanded;
		out->whole = x.expanded && is_whole(text, text + len);
		out->secret = x.secret;
	}
	str_release(&x.out);
	return !x.failed;
}

static struct env_found lookup_resolved(void *arg, const char *name, size_t len)
{
	const struct env_value *value = env_find(arg, name, len);

	if (!value)
		return (struct env_found){.set = false};
	return (struct env_found){.text = value->value, .set = true, .secret = value->secret};
}

bool env_expand(const struct env *env, const char *text, size_t len, enum expand_missing missing,
		struct place place, struct problems *problems, struct expand_result *out)
{
	struct env_expander how = {
		.env = env,
		.arena = env->arena,
		.lookup = lookup_resolved,
		.arg = (void *)env, /* only read */
		.missing = missing,
		.place = place,
		.problems = problems,
	};

	return env_expand_with(&how, text, len, out);
}
