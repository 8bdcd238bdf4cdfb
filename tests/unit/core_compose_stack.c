/* The generated .docker-compose.yaml for docker stack: what is mapped and what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compose_file.h"

static void the_stack_gets_only_what_its_schema_knows(void **state)
{
	(void)state;
	assert_service(true,
		       "{'image':'a','annotations':{'a':'b'},'attach':false,'blkio_config':{},"
		       "'build':{'context':'/a'},'container_name':'c','cgroup':'host',"
		       "'depends_on':{'b':{'condition':'service_healthy'}},'devices':[],"
		       "'dns_opt':['a'],'domainname':'d','expose':['80/tcp'],'gpus':[],"
		       "'group_add':['1'],'ipc':'host','links':['b'],'mac_address':'m',"
		       "'mem_swappiness':5,'memswap_limit':5,'network_mode':'service:b',"
		       "'pid':'host','platform':'linux/amd64','post_start':[],'privileged':true,"
		       "'pull_policy':'always','runtime':'nvidia','security_opt':['a'],"
		       "'storage_opt':{},'userns_mode':'host','volumes_from':['b'],'x-a':1}",
		       "{'image':'a'}");
	assert_service(true,
		       "{'image':'a','cap_add':['A'],'cap_drop':['B'],'command':['c'],"
		       "'credential_spec':{'file':'f'},'dns':['1.1.1.1'],'dns_search':['d'],"
		       "'entrypoint':[],'environment':{'A':'1','B':null},'hostname':'h',"
		       "'init':false,'isolation':'default','labels':{'l':'1'},"
		       "'logging':{'driver':'d','options':{'o':'1'}},'oom_score_adj':-5,"
		       "'read_only':true,'stdin_open':true,'stop_grace_period':1000000000,"
		       "'stop_signal':'SIGINT','sysctls':{'a':'1'},'tty':false,"
		       "'ulimits':{'n':{'soft':1,'hard':2}},'user':'1','working_dir':'/w',"
		       "'configs':[{'source':'c','target':'/c','mode':292}],"
		       "'secrets':[{'source':'s','target':'/s','uid':'1','mode':256}],"
		       "'healthcheck':{'test':['NONE'],'interval':5000000000}}",
		       "{'image':'a','cap_add':['A'],'cap_drop':['B'],'command':['c'],"
		       "'credential_spec':{'file':'f'},'dns':['1.1.1.1'],'dns_search':['d'],"
		       "'entrypoint':[],'environment':{'A':'1','B':null},'hostname':'h',"
		       "'init':false,'isolation':'default','labels':{'l':'1'},"
		       "'logging':{'driver':'d','options':{'o':'1'}},'oom_score_adj':-5,"
		       "'read_only':true,'stdin_open':true,'stop_grace_period':'1s',"
		       "'stop_signal':'SIGINT','sysctls':{'a':'1'},'tty':false,"
		       "'ulimits':{'n':{'soft':1,'hard':2}},'user':'1','working_dir':'/w',"
		       "'configs':[{'source':'c','target':'/c','mode':292}],"
		       "'secrets':[{'source':'s','target':'/s','uid':'1','mode':256}],"
		       "'healthcheck':{'test':['NONE'],'interval':'5s'}}");
}

static void old_keys_become_deploy_resources(void **state)
{
	(void)state;
	assert_service(true,
		       "{'image':'a','cpus':0.5,'mem_limit':1048576,'pids_limit':9,"
		       "'mem_reservation':4096}",
		       "{'image':'a','deploy':{'resources':{'limits':{'cpus':'0.5',"
		       "'memory':'1048576','pids':9},'reservations':{'memory':'4096'}}}}");
	assert_service(true,
		       "{'image':'a','cpus':0.5,'pids_limit':-1,'mem_limit':0,'deploy':{"
		       "'resources':{'limits':{'cpus':'0.25'},'reservations':{'cpus':'0.1',"
		       "'devices':[{'count':1}],'generic_resources':[{"
		       "'discrete_resource_spec':{'kind':'g','value':2}}]}}}}",
		       "{'image':'a','deploy':{'resources':{'limits':{'cpus':'0.25'},"
		       "'reservations':{'cpus':'0.1','generic_resources':[{"
		       "'discrete_resource_spec':{'kind':'g','value':2}}]}}}}");
	assert_service(true, "{'image':'a','cpus':1.123456789}",
		       "{'image':'a','deploy':{'resources':{'limits':{'cpus':'1.123456789'}}}}");
}

static void restart_becomes_a_policy(void **state)
{
	static const char *const rows[][2] = {
		{"no", "{'condition':'none'}"},
		{"always", "{'condition':'any'}"},
		{"unless-stopped", "{'condition':'any'}"},
		{"on-failure", "{'condition':'on-failure'}"},
		{"on-failure:4", "{'condition':'on-failure','max_attempts':4}"},
	};
	char spec[200], expected[200];
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(spec, sizeof(spec), "{'image':'a','restart':'%s'}", rows[i][0]);
		snprintf(expected, sizeof(expected), "{'image':'a','deploy':{'restart_policy':%s}}",
			 rows[i][1]);
		assert_service(true, spec, expected);
	}
	assert_service(true,
		       "{'image':'a','restart':'no','deploy':{'restart_policy':{"
		       "'condition':'any','delay':1000000000}}}",
		       "{'image':'a','deploy':{'restart_policy':{'condition':'any',"
		       "'delay':'1s'}}}");
}

static void the_stack_gets_replicas_and_order(void **state)
{
	json_t *root = json_case_new("{'services':{'s':{'image':'a'}}}"), *file;
	struct compose compose;
	struct str text = STR_INIT;
	(void)state;

	assert_service(true, "{'image':'a','scale':3}", "{'image':'a','deploy':{'replicas':3}}");
	assert_service(true, "{'image':'a','deploy':{'mode':'replicated-job','replicas':2}}",
		       "{'image':'a','deploy':{'mode':'replicated-job','replicas':2}}");
	assert_service(true, "{'image':'a','scale':3,'deploy':{'mode':'global'}}",
		       "{'image':'a','deploy':{'mode':'global'}}");
	compose_case(&compose, root);
	compose.services[0].order = ORDER_START_FIRST;
	compose.services[0].replicas = 0;
	compose_yaml(&text, &compose, true, NULL);
	file = read_back_new(text.p, text.len);
	assert_value(file,
		     "{'services':{'s':{'image':'a','deploy':{'replicas':0,"
		     "'update_config':{'order':'start-first'}}}}}",
		     "file");
	json_decref(file);
	str_release(&text);
	compose_case_release(&compose);
}

static void stack_ports_are_numbers_without_addresses(void **state)
{
	(void)state;
	assert_service(true,
		       "{'image':'a','ports':[{'target':80,'published':'8080','protocol':'tcp',"
		       "'mode':'ingress','host_ip':'127.0.0.1','name':'n','app_protocol':'h'},"
		       "{'target':80,'published':'8080','protocol':'tcp','mode':'ingress',"
		       "'host_ip':'::1'},{'target':53,'protocol':'udp','mode':'host'},"
		       "{'target':54,'published':'0'}]}",
		       "{'image':'a','ports':[{'target':80,'published':8080,'protocol':'tcp',"
		       "'mode':'ingress'},{'target':53,'protocol':'udp','mode':'host'},"
		       "{'target':54}]}");
	assert_service(true, "{'image':'a','ports':[{'target':80,'published':'65533-65535'}]}",
		       "{'image':'a','ports':[{'target':80,'published':65533},"
		       "{'target':80,'published':65534},{'target':80,'published':65535}]}");
}

static void stack_mounts_say_what_the_loader_reads(void **state)
{
	(void)state;
	assert_service(true,
		       "{'image':'a','volumes':[{'type':'bind','source':'/a','target':'/b',"
		       "'read_only':true,'bind':{'create_host_path':true,'propagation':'rslave'}},"
		       "{'type':'bind','source':'/c','target':'/d','bind':"
		       "{'create_host_path':true}},{'type':'volume','source':'v','target':'/v',"
		       "'volume':{'nocopy':true,'subpath':'x','labels':{'a':'b'}}},"
		       "{'type':'volume','target':'/e'},{'type':'tmpfs','target':'/t',"
		       "'tmpfs':{'size':4096,'mode':511}}]}",
		       "{'image':'a','volumes':[{'type':'bind','source':'/a','target':'/b',"
		       "'read_only':true,'bind':{'propagation':'rslave'}},{'type':'bind',"
		       "'source':'/c','target':'/d'},{'type':'volume','source':'v','target':'/v',"
		       "'volume':{'nocopy':true,'subpath':'x'}},{'type':'volume','target':'/e'},"
		       "{'type':'tmpfs','target':'/t','tmpfs':{'size':4096}}]}");
	assert_service(true,
		       "{'image':'a','tmpfs':['/a','/b:mode=755,size=1m','/c:size=x'],"
		       "'shm_size':4096}",
		       "{'image':'a','volumes':[{'type':'tmpfs','target':'/a'},{'type':'tmpfs',"
		       "'target':'/b','tmpfs':{'size':1048576}},{'type':'tmpfs','target':'/c'},"
		       "{'type':'tmpfs','target':'/dev/shm','tmpfs':{'size':4096}}]}");
	assert_service(true, "{'image':'a','tmpfs':['/dev/shm'],'shm_size':4096}",
		       "{'image':'a','volumes':[{'type':'tmpfs','target':'/dev/shm'}]}");
}

static void stack_networks_have_no_addresses(void **state)
{
	(void)state;
	assert_service(true,
		       "{'image':'a','networks':{'default':{},'n':{'aliases':['x'],"
		       "'ipv4_address':'10.0.0.2','priority':5,'driver_opts':{'a':'b'}}}}",
		       "{'image':'a','networks':{'default':{},'n':{'aliases':['x'],"
		       "'driver_opts':{'a':'b'}}}}");
	assert_service(true, "{'image':'a','extra_hosts':['a=1.1.1.1','b=::1','c:1.2.3.4']}",
		       "{'image':'a','extra_hosts':['a:1.1.1.1','b:::1','c:1.2.3.4']}");
}

static void a_stack_reaches_the_networks_of_the_engine(void **state)
{
	json_t *file =
		file_new(json_case_new("{'services':{'a':{'image':'a','network_mode':'host'},"
				       "'b':{'image':'b','networks':{'host':{}}},"
				       "'c':{'image':'c','network_mode':'none'}},"
				       "'networks':{'host':{'name':'app_host'},"
				       "'none':{'name':'none','external':true}}}"),
			 true);
	(void)state;

	assert_value(file,
		     "{'services':{'a':{'image':'a','networks':{'host_':{}}},"
		     "'b':{'image':'b','networks':{'host':{}}},"
		     "'c':{'image':'c','networks':{'none':{}}}},"
		     "'networks':{'host':{'name':'app_host'},"
		     "'host_':{'name':'host','external':true},"
		     "'none':{'name':'none','external':true}}}",
		     "file");
	json_decref(file);
}

static void a_stack_needs_an_image(void **state)
{
	(void)state;
	assert_service(true, "{'build':{'context':'/a'}}", "{'image':'app-s'}");
	assert_service(true, "{'build':{'context':'/a'},'image':'x'}", "{'image':'x'}");
	assert_service(false, "{'build':{'context':'/a'}}", "{'build':{'context':'/a'}}");
}

static void objects_for_the_stack(void **state)
{
	(void)state;
	assert_object(true, "networks",
		      "{'name':'app_k','driver':'overlay','driver_opts':{'a':'b'},"
		      "'enable_ipv6':true,'internal':true,'attachable':true,'labels':{'l':'1'},"
		      "'ipam':{'driver':'default','options':{'o':'1'},'config':["
		      "{'subnet':'10.0.0.0/8','gateway':'10.0.0.1'},{'gateway':'1.1.1.1'}]}}",
		      "{'name':'app_k','driver':'overlay','driver_opts':{'a':'b'},"
		      "'internal':true,'attachable':true,'labels':{'l':'1'},"
		      "'ipam':{'driver':'default','config':[{'subnet':'10.0.0.0/8'}]}}");
	assert_object(true, "networks", "{'name':'n','external':true,'driver':'bridge'}",
		      "{'name':'n','external':true}");
	assert_object(true, "volumes",
		      "{'name':'app_k','driver':'local','driver_opts':{'a':'b'},"
		      "'labels':{'l':'1'},'x-a':1}",
		      "{'name':'app_k','driver':'local','driver_opts':{'a':'b'},"
		      "'labels':{'l':'1'}}");
	assert_object(true, "secrets", "{'name':'app_k','content':'x'}",
		      "{'name':'app_k_0123456789ab','file':'/srv/.kata/app/secrets/k'}");
	assert_object(true, "secrets", "{'name':'ext','external':true}",
		      "{'name':'ext','external':true}");
	assert_object(true, "configs", "{'name':'app_k','file':'/f','template_driver':'golang'}",
		      "{'name':'app_k_0123456789ab','file':'/f','template_driver':'golang'}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stack_gets_only_what_its_schema_knows),
		cmocka_unit_test(old_keys_become_deploy_resources),
		cmocka_unit_test(restart_becomes_a_policy),
		cmocka_unit_test(the_stack_gets_replicas_and_order),
		cmocka_unit_test(stack_ports_are_numbers_without_addresses),
		cmocka_unit_test(stack_mounts_say_what_the_loader_reads),
		cmocka_unit_test(stack_networks_have_no_addresses),
		cmocka_unit_test(a_stack_reaches_the_networks_of_the_engine),
		cmocka_unit_test(a_stack_needs_an_image),
		cmocka_unit_test(objects_for_the_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
