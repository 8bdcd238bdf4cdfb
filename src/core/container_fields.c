/*
 * The table of a container's fields: which key of the file each comes from, and how a live
 * container is compared. The body of the create call is made from it. Names and nesting are those
 * of the Engine API (POST /containers/create); the mapping is docker/compose's
 * pkg/compose/create.go. In the order in which differences are named.
 */
#include "container_private.h"

#define CONFIG(key, name, type, judge)                                                             \
	{                                                                                          \
		key, name, false, 0, FIELD_##type, NULL, container_judge_##judge                   \
	}
#define HOST(key, name, type, judge)                                                               \
	{                                                                                          \
		key, name, true, 0, FIELD_##type, NULL, container_judge_##judge                    \
	}
#define CONFIG_MADE(key, name, make, judge)                                                        \
	{                                                                                          \
		key, name, false, 0, FIELD_TEXT, container_make_##make, container_judge_##judge    \
	}
#define HOST_MADE(key, name, make, judge)                                                          \
	{                                                                                          \
		key, name, true, 0, FIELD_TEXT, container_make_##make, container_judge_##judge     \
	}

static const struct container_field FIELDS[] = {
	CONFIG_MADE("image", "Image", image, same),
	CONFIG("entrypoint", "Entrypoint", LIST, entrypoint),
	CONFIG("command", "Cmd", LIST, command),
	CONFIG_MADE("environment", "Env", env, env),
	CONFIG("working_dir", "WorkingDir", TEXT, image),
	CONFIG("user", "User", TEXT, image),
	HOST_MADE("network_mode", "NetworkMode", network_mode, mode),
	CONFIG("hostname", "Hostname", TEXT, hostname),
	CONFIG("domainname", "Domainname", TEXT, same),
	CONFIG("tty", "Tty", BOOL, same),
	CONFIG("stdin_open", "OpenStdin", BOOL, same),
	CONFIG_MADE("stdin_open", "AttachStdin", stdin, nothing),
	CONFIG_MADE("stdin_open", "StdinOnce", stdin, nothing),
	CONFIG_MADE("image", "AttachStdout", true, nothing),
	CONFIG_MADE("image", "AttachStderr", true, nothing),
	CONFIG("stop_signal", "StopSignal", TEXT, image),
	CONFIG_MADE("stop_grace_period", "StopTimeout", stop_timeout, exact),
	CONFIG_MADE("healthcheck", "Healthcheck", health, health),
	CONFIG_MADE("labels", "Labels", labels, labels),
	CONFIG_MADE("expose", "ExposedPorts", exposed, exposed),
	CONFIG_MADE("mac_address", "MacAddress", mac, nothing), /* judged with the networks */
	HOST_MADE("ports", "PortBindings", published, published),
	HOST_MADE("volumes", "Binds", binds, mounts), /* both at once */
	HOST_MADE("volumes", "Mounts", mounts, nothing),
	HOST_MADE("tmpfs", "Tmpfs", tmpfs, map),
	HOST_MADE("volumes_from", "VolumesFrom", volumes_from, volumes_from),
	HOST_MADE("links", "Links", links, links),
	HOST_MADE("restart", "RestartPolicy", restart, restart),
	{"annotations", "Annotations", true, 43, FIELD_MAP, NULL, container_judge_map},
	HOST_MADE("cap_add", "CapAdd", cap_add, caps),
	HOST_MADE("cap_drop", "CapDrop", cap_drop, caps),
	HOST("init", "Init", BOOL, exact),
	HOST_MADE("ipc", "IpcMode", ipc, ipc),
	HOST_MADE("pid", "PidMode", pid, mode),
	HOST("uts", "UTSMode", TEXT, same),
	HOST("userns_mode", "UsernsMode", TEXT, same),
	HOST("cgroup", "CgroupnsMode", TEXT, given),
	HOST("cgroup_parent", "CgroupParent", TEXT, same),
	HOST("read_only", "ReadonlyRootfs", BOOL, same),
	HOST("privileged", "Privileged", BOOL, same),
	HOST_MADE("security_opt", "SecurityOpt", security, security),
	HOST_MADE("security_opt", "MaskedPaths", masked, masked),
	HOST_MADE("security_opt", "ReadonlyPaths", masked, masked),
	HOST("shm_size", "ShmSize", NUMBER, given),
	HOST("sysctls", "Sysctls", MAP, map),
	HOST_MADE("ulimits", "Ulimits", ulimits, set),
	HOST("dns", "Dns", LIST, same),
	HOST("dns_search", "DnsSearch", LIST, same),
	HOST("dns_opt", "DnsOptions", LIST, same),
	HOST_MADE("extra_hosts", "ExtraHosts", hosts, set),
	HOST("group_add", "GroupAdd", LIST, set),
	HOST_MADE("logging", "LogConfig", log, log),
	HOST("runtime", "Runtime", TEXT, given),
	HOST("isolation", "Isolation", TEXT, given),
	HOST("storage_opt", "StorageOpt", MAP, map),
	HOST("oom_score_adj", "OomScoreAdj", NUMBER, same),
	HOST_MADE("oom_kill_disable", "OomKillDisable", oom_kill, lossy),
	HOST_MADE("cpus", "NanoCpus", cpus, same),
	HOST_MADE("mem_limit", "Memory", memory, same),
	HOST_MADE("mem_reservation", "MemoryReservation", reservation, same),
	HOST("memswap_limit", "MemorySwap", NUMBER, swap),
	HOST_MADE("mem_swappiness", "MemorySwappiness", swappiness, lossy),
	HOST_MADE("pids_limit", "PidsLimit", pids, pids),
	HOST("cpu_shares", "CpuShares", NUMBER, same),
	HOST("cpu_period", "CpuPeriod", NUMBER, same),
	HOST("cpu_quota", "CpuQuota", NUMBER, same),
	HOST("cpu_rt_period", "CpuRealtimePeriod", NUMBER, same),
	HOST("cpu_rt_runtime", "CpuRealtimeRuntime", NUMBER, same),
	HOST("cpu_count", "CpuCount", NUMBER, same),
	HOST_MADE("cpu_percent", "CpuPercent", cpu_percent, lossy),
	HOST("cpuset", "CpusetCpus", TEXT, same),
	HOST("device_cgroup_rules", "DeviceCgroupRules", LIST, same),
	HOST_MADE("devices", "Devices", devices, same),
	HOST_MADE("gpus", "DeviceRequests", device_requests, same),
	HOST_MADE("blkio_config", "BlkioWeight", blkio_weight, lossy),
	HOST_MADE("blkio_config", "BlkioWeightDevice", blkio_weights, lossy),
	HOST_MADE("blkio_config", "BlkioDeviceReadBps", read_bps, same),
	HOST_MADE("blkio_config", "BlkioDeviceWriteBps", write_bps, same),
	HOST_MADE("blkio_config", "BlkioDeviceReadIOps", read_iops, same),
	HOST_MADE("blkio_config", "BlkioDeviceWriteIOps", write_iops, same),
};

const struct container_field *container_field_row(size_t i)
{
	return i < sizeof FIELDS / sizeof *FIELDS ? &FIELDS[i] : NULL;
}
