/*
 * The grid of cells: drawing into areas, and the picture as text. Here is the only way of text into
 * a cell: made safe, measured, cut. No colour and no terminal.
 */
#include "ui/cells.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kata/text.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

enum { TAB = 8 };

const char *const role_names[ROLE_COUNT] = {
#define ROLE(name, fallback, use) [ROLE_##name] = #name,
	UI_ROLES(ROLE)
#undef ROLE
};

const enum role role_fallbacks[ROLE_COUNT] = {
#define ROLE(name, fallback, use) [ROLE_##name] = ROLE_##fallback,
	UI_ROLES(ROLE)
#undef ROLE
};

/*
 * Columns of a character. wcwidth() depends on the locale and the C library, so the table is ours,
 * from Unicode 15.1. Zero: general categories Mn, Me and Cf (UnicodeData.txt) without U+00AD and
 * the signs that Arabic, Syriac and Kaithi put before a number (Prepended_Concatenation_Mark),
 * which are seen; and the vowels and finals of conjoining Hangul. Two: W and F in
 * EastAsianWidth.txt, which has all emoji that are shown as such by default; its whole blocks of
 * ideographs; and, as glibc has them (the second Unicode 16 too), U+3248..324F and U+4DC0..4DFF.
 * What text_safe() never lets through is left out, and what is not assigned may be inside a range.
 * Edges of ranges: the first inside, the first behind, and so on.
 */
static const uint32_t zero_edges[] = {
	0x0300,	 0x0370,  0x0483,  0x048a,  0x0591,  0x05be,  0x05bf,  0x05c0,	0x05c1,	 0x05c3,
	0x05c4,	 0x05c6,  0x05c7,  0x05c8,  0x0610,  0x061b,  0x064b,  0x0660,	0x0670,	 0x0671,
	0x06d6,	 0x06dd,  0x06df,  0x06e5,  0x06e7,  0x06e9,  0x06ea,  0x06ee,	0x0711,	 0x0712,
	0x0730,	 0x074b,  0x07a6,  0x07b1,  0x07eb,  0x07f4,  0x07fd,  0x07fe,	0x0816,	 0x081a,
	0x081b,	 0x0824,  0x0825,  0x0828,  0x0829,  0x082e,  0x0859,  0x085c,	0x0898,	 0x08a0,
	0x08ca,	 0x08e2,  0x08e3,  0x0903,  0x093a,  0x093b,  0x093c,  0x093d,	0x0941,	 0x0949,
	0x094d,	 0x094e,  0x0951,  0x0958,  0x0962,  0x0964,  0x0981,  0x0982,	0x09bc,	 0x09bd,
	0x09c1,	 0x09c5,  0x09cd,  0x09ce,  0x09e2,  0x09e4,  0x09fe,  0x0a03,	0x0a3c,	 0x0a3d,
	0x0a41,	 0x0a52,  0x0a70,  0x0a72,  0x0a75,  0x0a76,  0x0a81,  0x0a83,	0x0abc,	 0x0abd,
	0x0ac1,	 0x0ac9,  0x0acd,  0x0ace,  0x0ae2,  0x0ae4,  0x0afa,  0x0b02,	0x0b3c,	 0x0b3d,
	0x0b3f,	 0x0b40,  0x0b41,  0x0b45,  0x0b4d,  0x0b57,  0x0b62,  0x0b64,	0x0b82,	 0x0b83,
	0x0bc0,	 0x0bc1,  0x0bcd,  0x0bce,  0x0c00,  0x0c01,  0x0c04,  0x0c05,	0x0c3c,	 0x0c3d,
	0x0c3e,	 0x0c41,  0x0c46,  0x0c57,  0x0c62,  0x0c64,  0x0c81,  0x0c82,	0x0cbc,	 0x0cbd,
	0x0cbf,	 0x0cc0,  0x0cc6,  0x0cc7,  0x0ccc,  0x0cce,  0x0ce2,  0x0ce4,	0x0d00,	 0x0d02,
	0x0d3b,	 0x0d3d,  0x0d41,  0x0d45,  0x0d4d,  0x0d4e,  0x0d62,  0x0d64,	0x0d81,	 0x0d82,
	0x0dca,	 0x0dcb,  0x0dd2,  0x0dd7,  0x0e31,  0x0e32,  0x0e34,  0x0e3b,	0x0e47,	 0x0e4f,
	0x0eb1,	 0x0eb2,  0x0eb4,  0x0ebd,  0x0ec8,  0x0ecf,  0x0f18,  0x0f1a,	0x0f35,	 0x0f36,
	0x0f37,	 0x0f38,  0x0f39,  0x0f3a,  0x0f71,  0x0f7f,  0x0f80,  0x0f85,	0x0f86,	 0x0f88,
	0x0f8d,	 0x0fbd,  0x0fc6,  0x0fc7,  0x102d,  0x1031,  0x1032,  0x1038,	0x1039,	 0x103b,
	0x103d,	 0x103f,  0x1058,  0x105a,  0x105e,  0x1061,  0x1071,  0x1075,	0x1082,	 0x1083,
	0x1085,	 0x1087,  0x108d,  0x108e,  0x109d,  0x109e,  0x1160,  0x1200,	0x135d,	 0x1360,
	0x1712,	 0x1715,  0x1732,  0x1734,  0x1752,  0x1754,  0x1772,  0x1774,	0x17b4,	 0x17b6,
	0x17b7,	 0x17be,  0x17c6,  0x17c7,  0x17c9,  0x17d4,  0x17dd,  0x17de,	0x180b,	 0x1810,
	0x1885,	 0x1887,  0x18a9,  0x18aa,  0x1920,  0x1923,  0x1927,  0x1929,	0x1932,	 0x1933,
	0x1939,	 0x193c,  0x1a17,  0x1a19,  0x1a1b,  0x1a1c,  0x1a56,  0x1a57,	0x1a58,	 0x1a61,
	0x1a62,	 0x1a63,  0x1a65,  0x1a6d,  0x1a73,  0x1a80,  0x1ab0,  0x1b04,	0x1b34,	 0x1b35,
	0x1b36,	 0x1b3b,  0x1b3c,  0x1b3d,  0x1b42,  0x1b43,  0x1b6b,  0x1b74,	0x1b80,	 0x1b82,
	0x1ba2,	 0x1ba6,  0x1ba8,  0x1baa,  0x1bab,  0x1bae,  0x1be6,  0x1be7,	0x1be8,	 0x1bea,
	0x1bed,	 0x1bee,  0x1bef,  0x1bf2,  0x1c2c,  0x1c34,  0x1c36,  0x1c38,	0x1cd0,	 0x1cd3,
	0x1cd4,	 0x1ce1,  0x1ce2,  0x1ce9,  0x1ced,  0x1cee,  0x1cf4,  0x1cf5,	0x1cf8,	 0x1cfa,
	0x1dc0,	 0x1e00,  0x200b,  0x200e,  0x2060,  0x2070,  0x20d0,  0x20f1,	0x2cef,	 0x2cf2,
	0x2d7f,	 0x2d80,  0x2de0,  0x2e00,  0x302a,  0x302e,  0x3099,  0x309b,	0xa66f,	 0xa673,
	0xa674,	 0xa67e,  0xa69e,  0xa6a0,  0xa6f0,  0xa6f2,  0xa802,  0xa803,	0xa806,	 0xa807,
	0xa80b,	 0xa80c,  0xa825,  0xa827,  0xa82c,  0xa82d,  0xa8c4,  0xa8c6,	0xa8e0,	 0xa8f2,
	0xa8ff,	 0xa900,  0xa926,  0xa92e,  0xa947,  0xa952,  0xa980,  0xa983,	0xa9b3,	 0xa9b4,
	0xa9b6,	 0xa9ba,  0xa9bc,  0xa9be,  0xa9e5,  0xa9e6,  0xaa29,  0xaa2f,	0xaa31,	 0xaa33,
	0xaa35,	 0xaa37,  0xaa43,  0xaa44,  0xaa4c,  0xaa4d,  0xaa7c,  0xaa7d,	0xaab0,	 0xaab1,
	0xaab2,	 0xaab5,  0xaab7,  0xaab9,  0xaabe,  0xaac0,  0xaac1,  0xaac2,	0xaaec,	 0xaaee,
	0xaaf6,	 0xaaf7,  0xabe5,  0xabe6,  0xabe8,  0xabe9,  0xabed,  0xabee,	0xd7b0,	 0xd800,
	0xfb1e,	 0xfb1f,  0xfe00,  0xfe10,  0xfe20,  0xfe30,  0xfeff,  0xff00,	0x101fd, 0x101fe,
	0x102e0, 0x102e1, 0x10376, 0x1037b, 0x10a01, 0x10a10, 0x10a38, 0x10a40, 0x10ae5, 0x10ae7,
	0x10d24, 0x10d28, 0x10eab, 0x10ead, 0x10efd, 0x10f00, 0x10f46, 0x10f51, 0x10f82, 0x10f86,
	0x11001, 0x11002, 0x11038, 0x11047, 0x11070, 0x11071, 0x11073, 0x11075, 0x1107f, 0x11082,
	0x110b3, 0x110b7, 0x110b9, 0x110bb, 0x110c2, 0x110c3, 0x11100, 0x11103, 0x11127, 0x1112c,
	0x1112d, 0x11135, 0x11173, 0x11174, 0x11180, 0x11182, 0x111b6, 0x111bf, 0x111c9, 0x111cd,
	0x111cf, 0x111d0, 0x1122f, 0x11232, 0x11234, 0x11235, 0x11236, 0x11238, 0x1123e, 0x1123f,
	0x11241, 0x11242, 0x112df, 0x112e0, 0x112e3, 0x112eb, 0x11300, 0x11302, 0x1133b, 0x1133d,
	0x11340, 0x11341, 0x11366, 0x11375, 0x11438, 0x11440, 0x11442, 0x11445, 0x11446, 0x11447,
	0x1145e, 0x1145f, 0x114b3, 0x114b9, 0x114ba, 0x114bb, 0x114bf, 0x114c1, 0x114c2, 0x114c4,
	0x115b2, 0x115b6, 0x115bc, 0x115be, 0x115bf, 0x115c1, 0x115dc, 0x115de, 0x11633, 0x1163b,
	0x1163d, 0x1163e, 0x1163f, 0x11641, 0x116ab, 0x116ac, 0x116ad, 0x116ae, 0x116b0, 0x116b6,
	0x116b7, 0x116b8, 0x1171d, 0x11720, 0x11722, 0x11726, 0x11727, 0x1172c, 0x1182f, 0x11838,
	0x11839, 0x1183b, 0x1193b, 0x1193d, 0x1193e, 0x1193f, 0x11943, 0x11944, 0x119d4, 0x119dc,
	0x119e0, 0x119e1, 0x11a01, 0x11a0b, 0x11a33, 0x11a39, 0x11a3b, 0x11a3f, 0x11a47, 0x11a48,
	0x11a51, 0x11a57, 0x11a59, 0x11a5c, 0x11a8a, 0x11a97, 0x11a98, 0x11a9a, 0x11c30, 0x11c3e,
	0x11c3f, 0x11c40, 0x11c92, 0x11ca8, 0x11caa, 0x11cb1, 0x11cb2, 0x11cb4, 0x11cb5, 0x11cb7,
	0x11d31, 0x11d46, 0x11d47, 0x11d48, 0x11d90, 0x11d92, 0x11d95, 0x11d96, 0x11d97, 0x11d98,
	0x11ef3, 0x11ef5, 0x11f00, 0x11f02, 0x11f36, 0x11f3b, 0x11f40, 0x11f41, 0x11f42, 0x11f43,
	0x13430, 0x13441, 0x13447, 0x13456, 0x16af0, 0x16af5, 0x16b30, 0x16b37, 0x16f4f, 0x16f50,
	0x16f8f, 0x16f93, 0x16fe4, 0x16fe5, 0x1bc9d, 0x1bc9f, 0x1bca0, 0x1cf47, 0x1d167, 0x1d16a,
	0x1d173, 0x1d183, 0x1d185, 0x1d18c, 0x1d1aa, 0x1d1ae, 0x1d242, 0x1d245, 0x1da00, 0x1da37,
	0x1da3b, 0x1da6d, 0x1da75, 0x1da76, 0x1da84, 0x1da85, 0x1da9b, 0x1dab0, 0x1e000, 0x1e02b,
	0x1e08f, 0x1e090, 0x1e130, 0x1e137, 0x1e2ae, 0x1e2af, 0x1e2ec, 0x1e2f0, 0x1e4ec, 0x1e4f0,
	0x1e8d0, 0x1e8d7, 0x1e944, 0x1e94b, 0xe0100, 0xe01f0};

static const uint32_t wide_edges[] = {
	0x1100,	 0x1160,  0x231a,  0x231c,  0x2329,  0x232b,  0x23e9,  0x23ed,	0x23f0,	 0x23f1,
	0x23f3,	 0x23f4,  0x25fd,  0x25ff,  0x2614,  0x2616,  0x2648,  0x2654,	0x267f,	 0x2680,
	0x2693,	 0x2694,  0x26a1,  0x26a2,  0x26aa,  0x26ac,  0x26bd,  0x26bf,	0x26c4,	 0x26c6,
	0x26ce,	 0x26cf,  0x26d4,  0x26d5,  0x26ea,  0x26eb,  0x26f2,  0x26f4,	0x26f5,	 0x26f6,
	0x26fa,	 0x26fb,  0x26fd,  0x26fe,  0x2705,  0x2706,  0x270a,  0x270c,	0x2728,	 0x2729,
	0x274c,	 0x274d,  0x274e,  0x274f,  0x2753,  0x2756,  0x2757,  0x2758,	0x2795,	 0x2798,
	0x27b0,	 0x27b1,  0x27bf,  0x27c0,  0x2b1b,  0x2b1d,  0x2b50,  0x2b51,	0x2b55,	 0x2b56,
	0x2e80,	 0x303f,  0x3041,  0xa4c7,  0xa960,  0xa97d,  0xac00,  0xd7a4,	0xf900,	 0xfb00,
	0xfe10,	 0xfe6c,  0xff01,  0xff61,  0xffe0,  0xffe7,  0x16fe0, 0x1b2fc, 0x1f004, 0x1f005,
	0x1f0cf, 0x1f0d0, 0x1f18e, 0x1f18f, 0x1f191, 0x1f19b, 0x1f200, 0x1f321, 0x1f32d, 0x1f336,
	0x1f337, 0x1f37d, 0x1f37e, 0x1f394, 0x1f3a0, 0x1f3cb, 0x1f3cf, 0x1f3d4, 0x1f3e0, 0x1f3f1,
	0x1f3f4, 0x1f3f5, 0x1f3f8, 0x1f43f, 0x1f440, 0x1f441, 0x1f442, 0x1f4fd, 0x1f4ff, 0x1f53e,
	0x1f54b, 0x1f54f, 0x1f550, 0x1f568, 0x1f57a, 0x1f57b, 0x1f595, 0x1f597, 0x1f5a4, 0x1f5a5,
	0x1f5fb, 0x1f650, 0x1f680, 0x1f6c6, 0x1f6cc, 0x1f6cd, 0x1f6d0, 0x1f6d3, 0x1f6d5, 0x1f6e0,
	0x1f6eb, 0x1f6ed, 0x1f6f4, 0x1f6fd, 0x1f7e0, 0x1f7f1, 0x1f90c, 0x1f93b, 0x1f93c, 0x1f946,
	0x1f947, 0x1fa00, 0x1fa70, 0x1faf9, 0x20000, 0x3fffe};

static bool in_ranges(uint32_t cp, const uint32_t *edges, size_t count)
{
	size_t low = 0, high = count; /* edges before low are <= cp, from high on > cp */

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (edges[middle] <= cp)
			low = middle + 1;
		else
			high = middle;
	}
	return low % 2;
}

static int char_columns(uint32_t cp)
{
	if (cp < zero_edges[0])
		return 1;
	if (in_ranges(cp, zero_edges, SIZE(zero_edges)))
		return 0;
	return in_ranges(cp, wide_edges, SIZE(wide_edges)) ? 2 : 1;
}

/* A text as it is shown, character by character. */
struct walk {
	const char *p, *end;
	struct str safe; /* what is shown for an unsafe character */
	size_t shown;	 /* of that */
	int blanks;	 /* still to come, of a tab */
	long column;	 /* from the text's start */
};

struct shown {
	const char *text;
	size_t len;
	uint32_t cp;
	int width;
};

static struct walk walk_init(const char *text, size_t len)
{
	return (struct walk){.p = text, .end = text + len, .safe = STR_INIT};
}

static struct shown shown_byte(const char *p)
{
	return (struct shown){p, 1, (unsigned char)*p, 1};
}

static struct shown walk_char(struct walk *walk)
{
	unsigned char byte = (unsigned char)*walk->p;
	const char *p = walk->p;
	uint32_t cp = 0;

	if (byte >= 0x20 && byte < 0x7f)
		return shown_byte(walk->p++);
	if (byte == '\t') {
		walk->p++;
		walk->blanks = TAB - 1 - (int)(walk->column % TAB);
		return shown_byte(" ");
	}
	size_t size = utf8_decode(p, (size_t)(walk->end - p), &cp);
	size = size ? size : 1;
	walk->p += size;
	str_clear(&walk->safe);
	text_safe(&walk->safe, p, size);
	walk->shown = 0;
	if (walk->safe.len != size || memcmp(walk->safe.p, p, size) != 0)
		return shown_byte(walk->safe.p + walk->shown++);
	walk->shown = size;
	return (struct shown){p, size, cp, char_columns(cp)};
}

/* The next character; false at the end. */
static bool walk_next(struct walk *walk, struct shown *out)
{
	if (walk->blanks > 0) {
		walk->blanks--;
		*out = shown_byte(" ");
	} else if (walk->shown < walk->safe.len) {
		*out = shown_byte(walk->safe.p + walk->shown++);
	} else if (walk->p < walk->end) {
		*out = walk_char(walk);
	} else {
		return false;
	}
	walk->column += out->width;
	return true;
}

/* Columns of a text; stops when there are more than `most`. */
static long columns_up_to(const char *text, size_t len, long most)
{
	struct walk walk = walk_init(text, len);
	struct shown shown;

	while (walk.column <= most && walk_next(&walk, &shown))
		;
	str_release(&walk.safe);
	return walk.column;
}

int text_columns(const char *text, size_t len)
{
	long columns = columns_up_to(text, len, INT_MAX - 1L);

	return columns < INT_MAX ? (int)columns : INT_MAX;
}

void cells_init(struct cells *cells)
{
	*cells = (struct cells){.cursor_y = -1, .cursor_x = -1};
}

void cells_release(struct cells *cells)
{
	free(cells->at);
	cells_init(cells);
}

void cells_resize(struct cells *cells, int h, int w)
{
	cells->h = h > 1 ? h : 1;
	cells->w = w > 1 ? w : 1;
	free(cells->at);
	cells->at = xcalloc((size_t)cells->h * (size_t)cells->w, sizeof *cells->at);
	cells_clear(cells);
}

static struct cell *row_of(const struct cells *cells, int y)
{
	return cells->at + (size_t)y * (size_t)cells->w;
}

static void cell_set(struct cell *cell, const char *text, size_t len)
{
	memcpy(cell->text, text, len);
	cell->text[len] = '\0';
	cell->len = (uint8_t)len;
}

void cells_clear(struct cells *cells)
{
	size_t count = (size_t)cells->h * (size_t)cells->w;

	for (size_t i = 0; i < count; i++)
		cells->at[i] = (struct cell){.text = " ", .len = 1, .role = ROLE_text};
	cells->cursor_y = cells->cursor_x = -1;
}

struct area cells_area(struct cells *cells)
{
	return (struct area){cells, 0, 0, cells->h, cells->w};
}

/* Cuts at..at+size to 0..limit. */
static void clip(int *at, int *size, int limit)
{
	long first = *at > 0 ? *at : 0, last = (long)*at + *size;

	if (last > limit)
		last = limit;
	*size = last > first ? (int)(last - first) : 0;
	*at = *size ? (int)first : 0;
}

struct area area_part(struct area area, int y, int x, int h, int w)
{
	clip(&y, &h, area.h);
	clip(&x, &w, area.w);
	return (struct area){area.cells, area.y + y, area.x + x, h, w};
}

struct area area_inside(struct area area)
{
	return area_part(area, 1, 1, area.h - 2, area.w - 2);
}

/* A cell of the area. NULL: outside of it, or of a grid that has shrunk meanwhile. */
static struct cell *cell_at(struct area area, int y, long x)
{
	if (y < 0 || y >= area.h || x < 0 || x >= area.w)
		return NULL;
	y += area.y;
	x += area.x;
	if (y < 0 || y >= area.cells->h || x < 0 || x >= area.cells->w)
		return NULL;
	return row_of(area.cells, y) + x;
}

/* Before a cell is written: when it is half of a wide character, the other half becomes blank. That
 * may be just outside of the area: half a character cannot be shown. */
static void cell_split(struct area area, struct cell *cell)
{
	size_t column = (size_t)(cell - area.cells->at) % (size_t)area.cells->w;

	if (!cell->len && column > 0)
		cell_set(cell - 1, " ", 1);
	else if (cell->len && column + 1 < (size_t)area.cells->w && !cell[1].len)
		cell_set(cell + 1, " ", 1);
}

static void put_narrow(struct area area, int y, long x, enum role role, const char *text,
		       size_t len)
{
	struct cell *cell = cell_at(area, y, x);

	if (!cell)
		return;
	cell_split(area, cell);
	cell_set(cell, text, len);
	cell->role = (uint8_t)role;
}

static void put_wide(struct area area, int y, long x, enum role role, const struct shown *shown)
{
	struct cell *first = cell_at(area, y, x), *second = cell_at(area, y, x + 1);

	if (!first || !second) {
		put_narrow(area, y, first ? x : x + 1, role, " ", 1);
		return;
	}
	cell_split(area, first);
	cell_split(area, second);
	cell_set(first, shown->text, shown->len);
	cell_set(second, "", 0);
	first->role = second->role = (uint8_t)role;
}

/* Joiners and selectors of how an emoji looks: terminals disagree on the width of what they make of
 * them, which would shift the rest of the row. */
static bool is_joiner(uint32_t cp)
{
	return cp == 0x200d || cp == 0xfe0e || cp == 0xfe0f;
}

/* A combining character: goes to the cell before x. */
static void put_mark(struct area area, int y, long x, const struct shown *shown)
{
	struct cell *cell = cell_at(area, y, x - 1);

	if (cell && !cell->len)
		cell = cell_at(area, y, x - 2);
	if (!cell || is_joiner(shown->cp) || cell->len + shown->len >= CELL_BYTES)
		return;
	memcpy(cell->text + cell->len, shown->text, shown->len);
	cell->len = (uint8_t)(cell->len + shown->len);
	cell->text[cell->len] = '\0';
}

int area_textn(struct area area, int y, int x, enum role role, const char *text, size_t len)
{
	long room = (long)area.w - x, at = 0;
	struct walk walk = walk_init(text, len);
	struct shown shown;

	while (walk_next(&walk, &shown) && (at < room || !shown.width)) {
		if (!shown.width)
			put_mark(area, y, x + at, &shown);
		else if (shown.width == 1)
			put_narrow(area, y, x + at, role, shown.text, shown.len);
		else
			put_wide(area, y, x + at, role, &shown);
		at = walk.column;
	}
	str_release(&walk.safe);
	at = at < room ? at : room;
	return at > 0 ? (int)at : 0;
}

int area_text(struct area area, int y, int x, enum role role, const char *text)
{
	return area_textn(area, y, x, role, text, strlen(text));
}

int area_printf(struct area area, int y, int x, enum role role, const char *fmt, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	int columns = area_textn(area, y, x, role, text.p, text.len);
	str_release(&text);
	return columns;
}

/* Blanks, in as many columns of a row as are in the area. */
static void put_blanks(struct area area, int y, int x, int w, enum role role)
{
	clip(&x, &w, area.w);
	for (int i = 0; i < w; i++)
		put_narrow(area, y, x + i, role, " ", 1);
}

void area_fill(struct area area, enum role role)
{
	for (int y = 0; y < area.h; y++) {
		put_blanks(area, y, 0, area.w, role);
		area_over(area, y, 0, area.w, ROLE_text);
	}
}

void area_field(struct area area, int y, int x, int width, bool right, enum role role,
		const char *text)
{
	size_t len = strlen(text);
	long end = (long)x + width;

	if (width <= 0)
		return;
	long columns = columns_up_to(text, len, width);
	put_blanks(area, y, x, width, role);
	if (columns <= width) {
		long start = right ? end - columns : x;

		if (start < area.w)
			area_textn(area, y, (int)start, role, text, len);
		return;
	}
	struct area cut = area;
	cut.w = end - 1 < area.w ? (int)(end - 1) : area.w;
	area_textn(cut, y, x, role, text, len);
	if (end - 1 < area.w)
		area_text(area, y, (int)(end - 1), role, glyph(area.cells, GLYPH_ELLIPSIS));
}

void area_over(struct area area, int y, int x, int w, enum role over)
{
	clip(&x, &w, area.w);
	for (int i = 0; i < w; i++) {
		struct cell *cell = cell_at(area, y, x + i);

		if (cell)
			cell->over = (uint8_t)over;
	}
}

void area_role(struct area area, int y, int x, int w, enum role role)
{
	clip(&x, &w, area.w);
	for (int i = 0; i < w; i++) {
		struct cell *cell = cell_at(area, y, x + i);

		if (cell)
			cell->role = (uint8_t)role;
	}
}

enum line { LINE_H, LINE_V, LINE_TOP_LEFT, LINE_TOP_RIGHT, LINE_LOW_LEFT, LINE_LOW_RIGHT };

static void put_line(struct area area, int y, int x, enum role role, enum line which)
{
	static const char *const lines[][2] = {
		[LINE_H] = {"─", "-"},	      [LINE_V] = {"│", "|"},
		[LINE_TOP_LEFT] = {"┌", "+"}, [LINE_TOP_RIGHT] = {"┐", "+"},
		[LINE_LOW_LEFT] = {"└", "+"}, [LINE_LOW_RIGHT] = {"┘", "+"},
	};

	area_text(area, y, x, role, lines[which][area.cells->ascii]);
}

void area_box(struct area area, enum role border, enum role title_role, const char *title)
{
	int bottom = area.h - 1, right = area.w - 1;

	for (int x = 0; x < area.w; x++) {
		put_line(area, bottom, x, border, LINE_H);
		put_line(area, 0, x, border, LINE_H);
	}
	for (int y = 0; y < area.h; y++) {
		put_line(area, y, right, border, LINE_V);
		put_line(area, y, 0, border, LINE_V);
	}
	put_line(area, bottom, right, border, LINE_LOW_RIGHT);
	put_line(area, bottom, 0, border, LINE_LOW_LEFT);
	put_line(area, 0, right, border, LINE_TOP_RIGHT);
	put_line(area, 0, 0, border, LINE_TOP_LEFT);
	/* A corner, a blank, the title, a blank, a corner. */
	int room = area.w - 4;
	if (!title || !*title || room < 1)
		return;
	int columns = (int)columns_up_to(title, strlen(title), room);
	columns = columns < room ? columns : room;
	put_blanks(area, 0, 1, columns + 2, title_role);
	area_field(area, 0, 2, columns, false, title_role, title);
}

void area_cursor(struct area area, int y, int x)
{
	if (!cell_at(area, y, x))
		return;
	area.cells->cursor_y = area.y + y;
	area.cells->cursor_x = area.x + x;
}

const char *glyph(const struct cells *cells, enum glyph which)
{
	static const char *const glyphs[GLYPH_COUNT][2] = {
		[GLYPH_ON] = {"●", "+"},   [GLYPH_HALF] = {"◐", ":"}, [GLYPH_WARN] = {"▲", "!"},
		[GLYPH_BAD] = {"✖", "x"},  [GLYPH_OFF] = {"○", "-"},  [GLYPH_FOREIGN] = {"?", "?"},
		[GLYPH_OPEN] = {"▾", "v"}, [GLYPH_SHUT] = {"▸", ">"}, [GLYPH_MARK] = {"*", "*"},
		[GLYPH_UP] = {"▴", "^"},   [GLYPH_DOWN] = {"▾", "v"}, [GLYPH_ELLIPSIS] = {"…", "~"},
	};

	return glyphs[which][cells->ascii];
}
