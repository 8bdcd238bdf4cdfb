/*
 * Memory: allocation that never fails (out of memory ends the program with a message),
 * arenas for what lives and dies together, and a growing string.
 *
 * arena: arena_new() .. arena_free(). What arena_* returns lives as long as the arena.
 * str:   `struct str s = STR_INIT;` .. str_release(&s). s.p is never NULL and always
 *        ends in a NUL byte, though it may hold others.
 */
#ifndef KATA_MEMORY_H
#define KATA_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t size) __attribute__((returns_nonnull, malloc));
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull, malloc));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));

/* Makes room for one more in a heap array: *items has count items of `size` bytes, *cap slots. */
void *xgrow(void *items, size_t count, size_t *cap, size_t size) __attribute__((returns_nonnull));

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */
/* Whether every piece is a block of its own, for a sanitizer to watch. */
bool arena_is_checked(void);
/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
/* Copies len bytes (which may hold NULs) and ends them with a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t len) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((returns_nonnull, format(printf, 2, 3)));
/* Like xgrow, in the arena: returns the (perhaps moved) array with room for one more. */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
	__attribute__((returns_nonnull));

struct str {
	char *p;
	size_t len, cap;
};

extern char str_empty[1];
#define STR_INIT                                                                                   \
	{                                                                                          \
		str_empty, 0, 0                                                                    \
	}

void str_release(struct str *s); /* back to STR_INIT */
void str_clear(struct str *s);	 /* empty, keeps the room */
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *bytes, size_t len);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Hands the heap string over to the caller (free()), leaving s empty. */
char *str_detach(struct str *s);

#endif
