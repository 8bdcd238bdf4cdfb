/*
 * Keys of the Compose specification outside services, and all rows of the table in a row.
 */
#include "compose_keys.h"

static const struct compose_entry top_entries[] = {
	ROW("services", YES, YES, NULL, .read = NULL),
	ROW("networks", YES, YES, NULL, .read = NULL),
	ROW("volumes", YES, YES, NULL, .read = NULL),
	ROW("secrets", YES, YES, NULL, .read = NULL),
	ROW("configs", YES, YES, NULL, .read = NULL),
	ROW("include", YES, YES, NULL, .read = NULL),
	ROW("name", IGNORE, IGNORE, "the app's folder names the project", .read = NULL),
	ROW("version", IGNORE, IGNORE, "an old key that changes nothing", .read = NULL),
	ROW("models", REFUSE, REFUSE, "models need Docker Desktop", .read = NULL),
};
const struct compose_level compose_level_top = {"", top_entries,
						sizeof top_entries / sizeof *top_entries, false};

static const struct compose_entry include_entries[] = {
	ROW("include.*.path", YES, YES, NULL, .read = compose_read_text_or_list),
	ROW("include.*.project_directory", YES, YES, NULL, .read = compose_read_path),
	ROW("include.*.env_file", REFUSE, REFUSE,
	    "one app has one environment: put the variables into environment: or ENV",
	    .read = NULL),
};
const struct compose_level compose_level_include = {
	"include.*.", include_entries, sizeof include_entries / sizeof *include_entries, false};

#define C "networks.*.ipam.config.*."
static const struct compose_entry subnet_entries[] = {
	ROW(C "subnet", YES, YES, NULL, .read = compose_read_text),
	ROW(C "ip_range", YES, YES, NULL, .read = compose_read_text),
	ROW(C "gateway", YES, YES, NULL, .read = compose_read_text),
	ROW(C "aux_addresses", YES, YES, NULL, .read = compose_read_options),
};
LEVEL(subnet, C, false);
#undef C

static const struct compose_entry ipam_entries[] = {
	ROW("networks.*.ipam.driver", YES, YES, NULL, .read = compose_read_text),
	ROW("networks.*.ipam.config", YES, YES, NULL, .read = compose_read_maps,
	    .level = &subnet_level),
	ROW("networks.*.ipam.options", YES, YES, NULL, .read = compose_read_options),
};
LEVEL(ipam, "networks.*.ipam.", false);

/* The deprecated form {name: x} of external. */
#define EXTERNAL(NAME, PATH)                                                                       \
	static const struct compose_entry NAME##_entries[] = {                                     \
		ROW(PATH ".name", YES, YES, NULL, .read = compose_read_text)};                     \
	LEVEL(NAME, PATH ".", false)

EXTERNAL(external_network, "networks.*.external");
EXTERNAL(external_volume, "volumes.*.external");
EXTERNAL(external_secret, "secrets.*.external");
EXTERNAL(external_config, "configs.*.external");

static const struct compose_entry network_entries[] = {
	ROW("networks.*.name", YES, YES, NULL, .read = compose_read_text),
	ROW("networks.*.driver", YES, YES, NULL, .read = compose_read_text),
	ROW("networks.*.driver_opts", YES, YES, NULL, .read = compose_read_options),
	ROW("networks.*.attachable", YES, YES, NULL, .read = compose_read_bool),
	ROW("networks.*.internal", YES, YES, NULL, .read = compose_read_bool),
	ROW("networks.*.enable_ipv4", YES, YES, "from API 1.48 (Docker 28)",
	    .read = compose_read_bool),
	ROW("networks.*.enable_ipv6", YES, YES, NULL, .read = compose_read_bool),
	ROW("networks.*.ipam", YES, YES, NULL, .read = compose_read_map, .level = &ipam_level),
	ROW("networks.*.labels", YES, YES, NULL, .read = compose_read_pairs),
	ROW("networks.*.external", YES, YES, NULL, .read = compose_read_external,
	    .level = &external_network_level),
};
const struct compose_level compose_level_network = {
	"networks.*.", network_entries, sizeof network_entries / sizeof *network_entries, true};

static const struct compose_entry volume_entries[] = {
	ROW("volumes.*.name", YES, YES, NULL, .read = compose_read_text),
	ROW("volumes.*.driver", YES, YES, NULL, .read = compose_read_text),
	ROW("volumes.*.driver_opts", YES, YES, NULL, .read = compose_read_options),
	ROW("volumes.*.labels", YES, YES, NULL, .read = compose_read_pairs),
	ROW("volumes.*.external", YES, YES, NULL, .read = compose_read_external,
	    .level = &external_volume_level),
};
const struct compose_level compose_level_volume = {
	"volumes.*.", volume_entries, sizeof volume_entries / sizeof *volume_entries, true};

#define ONLY_SWARM "only Swarm has it; use file: or environment:"

static const struct compose_entry secret_entries[] = {
	ROW("secrets.*.name", IGNORE, YES, NULL, .read = compose_read_text),
	ROW("secrets.*.file", YES, YES, NULL, .read = compose_read_path),
	ROW("secrets.*.environment", YES, YES, NULL, .read = compose_read_text),
	ROW("secrets.*.external", REFUSE, YES, ONLY_SWARM, .read = compose_read_external,
	    .level = &external_secret_level),
	ROW("secrets.*.labels", IGNORE, YES, NULL, .read = compose_read_pairs),
	ROW("secrets.*.driver", REFUSE, YES, ONLY_SWARM, .read = compose_read_text),
	ROW("secrets.*.driver_opts", REFUSE, YES, ONLY_SWARM, .read = compose_read_options),
	ROW("secrets.*.template_driver", REFUSE, YES, ONLY_SWARM, .read = compose_read_text),
};
const struct compose_level compose_level_secret = {
	"secrets.*.", secret_entries, sizeof secret_entries / sizeof *secret_entries, true};

static const struct compose_entry config_entries[] = {
	ROW("configs.*.name", IGNORE, YES, NULL, .read = compose_read_text),
	ROW("configs.*.file", YES, YES, NULL, .read = compose_read_path),
	ROW("configs.*.environment", YES, YES, NULL, .read = compose_read_text),
	ROW("configs.*.content", YES, YES, NULL, .read = compose_read_text),
	ROW("configs.*.external", REFUSE, YES, ONLY_SWARM, .read = compose_read_external,
	    .level = &external_config_level),
	ROW("configs.*.labels", IGNORE, YES, NULL, .read = compose_read_pairs),
	ROW("configs.*.template_driver", REFUSE, YES, ONLY_SWARM, .read = compose_read_text),
};
const struct compose_level compose_level_config = {
	"configs.*.", config_entries, sizeof config_entries / sizeof *config_entries, true};

static const struct compose_level *const top_levels[] = {
	&compose_level_top,
	&compose_level_include,
	&compose_level_network,
	&subnet_level,
	&ipam_level,
	&external_network_level,
	&compose_level_volume,
	&external_volume_level,
	&compose_level_secret,
	&external_secret_level,
	&compose_level_config,
	&external_config_level,
	NULL,
};

const struct compose_key *compose_key_row(size_t i)
{
	const struct compose_level *const *lists[] = {top_levels, compose_levels_service};

	for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
		for (size_t at = 0; lists[list][at]; at++) {
			if (i < lists[list][at]->count)
				return &lists[list][at]->entries[i].row;
			i -= lists[list][at]->count;
		}
	}
	return NULL;
}
