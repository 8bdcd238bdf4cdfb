/*
 * The "@id" marks by which kata-tui knows its own objects in Caddy's config.
 */
#include "sites.h"

#include <string.h>

#include "kata/json.h"
#include "kata/text.h"

bool mark_parse(struct arena *a, const char *owner, const char *id, struct mark *out)
{
	size_t len = strlen(owner), name;
	const char *rest, *part;

	if (strncmp(id, "kata:", 5) != 0 || strncmp(id + 5, owner, len) != 0 || id[5 + len] != ':')
		return false;
	rest = id + 5 + len + 1;
	name = strcspn(rest, "@:");
	if (!name)
		return false;
	*out = (struct mark){.name = arena_strndup(a, rest, name), .part = ""};
	part = rest + name;
	if (*part == '@') {
		size_t place = strcspn(part + 1, ":");

		out->place = arena_strndup(a, part + 1, place);
		part += 1 + place;
	}
	if (*part == ':')
		out->part = arena_strdup(a, part + 1);
	return true;
}

bool mark_of(struct arena *a, const char *owner, const json_t *object, struct mark *out)
{
	const char *id = json_member_text(object, "@id");

	return id && mark_parse(a, owner, id, out);
}

bool mark_of_server(struct arena *a, const char *owner, const json_t *server, struct mark *out)
{
	return mark_of(a, owner, server, out) && !out->place;
}

const char *mark_text(struct arena *a, const char *owner, const char *name, const char *place,
		      const char *part)
{
	return arena_printf(a, "kata:%s:%s%s%s%s%s", owner, name, place ? "@" : "",
			    place ? place : "", *part ? ":" : "", part);
}

size_t mark_policy(struct arena *a, const struct mark *mark)
{
	const char *digits = mark->part + (strncmp(mark->part, "tls", 3) ? 0 : 3);
	uint64_t index = 0;

	text_u64(arena_strndup(a, digits, strspn(digits, "0123456789")), 0, MARK_POLICIES_MAX,
		 &index);
	return (size_t)index;
}

bool mark_is_any(const json_t *object)
{
	const char *id = json_member_text(object, "@id");

	return id && !strncmp(id, "kata:", 5);
}
