/*
 * Errors as values. The caller owns a `struct kata_error` (on its stack), passes
 * it last, and reads it only when the call returned false. A filled error says what
 * happened (msg), where (file:line:column, or method and URL) and what to do (hint).
 * Nothing here allocates, prints or exits. Texts may hold outside text: they reach a
 * terminal only through text_safe().
 */
#ifndef KATA_ERROR_H
#define KATA_ERROR_H

#include <stdbool.h>
#include <stdnoreturn.h>

/* code, name in --json output */
#define KATA_ERRORS(X)                                                                             \
	X(ERROR_NONE, "none")                                                                      \
	X(ERROR_INVALID, "invalid") /* input that a person must change */                          \
	X(ERROR_NOT_FOUND, "not-found")                                                            \
	X(ERROR_EXISTS, "exists")                                                                  \
	X(ERROR_CONFLICT, "conflict") /* somebody changed it meanwhile: read again */              \
	X(ERROR_REFUSED, "refused")   /* the server read it and said no */                         \
	X(ERROR_DENIED, "denied")                                                                  \
	X(ERROR_UNAVAILABLE, "unavailable") /* nobody answers there */                             \
	X(ERROR_LOST, "lost") /* the connection closed before the answer: outcome unknown */       \
	X(ERROR_TIMEOUT, "timeout")                                                                \
	X(ERROR_CANCELLED, "cancelled")                                                            \
	X(ERROR_PROTOCOL, "protocol") /* an answer that makes no sense */                          \
	X(ERROR_INTERNAL, "internal")

enum error_code {
#define X(code, name) code,
	KATA_ERRORS(X)
#undef X
};

struct kata_error {
	enum error_code code;
	int sys;  /* errno, or 0 */
	int http; /* status code, or 0 */
	char msg[1024];
	char where[512];
	char hint[512];
};

/* The code's name in machine output, e.g. "not-found". */
const char *error_name(enum error_code code);

/* Starts an error afresh; always returns false, so `return error_set(...)` works. */
bool error_set(struct kata_error *e, enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Like error_set, from errno as it is on entry: "fmt: No such file or directory". */
bool error_sys(struct kata_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts context before the message: "fmt: message". Returns false. */
bool error_wrap(struct kata_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_where(struct kata_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_hint(struct kata_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Our own fault: says file and line on stderr and aborts. */
noreturn void bug_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)

#endif
