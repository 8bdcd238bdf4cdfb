/*
 * Settings: ~/.config/kata-tui/config.yaml, keys.conf, and the themes. What is wrong in them is
 * said, and never keeps the screen from opening.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kata/file.h"
#include "kata/json.h"
#include "kata/text.h"
#include "kata/yaml.h"
#include "ui/ui.h"

enum { SETTINGS_MAX = 1 << 20, THEME_STEPS = 4 };

static bool read_file(const char *path, struct str *out)
{
	struct kata_error e;

	return file_read(AT_FDCWD, path, SETTINGS_MAX, out, &e);
}

/* --- keys --- */

static const char **view_names(struct ui *ui)
{
	static const char *const lists[] = {"any", "apps", "servers", "containers", "tree"};
	enum { LIST_VIEWS = sizeof lists / sizeof *lists };
	const char **names = arena_alloc(ui->arena, (LIST_VIEWS + TAB_COUNT + 2) * sizeof *names);
	size_t count = 0;

	for (size_t i = 0; i < LIST_VIEWS; i++)
		names[count++] = lists[i];
	for (size_t i = 0; i < TAB_COUNT; i++)
		names[count++] = tab_table[i].view;
	names[count++] = "deploys";
	names[count] = NULL;
	return names;
}

static const char **action_names(struct ui *ui)
{
	const char **names = arena_alloc(ui->arena, (action_count + 1) * sizeof *names);

	for (size_t i = 0; i < action_count; i++)
		names[i] = action_table[i].name;
	names[action_count] = NULL;
	return names;
}

static void read_keys(struct ui *ui, const char *folder, bool user)
{
	const char *path = arena_printf(ui->arena, "%s/keys.conf", folder);
	struct str text = STR_INIT;

	if (read_file(path, &text))
		keymap_read(&ui->keys, path, text.p, user, view_names(ui), action_names(ui),
			    &ui->problems);
	str_release(&text);
}

/* --- themes --- */

/* The user's own come first. */
static const char *theme_folder(const struct ui *ui, int i)
{
	if (i == 0)
		return ui->screen->config ? arena_printf(ui->frame, "%s/themes", ui->screen->config)
					  : NULL;
	return arena_printf(ui->frame, i == 1 ? "%s/themes" : "%s/../themes", ui->screen->share);
}

static bool read_theme(struct ui *ui, const char *name, struct str *out)
{
	for (int i = 0; i < 3 && !strchr(name, '/'); i++) {
		const char *folder = theme_folder(ui, i);

		str_clear(out);
		if (folder && read_file(arena_printf(ui->frame, "%s/%s", folder, name), out))
			return true;
	}
	return false;
}

/* With the themes that it builds on, a few steps down. */
static bool load_theme(struct ui *ui, const char *name, int steps, struct theme *out)
{
	struct str text = STR_INIT;
	char parent_name[THEME_NAME];
	struct theme parent;
	bool ok = read_theme(ui, name, &text);

	if (ok && steps && theme_parent(text.p, parent_name) &&
	    load_theme(ui, parent_name, steps - 1, &parent))
		ok = theme_parse_on(out, &parent, name, text.p, &ui->problems, ui->arena);
	else if (ok)
		ok = theme_parse(out, name, text.p, &ui->problems, ui->arena);
	str_release(&text);
	return ok;
}

bool ui_set_theme(struct ui *ui, const char *name)
{
	struct theme theme;
	bool ok = load_theme(ui, name, THEME_STEPS, &theme);

	if (ok)
		ui->theme = theme;
	ui_dirty(ui);
	return ok;
}

json_t *ui_themes_new(const struct ui *ui)
{
	json_t *names = json_array(), *seen = json_object();

	for (int i = 0; i < 3; i++) {
		const char *folder = theme_folder(ui, i), **found;
		size_t count;
		struct kata_error e;

		if (!folder || !file_list(folder, ui->frame, &found, &count, &e))
			continue;
		for (size_t k = 0; k < count; k++) {
			if (*found[k] == '.' || json_object_get(seen, found[k]))
				continue;
			json_object_set_new(seen, found[k], json_true());
			json_array_append_new(names, json_string(found[k]));
		}
	}
	json_decref(seen);
	return names;
}

/* --- config.yaml --- */

static const char *setting(const struct yaml_node *root, const char *key)
{
	const struct yaml_node *node = yaml_get(root, key);

	return node && node->kind == YAML_SCALAR ? node->text : NULL;
}

static bool is_on(const char *text)
{
	return text && (!strcmp(text, "true") || !strcmp(text, "on") || !strcmp(text, "yes"));
}

static const char *const setting_names[] = {"theme", "mouse", "columns", "time_zone", "refresh"};

static void check_names(struct ui *ui, const char *path)
{
	for (size_t i = 0; ui->config && i < ui->config->count; i++) {
		const struct yaml_node *key =
			ui->config->kind == YAML_MAPPING ? ui->config->pairs[i].key : NULL;
		struct text_nearest near = {.word = key && key->text ? key->text : ""};
		bool known = false;

		for (size_t k = 0; k < sizeof setting_names / sizeof *setting_names; k++) {
			known = known || !strcmp(setting_names[k], near.word);
			text_nearest_offer(&near, setting_names[k]);
		}
		if (known)
			continue;
		problems_add(&ui->problems, SEVERITY_WARNING, yaml_place(key, path),
			     "%.40s is no setting", near.word)
			->hint = near.name ? arena_printf(ui->arena, "did you mean %s?", near.name)
					   : "theme, mouse, columns, time_zone, refresh";
	}
}

/* theme, mouse, time_zone, refresh; columns when the lists are made. What the command line said
 * wins. */
static const char *read_config(struct ui *ui)
{
	const char *path = arena_printf(ui->arena, "%s/config.yaml", ui->screen->config);
	struct str text = STR_INIT;
	const char *zone, *refresh;
	uint64_t seconds;

	if (read_file(path, &text))
		ui->config = yaml_parse(ui->arena, text.p, text.len, path, &ui->problems);
	str_release(&text);
	check_names(ui, path);
	ui->mouse = ui->mouse || is_on(setting(ui->config, "mouse"));
	zone = setting(ui->config, "time_zone");
	if (zone) {
		setenv("TZ", zone, 1);
		tzset();
	}
	refresh = setting(ui->config, "refresh");
	if (refresh && text_u64(refresh, 1, 3600, &seconds))
		ui->refresh_ms = (int)seconds * 1000;
	else if (refresh)
		problems_add(&ui->problems, SEVERITY_WARNING,
			     yaml_place(yaml_get(ui->config, "refresh"), path),
			     "refresh is seconds, 1 to 3600");
	return setting(ui->config, "theme");
}

/* --- columns --- */

static const struct column *column_find(const struct column_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->columns[i].name, name))
			return &table->columns[i];
	return NULL;
}

const struct column *ui_columns(struct ui *ui, const char *list, const struct column_table *table,
				size_t *count)
{
	const struct yaml_node *names = yaml_get(yaml_get(ui->config, "columns"), list);
	struct column *chosen;

	*count = table->count;
	if (!names || names->kind != YAML_SEQUENCE || !names->count)
		return table->columns;
	chosen = arena_alloc(ui->arena, names->count * sizeof *chosen);
	*count = 0;
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i]->text ? names->items[i]->text : "";
		const struct column *column = column_find(table, name);
		struct text_nearest near = {.word = name};

		if (column) {
			chosen[(*count)++] = *column;
			continue;
		}
		for (size_t k = 0; k < table->count; k++)
			text_nearest_offer(&near, table->columns[k].name);
		ui_say(ui, ROLE_bad, "config.yaml:%u: %s has no column %.40s%s%s",
		       names->items[i]->line, list, name, near.name ? "; did you mean " : "",
		       near.name ? near.name : "");
	}
	return *count ? chosen : table->columns;
}

void ui_settings(struct ui *ui)
{
	const struct screen *screen = ui->screen;
	const char *theme = screen->config ? read_config(ui) : NULL;

	keymap_init(&ui->keys);
	read_keys(ui, screen->share, false);
	if (screen->config)
		read_keys(ui, screen->config, true);
	theme = screen->theme ? screen->theme : theme ? theme : "default";
	theme_default(&ui->theme);
	if (!ui_set_theme(ui, theme) && strcmp(theme, "default") != 0)
		ui_say(ui, ROLE_bad, "there is no theme %s; T shows those there are", theme);
	for (size_t i = 0; i < ui->problems.count; i++) {
		const struct problem *p = &ui->problems.items[i];

		ui_say(ui, ROLE_bad, "%s:%u: %s%s%s", p->place.file ? p->place.file : "settings",
		       p->place.line, p->msg, p->hint ? "; " : "", p->hint ? p->hint : "");
	}
}

/* --- the theme command --- */

static void text_safe_puts(const char *text)
{
	struct str safe = STR_INIT;

	text_safe(&safe, text, strlen(text));
	puts(safe.p);
	str_release(&safe);
}

static void print_problem(const struct problem *p)
{
	struct str line = STR_INIT;

	if (p->place.line)
		str_addf(&line, "%s:%u: ", p->place.file ? p->place.file : "theme", p->place.line);
	str_addf(&line, "%s: %s%s%s", severity_name(p->severity), p->msg, p->hint ? "; " : "",
		 p->hint ? p->hint : "");
	text_safe_puts(line.p);
	str_release(&line);
}

static int check_theme(struct ui *ui)
{
	const struct screen *screen = ui->screen;

	if (!ui_set_theme(ui, screen->theme)) {
		fprintf(stderr, "kata-tui: no theme of that name can be read\n"
				"hint: `kata-tui theme` lists them\n");
		return 2;
	}
	theme_check(&ui->theme, &ui->problems, ui->arena);
	for (size_t i = 0; i < ui->problems.count; i++)
		print_problem(&ui->problems.items[i]);
	return ui->problems.errors ? 1 : 0;
}

int themes_run(const struct screen *screen)
{
	struct ui ui = {.screen = screen, .arena = arena_new(), .frame = arena_new()};
	json_t *names, *name;
	int status = 0;
	size_t i;

	problems_init(&ui.problems, ui.arena);
	names = ui_themes_new(&ui);
	if (screen->theme)
		status = check_theme(&ui);
	else
		json_array_foreach(names, i, name)
			text_safe_puts(json_string_value(name));
	json_decref(names);
	arena_free(ui.frame);
	arena_free(ui.arena);
	return status;
}
