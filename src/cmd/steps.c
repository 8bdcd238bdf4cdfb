/*
 * Steps of deploys as people and programs see them: lines of a plan, progress while they run,
 * what failed and why, JSON.
 */
#include "cmd.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kata/json.h"
#include "kata/rollout.h"
#include "kata/text.h"

static const struct {
	const char *sign;
	enum style style;
} op_style[] = {
	[STEP_PULL] = {"+", STYLE_ADD},
	[STEP_BUILD] = {"+", STYLE_ADD},
	[STEP_PREPARE] = {"~", STYLE_CHANGE},
	[STEP_NETWORK_CREATE] = {"+", STYLE_ADD},
	[STEP_NETWORK_REMOVE] = {"-", STYLE_REMOVE},
	[STEP_VOLUME_CREATE] = {"+", STYLE_ADD},
	[STEP_VOLUME_REMOVE] = {"-", STYLE_REMOVE},
	[STEP_CREATE] = {"+", STYLE_ADD},
	[STEP_START] = {"~", STYLE_CHANGE},
	[STEP_RESTART] = {"~", STYLE_CHANGE},
	[STEP_GATE] = {" ", STYLE_DIM},
	[STEP_ROUTES] = {" ", STYLE_DIM},
	[STEP_STOP] = {"-", STYLE_REMOVE},
	[STEP_REMOVE] = {"-", STYLE_REMOVE},
	[STEP_RENAME] = {"~", STYLE_CHANGE},
	[STEP_OBJECT_CREATE] = {"+", STYLE_ADD},
	[STEP_OBJECT_REMOVE] = {"-", STYLE_REMOVE},
	[STEP_SERVICE_CREATE] = {"+", STYLE_ADD},
	[STEP_SERVICE_UPDATE] = {"~", STYLE_CHANGE},
	[STEP_SERVICE_REMOVE] = {"-", STYLE_REMOVE},
	[STEP_CONVERGE] = {" ", STYLE_DIM},
	[STEP_ROLLBACK] = {"~", STYLE_CHANGE},
	[STEP_STACK_GONE] = {" ", STYLE_DIM},
};

/* Waiting and moving names about is no change that anybody asked for. */
static bool is_shown(const struct cmd *cmd, const struct step *step)
{
	if (step->op == STEP_ROUTES)
		return false;
	return cmd->options.verbose || (!step->quiet && *op_style[step->op].sign != ' ');
}

static bool is_anew(const struct step *step)
{
	return step->op == STEP_CREATE && step->live;
}

static const char *sign_of(const struct step *step)
{
	return is_anew(step) ? "~" : op_style[step->op].sign;
}

static void print_step(struct cmd *cmd, const struct step *step)
{
	say_line(cmd, is_anew(step) ? STYLE_CHANGE : op_style[step->op].style, "%s %s  %s",
		 sign_of(step), step->app, step_text(cmd->arena, step));
}

void print_plan(struct cmd *cmd, const struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->count; i++)
		if (deploy->steps[i].rescues == STEP_NONE && is_shown(cmd, &deploy->steps[i]))
			print_step(cmd, &deploy->steps[i]);
}

/* --- progress --- */

/* One line that is written over, on a terminal only. */
static void transient(struct cmd *cmd, const char *text)
{
	struct winsize size = {0};
	struct str safe = STR_INIT;
	size_t width, from = 0, cells = 0;

	if (!cmd->live_line || (!*text && !cmd->line_shown))
		return;
	width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8 ? size.ws_col : 80;
	text_safe(&safe, text, strlen(text));
	while (from < safe.len && cells + 1 < width) {
		size_t n = utf8_decode(safe.p + from, safe.len - from, NULL);

		from += n ? n : 1;
		cells++;
	}
	printf("\r\033[K%.*s", (int)from, safe.p);
	fflush(stdout);
	cmd->line_shown = *text != '\0';
	str_release(&safe);
}

static const char *step_doing(struct cmd *cmd, const struct step *step)
{
	return arena_printf(cmd->arena, "  %s  %s ...", step->app, step_text(cmd->arena, step));
}

void report_step(void *arg, const struct step *step, const char *text)
{
	struct cmd *cmd = arg;
	bool build = step->op == STEP_BUILD || step->op == STEP_PREPARE;

	if (cmd->options.json)
		return;
	transient(cmd, "");
	if (text && (cmd->options.verbose || build || step->op == STEP_SERVICE_CREATE ||
		     step->op == STEP_SERVICE_UPDATE))
		say_line(cmd, STYLE_DIM, "  %s  %s: %s", step->app, step->target,
			 mask_text(cmd, text));
	else if (!text && step->state == STEP_DONE &&
		 (is_shown(cmd, step) || step->rescues != STEP_NONE))
		print_step(cmd, step);
	if (!text && step->state == STEP_RUNNING && step->op != STEP_RENAME)
		cmd->doing = step;
	if (cmd->doing && cmd->doing->state == STEP_RUNNING)
		transient(cmd, step_doing(cmd, cmd->doing));
}

static const char *size_text(struct cmd *cmd, json_int_t bytes)
{
	if (bytes < 10 << 20)
		return arena_printf(cmd->arena, "%d kB", (int)(bytes >> 10));
	return arena_printf(cmd->arena, "%d MB", (int)(bytes >> 20));
}

void report_progress(void *arg, const struct step *step, const char *layer, json_int_t now,
		     json_int_t total)
{
	struct cmd *cmd = arg;
	char bar[21];
	size_t full = total > 0 && now >= 0 ? (size_t)(now * 20 / total) : 0;

	if (!cmd->live_line)
		return;
	for (size_t i = 0; i < 20; i++)
		bar[i] = i < full ? '=' : ' ';
	bar[20] = '\0';
	transient(cmd, arena_printf(cmd->arena, "  %s  pull %s %.12s [%s] %s of %s", step->app,
				    step->target, layer, bar, size_text(cmd, now),
				    size_text(cmd, total)));
}

void progress_end(struct cmd *cmd)
{
	transient(cmd, "");
}

/* --- what failed --- */

/* The last log lines of what failed, each made safe. */
static void print_details(struct cmd *cmd, const char *details)
{
	while (*details) {
		size_t len = strcspn(details, "\n");

		say_error_line(cmd, arena_strndup(cmd->arena, details, len));
		details += len + (details[len] == '\n');
	}
}

static void report_deploy(struct cmd *cmd, const struct app_model *model,
			  const struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->count; i++) {
		const struct step *step = &deploy->steps[i];

		if (step->state != STEP_FAILED)
			continue;
		struct kata_error e = step->error;
		struct step plain = *step;

		plain.why = NULL;
		/* Our own errors name the thing; the engine's only the request. */
		if (strncmp(e.where, "container ", 10) != 0 && strncmp(e.where, "service ", 8) != 0)
			error_wrap(&e, "%s", step_text(cmd->arena, &plain));
		error_where(&e, "%s%s%.400s", model->app->name, *e.where ? ": " : "",
			    step->error.where);
		if (!*e.hint)
			error_hint(&e, "the engine's own log may say more (journalctl -u docker)");
		say_error(cmd, &e);
		if (step->details && *step->details)
			print_details(cmd, step->details);
		cmd_fail(cmd, EXIT_TROUBLE);
	}
}

static void report_notices(struct cmd *cmd, const struct app_model *model, enum severity least)
{
	const struct problems *problems = &model->deploy.problems;

	for (size_t i = 0; i < problems->count; i++)
		if (problems->items[i].severity >= least)
			say_problem(cmd, model->app->name, &problems->items[i]);
}

/* Routes that cannot be made yet, as nothing runs behind them. */
static void report_waiting(struct cmd *cmd, const struct app_model *model)
{
	struct kata_error e;

	error_set(&e, ERROR_UNAVAILABLE,
		  "its routes wait: service %s, which they name, has no address",
		  model->upstreams[0].service);
	error_where(&e, "%s", model->app->name);
	error_hint(&e, "`kata-tui ps %s` shows whether it runs", model->app->name);
	say_error(cmd, &e);
	cmd_fail(cmd, EXIT_TROUBLE);
}

void report_models(struct cmd *cmd, enum severity least)
{
	struct world *world = cmd->world;
	const char *said = NULL;

	for (size_t i = 0; world->models && i < world->app_count; i++) {
		const struct app_model *model = &world->models[i];

		if (!model->planned)
			continue;
		report_notices(cmd, model, least);
		report_deploy(cmd, model, &model->down);
		report_deploy(cmd, model, &model->images);
		report_deploy(cmd, model, &model->deploy);
		report_deploy(cmd, model, &model->back);
		if (model->waits && !model->wishes.stopped &&
		    (model->result == MODEL_NONE || model->result == MODEL_DONE))
			report_waiting(cmd, model);
		if (model->result == MODEL_LOCKED)
			say_note(cmd, "%s: skipped: %s", model->app->name, model->error.msg);
		if (model->result != MODEL_FAILED)
			continue;
		cmd_fail(cmd, EXIT_TROUBLE);
		/* An engine that is not there is one mistake, however many apps it concerns. */
		if (*model->error.msg && (!said || strcmp(said, model->error.msg) != 0)) {
			say_error(cmd, &model->error);
			said = model->error.msg;
		}
	}
}

/* --- JSON --- */

static const char *const state_names[] = {
	[STEP_WAITING] = "waiting", [STEP_RUNNING] = "running", [STEP_DONE] = "done",
	[STEP_FAILED] = "failed",   [STEP_BLOCKED] = "blocked", [STEP_SKIPPED] = "skipped",
};

/* What counts as a change: "+", "~", "-"; of all else "". */
static const char *json_sign(const struct step *step)
{
	bool quiet = step->quiet && step->rescues == STEP_NONE;

	return quiet || *op_style[step->op].sign == ' ' ? "" : sign_of(step);
}

/* A container under replacement is called "0123456789ab_blog-web-1" until the old one is gone. */
static const char *without_prefix(const struct step *step)
{
	size_t len = strlen(step->app);
	const char *name = step->target;

	if (strspn(name, "0123456789abcdef") != 12 || name[12] != '_' ||
	    (!strncmp(name, step->app, len) && name[len] == '-'))
		return name;
	return name + 13;
}

/* The name that the container of a step has in the end; NULL: it is about none. */
static const char *container_of(const struct deploy *deploy, const struct step *step)
{
	static const enum step_op ops[] = {STEP_CREATE, STEP_START,  STEP_RESTART, STEP_GATE,
					   STEP_STOP,	STEP_REMOVE, STEP_RENAME};
	bool about = false;

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		about = about || step->op == ops[i];
	if (!about || !step->target)
		return NULL;
	for (size_t i = 0; i < deploy->count; i++) {
		const struct step *other = &deploy->steps[i];

		if (other->new_name && !strcmp(other->target, step->target))
			return other->new_name;
	}
	return without_prefix(step);
}

static json_t *step_json_new(struct cmd *cmd, const struct deploy *deploy, const struct step *step)
{
	json_t *out =
		json_pack("{s:s,s:s,s:s?,s:s?,s:s,s:s?,s:s}", "op", step_op_name(step->op), "sign",
			  json_sign(step), "name", container_of(deploy, step), "service",
			  step->service, "target", step->target ? step->target : "", "why",
			  step->why, "state", state_names[step->state]);

	if (step->state == STEP_FAILED) {
		json_object_set_new(out, "error", error_json_new(cmd, &step->error));
		json_object_set_new(out, "details",
				    step->details ? json_string(mask_text(cmd, step->details))
						  : json_null());
	}
	return out;
}

static void add_steps(struct cmd *cmd, json_t *out, const struct deploy *deploy)
{
	for (size_t i = 0; i < deploy->count; i++)
		if (deploy->steps[i].state != STEP_SKIPPED &&
		    (deploy->steps[i].rescues == STEP_NONE ||
		     deploy->steps[i].state != STEP_WAITING))
			json_array_append_new(out, step_json_new(cmd, deploy, &deploy->steps[i]));
}

json_t *models_json_new(struct cmd *cmd)
{
	static const char *const results[] = {[MODEL_NONE] = "unchanged",
					      [MODEL_PLANNED] = "planned",
					      [MODEL_DONE] = "done",
					      [MODEL_FAILED] = "failed",
					      [MODEL_LOCKED] = "locked"};
	json_t *out = json_array();
	struct world *world = cmd->world;

	for (size_t i = 0; world->models && i < world->app_count; i++) {
		const struct app_model *model = &world->models[i];
		json_t *steps;

		if (!model->planned)
			continue;
		steps = json_array();
		add_steps(cmd, steps, &model->down);
		add_steps(cmd, steps, &model->images);
		add_steps(cmd, steps, &model->deploy);
		add_steps(cmd, steps, &model->back);
		json_array_append_new(
			out, json_pack("{s:s,s:s,s:s?,s:s,s:o,s:o}", "app", model->app->name,
				       "mode", model->swarm ? "swarm" : "compose", "mode_rule",
				       model->mode_rule, "result", results[model->result], "error",
				       *model->error.msg ? error_json_new(cmd, &model->error)
							 : json_null(),
				       "steps", steps));
	}
	return out;
}
