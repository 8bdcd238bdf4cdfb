/*
 * The files a Compose model is made of: the app's own, what it includes, and what its services
 * extend. Each is read once.
 */
#include "compose_private.h"

#include <stdlib.h>
#include <string.h>

void compose_go(struct compose_work *w, const struct compose_file *file, const char *section,
		const char *name)
{
	w->r.file = file;
	str_clear(&w->r.path);
	if (section)
		compose_enter(&w->r, section);
	if (name)
		compose_enter(&w->r, name);
}

/* --- Services of a file --- */

static int draft_compare(const void *a, const void *b)
{
	return strcmp(((const struct compose_draft *)a)->name,
		      ((const struct compose_draft *)b)->name);
}

struct compose_draft *compose_draft_in(const struct compose_loaded *file, const char *name)
{
	const struct compose_draft wanted = {.name = name};

	return file->count
		       ? bsearch(&wanted, file->drafts, file->count, sizeof wanted, draft_compare)
		       : NULL;
}

static bool is_service_name(const char *name)
{
	return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789._-")] == '\0';
}

static void add_service(struct compose_work *w, struct compose_loaded *file,
			const struct yaml_pair *pair)
{
	compose_go(w, &file->file, "services", pair->key->text);
	if (!is_service_name(pair->key->text))
		compose_say(&w->r, SEVERITY_ERROR, pair->key, "cannot be a service's name")->hint =
			"letters, digits, . _ and -";
	else if (pair->value->kind == YAML_MAPPING)
		file->drafts[file->count++] = (struct compose_draft){.name = pair->key->text,
								     .from = file,
								     .key = pair->key,
								     .node = pair->value};
	else if (!file->file.main) /* app.c has said it of the app's own */
		compose_wrong(&w->r, pair->value, "a mapping");
}

static void add_services(struct compose_work *w, struct compose_loaded *file)
{
	const struct yaml_node *services = yaml_get(file->file.root, "services");

	if (!services || services->kind != YAML_MAPPING)
		return;
	file->drafts = arena_alloc(w->r.arena, services->count * sizeof *file->drafts + 1);
	for (size_t i = 0; i < services->count; i++)
		add_service(w, file, &services->pairs[i]);
	qsort(file->drafts, file->count, sizeof *file->drafts, draft_compare);
}

/* --- Other files --- */

static struct compose_loaded *file_new(struct compose_work *w, const struct compose_file *file)
{
	struct compose_loaded *loaded = arena_alloc(w->r.arena, sizeof *loaded);

	loaded->file = *file;
	w->files = arena_grow(w->r.arena, w->files, w->file_count, &w->file_cap, sizeof *w->files);
	w->files[w->file_count++] = loaded;
	add_services(w, loaded);
	return loaded;
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

/* The file's tree, or NULL with a problem. */
static const struct yaml_node *file_parse(struct compose_work *w, struct compose_file *file,
					  const struct yaml_node *node)
{
	struct app_file found = {.path = file->path};
	const struct yaml_node *root;

	if (w->r.input->read)
		w->r.input->read(w->r.input->read_arg, file->path, &found);
	if (!found.bytes) {
		compose_say(&w->r, SEVERITY_ERROR, node, "%.200s %s%s", file->path,
			    found.error ? "cannot be read: " : "does not exist",
			    found.error ? found.error : "");
		return NULL;
	}
	file->shown = found.path;
	root = yaml_parse(w->r.arena, found.bytes, found.len, file->shown, w->r.problems);
	if (root && root->kind == YAML_MAPPING)
		return root;
	compose_say(&w->r, SEVERITY_ERROR, node, "%.200s is no Compose file", file->path);
	return NULL;
}

struct compose_loaded *compose_load(struct compose_work *w, const char *path,
				    const struct yaml_node *node)
{
	struct compose_file file = {.path = path, .shown = path};

	for (size_t i = 0; i < w->file_count; i++)
		if (!strcmp(w->files[i]->file.path, path))
			return w->files[i];
	if (w->file_count >= COMPOSE_FILES_MAX) {
		compose_say(&w->r, SEVERITY_ERROR, node, "more than %d files", COMPOSE_FILES_MAX);
		return NULL;
	}
	file.folder = folder_of(w->r.arena, path);
	file.root = file_parse(w, &file, node);
	return file.root ? file_new(w, &file) : NULL;
}

/* --- include --- */

static void include_all(struct compose_work *w, struct compose_loaded *from);

static void part_add(struct compose_work *w, struct compose_loaded *part)
{
	for (size_t i = 0; i < w->part_count; i++)
		if (w->parts[i] == part)
			return;
	w->parts = arena_grow(w->r.arena, w->parts, w->part_count, &w->part_cap, sizeof *w->parts);
	w->parts[w->part_count++] = part;
	include_all(w, part);
}

/* What app.c does not see: keys of an included file. */
static void check_top(struct compose_work *w, const struct compose_loaded *part)
{
	compose_go(w, &part->file, NULL, NULL);
	for (size_t i = 0; i < part->file.root->count; i++)
		if (!compose_entry_find(&compose_level_top, part->file.root->pairs[i].key->text))
			compose_unknown(&w->r, part->file.root->pairs[i].key, &compose_level_top);
}

static void include_one(struct compose_work *w, const struct yaml_node *node)
{
	struct compose_loaded *part;
	struct expand_result text;
	const char *folder = NULL;
	json_t *long_form = NULL;
	size_t known = w->file_count;

	if (node->kind == YAML_MAPPING) {
		const json_t *paths;

		long_form = compose_level_new(&w->r, node, &compose_level_include);
		paths = json_object_get(long_form, "path");
		text.text = json_array_size(paths) == 1
				    ? json_string_value(json_array_get(paths, 0))
				    : NULL;
		if (!text.text)
			compose_say(&w->r, SEVERITY_ERROR, node, "needs one path:")->hint =
				"several files that override each other cannot be included";
		if (json_object_get(long_form, "project_directory"))
			folder = arena_strdup(w->r.arena, json_string_value(json_object_get(
								  long_form, "project_directory")));
	} else if (!compose_text(&w->r, node, "a path", &text)) {
		text.text = NULL;
	}
	part = text.text ? compose_load(w, compose_path(&w->r, text.text), node) : NULL;
	json_decref(long_form);
	if (!part)
		return;
	if (w->file_count > known) {
		check_top(w, part);
		if (folder)
			part->file.folder = folder;
	}
	part_add(w, part);
}

static void include_all(struct compose_work *w, struct compose_loaded *from)
{
	const struct yaml_node *list = yaml_get(from->file.root, "include");

	if (!list || compose_is_null(list))
		return;
	compose_go(w, &from->file, "include", NULL);
	if (list->kind != YAML_SEQUENCE) {
		compose_wrong(&w->r, list, "a list");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		compose_go(w, &from->file, "include", NULL);
		compose_enter_index(&w->r, i);
		include_one(w, list->items[i]);
	}
}

/* --- All services of the app --- */

static int draft_pointer_compare(const void *a, const void *b)
{
	return strcmp((*(struct compose_draft *const *)a)->name,
		      (*(struct compose_draft *const *)b)->name);
}

struct compose_draft *compose_draft_find(const struct compose_work *w, const char *name)
{
	const struct compose_draft wanted = {.name = name}, *key = &wanted;
	struct compose_draft **found = w->draft_count
					       ? bsearch(&key, w->drafts, w->draft_count,
							 sizeof *w->drafts, draft_pointer_compare)
					       : NULL;

	return found ? *found : NULL;
}

static void gather(struct compose_work *w)
{
	size_t total = 0, kept = 0;

	for (size_t i = 0; i < w->part_count; i++)
		total += w->parts[i]->count;
	w->drafts = arena_alloc(w->r.arena, total * sizeof *w->drafts + 1);
	for (size_t i = 0; i < w->part_count; i++)
		for (size_t k = 0; k < w->parts[i]->count; k++)
			w->drafts[w->draft_count++] = &w->parts[i]->drafts[k];
	qsort(w->drafts, w->draft_count, sizeof *w->drafts, draft_pointer_compare);
	for (size_t i = 0; i < w->draft_count; i++) {
		if (kept && !strcmp(w->drafts[kept - 1]->name, w->drafts[i]->name))
			compose_blame(w, SEVERITY_ERROR, w->drafts[i], NULL,
				      "is also in %.200s: two files define it",
				      w->drafts[kept - 1]->from->file.shown);
		else
			w->drafts[kept++] = w->drafts[i];
	}
	w->draft_count = kept;
}

void compose_collect(struct compose_work *w)
{
	const struct app *app = w->r.input->app;
	struct compose_file file = {
		.path = arena_printf(w->r.arena, "%s/kata-compose.yaml", w->out->folder),
		.shown = app->file,
		.folder = w->out->folder,
		.root = app->root,
		.main = true,
	};

	part_add(w, file_new(w, &file));
	gather(w);
}
