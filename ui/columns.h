/*
 * What the lists show of their rows (facts.h makes the rows): one table of columns per list.
 */
#ifndef KATA_UI_COLUMNS_H
#define KATA_UI_COLUMNS_H

#include <stddef.h>

#include "ui/cells.h"
#include "ui/list.h"

/* What list_init() gets as `arg`; must live as long as the list. */
struct column_arg {
	const struct cells *cells; /* glyphs: UTF-8 or ASCII */
};

struct column_table {
	const struct column *columns;
	size_t count;
	const char *key; /* the member that tells rows apart */
};

extern const struct column_table columns_apps, columns_servers, columns_containers, columns_tree;

/* How a state is drawn: "good", "busy" ... as in facts.h; NULL is unknown. */
enum role state_role(const char *state);
enum glyph state_glyph(const char *state);

#endif
