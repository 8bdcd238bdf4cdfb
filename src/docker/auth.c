/*
 * Credentials for registries, from the config.json of the docker CLI and the credential helpers it
 * names. Nothing of what they hold goes into an error: a helper's failure is told by its name and
 * exit code alone.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kata/child.h"
#include "kata/docker.h"
#include "kata/file.h"
#include "kata/hash.h"
#include "kata/json.h"

enum { CONFIG_MAX = 1 << 20, HELPER_MS = 20000, HELPER_MAX = 1 << 20 };

static const char hub_key[] = "https://index.docker.io/v1/";

/* --- config.json --- */

/* Overwrites what held secrets, before the memory is used for something else. */
static void str_forget(struct str *s)
{
	explicit_bzero(s->p, s->len);
	str_release(s);
}

static bool config_parse(struct docker *docker, const char *path, const struct str *bytes,
			 struct kata_error *e)
{
	struct kata_error ignored;
	json_t *config = json_parse_new(bytes->p, bytes->len, &ignored);

	if (json_is_object(config)) {
		docker->config = config;
		return true;
	}
	/* The parser's own words may quote the file. */
	json_decref(config);
	error_set(e, ERROR_INVALID, "%s is no JSON object", path);
	error_hint(e, "correct it, or remove it and run docker login again");
	return false;
}

static bool config_read(struct docker *docker, const char *config_home, struct kata_error *e)
{
	struct str path = STR_INIT, bytes = STR_INIT;

	if (docker->config_read || !config_home || !*config_home)
		return true;
	str_addf(&path, "%s/config.json", config_home);
	bool ok = file_read(AT_FDCWD, path.p, CONFIG_MAX, &bytes, e);
	/* Nobody has logged in here; an empty file is what some tools leave. */
	if (!ok && e->code == ERROR_NOT_FOUND)
		ok = true;
	else if (ok && bytes.len)
		ok = config_parse(docker, path.p, &bytes, e);
	docker->config_read = ok;
	str_release(&path);
	str_forget(&bytes);
	return ok;
}

/* --- one registry --- */

static const char *text_member(const json_t *o, const char *key)
{
	const char *text = json_member_text(o, key);

	return text && *text ? text : NULL;
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, json_string(text));
}

/* Splits base64("user:password") into auth. */
static bool auth_decode(json_t *auth, const char *text)
{
	struct str plain = STR_INIT;
	bool ok = base64_decode(text, strlen(text), &plain);
	const char *colon = ok ? strchr(plain.p, ':') : NULL;

	ok = colon && colon != plain.p;
	if (ok) {
		json_object_set_new(auth, "username",
				    json_stringn(plain.p, (size_t)(colon - plain.p)));
		set_text(auth, "password", colon + 1);
		ok = json_object_get(auth, "username") && json_object_get(auth, "password");
	}
	str_forget(&plain);
	return ok;
}

/* What is sent for an entry of auths; NULL in *auth when there is nothing in it. */
static bool auth_from_entry(const char *server, const json_t *entry, json_t **auth,
			    struct kata_error *e)
{
	const char *encoded = text_member(entry, "auth");

	json_t *found = json_object();

	*auth = NULL;
	set_text(found, "username", text_member(entry, "username"));
	set_text(found, "password", text_member(entry, "password"));
	if (encoded && !auth_decode(found, encoded)) {
		json_decref(found);
		error_set(e, ERROR_INVALID,
			  "config.json: the auth of %s is not base64 of user:password", server);
		error_hint(e, "run docker login %s again", server);
		return false;
	}
	set_text(found, "identitytoken", text_member(entry, "identitytoken"));
	set_text(found, "registrytoken", text_member(entry, "registrytoken"));
	if (json_object_size(found) == 0) {
		json_decref(found);
		return true;
	}
	set_text(found, "serveraddress", server);
	*auth = found;
	return true;
}

/* The host of "host", "host/v1/", "https://host:port/v2/". */
static size_t host_of(const char *server, const char **host)
{
	const char *scheme = strstr(server, "://");

	*host = scheme ? scheme + 3 : server;
	return strcspn(*host, "/");
}

static bool same_host(const char *one, const char *other)
{
	const char *host, *other_host;
	size_t len = host_of(one, &host);

	return host_of(other, &other_host) == len && strncmp(host, other_host, len) == 0;
}

/* The entry of auths for a key: the very same, else the first that names its host. */
static const json_t *entry_find(const json_t *config, const char *key, const char **server)
{
	const json_t *auths = json_object_get(config, "auths");
	const json_t *entry = json_object_get(auths, key);
	const char *name;

	*server = key;
	if (entry)
		return entry;
	json_object_foreach((json_t *)auths, name, entry)
		if (same_host(name, key)) {
			*server = name;
			return entry;
		}
	return NULL;
}

/* --- helpers --- */

static const char *helper_of(const json_t *config, const char *key)
{
	const json_t *helpers = json_object_get(config, "credHelpers");

	/* An entry of its own wins, also an empty one. */
	if (json_object_get(helpers, key))
		return text_member(helpers, key);
	return text_member(config, "credsStore");
}

/* Runs a helper; *absent: it knows nothing of that server. */
static bool helper_run(const char *helper, const char *verb, const char *input, json_t **answer,
		       bool *absent, struct kata_error *e)
{
	struct str program = STR_INIT, out = STR_INIT;
	struct kata_error ignored;
	int status = 0;

	*answer = NULL;
	*absent = false;
	if (strchr(helper, '/'))
		return error_set(e, ERROR_INVALID,
				 "config.json: a credential helper's name has a slash");
	str_addf(&program, "docker-credential-%s", helper);
	const char *const argv[] = {program.p, verb, NULL};
	bool ok = child_run(argv, input, strlen(input), HELPER_MS, HELPER_MAX, &out, NULL, &status,
			    e);
	if (!ok && e->code == ERROR_NOT_FOUND) {
		error_hint(e, "config.json of docker names it; install it or correct the file");
	} else if (ok && status == 0) {
		*answer = json_parse_new(out.p, out.len, &ignored);
		if (!json_is_object(*answer))
			ok = error_set(e, ERROR_PROTOCOL, "%s gave no JSON object", program.p);
	} else if (ok && strstr(out.p, "credentials not found in native keychain")) {
		*absent = true;
	} else if (ok) {
		ok = error_set(e, ERROR_REFUSED, "%s %s failed with exit code %d", program.p, verb,
			       status);
		error_hint(e, "run it by hand: echo %s | %s %s", input, program.p, verb);
	}
	if (!ok) {
		json_decref(*answer);
		*answer = NULL;
	}
	str_release(&program);
	str_forget(&out);
	return ok;
}

/* What a helper knows of a server; NULL in *auth when that is nothing. */
static bool auth_from_helper(const char *helper, const char *server, json_t **auth,
			     struct kata_error *e)
{
	json_t *answer;
	bool absent;

	*auth = NULL;
	if (!helper_run(helper, "get", server, &answer, &absent, e))
		return false;
	const char *user = text_member(answer, "Username"), *secret = text_member(answer, "Secret");
	if (user && secret) {
		*auth = json_object();
		if (strcmp(user, "<token>") == 0) {
			set_text(*auth, "identitytoken", secret);
		} else {
			set_text(*auth, "username", user);
			set_text(*auth, "password", secret);
		}
		set_text(*auth, "serveraddress", server);
	}
	json_decref(answer);
	return true;
}

/* --- headers --- */

static const char *header_make(struct arena *a, const json_t *value)
{
	struct str text = STR_INIT, encoded = STR_INIT;

	json_canonical(&text, value);
	base64_url_add(&encoded, text.p, text.len);
	const char *header = arena_strndup(a, encoded.p, encoded.len);
	str_forget(&text);
	str_forget(&encoded);
	return header;
}

static const char *key_of(const char *domain)
{
	bool hub = strcmp(domain, "docker.io") == 0 || strcmp(domain, "index.docker.io") == 0;

	return hub ? hub_key : domain;
}

static bool auth_find(const json_t *config, const char *key, json_t **auth, struct kata_error *e)
{
	const char *helper = helper_of(config, key), *server;

	if (helper)
		return auth_from_helper(helper, key, auth, e);
	const json_t *entry = entry_find(config, key, &server);
	*auth = NULL;
	return !entry || auth_from_entry(server, entry, auth, e);
}

bool docker_auth(struct docker *docker, struct arena *a, const char *config_home,
		 const char *domain, const char **header, struct kata_error *e)
{
	json_t *auth = NULL;

	*header = "";
	if (!config_read(docker, config_home, e))
		return false;
	if (!auth_find(docker->config, key_of(domain), &auth, e))
		return false;
	if (auth)
		*header = header_make(a, auth);
	json_decref(auth);
	return true;
}

static void all_add(json_t *all, const json_t *config, const char *key)
{
	struct kata_error ignored;
	json_t *auth = NULL;

	if (!json_object_get(all, key) && auth_find(config, key, &auth, &ignored) && auth)
		json_object_set(all, key, auth);
	json_decref(auth);
}

bool docker_auth_all(struct docker *docker, struct arena *a, const char *config_home,
		     const char **header, struct kata_error *e)
{
	json_t *all = json_object(), *listed = NULL, *value;
	struct kata_error ignored;
	const char *key, *store;
	bool absent;

	*header = "";
	if (!config_read(docker, config_home, e)) {
		json_decref(all);
		return false;
	}
	store = text_member(docker->config, "credsStore");
	if (store)
		helper_run(store, "list", "", &listed, &absent, &ignored);
	json_object_foreach(listed, key, value)
		all_add(all, docker->config, key);
	json_object_foreach(json_object_get(docker->config, "credHelpers"), key, value)
		all_add(all, docker->config, key);
	json_object_foreach(json_object_get(docker->config, "auths"), key, value)
		all_add(all, docker->config, key);
	if (json_object_size(all))
		*header = header_make(a, all);
	json_decref(listed);
	json_decref(all);
	return true;
}
