/*
 * The palette: a line with one of our own commands, completed from the command table and the apps;
 * or the name of an action.
 */
#include <string.h>

#include "kata/json.h"
#include "ui/ui.h"

/* Words of a line; quotes hold blanks together. */
static json_t *words_new(const char *line)
{
	json_t *words = json_array();
	struct str word = STR_INIT;
	bool any = false; /* there is a word, perhaps an empty one */
	char quote = '\0';

	for (;; line++) {
		if (!*line || (*line == ' ' && !quote)) {
			if (any)
				json_array_append_new(words, json_stringn(word.p, word.len));
			str_clear(&word);
			any = false;
		} else if (*line == quote || (!quote && (*line == '\'' || *line == '"'))) {
			quote = quote ? '\0' : *line;
			any = true;
		} else {
			str_addc(&word, *line);
			any = true;
		}
		if (!*line)
			break;
	}
	str_release(&word);
	return words;
}

static void offer(json_t *offers, const char *text, const char *word)
{
	json_t *known;
	size_t i;

	if (!text || strncmp(text, word, strlen(word)) != 0)
		return;
	json_array_foreach(offers, i, known)
		if (!strcmp(json_string_value(known), text))
			return;
	json_array_append_new(offers, json_string(text));
}

static void offer_services(const struct ui *ui, json_t *offers, const char *app, const char *word)
{
	json_t *row, *seen = json_object();
	size_t i;

	json_array_foreach(ui->lists[PLACE_CONTAINERS].rows, i, row) {
		const char *of = json_member_text(row, "app");
		const char *service = json_member_text(row, "service");

		if (!of || !service || strcmp(of, app) != 0 || json_object_get(seen, service))
			continue;
		json_object_set_new(seen, service, json_true());
		offer(offers, service, word);
	}
	json_decref(seen);
}

static const struct screen_command *command_find(const struct ui *ui, const char *name)
{
	for (size_t i = 0; i < ui->screen->command_count; i++)
		if (!strcmp(ui->screen->commands[i].name, name))
			return &ui->screen->commands[i];
	return NULL;
}

json_t *palette_complete(void *arg, const char *line, size_t index, const char *word)
{
	const struct ui *ui = arg;
	json_t *offers = json_array(), *words = words_new(line), *row;
	size_t i;

	if (index == 0) {
		for (i = 0; i < ui->screen->command_count; i++)
			offer(offers, ui->screen->commands[i].name, word);
		for (i = 0; i < action_count; i++)
			if (!command_find(ui, action_table[i].name))
				offer(offers, action_table[i].name, word);
	} else {
		json_array_foreach(ui->lists[PLACE_APPS].rows, i, row)
			offer(offers, json_member_text(row, "name"), word);
	}
	if (index > 1 && json_array_size(words) > 1)
		offer_services(ui, offers, json_string_value(json_array_get(words, 1)), word);
	json_decref(words);
	return offers;
}

/* The arguments that are names of apps. */
static json_t *apps_new(const struct ui *ui, const json_t *words)
{
	json_t *apps = json_array(), *word;
	size_t i;

	json_array_foreach((json_t *)words, i, word)
		if (i && ui_app_row(ui, json_string_value(word)))
			json_array_append(apps, word);
	return apps;
}

void palette_run(struct ui *ui, const char *line)
{
	json_t *words = words_new(line);
	const char *name = json_string_value(json_array_get(words, 0));

	if (!name) {
		json_decref(words);
	} else if (json_array_size(words) == 1 && action_find(name)) {
		ui_act(ui, name);
		json_decref(words);
	} else if (!command_find(ui, name)) {
		ui_say(ui, ROLE_bad, "%s is no command; Tab completes, ? shows the keys", name);
		json_decref(words);
	} else if (ui->read_only && !jobs_only_reads(name)) {
		ui_say(ui, ROLE_drift, "read-only: %s changes things", name);
		json_decref(words);
	} else {
		json_t *apps = apps_new(ui, words);

		ui_start_job(ui, words, apps);
		ui_open_tab(ui, TAB_ACTIVITY);
	}
}
