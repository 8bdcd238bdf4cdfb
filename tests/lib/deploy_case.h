/*
 * Deploy plans in tests: an app from text, a made-up reading of the engine, and a plan as text, one
 * line for each step: "3 start blog-web-1 <2 !5": it waits for step 2 and undoes step 5.
 */
#ifndef KATA_TEST_DEPLOY_CASE_H
#define KATA_TEST_DEPLOY_CASE_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/app.h"
#include "kata/container.h"
#include "kata/deploy.h"

#define FOLDER "/k/app/blog"

struct deploy_case {
	struct arena *arena;
	struct app app;
	struct compose compose;
	struct docker_live live;
	struct deploy deploy;
	struct deploy_options options;
	struct wishes wishes;
	const char *upstream;
	struct str text;
};

static void no_file(void *arg, const char *path, struct app_file *out)
{
	(void)arg;
	*out = (struct app_file){.path = path};
}

static bool case_upstream(void *arg, const char *service)
{
	const struct deploy_case *c = arg;

	return c->upstream && !strcmp(c->upstream, service);
}

static void case_open(struct deploy_case *c, const char *yaml)
{
	struct app_source source = {.name = "blog", .root = "/k"};
	struct compose_input input = {.root = "/k", .read = no_file};

	*c = (struct deploy_case){.arena = arena_new(), .text = STR_INIT};
	source.stack =
		(struct app_file){.path = "kata-compose.yaml", .bytes = yaml, .len = strlen(yaml)};
	app_decode(&c->app, c->arena, &source);
	input.app = &c->app;
	if (!compose_decode(&c->compose, c->arena, &input, &c->app.problems)) {
		for (size_t i = 0; i < c->app.problems.count; i++)
			fprintf(stderr, "%u: %s\n", c->app.problems.items[i].place.line,
				c->app.problems.items[i].msg);
		abort();
	}
	c->live = (struct docker_live){.read = true,
				       .good = true,
				       .api = 41,
				       .containers = json_array(),
				       .networks = json_array(),
				       .volumes = json_array(),
				       .services = json_array(),
				       .stack_networks = json_array(),
				       .secrets = json_array(),
				       .configs = json_array(),
				       .images = json_object(),
				       .inspects = json_object()};
	deploy_init(&c->deploy, c->arena);
	c->options = (struct deploy_options){.verb = DEPLOY_UP,
					     .wishes = &c->wishes,
					     .is_upstream = case_upstream,
					     .upstream_arg = c};
}

static void case_close(struct deploy_case *c)
{
	json_t *lists[] = {c->live.containers, c->live.networks,       c->live.volumes,
			   c->live.services,   c->live.stack_networks, c->live.secrets,
			   c->live.configs,    c->live.images,	       c->live.inspects};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		json_decref(lists[i]);
	compose_release(&c->compose);
	app_release(&c->app);
	str_release(&c->text);
	arena_free(c->arena);
}

static const char *case_text(struct deploy_case *c)
{
	str_clear(&c->text);
	for (size_t i = 0; i < c->deploy.count; i++) {
		const struct step *s = &c->deploy.steps[i];

		str_addf(&c->text, "%zu %s %s", i, step_op_name(s->op), s->target);
		for (size_t w = 0; w < s->wait_count; w++)
			str_addf(&c->text, "%s%zu", w ? "," : " <", s->waits[w]);
		if (s->rescues != STEP_NONE)
			str_addf(&c->text, " !%d", s->rescues);
		str_addc(&c->text, '\n');
	}
	return c->text.p;
}

#endif
