/*
 * The list: rows by key, what of them is shown (filter, sort), and the drawing of those in sight.
 * Texts of all rows are made only when rows, filter or sort change; a draw makes those it shows.
 */
#include "ui/list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kata/json.h"

void list_init(struct list *list, const struct column *columns, size_t count, const char *key,
	       const void *arg)
{
	*list = (struct list){
		.columns = columns,
		.column_count = count,
		.arg = arg,
		.key = key,
		.rows = json_array(),
		.marks = json_object(),
		.sort = -1,
		.lost = xcalloc(count + 1, 1),
	};
}

void list_release(struct list *list)
{
	json_decref(list->rows);
	json_decref(list->marks);
	free(list->shown);
	free(list->selected);
	free(list->filter);
	free(list->lost);
	*list = (struct list){0};
}

/* --- rows and keys --- */

static const char *key_of(const struct list *list, const json_t *row)
{
	const char *key = json_member_text(row, list->key);

	return key ? key : "";
}

static const json_t *shown_row(const struct list *list, size_t place)
{
	return place < list->shown_count ? json_array_get(list->rows, list->shown[place]) : NULL;
}

static void set_text(char **to, const char *text)
{
	char *copy = text ? xstrdup(text) : NULL;

	free(*to);
	*to = copy;
}

/* Selects what stands at `at`, or the last one. There has to be one. */
static void select_at(struct list *list, size_t at)
{
	list->at = at < list->shown_count ? at : list->shown_count - 1;
	set_text(&list->selected, key_of(list, shown_row(list, list->at)));
}

/* --- what is shown: filter and sort --- */

/* All texts of a row, and what it is sorted by, apart from each other. */
static void row_texts(const struct list *list, const json_t *row, struct str *out)
{
	str_clear(out);
	for (size_t i = 0; i < list->column_count; i++) {
		const struct column *column = &list->columns[i];
		const char *more =
			column->sort_key ? json_member_text(row, column->sort_key) : NULL;

		column->text(row, out, list->arg);
		str_addc(out, '\n');
		str_add(out, more ? more : "");
		str_addc(out, '\n');
	}
}

/* Whether all words (ended by a 0 each, the last one empty) are in the row's texts. */
static bool row_has(const struct list *list, const json_t *row, const char *words, struct str *text)
{
	row_texts(list, row, text);
	for (; *words; words += strlen(words) + 1)
		if (!strcasestr(text->p, words))
			return false;
	return true;
}

/* "a  b" to "a\0b\0\0". */
static void split_words(struct str *out, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, " \t\n");

		if (len) {
			str_addn(out, words, len);
			str_addc(out, '\0');
		}
		words += len + (words[len] != '\0');
	}
	str_addc(out, '\0');
}

static void collect_shown(struct list *list)
{
	size_t count = json_array_size(list->rows);
	struct str words = STR_INIT, text = STR_INIT;

	list->shown = xrealloc(list->shown, (count + 1) * sizeof *list->shown);
	list->shown_count = 0;
	split_words(&words, list->filter ? list->filter : "");
	for (size_t i = 0; i < count; i++)
		if (!*words.p || row_has(list, json_array_get(list->rows, i), words.p, &text))
			list->shown[list->shown_count++] = i;
	str_release(&words);
	str_release(&text);
}

struct sorted {
	double number;
	char *text;
	size_t index;
	int sign;
};

/* A missing number comes before all others. */
static double sort_number(const json_t *row, const char *member)
{
	const json_t *value = json_object_get(row, member);

	return json_is_number(value) ? json_number_value(value) : -1e300;
}

static void sorted_make(const struct list *list, const struct column *column, struct sorted *out)
{
	const json_t *row = json_array_get(list->rows, out->index);
	const char *member = column->sort_key ? json_member_text(row, column->sort_key) : NULL;
	struct str text = STR_INIT;

	if (column->number && column->sort_key) {
		out->number = sort_number(row, column->sort_key);
		return;
	}
	if (member)
		str_add(&text, member);
	else
		column->text(row, &text, list->arg);
	out->text = str_detach(&text);
}

static int sorted_compare(const void *x, const void *y)
{
	const struct sorted *a = x, *b = y;
	int order = (a->number > b->number) - (a->number < b->number);

	if (!order && a->text && b->text)
		order = strcasecmp(a->text, b->text);
	if (order)
		return order * a->sign;
	return a->index < b->index ? -1 : 1;
}

static void sort_shown(struct list *list)
{
	struct sorted *all;

	if (list->sort < 0 || list->sort >= (int)list->column_count || !list->shown_count)
		return;
	all = xcalloc(list->shown_count, sizeof *all);
	for (size_t i = 0; i < list->shown_count; i++) {
		all[i].index = list->shown[i];
		all[i].sign = list->reverse ? -1 : 1;
		sorted_make(list, &list->columns[list->sort], &all[i]);
	}
	qsort(all, list->shown_count, sizeof *all, sorted_compare);
	for (size_t i = 0; i < list->shown_count; i++) {
		list->shown[i] = all[i].index;
		free(all[i].text);
	}
	free(all);
}

/* --- keeping the place --- */

/* What was shown, to find it again. */
struct before {
	json_t *rows;
	size_t *shown, count;
};

/* The key that stood at a place. */
static const char *before_key(const struct list *list, const struct before *before, size_t place)
{
	return key_of(list, json_array_get(before->rows, before->shown[place]));
}

/* The place now of the row that was at `from`; else of the next one after it that is still there,
 * else of the nearest before it. */
static size_t place_now(const struct list *list, const struct before *before, const json_t *places,
			size_t from)
{
	const json_t *found = NULL;

	for (size_t i = from; i < before->count && !found; i++)
		found = json_object_get(places, before_key(list, before, i));
	for (size_t i = from < before->count ? from : before->count; i-- > 0 && !found;)
		found = json_object_get(places, before_key(list, before, i));
	return (size_t)json_integer_value(found);
}

/* Shows what rows, filter and sort say; the selection and what is on the screen stay. Takes what
 * was there before. */
static void show_anew(struct list *list, struct before *before_take)
{
	json_t *places = json_object();
	size_t at = list->at;

	collect_shown(list);
	sort_shown(list);
	for (size_t i = 0; i < list->shown_count; i++)
		json_object_set_new_nocheck(places, key_of(list, shown_row(list, i)),
					    json_integer((json_int_t)i));
	if (before_take->count)
		at = place_now(list, before_take, places, at);
	else if (list->selected)
		at = (size_t)json_integer_value(json_object_get(places, list->selected));
	/* From the first row on, a new first row is to be seen. */
	if (list->top)
		list->top = place_now(list, before_take, places, list->top);
	if (list->shown_count)
		select_at(list, at);
	json_decref(places);
	json_decref(before_take->rows);
	free(before_take->shown);
}

/* Forgets what is shown, but for a look back at it. */
static struct before before_new(struct list *list)
{
	struct before out = {json_incref(list->rows), list->shown, list->shown_count};

	list->shown = NULL;
	list->shown_count = 0;
	return out;
}

static void forget_lost_marks(struct list *list)
{
	json_t *kept = json_object(), *row;
	size_t i;

	json_array_foreach(list->rows, i, row)
		if (json_object_get(list->marks, key_of(list, row)))
			json_object_set_new_nocheck(kept, key_of(list, row), json_true());
	json_decref(list->marks);
	list->marks = kept;
}

void list_set_take(struct list *list, json_t *rows)
{
	struct before before = before_new(list);

	json_decref(list->rows);
	list->rows = rows ? rows : json_array();
	if (json_object_size(list->marks))
		forget_lost_marks(list);
	show_anew(list, &before);
}

void list_filter(struct list *list, const char *words)
{
	struct before before = before_new(list);

	set_text(&list->filter, words && *words ? words : NULL);
	show_anew(list, &before);
}

void list_sort(struct list *list, int column, bool reverse)
{
	struct before before = before_new(list);

	list->sort = column < (int)list->column_count ? column : -1;
	list->reverse = reverse;
	show_anew(list, &before);
}

/* --- selection --- */

const json_t *list_selected(const struct list *list)
{
	return shown_row(list, list->at);
}

const char *list_selected_key(const struct list *list)
{
	return list->shown_count ? list->selected : NULL;
}

bool list_select(struct list *list, const char *key)
{
	for (size_t i = 0; key && i < list->shown_count; i++) {
		if (strcmp(key_of(list, shown_row(list, i)), key) != 0)
			continue;
		select_at(list, i);
		return true;
	}
	return false;
}

void list_move(struct list *list, int by)
{
	size_t far = (size_t)(by < 0 ? -(long)by : by);

	if (!list->shown_count)
		return;
	if (by < 0)
		select_at(list, far < list->at ? list->at - far : 0);
	else
		select_at(list, list->at + far);
}

bool list_select_row(struct list *list, int y)
{
	size_t place = list->top + (size_t)(y - list->head);

	if (y < list->head || y - list->head >= list->height || place >= list->shown_count)
		return false;
	select_at(list, place);
	return true;
}

bool list_search(struct list *list, const char *words, bool up)
{
	struct str split = STR_INIT, text = STR_INIT;
	size_t count = list->shown_count, place = list->at;
	bool found = false;

	split_words(&split, words ? words : "");
	for (size_t i = 0; *split.p && i < count && !found; i++) {
		place = (place + (up ? count - 1 : 1)) % count;
		found = row_has(list, shown_row(list, place), split.p, &text);
	}
	if (found)
		select_at(list, place);
	str_release(&split);
	str_release(&text);
	return found;
}

/* --- marks --- */

bool list_is_marked(const struct list *list, const json_t *row)
{
	return json_object_get(list->marks, key_of(list, row)) != NULL;
}

void list_mark(struct list *list)
{
	if (!list->shown_count)
		return;
	if (list_is_marked(list, list_selected(list)))
		json_object_del(list->marks, list->selected);
	else
		json_object_set_new_nocheck(list->marks, list->selected, json_true());
	list_move(list, 1);
}

void list_mark_all(struct list *list)
{
	bool all = true;

	for (size_t i = 0; i < list->shown_count && all; i++)
		all = list_is_marked(list, shown_row(list, i));
	for (size_t i = 0; i < list->shown_count; i++) {
		const char *key = key_of(list, shown_row(list, i));

		if (all)
			json_object_del(list->marks, key);
		else
			json_object_set_new_nocheck(list->marks, key, json_true());
	}
}

json_t *list_targets_new(const struct list *list)
{
	json_t *out = json_array(), *row;
	size_t i;

	json_array_foreach(list->rows, i, row)
		if (list_is_marked(list, row))
			json_array_append_new(out, json_string_nocheck(key_of(list, row)));
	if (!json_array_size(out) && list->shown_count)
		json_array_append_new(out, json_string_nocheck(list->selected));
	return out;
}
