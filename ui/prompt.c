/*
 * A line of input, with the keys of readline. The text is UTF-8; the cursor stands before whole
 * characters, each with what combines with it.
 */
#include "ui/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "kata/text.h"
#include "ui/keys.h"

enum { OFFERS_SEEN = 8 };

void prompt_init(struct prompt *prompt, const char *label, const char *text)
{
	*prompt = (struct prompt){.label = label, .text = STR_INIT};
	str_add(&prompt->text, text ? text : "");
	prompt->cursor = prompt->text.len;
}

static void drop_offers(struct prompt *prompt)
{
	json_decref(prompt->offers);
	prompt->offers = NULL;
	prompt->offered = 0;
}

void prompt_release(struct prompt *prompt)
{
	drop_offers(prompt);
	str_release(&prompt->text);
	free(prompt->own);
	free(prompt->killed);
	prompt->own = prompt->killed = NULL;
}

/* --- places in the text --- */

static size_t size_at(const struct str *text, size_t at)
{
	size_t size = utf8_decode(text->p + at, text->len - at, NULL);

	return size ? size : 1;
}

static bool combines(const struct str *text, size_t at)
{
	size_t size = size_at(text, at);

	return size > 1 && text_columns(text->p + at, size) == 0;
}

static size_t place_after(const struct str *text, size_t at)
{
	if (at >= text->len)
		return text->len;
	at += size_at(text, at);
	while (at < text->len && combines(text, at))
		at += size_at(text, at);
	return at;
}

static size_t place_before(const struct str *text, size_t at)
{
	size_t place = 0, next;

	while ((next = place_after(text, place)) < at)
		place = next;
	return place;
}

static size_t place_begin(const struct str *text, size_t at)
{
	(void)text;
	(void)at;
	return 0;
}

static size_t place_end(const struct str *text, size_t at)
{
	(void)at;
	return text->len;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

/* Words of letters and digits, as alt-f and alt-b know them. */
static size_t word_after(const struct str *text, size_t at)
{
	while (at < text->len && !is_word(text->p[at]))
		at++;
	while (at < text->len && is_word(text->p[at]))
		at++;
	return at;
}

static size_t word_before(const struct str *text, size_t at)
{
	while (at > 0 && !is_word(text->p[at - 1]))
		at--;
	while (at > 0 && is_word(text->p[at - 1]))
		at--;
	return at;
}

/* Words between blanks, as ctrl-w knows them. */
static size_t blank_before(const struct str *text, size_t at)
{
	while (at > 0 && text->p[at - 1] == ' ')
		at--;
	while (at > 0 && text->p[at - 1] != ' ')
		at--;
	return at;
}

/* --- changes --- */

/* from..to becomes the new text, with the cursor behind it. */
static enum prompt_result replace(struct prompt *prompt, size_t from, size_t to, const char *text,
				  size_t len)
{
	struct str made = STR_INIT;

	if (from == to && !len)
		return PROMPT_GOES_ON;
	str_addn(&made, prompt->text.p, from);
	str_addn(&made, text, len);
	str_addn(&made, prompt->text.p + to, prompt->text.len - to);
	str_release(&prompt->text);
	prompt->text = made;
	prompt->cursor = from + len;
	return PROMPT_CHANGED;
}

static enum prompt_result set_text(struct prompt *prompt, const char *text)
{
	enum prompt_result result = strcmp(prompt->text.p, text) ? PROMPT_CHANGED : PROMPT_GOES_ON;

	replace(prompt, 0, prompt->text.len, text, strlen(text));
	return result;
}

static bool is_char(uint32_t key)
{
	return key >= ' ' && key < 0x110000 && (key < 0x7f || key > 0x9f);
}

static enum prompt_result insert_char(struct prompt *prompt, uint32_t cp)
{
	char bytes[4];
	size_t len = 0;

	if (cp < 0x80) {
		bytes[len++] = (char)cp;
	} else if (cp < 0x800) {
		bytes[len++] = (char)(0xc0 | cp >> 6);
	} else if (cp < 0x10000) {
		bytes[len++] = (char)(0xe0 | cp >> 12);
		bytes[len++] = (char)(0x80 | (cp >> 6 & 0x3f));
	} else {
		bytes[len++] = (char)(0xf0 | cp >> 18);
		bytes[len++] = (char)(0x80 | (cp >> 12 & 0x3f));
		bytes[len++] = (char)(0x80 | (cp >> 6 & 0x3f));
	}
	if (cp >= 0x80)
		bytes[len++] = (char)(0x80 | (cp & 0x3f));
	if (!utf8_decode(bytes, len, NULL))
		return PROMPT_GOES_ON;
	return replace(prompt, prompt->cursor, prompt->cursor, bytes, len);
}

/* A paste is one line: its ends of lines become blanks, the last one goes; nothing in it is a key.
 */
static enum prompt_result paste(struct prompt *prompt, const char *text)
{
	struct str line = STR_INIT;
	size_t len = strlen(text);
	enum prompt_result result;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (size_t at = 0, size; at < len; at += size ? size : 1) {
		uint32_t cp = 0;

		size = utf8_decode(text + at, len - at, &cp);
		if (cp == '\r' && text[at + 1] == '\n')
			continue;
		if (cp == '\n' || cp == '\r' || cp == '\t')
			str_addc(&line, ' ');
		else if (size && is_char(cp))
			str_addn(&line, text + at, size);
	}
	result = replace(prompt, prompt->cursor, prompt->cursor, line.p, line.len);
	str_release(&line);
	return result;
}

/* --- history --- */

static enum prompt_result recall(struct prompt *prompt, bool older)
{
	size_t count = json_array_size(prompt->history);
	const char *text;

	if (older ? prompt->recalled >= count : prompt->recalled == 0)
		return PROMPT_GOES_ON;
	if (older && prompt->recalled == 0) {
		free(prompt->own);
		prompt->own = xstrdup(prompt->text.p);
	}
	prompt->recalled = older ? prompt->recalled + 1 : prompt->recalled - 1;
	if (prompt->recalled == 0)
		return set_text(prompt, prompt->own);
	/* It may have become shorter meanwhile. */
	text = prompt->recalled <= count ? json_string_value(json_array_get(
						   prompt->history, count - prompt->recalled))
					 : NULL;
	return set_text(prompt, text ? text : "");
}

void history_add(json_t *history, const char *text, size_t max)
{
	size_t count = json_array_size(history);
	const char *last = count ? json_string_value(json_array_get(history, count - 1)) : NULL;

	if (!*text || (last && !strcmp(last, text)))
		return;
	json_array_append_new(history, json_string(text));
	while (json_array_size(history) > max)
		json_array_remove(history, 0);
}

/* --- completion --- */

static const char *offer(const struct prompt *prompt, size_t i)
{
	const char *text = json_string_value(json_array_get(prompt->offers, i));

	return text ? text : "";
}

static enum prompt_result put_word(struct prompt *prompt, const char *word, size_t len)
{
	size_t from = prompt->offer_from, to = prompt->cursor;

	if (to - from == len && !memcmp(prompt->text.p + from, word, len))
		return PROMPT_GOES_ON;
	replace(prompt, from, to, word, len);
	return PROMPT_CHANGED;
}

/* How far all offers begin alike, in whole characters. */
static size_t common_len(const struct prompt *prompt)
{
	const char *first = offer(prompt, 0);
	size_t len = strlen(first);

	for (size_t i = 1; i < json_array_size(prompt->offers); i++) {
		const char *other = offer(prompt, i);
		size_t same = 0;

		while (same < len && first[same] == other[same])
			same++;
		len = same;
	}
	while (len && ((unsigned char)first[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* The word at the cursor, and which of the line it is. */
static size_t word_index(const struct prompt *prompt, size_t *from)
{
	const char *p = prompt->text.p;
	size_t index = 0;

	*from = prompt->cursor;
	while (*from > 0 && p[*from - 1] != ' ')
		--*from;
	for (size_t at = 0; at < *from; at++)
		index += p[at] != ' ' && p[at + 1] == ' ';
	return index;
}

static enum prompt_result ask_offers(struct prompt *prompt)
{
	struct str word = STR_INIT;
	size_t from, len, index = word_index(prompt, &from), count;

	len = prompt->cursor - from;
	str_addn(&word, prompt->text.p + from, len);
	prompt->offers = prompt->complete(prompt->complete_arg, prompt->text.p, index, word.p);
	str_release(&word);
	count = json_array_size(prompt->offers);
	prompt->offer_from = from;
	prompt->offered = count; /* none of them yet */
	if (count == 1) {
		struct str only = STR_INIT;
		enum prompt_result result;

		str_add(&only, offer(prompt, 0));
		if (prompt->text.p[prompt->cursor] != ' ')
			str_addc(&only, ' ');
		result = put_word(prompt, only.p, only.len);
		str_release(&only);
		drop_offers(prompt);
		return result;
	}
	if (count && common_len(prompt) > len)
		return put_word(prompt, offer(prompt, 0), common_len(prompt));
	if (!count)
		drop_offers(prompt);
	return PROMPT_GOES_ON;
}

/* The first Tab puts what is common to all offers; when that is nothing new, and at each further
 * one, the next offer. */
static enum prompt_result complete(struct prompt *prompt, bool back)
{
	enum prompt_result result = PROMPT_GOES_ON;
	size_t count;

	if (!prompt->complete)
		return PROMPT_GOES_ON;
	if (!prompt->offers)
		result = ask_offers(prompt);
	count = json_array_size(prompt->offers);
	if (!count || result == PROMPT_CHANGED)
		return result;
	if (back)
		prompt->offered = prompt->offered ? prompt->offered - 1 : count - 1;
	else
		prompt->offered = prompt->offered + 1 < count ? prompt->offered + 1 : 0;
	return put_word(prompt, offer(prompt, prompt->offered),
			strlen(offer(prompt, prompt->offered)));
}

/* --- keys --- */

/* What a key does, with the place that its row names (or the cursor's). */
typedef enum prompt_result verb(struct prompt *prompt, size_t place);

static enum prompt_result go(struct prompt *prompt, size_t place)
{
	prompt->cursor = place;
	return PROMPT_GOES_ON;
}

static enum prompt_result cut(struct prompt *prompt, size_t place)
{
	bool left = place < prompt->cursor;

	return replace(prompt, left ? place : prompt->cursor, left ? prompt->cursor : place, "", 0);
}

/* Cuts what can be put back with ctrl-y. */
static enum prompt_result kill_to(struct prompt *prompt, size_t place)
{
	struct str killed = STR_INIT;
	size_t from = place < prompt->cursor ? place : prompt->cursor;
	size_t to = place < prompt->cursor ? prompt->cursor : place;

	if (from < to) {
		str_addn(&killed, prompt->text.p + from, to - from);
		free(prompt->killed);
		prompt->killed = str_detach(&killed);
	}
	return cut(prompt, place);
}

static enum prompt_result yank(struct prompt *prompt, size_t place)
{
	const char *killed = prompt->killed ? prompt->killed : "";

	return replace(prompt, place, place, killed, strlen(killed));
}

static enum prompt_result backspace(struct prompt *prompt, size_t place)
{
	return prompt->text.len ? cut(prompt, place) : PROMPT_LEFT;
}

static enum prompt_result older(struct prompt *prompt, size_t place)
{
	(void)place;
	return recall(prompt, true);
}

static enum prompt_result newer(struct prompt *prompt, size_t place)
{
	(void)place;
	return recall(prompt, false);
}

static enum prompt_result done(struct prompt *prompt, size_t place)
{
	(void)prompt;
	(void)place;
	return PROMPT_DONE;
}

static enum prompt_result leave(struct prompt *prompt, size_t place)
{
	(void)prompt;
	(void)place;
	return PROMPT_LEFT;
}

static const struct {
	uint32_t key;
	verb *verb;
	size_t (*place)(const struct str *text, size_t at);
} keys[] = {
	{UI_KEY_LEFT, go, place_before},
	{'b' | UI_MOD_CTRL, go, place_before},
	{UI_KEY_RIGHT, go, place_after},
	{'f' | UI_MOD_CTRL, go, place_after},
	{UI_KEY_HOME, go, place_begin},
	{'a' | UI_MOD_CTRL, go, place_begin},
	{UI_KEY_END, go, place_end},
	{'e' | UI_MOD_CTRL, go, place_end},
	{'b' | UI_MOD_ALT, go, word_before},
	{UI_KEY_LEFT | UI_MOD_CTRL, go, word_before},
	{UI_KEY_LEFT | UI_MOD_ALT, go, word_before},
	{'f' | UI_MOD_ALT, go, word_after},
	{UI_KEY_RIGHT | UI_MOD_CTRL, go, word_after},
	{UI_KEY_RIGHT | UI_MOD_ALT, go, word_after},
	{UI_KEY_DELETE, cut, place_after},
	{'d' | UI_MOD_CTRL, cut, place_after},
	{UI_KEY_BACKSPACE, backspace, place_before},
	{'h' | UI_MOD_CTRL, backspace, place_before},
	{'k' | UI_MOD_CTRL, kill_to, place_end},
	{'u' | UI_MOD_CTRL, kill_to, place_begin},
	{'w' | UI_MOD_CTRL, kill_to, blank_before},
	{'d' | UI_MOD_ALT, kill_to, word_after},
	{UI_KEY_BACKSPACE | UI_MOD_ALT, kill_to, word_before},
	{'y' | UI_MOD_CTRL, yank, NULL},
	{UI_KEY_UP, older, NULL},
	{'p' | UI_MOD_CTRL, older, NULL},
	{UI_KEY_DOWN, newer, NULL},
	{'n' | UI_MOD_CTRL, newer, NULL},
	{UI_KEY_ENTER, done, NULL},
	{'j' | UI_MOD_CTRL, done, NULL},
	{'m' | UI_MOD_CTRL, done, NULL},
	{UI_KEY_ESC, leave, NULL},
	{'c' | UI_MOD_CTRL, leave, NULL},
};

enum prompt_result prompt_event(struct prompt *prompt, const struct event *event)
{
	uint32_t key = event->key;

	if (event->kind == EVENT_KEY && (key == UI_KEY_TAB || key == UI_KEY_BACKTAB))
		return complete(prompt, key == UI_KEY_BACKTAB);
	if (event->kind != EVENT_KEY && event->kind != EVENT_PASTE)
		return PROMPT_GOES_ON;
	drop_offers(prompt);
	if (event->kind == EVENT_PASTE)
		return paste(prompt, event->text ? event->text : "");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i].key == key)
			return keys[i].verb(
				prompt, keys[i].place ? keys[i].place(&prompt->text, prompt->cursor)
						      : prompt->cursor);
	key &= ~(uint32_t)UI_MOD_SHIFT;
	return is_char(key) ? insert_char(prompt, key) : PROMPT_GOES_ON;
}

/* --- drawing --- */

/* Columns that the first bytes take when they are shown. */
static int shown_columns(const char *text, size_t len)
{
	struct str safe = STR_INIT;
	int columns;

	text_safe(&safe, text, len);
	columns = text_columns(safe.p, safe.len);
	str_release(&safe);
	return columns;
}

/* Above the line, from the column where the word begins; as many as fit, with the one that stands
 * in the line among them. */
static void draw_offers(const struct prompt *prompt, struct area area, int x)
{
	int count = (int)json_array_size(prompt->offers), h = area.h - 1, w = 0, first = 0;
	struct area box;

	h = h > OFFERS_SEEN ? OFFERS_SEEN : h;
	h = h > count ? count : h;
	for (int i = 0; i < count; i++) {
		int columns =
			shown_columns(offer(prompt, (size_t)i), strlen(offer(prompt, (size_t)i)));

		w = columns > w ? columns : w;
	}
	w = w + 2 > area.w ? area.w : w + 2;
	x = x + w > area.w ? area.w - w : x;
	if ((int)prompt->offered < count && (int)prompt->offered >= h)
		first = (int)prompt->offered - h + 1;
	box = area_part(area, area.h - 1 - h, x < 0 ? 0 : x, h, w);
	area_fill(box, ROLE_prompt);
	for (int i = first; i < first + h; i++) {
		area_field(box, i - first, 1, box.w - 2, false, ROLE_prompt,
			   offer(prompt, (size_t)i));
		area_over(box, i - first, 0, box.w,
			  i == (int)prompt->offered ? ROLE_selected : ROLE_related);
	}
}

void prompt_draw(const struct prompt *prompt, struct area area)
{
	struct area row = area_part(area, area.h - 1, 0, 1, area.w), field;
	int label, before, left = 0;

	if (area.h < 1 || area.w < 1)
		return;
	area_fill(row, ROLE_prompt);
	label = shown_columns(prompt->label, strlen(prompt->label));
	label = label > area.w / 2 ? area.w / 2 : label;
	area_field(row, 0, 0, label, false, ROLE_prompt, prompt->label);
	field = area_part(row, 0, label, 1, row.w - label);
	before = shown_columns(prompt->text.p, prompt->cursor);
	if (before >= field.w)
		left = before - field.w + 1;
	area_text(field, 0, -left, ROLE_prompt, prompt->text.p);
	area_cursor(field, 0, before - left);
	if (prompt->offers)
		draw_offers(prompt, area,
			    label + shown_columns(prompt->text.p, prompt->offer_from) - left - 1);
}
