/*
 * What tests of rows share: recorded answers of our commands, and looks at rows.
 */
#ifndef KATA_TESTS_UI_ROWS_H
#define KATA_TESTS_UI_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kata/json.h"
#include "kata/loop.h"
#include "ui/cells.h"
#include "ui/columns.h"
#include "ui/facts.h"
#include "ui/pane.h"

/* --- jobs that only are there --- */

struct jobs {
	int unused;
};
static struct jobs some_jobs;
static struct job *running_jobs[4];
static size_t job_count;

size_t jobs_count(const struct jobs *jobs)
{
	(void)jobs;
	return job_count;
}

struct job *jobs_at(struct jobs *jobs, size_t index)
{
	(void)jobs;
	return running_jobs[index];
}

/* --- facts --- */

/* When all this is looked at. */
enum { NOW = 1000000 };

/* One app of each kind, and two Caddys. */
static const char ls_text[] =
	"{'apps': ["
	"{'name':'alpha','state':'valid','caddy':'in-sync','server':'kata_8083','mode':null,"
	" 'hosts':['alpha.example','www.alpha.example'],'listen':[':8083']},"
	"{'name':'beta','state':'valid','caddy':'drift','server':'kata_8083','mode':null,"
	" 'hosts':['beta.example'],'listen':[':8083']},"
	"{'name':'blog','state':'valid','caddy':'in-sync','server':'blog','mode':'compose',"
	" 'mode_rule':'default','running':2,'wanted':2,'stopped':false,'hosts':[],'listen':[]},"
	"{'name':'shop','state':'valid','caddy':'none','server':null,'mode':'compose',"
	" 'mode_rule':'default','running':0,'wanted':1,'stopped':true,'hosts':[],'listen':[]},"
	"{'name':'wiki','state':'invalid','caddy':'none','server':null,'mode':null,'problems':1,"
	" 'hosts':[],'listen':[]}]}";
static const char plan_text[] =
	"{'owner':'o','caddy':[{'endpoint':'e1','error':null,'problems':[],'changes':["
	" {'app':'beta','op':'change','path':'/config/apps/http/servers/kata_8083/routes/1/body',"
	"  'before':'old','after':'new'}],"
	" 'request':{'method':'PATCH','path':'/config/x','guard':null}}],"
	"'containers':[{'app':'blog','error':null,'result':'unchanged','steps':[]}],"
	"'problems':[{'app':'wiki','severity':'error','message':'no such key','hint':'drop it',"
	" 'file':'app/wiki/kata-compose.yaml','line':3,'column':5,'path':null}]}";
static const char status_text[] =
	"{'owner':'o','caddy':["
	"{'endpoint':'e1','reachable':true,'error':null,'upstreams':["
	"  "
	"{'address':'a:1','num_requests':3,'fails':0},{'address':'a:2','num_requests':4,'fails':2},"
	"  {'address':'b:1','num_requests':9,'fails':9}],"
	" 'servers':[{'name':'blog','id':'kata:o:blog','app':'blog','apps':['blog'],"
	"   'listen':[':443'],'hosts':[],'upstreams':[],'routes':2},"
	"  {'name':'kata_8083','id':'kata:o:kata_8083','app':'alpha','apps':['alpha','beta'],"
	"   'listen':[':8083'],'hosts':['alpha.example','beta.example'],'upstreams':[],'routes':2},"
	"  {'name':'srv0','id':null,'app':null,'apps':['blog'],'listen':[':80',':81'],"
	"   'hosts':[],'upstreams':[],'routes':1},"
	"  {'name':'theirs','id':'kata:oo:blog','app':null,'apps':[],'listen':[],'hosts':[],"
	"   'upstreams':[],'routes':0}]},"
	"{'endpoint':'e2','reachable':false,'error':{'code':'unavailable','message':'no "
	"socket'}}]}";
static const char ps_text[] =
	"[{'app':'blog','service':'db','name':'blog-db-1','id':'i2','state':'running',"
	"  'since':989200,'health':null,'exit_code':null,'image':'pg','node':null,'ports':[]},"
	"{'app':'blog','service':'web','name':'blog-web-1','id':'i1','state':'running',"
	"  'since':999930,'health':'healthy','exit_code':null,'image':'x',"
	"  'node':null,'ports':[{'host_ip':null,'published':80,'target':8000,'protocol':'tcp'},"
	"  {'host_ip':'127.0.0.1','published':53,'target':53,'protocol':'udp'},"
	"  {'host_ip':null,'published':null,'target':9,'protocol':'tcp'}]},"
	"{'app':'shop','service':'web','name':'shop-web-1','id':'i3','state':'exited',"
	"  'since':900000,'health':null,'exit_code':137,'image':'x','node':null,"
	"  'ports':[]}]";

/* Apostrophes stand for quotation marks. */
static json_t *parse(const char *text)
{
	char *copy = xstrdup(text);
	json_t *value;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	value = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	free(copy);
	return value;
}

struct fixture {
	struct facts facts;
	json_t *rows;
	struct pane pane;
	bool pane_used;
};

static void set_fact(struct fixture *f, enum fact_kind kind, const char *text)
{
	struct fact *fact = &f->facts.fact[kind];

	json_decref(fact->value);
	fact->value = text ? parse(text) : NULL;
	fact->good_ms = text ? loop_now_ms() : 0;
}

static void fail_fact(struct fixture *f, enum fact_kind kind)
{
	f->facts.fact[kind].failed = true;
	error_set(&f->facts.fact[kind].error, ERROR_TIMEOUT, "no answer");
	error_hint(&f->facts.fact[kind].error, "wait");
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof f);
	job_count = 0;
	set_fact(&f, FACT_APPS, ls_text);
	set_fact(&f, FACT_PLAN, plan_text);
	set_fact(&f, FACT_STATUS, status_text);
	set_fact(&f, FACT_PS, ps_text);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->rows);
	if (f->pane_used)
		pane_release(&f->pane);
	for (int i = 0; i < FACT_COUNT; i++)
		json_decref(f->facts.fact[i].value);
	return 0;
}

/* The row whose `member` is `text`. */
static const json_t *row(const struct fixture *f, const char *member, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach(f->rows, i, item) {
		const char *is = json_member_text(item, member);

		if (is && !strcmp(is, text))
			return item;
	}
	fail_msg("no row has %s %s", member, text);
	return NULL;
}

static void assert_member(const json_t *object, const char *member, const char *expected)
{
	const json_t *value = json_object_get(object, member);
	char *text;

	if (json_is_string(value)) {
		assert_string_equal(json_string_value(value), expected);
		return;
	}
	text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : xstrdup("absent");
	assert_string_equal(text, expected);
	free(text);
}

static void set_app(struct fixture *f, const char *name, const char *member, json_t *value_take)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(f->facts.fact[FACT_APPS].value, "apps"), i, item)
		if (!strcmp(json_member_text(item, "name"), name))
			json_object_set(item, member, value_take);
	json_decref(value_take);
}

static json_t *plan_part(struct fixture *f, const char *path)
{
	json_t *part = json_at(f->facts.fact[FACT_PLAN].value, path);

	assert_non_null(part);
	return part;
}

static json_t *ps_row(struct fixture *f, size_t i)
{
	return json_array_get(f->facts.fact[FACT_PS].value, i);
}

#endif
