/*
 * Errors as values: filling, wrapping and naming them. No allocation happens here, so an
 * error can always be reported. Printing one is the business of cmd/ and ui/.
 */
#include "kata/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define X(code, name) [code] = name,
	KATA_ERRORS(X)
#undef X
};

const char *error_name(enum error_code code)
{
	if ((size_t)code >= sizeof names / sizeof names[0])
		return "internal";
	return names[code];
}

/* Drops a UTF-8 sequence that a bounded print has cut through at the end of a full buffer. */
static void trim_cut_sequence(char *text, size_t size)
{
	size_t len = strlen(text);
	size_t start = len;

	if (len + 1 < size)
		return;
	while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0 || (unsigned char)text[start - 1] < 0xc0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (len - start + 1 < want)
		text[start - 1] = '\0';
}

static void __attribute__((format(printf, 3, 0)))
print_bounded(char *buf, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(buf, size, fmt, ap) < 0)
		buf[0] = '\0';
	trim_cut_sequence(buf, size);
}

/* Appends two texts as far as they fit. */
static void append_bounded(char *buf, size_t size, const char *a, const char *b)
{
	size_t used = strlen(buf);

	for (; *a && used + 1 < size; a++)
		buf[used++] = *a;
	for (; *b && used + 1 < size; b++)
		buf[used++] = *b;
	buf[used] = '\0';
	trim_cut_sequence(buf, size);
}

bool error_set(struct kata_error *e, enum error_code code, const char *fmt, ...)
{
	struct kata_error fresh = {.code = code};
	va_list ap;

	/* Formatted aside first: an argument may point into *e. */
	va_start(ap, fmt);
	print_bounded(fresh.msg, sizeof fresh.msg, fmt, ap);
	va_end(ap);
	*e = fresh;
	return false;
}

/* The code that a person or a caller can act on; anything unusual is internal. */
static enum error_code code_of_errno(int number)
{
	static const struct {
		int number;
		enum error_code code;
	} rows[] = {
		{ENOENT, ERROR_NOT_FOUND},
		{ENOTDIR, ERROR_NOT_FOUND},
		{EEXIST, ERROR_EXISTS},
		{EACCES, ERROR_DENIED},
		{EPERM, ERROR_DENIED},
		{EROFS, ERROR_DENIED},
		{ECONNREFUSED, ERROR_UNAVAILABLE},
		{EHOSTUNREACH, ERROR_UNAVAILABLE},
		{ENETUNREACH, ERROR_UNAVAILABLE},
		{ECONNRESET, ERROR_LOST},
		{EPIPE, ERROR_LOST},
		{ETIMEDOUT, ERROR_TIMEOUT},
		{ECANCELED, ERROR_CANCELLED},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].number == number)
			return rows[i].code;
	return ERROR_INTERNAL;
}

bool error_sys(struct kata_error *e, const char *fmt, ...)
{
	int number = errno;
	struct kata_error fresh = {.code = code_of_errno(number), .sys = number};
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	print_bounded(fresh.msg, sizeof fresh.msg, fmt, ap);
	va_end(ap);
	/* The GNU form: it may return a static text instead of filling the buffer. */
	const char *text = strerror_r(number, reason, sizeof reason);
	append_bounded(fresh.msg, sizeof fresh.msg, fresh.msg[0] ? ": " : "", text);
	*e = fresh;
	errno = number;
	return false;
}

bool error_wrap(struct kata_error *e, const char *fmt, ...)
{
	char text[sizeof e->msg];
	va_list ap;

	va_start(ap, fmt);
	print_bounded(text, sizeof text, fmt, ap);
	va_end(ap);
	append_bounded(text, sizeof text, ": ", e->msg);
	memcpy(e->msg, text, sizeof text);
	return false;
}

void error_where(struct kata_error *e, const char *fmt, ...)
{
	char text[sizeof e->where];
	va_list ap;

	va_start(ap, fmt);
	print_bounded(text, sizeof text, fmt, ap);
	va_end(ap);
	memcpy(e->where, text, sizeof text);
}

void error_hint(struct kata_error *e, const char *fmt, ...)
{
	char text[sizeof e->hint];
	va_list ap;

	va_start(ap, fmt);
	print_bounded(text, sizeof text, fmt, ap);
	va_end(ap);
	memcpy(e->hint, text, sizeof text);
}

noreturn void bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "kata-tui: bug at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
