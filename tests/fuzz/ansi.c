/*
 * Fuzz target: lines with control sequences, as programs write them. No sequence and no carriage
 * return is left, spans are in order, and nothing but safe text gets into cells. The same bytes as
 * YAML keep every byte, whatever colours they get.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/pane.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_spans(const struct line *line)
{
	check(!line->len || (line->span_count && line->spans[0].at == 0));
	for (size_t i = 0; i < line->span_count; i++) {
		check(line->spans[i].at <= line->len);
		check(!i || line->spans[i].at > line->spans[i - 1].at);
		check((unsigned)line->spans[i].role < ROLE_END);
	}
}

static void check_drawn(struct pane *pane)
{
	struct cells cells;

	cells_init(&cells);
	cells_resize(&cells, 5, 13);
	for (int i = 0; i < 4; i++) {
		pane->wrap = i % 2;
		pane_search(pane, i < 2 ? NULL : "a");
		cells_clear(&cells);
		pane_draw(pane, cells_area(&cells), true);
		pane_scroll(pane, 2);
		for (int at = 0; at < cells.h * cells.w; at++)
			for (size_t b = 0; b < cells.at[at].len; b++)
				check((unsigned char)cells.at[at].text[b] >= ' ' &&
				      cells.at[at].text[b] != 0x7f);
	}
	cells_release(&cells);
}

static void check_yaml(const char *text, size_t len)
{
	struct pane pane;
	size_t at = 0;

	pane_init(&pane, 0);
	pane_add_yaml(&pane, text, len);
	for (size_t i = 0; i < pane_count(&pane); i++) {
		const struct line *line = pane_line(&pane, i);

		check_spans(line);
		check(line->len <= len - at && !memcmp(line->text, text + at, line->len));
		at += line->len;
		at += at < len && text[at] == '\r';
		check(at == len || text[at] == '\n');
		at += at < len;
	}
	check(at == len);
	check_drawn(&pane);
	pane_release(&pane);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pane pane;

	pane_init(&pane, 0);
	struct line *line = pane_add_ansi(&pane, ROLE_text, (const char *)data, size);
	check_spans(line);
	check(line->len <= size);
	check(!memchr(line->text, 0x1b, line->len) && !memchr(line->text, '\r', line->len));
	check_drawn(&pane);
	pane_release(&pane);
	check_yaml((const char *)data, size);
	return 0;
}
