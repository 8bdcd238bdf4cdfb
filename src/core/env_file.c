/*
 * ENV and .env files: the dialect that docker compose reads, but nothing is expanded.
 * Every fault is reported with its line, and reading goes on with the next one.
 */
#include "kata/env.h"

#include <string.h>

#include "kata/text.h"

#include "env_internal.h"

enum { FILE_MAX = 1024 * 1024 };

struct reader {
	struct env *env;
	enum env_layer layer;
	const char *p, *end;
	const char *file;
	unsigned line; /* of p, from 1 */
	struct problems *problems;
};

static struct problem *fault(struct reader *r, unsigned line, const char *msg)
{
	return problems_add(r->problems, SEVERITY_ERROR, (struct place){r->file, line, 1}, "%s",
			    msg);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
}

static bool at_line_end(const struct reader *r)
{
	return r->p == r->end || *r->p == '\n';
}

static void skip_line(struct reader *r)
{
	while (!at_line_end(r))
		r->p++;
	if (r->p < r->end) {
		r->p++;
		r->line++;
	}
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_.-[]", c));
}

/* The name that begins here; NULL with a problem when the line has none. */
static const char *read_name(struct reader *r)
{
	const char *start = r->p;

	while (r->p < r->end && is_name_char(*r->p))
		r->p++;
	size_t len = (size_t)(r->p - start);
	skip_blanks(r);
	if (len && (at_line_end(r) || *r->p == '=' || *r->p == ':'))
		return arena_strndup(r->env->arena, start, len);
	fault(r, r->line,
	      len ? "a line that is no NAME=value"
		  : "a variable's name is missing, or begins with a strange character")
		->hint = "write NAME=value; a comment begins with #";
	return NULL;
}

/* `export NAME=value` as shells have it; `export=1` is a variable like others. */
static void skip_export(struct reader *r)
{
	static const char word[] = "export";
	size_t len = sizeof word - 1;

	if ((size_t)(r->end - r->p) <= len || memcmp(r->p, word, len) != 0 || !is_blank(r->p[len]))
		return;
	const char *start = r->p;
	r->p += len;
	skip_blanks(r);
	if (at_line_end(r) || *r->p == '=' || *r->p == ':')
		r->p = start;
}

/* To the end of the line, or to a # with a space before it. */
static const char *read_unquoted(struct reader *r)
{
	const char *start = r->p, *stop = r->p;

	for (; !at_line_end(r); r->p++) {
		if (*r->p == '#' && r->p[-1] == ' ')
			break;
		if (!is_blank(*r->p))
			stop = r->p + 1;
	}
	return arena_strndup(r->env->arena, start, (size_t)(stop - start));
}

/* What a backslash and c mean between double quotes, or 0 when they mean themselves. */
static char unescape(char c)
{
	static const char names[] = "nrtfvab\\\"$", values[] = "\n\r\t\f\v\a\b\\\"$";
	const char *at = c ? strchr(names, c) : NULL;

	return at ? values[at - names] : '\0';
}

/* One character of a quoted value; counts lines, and reads a Windows line end as one. */
static void read_quoted_char(struct reader *r, char quote, struct str *out)
{
	char c = *r->p++;
	bool more = r->p < r->end;

	if (c == '\\' && more) {
		char plain = quote == '"' ? unescape(*r->p) : *r->p == '\'' ? '\'' : '\0';

		if (plain) {
			r->p++;
			str_addc(out, plain);
			if (plain == '$' && r->layer == ENV_ENV_FILE)
				str_addc(out, plain); /* a dollar that begins no variable */
			return;
		}
	}
	if (c == '\r' && more && *r->p == '\n')
		return;
	r->line += c == '\n';
	str_addc(out, c);
}

/* The value between quotes, over several lines if need be; NULL with a problem. */
static const char *read_quoted(struct reader *r)
{
	struct reader start = *r;
	struct str out = STR_INIT;
	const char *value = NULL;
	char quote = *r->p++;

	while (r->p < r->end && *r->p != quote)
		read_quoted_char(r, quote, &out);
	if (r->p == r->end) {
		/* Go on behind the line that opened it, to find what else is wrong. */
		*r = start;
		fault(r, r->line, "a quote that is never closed");
	} else {
		r->p++;
		skip_blanks(r);
		if (at_line_end(r) || *r->p == '#')
			value = arena_strndup(r->env->arena, out.p, out.len);
		else
			fault(r, r->line, "text behind the closing quote")->hint =
				"put the whole value in quotes";
	}
	str_release(&out);
	return value;
}

/* One line with a variable on it, or more when its value is quoted. */
static void read_variable(struct reader *r)
{
	struct place place = {r->file, r->line, 1};

	skip_export(r);
	const char *name = read_name(r);
	if (!name)
		return;
	if (at_line_end(r)) {
		env_set(r->env, r->layer, name, NULL, true, place);
		return;
	}
	r->p++;
	skip_blanks(r);
	char quote = r->p < r->end && (*r->p == '"' || *r->p == '\'') ? *r->p : '\0';
	const char *value = quote ? read_quoted(r) : read_unquoted(r);
	/* ENV is literal; an env_file is Compose's, which expands all but single quotes. */
	bool literal = r->layer != ENV_ENV_FILE || quote == '\'';

	if (value)
		env_set(r->env, r->layer, name, value, literal, place);
}

/* Line of the first byte that no environment can hold, or 0. */
static unsigned bad_line(const char *bytes, size_t len)
{
	const char *nul = len ? memchr(bytes, '\0', len) : NULL;
	size_t bad = utf8_check(bytes, len);
	unsigned line = 1;

	if (nul && (size_t)(nul - bytes) < bad)
		bad = (size_t)(nul - bytes);
	for (size_t i = 0; i < bad; i++)
		line += bytes[i] == '\n';
	return bad < len ? line : 0;
}

void env_add_file(struct env *env, enum env_layer layer, const char *bytes, size_t len,
		  const char *file, struct problems *problems)
{
	struct reader r = {env, layer, bytes, NULL, file, 1, problems};

	if (!len)
		return;
	if (len > FILE_MAX) {
		fault(&r, 0, "the file is too large: more than 1 MiB");
		return;
	}
	unsigned bad = bad_line(bytes, len);
	if (bad) {
		fault(&r, bad, "bytes that are not UTF-8 text")->hint = "save the file as UTF-8";
		return;
	}
	r.end = bytes + len;
	if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
		r.p += 3;
	while (r.p < r.end) {
		skip_blanks(&r);
		if (!at_line_end(&r) && *r.p != '#')
			read_variable(&r);
		skip_line(&r);
	}
}
