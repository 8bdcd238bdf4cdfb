/*
 * Standing wishes: config/<app>/STATE, written by stop, start and scale, honoured by every run.
 */
#include <string.h>

#include "kata/deploy.h"
#include "kata/text.h"

enum { REPLICAS_MAX = 10000 };

void wishes_add_stop(struct wishes *w, struct arena *a, const char *service)
{
	size_t cap = w->stopped_count;

	if (wishes_stop(w, service))
		return;
	w->stopped_services = arena_grow(a, w->stopped_services, w->stopped_count, &cap,
					 sizeof *w->stopped_services);
	w->stopped_services[w->stopped_count++] = service;
}

void wishes_set_scale(struct wishes *w, struct arena *a, const char *service, int replicas)
{
	size_t cap = w->scale_count;

	for (size_t i = 0; i < w->scale_count; i++) {
		if (!strcmp(w->scales[i].service, service)) {
			w->scales[i].replicas = replicas;
			return;
		}
	}
	w->scales = arena_grow(a, w->scales, w->scale_count, &cap, sizeof *w->scales);
	w->scales[w->scale_count++] = (struct wish_scale){service, replicas};
}

/* One line taken apart at blanks, at most three words. */
static size_t split(struct arena *a, const char *line, size_t len, const char *words[3])
{
	size_t count = 0, i = 0;

	while (i < len && count < 3) {
		size_t from;

		while (i < len && (line[i] == ' ' || line[i] == '\t'))
			i++;
		from = i;
		while (i < len && line[i] != ' ' && line[i] != '\t')
			i++;
		if (i > from)
			words[count++] = arena_strndup(a, line + from, i - from);
	}
	return i < len && strspn(line + i, " \t") < len - i ? 4 : count;
}

static bool take_line(struct wishes *w, struct arena *a, const char *line, size_t len)
{
	const char *words[3] = {NULL, NULL, NULL};
	size_t count = split(a, line, len, words);
	uint64_t replicas;

	if (!count || *words[0] == '#')
		return true;
	if (!strcmp(words[0], "stop") && count == 1)
		w->stopped = true;
	else if (!strcmp(words[0], "stop") && count == 2)
		wishes_add_stop(w, a, words[1]);
	else if (!strcmp(words[0], "scale") && count == 3 &&
		 text_u64(words[2], 0, REPLICAS_MAX, &replicas))
		wishes_set_scale(w, a, words[1], (int)replicas);
	else
		return false;
	return true;
}

void wishes_decode(struct wishes *out, struct arena *a, const char *bytes, size_t len,
		   const char *file, struct problems *problems)
{
	unsigned number = 1;

	*out = (struct wishes){.mode = out->mode};
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t part = end ? (size_t)(end - bytes) : len;
		size_t text = part && bytes[part - 1] == '\r' ? part - 1 : part;

		if (!take_line(out, a, bytes, text))
			problems_add(problems, SEVERITY_WARNING, (struct place){file, number, 1},
				     "this line is not understood and has no effect")
				->hint = "lines are: stop, stop SERVICE, scale SERVICE N";
		part += end != NULL;
		bytes += part;
		len -= part;
		number++;
	}
}

void wishes_encode(struct str *out, const struct wishes *wishes)
{
	if (wishes->stopped)
		str_add(out, "stop\n");
	for (size_t i = 0; i < wishes->stopped_count; i++)
		str_addf(out, "stop %s\n", wishes->stopped_services[i]);
	for (size_t i = 0; i < wishes->scale_count; i++)
		str_addf(out, "scale %s %d\n", wishes->scales[i].service,
			 wishes->scales[i].replicas);
}

bool wishes_stop(const struct wishes *wishes, const char *service)
{
	if (wishes->stopped)
		return true;
	for (size_t i = 0; i < wishes->stopped_count; i++)
		if (!strcmp(wishes->stopped_services[i], service))
			return true;
	return false;
}
