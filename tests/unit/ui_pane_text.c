/* What panes make of text, YAML, JSON and of lines with control sequences: text and roles, span by
 * span. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ui/pane.h"

#define SIZE(array) (sizeof(array) / sizeof(array)[0])

/* "key|a", "text|: ", ... as one text: "<json_key>a<>: ". */
static void add_spans(struct str *out, const struct line *line)
{
	for (size_t i = 0; i < line->span_count; i++) {
		size_t at = line->spans[i].at;
		size_t end = i + 1 < line->span_count ? line->spans[i + 1].at : line->len;
		enum role role = line->spans[i].role;

		if (at == end)
			continue;
		if (role >= ROLE_ANSI)
			str_addf(out, "<%d>", role - ROLE_ANSI);
		else
			str_addf(out, "<%s>", role == ROLE_text ? "" : role_names[role]);
		str_addn(out, line->text + at, end - at);
	}
}

static void assert_yaml(const char *yaml, const char *expected)
{
	struct pane pane;
	struct str out = STR_INIT;

	pane_init(&pane, 0);
	pane_add_yaml(&pane, yaml, strlen(yaml));
	for (size_t i = 0; i < pane_count(&pane); i++) {
		add_spans(&out, pane_line(&pane, i));
		str_addc(&out, '\n');
		assert_int_equal(pane_line(&pane, i)->number, i + 1);
	}
	assert_string_equal(out.p, expected);
	str_release(&out);
	pane_release(&pane);
}

static void yaml_has_colors(void **state)
{
	static const struct {
		const char *yaml, *spans;
	} rows[] = {
		{"# all\na: b # c\n",
		 "<comment># all\n<json_key>a<>: <json_text>b<> <comment># c\n"},
		{"a: b#c\r\n", "<json_key>a<>: <json_text>b#c\n"},
		{"url: http://x:80/y", "<json_key>url<>: <json_text>http://x:80/y\n"},
		{"n: 12", "<json_key>n<>: <json_number>12\n"},
		{"n: -1.5e+3", "<json_key>n<>: <json_number>-1.5e+3\n"},
		{"n: 0x1F", "<json_key>n<>: <json_number>0x1F\n"},
		{"n: 1.2.3", "<json_key>n<>: <json_text>1.2.3\n"},
		{"n: 80:80", "<json_key>n<>: <json_text>80:80\n"},
		{"n: 0xg", "<json_key>n<>: <json_text>0xg\n"},
		{"on: True", "<json_key>on<>: <json_word>True\n"},
		{"x: truely", "<json_key>x<>: <json_text>truely\n"},
		{"- ~", "<>- <json_word>~\n"},
		{"- - -5", "<>- - <json_number>-5\n"},
		{"- a: 'it''s: # x' # y",
		 "<>- <json_key>a<>: <json_text>'it''s: # x'<> <comment># y\n"},
		{"\"a b\" : \"q\\\" # z\"", "<json_key>\"a b\"<> : <json_text>\"q\\\" # z\"\n"},
		{"<<: *base", "<json_key><<<>: <json_word>*base\n"},
		{"a: &x !!map", "<json_key>a<>: <json_word>&x<> <json_word>!!map\n"},
		{"a: [1, b, {c: 'd', e: no}]",
		 "<json_key>a<>: [<json_number>1<>, <json_text>b<>, {<json_key>c<>: "
		 "<json_text>'d'<>, <json_key>e<>: <json_word>no<>}]\n"},
		{"--- # x\n...", "<json_word>---<> <comment># x\n<json_word>...\n"},
		{"%YAML 1.2", "<comment>%YAML 1.2\n"},
		{"a: it's\nb: 1",
		 "<json_key>a<>: <json_text>it's\n<json_key>b<>: <json_number>1\n"},
		{"a: b: c", "<json_key>a<>: <json_text>b:<> <json_text>c\n"},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++)
		assert_yaml(rows[i].yaml, rows[i].spans);
}

/* A quote that is not shut where it was opened colours that line alone. */
static void quotes_do_not_bleed(void **state)
{
	(void)state;
	assert_yaml("a: \"open\nb: 1\nc: 'open\nd: 2\n",
		    "<json_key>a<>: <json_text>\"open\n<json_key>b<>: <json_number>1\n"
		    "<json_key>c<>: <json_text>'open\n<json_key>d<>: <json_number>2\n");
	assert_yaml("a: [x,\nb: c, d", "<json_key>a<>: [<json_text>x<>,\n"
				       "<json_key>b<>: <json_text>c, d\n");
}

static void block_scalars_are_text(void **state)
{
	(void)state;
	assert_yaml("a:\n  b: |- # why\n    x: 1\n\n     # no comment\n  c: 2\n",
		    "<json_key>a<>:\n<>  <json_key>b<>: <json_word>|-<> <comment># why\n"
		    "<json_text>    x: 1\n\n<json_text>     # no comment\n"
		    "<>  <json_key>c<>: <json_number>2\n");
	assert_yaml("- >2\n  x: 1\n- y: |\n    z: 1\n  w: 1\n",
		    "<>- <json_word>>2\n<json_text>  x: 1\n<>- <json_key>y<>: <json_word>|\n"
		    "<json_text>    z: 1\n<>  <json_key>w<>: <json_number>1\n");
	assert_yaml("--- |\nx: 1\n---\ny: 1",
		    "<json_word>---<> <json_word>|\n<json_text>x: 1\n<json_word>---\n"
		    "<json_key>y<>: <json_number>1\n");
	assert_yaml("a: |x\n  b: 1", "<json_key>a<>: <json_text>|x\n<>  <json_key>b<>: "
				     "<json_number>1\n");
}

static void sequences_become_roles(void **state)
{
	static const struct {
		const char *text, *spans;
	} rows[] = {
		{"plain", "<drift>plain"},
		{"\x1b[31mred\x1b[0m no", "<1>red<drift> no"},
		{"\x1b[1;32mok\x1b[22mgo\x1b[39mx", "<10>ok<2>go<drift>x"},
		{"\x1b[94mb\x1b[mx", "<12>b<drift>x"},
		{"\x1b[1mb\x1b[2mc\x1b[22;2md\x1b[7;22me\x1b[27mf",
		 "<title>b<dim>cd<title>e<drift>f"},
		{"\x1b[41;93mx\x1b[49my", "<11>xy"},
		{"\x1b[38;5;9mx\x1b[38;5;196my\x1b[38;5;300mz", "<9>xyz"},
		{"\x1b[38;2;0;0;0mx\x1b[38;2;999;255;255my", "<0>x<15>y"},
		{"\x1b[38:2::255:255:255mx\x1b[38:2:0:0:0my\x1b[38:5:2mz", "<15>x<0>y<2>z"},
		{"\x1b[48;5;31mx\x1b[48;2;31;32;33my\x1b[58:5:31mz", "<drift>xyz"},
		{"\x1b[4:3mx\x1b[4;31my", "<drift>x<1>y"},
		{"\x1b[38;5mx\x1b[38my\x1b[38;2;1mz", "<drift>xyz"},
		{"\x1b[>4;31mx\x1b[?25ly\x1b[31 mz", "<drift>xyz"},
		{"a\x1b[2Kb\x1b[10;20Hc\x1b[Kd", "<drift>abcd"},
		{"a\x1b]0;title\x07"
		 "b\x1b]8;;http://x\x1b\\c\x1b]0;x\xc2\x9c"
		 "d",
		 "<drift>abcd"},
		{"a\x1bP1$r\x07m\x1b\\b\x1b_x\x1b\\c\x1b^x\x1b\\d\x1bXx\x1b\\e", "<drift>abcde"},
		{"a\x1b(Bb\x1b"
		 "7c\x1b=d\x1b#8e",
		 "<drift>abcde"},
		{"a\xc2\x9b"
		 "31mb\xc2\x9d"
		 "0;x\x07"
		 "c\xc2\x80"
		 "d",
		 "<drift>a<1>bc\xc2\x80"
		 "d"},
		{"a\x1b]0;never ends", "<drift>a"},
		{"a\x1b[31", "<drift>a"},
		{"a\x1b", "<drift>a"},
		{"a\x1b\x1b[31mb", "<drift>a<1>b"},
		{"a\x1b[3\x1b[32mb", "<drift>a<2>b"},
		{"a\x1b[3\xc3\xa9", "<drift>a\xc3\xa9"},
		{"a\x1b]x\x1b[32mb", "<drift>a<2>b"},
		{"10%\r20%\r\x1b[32mdone\r\r", "<2>done"},
		{"\x1b[31mold\rnew", "<1>new"},
		{"kept\r\x1b[K", "<drift>kept"},
		{"a\bb\tc\x01", "<drift>a\bb\tc\x01"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(rows); i++) {
		struct pane pane;
		struct str out = STR_INIT;

		pane_init(&pane, 0);
		add_spans(&out,
			  pane_add_ansi(&pane, ROLE_drift, rows[i].text, strlen(rows[i].text)));
		assert_string_equal(out.p, rows[i].spans);
		str_release(&out);
		pane_release(&pane);
	}
}

/* What stood in the line before is not overwritten, and long ones with many colours are quick. */
static void sequences_at_the_end(void **state)
{
	struct pane pane;
	struct str out = STR_INIT;
	struct line *line;

	(void)state;
	pane_init(&pane, 0);
	line = pane_add(&pane, ROLE_good, "web ", 4);
	pane_append_ansi(&pane, line, ROLE_text, "1\r\x1b[31m2", 8);
	add_spans(&out, line);
	assert_string_equal(out.p, "<good>web <1>2");
	str_clear(&out);
	for (int i = 0; i < 200000; i++)
		str_addf(&out, "\x1b[3%dmx", i % 8);
	line = pane_add_ansi(&pane, ROLE_text, out.p, out.len);
	assert_int_equal(line->len, 200000);
	assert_int_equal(line->span_count, 200000);
	str_release(&out);
	pane_release(&pane);
}

static void lines_are_spans(void **state)
{
	struct pane pane;
	struct line *line;

	(void)state;
	pane_init(&pane, 0);
	line = pane_add(&pane, ROLE_good, "up", 2);
	pane_append(&pane, line, ROLE_good, "!", 1);
	pane_append(&pane, line, ROLE_dim, " 3h", 3);
	pane_append(&pane, line, ROLE_bad, "", 0);
	assert_string_equal(line->text, "up! 3h");
	assert_int_equal(line->span_count, 2);
	assert_int_equal(line->spans[1].at, 3);
	assert_int_equal(line->spans[1].role, ROLE_dim);
	pane_add_text(&pane, ROLE_text, "a\r\n\nb\n");
	assert_int_equal(pane_count(&pane), 4);
	assert_string_equal(pane_line(&pane, 1)->text, "a");
	assert_string_equal(pane_line(&pane, 2)->text, "");
	assert_string_equal(pane_line(&pane, 3)->text, "b");
	assert_null(pane_line(&pane, 4));
	pane_clear(&pane);
	assert_int_equal(pane_count(&pane), 0);
	assert_int_equal(pane.bytes, 0);
	pane_release(&pane);
}

static void json_is_colored(void **state)
{
	struct pane pane;
	json_t *value = json_loads("{\"k\": [\"s\", 1, true]}", 0, NULL);
	static const enum role roles[] = {ROLE_text, ROLE_json_key, ROLE_json_text,
					  ROLE_json_number, ROLE_json_word};

	(void)state;
	pane_init(&pane, 0);
	pane_add_json(&pane, value, 9);
	for (size_t i = 0; i < 5; i++) {
		const struct line *line = pane_line(&pane, i);

		assert_int_equal(line->spans[i ? 1 : 0].role, roles[i]);
	}
	json_decref(value);
	pane_release(&pane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_has_colors),	  cmocka_unit_test(quotes_do_not_bleed),
		cmocka_unit_test(block_scalars_are_text), cmocka_unit_test(sequences_become_roles),
		cmocka_unit_test(sequences_at_the_end),	  cmocka_unit_test(lines_are_spans),
		cmocka_unit_test(json_is_colored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
