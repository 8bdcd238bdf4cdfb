/* What engines refuse, in their own words (20.10 and 28 where they differ), and the hints. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/docker/docker_private.h"

static const struct refusal {
	int status;
	const char *message;
	enum error_code code;
	const char *hint; /* part of it; NULL: none */
} refusals[] = {
	/* ports */
	{500,
	 "driver failed programming external connectivity on endpoint a (34dc4ef8489a): Bind for "
	 "0.0.0.0:18332 failed: port is already allocated",
	 ERROR_REFUSED, "publishes port 18332 (docker ps --filter publish=18332)"},
	{500,
	 "failed to set up container networking: driver failed programming external connectivity "
	 "on endpoint a (34dc4ef8489a): Bind for [::]:18332 failed: port is already allocated",
	 ERROR_REFUSED, "port 18332"},
	{500,
	 "driver failed programming external connectivity on endpoint a (34dc4ef8489a): Error "
	 "starting userland proxy: listen tcp4 0.0.0.0:18334: bind: address already in use",
	 ERROR_REFUSED, "listens on port 18334"},
	{500,
	 "driver failed programming external connectivity on endpoint a (34dc4ef8489a): Error "
	 "starting userland proxy: listen udp6 [::]:53: bind: address already in use",
	 ERROR_REFUSED, "listens on port 53"},
	{500,
	 "failed to set up container networking: driver failed programming external connectivity "
	 "on endpoint a (34dc4ef8489a): failed to bind host port for "
	 "0.0.0.0:18334:10.121.0.2:80/tcp: address already in use",
	 ERROR_REFUSED, "listens on port 18334"},
	{500,
	 "failed to set up container networking: driver failed programming external connectivity "
	 "on endpoint a (34dc4ef8489a): failed to bind host port 0.0.0.0:18334/tcp: address "
	 "already in use",
	 ERROR_REFUSED, "listens on port 18334"},
	{500,
	 "driver failed programming external connectivity on endpoint a (34dc4ef8489a): Error "
	 "starting userland proxy: listen tcp4 203.0.113.9:18333: bind: cannot assign requested "
	 "address",
	 ERROR_REFUSED, "no such address"},
	{500,
	 "failed to set up container networking: driver failed programming external connectivity "
	 "on endpoint a (34dc4ef8489a): failed to bind host port for "
	 "203.0.113.9:18333:10.121.0.2:80/tcp: cannot assign requested address",
	 ERROR_REFUSED, "no such address"},
	{400,
	 "rpc error: code = InvalidArgument desc = port '18335' is already in use by service "
	 "'h5_p' (lhu8arcpqgc4) as an ingress port",
	 ERROR_REFUSED, "service h5_p publishes this port"},
	/* swarm */
	{503,
	 "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
	 "connect this node to swarm and try again.",
	 ERROR_REFUSED, "docker swarm init"},
	{503,
	 "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster "
	 "state. Please run this command on a manager node or promote the current node to a "
	 "manager.",
	 ERROR_REFUSED, "on a manager"},
	{503,
	 "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker "
	 "swarm unlock\" to unlock it.",
	 ERROR_REFUSED, "docker swarm unlock"},
	{500,
	 "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that "
	 "too few managers are online. Make sure more than half of the managers are online.",
	 ERROR_REFUSED, "too few managers"},
	{500, "rpc error: code = Unknown desc = update out of sequence", ERROR_CONFLICT,
	 "try again"},
	{501, "rpc error: code = Unimplemented desc = renaming services is not supported",
	 ERROR_REFUSED, "remove the service"},
	{501, "rpc error: code = Unimplemented desc = service mode change is not allowed",
	 ERROR_REFUSED, "remove the service"},
	{409,
	 "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service s "
	 "already exists",
	 ERROR_CONFLICT, NULL},
	{400,
	 "rpc error: code = InvalidArgument desc = secret 'sec' is in use by the following "
	 "service: web",
	 ERROR_REFUSED, "used by web any more"},
	{400,
	 "rpc error: code = InvalidArgument desc = config 'cfg' is in use by the following "
	 "services: a, b",
	 ERROR_REFUSED, "used by a, b any more"},
	{400,
	 "rpc error: code = FailedPrecondition desc = network me0skvbu is in use by service "
	 "xw9bpy8s",
	 ERROR_REFUSED, "remove them first"},
	{400,
	 "rpc error: code = FailedPrecondition desc = network me0skvbu is in use by task xw9bpy8s",
	 ERROR_REFUSED, "in a moment"},
	{500,
	 "Could not attach to network ov: rpc error: code = PermissionDenied desc = network ov not "
	 "manually attachable",
	 ERROR_REFUSED, "attachable: true"},
	{400, "rpc error: code = InvalidArgument desc = name must be valid as a DNS name component",
	 ERROR_REFUSED, "at most 63"},
	{400,
	 "rpc error: code = InvalidArgument desc = invalid memory value 1000: Must be at least "
	 "4MiB",
	 ERROR_REFUSED, "4 MiB"},
	{400, "rpc error: code = InvalidArgument desc = only updates to Labels are allowed",
	 ERROR_REFUSED, "use a new name"},
	/* names and uses */
	{409,
	 "Conflict. The container name \"/web\" is already in use by container "
	 "\"d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7\". You have to remove "
	 "(or rename) that container to be able to reuse that name.",
	 ERROR_CONFLICT,
	 "container d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7 has this "
	 "name"},
	{409,
	 "You cannot remove a running container "
	 "d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7. Stop the container "
	 "before attempting removal or force remove",
	 ERROR_CONFLICT, "stop it first"},
	{409,
	 "cannot remove container \"web\": container is running: stop the container before "
	 "removing or force remove",
	 ERROR_CONFLICT, "stop it first"},
	{409,
	 "removal of container d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7 is "
	 "already in progress",
	 ERROR_CONFLICT, "in a moment"},
	{409,
	 "Container d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7 is not "
	 "running",
	 ERROR_CONFLICT, "start it first"},
	{409,
	 "container d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7 is not "
	 "running",
	 ERROR_CONFLICT, "start it first"},
	{409,
	 "remove v: volume is in use - "
	 "[d57f9e27af4e92925b13fc5e91238bc68546589e91195a512db1449a4570b4b7]",
	 ERROR_CONFLICT, "docker ps -a"},
	{409,
	 "conflict: unable to remove repository reference \"bb:latest\" (must force) - container "
	 "1e058d36d0d3 is using its referenced image 162c2c4ea3c0",
	 ERROR_CONFLICT, "remove that first"},
	{403, "error while removing network: network n id cc6d5f28 has active endpoints",
	 ERROR_REFUSED, "still connected"},
	{403,
	 "error while removing network: network n has active endpoints (name:\"a\" "
	 "id:\"df91b451e290\")",
	 ERROR_REFUSED, "still connected"},
	/* networks */
	{409, "network with name n already exists", ERROR_CONFLICT, NULL},
	{404, "network n not found", ERROR_NOT_FOUND, NULL},
	{403, "Pool overlaps with other one on this address space", ERROR_REFUSED,
	 "another subnet"},
	{403, "invalid pool request: Pool overlaps with other one on this address space",
	 ERROR_REFUSED, "another subnet"},
	{404,
	 "could not find an available, non-overlapping IPv4 address pool among the defaults to "
	 "assign to the network",
	 ERROR_REFUSED, "docker network prune"},
	{400, "all predefined address pools have been fully subnetted", ERROR_REFUSED,
	 "docker network prune"},
	{500, "Invalid subnet 10.213.0.1/33 : invalid CIDR address: 10.213.0.1/33", ERROR_REFUSED,
	 "172.28.0.0/16"},
	{400, "invalid network config:\ninvalid subnet 10.213.0.1/33: invalid CIDR block notation",
	 ERROR_REFUSED, "172.28.0.0/16"},
	{500, "Invalid address 10.9.9.9: It does not belong to any of this network's subnets",
	 ERROR_REFUSED, "the network's subnet"},
	{400,
	 "invalid config for network n: invalid endpoint settings:\nno configured subnet or "
	 "ip-range contain the IP address 10.9.9.9",
	 ERROR_REFUSED, "the network's subnet"},
	{403, "Address already in use", ERROR_REFUSED, "another container has this address"},
	{403, "failed to set up container networking: Address already in use", ERROR_REFUSED,
	 "another container has this address"},
	{500,
	 "Could not attach to network n: rpc error: code = NotFound desc = network n not found",
	 ERROR_REFUSED, "missing"},
	{500,
	 "failed to set up container networking: Could not attach to network n: rpc error: code = "
	 "NotFound desc = network n not found",
	 ERROR_REFUSED, "missing"},
	/* images and registries */
	{404, "No such image: nosuch:1", ERROR_NOT_FOUND, "pull or build"},
	{500, "manifest unknown", ERROR_NOT_FOUND, "no such tag"},
	{404, "manifest for nginx:nosuch not found: manifest unknown: manifest unknown",
	 ERROR_NOT_FOUND, "no such tag"},
	{500, "name unknown", ERROR_NOT_FOUND, "no such image"},
	{404,
	 "pull access denied for nosuch, repository does not exist or may require 'docker login': "
	 "denied: requested access to the resource is denied",
	 ERROR_DENIED, "docker login"},
	{500, "unauthorized", ERROR_DENIED, "docker login"},
	{401, "unauthorized: authentication required", ERROR_DENIED, "docker login"},
	{500, "Get \"https://r.example/v2/\": no basic auth credentials", ERROR_DENIED,
	 "docker login"},
	{0, "no matching manifest for linux/amd64 in the manifest list entries", ERROR_REFUSED,
	 "platform"},
	{429,
	 "toomanyrequests: You have reached your pull rate limit. You may increase the limit by "
	 "authenticating and upgrading: https://www.docker.com/increase-rate-limit",
	 ERROR_REFUSED, "docker login"},
	{500, "received unexpected HTTP status: 503 Service Unavailable", ERROR_REFUSED, "later"},
	{500, "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
	 ERROR_REFUSED, "reach the registry"},
	{500,
	 "Get \"https://nosuch.invalid/v2/\": dial tcp: lookup nosuch.invalid on 10.255.255.53:53: "
	 "no such host",
	 ERROR_REFUSED, "reach the registry"},
	{500, "Get \"https://r.example:5000/v2/\": http: server gave HTTP response to HTTPS client",
	 ERROR_REFUSED, "insecure-registries"},
	{500, "Get \"https://r.example/v2/\": x509: certificate signed by unknown authority",
	 ERROR_REFUSED, "certs.d"},
	{500, "invalid reference format: repository name must be lowercase", ERROR_REFUSED,
	 "lower case"},
	{400, "invalid reference format: repository name (library/BAD) must be lowercase",
	 ERROR_REFUSED, "lower case"},
	{400, "dockerfile parse error on line 1: unknown instruction: FROMM (did you mean FROM?)",
	 ERROR_REFUSED, "Dockerfile"},
	{500, "Cannot locate specified Dockerfile: Dockerfile", ERROR_REFUSED, "build.dockerfile"},
	{0, "The command '/bin/sh -c exit 7' returned a non-zero code: 7", ERROR_REFUSED,
	 "output above"},
	/* resources */
	{500,
	 "Error processing tar file(exit status 1): write /bin/busybox: no space left on device",
	 ERROR_REFUSED, "docker system df"},
	{500, "write /data/overlay2/d462/.tmp-link3751299572: no space left on device",
	 ERROR_REFUSED, "docker system df"},
	{400, "Minimum memory limit allowed is 6MB", ERROR_REFUSED, "6 MB"},
	{400, "Minimum memory limit can not be less than memory reservation limit, see usage",
	 ERROR_REFUSED, "reservation"},
	{400, "Minimum memoryswap limit should be larger than memory limit, see usage",
	 ERROR_REFUSED, "memswap_limit"},
	{400, "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
	 ERROR_REFUSED, "lower `cpus`"},
	{400, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
	 ERROR_REFUSED, "lower `cpus`"},
	{400, "Requested CPUs are not available - requested 99, available: 0-1", ERROR_REFUSED,
	 "cpuset"},
	/* mounts */
	{400,
	 "invalid mount config for type \"bind\": bind source path does not exist: /no/such place",
	 ERROR_REFUSED, "create /no/such place,"},
	{400,
	 "failed to create shim task: OCI runtime create failed: runc create failed: unable to "
	 "start container process: error during container init: error mounting \"/a\" to rootfs at "
	 "\"/bin\": mount /a:/bin (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown: "
	 "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified "
	 "host path exists and is the expected type",
	 ERROR_REFUSED, "both be files"},
	{500, "error while creating mount source path '/tmp/loop': mkdir /tmp/loop: file exists",
	 ERROR_REFUSED, "have its name"},
	{400,
	 "invalid mount config for type \"bind\": stat /tmp/loop: too many levels of symbolic "
	 "links",
	 ERROR_REFUSED, "leads to itself"},
	{400,
	 "create ./relative: \"./relative\" includes invalid characters for a local volume name, "
	 "only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
	 "directory, use absolute path",
	 ERROR_REFUSED, "host path"},
	{500,
	 "invalid volume specification: '/tmp:x': invalid mount config for type \"bind\": invalid "
	 "mount path: 'x' mount path must be absolute",
	 ERROR_REFUSED, "with /"},
	{400, "Duplicate mount point: /x", ERROR_REFUSED, "drop one"},
	{500,
	 "error while mounting volume '/v/_data': failed to mount local volume: mount "
	 ":/x:/v/_data, data: addr=127.0.0.1: no such device",
	 ERROR_REFUSED, "driver_opts"},
	/* programs */
	{400,
	 "failed to create shim task: OCI runtime create failed: runc create failed: unable to "
	 "start container process: exec: \"/nosuch\": stat /nosuch: no such file or directory: "
	 "unknown",
	 ERROR_REFUSED, "command and entrypoint"},
	{400,
	 "failed to create task for container: failed to create shim task: OCI runtime create "
	 "failed: runc create failed: unable to start container process: exec: \"nosuch\": "
	 "executable file not found in $PATH: unknown",
	 ERROR_REFUSED, "no such program"},
	{500, "unable to find user nosuchuser: no matching entries in passwd file", ERROR_REFUSED,
	 "1000:1000"},
	{500,
	 "error gathering device information while adding custom device \"/dev/nosuch\": no such "
	 "file or directory",
	 ERROR_REFUSED, "no such device"},
	{500,
	 "failed to create shim task: OCI runtime create failed: runc create failed: sysctl "
	 "\"nosuch.x\" is not in a separate kernel namespace: unknown",
	 ERROR_REFUSED, "sysctls"},
	{400, "invalid CapAdd: unknown capability: \"CAP_NOSUCH\"", ERROR_REFUSED, "cap_add"},
	{400, "Unknown runtime specified nosuch", ERROR_REFUSED, "runtime"},
	{400, "unknown or invalid runtime name: nosuch", ERROR_REFUSED, "runtime"},
	{400, "error looking up logging plugin nosuch: plugin \"nosuch\" not found", ERROR_REFUSED,
	 "logging driver"},
	{501, "configured logging driver does not support reading", ERROR_REFUSED, "json-file"},
	/* the engine itself */
	{400, "Client sent an HTTP request to an HTTPS server.\n", ERROR_REFUSED,
	 "DOCKER_TLS_VERIFY"},
	{400, "client version 1.41 is too new. Maximum supported API version is 1.40",
	 ERROR_REFUSED, "20.10"},
	{400,
	 "client version 1.51 is too old. Minimum supported API version is 1.55, please upgrade "
	 "your client to a newer version",
	 ERROR_REFUSED, "update it"},
	{400, "invalid restart policy 'often'", ERROR_REFUSED, NULL},
	{500, "", ERROR_REFUSED, NULL},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct refusal *want = &refusals[i];
		struct kata_error e;

		docker_refuse(&e, want->status, want->message);
		if (e.code != want->code || e.http != want->status)
			fail_msg("%s: %s", want->message, error_name(e.code));
		if (want->hint ? !strstr(e.hint, want->hint) : e.hint[0])
			fail_msg("%s: the hint is \"%s\"", want->message, e.hint);
		if (strchr(e.hint, '{'))
			fail_msg("%s: nothing named in \"%s\"", want->message, e.hint);
	}
}

static const char *const messages[][2] = {
	{"rpc error: code = Unknown desc = update out of sequence", "update out of sequence"},
	{"Could not attach: rpc error: code = NotFound desc = network n not found",
	 "Could not attach: network n not found"},
	{"rpc error: code = A desc = rpc error: code = B desc = c", "c"},
	{"rpc error: code = Unknown", "rpc error: code = Unknown"},
	{" invalid config:\n  invalid subnet\r\n", "invalid config: invalid subnet"},
	{"", "the engine refused it (500) without a reason"},
	{" \n", "the engine refused it (500) without a reason"},
};

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct kata_error e;

		docker_refuse(&e, 500, messages[i][0]);
		assert_string_equal(e.msg, messages[i][1]);
	}
}

/* A hint that names something says "it" when the message is worded otherwise. */
static void test_nothing_named(void **state)
{
	struct kata_error e;

	(void)state;
	docker_refuse(&e, 500, "port is already allocated");
	assert_non_null(strstr(e.hint, "publishes port it"));
	docker_refuse(&e, 500, "Bind for [::1: port is already allocated");
	assert_non_null(strstr(e.hint, "publishes port it"));
}

static const struct trouble {
	const char *base, *socket, *named_by;
	enum error_code code;
	int sys;
	const char *msg, *hint;
} troubles[] = {
	{"http://localhost", "/s", NULL, ERROR_DENIED, EACCES, "", "docker group"},
	{"http://localhost", "/s", NULL, ERROR_UNAVAILABLE, ENOENT, "", "systemctl start docker"},
	{"http://localhost", "/s", NULL, ERROR_UNAVAILABLE, ECONNREFUSED, "", "systemctl"},
	{"http://localhost", "/s", "--docker", ERROR_UNAVAILABLE, ENOENT, "", "--docker names"},
	{"http://h:1", NULL, "DOCKER_HOST", ERROR_UNAVAILABLE, ECONNREFUSED, "", "DOCKER_HOST"},
	{"http://h:1", NULL, "DOCKER_HOST", ERROR_TIMEOUT, 0, "", "journalctl"},
	{"https://h:1", NULL, "DOCKER_HOST", ERROR_DENIED, 0, "not trusted", "ca.pem"},
	{"https://h:1", NULL, "DOCKER_HOST", ERROR_PROTOCOL, 0, "no TLS", "DOCKER_TLS_VERIFY"},
	{"https://h:1", NULL, "DOCKER_HOST", ERROR_LOST, 0, "sslv3 alert bad certificate",
	 "cert.pem"},
	{"https://h:1", NULL, "DOCKER_HOST", ERROR_LOST, 0, "tlsv1 alert unknown ca", "cert.pem"},
};

static void test_connection(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
		const struct trouble *t = &troubles[i];
		struct docker docker = {
			.endpoint = {.base = (char *)t->base, .socket = (char *)t->socket},
			.named_by = t->named_by};
		struct kata_error e;

		error_set(&e, t->code, "%s", t->msg);
		e.sys = t->sys;
		docker_explain(&docker, &e);
		if (!strstr(e.hint, t->hint))
			fail_msg("%zu: \"%s\"", i, e.hint);
		assert_int_equal(e.code, t->code == ERROR_LOST ? ERROR_DENIED : t->code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_nothing_named),
		cmocka_unit_test(test_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
