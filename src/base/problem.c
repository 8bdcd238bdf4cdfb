/*
 * The list of problems of an app: bounded, in an arena, sorted by place for showing.
 */
#include "kata/problem.h"

#include <stdarg.h>
#include <string.h>

void problems_init(struct problems *list, struct arena *arena)
{
	*list = (struct problems){.arena = arena};
}

/* A slot for one more, or NULL when the list is full and holds nothing of less weight. */
static struct problem *problems_slot(struct problems *list, enum severity severity)
{
	if (list->count < PROBLEMS_MAX) {
		list->items = arena_grow(list->arena, list->items, list->count, &list->cap,
					 sizeof *list->items);
		return &list->items[list->count++];
	}
	list->more++;
	/* An error must not be crowded out by notes. */
	for (size_t i = list->count; severity == SEVERITY_ERROR && i-- > 0;)
		if (list->items[i].severity != SEVERITY_ERROR)
			return &list->items[i];
	return NULL;
}

/* What callers may write to when the problem itself is not kept: the slot behind the last. */
static struct problem *problems_spare(struct problems *list)
{
	list->items =
		arena_grow(list->arena, list->items, PROBLEMS_MAX, &list->cap, sizeof *list->items);
	list->items[PROBLEMS_MAX] = (struct problem){.msg = ""};
	return &list->items[PROBLEMS_MAX];
}

struct problem *problems_add(struct problems *list, enum severity severity, struct place place,
			     const char *fmt, ...)
{
	struct str msg = STR_INIT;
	va_list ap;

	if (severity == SEVERITY_ERROR)
		list->errors++;
	struct problem *p = problems_slot(list, severity);
	if (!p)
		return problems_spare(list);
	va_start(ap, fmt);
	str_vaddf(&msg, fmt, ap);
	va_end(ap);
	*p = (struct problem){
		.severity = severity,
		.place = place,
		.msg = arena_strndup(list->arena, msg.p, msg.len),
	};
	str_release(&msg);
	return p;
}

static int place_compare(const struct place *a, const struct place *b)
{
	int order = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

/* Insertion sort: stable, and the list is short and nearly in order. */
void problems_sort(struct problems *list)
{
	for (size_t i = 1; i < list->count; i++) {
		struct problem moving = list->items[i];
		size_t at = i;

		while (at > 0 && place_compare(&list->items[at - 1].place, &moving.place) > 0) {
			list->items[at] = list->items[at - 1];
			at--;
		}
		list->items[at] = moving;
	}
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
	};

	return (size_t)severity < sizeof names / sizeof names[0] ? names[severity] : "error";
}
