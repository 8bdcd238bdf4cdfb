/*
 * Allocation that never fails, arenas and growing strings. Out of memory is the one
 * condition that ends the program here: nothing useful can be done without memory, and
 * nothing that kata-tui changes outside is left half done by stopping.
 */
#include "kata/memory.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kata/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SEPARATE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SEPARATE 1
#endif
#endif
#ifndef ARENA_SEPARATE
#define ARENA_SEPARATE 0
#endif

enum {
	EXIT_MEMORY = 70, /* EX_SOFTWARE of sysexits */
	CHUNK_FIRST = 4096,
	CHUNK_MAX = 256 * 1024,
	CHUNK_MAPPED = 128 * 1024, /* from here on straight from the kernel */
};

static noreturn void die_out_of_memory(void)
{
	static const char text[] = "kata-tui: out of memory\n";

	/* stdio may allocate, and exit handlers may too. */
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		_exit(EXIT_MEMORY);
	_exit(EXIT_MEMORY);
}

static size_t size_add(size_t a, size_t b)
{
	size_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		die_out_of_memory();
	return sum;
}

static size_t size_mul(size_t a, size_t b)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		die_out_of_memory();
	return product;
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		die_out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		die_out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	void *moved = realloc(p, size ? size : 1);

	if (!moved)
		die_out_of_memory();
	return moved;
}

char *xstrdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(xmalloc(size), s, size);
}

/* The next capacity of an array: doubled, at least 8. */
static size_t grown_cap(size_t cap)
{
	return cap < 8 ? 8 : size_mul(cap, 2);
}

void *xgrow(void *items, size_t count, size_t *cap, size_t size)
{
	if (items && count < *cap)
		return items;
	*cap = grown_cap(*cap);
	return xrealloc(items, size_mul(*cap, size));
}

/* A block of memory that allocations are cut from, newest first in the list. */
struct chunk {
	struct chunk *next;
	size_t size, used;
	size_t mapped; /* bytes to unmap, or 0: from the heap */
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct chunk *chunks; /* the first one is where small allocations come from */
	size_t next_size;
};

struct arena *arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof *a);

	a->next_size = CHUNK_FIRST;
	return a;
}

/*
 * Zeroed. Big chunks come from the kernel with all their pages at once: one by one, as they are
 * touched, they would cost more than what is done with them.
 */
static struct chunk *chunk_new(size_t room)
{
	size_t size = size_add(sizeof(struct chunk), room);
	struct chunk *c;

	if (ARENA_SEPARATE || size < CHUNK_MAPPED) {
		c = xcalloc(1, size);
	} else {
		c = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (c == MAP_FAILED)
			die_out_of_memory();
		c->mapped = size;
	}
	c->size = room;
	return c;
}

static void chunk_free(struct chunk *c)
{
	if (c->mapped)
		munmap(c, c->mapped);
	else
		free(c);
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->chunks; c;) {
		struct chunk *next = c->next;

		chunk_free(c);
		c = next;
	}
	free(a);
}

bool arena_is_checked(void)
{
	return ARENA_SEPARATE;
}

/* Makes a chunk with room for size bytes the first one, or gives a big one its own chunk. */
static struct chunk *arena_add_chunk(struct arena *a, size_t size)
{
	struct chunk *c;

	if (a->chunks && (ARENA_SEPARATE || size > a->next_size / 4)) {
		c = chunk_new(size);
		c->next = a->chunks->next;
		a->chunks->next = c;
		return c;
	}
	size_t room = a->next_size - sizeof *c;
	c = chunk_new(size > room ? size : room);
	if (a->next_size < CHUNK_MAX)
		a->next_size *= 2;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

/*
 * Cuts zeroed bytes from the first chunk: texts pack tightly, objects are aligned. Under the
 * address sanitizer every piece is a block of its own, so that it sees one overrun the next.
 */
static void *arena_cut(struct arena *a, size_t size, size_t align)
{
	struct chunk *c = a->chunks;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

	if (ARENA_SEPARATE || !c || at > c->size || c->size - at < size) {
		c = arena_add_chunk(a, size);
		at = 0;
	}
	c->used = at + size;
	return c->bytes + at;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return arena_cut(a, size ? size : 1, alignof(max_align_t));
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_cut(a, size_add(len, 1), 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char shown[256], *copy;
	struct str s = STR_INIT;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(shown, sizeof shown, fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof shown)
		return arena_strndup(a, shown, (size_t)len);
	va_start(ap, fmt);
	str_vaddf(&s, fmt, ap);
	va_end(ap);
	copy = arena_strndup(a, s.p, s.len);
	str_release(&s);
	return copy;
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
{
	if (items && count < *cap)
		return items;
	*cap = grown_cap(*cap);
	void *moved = arena_alloc(a, size_mul(*cap, size));
	if (count)
		memcpy(moved, items, size_mul(count, size));
	return moved;
}

char str_empty[1];

/* Makes room for `more` bytes and the final NUL. */
static void str_reserve(struct str *s, size_t more)
{
	size_t need = size_add(size_add(s->len, more), 1);

	if (need <= s->cap)
		return;
	size_t cap = s->cap < 32 ? 32 : s->cap;
	while (cap < need)
		cap = size_mul(cap, 2);
	s->p = xrealloc(s->cap ? s->p : NULL, cap);
	s->cap = cap;
	s->p[s->len] = '\0';
}

void str_release(struct str *s)
{
	if (s->cap)
		free(s->p);
	*s = (struct str)STR_INIT;
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->cap)
		s->p[0] = '\0';
}

void str_addn(struct str *s, const char *bytes, size_t len)
{
	if (!len)
		return;
	str_reserve(s, len);
	memcpy(s->p + s->len, bytes, len);
	s->len += len;
	s->p[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	str_reserve(s, 64);
	size_t room = s->cap - s->len;
	int len = vsnprintf(s->p + s->len, room, fmt, ap);
	if (len < 0)
		BUG("str_addf: bad format \"%s\"", fmt);
	if ((size_t)len >= room) {
		s->p[s->len] = '\0';
		str_reserve(s, (size_t)len);
		vsnprintf(s->p + s->len, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	s->len += (size_t)len;
}

char *str_detach(struct str *s)
{
	char *p = s->cap ? s->p : xcalloc(1, 1);

	*s = (struct str)STR_INIT;
	return p;
}
