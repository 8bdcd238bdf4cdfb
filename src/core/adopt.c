/*
 * kata-compose.yaml with another caddy: block: which bytes of the file it takes, and whether the
 * result reads back as what is live.
 */
#include <string.h>

#include "adopt_private.h"
#include "kata/diff.h"
#include "kata/json.h"

enum { INDENT = 2 };

/* One file being changed. */
struct edit {
	struct adopt *out;
	struct arena *arena;
	const struct adopt_input *input;
	json_t *resolved; /* the file's block with addresses, or NULL */
	const char *bytes, *end;
	struct kata_error *e;
};

static bool refuse(struct edit *x, enum error_code code, const char *msg, const char *hint)
{
	error_set(x->e, code, "%s", msg);
	error_where(x->e, "%s", x->input->source->stack.path);
	if (hint)
		error_hint(x->e, "%s", hint);
	return false;
}

/* The first error that an app has. */
static bool refuse_problem(struct edit *x, enum error_code code, const char *what,
			   const struct app *app)
{
	const struct problem *p = NULL;

	for (size_t i = 0; i < app->problems.count && !p; i++)
		if (app->problems.items[i].severity == SEVERITY_ERROR)
			p = &app->problems.items[i];
	error_set(x->e, code, "%s%s%s%s", what, p && p->path ? p->path : "",
		  p && p->path ? ": " : "", p ? p->msg : "it is not valid");
	if (p && p->place.line && code == ERROR_INVALID)
		error_where(x->e, "%s:%u:%u", p->place.file, p->place.line, p->place.column);
	else
		error_where(x->e, "%s", x->input->source->stack.path);
	if (p && p->hint)
		error_hint(x->e, "%s", p->hint);
	return false;
}

/* --- lines --- */

/* Bytes of the line end at p as YAML 1.1 knows them, or 0. */
static size_t line_end(const char *p, const char *end)
{
	if (p < end && *p == '\r')
		return p + 1 < end && p[1] == '\n' ? 2 : 1;
	if (p < end && *p == '\n')
		return 1;
	if (end - p >= 2 && !memcmp(p, "\xc2\x85", 2))
		return 2;
	return end - p >= 3 && (!memcmp(p, "\xe2\x80\xa8", 3) || !memcmp(p, "\xe2\x80\xa9", 3)) ? 3
												: 0;
}

static const char *rest_of_line(const char *p, const char *end)
{
	while (p < end && !line_end(p, end))
		p++;
	return p;
}

/* Whether lines of the file end in \r\n: the one at p, else the first. */
static bool is_windows(const struct edit *x, const char *p)
{
	const char *stop = rest_of_line(p, x->end);

	if (stop == x->end)
		stop = rest_of_line(x->bytes, x->end);
	return line_end(stop, x->end) == 2 && *stop == '\r';
}

/* Only blanks, or the mark that begins a file, stand before p in its line. */
static bool begins_line(const struct edit *x, const char *p)
{
	while (p > x->bytes && p[-1] == ' ')
		p--;
	if (p - x->bytes == 3 && !memcmp(x->bytes, "\xef\xbb\xbf", 3))
		return true;
	return p == x->bytes || p[-1] == '\n' || p[-1] == '\r';
}

/* Behind the last line of the block: comments that are indented below its key are part of it. */
static const char *block_end(const struct edit *x, const struct yaml_span *span)
{
	const char *end = rest_of_line(x->bytes + span->end, x->end), *line = end;

	while (line < x->end) {
		const char *p = line + line_end(line, x->end), *start = p;

		while (p < x->end && (*p == ' ' || *p == '\t'))
			p++;
		line = rest_of_line(p, x->end);
		if (p < line && *p == '#' && (size_t)(p - start) > span->column)
			end = line;
		else if (p < line)
			break;
	}
	return end;
}

/* Whether the parts of the file are set off by blank lines, and its end is not. */
static bool wants_blank_line(const struct edit *x)
{
	const char *stop = x->end;

	while (stop > x->bytes && strchr("\r\n", stop[-1]))
		stop--;
	if ((size_t)(x->end - stop) > line_end(stop, x->end))
		return false;
	for (const char *p = rest_of_line(x->bytes, x->end); p < x->end;
	     p = rest_of_line(p, x->end)) {
		p += line_end(p, x->end);
		if (p < x->end && line_end(p, x->end))
			return true;
	}
	return false;
}

/* --- the new text --- */

/* The block, with the file's line ends. */
static void add_block(struct edit *x, const struct str *block, bool windows)
{
	struct adopt *out = x->out;

	out->start = out->text.len;
	for (size_t i = 0; i < block->len; i++) {
		if (windows && block->p[i] == '\n')
			str_addc(&out->text, '\r');
		str_addc(&out->text, block->p[i]);
	}
	out->len = out->text.len - out->start;
}

static void replace(struct edit *x, const struct yaml_span *span, const struct str *block,
		    bool ends_open)
{
	const char *start = x->bytes + span->start, *end = block_end(x, span);
	bool windows = is_windows(x, start);

	str_addn(&x->out->text, x->bytes, span->start);
	add_block(x, block, windows);
	if (end == x->end && ends_open)
		str_add(&x->out->text, windows ? "\r\n" : "\n");
	str_addn(&x->out->text, end, (size_t)(x->end - end));
}

static void append(struct edit *x, const struct yaml_span *span, const struct str *block,
		   bool ends_open)
{
	bool ended = x->end[-1] == '\n' || x->end[-1] == '\r', windows = is_windows(x, x->bytes);
	const char *newline = windows ? "\r\n" : "\n";
	struct str *text = &x->out->text;

	str_addn(text, x->bytes, (size_t)(x->end - x->bytes));
	if (!ended)
		str_add(text, newline);
	if (wants_blank_line(x))
		str_add(text, newline);
	for (unsigned i = 0; i < span->column; i++)
		str_addc(text, ' ');
	add_block(x, block, windows);
	if (ended || ends_open)
		str_add(text, newline);
}

static bool write_file(struct edit *x)
{
	struct block_write how = {.arena = x->arena,
				  .input = x->input,
				  .app = &x->out->before,
				  .resolved = x->resolved,
				  .indent = INDENT};
	struct yaml_span span;
	struct str block = STR_INIT;
	bool ok;

	yaml_member_span(x->bytes, (size_t)(x->end - x->bytes), "caddy", &span);
	if (!span.block)
		return refuse(x, ERROR_INVALID,
			      "the file as a whole is written in braces, so no lines of it are the "
			      "caddy: block's",
			      "write its top level as lines, `caddy:` at the beginning of one");
	if (span.found && !begins_line(x, x->bytes + span.start))
		return refuse(x, ERROR_INVALID, "caddy: does not begin its line",
			      "write it as `caddy:` at the beginning of a line");
	how.column = span.column;
	how.indent = span.indent ? span.indent : how.indent;
	ok = block_write(&how, &block, x->e);
	x->out->names_kept = how.names_kept;
	if (ok && span.found)
		replace(x, &span, &block, how.ends_open);
	else if (ok)
		append(x, &span, &block, how.ends_open);
	else
		error_where(x->e, "%s", x->input->source->stack.path);
	str_release(&block);
	return ok;
}

/* --- reading it back --- */

static bool nodes_same(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->plain != b->plain || a->count != b->count ||
	    a->len != b->len || !a->tag != !b->tag || (a->tag && strcmp(a->tag, b->tag) != 0) ||
	    (a->len && memcmp(a->text, b->text, a->len) != 0))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		bool map = a->kind == YAML_MAPPING;
		const struct yaml_node *left = map ? a->pairs[i].value : a->items[i];
		const struct yaml_node *right = map ? b->pairs[i].value : b->items[i];

		if ((map && !nodes_same(a->pairs[i].key, b->pairs[i].key)) ||
		    !nodes_same(left, right))
			return false;
	}
	return true;
}

/* All of the file but its caddy: block. */
static bool others_same(const struct yaml_node *before, const struct yaml_node *after)
{
	size_t found = 0;

	for (size_t i = 0; i < before->count; i++) {
		const struct yaml_pair *pair = &before->pairs[i];
		const struct yaml_node *now = yaml_get(after, pair->key->text);

		if (!strcmp(pair->key->text, "caddy"))
			continue;
		if (!now || !nodes_same(pair->value, now))
			return false;
		found++;
	}
	return found + 1 == after->count;
}

static void take_first(void *arg, const char *path, const json_t *before, const json_t *after)
{
	struct str *first = arg;

	(void)before;
	(void)after;
	if (!first->len)
		str_add(first, *path ? path : "caddy:");
}

static bool check(struct edit *x)
{
	struct adopt *out = x->out;
	struct app_source source = *x->input->source;
	struct str first = STR_INIT;
	json_t *resolved;
	bool ok;

	source.stack.bytes = out->text.p;
	source.stack.len = out->text.len;
	app_decode(&out->after, x->arena, &source);
	if (out->after.state != APP_VALID)
		return refuse_problem(
			x, ERROR_REFUSED,
			"what is live cannot be written into the file: ", &out->after);
	if (!others_same(out->before.root, out->after.root))
		return refuse(x, ERROR_REFUSED, "another part of the file would read differently",
			      "end the file with a newline, and keep anchors (&name) out of its "
			      "caddy: block");
	resolved = names_resolve_new(x->input, out->after.caddy);
	ok = names_fit(x->input, resolved, x->input->live);
	if (!ok) {
		diff_walk(resolved, x->input->live, take_first, &first);
		error_set(x->e, ERROR_REFUSED, "%s would not read back as it is in Caddy", first.p);
		error_where(x->e, "%s", source.stack.path);
		error_hint(x->e, "write this part by hand");
	}
	json_decref(resolved);
	str_release(&first);
	return ok;
}

static bool make(struct edit *x)
{
	const struct app_source *source = x->input->source;
	struct adopt *out = x->out;

	app_decode(&out->before, x->arena, source);
	if (out->before.state == APP_NO_FILE)
		return refuse(x, ERROR_NOT_FOUND, "no such file",
			      "put the file back; only its caddy: block is written anew");
	if (out->before.state != APP_VALID)
		return refuse_problem(x, ERROR_INVALID, "", &out->before);
	x->bytes = source->stack.bytes;
	x->end = x->bytes + source->stack.len;
	out->had_block = out->before.caddy != NULL;
	if (out->had_block)
		x->resolved = names_resolve_new(x->input, out->before.caddy);
	out->changed = !names_fit(x->input, x->resolved, x->input->live);
	out->names_kept = !out->changed && !json_same(x->resolved, x->input->live);
	return !out->changed || (write_file(x) && check(x));
}

bool adopt_make(struct adopt *out, struct arena *arena, const struct adopt_input *input,
		struct kata_error *e)
{
	struct edit x = {.out = out, .arena = arena, .input = input, .e = e};
	bool ok;

	*out = (struct adopt){.text = STR_INIT};
	ok = make(&x);
	json_decref(x.resolved);
	return ok;
}

void adopt_release(struct adopt *adopt)
{
	app_release(&adopt->before);
	app_release(&adopt->after);
	str_release(&adopt->text);
}
