/*
 * What the engine's refusals mean, and what to do about them: one table. The texts are those of
 * Docker 20.10 to 28, which word some of them differently; letters' case is not looked at.
 */
#include <errno.h>
#include <string.h>

#include "docker_private.h"

/* {} stands for what the message names (table names). */
struct row {
	const char *text, *hint;
};

#define ROOM                                                                                       \
	"docker system df shows what takes the room; docker image prune and builder prune free it"
#define REACH "can the engine's machine reach the registry? check name server, proxy and firewall"
#define LOGIN "is the name right? for a private image: docker login"

/* The first row whose text is in the message counts: the more exact ones stand first. */
static const struct row rows[] = {
	/* ports */
	{"cannot assign requested address",
	 "this machine has no such address: check the host IP of ports"},
	{"port is already allocated",
	 "another container publishes port {} (docker ps --filter publish={}): stop it, or publish "
	 "another port"},
	{"failed to bind host port",
	 "a program of this machine listens on port {} (ss -ltnp): stop it, or publish another "
	 "port"},
	{"bind: address already in use",
	 "a program of this machine listens on port {} (ss -ltnp): stop it, or publish another "
	 "port"},
	{"as an ingress port", "service {} publishes this port already: publish another one"},
	{"as a host-published port", "service {} publishes this port already: publish another one"},
	{"ports are not available", "is the port taken (ss -ltnp)? publish another one"},
	/* swarm */
	{"Worker nodes can't be used",
	 "run this on a manager of the swarm (docker node ls names them)"},
	{"Swarm is encrypted and needs to be unlocked", "docker swarm unlock"},
	{"not a swarm manager", "make this engine a swarm: docker swarm init; or use Compose mode"},
	{"does not have a leader", "too few managers of the swarm are up: start the others"},
	{"update out of sequence", "somebody changed it meanwhile: try again"},
	{"renaming services is not supported", "remove the service, then deploy again"},
	{"service mode change is not allowed", "remove the service, then deploy again"},
	{"in use by the following service", "it can go once it is not used by {} any more"},
	{"is in use by service", "services still use this network: remove them first"},
	{"is in use by task", "its tasks are still stopping: try again in a moment"},
	{"not manually attachable",
	 "give the network `attachable: true`, or run this as a service"},
	{"name must be valid as a DNS name", "letters, digits and dashes only, at most 63"},
	{"only updates to Labels are allowed", "secrets and configs never change: use a new name"},
	/* names and uses */
	{"is already in use by container",
	 "container {} has this name (docker inspect shows whose): remove or rename it, or change "
	 "container_name"},
	{"is marked for removal", "it is being removed: try again in a moment"},
	{"already in progress", "it is being removed: try again in a moment"},
	{"You cannot remove a running container", "stop it first"},
	{"container is running: stop", "stop it first"},
	{"volume is in use",
	 "containers still use it (docker ps -a --filter volume=NAME): remove them first"},
	{"is using its referenced image", "a container still uses the image: remove that first"},
	{"image is being used by", "a container still uses the image: remove that first"},
	{"has dependent child images", "other images are built on it: remove those first"},
	{"has active endpoints",
	 "containers are still connected to it: stop or disconnect them first"},
	/* networks */
	{"Pool overlaps", "another network has these addresses: choose another subnet"},
	{"non-overlapping IPv4 address pool",
	 "all of the engine's address pools are used up: docker network prune, or add to "
	 "default-address-pools in /etc/docker/daemon.json"},
	{"pools have been fully subnetted",
	 "all of the engine's address pools are used up: docker network prune, or add to "
	 "default-address-pools in /etc/docker/daemon.json"},
	{"not belong to any of this network's subnets",
	 "choose an address of the network's subnet"},
	{"ip-range contain the IP address", "choose an address of the network's subnet"},
	{"supported only when connecting to networks with user configured subnets",
	 "give the network an ipam subnet"},
	{"Address already in use", "another container has this address: choose another, or none"},
	{"invalid subnet", "write it as 172.28.0.0/16"},
	{"network-scoped alias", "aliases need a network of the app, not bridge or host"},
	{"Could not attach to network",
	 "the network is missing or may not be joined: deploy again, or "
	 "create it if it is external"},
	/* images and registries */
	{"No such image", "pull or build it first"},
	{"manifest unknown", "the registry has no such tag: is it spelled right?"},
	{"name unknown", "the registry has no such image: is it spelled right?"},
	{"no matching manifest",
	 "the image is not made for this machine's processor: choose another, "
	 "or give `platform:`"},
	{"toomanyrequests", "the registry limits pulls: wait, or docker login"},
	{"pull access denied", LOGIN},
	{"access to the resource is denied", LOGIN},
	{"no basic auth credentials", LOGIN},
	{"incorrect username or password", "docker login with the right ones"},
	{"authorization denied by plugin", "the engine's administrator does not allow it"},
	{"unauthorized", LOGIN},
	{"gave HTTP response to HTTPS client",
	 "that registry has no TLS: add it to insecure-registries in /etc/docker/daemon.json"},
	{"certificate signed by unknown authority",
	 "put the registry's CA into /etc/docker/certs.d/HOST:PORT/ca.crt"},
	{"received unexpected HTTP status", "the registry has trouble: try again later"},
	{"no such host", REACH},
	{"dial tcp", REACH},
	{"TLS handshake timeout", REACH},
	{"Client.Timeout exceeded", REACH},
	{"repository name must be lowercase", "image names are lower case"},
	{"must be lowercase", "image names are lower case"},
	{"invalid reference format", "write an image as name:tag or host:port/path/name:tag"},
	{"Cannot locate specified Dockerfile", "check build.context and build.dockerfile"},
	{"failed to read dockerfile", "check build.context and build.dockerfile"},
	{"dockerfile parse error", "that line of the Dockerfile is wrong"},
	{"returned a non-zero code", "the step's output above says why"},
	{"exec format error", "the program is not made for this machine's processor"},
	/* resources */
	{"no space left on device", ROOM},
	{"disk quota exceeded", ROOM},
	{"Minimum memory limit allowed", "give it at least 6 MB"},
	{"less than memory reservation", "the limit must not be below the reservation"},
	{"Minimum memoryswap limit",
	 "memswap_limit counts memory and swap together: at least mem_limit"},
	{"invalid memory value", "give it at least 4 MiB"},
	{"range of CPUs is from", "this machine has fewer: lower `cpus`"},
	{"Requested CPUs are not available", "this machine has fewer: change `cpuset`"},
	{"invalid cpu value", "give it at least 0.001 of a CPU"},
	{"Your kernel does not support", "this machine's kernel cannot do that: leave it out"},
	/* mounts */
	{"bind source path does not exist", "create {}, or give the bind `create_host_path: true`"},
	{"Are you trying to mount a directory onto a file",
	 "source and target must both be files, or both folders; a missing source file becomes a "
	 "folder"},
	{"too many levels of symbolic links", "a link in this path leads to itself"},
	{"creating mount source path",
	 "the folder cannot be made there: does a file or link have its name?"},
	{"includes invalid characters for a local volume name",
	 "begin a host path with / or ./; volume names have letters, digits and _.-"},
	{"mount path must be absolute", "begin the path inside the container with /"},
	{"Duplicate mount point", "two mounts have this target: drop one"},
	{"failed to mount local volume",
	 "check driver_opts: type, o and device, and the file server"},
	/* programs */
	{"executable file not found in $PATH",
	 "the image has no such program: check command and entrypoint"},
	{"unable to find user", "the image has no such user: give numbers, as in user: 1000:1000"},
	{"unable to find group",
	 "the image has no such group: give numbers, as in user: 1000:1000"},
	{"gathering device information", "this machine has no such device"},
	{"not in a separate kernel namespace",
	 "only sysctls of the container's own namespaces can be set"},
	{"unknown capability", "check cap_add and cap_drop"},
	{"invalid runtime name", "this engine has no such runtime: check `runtime`"},
	{"Unknown runtime specified", "this engine has no such runtime: check `runtime`"},
	{"looking up logging plugin", "this engine has no such logging driver"},
	{"does not support reading",
	 "this logging driver keeps nothing to read: json-file, local and "
	 "journald do"},
	{"unable to start container process: exec:",
	 "the image has no such program, or it may not be run: check command and entrypoint"},
	{"is not running", "start it first"},
	/* the engine itself */
	{"sent an HTTP request to an HTTPS server",
	 "the engine speaks TLS there: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"},
	{"is too new. Maximum supported API",
	 "this engine is too old: Docker 20.10 or newer is needed"},
	{"is too old. Minimum supported API",
	 "this engine is too new for this kata-tui: update it"},
	{"context deadline exceeded",
	 "the engine is overloaded, or the swarm's managers are not up"},
};

/* Whatever the status, which differs between versions. */
static const struct {
	const char *text;
	enum error_code code;
} codes[] = {
	{"update out of sequence", ERROR_CONFLICT},
	{"non-overlapping IPv4 address pool", ERROR_REFUSED},
	{"No such image", ERROR_NOT_FOUND},
	{"manifest unknown", ERROR_NOT_FOUND},
	{"name unknown", ERROR_NOT_FOUND},
	{"pull access denied", ERROR_DENIED},
	{"access to the resource is denied", ERROR_DENIED},
	{"no basic auth credentials", ERROR_DENIED},
	{"incorrect username or password", ERROR_DENIED},
	{"denied by plugin", ERROR_DENIED},
	{"unauthorized", ERROR_DENIED},
};

/* What stands after `lead` in a message with `text`: up to one of `until`, or, where that is NULL,
 * the port of the address that follows. */
static const struct name {
	const char *text, *lead, *until;
} names[] = {
	{"port is already allocated", "Bind for ", NULL},
	{"failed to bind host port", "host port", NULL},
	{"bind: address already in use", "listen ", NULL},
	{"as an ingress port", "in use by service '", "'"},
	{"as a host-published port", "in use by service '", "'"},
	{"in use by the following service", "following service: ", ""},
	{"in use by the following services", "following services: ", ""},
	{"is already in use by container", "in use by container \"", "\""},
	{"bind source path does not exist", "does not exist: ", ""},
};

/* --- what the message names --- */

/* The port of the first address in text: "0.0.0.0:80", "[::]:80". */
static void take_port(struct str *out, const char *text)
{
	text += strcspn(text, "[:");
	if (*text == '[')
		text += strcspn(text, "]") + (strchr(text, ']') != NULL);
	if (*text == ':')
		str_addn(out, text + 1, strspn(text + 1, "0123456789"));
}

static void take_named(struct str *out, const char *message)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0] && !out->len; i++) {
		const struct name *name = &names[i];
		const char *at = strcasestr(message, name->lead);

		if (!at || !strcasestr(message, name->text))
			continue;
		at += strlen(name->lead);
		if (name->until)
			str_addn(out, at, strcspn(at, name->until));
		else
			take_port(out, at);
	}
	if (!out->len)
		str_add(out, "it");
}

static void add_hint(struct kata_error *e, const char *text, const char *message)
{
	struct str named = STR_INIT, hint = STR_INIT;

	take_named(&named, message);
	for (const char *p = text; *p; p++) {
		if (p[0] == '{' && p[1] == '}') {
			str_addn(&hint, named.p, named.len);
			p++;
		} else {
			str_addc(&hint, *p);
		}
	}
	error_hint(e, "%s", hint.p);
	str_release(&named);
	str_release(&hint);
}

/* --- the message --- */

/* Swarm's messages went through gRPC, which puts a lead before them, perhaps in the middle. */
static const char *skip_lead(const char *text)
{
	static const char lead[] = "rpc error: code = ", end[] = " desc = ";
	const char *desc;

	if (strncmp(text, lead, sizeof lead - 1) != 0)
		return text;
	desc = strstr(text, end);
	return desc ? desc + sizeof end - 1 : text;
}

/* One line without the leads and without blanks around it. */
static void add_clean(struct str *out, const char *message)
{
	const char *next;

	for (const char *p = message; *p; p = next) {
		next = skip_lead(p);
		if (next != p)
			continue;
		next = p + 1;
		if (!strchr(" \t\r\n", *p))
			str_addc(out, *p);
		else if (out->len && *next && !strchr(" \t\r\n", *next))
			str_addc(out, ' ');
	}
}

static enum error_code code_of(int status)
{
	return status == 404 ? ERROR_NOT_FOUND : status == 409 ? ERROR_CONFLICT : ERROR_REFUSED;
}

void docker_refuse(struct kata_error *e, int status, const char *message)
{
	struct str text = STR_INIT;

	add_clean(&text, message);
	if (text.len)
		error_set(e, code_of(status), "%s", text.p);
	else
		error_set(e, code_of(status), "the engine refused it (%d) without a reason",
			  status);
	e->http = status;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!strcasestr(text.p, rows[i].text))
			continue;
		add_hint(e, rows[i].hint, text.p);
		break;
	}
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcasestr(text.p, codes[i].text))
			e->code = codes[i].code;
	str_release(&text);
}

/* --- the connection --- */

/* The engine says only after the handshake whether it takes our certificate. */
static void explain_tls(struct kata_error *e)
{
	if (strstr(e->msg, " alert ")) {
		e->code = ERROR_DENIED;
		error_hint(e,
			   "the engine does not take cert.pem: is it signed by the engine's CA?");
	} else if (e->code == ERROR_DENIED) {
		error_hint(e,
			   "the engine's certificate must be signed by ca.pem of DOCKER_CERT_PATH, "
			   "for this host name");
	} else if (e->code == ERROR_PROTOCOL) {
		error_hint(e, "does the engine speak TLS there? if not, unset DOCKER_TLS_VERIFY");
	}
}

void docker_explain(const struct docker *docker, struct kata_error *e)
{
	bool local = docker->endpoint.socket != NULL;

	if (e->code == ERROR_DENIED && local)
		error_hint(
			e,
			"add the user to the docker group (sudo usermod -aG docker USER, then log "
			"in again), or run this as root");
	else if (e->code == ERROR_UNAVAILABLE && docker->named_by && e->sys)
		error_hint(e, "is the Docker engine running there? %s names this address",
			   docker->named_by);
	else if (e->code == ERROR_UNAVAILABLE && e->sys)
		error_hint(e,
			   "is the Docker engine running? systemctl start docker (a rootless one: "
			   "DOCKER_HOST=unix:///run/user/UID/docker.sock)");
	else if (e->code == ERROR_TIMEOUT)
		error_hint(e, "the engine is overloaded or hangs: journalctl -u docker says more");
	else if (strncmp(docker->endpoint.base, "https:", 6) == 0)
		explain_tls(e);
}
