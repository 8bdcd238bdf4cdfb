/*
 * Making outside text safe to show, checking UTF-8, reading numbers, hashing and
 * comparing names. Pure functions over bytes.
 */
#include "kata/text.h"

#include <string.h>
#include <strings.h>

/* What follows the first byte of a UTF-8 sequence: RFC 3629, section 4. */
static size_t sequence_length(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if (lead < 0xe0)
		return 2;
	if (lead < 0xf0) {
		if (lead == 0xe0)
			*low = 0xa0;
		if (lead == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (lead == 0xf0)
		*low = 0x90;
	if (lead == 0xf4)
		*high = 0x8f;
	return 4;
}

size_t utf8_decode(const char *p, size_t len, uint32_t *cp)
{
	const unsigned char *s = (const unsigned char *)p;
	unsigned char low, high;

	if (!len)
		return 0;
	size_t size = sequence_length(s[0], &low, &high);
	if (size == 0 || size > len)
		return 0;
	uint32_t value = size == 1 ? s[0] : s[0] & (0xffU >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
		value = value << 6 | (s[i] & 0x3fU);
	}
	if (cp)
		*cp = value;
	return size;
}

size_t utf8_check(const char *p, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint64_t word;

		/* Eight ASCII bytes at a time: nearly all text is ASCII. */
		if (len - at >= sizeof word) {
			memcpy(&word, p + at, sizeof word);
			if (!(word & 0x8080808080808080ULL)) {
				at += sizeof word;
				continue;
			}
		}
		size_t size = utf8_decode(p + at, len - at, NULL);
		if (!size)
			return at;
		at += size;
	}
	return len;
}

/* Characters that act on a terminal or reorder what is read: never shown as they are. */
static bool is_unsafe(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x61c, 0x61c},   {0x200e, 0x200f},
		{0x2028, 0x202e}, {0x2066, 0x2069}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

static void add_escaped(struct str *out, uint32_t cp)
{
	if (cp == '\n')
		str_add(out, "\\n");
	else if (cp == '\t')
		str_add(out, "\\t");
	else if (cp == '\r')
		str_add(out, "\\r");
	else if (cp < 0x80)
		str_addf(out, "\\x%02X", (unsigned)cp);
	else
		str_addf(out, "\\u{%04X}", (unsigned)cp);
}

void text_safe(struct str *out, const char *text, size_t len)
{
	size_t start = 0, at = 0;

	while (at < len) {
		uint32_t cp = 0;
		size_t size = utf8_decode(text + at, len - at, &cp);

		if (size && !is_unsafe(cp)) {
			at += size;
			continue;
		}
		str_addn(out, text + start, at - start);
		if (size)
			add_escaped(out, cp);
		else
			str_addf(out, "\\x%02X", (unsigned)(unsigned char)text[at]);
		at += size ? size : 1;
		start = at;
	}
	str_addn(out, text + start, len - start);
}

const char *text_safe_copy(struct arena *a, const char *text)
{
	struct str s = STR_INIT;

	text_safe(&s, text, strlen(text));
	const char *copy = arena_strndup(a, s.p, s.len);
	str_release(&s);
	return copy;
}

bool text_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return false;
	}
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

uint32_t fnv1a32(const char *p, size_t len)
{
	uint32_t hash = 0x811c9dc5U;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)p[i]) * 0x01000193U;
	return hash;
}

uint64_t fnv1a64(const char *p, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		seed = (seed ^ (unsigned char)p[i]) * 0x100000001b3ULL;
	return seed;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

enum { NAME_MAX_LEN = 64, EDITS_MAX = 3 }; /* longer names are like nothing */

/* How many bytes must be added, taken away, changed or swapped with the next one to turn a into b
 * (the distance of Damerau and Levenshtein, no byte touched twice). */
static unsigned count_edits(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned rows[3][NAME_MAX_LEN + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= blen; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *spare = before;

		before = above;
		above = row;
		row = spare;
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[blen];
}

void text_nearest_offer(struct text_nearest *nearest, const char *name)
{
	size_t wlen = strnlen(nearest->word, NAME_MAX_LEN + 1);
	size_t len = strnlen(name, NAME_MAX_LEN + 1);
	unsigned limit = least((unsigned)(len + 1) / 3, EDITS_MAX), distance;

	if (wlen > NAME_MAX_LEN || len > NAME_MAX_LEN || !strcmp(name, nearest->word))
		return;
	if (wlen > len + limit || len > wlen + limit)
		return;
	distance =
		strcasecmp(name, nearest->word) ? count_edits(nearest->word, wlen, name, len) : 0;
	if (distance > limit || (nearest->name && distance >= nearest->distance))
		return;
	nearest->name = name;
	nearest->distance = distance;
}
