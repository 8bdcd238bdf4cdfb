/*
 * The patterns of a .dockerignore file. Each is compiled to a row of tokens, and matched by keeping
 * the set of all tokens that may come next while the path is read once: no pattern takes more than
 * its length times that of the path. A match that ends before a slash matches a parent.
 */
#include "kata/dockerignore.h"

#include <stdint.h>
#include <string.h>

#include "kata/text.h"

enum token_kind {
	TOKEN_CHAR,   /* itself */
	TOKEN_ONE,    /* ?: one character but a slash */
	TOKEN_CLASS,  /* [..]: one character */
	TOKEN_STAR,   /* *: any number of characters but slashes */
	TOKEN_PARENT, /* ** before something: nothing, or all up to some slash */
	TOKEN_ALL,    /* ** at the end: anything */
};

struct token {
	enum token_kind kind;
	uint32_t c;
	const char *class; /* what stands between the brackets */
	size_t class_len;
};

struct pattern {
	struct token *tokens;
	size_t count, cap;
	bool takes_back;
};

/* A token may be reached in the midst of what it matches, or newly, when it may match nothing. */
enum state { STATE_OUT, STATE_WITHIN, STATE_NEW };

struct dockerignore {
	struct arena *arena;
	struct pattern *items;
	size_t count, cap;
	unsigned char *now, *next; /* states, one for each token and one for the end */
	size_t room;
};

/* --- lines --- */

struct span {
	const char *p;
	size_t len;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trimmed(struct span s)
{
	while (s.len && is_space(s.p[0]))
		s.p++, s.len--;
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Drops the last name of out, unless it is "..". False when there is none. */
static bool name_drop(struct str *out, bool rooted)
{
	size_t len = out->len;

	while (len && out->p[len - 1] != '/')
		len--;
	if (out->len == 0 || (out->len - len == 2 && memcmp(out->p + len, "..", 2) == 0))
		return rooted;
	out->len = len ? len - 1 : 0;
	return true;
}

/* The path without empty names, "." and ".." as far as they can be resolved; "/a" gives "a". An
 * empty result is what matches nothing: "." or "/". */
static struct span cleaned(struct arena *arena, struct span s)
{
	bool rooted = s.len && s.p[0] == '/';
	struct str out = STR_INIT;

	for (size_t i = 0; i < s.len;) {
		const char *name = s.p + i;
		const char *slash = memchr(name, '/', s.len - i);
		size_t len = slash ? (size_t)(slash - name) : s.len - i;

		i += len + 1;
		if (!len || (len == 1 && name[0] == '.'))
			continue;
		if (len == 2 && memcmp(name, "..", 2) == 0 && name_drop(&out, rooted))
			continue;
		if (out.len)
			str_addc(&out, '/');
		str_addn(&out, name, len);
	}
	struct span clean = {arena_strndup(arena, out.p, out.len), out.len};
	str_release(&out);
	return clean;
}

/* --- compiling --- */

/* The next character; a byte that is no UTF-8 is one of its own, beyond all others. */
static uint32_t next_char(const char **p, const char *end)
{
	uint32_t c;
	size_t len = utf8_decode(*p, (size_t)(end - *p), &c);

	if (!len)
		c = 0x110000u + (unsigned char)**p;
	*p += len ? len : 1;
	return c;
}

static struct token *token_add(struct dockerignore *ignore, struct pattern *pattern,
			       enum token_kind kind, uint32_t c)
{
	pattern->tokens = arena_grow(ignore->arena, pattern->tokens, pattern->count, &pattern->cap,
				     sizeof *pattern->tokens);
	struct token *token = &pattern->tokens[pattern->count++];
	*token = (struct token){.kind = kind, .c = c};
	return token;
}

/* One end of a range in [..]; false when there is none. */
static bool class_char(const char **p, const char *end, uint32_t *c)
{
	if (*p < end && **p == '\\')
		++*p;
	else if (*p < end && (**p == '-' || **p == ']'))
		return false;
	if (*p >= end)
		return false;
	*c = next_char(p, end);
	return true;
}

/* The next range of a class; false when it is malformed. */
static bool class_range(const char **p, const char *end, uint32_t *low, uint32_t *high)
{
	if (!class_char(p, end, low))
		return false;
	*high = *low;
	if (*p >= end || **p != '-')
		return true;
	++*p;
	return class_char(p, end, high);
}

/* The class that begins behind a bracket: its length without the closing one, or 0 when it is
 * malformed (as is an empty one). */
static size_t class_length(const char *p, const char *end)
{
	const char *start = p;
	uint32_t low, high;

	if (p < end && *p == '^')
		p++;
	do {
		if (!class_range(&p, end, &low, &high) || p >= end)
			return 0;
	} while (*p != ']');
	return (size_t)(p - start);
}

static bool has_special(const char *p, const char *end)
{
	for (; p < end; p++)
		if (*p && strchr("*?[]\\", *p))
			return true;
	return false;
}

/* A star or two at p: what they mean depends on what follows. Returns the bytes taken. */
static size_t star_add(struct dockerignore *ignore, struct pattern *pattern, const char *p,
		       const char *end)
{
	if (p + 1 >= end || p[1] != '*') {
		token_add(ignore, pattern, TOKEN_STAR, 0);
		return 1;
	}
	size_t taken = p + 2 < end && p[2] == '/' ? 3 : 2;
	/* "**name" and nothing else matches what ends so, also in the midst of a name. */
	bool ends = pattern->count == 0 && taken == 2 && !has_special(p + 2, end);
	bool all = ends || p + taken >= end;
	token_add(ignore, pattern, all ? TOKEN_ALL : TOKEN_PARENT, 0);
	return taken;
}

/* Why the pattern makes no sense, or NULL. */
static const char *pattern_compile(struct dockerignore *ignore, struct pattern *pattern,
				   struct span text)
{
	const char *p = text.p, *end = text.p + text.len;

	while (p < end) {
		if (*p == '*') {
			p += star_add(ignore, pattern, p, end);
			continue;
		}
		uint32_t c = next_char(&p, end);
		if (c == '[') {
			size_t len = class_length(p, end);

			if (!len)
				return "a bracket begins no set of characters";
			struct token *token = token_add(ignore, pattern, TOKEN_CLASS, 0);
			token->class = p;
			token->class_len = len;
			p += len + 1;
			continue;
		}
		if (c == '\\' && p >= end)
			return "nothing follows the backslash at its end";
		token_add(ignore, pattern, c == '?' ? TOKEN_ONE : TOKEN_CHAR,
			  c == '\\' ? next_char(&p, end) : c);
	}
	return NULL;
}

static struct pattern *pattern_add(struct dockerignore *ignore, bool takes_back)
{
	ignore->items = arena_grow(ignore->arena, ignore->items, ignore->count, &ignore->cap,
				   sizeof *ignore->items);
	struct pattern *pattern = &ignore->items[ignore->count++];
	*pattern = (struct pattern){.takes_back = takes_back};
	return pattern;
}

/* Makes room for the states of the longest pattern. */
static void states_fit(struct dockerignore *ignore)
{
	size_t room = ignore->count ? ignore->items[ignore->count - 1].count + 1 : 0;

	if (room <= ignore->room)
		return;
	ignore->room = room * 2;
	ignore->now = arena_alloc(ignore->arena, ignore->room);
	ignore->next = arena_alloc(ignore->arena, ignore->room);
}

/* Why the line makes no sense, or NULL. */
static const char *line_add(struct dockerignore *ignore, struct span line)
{
	if (line.len && line.p[0] == '#')
		return NULL;
	line = trimmed(line);
	bool takes_back = line.len && line.p[0] == '!';
	if (takes_back) {
		line.p++;
		line.len--;
		line = trimmed(line);
		if (!line.len)
			return "! alone takes nothing back";
	}
	line = trimmed(cleaned(ignore->arena, line));
	if (!line.len)
		return NULL;
	const char *why = pattern_compile(ignore, pattern_add(ignore, takes_back), line);
	states_fit(ignore);
	return why;
}

struct dockerignore *dockerignore_parse(struct arena *arena, const char *bytes, size_t len,
					const char *file, struct kata_error *e)
{
	struct dockerignore *ignore = arena_alloc(arena, sizeof *ignore);
	unsigned number = 0;
	size_t at = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	ignore->arena = arena;
	while (at < len) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t line = end ? (size_t)(end - bytes) - at : len - at;
		const char *why = line_add(ignore, (struct span){bytes + at, line});

		number++;
		at += line + 1;
		if (why) {
			error_set(e, ERROR_INVALID, "%s", why);
			error_where(e, "%s:%u", file, number);
			return NULL;
		}
	}
	return ignore;
}

void dockerignore_keep(struct dockerignore *ignore, const char *path)
{
	struct pattern *pattern = pattern_add(ignore, true);

	for (const char *end = path + strlen(path); path < end;)
		token_add(ignore, pattern, TOKEN_CHAR, next_char(&path, end));
	states_fit(ignore);
}

/* --- matching --- */

static bool class_has(const struct token *token, uint32_t c)
{
	const char *p = token->class, *end = p + token->class_len;
	bool negated = *p == '^', found = false;
	uint32_t low, high;

	if (negated)
		p++;
	while (p < end && class_range(&p, end, &low, &high))
		found = found || (c >= low && c <= high);
	return found != negated;
}

/* Reaches token i newly, and with it those behind as long as they may match nothing. */
static void reach(const struct pattern *pattern, unsigned char *states, size_t i)
{
	for (; states[i] != STATE_NEW; i++) {
		states[i] = STATE_NEW;
		if (i == pattern->count || pattern->tokens[i].kind < TOKEN_STAR)
			return;
	}
}

/* What may come after token i has read the character c. */
static void token_step(const struct pattern *pattern, size_t i, uint32_t c, unsigned char *next)
{
	const struct token *token = &pattern->tokens[i];

	switch (token->kind) {
	case TOKEN_CHAR:
		if (c == token->c)
			reach(pattern, next, i + 1);
		break;
	case TOKEN_ONE:
		if (c != '/')
			reach(pattern, next, i + 1);
		break;
	case TOKEN_CLASS:
		if (class_has(token, c))
			reach(pattern, next, i + 1);
		break;
	case TOKEN_STAR:
		if (c != '/')
			reach(pattern, next, i);
		break;
	case TOKEN_PARENT:
		if (next[i] == STATE_OUT)
			next[i] = STATE_WITHIN;
		if (c == '/')
			reach(pattern, next, i + 1);
		break;
	case TOKEN_ALL:
		reach(pattern, next, i);
		break;
	}
}

/* Whether the pattern matches the path or one of its parents. */
static bool pattern_match(struct dockerignore *ignore, const struct pattern *pattern,
			  const char *path)
{
	const char *end = path + strlen(path);
	bool alive = true;

	memset(ignore->now, STATE_OUT, pattern->count + 1);
	reach(pattern, ignore->now, 0);
	while (path < end && alive) {
		uint32_t c = next_char(&path, end);

		if (c == '/' && ignore->now[pattern->count])
			return true;
		alive = false;
		memset(ignore->next, STATE_OUT, pattern->count + 1);
		for (size_t i = 0; i < pattern->count; i++) {
			if (!ignore->now[i])
				continue;
			alive = true;
			token_step(pattern, i, c, ignore->next);
		}
		unsigned char *swap = ignore->now;
		ignore->now = ignore->next;
		ignore->next = swap;
	}
	return ignore->now[pattern->count] != STATE_OUT;
}

bool dockerignore_match(struct dockerignore *ignore, const char *path)
{
	bool matched = false;

	/* Only a pattern that would change the outcome is asked. */
	for (size_t i = 0; i < ignore->count; i++)
		if (ignore->items[i].takes_back == matched &&
		    pattern_match(ignore, &ignore->items[i], path))
			matched = !matched;
	return matched;
}

/* Whether the pattern may match something below the folder but not the folder itself. */
static bool pattern_may_hold(const struct pattern *pattern, const char *folder)
{
	const char *end = folder + strlen(folder);
	size_t i = 0;

	for (; i < pattern->count && folder < end; i++)
		if (pattern->tokens[i].kind != TOKEN_CHAR)
			return true;
		else if (pattern->tokens[i].c != next_char(&folder, end))
			return false;
	return folder == end && i < pattern->count &&
	       (pattern->tokens[i].kind != TOKEN_CHAR || pattern->tokens[i].c == '/');
}

bool dockerignore_may_hold(const struct dockerignore *ignore, const char *folder)
{
	for (size_t i = 0; i < ignore->count; i++)
		if (ignore->items[i].takes_back && pattern_may_hold(&ignore->items[i], folder))
			return true;
	return false;
}
