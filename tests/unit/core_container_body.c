/* Bodies of the create and connect calls: whole ones, and each key of the file by its field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kata/container.h"

#include "compose_case.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_V "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char *id_of(void *arg, const char *service)
{
	(void)arg;
	return !strcmp(service, "db") ? ID_A : NULL;
}

static const char *file_of(void *arg, const char *kind, const char *key)
{
	(void)arg;
	return !strcmp(kind, "secrets") && !strcmp(key, "text") ? "/private/text" : NULL;
}

/* What every case lives in, with `spec` as its service web. */
static json_t *root_new(const char *spec)
{
	json_t *root = json_case_new(
		"{'services': {'db': {'image': 'pg', 'scale': 2}, 'one': {'container_name': "
		"'uno'}},"
		"'networks': {'default': {'name': 'app_default'}, 'front': {'name': 'app_front'},"
		" 'back': {'name': 'app_back'},"
		" 'out': {'name': 'outside', 'external': true},"
		" 'bridge': {'name': 'bridge', 'external': true}},"
		"'volumes': {'data': {'name': 'app_data'}, 'named': {'name': 'other'}},"
		"'secrets': {'file': {'file': '/srv/s.txt'}, 'text': {'content': 'x'}},"
		"'configs': {'conf': {'file': '/srv/c.txt'}, 'lost': {'content': 'y'}}}");

	json_object_set_new(json_object_get(root, "services"), "web", json_case_new(spec));
	return root;
}

static struct container_facts facts_at(int api)
{
	return (struct container_facts){.api = api,
					.image_id = "sha256:1",
					.name = "app-web-1",
					.number = 1,
					.service_id = id_of,
					.content_file = file_of};
}

static json_t *body_new(const char *spec, const struct container_facts *facts)
{
	json_t *root = root_new(spec), *body;
	struct compose compose;

	compose_case(&compose, root);
	body = container_body_new(&compose, compose_service_find(&compose, "web"), facts);
	compose_case_release(&compose);
	return body;
}

static void assert_json(const char *what, const json_t *have, const char *want)
{
	json_t *expected = want ? json_case_new(want) : NULL;
	char *text;

	if (expected ? !json_equal(have, expected) : have != NULL) {
		text = have ? json_dumps(have, JSON_ENCODE_ANY | JSON_SORT_KEYS)
			    : strdup("(nothing)");
		print_error("%s\n", text);
		free(text);
		fail_msg("%s: not %s", what, want ? want : "(nothing)");
	}
	json_decref(expected);
}

static const json_t *at(const json_t *value, const char *path)
{
	char *copy = strdup(path), *rest = copy, *part;

	while (value && (part = strsep(&rest, "|")))
		value = json_object_get(value, part);
	free(copy);
	return value;
}

/* --- whole bodies --- */

static void test_smallest(void **state)
{
	struct container_facts facts = facts_at(51);
	json_t *body = body_new("{'image': 'bb', 'networks': {'default': {}}}", &facts);
	json_t *labels = json_object_get(body, "Labels");

	(void)state;
	assert_int_equal(64, strlen(json_member_text(labels, LABEL_HASH)));
	json_object_set_new(labels, LABEL_HASH, json_string("HASH"));
	assert_json("body", body,
		    "{'Image': 'bb', 'AttachStdout': true, 'AttachStderr': true, 'Labels': {"
		    "'com.docker.compose.project': 'app', 'com.docker.compose.service': 'web',"
		    "'com.docker.compose.config-hash': 'HASH',"
		    "'com.docker.compose.container-number': '1',"
		    "'com.docker.compose.oneoff': 'False',"
		    "'com.docker.compose.image': 'sha256:1', 'com.docker.compose.depends_on': '',"
		    "'com.docker.compose.version': '2.40.3',"
		    "'com.docker.compose.project.working_dir': '/srv/app/app',"
		    "'com.docker.compose.project.config_files':"
		    " '/srv/app/app/.docker-compose.yaml'},"
		    "'HostConfig': {'NetworkMode': 'app_default', 'OomKillDisable': false},"
		    "'NetworkingConfig': {'EndpointsConfig': {'app_default': {"
		    "'Aliases': ['app-web-1', 'web'], 'IPAMConfig': {}}}}}");
	json_decref(body);
}

/* As in the reference: a typical service, all of it. */
static void test_typical(void **state)
{
	struct container_facts facts = facts_at(41);
	json_t *body = body_new(
		"{'image': 'bb:local', 'command': ['httpd', '-f'], 'environment': {'A': '1',"
		"'UNSET': null}, 'stop_grace_period': 3500000000, 'networks': {'front':"
		"{'aliases': ['www']}}, 'ports': [{'target': 80, 'published': '8080', 'host_ip':"
		"'127.0.0.1', 'protocol': 'tcp', 'mode': 'ingress'}], 'restart': 'on-failure:3',"
		"'volumes': [{'type': 'volume', 'source': 'data', 'target': '/data', 'volume': {}},"
		"{'type': 'bind', 'source': '/srv/conf', 'target': '/etc/conf', 'read_only': true,"
		"'bind': {'create_host_path': true}}], 'secrets': [{'source': 'file', 'target':"
		"'/run/secrets/s1'}], 'tmpfs': ['/run:size=1m'], 'cpus': 0.5, 'mem_limit': "
		"67108864,"
		"'mem_reservation': 33554432, 'extra_hosts': ['foo=127.0.0.1'], 'init': true,"
		"'ulimits': {'nofile': {'soft': 1024, 'hard': 2048}}, 'logging': {'driver':"
		"'json-file', 'options': {'max-size': '1m'}}, 'depends_on': {'one': {'condition':"
		"'service_healthy', 'restart': true}, 'db': {'condition': 'service_healthy',"
		"'required': true}}, 'labels': {'a': 'b'}}",
		&facts);

	(void)state;
	assert_json("depends_on", at(body, "Labels|" LABEL_DEPENDS),
		    "'db:service_healthy:false,one:service_healthy:true'");
	assert_json("label", at(body, "Labels|a"), "'b'");
	json_object_del(body, "Labels");
	assert_json("body", body,
		    "{'Image':'bb:local','Cmd':['httpd','-f'],'Env':['A=1','UNSET'],"
		    "'AttachStdout':true,'AttachStderr':true,'StopTimeout':3,"
		    "'ExposedPorts':{'80/tcp':{}},'HostConfig':{'NetworkMode':'app_front',"
		    "'PortBindings':{'80/tcp':[{'HostIp':'127.0.0.1','HostPort':'8080'}]},"
		    "'RestartPolicy':{'Name':'on-failure','MaximumRetryCount':3},"
		    "'Binds':['app_data:/data:rw','/srv/conf:/etc/conf:ro'],'Mounts':[{'Type':"
		    "'bind','Source':'/srv/s.txt','Target':'/run/secrets/s1','ReadOnly':true}],"
		    "'Tmpfs':{'/run':'size=1m'},'NanoCpus':500000000,'Memory':67108864,"
		    "'MemoryReservation':33554432,'ExtraHosts':['foo:127.0.0.1'],'Init':true,"
		    "'Ulimits':[{'Name':'nofile','Soft':1024,'Hard':2048}],'LogConfig':{'Type':"
		    "'json-file','Config':{'max-size':'1m'}},'OomKillDisable':false},"
		    "'NetworkingConfig':{'EndpointsConfig':{'app_front':{'Aliases':['app-web-1',"
		    "'web','www'],'IPAMConfig':{}}}}}");
	json_decref(body);
}

/* --- key by key --- */

static const struct field_case {
	const char *spec, *path, *want;
	int api; /* 0: 41 and 51 alike */
} fields[] = {
	{"{}", "Image", "'app-web'", 0},
	{"{'build': {'context': '/x'}}", "Image", "'app-web'", 0},
	{"{'entrypoint': []}", "Entrypoint", "[]", 0},
	{"{'command': []}", "Cmd", "[]", 0},
	{"{'user': '1:2'}", "User", "'1:2'", 0},
	{"{'hostname': 'h'}", "Hostname", "'h'", 0},
	{"{'hostname': 5}", "Hostname", NULL, 0},
	{"{'domainname': 'd'}", "Domainname", "'d'", 0},
	{"{'working_dir': '/w'}", "WorkingDir", "'/w'", 0},
	{"{'tty': true}", "Tty", "true", 0},
	{"{'stdin_open': true}", "OpenStdin", "true", 0},
	{"{'stdin_open': true}", "StdinOnce", NULL, 0},
	{"{'stop_signal': 'SIGINT'}", "StopSignal", "'SIGINT'", 0},
	{"{'stop_grace_period': 0}", "StopTimeout", "0", 0},
	{"{'stop_grace_period': 1}", "StopTimeout", "1", 0},
	{"{'stop_grace_period': 900000000}", "StopTimeout", "1", 0},
	{"{'stop_grace_period': 1999999999}", "StopTimeout", "1", 0},
	{"{'stop_grace_period': 90000000000}", "StopTimeout", "90", 0},
	{"{'environment': {'A': '', 'B': 'x=y', 'C': null}}", "Env", "['A=', 'B=x=y', 'C']", 0},
	{"{'healthcheck': {'test': ['NONE']}}", "Healthcheck", "{'Test': ['NONE']}", 0},
	{"{'healthcheck': {'interval': 5, 'timeout': 6, 'start_period': 7, 'retries': 8}}",
	 "Healthcheck", "{'Interval': 5, 'Timeout': 6, 'StartPeriod': 7, 'Retries': 8}", 0},
	{"{'healthcheck': {'start_interval': 5}}", "Healthcheck", NULL, 43},
	{"{'healthcheck': {'start_interval': 5}}", "Healthcheck", "{'StartInterval': 5}", 44},
	{"{'expose': ['8000', '80-82', '53/udp']}", "ExposedPorts",
	 "{'8000/tcp': {}, '80/tcp': {}, '81/tcp': {}, '82/tcp': {}, '53/udp': {}}", 0},
	{"{'expose': ['1-99999999999', 'x', '70000']}", "ExposedPorts", NULL, 0},
	{"{'ports': [{'target': 80}, {'target': 80, 'published': '8000-8010'},"
	 "{'target': 53, 'protocol': 'udp', 'host_ip': '::1', 'published': '53'}]}",
	 "HostConfig|PortBindings",
	 "{'80/tcp': [{}, {'HostPort': '8000-8010'}], '53/udp': [{'HostIp': '::1', 'HostPort':"
	 "'53'}]}",
	 0},
	{"{'annotations': {'a': 'b'}}", "HostConfig|Annotations", NULL, 42},
	{"{'annotations': {'a': 'b'}}", "HostConfig|Annotations", "{'a': 'b'}", 43},
	{"{'cap_add': ['sys_ptrace', 'CAP_NET_ADMIN', 'NET_ADMIN']}", "HostConfig|CapAdd",
	 "['CAP_NET_ADMIN', 'CAP_SYS_PTRACE']", 0},
	{"{'cap_add': ['kill', 'all']}", "HostConfig|CapAdd", "['ALL']", 0},
	{"{'cap_add': ['KILL'], 'cap_drop': ['cap_kill', 'CHOWN']}", "HostConfig|CapDrop",
	 "['CAP_CHOWN']", 0},
	{"{'init': false}", "HostConfig|Init", "false", 0},
	{"{}", "HostConfig|Init", NULL, 0},
	{"{'restart': 'no'}", "HostConfig|RestartPolicy", "{'Name': 'no', 'MaximumRetryCount': 0}",
	 0},
	{"{'restart': 'always:5'}", "HostConfig|RestartPolicy",
	 "{'Name': 'always', 'MaximumRetryCount': 0}", 0},
	{"{'restart': 'always', 'deploy': {'restart_policy': {'condition': 'none'}}}",
	 "HostConfig|RestartPolicy", "{'Name': 'no', 'MaximumRetryCount': 0}", 0},
	{"{'deploy': {'restart_policy': {'max_attempts': 3}}}", "HostConfig|RestartPolicy",
	 "{'Name': 'always', 'MaximumRetryCount': 0}", 0},
	{"{'deploy': {'restart_policy': {'condition': 'on-failure', 'max_attempts': 3}}}",
	 "HostConfig|RestartPolicy", "{'Name': 'on-failure', 'MaximumRetryCount': 3}", 0},
	{"{'security_opt': ['no-new-privileges:true', 'systempaths=unconfined']}",
	 "HostConfig|SecurityOpt", "['no-new-privileges:true']", 0},
	{"{'security_opt': ['systempaths=unconfined']}", "HostConfig|MaskedPaths", "[]", 0},
	{"{'security_opt': ['systempaths=unconfined']}", "HostConfig|ReadonlyPaths", "[]", 0},
	{"{}", "HostConfig|MaskedPaths", NULL, 0},
	{"{'extra_hosts': ['a=1.2.3.4', 'six=[::1]', 'raw=::2', 'gw=host-gateway', 'c:5.6.7.8']}",
	 "HostConfig|ExtraHosts",
	 "['a:1.2.3.4', 'six:::1', 'raw:::2', 'gw:host-gateway', 'c:5.6.7.8']", 0},
	{"{'tmpfs': ['/a', '/b:size=1m,mode=700']}", "HostConfig|Tmpfs",
	 "{'/a': '', '/b': 'size=1m,mode=700'}", 0},
	{"{'ulimits': {'a': 5, 'b': {'soft': 1, 'hard': 2}}}", "HostConfig|Ulimits",
	 "[{'Name': 'a', 'Soft': 5, 'Hard': 5}, {'Name': 'b', 'Soft': 1, 'Hard': 2}]", 0},
	{"{'cpus': 0.333}", "HostConfig|NanoCpus", "333000000", 0},
	{"{'cpus': '1.5'}", "HostConfig|NanoCpus", "1500000000", 0},
	{"{'cpus': 1, 'deploy': {'resources': {'limits': {'cpus': 0.7, 'memory': 5, 'pids': 7}}}}",
	 "HostConfig|NanoCpus", "700000000", 0},
	{"{'cpus': 1e30}", "HostConfig|NanoCpus", NULL, 0},
	{"{'mem_limit': 9, 'deploy': {'resources': {'limits': {'memory': 5}}}}",
	 "HostConfig|Memory", "5", 0},
	{"{'deploy': {'resources': {'reservations': {'memory': 6}}}}",
	 "HostConfig|MemoryReservation", "6", 0},
	{"{'memswap_limit': -1}", "HostConfig|MemorySwap", "-1", 0},
	{"{'mem_swappiness': 0}", "HostConfig|MemorySwappiness", NULL, 0},
	{"{'oom_kill_disable': true}", "HostConfig|OomKillDisable", "true", 0},
	{"{'cpu_percent': 12.5}", "HostConfig|CpuPercent", "1250", 0},
	{"{'cpuset': '0-2'}", "HostConfig|CpusetCpus", "'0-2'", 0},
	{"{'cpu_rt_period': 5}", "HostConfig|CpuRealtimePeriod", "5", 0},
	{"{'dns_opt': ['a']}", "HostConfig|DnsOptions", "['a']", 0},
	{"{'uts': 'host'}", "HostConfig|UTSMode", "'host'", 0},
	{"{'cgroup': 'host'}", "HostConfig|CgroupnsMode", "'host'", 0},
	{"{'storage_opt': {'size': '1G'}}", "HostConfig|StorageOpt", "{'size': '1G'}", 0},
	{"{'devices': [{'source': '/dev/a', 'target': '/dev/b', 'permissions': 'r'},"
	 "{'source': '/dev/c'}, {'source': 'v.com/c=x', 'target': 'v.com/c=x'}]}",
	 "HostConfig|Devices",
	 "[{'PathOnHost': '/dev/a', 'PathInContainer': '/dev/b', 'CgroupPermissions': 'r'},"
	 "{'PathOnHost': '/dev/c', 'PathInContainer': '/dev/c', 'CgroupPermissions': 'rwm'}]",
	 0},
	{"{'devices': [{'source': 'v.com/c=x', 'target': 'v.com/c=x'}], 'gpus': [{'count': 'all'},"
	 "{'device_ids': ['0'], 'capabilities': ['utility'], 'driver': 'nvidia'}],"
	 "'deploy': {'resources': {'reservations': {'devices': [{'capabilities': ['tpu'],"
	 "'count': 2, 'options': {'a': 'b'}}]}}}}",
	 "HostConfig|DeviceRequests",
	 "[{'Count': 2, 'Options': {'a': 'b'}, 'Capabilities': [['tpu']]},"
	 "{'Driver': 'cdi', 'DeviceIDs': ['v.com/c=x']},"
	 "{'Count': -1, 'Capabilities': [['gpu']]},"
	 "{'Driver': 'nvidia', 'Count': 0, 'DeviceIDs': ['0'], 'Capabilities':"
	 "[['utility', 'gpu']]}]",
	 0},
	{"{'blkio_config': {'weight': 300}}", "HostConfig|BlkioWeight", "300", 0},
	{"{'blkio_config': {'weight_device': [{'path': '/dev/a', 'weight': 400}]}}",
	 "HostConfig|BlkioWeightDevice", "[{'Path': '/dev/a', 'Weight': 400}]", 0},
	{"{'blkio_config': {'device_write_iops': [{'path': '/dev/a', 'rate': 4}]}}",
	 "HostConfig|BlkioDeviceWriteIOps", "[{'Path': '/dev/a', 'Rate': 4}]", 0},
	{"{'pid': 'host'}", "HostConfig|PidMode", "'host'", 0},
	{"{'ipc': 'service:db'}", "HostConfig|IpcMode", "'container:" ID_A "'", 0},
	{"{'network_mode': 'service:db'}", "HostConfig|NetworkMode", "'container:" ID_A "'", 0},
	{"{'network_mode': 'service:gone'}", "HostConfig|NetworkMode", "'service:gone'", 0},
	{"{'network_mode': 'host'}", "NetworkingConfig|EndpointsConfig", "{}", 0},
	{"{}", "HostConfig|NetworkMode", "'none'", 0},
	{"{'volumes_from': ['db', 'db:ro', 'container:x:ro', 'gone']}", "HostConfig|VolumesFrom",
	 "['" ID_A "', '" ID_A ":ro', 'x:ro', 'gone']", 0},
	{"{'links': ['db:base', 'one'], 'external_links': ['a:b', 'c']}", "HostConfig|Links",
	 "['app-db-1:base', 'app-db-1:db-1', 'app-db-1:app-db-1', 'app-db-2:base',"
	 "'app-db-2:db-1', 'app-db-2:app-db-1', 'uno:one', 'uno:one-1', 'uno:app-one-1', 'a:b',"
	 "'c:c']",
	 0},
	{"{'mac_address': '02::1', 'networks': {'front': {}}}", "MacAddress", "'02::1'", 43},
	{"{'mac_address': '02::1', 'networks': {'front': {}}}", "MacAddress", NULL, 44},
	{"{'networks': {'front': {'mac_address': '02::2'}}}", "MacAddress", "'02::2'", 43},
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const struct field_case *c = &fields[i];
		int versions[] = {c->api ? c->api : 41, c->api ? c->api : 51};

		for (size_t v = 0; v < 2; v++) {
			struct container_facts facts = facts_at(versions[v]);
			json_t *body = body_new(c->spec, &facts);

			assert_json(c->spec, at(body, c->path), c->want);
			json_decref(body);
		}
	}
}

/* --- mounts --- */

static const struct mount_case {
	const char *spec, *binds, *mounts;
	int api;
} mounts[] = {
	{"{'volumes': [{'type': 'bind', 'source': '/a', 'target': '/x'}]}", "['/a:/x:rw']", NULL,
	 41},
	{"{'volumes': [{'type': 'bind', 'source': '/a', 'target': '/x', 'read_only': true, 'bind':"
	 "{'selinux': 'Z', 'create_host_path': true}}]}",
	 "['/a:/x:ro,Z']", NULL, 41},
	{"{'volumes': [{'type': 'bind', 'source': '/a', 'target': '/x', 'bind':"
	 "{'create_host_path': false}}]}",
	 NULL, "[{'Type': 'bind', 'Source': '/a', 'Target': '/x', 'BindOptions': {}}]", 51},
	{"{'volumes': [{'type': 'bind', 'source': '/a', 'target': '/x', 'bind':"
	 "{'propagation': 'rslave', 'recursive': 'readonly', 'create_host_path': true}}]}",
	 NULL,
	 "[{'Type': 'bind', 'Source': '/a', 'Target': '/x', 'BindOptions': {'Propagation':"
	 "'rslave', 'ReadOnlyForceRecursive': true}}]",
	 41},
	{"{'volumes': [{'type': 'bind', 'source': '/a', 'target': '/x', 'bind':"
	 "{'recursive': 'disabled', 'create_host_path': true}}]}",
	 NULL,
	 "[{'Type': 'bind', 'Source': '/a', 'Target': '/x', 'BindOptions': {'NonRecursive': true,"
	 "'CreateMountpoint': true}}]",
	 42},
	{"{'volumes': [{'type': 'bind', 'source': '/a:b', 'target': '/x'}]}", NULL,
	 "[{'Type': 'bind', 'Source': '/a:b', 'Target': '/x'}]", 41},
	{"{'volumes': [{'type': 'volume', 'source': 'data', 'target': '/x', 'volume': {}},"
	 "{'type': 'volume', 'source': 'named', 'target': '/y', 'read_only': true}]}",
	 "['app_data:/x:rw', 'other:/y:ro']", NULL, 41},
	{"{'volumes': [{'type': 'volume', 'source': 'data', 'target': '/x', 'volume':"
	 "{'nocopy': true, 'subpath': 's', 'labels': {'a': 'b'}}}]}",
	 NULL,
	 "[{'Type': 'volume', 'Source': 'app_data', 'Target': '/x', 'VolumeOptions': {'NoCopy':"
	 "true, 'Subpath': 's', 'Labels': {'a': 'b'}}}]",
	 45},
	{"{'volumes': [{'type': 'volume', 'target': '/x', 'volume': {}}]}", NULL,
	 "[{'Type': 'volume', 'Target': '/x', 'VolumeOptions': {}}]", 41},
	{"{'volumes': [{'type': 'tmpfs', 'target': '/x', 'tmpfs': {'size': 5, 'mode': 1023}}]}",
	 NULL,
	 "[{'Type': 'tmpfs', 'Target': '/x', 'TmpfsOptions': {'SizeBytes': 5, 'Mode': 1023}}]", 41},
	{"{'volumes': [{'type': 'image', 'source': 'i', 'target': '/x', 'image': {'subpath': 's'}}]"
	 "}",
	 NULL,
	 "[{'Type': 'image', 'Source': 'i', 'Target': '/x', 'ImageOptions': {'Subpath': 's'}}]",
	 51},
	/* the last of two on one target; a secret gives way */
	{"{'volumes': [{'type': 'tmpfs', 'target': '/run/secrets/file'}, {'type': 'bind', 'source':"
	 "'/a', 'target': '/run/secrets/file'}], 'secrets': [{'source': 'file'}]}",
	 "['/a:/run/secrets/file:rw']", NULL, 41},
	{"{'secrets': [{'source': 'file', 'target': 'sub', 'mode': 288}, {'source': 'text',"
	 "'target': '/abs'}], 'configs': [{'source': 'conf', 'target': 'conf'}, {'source': 'lost',"
	 "'target': '/lost'}]}",
	 NULL,
	 "[{'Type': 'bind', 'Source': '/srv/s.txt', 'Target': '/run/secrets/sub', 'ReadOnly': "
	 "true},"
	 "{'Type': 'bind', 'Source': '/private/text', 'Target': '/abs', 'ReadOnly': true},"
	 "{'Type': 'bind', 'Source': '/srv/c.txt', 'Target': '/conf', 'ReadOnly': true},"
	 "{'Type': 'bind', 'Source': '', 'Target': '/lost', 'ReadOnly': true}]",
	 41},
};

static void test_mounts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		struct container_facts facts = facts_at(mounts[i].api);
		json_t *body = body_new(mounts[i].spec, &facts);

		assert_json(mounts[i].spec, at(body, "HostConfig|Binds"), mounts[i].binds);
		assert_json(mounts[i].spec, at(body, "HostConfig|Mounts"), mounts[i].mounts);
		json_decref(body);
	}
}

/* The old container's anonymous volumes go on: those of the file and those of the image. */
static void test_carried_on(void **state)
{
	struct container_facts facts = facts_at(41);
	json_t *body, *image = json_case_new("{'Config': {'Volumes': {'/img': {}, '/own': {}}}}"),
		      *old = json_case_new(
			      "{'Mounts': ["
			      "{'Type': 'volume', 'Name': '" ID_A "', 'Destination': '/anon',"
			      " 'RW': true},"
			      "{'Type': 'volume', 'Name': '" ID_V "', 'Destination': '/img',"
			      " 'RW': false},"
			      "{'Type': 'volume', 'Name': 'app_old', 'Destination': '/own',"
			      " 'RW': true},"
			      "{'Type': 'volume', 'Name': '" ID_A "', 'Destination': '/gone',"
			      " 'RW': true},"
			      "{'Type': 'bind', 'Source': '/a', 'Destination': '/anon2',"
			      " 'RW': true}]}");

	(void)state;
	facts.replaces = old;
	facts.image = image;
	body = body_new("{'container_name': 'c', 'volumes': ["
			"{'type': 'volume', 'target': '/anon', 'volume': {}},"
			"{'type': 'volume', 'target': '/anon2'}]}",
			&facts);
	assert_json("mounts", at(body, "HostConfig|Mounts"),
		    "[{'Type': 'volume', 'Source': '" ID_V "', 'Target': '/img', 'ReadOnly': true},"
		    "{'Type': 'volume', 'Source': '" ID_A "', 'Target': '/anon'},"
		    "{'Type': 'volume', 'Target': '/anon2'}]");
	assert_json("label", at(body, "Labels|" LABEL_REPLACE), "'c'");
	json_decref(body);
	body = body_new("{}", &facts);
	assert_json("label", at(body, "Labels|" LABEL_REPLACE), "'web-1'");
	json_decref(body);
	json_decref(old);
	json_decref(image);
}

/* --- networks --- */

static const char networks[] =
	"{'mac_address': '02::1', 'networks': {'out': {'aliases': ['o'], 'gw_priority': 3},"
	"'back': {'ipv4_address': '1.2.3.4', 'ipv6_address': 'fd::1', 'link_local_ips':"
	"['169.254.1.1'], 'mac_address': '02::2', 'driver_opts': {'k': 'v'}, 'interface_name':"
	"'eth9'}, 'front': {'priority': 10}, 'bridge': {}}}";

#define FRONT(more) "{'Aliases': ['app-web-1', 'web'], 'IPAMConfig': {}" more "}"
#define BACK(more)                                                                                 \
	"{'Aliases': ['app-web-1', 'web'], 'IPAMConfig': {'IPv4Address': '1.2.3.4',"               \
	"'IPv6Address': 'fd::1', 'LinkLocalIPs': ['169.254.1.1']}, 'DriverOpts': {'k': 'v',"       \
	"'com.docker.network.endpoint.ifname': 'eth9'}" more "}"
#define OUT(more) "{'Aliases': ['app-web-1', 'web', 'o'], 'IPAMConfig': {}" more "}"

static json_t *connects_new(const char *spec, int api)
{
	struct container_facts facts = facts_at(api);
	struct compose compose;
	json_t *connects;

	compose_case(&compose, root_new(spec));
	connects = container_connects_new(&compose, compose_service_find(&compose, "web"), &facts);
	compose_case_release(&compose);
	return connects;
}

static void test_networks(void **state)
{
	struct container_facts old = facts_at(43), middle = facts_at(44), new = facts_at(51);
	json_t *body = body_new(networks, &old), *connects = connects_new(networks, 43);

	(void)state;
	assert_json("mode", at(body, "HostConfig|NetworkMode"), "'app_front'");
	assert_json("one", at(body, "NetworkingConfig|EndpointsConfig"),
		    "{'app_front': " FRONT("") "}");
	assert_json(
		"others", connects,
		"[{'network': 'app_back', 'body': {'EndpointConfig': " BACK(
			"") "}},"
			    "{'network': 'bridge', 'body': {'EndpointConfig': {'IPAMConfig': {}}}},"
			    "{'network': 'outside', 'body': {'EndpointConfig': " OUT("") "}}]");
	json_decref(body);
	json_decref(connects);
	body = body_new(networks, &middle);
	assert_json("gateway", at(body, "NetworkingConfig|EndpointsConfig|outside"), OUT(""));
	json_decref(body);
	body = body_new(networks, &new);
	connects = connects_new(networks, 51);
	assert_json("all", at(body, "NetworkingConfig|EndpointsConfig"),
		    "{'app_front': " FRONT(", 'MacAddress': '02::1'") ", 'app_back': " BACK(
			    ", 'MacAddress': '02::2'") ", 'bridge': {'IPAMConfig': {}},"
						       "'outside': " OUT(", 'GwPriority': 3") "}");
	assert_json("none", connects, "[]");
	json_decref(body);
	json_decref(connects);
}

/* Without priorities, the names decide which is the main one. */
static void test_network_order(void **state)
{
	struct container_facts facts = facts_at(41);
	json_t *body = body_new("{'networks': {'out': {}, 'front': {}, 'back': {}}}", &facts);

	(void)state;
	assert_json("mode", at(body, "HostConfig|NetworkMode"), "'app_back'");
	json_decref(body);
}

/* `run`: no ports' owner, no number, nobody's stand-in. */
static void test_oneoff(void **state)
{
	struct container_facts facts = facts_at(41);
	json_t *body;

	(void)state;
	facts.oneoff_slug = "slug";
	facts.name = "app-web-run-1";
	body = body_new("{'restart': 'always', 'stdin_open': true, 'networks': {'front':"
			"{'aliases': ['a']}}, 'ports': [{'target': 80, 'published': '80'}]}",
			&facts);
	assert_json("oneoff", at(body, "Labels|" LABEL_ONEOFF), "'True'");
	assert_json("slug", at(body, "Labels|" LABEL_SLUG), "'slug'");
	assert_json("number", at(body, "Labels|" LABEL_NUMBER), NULL);
	assert_json("restart", at(body, "HostConfig|RestartPolicy"), NULL);
	assert_json("ports", at(body, "HostConfig|PortBindings"), NULL);
	assert_json("stdin", at(body, "AttachStdin"), "true");
	assert_json("once", at(body, "StdinOnce"), "true");
	assert_json("aliases", at(body, "NetworkingConfig|EndpointsConfig|app_front|Aliases"),
		    "['app-web-run-1']");
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smallest),      cmocka_unit_test(test_typical),
		cmocka_unit_test(test_fields),	      cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_carried_on),    cmocka_unit_test(test_networks),
		cmocka_unit_test(test_network_order), cmocka_unit_test(test_oneoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
