/* A live block taken over into kata-compose.yaml: which bytes change, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "compose_case.h"
#include "kata/adopt.h"
#include "kata/upstream.h"

struct taking {
	struct arena *arena;
	struct app_source source;
	struct adopt_input input;
	struct adopt adopt;
	struct kata_error e;
	json_t *live;
	bool ok;
};

/* The file, its ENV (or NULL), and what is live, in JSON with ' for ". */
static void begin(struct taking *t, const char *file, const char *env, json_t *live_take)
{
	*t = (struct taking){.arena = arena_new(), .live = live_take};
	t->source = (struct app_source){
		.name = "blog",
		.root = "/srv",
		.stack = {.path = "f", .bytes = file, .len = strlen(file)},
		.env = {.path = "ENV", .bytes = env, .len = env ? strlen(env) : 0},
	};
	t->input.source = &t->source;
	t->input.live = t->live;
}

static void end(struct taking *t)
{
	adopt_release(&t->adopt);
	json_decref(t->live);
	arena_free(t->arena);
}

static void take(struct taking *t)
{
	t->ok = adopt_make(&t->adopt, t->arena, &t->input, &t->e);
}

static void assert_file(const char *file, const char *env, const char *live, const char *becomes)
{
	struct taking t;

	begin(&t, file, env, json_case_new(live));
	take(&t);
	if (!t.ok)
		fail_msg("%s: %s", t.e.where, t.e.msg);
	if (strcmp(t.adopt.text.p, becomes) != 0)
		fail_msg("have\n%s\nwant\n%s", t.adopt.text.p, becomes);
	end(&t);
}

static void assert_refused(const char *file, const char *env, const char *live,
			   enum error_code code, const char *msg, const char *hint)
{
	struct taking t;

	begin(&t, file, env, json_case_new(live));
	take(&t);
	assert_false(t.ok);
	if (t.e.code != code || !strstr(t.e.msg, msg) || !strstr(t.e.hint, hint))
		fail_msg("have %s: %s (%s)", error_name(t.e.code), t.e.msg, t.e.hint);
	end(&t);
}

#define LIVE                                                                                       \
	"{'automatic_https':{'disable':true},'listen':[':8080'],'routes':[{'handle':["             \
	"{'body':'new','handler':'static_response','status_code':200}]}]}"
#define BLOCK                                                                                      \
	"caddy:\n  listen:\n    - \":8080\"\n  routes:\n    - handle:\n        - body: new\n"      \
	"          handler: static_response\n          status_code: 200\n"                         \
	"  automatic_https:\n    disable: true"

/* --- which bytes change --- */

static void all_around_the_block_stays(void **state)
{
	(void)state;
	assert_file("# top\n\nx-a:   [1,  2] # odd\n\n# about caddy\n"
		    "caddy: # here\n  # inside\n  listen: [\":8080\"]\n\n  routes: []\n  # last\n\n"
		    "# about b\nx-b: |\n  text\n\n\n",
		    NULL, LIVE,
		    "# top\n\nx-a:   [1,  2] # odd\n\n# about caddy\n" BLOCK "\n\n"
		    "# about b\nx-b: |\n  text\n\n\n");
}

static void block_in_any_style_is_replaced(void **state)
{
	static const char *const blocks[] = {
		"caddy: {listen: [\":8080\"], routes: []} # one line",
		"caddy: {\n listen: [\":8080\"], # }\nroutes: []\n}",
		"\"caddy\": !!map\n    {listen: [':8080']}",
		"caddy: &it {listen: [\":8080\"]}",
		"caddy: *base",
	};
	char file[400];

	(void)state;
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		snprintf(file, sizeof file, "x-base: &base\n  listen: [\":80\"]\n%s\n\nx-z: 1\n",
			 blocks[i]);
		assert_file(file, NULL, LIVE,
			    "x-base: &base\n  listen: [\":80\"]\n" BLOCK "\n\nx-z: 1\n");
	}
}

static void source_of_what_is_live_still_stays(void **state)
{
	(void)state;
	assert_file(
		"caddy:\n  listen:\n  - :8080\n  routes:\n  - handle:\n"
		"    - handler: static_response\n      body: |+\n        a: b\n        # c\n\n\n"
		"x-z: 1\n",
		NULL, LIVE,
		"caddy:\n  listen:\n    - :8080\n  routes:\n    - handle:\n        - body: new\n"
		"          handler: static_response\n          status_code: 200\n"
		"  automatic_https:\n    disable: true\n\n\nx-z: 1\n");
}

static void line_ends_stay_as_they_are(void **state)
{
	(void)state;
	assert_file("x-a: 1\r\ncaddy: {listen: [\":8080\"]}\r\nx-b: 2\r\n", NULL,
		    "{'listen':[':8080',':8081']}",
		    "x-a: 1\r\ncaddy:\r\n  listen:\r\n    - \":8080\"\r\n    - \":8081\"\r\n"
		    "x-b: 2\r\n");
	assert_file("x-a: 1\r\ncaddy: {listen: [\":8080\"]}", NULL, "{'listen':[':8081']}",
		    "x-a: 1\r\ncaddy:\r\n  listen:\r\n    - \":8081\"");
	assert_file("x-a: 1\r\n", NULL, "{'listen':[':8081']}",
		    "x-a: 1\r\ncaddy:\r\n  listen:\r\n    - \":8081\"\r\n");
	assert_file("\xef\xbb\xbf"
		    "caddy: {listen: [\":80\"]}\n# \xe2\x82\xac",
		    NULL, "{'listen':[':8081']}",
		    "\xef\xbb\xbf"
		    "caddy:\n  listen:\n    - \":8081\"\n# \xe2\x82\xac");
	assert_file("# \xe2\x82\xac\xf0\x9f\x98\x80\ncaddy: {listen: [\":80\"]}\nx-b: 1", NULL,
		    "{'listen':[':8081']}",
		    "# \xe2\x82\xac\xf0\x9f\x98\x80\ncaddy:\n  listen:\n    - \":8081\"\nx-b: 1");
}

static void missing_block_is_put_at_the_end(void **state)
{
	(void)state;
	assert_file("x-a: 1\n", NULL, LIVE, "x-a: 1\n" BLOCK "\n");
	assert_file("x-a: 1 # no newline", NULL, LIVE, "x-a: 1 # no newline\n" BLOCK);
	assert_file("x-a: 1\n\nx-b: 2\n", NULL, LIVE, "x-a: 1\n\nx-b: 2\n\n" BLOCK "\n");
	assert_file("x-a: |+\n  x\n\n", NULL, LIVE, "x-a: |+\n  x\n\n" BLOCK "\n");
	assert_file("  x-a: 1\n", NULL, "{'listen':[':80']}",
		    "  x-a: 1\n  caddy:\n    listen:\n      - \":80\"\n");
	assert_file("x-base: &b\n  caddy: {listen: [\":80\"]}\n<<: *b\n", NULL,
		    "{'listen':[':81']}",
		    "x-base: &b\n  caddy: {listen: [\":80\"]}\n<<: *b\n"
		    "caddy:\n  listen:\n    - \":81\"\n");
}

static void indentation_of_the_block_is_kept(void **state)
{
	(void)state;
	assert_file("caddy:\n    listen: [\":80\"]\n", NULL, "{'listen':[':81'],'logs':{}}",
		    "caddy:\n    listen:\n        - \":81\"\n    logs: {}\n");
	assert_file("  caddy:\n     listen: [\":80\"]\n  x-a: 1\n", NULL, "{'listen':[':81']}",
		    "  caddy:\n     listen:\n        - \":81\"\n  x-a: 1\n");
}

static void equal_block_changes_nothing(void **state)
{
	struct taking t;

	(void)state;
	begin(&t, "caddy: {routes: [], listen: [\"$P\"]}\nenvironment: {P: ':80'}\n", NULL,
	      json_case_new("{'listen':[':80'],'routes':[]}"));
	take(&t);
	assert_true(t.ok);
	assert_false(t.adopt.changed);
	assert_int_equal(t.adopt.text.len, 0);
	end(&t);
}

static void block_is_known_in_the_new_text(void **state)
{
	struct taking t;
	char block[200];

	(void)state;
	begin(&t, "x-a: 1\r\ncaddy: {listen: [\":80\"]}\r\nx-b: 1\r\n", NULL,
	      json_case_new("{'listen':[':81']}"));
	take(&t);
	assert_true(t.ok && t.adopt.changed && t.adopt.had_block);
	snprintf(block, sizeof block, "%.*s", (int)t.adopt.len, t.adopt.text.p + t.adopt.start);
	assert_string_equal(block, "caddy:\r\n  listen:\r\n    - \":81\"");
	end(&t);
}

/* --- variables --- */

#define HANDLER(members)                                                                           \
	"{'listen':['127.0.0.1:80'],'routes':[{'handle':[{'handler':'static_response'," members    \
	"}]}]}"

static void variables_stay_where_they_still_fit(void **state)
{
	(void)state;
	assert_file(
		"environment: {CODE: 200, HOST: a.b}\ncaddy:\n"
		"  listen: ['$BIND_ADDRESS:80']\n  routes:\n    - handle:\n"
		"        - handler: static_response\n          status_code: $CODE\n"
		"          body: \"$HOST\"\n          headers: {X: ['${TOKEN}', '$$5 ${CODE}']}\n",
		"TOKEN=s3cr3t-value\n",
		HANDLER("'status_code':200,'body':'a.c','headers':{'X':['s3cr3t-value','$5 "
			"200','$CODE']}"),
		"environment: {CODE: 200, HOST: a.b}\ncaddy:\n"
		"  listen:\n    - \"$BIND_ADDRESS:80\"\n  routes:\n    - handle:\n"
		"        - handler: static_response\n          status_code: $CODE\n"
		"          body: a.c\n          headers:\n            X:\n"
		"              - \"${TOKEN}\"\n              - \"$$5 ${CODE}\"\n"
		"              - \"$$CODE\"\n");
}

/* A secret moved because something was put in front of it, taken out, or changed beside it. */
static void variables_move_with_their_element(void **state)
{
	static const char file[] =
		"caddy:\n  listen: [':80']\n  routes:\n"
		"    - handle: [{handler: static_response, body: one, status_code: 201}]\n"
		"    - handle: [{handler: static_response, body: $TOKEN, status_code: 202}]\n";
	static const char *const lives[] = {
		"{'handle':[{'handler':'static_response','body':'0'}]},ONE,TWO", "TWO,ONE", "TWO",
		"{'handle':[{'handler':'static_response','body':'0'}]},ONE,"
		"{'handle':[{'handler':'static_response','body':'s3cr3t','status_code':202,"
		"'close':true}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		struct str live = STR_INIT;
		struct taking t;

		str_add(&live, "{'listen':[':80'],'routes':[");
		for (const char *p = lives[i]; *p; p++) {
			if (strncmp(p, "ONE", 3) != 0 && strncmp(p, "TWO", 3) != 0) {
				str_addc(&live, *p);
				continue;
			}
			str_addf(&live,
				 "{'handle':[{'handler':'static_response','body':'%s',"
				 "'status_code':%d}]}",
				 *p == 'O' ? "one" : "s3cr3t", *p == 'O' ? 201 : 202);
			p += 2;
		}
		str_add(&live, "]}");
		begin(&t, file, "TOKEN=s3cr3t\n", json_case_new(live.p));
		take(&t);
		if (!t.ok)
			fail_msg("%zu: %s", i, t.e.msg);
		assert_non_null(strstr(t.adopt.text.p, "body: $TOKEN\n"));
		assert_null(strstr(t.adopt.text.p, "s3cr3t"));
		end(&t);
		str_release(&live);
	}
}

static void secrets_are_never_written(void **state)
{
	static const char file[] = "caddy: {listen: [\":80\"], routes: []}\n";

	(void)state;
	assert_refused(file, "TOKEN=s3cr3t-value\n", HANDLER("'body':'Bearer s3cr3t-value!'"),
		       ERROR_REFUSED, "routes/0/handle/0/body holds the value of TOKEN",
		       "${TOKEN}");
	assert_refused(file, "TOKEN=s3cr3t-value\n", HANDLER("'headers':{'s3cr3t-value':['x']}"),
		       ERROR_REFUSED, "routes/0/handle/0/headers holds the value of TOKEN", "");
	assert_refused(file, "TOKEN=1234567\n", HANDLER("'status_code':1234567"), ERROR_REFUSED,
		       "status_code holds the value of TOKEN", "");
	/* Too short to be told from other texts, and masked nowhere. */
	assert_file(file, "TOKEN=abcd\n",
		    "{'listen':[':80'],'routes':[],'logs':"
		    "{'default_logger_name':'abcd'}}",
		    "caddy:\n  listen:\n    - \":80\"\n  routes: []\n  logs:\n"
		    "    default_logger_name: abcd\n");
}

static bool holds_other(void *arg, const char *text)
{
	return strstr(text, arg) != NULL;
}

static void secrets_of_others_are_asked_for(void **state)
{
	struct taking t;

	(void)state;
	begin(&t, "x-a: 1\n", NULL, json_case_new(HANDLER("'body':'elsewhere'")));
	t.input.is_secret = holds_other;
	t.input.arg = (void *)"where";
	take(&t);
	assert_false(t.ok);
	assert_non_null(strstr(t.e.msg, "routes/0/handle/0/body holds a secret"));
	end(&t);
}

/* --- names of services --- */

static struct compose_service services[] = {{.name = "api"}, {.name = "web"}};
static const struct compose compose = {.project = "blog", .services = services, .service_count = 2};

static json_t *find_new(void *arg, const char *service, unsigned port)
{
	(void)port;
	if (!*(bool *)arg)
		return json_array();
	return strcmp(service, "web") ? json_pack("[s]", "10.0.0.9:1")
				      : json_pack("[s,s]", "10.0.0.1:8000", "10.0.0.2:8000");
}

static json_t *addresses_new(void *arg, const json_t *block)
{
	json_t *copy = json_deep_copy(block);

	upstream_resolve(copy, &compose, find_new, arg);
	return copy;
}

#define PROXY(upstreams)                                                                           \
	"{'listen':[':80'],'routes':[{'handle':[{'handler':'reverse_proxy','upstreams':"           \
	"[" upstreams "]}]}]}"

static void assert_dials(const char *live, bool known, const char *dials)
{
	static const char file[] =
		"caddy:\n  listen: [':8080']\n  routes:\n    - handle:\n"
		"        - handler: reverse_proxy\n          upstreams:\n"
		"            - dial: ${SERVICE}:8000\n              max_requests: 7\n"
		"            - dial: 9.9.9.9:9\n            - dial: api:1\n"
		"environment: {SERVICE: web}\n";
	struct str want = STR_INIT;
	struct taking t;

	begin(&t, file, NULL, json_case_new(live));
	t.input.compose = &compose;
	t.input.addresses_new = addresses_new;
	t.input.arg = &known;
	take(&t);
	if (!t.ok)
		fail_msg("%s", t.e.msg);
	assert_int_equal(t.adopt.names_kept, !known);
	str_addf(&want,
		 "caddy:\n  listen:\n    - \":80\"\n  routes:\n    - handle:\n"
		 "        - handler: reverse_proxy\n          upstreams:\n%s"
		 "environment: {SERVICE: web}\n",
		 dials);
	assert_string_equal(t.adopt.text.p, want.p);
	str_release(&want);
	end(&t);
}

#define WEB(n)	   "{'dial':'10.0.0." n ":8000','max_requests':7}"
#define NAMED	   "            - dial: ${SERVICE}:8000\n              max_requests: 7\n"
#define NINE	   "            - dial: 9.9.9.9:9\n"
#define LITERAL(n) "            - dial: \"10.0.0." n ":8000\"\n              max_requests: 7\n"

static void dials_stay_names(void **state)
{
	(void)state;
	assert_dials(PROXY(WEB("1") "," WEB("2") ",{'dial':'9.9.9.9:9'},{'dial':'10.0.0.9:1'}"),
		     true, NAMED NINE "            - dial: api:1\n");
	assert_dials(PROXY("{'dial':'10.0.0.9:1'}," WEB("1") "," WEB("2") ",{'dial':'8.8.8.8:8'}"),
		     true,
		     "            - dial: api:1\n" NAMED "            - dial: \"8.8.8.8:8\"\n");
	assert_dials(PROXY(WEB("1")), true, LITERAL("1"));
	assert_dials(PROXY(WEB("1") "," WEB("2")), true, NAMED);
	/* The engine does not tell: whatever is live may be what the names stand for. */
	assert_dials(PROXY("{'dial':'10.0.0.7:8000'}"), false,
		     NAMED NINE "            - dial: api:1\n");
}

/* Caddy holds a text that the file would take for a service's name. */
static void live_text_that_is_a_name_is_refused(void **state)
{
	struct taking t;
	bool known = true;

	(void)state;
	begin(&t, "x-a: 1\n", NULL, json_case_new(PROXY("{'dial':'web:8000'}")));
	t.input.compose = &compose;
	t.input.addresses_new = addresses_new;
	t.input.arg = &known;
	take(&t);
	assert_false(t.ok);
	assert_int_equal(t.e.code, ERROR_REFUSED);
	assert_non_null(strstr(t.e.msg, "routes/0/handle/0/upstreams"));
	end(&t);
}

/* --- texts --- */

/* Whatever a text is, it comes back as it was; the first ones need no quotes. */
enum { PLAIN_TEXTS = 7 };

static const char *const texts[] = {
	"text",
	"Hello, world? (100% & more) a*b 'x",
	"/api/*",
	"a:b",
	"x#y",
	"M\xc3\xbcnchen",
	"http.handlers",
	"{http.request.uri}",
	"true",
	"no",
	"Y",
	"null",
	"~",
	"",
	" ",
	" a",
	"a ",
	"1.10",
	"0x1f",
	"1e3",
	"12:30:45",
	"2001-01-01",
	".inf",
	"-",
	"- a",
	"? a",
	": a",
	":443",
	"a: b",
	"a:",
	"a #b",
	"#a",
	"*",
	"*a",
	"&a",
	"!a",
	"|",
	">",
	"%a",
	"@a",
	"`a",
	"\"a\"",
	"'a'",
	"it's \"so\"",
	"^/a\\.b$",
	"^(.*)\\.php$",
	"[a]",
	"{a: b}",
	"a, b",
	"<<",
	"=",
	"---",
	"...",
	"a\nb",
	"a\nb\n",
	"a\n\nb\n",
	"a\nb\n\n",
	"\na\nb",
	" a\nb",
	"a\n b\n\tc \n  \nd",
	"a\nb ",
	"a\n",
	"\n",
	"a\r\nb",
	"a\tb",
	"\ta\nb",
	"\x01\x1b\x7f",
	"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf",
	"\xf0\x9f\x98\x80",
	"$",
	"$$",
	"$HOME",
	"${HOME}",
	"${HOME",
	"$PORT $$PORT $$$PORT ${PORT:-x} $1 $",
	"a$",
	"$2a$10$abcdefghijklmnopqrstuv",
	"$2a$PORT",
	"$argon2id$v=19$m=65536,t=3,p=4$c29t$aGFz",
	"$$2a$PORT",
	"a\n$PORT\n",
};

static void any_text_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		for (int last = 0; last < 2; last++) {
			json_t *live = json_case_new(HANDLER("'headers':{}"));
			json_t *handler = json_at(live, "routes/0/handle/0");
			struct taking t;

			json_object_set_new(handler, "body", json_string(texts[i]));
			json_object_set_new(json_object_get(handler, "headers"), texts[i],
					    json_pack("[s,s]", texts[i], "a"));
			if (!*texts[i])
				json_object_clear(json_object_get(handler, "headers"));
			begin(&t,
			      last ? "environment: {PORT: 80}"
				   : "caddy: {listen: [\":80\"]}\n"
				     "environment: {PORT: 80}\n",
			      NULL, live);
			take(&t);
			if (!t.ok)
				fail_msg("%zu \"%s\": %s\n%s", i, texts[i], t.e.msg,
					 t.adopt.text.p);
			assert_true(json_same(t.adopt.after.caddy, live));
			if (i < PLAIN_TEXTS)
				assert_non_null(
					strstr(t.adopt.text.p,
					       arena_printf(t.arena, "body: %s", texts[i])));
			end(&t);
		}
	}
}

static void texts_look_as_people_write_them(void **state)
{
	(void)state;
	assert_file(
		"x-a: 1\n", NULL,
		"{'listen':[':80'],'routes':[{'match':[{'path_regexp':{'pattern':'^/a\\\\.b$'}}],"
		"'handle':[{'handler':'static_response','body':'one\\ntwo\\n'},"
		"{'handler':'static_response','body':'one\\n'}]}]}",
		"x-a: 1\ncaddy:\n  listen:\n    - \":80\"\n  routes:\n    - match:\n"
		"        - path_regexp:\n            pattern: '^/a\\.b$'\n      handle:\n"
		"        - handler: static_response\n          body: |\n            one\n"
		"            two\n        - handler: static_response\n          body: "
		"\"one\\n\"\n");
}

/* --- what cannot be --- */

static void reasons_are_said(void **state)
{
	(void)state;
	assert_refused("caddy: [\n", NULL, LIVE, ERROR_INVALID, "", "");
	assert_refused("caddy: {listen: [\":80\"]}\ncaddy: {listen: [\":80\"]}\n", NULL, LIVE,
		       ERROR_INVALID, "given twice", "keep one");
	assert_refused("{caddy: {listen: [\":80\"]}}\n", NULL, LIVE, ERROR_INVALID, "in braces",
		       "lines");
	assert_refused("? caddy\n: {listen: [\":80\"]}\n", NULL, LIVE, ERROR_INVALID,
		       "does not begin its line", "");
	assert_refused("caddy:\n  listen: &it [\":80\"]\nx-a: *it\n", NULL, LIVE, ERROR_REFUSED,
		       "alias", "");
	assert_refused("x-a: |\n  text", NULL, LIVE, ERROR_REFUSED, "another part of the file",
		       "newline");
	assert_refused("x-a: 1\n", NULL, "{'listen':[':80'],'@id':'x'}", ERROR_REFUSED,
		       "cannot be written", "");
	assert_file("x-a: 1\ncaddy: {listen: [\":80\"]}\n...\n", NULL, LIVE,
		    "x-a: 1\n" BLOCK "\n...\n");
}

static void file_that_is_not_there(void **state)
{
	struct taking t;

	(void)state;
	begin(&t, "", NULL, json_case_new(LIVE));
	t.source.stack.bytes = NULL;
	take(&t);
	assert_false(t.ok);
	assert_int_equal(t.e.code, ERROR_NOT_FOUND);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_around_the_block_stays),
		cmocka_unit_test(block_in_any_style_is_replaced),
		cmocka_unit_test(source_of_what_is_live_still_stays),
		cmocka_unit_test(line_ends_stay_as_they_are),
		cmocka_unit_test(missing_block_is_put_at_the_end),
		cmocka_unit_test(indentation_of_the_block_is_kept),
		cmocka_unit_test(equal_block_changes_nothing),
		cmocka_unit_test(block_is_known_in_the_new_text),
		cmocka_unit_test(variables_stay_where_they_still_fit),
		cmocka_unit_test(variables_move_with_their_element),
		cmocka_unit_test(secrets_are_never_written),
		cmocka_unit_test(secrets_of_others_are_asked_for),
		cmocka_unit_test(dials_stay_names),
		cmocka_unit_test(live_text_that_is_a_name_is_refused),
		cmocka_unit_test(any_text_comes_back),
		cmocka_unit_test(texts_look_as_people_write_them),
		cmocka_unit_test(reasons_are_said),
		cmocka_unit_test(file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
