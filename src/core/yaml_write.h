/*
 * Private to core: texts as YAML scalars that a person would write so, and that every reader of
 * YAML takes for the same text. Nothing here knows of variables.
 */
#ifndef KATA_CORE_YAML_WRITE_H
#define KATA_CORE_YAML_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kata/memory.h"

/* On one line: without quotes when it is plainly a text, else in quotes. UTF-8. */
void yaml_write_text(struct str *out, const char *text, size_t len);
/* "key:", also for keys that YAML only takes in two lines; column: where it stands. */
void yaml_write_key(struct str *out, const char *key, size_t column);
void yaml_write_indent(struct str *out, size_t column);

/* One character of a text in double quotes: code point c, the n bytes at s. */
void yaml_write_char(struct str *out, const char *s, size_t n, uint32_t c);

/* Whether a text of several lines can stand as it is, behind "|". */
bool yaml_is_literal(const char *text, size_t len);
/* "|" and its lines at `column`, without the last line's end. */
void yaml_write_literal(struct str *out, const char *text, size_t len, size_t column);

#endif
