/*
 * Words for YAML that cannot be read. libyaml names its errors by English text alone; one
 * table turns them into sentences, and a look at the line finds the usual causes.
 */
#include <string.h>

#include "kata/text.h"
#include "yaml_build.h"

/* One line of the file, without its end. */
struct line {
	const char *p;
	size_t len;
	unsigned number; /* from 1 */
};

static struct line line_at(const struct yaml_build *b, size_t number)
{
	const char *p = b->bytes, *end = b->bytes + b->len;
	struct line line = {.number = (unsigned)number};

	for (size_t left = number - 1; p < end && left; p++)
		if (*p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n')))
			left--;
	line.p = p;
	while (p < end && *p != '\n' && *p != '\r')
		p++;
	line.len = (size_t)(p - line.p);
	return line;
}

/* How many bytes from `at` on are in the set. */
static size_t line_span(struct line line, size_t at, const char *set)
{
	size_t start = at;

	while (at < line.len && line.p[at] && strchr(set, line.p[at]))
		at++;
	return at - start;
}

/* The byte in a column (counted in characters, from 1), or 0 beyond the end. */
static char line_char(struct line line, size_t column)
{
	size_t at = 0;

	while (at < line.len && --column) {
		size_t size = utf8_decode(line.p + at, line.len - at, NULL);

		at += size ? size : 1;
	}
	return at < line.len ? line.p[at] : '\0';
}

static bool line_has(struct line line, const char *needle)
{
	return memmem(line.p, line.len, needle, strlen(needle)) != NULL;
}

/* `name:value` was written, with no space; the column of the colon, or 0. */
static unsigned missing_space(struct line line)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789_.-";
	size_t at = line_span(line, 0, " ");

	if (line_span(line, at, "-") == 1)
		at += 1 + line_span(line, at + 1, " ");
	size_t len = line_span(line, at, name);
	size_t colon = at + len;
	if (!len || colon + 1 >= line.len || line.p[colon] != ':' ||
	    strchr(" /", line.p[colon + 1]) || line_has(line, ": "))
		return 0;
	return (unsigned)colon + 1;
}

/* What is said, and where: about the place libyaml stopped at, or where its context began. */
struct fault {
	const char *problem; /* libyaml's text */
	const char *context; /* part of libyaml's context, or NULL */
	bool at_context;
	const char *msg;
	const char *hint;
};

#define HINT_QUOTES  "put the whole value in quotes"
#define HINT_COLUMNS "check the indentation: all keys of a map begin in the same column"

static const struct fault faults[] = {
	{"could not find expected ':'", NULL, true, "this line is no `name: value`",
	 "write a ':' and a space after the name"},
	{"mapping values are not allowed in this context", NULL, false,
	 "a ':' that does not fit here",
	 "put a value that holds ': ' in quotes, and check the indentation"},
	{"block sequence entries are not allowed in this context", NULL, false,
	 "a list cannot begin here", "begin the list on the next line, or write it as [a, b]"},
	{"mapping keys are not allowed in this context", NULL, false,
	 "a '?' that does not fit here", HINT_QUOTES},
	{"did not find expected '-' indicator", NULL, false,
	 "this line is no item of the list above",
	 "items begin with '- ' in the same column; a list and a map do not mix"},
	{"did not find expected ',' or ']'", NULL, true,
	 "the list opened by this [ is not closed, or a comma is missing in it",
	 "put a text that begins with [ in quotes"},
	{"did not find expected ',' or '}'", NULL, true,
	 "the map opened by this { is not closed, or a comma is missing in it",
	 "put a text that begins with { in quotes"},
	{"did not find expected <document start>", NULL, false,
	 "this line does not belong to what is above it", HINT_COLUMNS},
	{"did not find expected node content", NULL, false, "a value is missing here",
	 "close every [ and {, and put a text with any of [ ] { } , in quotes"},
	{"found unexpected end of stream", "quoted", true, "this quote is never closed",
	 "add the closing quote at the end of the value"},
	{"found unexpected document indicator", "quoted", true, "this quote is never closed",
	 "add the closing quote at the end of the value"},
	{"found unknown escape character", NULL, false,
	 "a backslash that means nothing between double quotes",
	 "use single quotes, or write two backslashes"},
	{"did not find expected hexdecimal number", NULL, false,
	 "a \\x, \\u or \\U without its hexadecimal digits",
	 "use single quotes, or write two backslashes"},
	{"found invalid Unicode character escape code", NULL, false,
	 "an escape that names no character",
	 "write the character itself, or its code outside D800 to DFFF"},
	{"did not find expected alphabetic or numeric character", "alias", true,
	 "a value cannot begin with *", HINT_QUOTES},
	{"did not find expected alphabetic or numeric character", "anchor", true,
	 "a value cannot begin with &", HINT_QUOTES},
	{"did not find expected comment or line break", "block scalar", true,
	 "text behind a | or > that begins a text of several lines", HINT_QUOTES},
	{"found an indentation indicator equal to 0", NULL, false,
	 "the number behind | or > is 1 to 9",
	 "leave the number out: the first line sets the indentation"},
	{"found incompatible YAML document", NULL, false, "this version of YAML is not known",
	 "leave the %YAML line out"},
	{"found undefined tag handle", NULL, false, "a tag that is defined nowhere", HINT_QUOTES},
};

/* Families of errors that differ in detail only, by the context alone. */
static const struct fault families[] = {
	{NULL, "directive", true, "a line that begins with % is a directive, and not this one",
	 "put a text that begins with % in quotes"},
	{NULL, "tag", true, "a value cannot begin with ! unless it is a tag", HINT_QUOTES},
};

static const struct fault *fault_find(const char *problem, const char *context)
{
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (!strcmp(faults[i].problem, problem) &&
		    (!faults[i].context || strstr(context, faults[i].context)))
			return &faults[i];
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		if (strstr(context, families[i].context))
			return &families[i];
	return NULL;
}

/* A tab where spaces belong: before the first character of the line, or where libyaml stopped. */
static bool say_tab(struct yaml_build *b, struct line line, unsigned column)
{
	size_t spaces = line_span(line, 0, " ");

	if (spaces < line.len && line.p[spaces] == '\t')
		column = (unsigned)spaces + 1;
	else if (line_char(line, column) != '\t')
		return false;
	yaml_problem_at(b, line.number, column, "a tab is used for indentation")->hint =
		"YAML is indented with spaces only";
	return true;
}

/* The colon without its space may stand in the line shown, or in one above it. */
static bool say_missing_space(struct yaml_build *b, const yaml_parser_t *parser, unsigned number)
{
	if (strcmp(parser->problem, "could not find expected ':'") != 0 &&
	    strcmp(parser->problem, "mapping values are not allowed in this context") != 0)
		return false;
	for (unsigned back = 0; back < 3 && back < number; back++) {
		struct line line = line_at(b, number - back);
		unsigned column = missing_space(line);

		if (column) {
			yaml_problem_at(b, line.number, column, "a space is missing after ':'")
				->hint = "write `name: value`";
			return true;
		}
	}
	return false;
}

/* Something follows a complete value, or a line stands in a column of its own. */
static struct problem *say_misfit(struct yaml_build *b, const yaml_parser_t *parser,
				  struct line line, unsigned column)
{
	struct problem *p;

	if (line_span(line, 0, " ") + 1 < column) {
		p = yaml_problem_at(b, line.number, column, "text behind a complete value");
		p->hint = HINT_QUOTES;
		return p;
	}
	p = yaml_problem_at(b, line.number, column,
			    "this line does not fit the map that begins in line %u",
			    (unsigned)parser->context_mark.line + 1);
	p->hint = HINT_COLUMNS;
	return p;
}

static bool say_bad_begin(struct yaml_build *b, const yaml_parser_t *parser, struct line line,
			  unsigned column)
{
	char c = line_char(line, column);

	if (strcmp(parser->problem, "found character that cannot start any token") != 0 || !c)
		return false;
	yaml_problem_at(b, line.number, column, "a value cannot begin with %c", c)->hint =
		HINT_QUOTES;
	return true;
}

/* The template of another tool, {{ name }}, is the likeliest cause when it is in sight. */
static void hint_template(struct problem *p, struct line line)
{
	if (line_has(line, "{{"))
		p->hint = "put a text with {{ .. }} in quotes";
}

/* Line and column, from 1, of a byte; columns count characters. */
static struct place place_of_byte(const struct yaml_build *b, size_t offset)
{
	struct place place = {b->file, 1, 1};
	size_t at = 0;

	while (at < offset && at < b->len) {
		size_t size = utf8_decode(b->bytes + at, b->len - at, NULL);

		place.column++;
		if (b->bytes[at] == '\n') {
			place.line++;
			place.column = 1;
		}
		at += size ? size : 1;
	}
	return place;
}

static void say_control(struct yaml_build *b, const yaml_parser_t *parser)
{
	struct place at = place_of_byte(b, parser->problem_offset);

	yaml_problem_at(b, at.line, at.column, "a control character (U+%04X) in the text",
			(unsigned)parser->problem_value)
		->hint = "remove it, or write it as an escape (\\x1b) in double quotes";
}

void yaml_syntax_problem(struct yaml_build *b, const yaml_parser_t *parser)
{
	const char *context = parser->context ? parser->context : "";

	if (parser->error == YAML_MEMORY_ERROR || !parser->problem) {
		yaml_problem_at(b, 0, 0, "not enough memory to read the file")->hint =
			"free some memory and try again";
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		say_control(b, parser);
		return;
	}
	const struct fault *fault = fault_find(parser->problem, context);
	const yaml_mark_t *mark =
		fault && fault->at_context ? &parser->context_mark : &parser->problem_mark;
	unsigned column = (unsigned)mark->column + 1;
	struct line line = line_at(b, mark->line + 1);
	if (say_tab(b, line_at(b, parser->problem_mark.line + 1),
		    (unsigned)parser->problem_mark.column + 1) ||
	    say_missing_space(b, parser, line.number) || say_bad_begin(b, parser, line, column))
		return;
	struct problem *p;
	if (!strcmp(parser->problem, "did not find expected key")) {
		p = say_misfit(b, parser, line, column);
	} else {
		p = yaml_problem_at(b, line.number, column, "%s",
				    fault ? fault->msg : parser->problem);
		p->hint = fault ? fault->hint
				: "see line and column; a line begins with spaces, a "
				  "name, a ':' and a space";
	}
	hint_template(p, line);
}

bool yaml_bytes_check(struct yaml_build *b)
{
	const char *nul = b->len ? memchr(b->bytes, '\0', b->len) : NULL;
	bool wide =
		b->len >= 2 && (!memcmp(b->bytes, "\xff\xfe", 2) ||
				!memcmp(b->bytes, "\xfe\xff", 2) || (nul && nul - b->bytes < 2));

	if (wide) {
		yaml_problem_at(b, 1, 1, "the file is not UTF-8 but UTF-16 or UTF-32")->hint =
			"save it as UTF-8";
		return false;
	}
	if (b->len >= 3 && !memcmp(b->bytes, "\xef\xbb\xbf", 3)) {
		b->bytes += 3;
		b->len -= 3;
	}
	size_t bad = utf8_check(b->bytes, b->len);
	if (nul && (size_t)(nul - b->bytes) < bad)
		bad = (size_t)(nul - b->bytes);
	if (bad == b->len)
		return true;
	struct place at = place_of_byte(b, bad);
	if (b->bytes[bad])
		yaml_problem_at(b, at.line, at.column, "a byte that is not UTF-8 (0x%02X)",
				(unsigned)(unsigned char)b->bytes[bad])
			->hint = "save the file as UTF-8";
	else
		yaml_problem_at(b, at.line, at.column, "a NUL byte in the text")->hint =
			"is this a text file? Remove the byte, or save it as UTF-8";
	return false;
}
