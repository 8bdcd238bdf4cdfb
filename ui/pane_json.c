/*
 * JSON as lines: one for each member, keys in order, coloured, foldable, each with its path.
 */
#include "ui/pane.h"

#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/text.h"
#include "ui/pane_parts.h"

struct writer {
	struct pane *pane;
	struct str path;
	struct picture line; /* being written */
	int open;	     /* levels that are open */
};

/* A character that is not fit for a terminal is written as JSON would write it, too. */
static void add_escape(struct str *out, uint32_t cp)
{
	static const char shorts[][2] = {{'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'},
					 {'\t', 't'}, {'"', '"'},  {'\\', '\\'}};

	for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++) {
		if (cp == (uint32_t)shorts[i][0]) {
			str_addc(out, '\\');
			str_addc(out, shorts[i][1]);
			return;
		}
	}
	if (cp >= 0x10000) {
		str_addf(out, "\\u%04x", (unsigned)(0xd800 + ((cp - 0x10000) >> 10)));
		cp = 0xdc00 + (cp & 0x3ff);
	}
	str_addf(out, "\\u%04x", (unsigned)cp);
}

static bool is_plain(const char *p, size_t size, uint32_t cp)
{
	struct str safe = STR_INIT;
	bool plain;

	if (cp == '"' || cp == '\\')
		return false;
	if (cp >= ' ' && cp < 0x7f)
		return true;
	text_safe(&safe, p, size);
	plain = safe.len == size && !memcmp(safe.p, p, size);
	str_release(&safe);
	return plain;
}

static void add_string(struct picture *out, enum role role, const char *p, size_t len)
{
	struct str text = STR_INIT;

	str_addc(&text, '"');
	for (size_t at = 0; at < len;) {
		uint32_t cp = (unsigned char)p[at];
		size_t size = utf8_decode(p + at, len - at, &cp);

		size = size ? size : 1;
		if (is_plain(p + at, size, cp))
			str_addn(&text, p + at, size);
		else
			add_escape(&text, cp);
		at += size;
	}
	str_addc(&text, '"');
	picture_add(out, role, text.p, text.len);
	str_release(&text);
}

static void add_scalar(struct picture *out, const json_t *value)
{
	struct str text = STR_INIT;

	if (json_is_string(value)) {
		add_string(out, ROLE_json_text, json_string_value(value),
			   json_string_length(value));
		return;
	}
	json_canonical(&text, value);
	picture_add(out, json_is_number(value) ? ROLE_json_number : ROLE_json_word, text.p,
		    text.len);
	str_release(&text);
}

static void add_plain(struct picture *out, const char *text)
{
	picture_add(out, ROLE_text, text, strlen(text));
}

static void add_indent(struct picture *out, int level)
{
	for (int i = 0; i < level; i++)
		add_plain(out, "  ");
}

/* Makes what was written a line of its own. */
static struct line *end_line(struct writer *w, int depth)
{
	struct line *line = pane_add(w->pane, ROLE_text, "", 0);

	pane_append_picture(w->pane, line, &w->line);
	picture_clear(&w->line);
	line->depth = depth;
	line->path = xstrdup(w->path.p);
	pane_charge(w->pane, line, w->path.len + 1);
	return line;
}

static void add_value(struct writer *w, const json_t *value, int level, bool last);

static void add_step(struct str *path, const char *step)
{
	if (path->len)
		str_addc(path, '/');
	str_add(path, step);
}

static void back_to(struct str *path, size_t len)
{
	path->len = len;
	if (path->cap)
		path->p[len] = 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_members(struct writer *w, const json_t *object, int level)
{
	size_t count = json_object_size(object), at = 0, begin = w->path.len;
	const char **keys = xcalloc(count, sizeof *keys), *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		keys[at++] = key;
	qsort(keys, count, sizeof *keys, compare_keys);
	for (size_t i = 0; i < count; i++) {
		add_step(&w->path, keys[i]);
		add_indent(&w->line, level);
		add_string(&w->line, ROLE_json_key, keys[i], strlen(keys[i]));
		add_plain(&w->line, ": ");
		add_value(w, json_object_get(object, keys[i]), level, i + 1 == count);
		back_to(&w->path, begin);
	}
	free(keys);
}

static void add_elements(struct writer *w, const json_t *array, int level)
{
	size_t count = json_array_size(array), begin = w->path.len;

	for (size_t i = 0; i < count; i++) {
		char step[24];

		snprintf(step, sizeof step, "%zu", i);
		add_step(&w->path, step);
		add_indent(&w->line, level);
		add_value(w, json_array_get(array, i), level, i + 1 == count);
		back_to(&w->path, begin);
	}
}

/* The end is deeper than the begin, so that a shut fold hides it. */
static void add_nested(struct writer *w, const json_t *value, int level, size_t count)
{
	bool object = json_is_object(value);
	struct line *line;

	add_plain(&w->line, object ? "{" : "[");
	line = end_line(w, level);
	line->members = count;
	line->folded = level >= w->open;
	if (object)
		add_members(w, value, level + 1);
	else
		add_elements(w, value, level + 1);
	add_indent(&w->line, level);
	add_plain(&w->line, object ? "}" : "]");
}

/* The value behind what is in the line already, and the line's end. */
static void add_value(struct writer *w, const json_t *value, int level, bool last)
{
	size_t count = json_is_object(value) ? json_object_size(value) : json_array_size(value);

	if (count)
		add_nested(w, value, level, count);
	else if (json_is_object(value) || json_is_array(value))
		add_plain(&w->line, json_is_object(value) ? "{}" : "[]");
	else
		add_scalar(&w->line, value);
	if (!last)
		add_plain(&w->line, ",");
	end_line(w, level + (count > 0));
}

void pane_add_json(struct pane *pane, const json_t *value, int depth)
{
	struct writer w = {pane, STR_INIT, PICTURE_INIT, depth};

	add_value(&w, value, 0, true);
	str_release(&w.path);
	picture_release(&w.line);
}
