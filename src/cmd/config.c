/*
 * config:stack, config:caddy, config:env, config:docker: what an app is made of, as it is on disk,
 * live, merged, and generated.
 */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "kata/json.h"

void run_config_stack(struct cmd *cmd)
{
	struct app_file file;
	struct kata_error e;
	struct app *app;
	const char *path;

	world_observe(cmd->world, OBSERVE_APPS);
	app = one_app(cmd);
	if (!app)
		return;
	path = arena_printf(cmd->arena, "app/%s/kata-compose.yaml", app->name);
	world_read_file(cmd->world, path, &file);
	if (!file.bytes) {
		error_set(&e, ERROR_NOT_FOUND, "%s", file.error ? file.error : "no such file");
		error_where(&e, "%s", path);
		error_hint(&e, "the app's folder holds no kata-compose.yaml that can be read");
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_TROUBLE);
	} else if (cmd->options.json) {
		say_json_take(cmd, json_pack("{s:s,s:s,s:s%}", "app", app->name, "file", path,
					     "text", file.bytes, file.len));
	} else {
		size_t len = file.len && file.bytes[file.len - 1] == '\n' ? file.len - 1 : file.len;

		say_line(cmd, STYLE_PLAIN, "%.*s", (int)len, file.bytes);
	}
}

/* The block or the tagged objects of one member; NULL when the app has nothing there. */
static json_t *live_part_new(struct cmd *cmd, const struct member *member, const char *name)
{
	json_t *part;

	if (!cmd->options.raw)
		return plan_decompile_new(member->live.servers, cmd->world->owner, name);
	part = plan_tagged_new(member->live.servers, cmd->world->owner, name);
	if (json_object_size(part))
		return part;
	json_decref(part);
	return NULL;
}

/* Tagged objects by their whole paths. */
static json_t *mask_tagged_new(struct cmd *cmd, const json_t *servers, json_t *tagged)
{
	json_t *out = json_object(), *object;
	const char *path;

	json_object_foreach(tagged, path, object)
		json_object_set_new(out, arena_printf(cmd->arena, CADDY_SERVERS_PATH "/%s", path),
				    mask_live_new(cmd, servers, path, object));
	return out;
}

/* Of several Caddys each says whose config it is. */
static void print_config_take(struct cmd *cmd, const struct member *member, json_t *config_take)
{
	if (cmd->world->member_count > 1)
		config_take = json_pack("{s:s,s:o}", "caddy", member->endpoint.text, "config",
					config_take);
	say_json_take(cmd, config_take);
}

/* Whether it could be read; says so when not. */
static bool check_member(struct cmd *cmd, const struct member *member)
{
	if (member->live.good)
		return true;
	say_error(cmd, &member->live.error);
	cmd_fail(cmd, EXIT_TROUBLE);
	return false;
}

static bool print_live_part(struct cmd *cmd, const struct member *member, const char *name)
{
	const struct app *app = world_app(cmd->world, name);
	json_t *part, *masked;

	if (!check_member(cmd, member))
		return true;
	part = live_part_new(cmd, member, name);
	if (!part)
		return false;
	masked = cmd->options.raw ? mask_tagged_new(cmd, member->live.servers, part)
				  : mask_json_new(cmd, part, app, "");
	print_config_take(cmd, member, masked);
	json_decref(part);
	return true;
}

static bool print_live_server(struct cmd *cmd, const struct member *member, const char *name)
{
	const json_t *servers = member->live.servers, *server = json_object_get(servers, name);

	if (!check_member(cmd, member))
		return true;
	if (!server)
		return false;
	print_config_take(cmd, member, mask_live_new(cmd, servers, name, server));
	return true;
}

void run_config_caddy(struct cmd *cmd)
{
	const char *server = cmd->options.server, *name = server ? server : cmd->args[0];
	struct kata_error e;
	bool any = false;

	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_CADDY);
	for (size_t i = 0; i < cmd->world->member_count; i++) {
		const struct member *member = &cmd->world->members[i];

		any = (server ? print_live_server : print_live_part)(cmd, member, name) || any;
	}
	if (any)
		return;
	error_set(&e, ERROR_NOT_FOUND,
		  server ? "no such server in Caddy" : "nothing of it is live in Caddy");
	error_where(&e, "%s", name);
	if (server)
		error_hint(&e, "`kata-tui status` lists them");
	else if (world_app(cmd->world, name))
		error_hint(&e, "`kata-tui --diff %s` says what --apply would do", name);
	else
		error_hint(&e, "there is no app of that name either; `kata-tui ls` lists them");
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

/* --- config:env --- */

static const char *shown_value(struct cmd *cmd, const struct env_value *v, const char *value)
{
	if (!value)
		return "";
	return v->secret && !cmd->options.reveal ? "***" : value;
}

static json_t *variable_json_new(struct cmd *cmd, const struct env_value *v)
{
	json_t *overrides = json_array();

	for (const struct env_value *below = v->below; below; below = below->below)
		json_array_append_new(overrides,
				      json_pack("{s:s,s:s}", "layer", env_layer_name(below->layer),
						"value", shown_value(cmd, below, below->raw)));
	return json_pack("{s:s,s:s,s:s,s:b,s:o}", "name", v->name, "value",
			 shown_value(cmd, v, v->value), "layer", env_layer_name(v->layer), "secret",
			 (int)v->secret, "overrides", overrides);
}

static void print_variable(struct cmd *cmd, const struct env_value *v)
{
	struct str line = STR_INIT;

	str_addf(&line, "%s=%s  (%s", v->name, shown_value(cmd, v, v->value),
		 env_layer_name(v->layer));
	for (const struct env_value *below = v->below; below; below = below->below)
		str_addf(&line, "; overrides %s: %s", env_layer_name(below->layer),
			 shown_value(cmd, below, below->raw));
	say_line(cmd, STYLE_PLAIN, "%s)", line.p);
	str_release(&line);
}

static void print_env(struct cmd *cmd, const struct app *app, const struct env *env)
{
	const char *key = cmd->arg_count > 1 ? cmd->args[1] : NULL;
	json_t *all = json_array();
	size_t found = 0;
	struct kata_error e;

	for (size_t i = 0; i < env->count; i++) {
		if (key && strcmp(env->items[i].name, key) != 0)
			continue;
		found++;
		if (cmd->options.json)
			json_array_append_new(all, variable_json_new(cmd, &env->items[i]));
		else
			print_variable(cmd, &env->items[i]);
	}
	if (cmd->options.json && (found || !key))
		say_json_take(cmd, json_pack("{s:s,s:O}", "app", app->name, "variables", all));
	json_decref(all);
	if (found || !key)
		return;
	error_set(&e, ERROR_NOT_FOUND, "%s is not set", key);
	error_where(&e, "%s", app->name);
	error_hint(&e, "set it under environment: in kata-compose.yaml, or in config/%s/ENV",
		   app->name);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

/* What the containers of a service get, with the layers that the model knows. */
static void service_env(struct cmd *cmd, const struct compose_service *service, struct env *out)
{
	struct problems none;
	const char *name;
	json_t *value;

	env_init(out, cmd->arena);
	problems_init(&none, cmd->arena);
	json_object_foreach(json_object_get(service->spec, "environment"), name, value)
		env_set(out, ENV_RUNTIME, name, json_string_value(value), true, (struct place){0});
	env_resolve(out, &none);
	for (size_t i = 0; i < out->count; i++) {
		struct env_value *v = &out->items[i];
		const struct env_value *known = env_get(&service->env, v->name);
		const char *given = v->value;

		if (known)
			*v = *known;
		v->value = given;
	}
}

static void print_service_env(struct cmd *cmd, const struct app *app)
{
	const char *name = cmd->options.service;
	const struct app_model *model = world_model(cmd->world, app->name);
	const struct compose_service *service = compose_service_find(&model->compose, name);
	struct kata_error e;
	struct env env;

	if (service) {
		service_env(cmd, service, &env);
		print_env(cmd, app, &env);
		return;
	}
	error_set(&e, ERROR_NOT_FOUND, "no service \"%s\"", name);
	error_where(&e, "%s", app->name);
	if (yaml_get(yaml_get(app->root, "services"), name))
		error_hint(&e, "it does not run: add one of its profiles to x-kata-profiles:");
	else
		error_hint(&e, "services are listed under services: in kata-compose.yaml");
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

void run_config_env(struct cmd *cmd)
{
	struct app *app;

	world_observe(cmd->world, OBSERVE_APPS);
	app = one_app(cmd);
	if (!app)
		return;
	if (app->state != APP_VALID) {
		for (size_t i = 0; i < app->problems.count; i++)
			if (app->problems.items[i].severity == SEVERITY_ERROR)
				say_problem(cmd, app->name, &app->problems.items[i]);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
	if (cmd->options.service)
		print_service_env(cmd, app);
	else
		print_env(cmd, app, &app->env);
}

/* --- config:docker --- */

/* What a service's environment draws from ENV is secret, however short it is. */
static void mask_environment(const struct compose_service *service)
{
	json_t *environment = json_object_get(service->spec, "environment");

	for (size_t i = 0; i < service->env.count; i++) {
		const struct env_value *v = &service->env.items[i];

		if (v->secret && json_object_get(environment, v->name))
			json_object_set_new(environment, v->name, json_string("***"));
	}
}

/* The model with masked services. Contents of secrets and configs stay: the names of those are made
 * from them, and they are not in the file. New references. */
static void mask_model(struct cmd *cmd, const struct app_model *model, struct app_model *out)
{
	json_t *services = json_object();

	*out = *model;
	out->compose.services = arena_alloc(cmd->arena, (model->compose.service_count + 1) *
								sizeof *out->compose.services);
	for (size_t i = 0; i < model->compose.service_count; i++) {
		struct compose_service *service = &out->compose.services[i];
		json_t *masked;

		*service = model->compose.services[i];
		masked = mask_json_new(cmd, service->spec, model->app, NULL);
		service->spec = json_deep_copy(masked);
		json_decref(masked);
		mask_environment(service);
		json_object_set_new(services, service->name, service->spec);
	}
	out->compose.root = json_copy(model->compose.root);
	json_object_set_new(out->compose.root, "services", services);
}

static void print_generated(struct cmd *cmd, const struct app_model *model)
{
	struct app_model masked = *model;
	struct str yaml = STR_INIT;

	if (!cmd->options.reveal)
		mask_model(cmd, model, &masked);
	model_yaml(cmd->world, &masked, &yaml);
	while (yaml.len && yaml.p[yaml.len - 1] == '\n')
		yaml.p[--yaml.len] = '\0';
	if (cmd->options.json)
		say_json_take(cmd, json_pack("{s:s,s:s,s:s,s:s}", "app", model->app->name, "mode",
					     model->swarm ? "swarm" : "compose", "mode_rule",
					     model->mode_rule ? model->mode_rule : "default",
					     "text", yaml.p));
	else
		say_line(cmd, STYLE_PLAIN, "%s", yaml.p);
	if (!cmd->options.reveal)
		json_decref(masked.compose.root);
	str_release(&yaml);
}

void run_config_docker(struct cmd *cmd)
{
	struct app *app;

	world_observe(cmd->world, OBSERVE_APPS | OBSERVE_DOCKER_ALWAYS);
	app = one_app(cmd);
	if (!app)
		return;
	if (app->state != APP_VALID) {
		for (size_t i = 0; i < app->problems.count; i++)
			if (app->problems.items[i].severity == SEVERITY_ERROR)
				say_problem(cmd, app->name, &app->problems.items[i]);
		if (app->state == APP_NO_FILE)
			say_note(cmd, "%s: no kata-compose.yaml", app->name);
		cmd_fail(cmd, EXIT_TROUBLE);
		return;
	}
	print_generated(cmd, world_model(cmd->world, app->name));
	/* The mode may depend on what runs, which is not known. */
	if (!cmd->world->live.good) {
		say_error(cmd, &cmd->world->live.error);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
}
