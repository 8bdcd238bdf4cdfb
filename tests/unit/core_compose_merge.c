/* extends: what the extending service keeps, replaces and adds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compose_case.h"

static void assert_merge(const char *base, const char *over, const char *expected)
{
	json_t *a = json_case_new(base), *b = json_case_new(over),
	       *wanted = json_case_new(expected);
	json_t *a_before = json_deep_copy(a), *b_before = json_deep_copy(b);
	json_t *merged = compose_merge_new(a, b);
	struct str text = STR_INIT;

	json_canonical(&text, merged);
	if (!json_equal(merged, wanted))
		fail_msg("%s + %s\n   is %s\n  not %s", base, over, text.p, expected);
	/* Neither is touched, and nothing in the result is theirs. */
	json_object_clear(merged);
	assert_true(json_equal(a, a_before) && json_equal(b, b_before));
	json_decref(merged);
	json_decref(a_before);
	json_decref(b_before);
	json_decref(wanted);
	json_decref(a);
	json_decref(b);
	str_release(&text);
}

static void scalars_are_replaced_and_maps_merge(void **state)
{
	(void)state;
	assert_merge("{'image':'a','user':'1','tty':true}", "{'image':'b','tty':false}",
		     "{'image':'b','user':'1','tty':false}");
	assert_merge("{'deploy':{'replicas':2,'resources':{'limits':{'cpus':1,'pids':5}}}}",
		     "{'deploy':{'mode':'global','resources':{'limits':{'cpus':2}}}}",
		     "{'deploy':{'replicas':2,'mode':'global','resources':{'limits':{'cpus':2,"
		     "'pids':5}}}}");
	assert_merge("{'labels':{'a':'1','b':'1'},'sysctls':{'x':'1'}}",
		     "{'labels':{'b':'2','c':'2'},'annotations':{'n':'1'}}",
		     "{'labels':{'a':'1','b':'2','c':'2'},'sysctls':{'x':'1'},"
		     "'annotations':{'n':'1'}}");
	assert_merge("{'depends_on':{'a':{'condition':'service_healthy','required':true}}}",
		     "{'depends_on':{'a':{'condition':'service_started'},'b':{}}}",
		     "{'depends_on':{'a':{'condition':'service_started','required':true},'b':{}}}");
	assert_merge("{}", "{'image':'a'}", "{'image':'a'}");
	assert_merge("{'image':'a'}", "{}", "{'image':'a'}");
}

static void commands_and_tests_are_replaced_whole(void **state)
{
	(void)state;
	assert_merge("{'command':['a','b'],'entrypoint':['e'],'healthcheck':{'test':['CMD','x'],"
		     "'retries':3}}",
		     "{'command':['a'],'entrypoint':[],'healthcheck':{'test':['NONE']}}",
		     "{'command':['a'],'entrypoint':[],'healthcheck':{'test':['NONE'],"
		     "'retries':3}}");
	assert_merge("{'ulimits':{'nofile':{'soft':1,'hard':2},'nproc':{'soft':3,'hard':3}}}",
		     "{'ulimits':{'nofile':{'soft':5}}}",
		     "{'ulimits':{'nofile':{'soft':5},'nproc':{'soft':3,'hard':3}}}");
}

static void null_keeps_the_lower_value_but_clears_commands(void **state)
{
	(void)state;
	assert_merge("{'image':'a','ports':[{'target':1}],'healthcheck':{'test':['NONE']},"
		     "'labels':{'a':'1'},'ulimits':{'n':{'soft':1,'hard':1}}}",
		     "{'image':null,'ports':null,'healthcheck':{'test':null},'labels':{'a':null},"
		     "'ulimits':{'n':null}}",
		     "{'image':'a','ports':[{'target':1}],'healthcheck':{'test':['NONE']},"
		     "'labels':{'a':'1'},'ulimits':{'n':{'soft':1,'hard':1}}}");
	assert_merge("{'image':'a','command':['a'],'entrypoint':['b']}",
		     "{'command':null,'entrypoint':null}", "{'image':'a'}");
	assert_merge("{'image':'a'}", "{'command':null}", "{'image':'a'}");
}

static void null_takes_a_variable_away(void **state)
{
	(void)state;
	assert_merge("{'environment':{'A':'1','B':'1','C':null},'build':{'args':{'X':'1'}}}",
		     "{'environment':{'A':null,'C':'3'},'build':{'args':{'X':null}}}",
		     "{'environment':{'A':null,'B':'1','C':'3'},'build':{'args':{'X':null}}}");
	/* Only there: a label of that name is a label. */
	assert_merge("{'labels':{'environment':'1'}}", "{'labels':{'environment':null}}",
		     "{'labels':{'environment':'1'}}");
}

static void lists_grow_without_repeats(void **state)
{
	(void)state;
	assert_merge("{'cap_add':['A','B'],'dns':['1.1.1.1'],'security_opt':['x'],"
		     "'expose':['80/tcp'],'profiles':['p'],'group_add':['1']}",
		     "{'cap_add':['B','C'],'dns':['8.8.8.8','1.1.1.1'],'security_opt':['x','y'],"
		     "'expose':['80/tcp','81/tcp'],'profiles':['q'],'group_add':['2','1']}",
		     "{'cap_add':['A','B','C'],'dns':['1.1.1.1','8.8.8.8'],"
		     "'security_opt':['x','y'],'expose':['80/tcp','81/tcp'],'profiles':['p','q'],"
		     "'group_add':['1','2']}");
	assert_merge("{'deploy':{'placement':{'constraints':['a','b'],"
		     "'preferences':[{'spread':'x'}]}},'networks':{'n':{'aliases':['a','b']}}}",
		     "{'deploy':{'placement':{'constraints':['b','c'],"
		     "'preferences':[{'spread':'x'},{'spread':'y'}]}},"
		     "'networks':{'n':{'aliases':['b','c']},'m':{}}}",
		     "{'deploy':{'placement':{'constraints':['a','b','c'],"
		     "'preferences':[{'spread':'x'},{'spread':'y'}]}},"
		     "'networks':{'n':{'aliases':['a','b','c']},'m':{}}}");
	assert_merge("{'tmpfs':['/run:size=1m','/tmp'],'dns_opt':['ndots:2','use=1'],"
		     "'extra_hosts':['a=1.1.1.1'],'links':['z:y']}",
		     "{'tmpfs':['/run:size=2m'],'dns_opt':['use=2','ndots:2'],"
		     "'extra_hosts':['a=1.1.1.1','a=2.2.2.2'],'links':['z:q','z:y']}",
		     "{'tmpfs':['/run:size=2m','/tmp'],'dns_opt':['ndots:2','use=2'],"
		     "'extra_hosts':['a=1.1.1.1','a=2.2.2.2'],'links':['z:y','z:q']}");
}

static void mounts_are_known_by_their_target(void **state)
{
	(void)state;
	assert_merge("{'volumes':[{'type':'bind','source':'/a','target':'/x',"
		     "'bind':{'create_host_path':true}},{'type':'volume','source':'v',"
		     "'target':'/y'}]}",
		     "{'volumes':[{'type':'volume','source':'w','target':'/x','read_only':true},"
		     "{'type':'tmpfs','target':'/z'}]}",
		     "{'volumes':[{'type':'volume','source':'w','target':'/x','read_only':true},"
		     "{'type':'volume','source':'v','target':'/y'},"
		     "{'type':'tmpfs','target':'/z'}]}");
	assert_merge("{'devices':[{'source':'/dev/a','target':'/dev/x'}]}",
		     "{'devices':[{'source':'/dev/b','target':'/dev/x'},"
		     "{'source':'vendor/class=one'},{'source':'vendor/class=two'}]}",
		     "{'devices':[{'source':'/dev/b','target':'/dev/x'},"
		     "{'source':'vendor/class=one'},{'source':'vendor/class=two'}]}");
	assert_merge("{'secrets':[{'source':'a','target':'/run/secrets/s'},"
		     "{'source':'b','target':'t'}],'configs':[{'source':'a','target':'/s'}]}",
		     "{'secrets':[{'source':'c','target':'s'},{'source':'d','target':'/t'}],"
		     "'configs':[{'source':'c','target':'s','mode':1}]}",
		     "{'secrets':[{'source':'c','target':'s'},{'source':'b','target':'t'},"
		     "{'source':'d','target':'/t'}],'configs':[{'source':'c','target':'s',"
		     "'mode':1}]}");
}

static void ports_repeat_only_when_all_of_them_is_the_same(void **state)
{
	(void)state;
	assert_merge("{'ports':[{'target':80,'published':'80','protocol':'tcp'},"
		     "{'target':90,'published':'90','protocol':'tcp','host_ip':'127.0.0.1'}]}",
		     "{'ports':[{'target':80,'published':'80','protocol':'tcp','mode':'host'},"
		     "{'target':80,'published':'80','protocol':'udp'},"
		     "{'target':80,'published':'81','protocol':'tcp'},"
		     "{'target':90,'published':'90','protocol':'tcp'},{'target':90}]}",
		     "{'ports':[{'target':80,'published':'80','protocol':'tcp','mode':'host'},"
		     "{'target':90,'published':'90','protocol':'tcp','host_ip':'127.0.0.1'},"
		     "{'target':80,'published':'80','protocol':'udp'},"
		     "{'target':80,'published':'81','protocol':'tcp'},"
		     "{'target':90,'published':'90','protocol':'tcp'},{'target':90}]}");
	assert_merge("{'ports':[{'target':81,'published':'8'}]}",
		     "{'ports':[{'target':82,'published':'8'},{'target':1,'published':'88'}]}",
		     "{'ports':[{'target':81,'published':'8'},{'target':82,'published':'8'},"
		     "{'target':1,'published':'88'}]}");
}

static void log_options_of_two_drivers_do_not_mix(void **state)
{
	static const char base[] = "{'logging':{'driver':'json-file','options':{'a':'1'}}}";
	(void)state;

	assert_merge(base, "{'logging':{'driver':'syslog','options':{'b':'2'}}}",
		     "{'logging':{'driver':'syslog','options':{'b':'2'}}}");
	assert_merge(base, "{'logging':{'driver':'json-file','options':{'b':'2'}}}",
		     "{'logging':{'driver':'json-file','options':{'a':'1','b':'2'}}}");
	assert_merge(base, "{'logging':{'options':{'a':'2'}}}",
		     "{'logging':{'driver':'json-file','options':{'a':'2'}}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_replaced_and_maps_merge),
		cmocka_unit_test(commands_and_tests_are_replaced_whole),
		cmocka_unit_test(null_keeps_the_lower_value_but_clears_commands),
		cmocka_unit_test(null_takes_a_variable_away),
		cmocka_unit_test(lists_grow_without_repeats),
		cmocka_unit_test(mounts_are_known_by_their_target),
		cmocka_unit_test(ports_repeat_only_when_all_of_them_is_the_same),
		cmocka_unit_test(log_options_of_two_drivers_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
