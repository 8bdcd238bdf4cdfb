/*
 * The bytes of one top-level member of a YAML text, by libyaml's own marks. They count characters,
 * and lines as YAML 1.1 breaks them; here they become bytes.
 */
#include "kata/yaml.h"

#include <string.h>
#include <yaml.h>

struct span_walk {
	const char *key;
	struct yaml_span *out;
	size_t depth, flow;    /* open collections; those of them in flow style, and all in these */
	bool is_value, inside; /* the next node of the top level is a value; ... of our key */
	size_t start, end;     /* in characters */
	size_t line;	       /* of the key */
};

static bool is_key(const struct span_walk *w, const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT && event->data.scalar.length == strlen(w->key) &&
	       !memcmp(event->data.scalar.value, w->key, event->data.scalar.length);
}

/* A key of the top level. */
static void on_key(struct span_walk *w, const yaml_event_t *event)
{
	if (w->out->block)
		w->out->column = (unsigned)event->start_mark.column;
	w->inside = is_key(w, event) && !w->out->found;
	if (!w->inside)
		return;
	w->out->found = true;
	w->start = event->start_mark.index;
	w->end = event->end_mark.index;
	w->line = event->start_mark.line;
}

/* Any node but an end, before it is entered. */
static void on_node(struct span_walk *w, const yaml_event_t *event)
{
	struct yaml_span *out = w->out;

	if (w->depth == 1) {
		if (!w->is_value)
			on_key(w, event);
		w->is_value = !w->is_value;
	} else if (w->depth == 2 && w->inside && !w->flow && !out->indent &&
		   event->start_mark.line > w->line && event->start_mark.column > out->column) {
		out->indent = (unsigned)event->start_mark.column - out->column;
	}
	if (w->inside && (event->type == YAML_SCALAR_EVENT || event->type == YAML_ALIAS_EVENT))
		w->end = event->end_mark.index;
}

static void on_start(struct span_walk *w, const yaml_event_t *event, bool flow)
{
	if (!w->depth)
		w->out->block = event->type == YAML_MAPPING_START_EVENT && !flow;
	else
		on_node(w, event);
	w->flow += flow || w->flow;
	w->depth++;
}

/* The end of a block collection is only noticed at what comes next. */
static void on_end(struct span_walk *w, const yaml_event_t *event)
{
	if (w->flow && w->inside)
		w->end = event->end_mark.index;
	w->flow -= w->flow > 0;
	w->depth--;
}

static void on_event(struct span_walk *w, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_MAPPING_START_EVENT:
		on_start(w, event, event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_start(w, event, event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		on_end(w, event);
		break;
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
		on_node(w, event);
		break;
	default:
		break;
	}
}

/* How many bytes the first `count` characters take. */
static size_t bytes_of(const char *bytes, size_t len, size_t count)
{
	size_t at = 0;

	while (count && at < len) {
		at++;
		while (at < len && ((unsigned char)bytes[at] & 0xc0) == 0x80)
			at++;
		count--;
	}
	return at;
}

void yaml_member_span(const char *bytes, size_t len, const char *key, struct yaml_span *out)
{
	size_t mark = len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
	struct span_walk w = {.key = key, .out = out};
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	*out = (struct yaml_span){0};
	if (!yaml_parser_initialize(&parser))
		return;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes + mark, len - mark);
	while (more) {
		more = yaml_parser_parse(&parser, &event);
		if (!more) {
			*out = (struct yaml_span){0};
			break;
		}
		on_event(&w, &event);
		more = event.type != YAML_STREAM_END_EVENT && event.type != YAML_DOCUMENT_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (!out->found)
		return;
	out->start = mark + bytes_of(bytes + mark, len - mark, w.start);
	out->end = mark + bytes_of(bytes + mark, len - mark, w.end);
	while (out->end > out->start && strchr(" \t\r\n", bytes[out->end - 1]))
		out->end--;
}
