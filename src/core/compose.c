/*
 * The Compose model of one app: which steps make it, in which order. What each step does is in
 * the files that compose_private.h lists.
 */
#include "compose_private.h"

#include <string.h>

#include "kata/json.h"

/* --- Profiles, and services that do not run --- */

static void read_profiles(struct compose_work *w)
{
	const struct compose_input *input = w->r.input;
	const struct yaml_node *own = yaml_get(input->app->root, "x-kata-profiles");
	json_t *list, *name;
	size_t i;

	w->profiles = json_object();
	for (i = 0; i < input->profile_count; i++)
		json_object_set_new(w->profiles, input->profiles[i], json_true());
	if (!own || compose_is_null(own))
		return;
	compose_go(w, &w->parts[0]->file, "x-kata-profiles", NULL);
	list = compose_read_text_or_list(&w->r, own, NULL);
	json_array_foreach(list, i, name)
		json_object_set_new(w->profiles, json_string_value(name), json_true());
	json_decref(list);
}

static bool is_enabled(const struct compose_work *w, const json_t *spec)
{
	const json_t *profiles = json_object_get(spec, "profiles");
	json_t *name;
	size_t i;

	if (!json_array_size(profiles) || json_object_get(w->profiles, "*"))
		return true;
	json_array_foreach((json_t *)profiles, i, name)
		if (json_object_get(w->profiles, json_string_value(name)))
			return true;
	return false;
}

/*
 * Files of an old design (they have a top-level app:) let services be without an image. Such a
 * file shall still load, for its caddy: block and its other services.
 */
static bool is_old_style(struct compose_work *w, const struct compose_draft *draft)
{
	const struct yaml_node *app = yaml_get(w->r.input->app->root, "app");
	const struct yaml_node *runtime = yaml_get(app, "runtime");

	if (!app || json_object_get(draft->spec, "image") ||
	    json_object_get(draft->spec, "build") || json_object_get(draft->spec, "runtime"))
		return false;
	compose_blame(w, SEVERITY_WARNING, draft, NULL,
		      "has no image:, build: or runtime: and is left out")
		->hint =
		runtime && runtime->kind == YAML_SCALAR
			? arena_printf(w->r.arena, "write runtime: %.40s here", runtime->text)
			: "say what it runs in, for example runtime: python";
	return true;
}

/* --- The steps --- */

static void check_name(struct compose_work *w)
{
	const struct yaml_node *name = yaml_get(w->r.input->app->root, "name");
	struct expand_result text;

	if (!name || compose_is_null(name))
		return;
	compose_go(w, &w->parts[0]->file, "name", NULL);
	if (compose_text(&w->r, name, "text", &text) && strcmp(text.text, w->out->project) != 0)
		compose_say(&w->r, SEVERITY_WARNING, name, "is ignored")->hint = arena_printf(
			w->r.arena, "the app's folder names the project: %s", w->out->project);
}

static void choose_services(struct compose_work *w)
{
	size_t count = 0;

	w->out->disabled = arena_alloc(w->r.arena, w->draft_count * sizeof *w->out->disabled + 1);
	for (size_t i = 0; i < w->draft_count; i++) {
		struct compose_draft *draft = w->drafts[i];

		draft->enabled = is_enabled(w, draft->spec);
		draft->dropped = draft->enabled && is_old_style(w, draft);
		draft->enabled = draft->enabled && !draft->dropped;
		count += draft->enabled;
		/* It may run by another call: nobody asked to take it away. */
		if (!draft->enabled && !draft->dropped)
			w->out->disabled[w->out->disabled_count++] = draft->name;
	}
	w->out->services = arena_alloc(w->r.arena, count * sizeof *w->out->services + 1);
}

static void complete_services(struct compose_work *w)
{
	json_t *services = json_object();

	for (size_t i = 0; i < w->draft_count; i++) {
		struct compose_draft *draft = w->drafts[i];
		struct compose_service *service = &w->out->services[w->out->service_count];

		if (!draft->enabled)
			continue;
		w->out->service_count++;
		compose_service_complete(w, draft, service);
		compose_check_service(w, draft, service);
		json_object_set(services, draft->name, draft->spec);
	}
	json_object_set_new(w->out->root, "services", services);
}

static void decode(struct compose_work *w)
{
	compose_collect(w);
	check_name(w);
	read_profiles(w);
	compose_extend(w);
	choose_services(w);
	compose_resources_read(w);
	complete_services(w);
	compose_check_together(w);
	compose_resources_keep(w);
}

static void work_release(struct compose_work *w)
{
	for (size_t i = 0; i < w->file_count; i++)
		for (size_t k = 0; k < w->files[i]->count; k++)
			json_decref(w->files[i]->drafts[k].spec);
	for (int kind = 0; kind < COMPOSE_KINDS; kind++) {
		json_decref(w->objects[kind]);
		json_decref(w->used[kind]);
	}
	json_decref(w->profiles);
	str_release(&w->r.path);
}

bool compose_decode(struct compose *out, struct arena *arena, const struct compose_input *input,
		    struct problems *problems)
{
	const struct app *app = input->app;
	struct compose_work w = {
		.out = out,
		.r = {.input = input, .arena = arena, .problems = problems, .path = STR_INIT},
	};
	size_t before = problems->errors;

	*out = (struct compose){
		.project = app->name,
		.folder = compose_folder(input, arena, "app"),
		.root = json_object(),
	};
	if (app->root && app->root->kind == YAML_MAPPING)
		decode(&w);
	work_release(&w);
	return problems->errors == before;
}

void compose_release(struct compose *compose)
{
	json_decref(compose->root);
	compose->root = NULL;
}

const struct compose_service *compose_service_find(const struct compose *compose, const char *name)
{
	for (size_t i = 0; i < compose->service_count; i++)
		if (!strcmp(compose->services[i].name, name))
			return &compose->services[i];
	return NULL;
}
