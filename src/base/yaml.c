/*
 * The YAML reader: libyaml's events become nodes in an arena. Limits, anchors and aliases
 * are kept here. Nothing recurses, so the depth of a text costs no stack.
 */
#include "kata/yaml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "yaml_build.h"

struct problem *yaml_problem_at(struct yaml_build *b, unsigned line, unsigned column,
				const char *fmt, ...)
{
	struct place place = {b->file, line, column};
	struct str msg = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&msg, fmt, ap);
	va_end(ap);
	struct problem *p = problems_add(b->problems, SEVERITY_ERROR, place, "%s", msg.p);
	str_release(&msg);
	return p;
}

static struct problem *problem_at_mark(struct yaml_build *b, const yaml_mark_t *mark,
				       const char *text)
{
	return yaml_problem_at(b, (unsigned)mark->line + 1, (unsigned)mark->column + 1, "%s", text);
}

/* Ends the reading for good: a limit is passed, and what follows cannot be trusted. */
static void stop(struct yaml_build *b, const yaml_mark_t *mark, const char *text, const char *hint)
{
	problem_at_mark(b, mark, text)->hint = hint;
	b->stopped = true;
	b->failed = true;
}

static bool count_nodes(struct yaml_build *b, size_t more, const yaml_mark_t *mark)
{
	b->nodes += more;
	if (b->nodes <= YAML_NODES_MAX)
		return true;
	stop(b, mark, "the file is too large: more than 100000 values",
	     "aliases (*name) count as often as they are used");
	return false;
}

static struct yaml_node *node_new(struct yaml_build *b, const yaml_event_t *event,
				  enum yaml_kind kind, const unsigned char *tag)
{
	struct yaml_node *node = arena_alloc(b->arena, sizeof *node);

	node->kind = kind;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	if (tag)
		node->tag = arena_strdup(b->arena, (const char *)tag);
	return node;
}

/* Hands a node to the collection around it; height: levels of collections in it. */
static void node_place(struct yaml_build *b, const struct yaml_node *node, unsigned height)
{
	if (!b->depth) {
		b->root = node;
		return;
	}
	struct yaml_frame *around = &b->frames[b->depth - 1];
	if (around->height < height + 1)
		around->height = height + 1;
	b->children = xgrow(b->children, b->child_count, &b->child_cap, sizeof *b->children);
	b->children[b->child_count++] = node;
}

static int anchor_find(const struct yaml_build *b, const char *name)
{
	for (size_t i = 0; i < b->anchor_count; i++)
		if (!strcmp(b->anchors[i].name, name))
			return (int)i;
	return YAML_NO_ANCHOR;
}

/* Registers an anchor; a name used again means the newer node from here on. */
static int anchor_add(struct yaml_build *b, const yaml_event_t *event, const unsigned char *name,
		      struct yaml_anchor anchor)
{
	if (!name)
		return YAML_NO_ANCHOR;
	int at = anchor_find(b, (const char *)name);
	if (at == YAML_NO_ANCHOR) {
		if (b->anchor_count == YAML_ANCHORS_MAX) {
			stop(b, &event->start_mark, "more than 1000 anchors (&name) in one file",
			     NULL);
			return YAML_NO_ANCHOR;
		}
		b->anchors = xgrow(b->anchors, b->anchor_count, &b->anchor_cap, sizeof *b->anchors);
		at = (int)b->anchor_count++;
		anchor.name = arena_strdup(b->arena, (const char *)name);
	} else {
		anchor.name = b->anchors[at].name;
	}
	b->anchors[at] = anchor;
	return at;
}

static void on_scalar(struct yaml_build *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (!count_nodes(b, 1, &event->start_mark))
		return;
	struct yaml_node *node = node_new(b, event, YAML_SCALAR, event->data.scalar.tag);
	if (memchr(text, '\0', len)) {
		problem_at_mark(b, &event->start_mark, "a text that holds a NUL character (\\0)")
			->hint = "leave it out: no name and no value in Caddy can hold one";
		len = strlen(text);
	}
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(b->arena, text, len);
	node->len = len;
	anchor_add(b, event, event->data.scalar.anchor,
		   (struct yaml_anchor){.node = node, .nodes = 1});
	node_place(b, node, 0);
}

static void on_start(struct yaml_build *b, const yaml_event_t *event, enum yaml_kind kind)
{
	bool mapping = kind == YAML_MAPPING;
	const unsigned char *tag =
		mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	const unsigned char *anchor =
		mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;

	if (!count_nodes(b, 1, &event->start_mark))
		return;
	if (b->depth == YAML_DEPTH_MAX) {
		stop(b, &event->start_mark, "nested too deeply: more than 100 levels",
		     "no config needs that; is an alias or a bracket wrong?");
		return;
	}
	struct yaml_node *node = node_new(b, event, kind, tag);
	b->frames[b->depth++] = (struct yaml_frame){
		.node = node,
		.start = b->child_count,
		.nodes_before = b->nodes - 1,
		.anchor = anchor_add(b, event, anchor,
				     (struct yaml_anchor){.node = node, .open = true}),
	};
}

static void sequence_finish(struct yaml_build *b, struct yaml_node *node,
			    const struct yaml_node *const *children, size_t count)
{
	size_t size = count * sizeof *node->items;

	node->count = count;
	node->items = arena_alloc(b->arena, size);
	if (count)
		memcpy(node->items, children, size);
}

static void on_end(struct yaml_build *b)
{
	struct yaml_frame frame = b->frames[--b->depth];
	size_t count = b->child_count - frame.start;
	const struct yaml_node *const *children = b->children ? b->children + frame.start : NULL;

	if (frame.node->kind == YAML_MAPPING)
		yaml_mapping_finish(b, frame.node, children, count);
	else
		sequence_finish(b, frame.node, children, count);
	b->child_count = frame.start;
	/* The name may have been given to another node meanwhile. */
	if (frame.anchor != YAML_NO_ANCHOR && b->anchors[frame.anchor].node == frame.node) {
		struct yaml_anchor *anchor = &b->anchors[frame.anchor];

		anchor->nodes = b->nodes - frame.nodes_before;
		anchor->height = frame.height;
		anchor->open = false;
	}
	node_place(b, frame.node, frame.height);
}

/* An alias that cannot be followed stands as an empty text, so that reading can go on. */
static void alias_broken(struct yaml_build *b, const yaml_event_t *event)
{
	struct yaml_node *node = node_new(b, event, YAML_SCALAR, NULL);

	node->text = "";
	node_place(b, node, 0);
}

static void on_alias(struct yaml_build *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	unsigned line = (unsigned)event->start_mark.line + 1;
	unsigned column = (unsigned)event->start_mark.column + 1;
	int at = anchor_find(b, name);

	if (at == YAML_NO_ANCHOR) {
		yaml_problem_at(b, line, column, "the alias *%s has no anchor &%s above it", name,
				name)
			->hint = "if the text itself begins with *, put it in quotes";
		alias_broken(b, event);
		return;
	}
	const struct yaml_anchor *anchor = &b->anchors[at];
	if (anchor->open) {
		yaml_problem_at(b, line, column, "the alias *%s stands inside what it names", name)
			->hint = "write the value out instead";
		alias_broken(b, event);
		return;
	}
	if (!count_nodes(b, anchor->nodes, &event->start_mark))
		return;
	if (b->depth + anchor->height > YAML_DEPTH_MAX)
		stop(b, &event->start_mark, "nested too deeply: more than 100 levels",
		     "no config needs that; is an alias or a bracket wrong?");
	else
		node_place(b, anchor->node, anchor->height);
}

static void on_document(struct yaml_build *b, const yaml_event_t *event)
{
	if (++b->documents == 1)
		return;
	problem_at_mark(b, &event->start_mark, "a second document (---) in one file")->hint =
		"keep one document in the file";
	b->stopped = true;
}

static void on_event(struct yaml_build *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		on_document(b, event);
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(b, event);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(b, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_start(b, event, YAML_SEQUENCE);
		break;
	case YAML_MAPPING_START_EVENT:
		on_start(b, event, YAML_MAPPING);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(b);
		break;
	case YAML_STREAM_END_EVENT:
		b->stopped = true;
		break;
	default:
		break;
	}
}

static void read_events(struct yaml_build *b)
{
	yaml_parser_t parser;
	yaml_event_t event;

	if (!yaml_parser_initialize(&parser)) {
		yaml_problem_at(b, 0, 0, "not enough memory to read the file")->hint =
			"free some memory and try again";
		b->failed = true;
		return;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)b->bytes, b->len);
	while (!b->stopped) {
		if (!yaml_parser_parse(&parser, &event)) {
			yaml_syntax_problem(b, &parser);
			b->failed = true;
			break;
		}
		on_event(b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static bool is_nothing(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR && node->plain && !node->len && !node->tag;
}

const struct yaml_node *yaml_parse(struct arena *arena, const char *bytes, size_t len,
				   const char *file, struct problems *problems)
{
	struct yaml_build b = {
		.arena = arena, .problems = problems, .file = file, .bytes = bytes, .len = len};

	if (!len)
		return NULL;
	if (len > YAML_BYTES_MAX) {
		yaml_problem_at(&b, 0, 0, "the file is too large: more than 1 MiB")->hint =
			"is this the right file? Data belongs into data/, not into "
			"kata-compose.yaml";
		return NULL;
	}
	if (!yaml_bytes_check(&b))
		return NULL;
	read_events(&b);
	free(b.children);
	free(b.pairs);
	free(b.anchors);
	return b.failed || is_nothing(b.root) ? NULL : b.root;
}
