/*
 * Logs as lines: the engine's dates and the pieces of long lines taken off, colours and control
 * characters taken out. Pure.
 */
#include "logs.h"

#include <stdlib.h>
#include <string.h>

#include "instances.h"
#include "kata/text.h"

/* "2026-11-22T04:30:35.542818036Z " */
static bool is_time(const char *p, size_t len)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ ";

	if (len < LOG_TIME + 1)
		return false;
	for (size_t i = 0; i <= LOG_TIME; i++)
		if (shape[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != shape[i])
			return false;
	return true;
}

/* Length of the date and details that a message begins with; they go to *time and *details. 0: it
 * goes on from before. */
static size_t head_length(const struct log_split *split, const char *message, size_t len,
			  const char **details, size_t *details_len)
{
	size_t head = LOG_TIME + 1;
	const char *space;

	*details_len = 0;
	if (!is_time(message, len))
		return 0;
	*details = message + head;
	space = split->has_details ? memchr(*details, ' ', len - head) : NULL;
	if (!space || space - *details >= LOG_DETAILS_MAX)
		return head;
	*details_len = (size_t)(space - *details);
	return head + *details_len + 1;
}

/* Takes out what every piece of a long line begins with again. */
static size_t join_pieces(char *text, size_t len, const char *head, size_t head_len)
{
	size_t kept = 0;

	while (len) {
		char *again = memmem(text + kept, len, head, head_len);
		size_t n = again ? (size_t)(again - (text + kept)) : len;

		kept += n;
		len -= n;
		if (again) {
			len -= head_len;
			memmove(text + kept, text + kept + head_len, len);
		}
	}
	return kept;
}

static void give_line(struct log_split *split, const char *text, size_t len, log_line_fn *fn,
		      void *arg)
{
	fn(arg, &(struct log_line){split->time, split->details, text, len});
}

/* Where a text that is too long is cut: between two characters. */
static size_t cut_between(const char *p, size_t len)
{
	size_t cut = len;

	while (cut > len - 4 && ((unsigned char)p[cut - 1] & 0xC0) == 0x80)
		cut--;
	return (unsigned char)p[cut - 1] >= 0xC0 ? cut - 1 : len;
}

/* Keeps what follows the first n bytes. */
static void str_drop(struct str *s, size_t n)
{
	memmove(s->p, s->p + n, s->len - n);
	s->len -= n;
	s->p[s->len] = '\0';
}

/* Adds to the line under way, and gives away every line that is whole. */
static void add_text(struct log_split *split, const char *text, size_t len, log_line_fn *fn,
		     void *arg)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (end && !split->line.len) {
			give_line(split, text, n, fn, arg);
		} else {
			str_addn(&split->line, text, n);
			if (end) {
				give_line(split, split->line.p, split->line.len, fn, arg);
				str_clear(&split->line);
			}
		}
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	while (split->line.len > LOG_LINE_MAX) {
		size_t cut = cut_between(split->line.p, LOG_LINE_MAX);

		give_line(split, split->line.p, cut, fn, arg);
		str_drop(&split->line, cut);
	}
}

/* One message as the engine has it. Pieces of one line have the same date; another date without
 * a line's end before it is another line (its program ended in the middle of one). */
static void take_message(struct log_split *split, char *message, size_t len, log_line_fn *fn,
			 void *arg)
{
	const char *details = "";
	size_t details_len, head = head_length(split, message, len, &details, &details_len);

	if (head && strncmp(split->time, message, LOG_TIME) != 0) {
		if (split->line.len)
			give_line(split, split->line.p, split->line.len, fn, arg);
		str_clear(&split->line);
		memcpy(split->time, message, LOG_TIME);
		split->time[LOG_TIME] = '\0';
	}
	if (head) {
		memcpy(split->details, details, details_len);
		split->details[details_len] = '\0';
	}
	if (split->raw && head && len > LOG_CHUNK)
		len = head + join_pieces(message + head, len - head, message, head);
	add_text(split, message + head, len - head, fn, arg);
}

/* A terminal's output has no messages, only lines; too long ones end in front of a piece. */
static size_t cut_raw(const struct str *held)
{
	for (size_t i = held->len - 1; i + 2 * LOG_CHUNK > held->len; i--)
		if (is_time(held->p + i, held->len - i))
			return i;
	return cut_between(held->p, held->len);
}

static void add_raw(struct log_split *split, const char *bytes, size_t len, log_line_fn *fn,
		    void *arg)
{
	struct str *held = &split->held;

	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) + 1 : len, room = LOG_LINE_MAX - held->len;

		n = n < room ? n : room;
		str_addn(held, bytes, n);
		bytes += n;
		len -= n;
		if (held->p[held->len - 1] == '\n' || held->len == LOG_LINE_MAX) {
			n = held->p[held->len - 1] == '\n' ? held->len : cut_raw(held);
			take_message(split, held->p, n, fn, arg);
			str_drop(held, n);
		}
	}
}

void log_split_add(struct log_split *split, const char *bytes, size_t len, bool end,
		   log_line_fn *fn, void *arg)
{
	if (!split->held.p)
		split->held = split->line = (struct str)STR_INIT;
	if (split->raw) {
		add_raw(split, bytes, len, fn, arg);
		return;
	}
	str_addn(&split->held, bytes, len);
	if (end || split->held.len >= LOG_LINE_MAX) {
		take_message(split, split->held.p, split->held.len, fn, arg);
		str_clear(&split->held);
	}
}

void log_split_end(struct log_split *split, log_line_fn *fn, void *arg)
{
	if (split->held.p && split->held.len)
		take_message(split, split->held.p, split->held.len, fn, arg);
	if (split->held.p && split->line.len)
		give_line(split, split->line.p, split->line.len, fn, arg);
	log_split_release(split);
}

void log_split_release(struct log_split *split)
{
	if (!split->held.p)
		return;
	str_release(&split->held);
	str_release(&split->line);
}

/* --- text --- */

/* Length of the control sequence that begins with the escape character at p (ECMA-48): colours,
 * cursor movements, titles. */
static size_t escape_length(const char *p, size_t len)
{
	size_t i = 1;

	if (len < 2)
		return len;
	if (p[1] == '[') {
		for (i = 2; i < len && p[i] >= 0x20 && p[i] <= 0x3F;)
			i++;
		return i < len && p[i] >= 0x40 && p[i] <= 0x7E ? i + 1 : i;
	}
	if (memchr("]PX^_", p[1], 5)) {
		for (i = 2; i < len && p[i] != '\a' && p[i] != '\033';)
			i++;
		if (i < len && p[i] == '\033')
			i++;
		return i < len ? i + 1 : i;
	}
	while (i < len && p[i] >= 0x20 && p[i] <= 0x2F)
		i++;
	return i < len && p[i] >= 0x30 && p[i] <= 0x7E ? i + 1 : i;
}

void log_text_add(struct str *out, const char *text, size_t len)
{
	while (len && text[len - 1] == '\r')
		len--;
	while (len) {
		size_t n = 0;

		while (n < len && text[n] != '\t' && text[n] != '\033')
			n++;
		text_safe(out, text, n);
		text += n;
		len -= n;
		if (!len)
			break;
		n = *text == '\t' ? 1 : escape_length(text, len);
		if (*text == '\t')
			str_addc(out, '\t');
		text += n;
		len -= n;
	}
}

const char *log_detail(struct arena *a, const char *details, const char *key)
{
	size_t len = strlen(key);

	while (*details) {
		size_t n = strcspn(details, ",");

		if (n > len && !strncmp(details, key, len) && details[len] == '=')
			return arena_strndup(a, details + len + 1, n - len - 1);
		details += n + (details[n] == ',');
	}
	return NULL;
}

const char *log_after(struct arena *a, const char *time)
{
	int64_t seconds;
	long ns;

	if (!time_parse(time, &seconds, &ns) || seconds < 0)
		return NULL;
	if (++ns == 1000000000) {
		ns = 0;
		seconds++;
	}
	return arena_printf(a, "%lld.%09ld", (long long)seconds, ns);
}

/* --- queue --- */

/* About what it costs. */
static size_t item_bytes(const struct log_queued *item)
{
	return sizeof *item + item->len;
}

void log_queue_add(struct log_queue *queue, const struct log_line *line, int stream)
{
	size_t details = strlen(line->details), size = line->len + details + 1;
	struct log_queued *item;

	if (queue->head > queue->cap / 2 && queue->head + queue->count == queue->cap) {
		memmove(queue->items, queue->items + queue->head,
			queue->count * sizeof *queue->items);
		queue->head = 0;
	}
	queue->items =
		xgrow(queue->items, queue->head + queue->count, &queue->cap, sizeof *queue->items);
	item = &queue->items[queue->head + queue->count++];
	*item = (struct log_queued){.text = xmalloc(size), .len = line->len, .stream = stream};
	memcpy(item->text, line->text, line->len);
	item->details = memcpy(item->text + line->len, line->details, details + 1);
	memcpy(item->time, line->time, strnlen(line->time, LOG_TIME) + 1);
	queue->bytes += item_bytes(item);
}

const struct log_queued *log_queue_first(const struct log_queue *queue)
{
	return queue->count ? &queue->items[queue->head] : NULL;
}

void log_queue_drop(struct log_queue *queue)
{
	struct log_queued *item = &queue->items[queue->head];

	queue->bytes -= item_bytes(item);
	free(item->text);
	queue->head = --queue->count ? queue->head + 1 : 0;
}

void log_queue_release(struct log_queue *queue)
{
	while (queue->count)
		log_queue_drop(queue);
	free(queue->items);
	*queue = (struct log_queue){0};
}
