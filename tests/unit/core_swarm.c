/* Swarm mode: what is sent, next to what docker stack deploy sends of the same app. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "kata/swarm.h"
#include "swarm_golden.h"

struct fixture {
	struct arena *arena;
	struct compose compose;
	struct swarm_facts facts;
	enum compose_order order; /* of its services */
};

static const char *object_name(void *arg, const char *kind, const char *key)
{
	static const char *const rows[][2] = {{"s1", "st_s1_2cf24dba5fb0"},
					      {"zz", "st_zz_844ecc08164e"},
					      {"c1", "st_c1_0c326c4f0279"},
					      {"c2", "given"}};

	assert_true(!strcmp(kind, *key == 'c' ? "configs" : "secrets"));
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(rows[i][0], key))
			return rows[i][1];
	(void)arg;
	return NULL;
}

static const char *object_id(void *arg, const char *kind, const char *key)
{
	(void)kind;
	return arena_printf(((struct fixture *)arg)->arena, "id-%s", key);
}

static int setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new();
	f.compose = (struct compose){.project = "st", .folder = "/app/st"};
	f.compose.root = golden_json(golden_model);
	f.order = ORDER_AUTO;
	f.facts = (struct swarm_facts){.image = "bb",
				       .api = 51,
				       .object_name = object_name,
				       .object_id = object_id,
				       .object_arg = &f};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->compose.root);
	arena_free(f->arena);
	return 0;
}

/* The app of this test alone: its root, with single quotes. */
static void use(struct fixture *f, const char *root)
{
	json_decref(f->compose.root);
	f->compose.root = golden_json(root);
}

static json_t *spec_new(struct fixture *f, const char *name)
{
	const json_t *services = json_object_get(f->compose.root, "services");
	struct compose_service service = {.name = name, .replicas = 1, .order = f->order};
	const json_t *replicas;

	service.spec = json_object_get(services, name);
	replicas = json_object_get(json_object_get(service.spec, "deploy"), "replicas");
	if (replicas)
		service.replicas = (int)json_integer_value(replicas);
	return swarm_spec_new(&f->compose, &service, &f->facts);
}

/* `value` must be the JSON given with single quotes; takes it. NULL: nothing. */
static void assert_json(json_t *value, const char *path, const char *expected)
{
	const json_t *found = json_at(value, path);
	json_t *want = expected ? golden_json(expected) : NULL;
	struct str is = STR_INIT, should = STR_INIT;

	if (found)
		json_canonical(&is, found);
	if (want)
		json_canonical(&should, want);
	assert_string_equal(is.p, should.p);
	str_release(&is);
	str_release(&should);
	json_decref(want);
	json_decref(value);
}

#define CONTAINER "TaskTemplate/ContainerSpec/"

/* --- services --- */

static void test_golden(void **state)
{
	struct fixture *f = *state;

	assert_json(spec_new(f, "web"), "", golden_sent_web);
	assert_json(spec_new(f, "job"), "", golden_sent_job);
	f->facts.image = "docker.io/library/bb";
	assert_json(spec_new(f, "all"), "", golden_sent_all);
}

/* What every stack has that says nothing. */
static void test_minimal(void **state)
{
	struct fixture *f = *state;

	f->facts.image = "bb:local";
	use(f, "{'services':{'min':{'image':'bb:local','command':['sleep','10000']}}}");
	assert_json(spec_new(f, "min"), "",
		    "{'Name':'st_min','Labels':{'com.docker.stack.image':'bb:local',"
		    "'com.docker.stack.namespace':'st'},'TaskTemplate':{'ContainerSpec':{"
		    "'Image':'bb:local','Labels':{'com.docker.stack.namespace':'st'},"
		    "'Args':['sleep','10000'],'Privileges':{'CredentialSpec':null,"
		    "'SELinuxContext':null}},'Resources':{},'Placement':{},"
		    "'Networks':[{'Target':'st_default','Aliases':['min']}],'ForceUpdate':0},"
		    "'Mode':{'Replicated':{'Replicas':1}},'EndpointSpec':{}}");
}

static void test_nothing_is_not_sent(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'command':[],'entrypoint':[],'environment':{},'hostname':'',"
	       "'healthcheck':{},'ports':[],'volumes':[],'tty':false,'dns':[],'ulimits':{},"
	       "'deploy':{'update_config':{},'restart_policy':{},'resources':{'limits':{}}}}}}");
	assert_json(spec_new(f, "a"), "TaskTemplate/ContainerSpec",
		    "{'Image':'bb:latest','Labels':{'com.docker.stack.namespace':'st'},"
		    "'Privileges':{'CredentialSpec':null,'SELinuxContext':null}}");
	assert_json(spec_new(f, "a"), "TaskTemplate/Resources", "{}");
	assert_json(spec_new(f, "a"), "TaskTemplate/RestartPolicy", NULL);
	assert_json(spec_new(f, "a"), "UpdateConfig", NULL);
	assert_json(spec_new(f, "a"), "EndpointSpec", "{}");
}

static void test_environment(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'environment':{'B':'1','UNSET':null,'A_B':'','A':'x=y'}}}}");
	assert_json(spec_new(f, "a"), CONTAINER "Env", "['A=x=y','A_B=','B=1','UNSET']");
}

static void test_restart(void **state)
{
	static const char *const rows[][2] = {
		{"no", "{'Condition':'none'}"},
		{"always", "{'Condition':'any'}"},
		{"unless-stopped", "{'Condition':'any'}"},
		{"on-failure", "{'Condition':'on-failure'}"},
		{"on-failure:7", "{'Condition':'on-failure','MaxAttempts':7}"},
		{"on-failure:0", "{'Condition':'on-failure'}"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		use(f, arena_printf(f->arena, "{'services':{'a':{'restart':'%s'}}}", rows[i][0]));
		assert_json(spec_new(f, "a"), "TaskTemplate/RestartPolicy", rows[i][1]);
	}
	use(f, "{'services':{'a':{'restart':'always','deploy':{'restart_policy':"
	       "{'delay':0,'max_attempts':0}}}}}");
	assert_json(spec_new(f, "a"), "TaskTemplate/RestartPolicy", "{'Delay':0,'MaxAttempts':0}");
}

static void test_resources(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'cpus':0.1,'mem_limit':7000000,'pids_limit':-1,"
	       "'mem_reservation':5000000,'deploy':{'resources':{'limits':{'memory':9000000},"
	       "'reservations':{'cpus':'1.5'}}}}}}");
	assert_json(spec_new(f, "a"), "TaskTemplate/Resources",
		    "{'Limits':{'NanoCPUs':100000000,'MemoryBytes':9000000},"
		    "'Reservations':{'NanoCPUs':1500000000,'MemoryBytes':5000000}}");
}

static void test_start_first(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{},'b':{'deploy':{'update_config':{'order':'stop-first'}}},"
	       "'c':{'deploy':{'update_config':{'parallelism':3}}},"
	       "'j':{'deploy':{'mode':'replicated-job'}}}}");
	f->order = ORDER_START_FIRST;
	assert_json(spec_new(f, "a"), "UpdateConfig",
		    "{'Parallelism':1,'MaxFailureRatio':0,'Order':'start-first'}");
	assert_json(spec_new(f, "b"), "UpdateConfig/Order", "'stop-first'");
	assert_json(spec_new(f, "c"), "UpdateConfig",
		    "{'Parallelism':3,'MaxFailureRatio':0,'Order':'start-first'}");
	assert_json(spec_new(f, "j"), "UpdateConfig", NULL); /* the engine refuses one */
	assert_json(spec_new(f, "a"), "RollbackConfig", NULL);
}

static void test_ports(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'ports':[{'target':9,'published':'90'},{'target':8},"
	       "{'target':80,'published':'10-12','protocol':'udp','mode':'host'},"
	       "{'target':7,'published':'90'},{'target':6,'published':'0'},"
	       "{'target':9,'published':'90','host_ip':'::1'},{'target':5,'published':'x-y'}]}}}");
	assert_json(
		spec_new(f, "a"), "EndpointSpec/Ports",
		"[{'Protocol':'tcp','TargetPort':8,'PublishMode':'ingress'},"
		"{'Protocol':'tcp','TargetPort':6,'PublishMode':'ingress'},"
		"{'Protocol':'tcp','TargetPort':5,'PublishMode':'ingress'},"
		"{'Protocol':'udp','TargetPort':80,'PublishedPort':10,'PublishMode':'host'},"
		"{'Protocol':'udp','TargetPort':80,'PublishedPort':11,'PublishMode':'host'},"
		"{'Protocol':'udp','TargetPort':80,'PublishedPort':12,'PublishMode':'host'},"
		"{'Protocol':'tcp','TargetPort':9,'PublishedPort':90,'PublishMode':'ingress'},"
		"{'Protocol':'tcp','TargetPort':7,'PublishedPort':90,'PublishMode':'ingress'}]");
}

/* A network of the engine knows no aliases, however it is named in the file. */
static void test_networks(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'networks':{'z':{'aliases':['x']},'h':{}}},"
	       "'b':{'network_mode':'none'},'c':{'networks':{'new':{}}}},"
	       "'networks':{'h':{'external':true,'name':'host'},'z':{'name':'a'}}}");
	assert_json(spec_new(f, "a"), "TaskTemplate/Networks",
		    "[{'Target':'a','Aliases':['x','a']},{'Target':'host'}]");
	assert_json(spec_new(f, "b"), "TaskTemplate/Networks", "[{'Target':'none'}]");
	assert_json(spec_new(f, "c"), "TaskTemplate/Networks",
		    "[{'Target':'st_new','Aliases':['c']}]");
}

static void test_modes(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'r':{'deploy':{'replicas':0}},'g':{'deploy':{'mode':'global'}},"
	       "'j':{'deploy':{'mode':'replicated-job','replicas':4}},"
	       "'k':{'deploy':{'mode':'global-job'}}}}");
	assert_json(spec_new(f, "r"), "Mode", "{'Replicated':{'Replicas':0}}");
	assert_json(spec_new(f, "g"), "Mode", "{'Global':{}}");
	assert_json(spec_new(f, "j"), "Mode",
		    "{'ReplicatedJob':{'MaxConcurrent':4,'TotalCompletions':4}}");
	assert_json(spec_new(f, "k"), "Mode", "{'GlobalJob':{}}");
}

static const char native_model[] =
	"{'services':{'a':{'dns_opt':['ndots:2'],'group_add':['10','dialout'],'oom_score_adj':100,"
	"'security_opt':['no-new-privileges:true','seccomp=unconfined','apparmor:unconfined',"
	"'label:user:u','label=disable'],'platform':'linux/arm64/v8','healthcheck':{"
	"'start_interval':5},'volumes':[{'type':'tmpfs','target':'/t','tmpfs':{'mode':1023}},"
	"{'type':'bind','source':'/s','target':'/b','bind':{'recursive':'disabled'}},"
	"{'type':'volume','source':'d','target':'/d','volume':{'labels':{'q':'r'},"
	"'subpath':'x'}}],'tmpfs':['/run:mode=755,noexec,uid=5,ro','/x:rw,size=2k']}},"
	"'volumes':{'d':{'name':'st_d'}}}";

/* What the stack format has no words for. */
static void test_native(void **state)
{
	struct fixture *f = *state;

	use(f, native_model);
	assert_json(spec_new(f, "a"), CONTAINER "DNSConfig", "{'Options':['ndots:2']}");
	assert_json(spec_new(f, "a"), CONTAINER "Groups", "['10','dialout']");
	assert_json(spec_new(f, "a"), CONTAINER "OomScoreAdj", "100");
	assert_json(spec_new(f, "a"), CONTAINER "Healthcheck", "{'StartInterval':5}");
	assert_json(spec_new(f, "a"), CONTAINER "Privileges",
		    "{'CredentialSpec':null,'SELinuxContext':{'User':'u','Disable':true},"
		    "'NoNewPrivileges':true,'Seccomp':{'Mode':'unconfined'},"
		    "'AppArmor':{'Mode':'disabled'}}");
	assert_json(spec_new(f, "a"), "TaskTemplate/Placement",
		    "{'Platforms':[{'OS':'linux','Architecture':'arm64'}]}");
	assert_json(spec_new(f, "a"), CONTAINER "Mounts",
		    "[{'Type':'tmpfs','Target':'/t','TmpfsOptions':{'Mode':1023}},"
		    "{'Type':'bind','Source':'/s','Target':'/b',"
		    "'BindOptions':{'NonRecursive':true}},"
		    "{'Type':'volume','Source':'st_d','Target':'/d','VolumeOptions':{'Labels':"
		    "{'com.docker.stack.namespace':'st','q':'r'},'Subpath':'x'}},"
		    "{'Type':'tmpfs','Target':'/run','ReadOnly':true,'TmpfsOptions':{'Mode':493,"
		    "'Options':[['noexec'],['uid','5']]}},"
		    "{'Type':'tmpfs','Target':'/x','TmpfsOptions':{'SizeBytes':2048}}]");
}

/* An old engine drops in silence what it does not know: it must not look like a difference. */
static void test_old_engine(void **state)
{
	struct fixture *f = *state;

	use(f, native_model);
	f->facts.api = 41;
	assert_json(spec_new(f, "a"), CONTAINER "OomScoreAdj", NULL);
	assert_json(spec_new(f, "a"), CONTAINER "Healthcheck", "{}");
	assert_json(spec_new(f, "a"), CONTAINER "Privileges",
		    "{'CredentialSpec':null,'SELinuxContext':{'User':'u','Disable':true}}");
	assert_json(spec_new(f, "a"), CONTAINER "Mounts/2/VolumeOptions/Subpath", NULL);
	assert_json(spec_new(f, "a"), CONTAINER "Mounts/3/TmpfsOptions", "{'Mode':493}");
}

static void test_seccomp_profile(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'security_opt':['seccomp={}','no-new-privileges:false']}}}");
	assert_json(spec_new(f, "a"), CONTAINER "Privileges",
		    "{'CredentialSpec':null,'SELinuxContext':null,"
		    "'Seccomp':{'Mode':'custom','Profile':'e30='}}");
}

static void test_shm_is_not_mounted_twice(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'shm_size':64,'tmpfs':['/dev/shm:size=1m']},"
	       "'b':{'shm_size':64}}}");
	assert_json(spec_new(f, "a"), CONTAINER "Mounts",
		    "[{'Type':'tmpfs','Target':'/dev/shm','TmpfsOptions':{'SizeBytes':1048576}}]");
	assert_json(spec_new(f, "b"), CONTAINER "Mounts",
		    "[{'Type':'tmpfs','Target':'/dev/shm','TmpfsOptions':{'SizeBytes':64}}]");
}

static void test_caps(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'cap_add':['all','CHOWN'],'cap_drop':['ALL']}}}");
	assert_json(spec_new(f, "a"), CONTAINER "CapabilityAdd", "['ALL']");
	assert_json(spec_new(f, "a"), CONTAINER "CapabilityDrop", NULL);
}

/* Two uses of one secret keep the order of the file. */
static void test_objects(void **state)
{
	struct fixture *f = *state;

	use(f, "{'services':{'a':{'secrets':[{'source':'zz','target':'b'},"
	       "{'source':'s1','target':'x'},{'source':'zz','target':'a'},{'source':'gone'}]}}}");
	assert_json(spec_new(f, "a"), CONTAINER "Secrets/0/File/Name", "'x'");
	assert_json(spec_new(f, "a"), CONTAINER "Secrets/1/File/Name", "'b'");
	assert_json(spec_new(f, "a"), CONTAINER "Secrets/2/File/Name", "'a'");
}

/* --- images --- */

static void test_image_names(void **state)
{
	static const char *const rows[][2] = {
		{"bb", "'bb:latest'"},
		{"bb:1", "'bb:1'"},
		{"docker.io/library/bb", "'bb:latest'"},
		{"index.docker.io/library/bb:1", "'bb:1'"},
		{"library/bb", "'bb:latest'"},
		{"docker.io/me/bb", "'me/bb:latest'"},
		{"library/me/bb", "'library/me/bb:latest'"},
		{"localhost:5000/bb", "'localhost:5000/bb:latest'"},
		{"localhost:5000/library/bb", "'localhost:5000/library/bb:latest'"},
		{"example.org/library/bb:2", "'example.org/library/bb:2'"},
		{"bb@sha256:00", "'bb@sha256:00'"},
		{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		 "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		f->facts.image = rows[i][0];
		assert_json(spec_new(f, "job"), CONTAINER "Image", rows[i][1]);
	}
}

static void test_pinned_image(void **state)
{
	struct fixture *f = *state;
	json_t *live, *platforms = golden_json("[{'OS':'linux','Architecture':'amd64'}]");
	json_t *arm = golden_json("[{'OS':'arm'}]");

	f->facts.pinned = "bb:latest@sha256:aa";
	f->facts.platforms = platforms;
	assert_json(spec_new(f, "job"), CONTAINER "Image", "'bb:latest@sha256:aa'");
	assert_json(spec_new(f, "job"), "TaskTemplate/Placement/Platforms",
		    "[{'OS':'linux','Architecture':'amd64'}]");
	assert_json(spec_new(f, "job"), "Labels/com.docker.stack.image", "'bb'");

	/* The registry is silent now: what runs stays. */
	live = spec_new(f, "job");
	golden_set(live, "TaskTemplate/ForceUpdate", json_integer(3));
	live = json_pack("{s:o}", "Spec", live);
	f->facts.live = live;
	f->facts.pinned = NULL;
	f->facts.platforms = NULL;
	assert_json(spec_new(f, "job"), CONTAINER "Image", "'bb:latest@sha256:aa'");
	assert_json(spec_new(f, "job"), "TaskTemplate/Placement/Platforms/0/OS", "'linux'");
	assert_json(spec_new(f, "job"), "TaskTemplate/ForceUpdate", "3");

	/* Another image in the file, or a tag that moved. */
	f->facts.image = "cc";
	assert_json(spec_new(f, "job"), CONTAINER "Image", "'cc:latest'");
	assert_json(spec_new(f, "job"), "TaskTemplate/Placement", "{}");
	f->facts.image = "bb";
	f->facts.pinned = "bb:latest@sha256:bb";
	f->facts.platforms = arm;
	assert_json(spec_new(f, "job"), CONTAINER "Image", "'bb:latest@sha256:bb'");
	assert_json(spec_new(f, "job"), "TaskTemplate/Placement/Platforms", "[{'OS':'arm'}]");

	/* Platforms of the same image are not worth an update. */
	f->facts.pinned = "bb:latest@sha256:aa";
	golden_set(live, "Spec/TaskTemplate/Placement/Platforms", NULL);
	assert_json(spec_new(f, "job"), "TaskTemplate/Placement", "{}");
	json_decref(live);
	json_decref(platforms);
	json_decref(arm);
}

/* --- names and objects --- */

static const char *name_of(struct fixture *f, const char *kind, const char *key, const char *text)
{
	return swarm_object_name(f->arena, &f->compose, kind, key, text, strlen(text));
}

static void test_names(void **state)
{
	struct fixture *f = *state;
	const char *long_key = "a-very-long-name-for-a-secret-that-still-is-allowed-by-compose";
	const char *a, *b;

	assert_string_equal(
		swarm_service_name(f->arena, &f->compose, &(struct compose_service){.name = "web"}),
		"st_web");
	assert_string_equal(name_of(f, "secrets", "s1", "hello"), "st_s1_2cf24dba5fb0");
	assert_string_not_equal(name_of(f, "secrets", "s1", "hullo"), "st_s1_2cf24dba5fb0");
	assert_string_equal(name_of(f, "configs", "c2", "x"), "given");
	use(f, "{'secrets':{'e':{'external':true},'n':{'external':true,'name':'other'},"
	       "'o':{'external':true,'name':'st_o'}}}");
	assert_string_equal(name_of(f, "secrets", "e", ""), "e");
	assert_string_equal(name_of(f, "secrets", "n", ""), "other");
	assert_string_equal(name_of(f, "secrets", "o", ""), "st_o");

	a = name_of(f, "secrets", long_key, "x");
	b = name_of(f, "secrets", arena_printf(f->arena, "%s2", long_key), "x");
	assert_int_equal(strlen(a), 64);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, name_of(f, "secrets", long_key, "y"));
}

static json_t *body_of(struct fixture *f, const char *kind, const char *key, const char *text)
{
	return swarm_object_body_new(&f->compose, kind, key, "N", text, strlen(text));
}

static void test_object_bodies(void **state)
{
	struct fixture *f = *state;

	use(f, "{'secrets':{'a':{'labels':{'k':'v'}},'d':{'driver':'vault','driver_opts':{'x':'1'},"
	       "'template_driver':'golang'},'e':{'external':true,'name':'x'}}}");
	assert_json(body_of(f, "secrets", "a", "hello"), "",
		    "{'Name':'N','Labels':{'com.docker.stack.namespace':'st','k':'v'},"
		    "'Data':'aGVsbG8='}");
	assert_json(body_of(f, "secrets", "d", ""), "",
		    "{'Name':'N','Labels':{'com.docker.stack.namespace':'st'},'Data':'',"
		    "'Driver':{'Name':'vault','Options':{'x':'1'}},"
		    "'Templating':{'Name':'golang'}}");
	assert_null(body_of(f, "secrets", "e", "x"));
}

/* --- networks --- */

static void test_network_bodies(void **state)
{
	struct fixture *f = *state;

	assert_json(swarm_network_body_new(&f->compose, "front"), "",
		    "{'Name':'st_front','CheckDuplicate':true,'Driver':'overlay','Attachable':true,"
		    "'Options':{'encrypted':''},"
		    "'Labels':{'com.docker.stack.namespace':'st','a':'b'}}");
	assert_json(swarm_network_body_new(&f->compose, "back"), "",
		    "{'Name':'a-special','CheckDuplicate':true,'Driver':'overlay','Internal':true,"
		    "'IPAM':{'Driver':'default','Config':[{'Subnet':'10.77.0.0/24'}]},"
		    "'Labels':{'com.docker.stack.namespace':'st'}}");
	use(f, "{'networks':{'x':{'external':true,'name':'x'},'y':{'driver':'macvlan',"
	       "'enable_ipv6':true,'ipam':{'options':{'o':'p'},'config':[{'subnet':'10.0.0.0/8',"
	       "'gateway':'10.0.0.1','ip_range':'10.1.0.0/16','aux_addresses':{'h':'10.0.0.2'}}]}}}"
	       "}");
	assert_null(swarm_network_body_new(&f->compose, "x"));
	assert_json(swarm_network_body_new(&f->compose, "y"), "",
		    "{'Name':'st_y','CheckDuplicate':true,'Driver':'macvlan','EnableIPv6':true,"
		    "'IPAM':{'Options':{'o':'p'},'Config':[{'Subnet':'10.0.0.0/8',"
		    "'Gateway':'10.0.0.1','IPRange':'10.1.0.0/16',"
		    "'AuxiliaryAddresses':{'h':'10.0.0.2'}}]},"
		    "'Labels':{'com.docker.stack.namespace':'st'}}");
}

static void test_network_differs(void **state)
{
	static const char *const rows[][3] = {
		{"Driver", "'bridge'", "driver"},      {"Options/encrypted", NULL, "driver_opts"},
		{"Internal", "true", "internal"},      {"Attachable", "false", "attachable"},
		{"EnableIPv6", "true", "enable_ipv6"}, {"Labels/a", "'c'", "labels"},
	};
	/* As the engine shows it. */
	const char *text =
		"{'Name':'st_front','Id':'x','Scope':'swarm','Driver':'overlay','EnableIPv6':false,"
		"'IPAM':{'Driver':'default','Options':null,'Config':[{'Subnet':'10.0.1.0/24',"
		"'Gateway':'10.0.1.1'}]},'Internal':false,'Attachable':true,'Options':{"
		"'com.docker.network.driver.overlay.vxlanid_list':'4097','encrypted':''},"
		"'Labels':{'a':'b','com.docker.stack.namespace':'st'}}";
	struct fixture *f = *state;
	json_t *live = golden_json(text);

	assert_null(swarm_network_differs(f->arena, &f->compose, "front", live));
	golden_set(f->compose.root, "networks/front/ipam",
		   golden_json("{'config':[{'subnet':'10.0.2.0/24'}]}"));
	assert_string_equal(swarm_network_differs(f->arena, &f->compose, "front", live), "ipam");
	golden_set(f->compose.root, "networks/front/ipam/config/0/subnet",
		   json_string("10.0.1.0/24"));
	assert_null(swarm_network_differs(f->arena, &f->compose, "front", live));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_decref(live);
		live = golden_json(text);
		golden_set(live, rows[i][0], rows[i][1] ? golden_json(rows[i][1]) : NULL);
		assert_string_equal(swarm_network_differs(f->arena, &f->compose, "front", live),
				    rows[i][2]);
	}
	golden_set(f->compose.root, "networks/front/external", json_true());
	assert_null(swarm_network_differs(f->arena, &f->compose, "front", live));
	json_decref(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(test_golden),
		T(test_minimal),
		T(test_nothing_is_not_sent),
		T(test_environment),
		T(test_restart),
		T(test_resources),
		T(test_start_first),
		T(test_ports),
		T(test_networks),
		T(test_modes),
		T(test_native),
		T(test_old_engine),
		T(test_seccomp_profile),
		T(test_shm_is_not_mounted_twice),
		T(test_caps),
		T(test_objects),
		T(test_image_names),
		T(test_pinned_image),
		T(test_names),
		T(test_object_bodies),
		T(test_network_bodies),
		T(test_network_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
