/*
 * Every key of the Compose specification below services, once: what each mode does with it, what a
 * person should know, and which function reads its value. Top-level objects: compose_keys_top.c.
 */
#include "compose_keys.h"

#include <string.h>

static const struct compose_range any = {INT64_MIN, INT64_MAX}, natural = {0, INT32_MAX},
				  limit = {-1, INT64_MAX}, port = {1, 65535}, percent = {0, 100},
				  score = {-1000, 1000}, signed_int = {INT32_MIN, INT32_MAX},
				  weight = {0, 1000};
static const char *const conditions[] = {"service_started", "service_healthy",
					 "service_completed_successfully", NULL};
static const char *const cgroups[] = {"host", "private", NULL};
static const char *const port_modes[] = {"ingress", "host", NULL};
static const char *const mount_types[] = {"bind", "volume", "tmpfs", "image", NULL};
static const char *const propagations[] = {"rprivate", "private", "rshared", "shared",
					   "rslave",   "slave",	  NULL};
static const char *const recursions[] = {"enabled", "disabled", "writable", "readonly", NULL};
static const char *const selinux[] = {"z", "Z", NULL};
static const char *const deploy_modes[] = {"replicated", "global", "replicated-job", "global-job",
					   NULL};
static const char *const endpoint_modes[] = {"vip", "dnsrr", NULL};
static const char *const failures[] = {"pause", "continue", "rollback", NULL};
static const char *const orders[] = {"start-first", "stop-first", NULL};
static const char *const restarts[] = {"none", "on-failure", "any", NULL};

#define BUILDKIT "it needs BuildKit, which the engine's build API does not have"
#define OLD	 "a key of an old design without a meaning in Compose"

/* --- Shapes that several keys have --- */

#define HOOK(P)                                                                                    \
	ROW(P "command", YES, REFUSE, NULL, .read = compose_read_command),                         \
		ROW(P "user", YES, REFUSE, NULL, .read = compose_read_text),                       \
		ROW(P "privileged", YES, REFUSE, NULL, .read = compose_read_bool),                 \
		ROW(P "working_dir", YES, REFUSE, NULL, .read = compose_read_text),                \
		ROW(P "environment", YES, REFUSE, NULL, .read = compose_read_hook_env)

#define UPDATE(P)                                                                                  \
	ROW(P "parallelism", IGNORE, YES, NULL, .read = compose_read_int, .with = &natural),       \
		ROW(P "delay", IGNORE, YES, NULL, .read = compose_read_duration),                  \
		ROW(P "failure_action", IGNORE, YES, NULL, .read = compose_read_word,              \
		    .with = failures),                                                             \
		ROW(P "monitor", IGNORE, YES, NULL, .read = compose_read_duration),                \
		ROW(P "max_failure_ratio", IGNORE, YES, NULL, .read = compose_read_number),        \
		ROW(P "order", IGNORE, YES, NULL, .read = compose_read_word, .with = orders)

#define REFERENCE(P)                                                                               \
	ROW(P "source", YES, YES, NULL, .read = compose_read_text),                                \
		ROW(P "target", YES, YES, NULL, .read = compose_read_text),                        \
		ROW(P "uid", YES, YES, NULL, .read = compose_read_text),                           \
		ROW(P "gid", YES, YES, NULL, .read = compose_read_text),                           \
		ROW(P "mode", YES, YES, NULL, .read = compose_read_mode)

#define DEVICE_REQUEST(P, SWARM)                                                                   \
	ROW(P "capabilities", YES, SWARM, NULL, .read = compose_read_texts),                       \
		ROW(P "count", YES, SWARM, NULL, .read = compose_read_count, .with = &limit),      \
		ROW(P "device_ids", YES, SWARM, NULL, .read = compose_read_texts),                 \
		ROW(P "driver", YES, SWARM, NULL, .read = compose_read_text),                      \
		ROW(P "options", YES, SWARM, NULL, .read = compose_read_pairs)

#define ULIMIT(P)                                                                                  \
	ROW(P "soft", YES, YES, NULL, .read = compose_read_int, .with = &limit),                   \
		ROW(P "hard", YES, YES, NULL, .read = compose_read_int, .with = &limit)

/* --- Levels below a service --- */

#define S "services.*."

static const struct compose_entry weight_device_entries[] = {
	ROW(S "blkio_config.weight_device.*.path", YES, REFUSE, NULL, .read = compose_read_text),
	ROW(S "blkio_config.weight_device.*.weight", YES, REFUSE, NULL, .read = compose_read_int,
	    .with = &weight),
};
LEVEL(weight_device, S "blkio_config.weight_device.*.", false);

#define RATES(NAME, PATH)                                                                          \
	static const struct compose_entry NAME##_entries[] = {                                     \
		ROW(S "blkio_config." PATH ".*.path", YES, REFUSE, NULL,                           \
		    .read = compose_read_text),                                                    \
		ROW(S "blkio_config." PATH ".*.rate", YES, REFUSE, NULL,                           \
		    .read = compose_read_bytes),                                                   \
	};                                                                                         \
	LEVEL(NAME, S "blkio_config." PATH ".*.", false)

RATES(read_bps, "device_read_bps");
RATES(read_iops, "device_read_iops");
RATES(write_bps, "device_write_bps");
RATES(write_iops, "device_write_iops");

#define B S "blkio_config."
static const struct compose_entry blkio_entries[] = {
	ROW(B "weight", YES, REFUSE, NULL, .read = compose_read_int, .with = &weight),
	ROW(B "weight_device", YES, REFUSE, NULL, .read = compose_read_maps,
	    .level = &weight_device_level),
	ROW(B "device_read_bps", YES, REFUSE, NULL, .read = compose_read_maps,
	    .level = &read_bps_level),
	ROW(B "device_read_iops", YES, REFUSE, NULL, .read = compose_read_maps,
	    .level = &read_iops_level),
	ROW(B "device_write_bps", YES, REFUSE, NULL, .read = compose_read_maps,
	    .level = &write_bps_level),
	ROW(B "device_write_iops", YES, REFUSE, NULL, .read = compose_read_maps,
	    .level = &write_iops_level),
};
#undef B
LEVEL(blkio, S "blkio_config.", false);

static const struct compose_entry build_ulimit_entries[] = {ULIMIT(S "build.ulimits.*.")};
LEVEL(build_ulimit, S "build.ulimits.*.", true);

#define B S "build."
static const struct compose_entry build_entries[] = {
	ROW(B "context", YES, YES, NULL, .read = compose_read_context),
	ROW(B "dockerfile", YES, YES, NULL, .read = compose_read_text),
	ROW(B "dockerfile_inline", YES, YES, NULL, .read = compose_read_text),
	ROW(B "args", YES, YES, NULL, .read = compose_read_args),
	ROW(B "target", YES, YES, NULL, .read = compose_read_text),
	ROW(B "labels", YES, YES, NULL, .read = compose_read_pairs),
	ROW(B "cache_from", YES, YES, NULL, .read = compose_read_texts),
	ROW(B "network", YES, YES, NULL, .read = compose_read_text),
	ROW(B "shm_size", YES, YES, NULL, .read = compose_read_bytes),
	ROW(B "extra_hosts", YES, YES, NULL, .read = compose_read_hosts),
	ROW(B "tags", YES, YES, NULL, .read = compose_read_texts),
	ROW(B "no_cache", YES, YES, NULL, .read = compose_read_bool),
	ROW(B "pull", YES, YES, NULL, .read = compose_read_bool),
	ROW(B "platforms", YES, YES, NULL, .read = compose_read_platforms),
	ROW(B "ulimits", YES, YES, NULL, .read = compose_read_ulimits,
	    .level = &build_ulimit_level),
	ROW(B "isolation", YES, YES, NULL, .read = compose_read_text),
	ROW(B "secrets", REFUSE, REFUSE, BUILDKIT, .read = NULL),
	ROW(B "ssh", REFUSE, REFUSE, BUILDKIT, .read = NULL),
	ROW(B "additional_contexts", REFUSE, REFUSE, BUILDKIT, .read = NULL),
	ROW(B "entitlements", REFUSE, REFUSE, BUILDKIT, .read = NULL),
	ROW(B "privileged", REFUSE, REFUSE, BUILDKIT, .read = NULL),
	ROW(B "cache_to", IGNORE, IGNORE, BUILDKIT, .read = NULL),
	ROW(B "no_cache_filter", IGNORE, IGNORE, BUILDKIT, .read = NULL),
	ROW(B "provenance", IGNORE, IGNORE, BUILDKIT, .read = NULL),
	ROW(B "sbom", IGNORE, IGNORE, BUILDKIT, .read = NULL),
};
#undef B
LEVEL(build, S "build.", false);

static const struct compose_entry secret_ref_entries[] = {REFERENCE(S "secrets.*.")};
LEVEL(secret_ref, S "secrets.*.", false);
static const struct compose_entry config_ref_entries[] = {REFERENCE(S "configs.*.")};
LEVEL(config_ref, S "configs.*.", false);

static const struct compose_entry depends_entries[] = {
	ROW(S "depends_on.*.condition", YES, IGNORE, NULL, .read = compose_read_word,
	    .with = conditions),
	ROW(S "depends_on.*.restart", YES, IGNORE, NULL, .read = compose_read_bool),
	ROW(S "depends_on.*.required", YES, IGNORE, NULL, .read = compose_read_bool),
};
LEVEL(depends, S "depends_on.*.", true);

#define U S "deploy.update_config."
static const struct compose_entry update_entries[] = {UPDATE(U)};
LEVEL(update, U, false);
#undef U
#define U S "deploy.rollback_config."
static const struct compose_entry rollback_entries[] = {UPDATE(U)};
LEVEL(rollback, U, false);
#undef U

#define L S "deploy.resources.limits."
static const struct compose_entry limits_entries[] = {
	ROW(L "cpus", YES, YES, NULL, .read = compose_read_number),
	ROW(L "memory", YES, YES, NULL, .read = compose_read_bytes),
	ROW(L "pids", YES, YES, NULL, .read = compose_read_int, .with = &limit),
};
LEVEL(limits, L, false);
#undef L

#define R S "deploy.resources.reservations."
static const struct compose_entry discrete_entries[] = {
	ROW(R "generic_resources.*.discrete_resource_spec.kind", IGNORE, YES, NULL,
	    .read = compose_read_text),
	ROW(R "generic_resources.*.discrete_resource_spec.value", IGNORE, YES, NULL,
	    .read = compose_read_int, .with = &natural),
};
LEVEL(discrete, R "generic_resources.*.discrete_resource_spec.", false);

static const struct compose_entry generic_entries[] = {
	ROW(R "generic_resources.*.discrete_resource_spec", IGNORE, YES, NULL,
	    .read = compose_read_map, .level = &discrete_level),
};
LEVEL(generic, R "generic_resources.*.", false);

static const struct compose_entry device_request_entries[] = {
	DEVICE_REQUEST(R "devices.*.", REFUSE)};
LEVEL(device_request, R "devices.*.", false);

static const struct compose_entry reservations_entries[] = {
	ROW(R "cpus", IGNORE, YES, "a container cannot reserve CPUs", .read = compose_read_number),
	ROW(R "memory", YES, YES, NULL, .read = compose_read_bytes),
	ROW(R "generic_resources", IGNORE, YES, "only Swarm places services by them",
	    .read = compose_read_maps, .level = &generic_level),
	ROW(R "devices", YES, REFUSE, "Swarm has generic_resources for devices",
	    .read = compose_read_maps, .level = &device_request_level),
};
LEVEL(reservations, R, false);
#undef R

static const struct compose_entry resources_entries[] = {
	ROW(S "deploy.resources.limits", YES, YES, NULL, .read = compose_read_map,
	    .level = &limits_level),
	ROW(S "deploy.resources.reservations", YES, YES, NULL, .read = compose_read_map,
	    .level = &reservations_level),
};
LEVEL(resources, S "deploy.resources.", false);

#define R S "deploy.restart_policy."
static const struct compose_entry restart_entries[] = {
	ROW(R "condition", YES, YES, NULL, .read = compose_read_word, .with = restarts),
	ROW(R "delay", IGNORE, YES, "the engine waits longer after each failure by itself",
	    .read = compose_read_duration, .mild = true),
	ROW(R "max_attempts", YES, YES, "without Swarm it counts with condition: on-failure only",
	    .read = compose_read_int, .with = &natural),
	ROW(R "window", IGNORE, YES, "only Swarm has it", .read = compose_read_duration,
	    .mild = true),
};
LEVEL(restart, R, false);
#undef R

static const struct compose_entry preference_entries[] = {
	ROW(S "deploy.placement.preferences.*.spread", IGNORE, YES, NULL,
	    .read = compose_read_text),
};
LEVEL(preference, S "deploy.placement.preferences.*.", false);

static const struct compose_entry placement_entries[] = {
	ROW(S "deploy.placement.constraints", IGNORE, YES, NULL, .read = compose_read_texts),
	ROW(S "deploy.placement.preferences", IGNORE, YES, NULL, .read = compose_read_maps,
	    .level = &preference_level),
	ROW(S "deploy.placement.max_replicas_per_node", IGNORE, YES, NULL, .read = compose_read_int,
	    .with = &natural),
};
LEVEL(placement, S "deploy.placement.", false);

#define ONE_MACHINE "Compose mode has one machine only"
static const struct compose_entry deploy_entries[] = {
	ROW(S "deploy.mode", IGNORE, YES, ONE_MACHINE, .read = compose_read_word,
	    .with = deploy_modes, .harmless = compose_harmless_deploy_mode),
	ROW(S "deploy.replicas", YES, YES, NULL, .read = compose_read_int, .with = &natural),
	ROW(S "deploy.labels", IGNORE, YES, "labels of Swarm services; labels: is for containers",
	    .read = compose_read_pairs),
	ROW(S "deploy.endpoint_mode", IGNORE, YES, "only Swarm has virtual addresses",
	    .read = compose_read_word, .with = endpoint_modes),
	ROW(S "deploy.update_config", IGNORE, YES, "x-kata-order: chooses the order of an update",
	    .read = compose_read_map, .level = &update_level),
	ROW(S "deploy.rollback_config", IGNORE, YES, "only Swarm rolls back",
	    .read = compose_read_map, .level = &rollback_level),
	ROW(S "deploy.resources", YES, YES, NULL, .read = compose_read_map,
	    .level = &resources_level),
	ROW(S "deploy.restart_policy", YES, YES, NULL, .read = compose_read_map,
	    .level = &restart_level),
	ROW(S "deploy.placement", IGNORE, YES, ONE_MACHINE, .read = compose_read_map,
	    .level = &placement_level),
};
LEVEL(deploy, S "deploy.", false);

static const struct compose_entry device_entries[] = {
	ROW(S "devices.*.source", YES, REFUSE, NULL, .read = compose_read_text),
	ROW(S "devices.*.target", YES, REFUSE, NULL, .read = compose_read_text),
	ROW(S "devices.*.permissions", YES, REFUSE, NULL, .read = compose_read_text),
};
LEVEL(device, S "devices.*.", false);

static const struct compose_entry gpu_entries[] = {DEVICE_REQUEST(S "gpus.*.", REFUSE)};
LEVEL(gpu, S "gpus.*.", false);

static const struct compose_entry health_entries[] = {
	ROW(S "healthcheck.test", YES, YES, NULL, .read = compose_read_test),
	ROW(S "healthcheck.interval", YES, YES, NULL, .read = compose_read_duration),
	ROW(S "healthcheck.timeout", YES, YES, NULL, .read = compose_read_duration),
	ROW(S "healthcheck.retries", YES, YES, NULL, .read = compose_read_int, .with = &natural),
	ROW(S "healthcheck.start_period", YES, YES, NULL, .read = compose_read_duration),
	ROW(S "healthcheck.start_interval", YES, YES, "from API 1.44 (Docker 25)",
	    .read = compose_read_duration),
	ROW(S "healthcheck.disable", YES, YES, NULL, .read = compose_read_bool),
	ROW(S "healthcheck.path", IGNORE, IGNORE,
	    "write a command: test: [CMD, curl, -f, http://127.0.0.1:8000/health]", .read = NULL),
};
LEVEL(health, S "healthcheck.", false);

static const struct compose_entry logging_entries[] = {
	ROW(S "logging.driver", YES, YES, NULL, .read = compose_read_text),
	ROW(S "logging.options", YES, YES, NULL, .read = compose_read_options),
};
LEVEL(logging, S "logging.", false);

#define STATIC_IP "Swarm gives addresses itself"
#define N	  S "networks.*."
static const struct compose_entry attach_entries[] = {
	ROW(N "aliases", YES, YES, NULL, .read = compose_read_texts),
	ROW(N "ipv4_address", YES, IGNORE, STATIC_IP, .read = compose_read_text),
	ROW(N "ipv6_address", YES, IGNORE, STATIC_IP, .read = compose_read_text),
	ROW(N "link_local_ips", YES, IGNORE, STATIC_IP, .read = compose_read_texts),
	ROW(N "mac_address", YES, IGNORE, STATIC_IP, .read = compose_read_text),
	ROW(N "driver_opts", YES, YES, NULL, .read = compose_read_options),
	ROW(N "priority", YES, IGNORE, NULL, .read = compose_read_int, .with = &signed_int),
	ROW(N "gw_priority", YES, IGNORE, "from API 1.48 (Docker 28), and not in Swarm",
	    .read = compose_read_int, .with = &signed_int),
	ROW(N "interface_name", YES, IGNORE, "from API 1.49 (Docker 28), and not in Swarm",
	    .read = compose_read_text),
};
#undef N
LEVEL(attach, S "networks.*.", true);

#define ALL_INTERFACES                                                                             \
	"Swarm publishes on every interface of every node; remove the address, or deploy in "      \
	"Compose mode (x-kata-mode: compose)"
static const struct compose_entry port_entries[] = {
	ROW(S "ports.*.target", YES, YES, NULL, .read = compose_read_int, .with = &port),
	ROW(S "ports.*.published", YES, YES, NULL, .read = compose_read_text),
	ROW(S "ports.*.host_ip", YES, REFUSE, ALL_INTERFACES, .read = compose_read_text,
	    .harmless = compose_harmless_address),
	ROW(S "ports.*.protocol", YES, YES, NULL, .read = compose_read_text),
	ROW(S "ports.*.mode", IGNORE, YES, NULL, .read = compose_read_word, .with = port_modes),
	ROW(S "ports.*.name", IGNORE, IGNORE, NULL, .read = compose_read_text),
	ROW(S "ports.*.app_protocol", IGNORE, IGNORE, NULL, .read = compose_read_text),
};
LEVEL(port, S "ports.*.", false);

static const struct compose_entry post_start_entries[] = {HOOK(S "post_start.*.")};
LEVEL(post_start, S "post_start.*.", false);
static const struct compose_entry pre_stop_entries[] = {HOOK(S "pre_stop.*.")};
LEVEL(pre_stop, S "pre_stop.*.", false);

static const struct compose_entry ulimit_entries[] = {ULIMIT(S "ulimits.*.")};
LEVEL(ulimit, S "ulimits.*.", true);

#define V S "volumes.*."
static const struct compose_entry bind_entries[] = {
	ROW(V "bind.propagation", YES, YES, NULL, .read = compose_read_word, .with = propagations),
	ROW(V "bind.create_host_path", YES, YES, NULL, .read = compose_read_bool),
	ROW(V "bind.recursive", YES, YES, NULL, .read = compose_read_word, .with = recursions),
	ROW(V "bind.selinux", YES, IGNORE, "Swarm cannot relabel files", .read = compose_read_word,
	    .with = selinux),
};
LEVEL(bind, V "bind.", false);
static const struct compose_entry volume_mount_entries[] = {
	ROW(V "volume.nocopy", YES, YES, NULL, .read = compose_read_bool),
	ROW(V "volume.subpath", YES, YES, "from API 1.45 (Docker 26)", .read = compose_read_text),
	ROW(V "volume.labels", YES, YES, NULL, .read = compose_read_pairs),
};
LEVEL(volume_mount, V "volume.", false);
static const struct compose_entry tmpfs_entries[] = {
	ROW(V "tmpfs.size", YES, YES, NULL, .read = compose_read_bytes),
	ROW(V "tmpfs.mode", YES, YES, NULL, .read = compose_read_mode),
};
LEVEL(tmpfs, V "tmpfs.", false);
static const struct compose_entry image_mount_entries[] = {
	ROW(V "image.subpath", YES, YES, "from API 1.48 (Docker 28)", .read = compose_read_text),
};
LEVEL(image_mount, V "image.", false);
static const struct compose_entry mount_entries[] = {
	ROW(V "type", YES, YES, "bind, volume, tmpfs or image; npipe and cluster are refused",
	    .read = compose_read_word, .with = mount_types),
	ROW(V "source", YES, YES, NULL, .read = compose_read_text),
	ROW(V "target", YES, YES, NULL, .read = compose_read_text),
	ROW(V "read_only", YES, YES, NULL, .read = compose_read_bool),
	ROW(V "consistency", IGNORE, IGNORE, NULL, .read = NULL),
	ROW(V "bind", YES, YES, NULL, .read = compose_read_map, .level = &bind_level),
	ROW(V "volume", YES, YES, NULL, .read = compose_read_map, .level = &volume_mount_level),
	ROW(V "tmpfs", YES, YES, NULL, .read = compose_read_map, .level = &tmpfs_level),
	ROW(V "image", YES, YES, NULL, .read = compose_read_map, .level = &image_mount_level),
};
LEVEL(mount, V, false);
#undef V

static const struct compose_entry ready_entries[] = {
	ROW(S "x-kata-ready.after", YES, YES, NULL, .read = compose_read_duration),
	ROW(S "x-kata-ready.timeout", YES, YES, NULL, .read = compose_read_duration),
};
LEVEL(ready, S "x-kata-ready.", false);

#define E S "env_file.*."
static const char *const env_formats[] = {"raw", NULL};
static const struct compose_entry env_file_entries[] = {
	ROW(E "path", YES, YES, NULL, .read = compose_read_path),
	ROW(E "required", YES, YES, NULL, .read = compose_read_bool),
	ROW(E "format", YES, YES, "raw: no quotes and comments", .read = compose_read_word,
	    .with = env_formats),
};
LEVEL(env_file, E, false);
#undef E

static const struct compose_entry extends_entries[] = {
	ROW(S "extends.service", YES, YES, NULL, .read = compose_read_text),
	ROW(S "extends.file", YES, YES, NULL, .read = compose_read_path),
};
LEVEL(extends, S "extends.", false);

/* --- A service --- */

#define TUNING	"Swarm has no such setting"
#define NO_HOST "a Swarm service cannot share a namespace of its host"
static const struct compose_entry service_entries[] = {
	ROW(S "image", YES, YES, NULL, .read = compose_read_text),
	ROW(S "command", YES, YES, "words, not a shell", .read = compose_read_command),
	ROW(S "environment", YES, YES, "laid over the app's environment", .read = NULL),
	ROW(S "ports", YES, YES, NULL, .read = compose_read_ports, .level = &port_level),
	ROW(S "volumes", YES, YES, NULL, .read = compose_read_volumes, .level = &mount_level),
	ROW(S "restart", YES, YES, NULL, .read = compose_read_restart),
	ROW(S "depends_on", YES, IGNORE, "Swarm starts services in any order and restarts them",
	    .read = compose_read_depends, .level = &depends_level, .mild = true),
	ROW(S "networks", YES, YES, NULL, .read = compose_read_networks, .level = &attach_level),
	ROW(S "healthcheck", YES, YES, NULL, .read = compose_read_health, .level = &health_level),
	ROW(S "deploy", YES, YES, NULL, .read = compose_read_map, .level = &deploy_level),
	ROW(S "env_file", YES, YES, "Compose's dialect in both modes", .read = NULL,
	    .level = &env_file_level),
	ROW(S "build", YES, YES, NULL, .read = compose_read_build, .level = &build_level),
	ROW(S "labels", YES, YES, NULL, .read = compose_read_pairs),
	ROW(S "container_name", YES, IGNORE, "Swarm names its containers",
	    .read = compose_read_container_name),
	ROW(S "entrypoint", YES, YES, NULL, .read = compose_read_command),
	ROW(S "working_dir", YES, YES, NULL, .read = compose_read_text),
	ROW(S "user", YES, YES, NULL, .read = compose_read_text),
	ROW(S "runtime", YES, REFUSE,
	    "a Kata runtime works in both modes; one of the engine's does not in Swarm",
	    .read = compose_read_text),
	ROW(S "annotations", YES, IGNORE, "from API 1.43 (Docker 24), and not in Swarm",
	    .read = compose_read_pairs),
	ROW(S "attach", IGNORE, IGNORE, NULL, .read = NULL),
	ROW(S "blkio_config", YES, REFUSE, TUNING, .read = compose_read_map, .level = &blkio_level),
	ROW(S "cap_add", YES, YES, NULL, .read = compose_read_texts),
	ROW(S "cap_drop", YES, YES, NULL, .read = compose_read_texts),
	ROW(S "cgroup", YES, IGNORE, TUNING, .read = compose_read_word, .with = cgroups),
	ROW(S "cgroup_parent", YES, IGNORE, TUNING, .read = compose_read_text),
	ROW(S "configs", YES, YES, NULL, .read = compose_read_refs, .level = &config_ref_level),
	ROW(S "cpu_count", YES, IGNORE, "of use on Windows only", .read = compose_read_int,
	    .with = &natural),
	ROW(S "cpu_percent", YES, IGNORE, "of use on Windows only", .read = compose_read_int,
	    .with = &percent),
	ROW(S "cpu_period", YES, REFUSE, "use deploy.resources.limits.cpus",
	    .read = compose_read_int, .with = &natural),
	ROW(S "cpu_quota", YES, REFUSE, "use deploy.resources.limits.cpus",
	    .read = compose_read_int, .with = &any),
	ROW(S "cpu_rt_period", YES, REFUSE, TUNING, .read = compose_read_int, .with = &natural),
	ROW(S "cpu_rt_runtime", YES, REFUSE, TUNING, .read = compose_read_int, .with = &natural),
	ROW(S "cpu_shares", YES, REFUSE, "use deploy.resources.limits.cpus",
	    .read = compose_read_int, .with = &natural),
	ROW(S "cpus", YES, YES, NULL, .read = compose_read_number),
	ROW(S "cpuset", YES, REFUSE, TUNING, .read = compose_read_text),
	ROW(S "credential_spec", REFUSE, REFUSE, "Windows only", .read = NULL),
	ROW(S "develop", IGNORE, IGNORE, NULL, .read = NULL),
	ROW(S "device_cgroup_rules", YES, REFUSE, TUNING, .read = compose_read_texts),
	ROW(S "devices", YES, REFUSE, "Swarm cannot hand devices to a service",
	    .read = compose_read_devices, .level = &device_level),
	ROW(S "dns", YES, YES, NULL, .read = compose_read_text_or_list),
	ROW(S "dns_opt", YES, YES, NULL, .read = compose_read_texts),
	ROW(S "dns_search", YES, YES, NULL, .read = compose_read_text_or_list),
	ROW(S "domainname", YES, IGNORE, TUNING, .read = compose_read_text),
	ROW(S "expose", YES, IGNORE, "services of one network reach all ports",
	    .read = compose_read_expose, .mild = true),
	ROW(S "extends", YES, YES, NULL, .read = NULL, .level = &extends_level),
	ROW(S "external_links", YES, REFUSE, "join the other's network, as an external one",
	    .read = compose_read_texts),
	ROW(S "extra_hosts", YES, YES, "host-gateway works in Compose mode only",
	    .read = compose_read_hosts),
	ROW(S "gpus", YES, REFUSE, "Swarm has generic_resources for devices",
	    .read = compose_read_gpus, .level = &gpu_level),
	ROW(S "group_add", YES, YES, NULL, .read = compose_read_texts),
	ROW(S "hostname", YES, YES, NULL, .read = compose_read_text),
	ROW(S "init", YES, YES, NULL, .read = compose_read_bool),
	ROW(S "ipc", YES, IGNORE, NO_HOST, .read = compose_read_text),
	ROW(S "isolation", YES, YES, NULL, .read = compose_read_text),
	ROW(S "label_file", YES, YES, NULL, .read = NULL),
	ROW(S "links", YES, IGNORE, "services reach each other by name without it",
	    .read = compose_read_texts, .mild = true),
	ROW(S "logging", YES, YES, NULL, .read = compose_read_map, .level = &logging_level),
	ROW(S "mac_address", YES, IGNORE, STATIC_IP, .read = compose_read_text),
	ROW(S "mem_limit", YES, YES, NULL, .read = compose_read_bytes, .with = &limit),
	ROW(S "mem_reservation", YES, YES, NULL, .read = compose_read_bytes),
	ROW(S "mem_swappiness", YES, IGNORE, TUNING, .read = compose_read_int, .with = &percent),
	ROW(S "memswap_limit", YES, IGNORE, TUNING, .read = compose_read_bytes, .with = &limit),
	ROW(S "models", REFUSE, REFUSE, "models need Docker Desktop", .read = NULL),
	ROW(S "network_mode", YES, REFUSE, "in Swarm it is host, none or bridge",
	    .read = compose_read_text, .harmless = compose_harmless_network_mode),
	ROW(S "oom_kill_disable", YES, IGNORE, TUNING, .read = compose_read_bool),
	ROW(S "oom_score_adj", YES, YES, "in Swarm from API 1.46 (Docker 27)",
	    .read = compose_read_int, .with = &score, .since = "it needs Docker 27", .mild = true),
	ROW(S "pid", YES, IGNORE, NO_HOST, .read = compose_read_text),
	ROW(S "pids_limit", YES, YES, NULL, .read = compose_read_int, .with = &limit),
	ROW(S "platform", YES, YES, NULL, .read = compose_read_text),
	ROW(S "post_start", YES, REFUSE, "Swarm runs no hooks", .read = compose_read_hooks,
	    .level = &post_start_level),
	ROW(S "pre_start", REFUSE, REFUSE, "use a service of its own and depends_on", .read = NULL),
	ROW(S "pre_stop", YES, REFUSE, "Swarm runs no hooks", .read = compose_read_hooks,
	    .level = &pre_stop_level),
	ROW(S "privileged", YES, REFUSE,
	    "Swarm has no privileged services; try cap_add:", .read = compose_read_bool),
	ROW(S "profiles", YES, YES, NULL, .read = compose_read_texts),
	ROW(S "provider", REFUSE, REFUSE, "providers are plugins of docker compose", .read = NULL),
	ROW(S "pull_policy", YES, IGNORE, "nodes pull what they miss", .read = compose_read_pull,
	    .mild = true),
	ROW(S "pull_refresh_after", IGNORE, IGNORE, NULL, .read = NULL),
	ROW(S "read_only", YES, YES, NULL, .read = compose_read_bool),
	ROW(S "scale", YES, YES, NULL, .read = compose_read_int, .with = &natural),
	ROW(S "secrets", YES, YES, NULL, .read = compose_read_refs, .level = &secret_ref_level),
	ROW(S "security_opt", YES, YES, "in Swarm from API 1.44 (Docker 25)",
	    .read = compose_read_texts, .since = "it needs Docker 25"),
	ROW(S "shm_size", YES, YES, "in Swarm a tmpfs on /dev/shm", .read = compose_read_bytes),
	ROW(S "stdin_open", YES, YES, NULL, .read = compose_read_bool),
	ROW(S "stop_grace_period", YES, YES, NULL, .read = compose_read_duration),
	ROW(S "stop_signal", YES, YES, NULL, .read = compose_read_text),
	ROW(S "storage_opt", YES, IGNORE, TUNING, .read = compose_read_options),
	ROW(S "sysctls", YES, YES, NULL, .read = compose_read_pairs),
	ROW(S "tmpfs", YES, YES, NULL, .read = compose_read_text_or_list),
	ROW(S "tty", YES, YES, NULL, .read = compose_read_bool),
	ROW(S "ulimits", YES, YES, NULL, .read = compose_read_ulimits, .level = &ulimit_level),
	ROW(S "use_api_socket", REFUSE, REFUSE, "mount the engine's socket as a volume",
	    .read = NULL),
	ROW(S "userns_mode", YES, IGNORE, NO_HOST, .read = compose_read_text),
	ROW(S "uts", YES, IGNORE, NO_HOST, .read = compose_read_text),
	ROW(S "volumes_from", YES, REFUSE, "name the volume in both services",
	    .read = compose_read_texts),
	ROW(S "x-kata-order", YES, YES, "start-first or stop-first", .read = compose_read_word,
	    .with = orders),
	ROW(S "x-kata-ready", YES, YES, "how long it must run without a restart",
	    .read = compose_read_ready, .level = &ready_level),
	ROW(S "instances", IGNORE, IGNORE, "write scale: or deploy: {replicas: ...}", .read = NULL),
	ROW(S "type", IGNORE, IGNORE, OLD, .read = NULL),
	ROW(S "root", IGNORE, IGNORE, OLD, .read = NULL),
};
const struct compose_level compose_level_service = {
	S, service_entries, sizeof service_entries / sizeof *service_entries, false};

const struct compose_level *const compose_levels_service[] = {
	&compose_level_service, &weight_device_level,
	&read_bps_level,	&read_iops_level,
	&write_bps_level,	&write_iops_level,
	&blkio_level,		&build_ulimit_level,
	&build_level,		&secret_ref_level,
	&config_ref_level,	&depends_level,
	&update_level,		&rollback_level,
	&limits_level,		&discrete_level,
	&generic_level,		&device_request_level,
	&reservations_level,	&resources_level,
	&restart_level,		&preference_level,
	&placement_level,	&deploy_level,
	&device_level,		&gpu_level,
	&health_level,		&logging_level,
	&attach_level,		&port_level,
	&post_start_level,	&pre_stop_level,
	&ulimit_level,		&bind_level,
	&volume_mount_level,	&tmpfs_level,
	&image_mount_level,	&mount_level,
	&ready_level,		&env_file_level,
	&extends_level,		NULL,
};
