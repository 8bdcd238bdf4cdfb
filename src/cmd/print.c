/*
 * Printing: the one place where text reaches stdout or stderr. Outside text is made safe here,
 * secrets are masked here, colours are added here.
 */
#include "cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kata/json.h"
#include "kata/text.h"

static const char *const style_codes[] = {
	[STYLE_PLAIN] = "",	     [STYLE_ADD] = "\033[32m",	   [STYLE_CHANGE] = "\033[33m",
	[STYLE_REMOVE] = "\033[31m", [STYLE_ERROR] = "\033[1;31m", [STYLE_DIM] = "\033[2m",
	[STYLE_GOOD] = "\033[32m",
};

void cmd_fail(struct cmd *cmd, int status)
{
	if (cmd->exit < status)
		cmd->exit = status;
}

/* Keeps the newlines of a text that is ours, and makes the rest of every line safe. */
static void write_safe(struct cmd *cmd, FILE *to, enum style style, const char *text)
{
	bool paint = cmd->color && style != STYLE_PLAIN;
	struct str out = STR_INIT;

	while (*text) {
		size_t len = strcspn(text, "\n");

		text_safe(&out, text, len);
		if (text[len] == '\n')
			str_addc(&out, '\n');
		text += len + (text[len] == '\n');
	}
	fprintf(to, "%s%s%s\n", paint ? style_codes[style] : "", out.p, paint ? "\033[0m" : "");
	str_release(&out);
}

void say_line(struct cmd *cmd, enum style style, const char *fmt, ...)
{
	struct str line = STR_INIT;
	va_list ap;

	if (cmd->options.quiet)
		return;
	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	write_safe(cmd, stdout, style, line.p);
	str_release(&line);
}

void say_note(struct cmd *cmd, const char *fmt, ...)
{
	struct str line = STR_INIT;
	va_list ap;

	if (cmd->options.quiet)
		return;
	str_add(&line, "kata-tui: ");
	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	fflush(stdout);
	write_safe(cmd, stderr, STYLE_DIM, line.p);
	str_release(&line);
}

bool ask_yes(struct cmd *cmd, const char *question, const char *otherwise)
{
	char answer[16] = "";
	struct kata_error e;

	if (cmd->options.force)
		return true;
	if (!isatty(STDIN_FILENO) || cmd->options.json) {
		error_set(&e, ERROR_DENIED, "%s asks first, and %s", cmd->command->name,
			  cmd->options.json ? "with --json it cannot"
					    : "standard input is no terminal");
		error_hint(&e, "--force does not ask");
		say_error(cmd, &e);
		cmd_fail(cmd, EXIT_USAGE);
		return false;
	}
	fputs(question, stdout);
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) &&
	    (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n")))
		return true;
	say_line(cmd, STYLE_PLAIN, "%s", otherwise);
	cmd_fail(cmd, EXIT_TROUBLE);
	return false;
}

void say_json_take(struct cmd *cmd, json_t *value_take)
{
	struct str out = STR_INIT;

	if (!cmd->options.quiet) {
		json_pretty(&out, value_take);
		fwrite(out.p, 1, out.len, stdout);
		if (!out.len || out.p[out.len - 1] != '\n')
			fputc('\n', stdout);
	}
	str_release(&out);
	json_decref(value_take);
}

/* --- secrets --- */

/* Shorter ones would mask words that have nothing to do with them. */
enum { SECRET_MIN = 5, CONTENT_MIN = 6 };

static int compare_length(const void *a, const void *b)
{
	size_t x = strlen(*(const char *const *)a), y = strlen(*(const char *const *)b);

	return x == y ? 0 : x < y ? 1 : -1;
}

static void secret_add(struct cmd *cmd, const char *text)
{
	struct texts *known = &cmd->secrets;

	known->items = arena_grow(cmd->arena, known->items, known->count, &known->cap,
				  sizeof *known->items);
	known->items[known->count++] = text;
}

static void secrets_of(struct cmd *cmd, const struct app *app)
{
	for (size_t i = 0; i < app->env.count; i++) {
		const struct env_value *v = &app->env.items[i];

		if (v->secret && v->value && strlen(v->value) >= SECRET_MIN)
			secret_add(cmd, v->value);
	}
}

/* Without the blanks around it; "" when it is too short to be masked. */
static const char *trimmed(struct cmd *cmd, const char *text, size_t len)
{
	static const char blank[] = " \t\r\n";

	while (len && strchr(blank, text[len - 1]))
		len--;
	while (len && strchr(blank, *text))
		text++, len--;
	return len < CONTENT_MIN ? "" : arena_strndup(cmd->arena, text, len);
}

/* The content of a secret of services: as a whole and, as logs come by lines, each of its lines. */
static void secret_content(void *arg, const char *content)
{
	struct cmd *cmd = arg;
	const char *whole = trimmed(cmd, content, strlen(content));

	if (*whole)
		secret_add(cmd, whole);
	while (strchr(whole, '\n')) {
		size_t len = strcspn(content, "\n");
		const char *line = trimmed(cmd, content, len);

		if (*line)
			secret_add(cmd, line);
		if (!content[len])
			break;
		content += len + 1;
	}
}

static void secrets_load(struct cmd *cmd)
{
	cmd->secrets_known = true;
	if (!cmd->world)
		return;
	for (size_t i = 0; i < cmd->world->app_count; i++) {
		secrets_of(cmd, &cmd->world->apps[i]);
		if (cmd->world->models)
			model_secrets(&cmd->world->models[i], secret_content, cmd);
	}
	if (cmd->secrets.count > 1)
		qsort(cmd->secrets.items, cmd->secrets.count, sizeof *cmd->secrets.items,
		      compare_length);
}

static const char *replace_all(struct cmd *cmd, const char *text, const char *what)
{
	struct str out = STR_INIT;
	const char *at = strstr(text, what), *result = text;

	if (!at)
		return text;
	for (; at; at = strstr(text, what)) {
		str_addn(&out, text, (size_t)(at - text));
		str_add(&out, "***");
		text = at + strlen(what);
	}
	str_add(&out, text);
	result = arena_strndup(cmd->arena, out.p, out.len);
	str_release(&out);
	return result;
}

const char *mask_text(struct cmd *cmd, const char *text)
{
	if (cmd->options.reveal)
		return text;
	if (!cmd->secrets_known)
		secrets_load(cmd);
	for (size_t i = 0; i < cmd->secrets.count; i++)
		text = replace_all(cmd, text, cmd->secrets.items[i]);
	return text;
}

static bool is_secret_path(const struct app *app, const char *path)
{
	for (size_t i = 0; app && path && i < app->secret_count; i++)
		if (!strcmp(app->secret_paths[i], path))
			return true;
	return false;
}

static const char *path_join(struct cmd *cmd, const char *path, const char *segment)
{
	if (!path)
		return NULL;
	return arena_printf(cmd->arena, "%s%s%s", path, *path ? "/" : "", segment);
}

/* Where secret places are looked up: in one app's block, or in live servers, where each place is
 * some app's. */
struct masking {
	struct cmd *cmd;
	const struct app *app;
	const json_t *servers; /* or NULL */
};

static bool is_secret_at(const struct masking *m, const char *path)
{
	const struct world *world = m->cmd->world;
	const char *name;

	if (!m->servers)
		return is_secret_path(m->app, path);
	name = plan_app_at(m->cmd->arena, m->servers, world->owner, path, &path);
	return name && is_secret_path(world_app(world, name), path);
}

static json_t *mask_any_new(const struct masking *m, const json_t *value, const char *path)
{
	struct cmd *cmd = m->cmd;
	json_t *out, *item;
	const char *key;
	size_t i;

	if (json_is_object(value)) {
		out = json_object();
		json_object_foreach((json_t *)value, key, item)
			json_object_set_new(out, mask_text(cmd, key),
					    mask_any_new(m, item, path_join(cmd, path, key)));
		return out;
	}
	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach((json_t *)value, i, item)
			json_array_append_new(
				out, mask_any_new(m, item,
						  path_join(cmd, path,
							    arena_printf(cmd->arena, "%zu", i))));
		return out;
	}
	if (is_secret_at(m, path))
		return json_string("***");
	if (!json_is_string(value))
		return json_incref((json_t *)value);
	return json_string_nocheck(mask_text(cmd, json_string_value(value)));
}

json_t *mask_json_new(struct cmd *cmd, const json_t *value, const struct app *app, const char *path)
{
	if (!value)
		return json_null();
	if (!cmd->secrets_known)
		secrets_load(cmd);
	if (cmd->options.reveal || (!cmd->secrets.count && (!app || !app->secret_count)))
		return json_incref((json_t *)value);
	return mask_any_new(&(struct masking){.cmd = cmd, .app = app}, value, path);
}

json_t *mask_live_new(struct cmd *cmd, const json_t *servers, const char *path, const json_t *value)
{
	if (!cmd->secrets_known)
		secrets_load(cmd);
	if (cmd->options.reveal)
		return json_incref((json_t *)value);
	return mask_any_new(&(struct masking){.cmd = cmd, .servers = servers}, value, path);
}

const char *brief_json(struct cmd *cmd, const json_t *value, size_t max)
{
	struct str text = STR_INIT;
	const char *brief;

	json_canonical(&text, value);
	if (text.len > max) {
		size_t len = max;

		while (len && (text.p[len] & 0xC0) == 0x80)
			len--;
		brief = arena_printf(cmd->arena, "%.*s...", (int)len, text.p);
	} else {
		brief = arena_strndup(cmd->arena, text.p, text.len);
	}
	str_release(&text);
	return brief;
}

/* --- errors and problems --- */

/* What to do when nothing better is known. */
static const char *hint_of(const struct kata_error *e)
{
	static const char *const hints[] = {
		[ERROR_INVALID] = "`kata-tui help` and the man page tell what is expected",
		[ERROR_NOT_FOUND] = "`kata-tui ls` shows what there is",
		[ERROR_CONFLICT] = "run it again: it works on a fresh reading",
		[ERROR_REFUSED] = "is this Caddy's admin API? see `kata-tui status`",
		[ERROR_DENIED] = "run it as a user that may do this",
		[ERROR_UNAVAILABLE] = "is Caddy running, and is this its admin address?",
		[ERROR_LOST] = "it may just be restarting; run it again",
		[ERROR_TIMEOUT] = "Caddy accepts connections but does not answer; is it stuck, or "
				  "reloading a large config?",
		[ERROR_CANCELLED] = "nothing is half-done; run it again to go on",
		[ERROR_PROTOCOL] = "is this Caddy's admin API? check --caddy and CADDY_ADMIN",
		[ERROR_INTERNAL] = "please report this",
	};

	if (*e->hint)
		return e->hint;
	return (size_t)e->code < sizeof hints / sizeof *hints ? hints[e->code] : NULL;
}

void say_error(struct cmd *cmd, const struct kata_error *e)
{
	struct str line = STR_INIT;

	str_add(&line, "kata-tui: ");
	if (*e->where)
		str_addf(&line, "%s: ", e->where);
	str_add(&line, mask_text(cmd, e->msg));
	fflush(stdout);
	write_safe(cmd, stderr, STYLE_ERROR, line.p);
	str_clear(&line);
	if (hint_of(e)) {
		str_addf(&line, "hint: %s", hint_of(e));
		write_safe(cmd, stderr, STYLE_PLAIN, line.p);
	}
	str_release(&line);
}

/* file:line:column, as far as known. */
static void add_place(struct str *out, const struct place *place)
{
	if (!place->file)
		return;
	str_add(out, place->file);
	if (place->line)
		str_addf(out, ":%u", place->line);
	if (place->line && place->column)
		str_addf(out, ":%u", place->column);
	str_add(out, ": ");
}

void say_error_line(struct cmd *cmd, const char *text)
{
	struct str line = STR_INIT;

	str_addf(&line, "  | %s", mask_text(cmd, text));
	write_safe(cmd, stderr, STYLE_PLAIN, line.p);
	str_release(&line);
}

void say_problem(struct cmd *cmd, const char *app, const struct problem *p)
{
	struct str line = STR_INIT;

	str_add(&line, "kata-tui: ");
	add_place(&line, &p->place);
	if (p->severity != SEVERITY_ERROR)
		str_addf(&line, "%s: ", severity_name(p->severity));
	if (app && !p->place.file)
		str_addf(&line, "%s: ", app);
	if (p->path && *p->path)
		str_addf(&line, "%s: ", p->path);
	str_add(&line, mask_text(cmd, p->msg));
	fflush(stdout);
	write_safe(cmd, stderr, p->severity == SEVERITY_ERROR ? STYLE_ERROR : STYLE_CHANGE, line.p);
	str_clear(&line);
	if (p->hint) {
		str_addf(&line, "hint: %s", mask_text(cmd, p->hint));
		write_safe(cmd, stderr, STYLE_PLAIN, line.p);
	}
	str_release(&line);
}

static json_t *text_json_new(struct cmd *cmd, const char *text)
{
	return text ? json_string_nocheck(text_safe_copy(cmd->arena, mask_text(cmd, text)))
		    : json_null();
}

json_t *problem_json_new(struct cmd *cmd, const char *app, const struct problem *p)
{
	json_t *out = json_object();

	json_object_set_new(out, "app", text_json_new(cmd, app));
	json_object_set_new(out, "severity", json_string(severity_name(p->severity)));
	json_object_set_new(out, "message", text_json_new(cmd, p->msg));
	json_object_set_new(out, "hint", text_json_new(cmd, p->hint));
	json_object_set_new(out, "rule", text_json_new(cmd, p->rule));
	json_object_set_new(out, "file", text_json_new(cmd, p->place.file));
	json_object_set_new(out, "line", p->place.line ? json_integer(p->place.line) : json_null());
	json_object_set_new(out, "column",
			    p->place.column ? json_integer(p->place.column) : json_null());
	json_object_set_new(out, "path", text_json_new(cmd, p->path));
	return out;
}

json_t *error_json_new(struct cmd *cmd, const struct kata_error *e)
{
	json_t *out = json_object();

	json_object_set_new(out, "code", json_string(error_name(e->code)));
	json_object_set_new(out, "message", text_json_new(cmd, e->msg));
	json_object_set_new(out, "where", text_json_new(cmd, *e->where ? e->where : NULL));
	json_object_set_new(out, "hint", text_json_new(cmd, hint_of(e)));
	return out;
}
