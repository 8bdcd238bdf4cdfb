/*
 * The first part of a deploy: images that are missing (or asked for anew), builds, and the
 * preparations of Kata runtimes.
 */
#include "deploy_private.h"

#include <string.h>

#include "kata/json.h"

static bool has_image(const struct docker_live *live, const char *image)
{
	return json_is_object(json_object_get(live->images, image));
}

static int find_step(const struct deploy *d, enum step_op op, const char *target)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->steps[i].op == op && !strcmp(d->steps[i].target, target))
			return (int)i;
	return STEP_NONE;
}

static bool policy_is(const struct compose_service *service, const char *policy)
{
	const char *own = json_member_text(service->spec, "pull_policy");

	return own && !strcmp(own, policy);
}

/* The step that brings the service's image, or STEP_NONE. */
static int plan_image(struct deploy *d, const struct compose *compose,
		      const struct compose_service *service, const struct docker_live *live,
		      const struct deploy_options *options)
{
	const char *image = container_image(d->arena, compose, service);
	bool there = has_image(live, image);
	bool build = service->runtime || json_object_get(service->spec, "build");
	enum step_op op = build ? STEP_BUILD : STEP_PULL;
	int step = find_step(d, op, image);
	const char *why = NULL;

	if (step != STEP_NONE)
		return step;
	if (!there)
		why = "not here yet";
	else if (build && options->build_needed &&
		 options->build_needed(options->image_arg, service))
		why = "what it is built from changed";
	else if (build && options->verb == DEPLOY_UP && policy_is(service, "build"))
		why = "pull_policy: build";
	else if (!build && options->verb == DEPLOY_UP &&
		 (options->pull || policy_is(service, "always")))
		why = "asked for";
	if (!why || (!build && policy_is(service, "never")))
		return STEP_NONE;
	step = deploy_step(d, op, compose->project, image);
	d->steps[step].compose = compose;
	d->steps[step].model = service;
	d->steps[step].service = service->name;
	d->steps[step].why = why;
	return step;
}

void deploy_plan_images(struct deploy *d, const struct compose *compose,
			const struct docker_live *live, const struct deploy_options *options)
{
	int prepare = STEP_NONE;

	for (size_t i = 0; i < compose->service_count; i++) {
		const struct compose_service *service = &compose->services[i];
		int image, before = prepare;

		if (!options_take(options, service->name))
			continue;
		image = plan_image(d, compose, service, live, options);
		if (!service->runtime ||
		    (image == STEP_NONE && (!options->prepare_needed ||
					    !options->prepare_needed(options->image_arg, service))))
			continue;
		prepare = deploy_step(d, STEP_PREPARE, compose->project, service->name);
		d->steps[prepare].compose = compose;
		d->steps[prepare].model = service;
		d->steps[prepare].service = service->name;
		d->steps[prepare].why = "what it needs changed";
		deploy_wait(d, prepare, image);
		deploy_wait(d, prepare, before); /* what they prepare is one folder */
	}
}
