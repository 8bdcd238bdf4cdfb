/* Credentials: where they are found, what is sent, and that nothing of them is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kata/docker.h"
#include "kata/file.h"
#include "kata/hash.h"
#include "kata/json.h"

static char home[64], old_path[4096];
static struct arena *arena;
static struct docker docker;
static struct kata_error e;

static int setup(void **state)
{
	(void)state;
	snprintf(home, sizeof home, "/tmp/kata-auth-XXXXXX");
	if (!mkdtemp(home))
		return -1;
	snprintf(old_path, sizeof old_path, "%s", getenv("PATH"));
	setenv("PATH", home, 1);
	arena = arena_new();
	memset(&docker, 0, sizeof docker);
	return 0;
}

static int teardown(void **state)
{
	const char **names;
	size_t count;

	(void)state;
	setenv("PATH", old_path, 1);
	json_decref(docker.config);
	if (file_list(home, arena, &names, &count, &e))
		for (size_t i = 0; i < count; i++)
			unlink(arena_printf(arena, "%s/%s", home, names[i]));
	rmdir(home);
	arena_free(arena);
	return 0;
}

static void put(const char *name, const char *text, mode_t mode)
{
	if (!file_write(arena_printf(arena, "%s/%s", home, name), text, strlen(text), mode, NULL,
			&e))
		fail_msg("%s", e.msg);
}

static void config(const char *text)
{
	json_decref(docker.config);
	docker.config = NULL;
	docker.config_read = false;
	put("config.json", text, 0600);
}

/* The header's JSON, sorted; "" for none. */
static const char *plain(const char *header)
{
	struct str text = STR_INIT, standard = STR_INIT;

	assert_null(strpbrk(header, "+/"));
	for (; *header; header++)
		str_addc(&standard, *header == '-' ? '+' : *header == '_' ? '/' : *header);
	assert_true(base64_decode(standard.p, standard.len, &text));
	const char *kept = arena_strdup(arena, text.p);
	str_release(&text);
	str_release(&standard);
	return kept;
}

static const char *auth(const char *domain)
{
	const char *header;

	if (!docker_auth(&docker, arena, home, domain, &header, &e))
		fail_msg("%s", e.msg);
	return plain(header);
}

static void refused(const char *domain, enum error_code code, const char *part)
{
	const char *header;

	assert_false(docker_auth(&docker, arena, home, domain, &header, &e));
	assert_string_equal(header, "");
	assert_int_equal(e.code, code);
	if (!strstr(e.msg, part))
		fail_msg("%s", e.msg);
	assert_null(strstr(e.msg, "s3cret"));
	assert_null(strstr(e.hint, "s3cret"));
}

static void nobody_has_logged_in(void **state)
{
	const char *header;

	(void)state;
	assert_string_equal(auth("r.example"), "");
	config("");
	assert_string_equal(auth("r.example"), "");
	config("{}");
	assert_string_equal(auth("r.example"), "");
	assert_true(docker_auth_all(&docker, arena, home, &header, &e));
	assert_string_equal(header, "");
	assert_true(docker_auth(&docker, arena, NULL, "r.example", &header, &e));
}

/* The base64 for URLs differs for this one. */
static void a_password_in_the_file(void **state)
{
	(void)state;
	config("{\"auths\":{\"r.example:5000\":{\"auth\":\"dXNlcjpzM2NyZXR+fj86eA==\"},"
	       "\"plain.example\":{\"username\":\"u\",\"password\":\"p\"},\"none.example\":{}}}");
	assert_string_equal(auth("r.example:5000"),
			    "{\"password\":\"s3cret~~?:x\",\"serveraddress\":"
			    "\"r.example:5000\",\"username\":\"user\"}");
	assert_string_equal(auth("r.example"), "");
	assert_string_equal(
		auth("plain.example"),
		"{\"password\":\"p\",\"serveraddress\":\"plain.example\",\"username\":\"u\"}");
	assert_string_equal(auth("none.example"), "");
}

static void keys_of_older_files(void **state)
{
	(void)state;
	config("{\"auths\":{\"https://r.example/v1/\":{\"auth\":\"dTpw\"},"
	       "\"http://s.example:80/v2/\":{\"auth\":\"dTpx\"},"
	       "\"https://index.docker.io/v1/\":{\"auth\":\"dTpy\"}}}");
	assert_non_null(strstr(auth("r.example"), "\"password\":\"p\""));
	assert_non_null(strstr(auth("s.example:80"), "\"password\":\"q\""));
	assert_string_equal(auth("s.example"), "");
	assert_non_null(strstr(auth("docker.io"), "\"password\":\"r\""));
	assert_non_null(strstr(auth("docker.io"), "\"https://index.docker.io/v1/\""));
}

static void an_identity_token(void **state)
{
	(void)state;
	config("{\"auths\":{\"r.example\":{\"auth\":\"dTo=\",\"identitytoken\":\"tok\"}}}");
	assert_string_equal(auth("r.example"),
			    "{\"identitytoken\":\"tok\",\"password\":\"\","
			    "\"serveraddress\":\"r.example\",\"username\":\"u\"}");
}

static void what_is_broken_is_named_and_no_more(void **state)
{
	(void)state;
	config("{\"auths\": s3cret");
	refused("r.example", ERROR_INVALID, "/config.json");
	config("[\"s3cret\"]");
	refused("r.example", ERROR_INVALID, "/config.json");
	config("{\"auths\":{\"r.example\":{\"auth\":\"s3cret!\"},\"x.example\":{\"auth\":"
	       "\"czNjcmV0\"}}}");
	refused("r.example", ERROR_INVALID, "r.example");
	refused("x.example", ERROR_INVALID, "x.example");
}

static const char helper[] =
	"#!/bin/sh\n"
	"if [ \"$1\" = list ]; then echo '{\"l.example\":\"u\"}'; exit; fi\n"
	"read -r server\n"
	"case $server in\n"
	"token.example) echo '{\"Username\":\"<token>\",\"Secret\":\"tok\"}';;\n"
	"none.example) echo 'credentials not found in native keychain'; exit 1;;\n"
	"bad.example) echo s3cret; echo s3cret >&2; exit 3;;\n"
	"text.example) echo s3cret;;\n"
	"*) echo \"{\\\"Username\\\":\\\"$1\\\",\\\"Secret\\\":\\\"$server\\\"}\";;\n"
	"esac\n";

static void helpers(void **state)
{
	(void)state;
	put("docker-credential-test", helper, 0700);
	config("{\"auths\":{\"one.example\":{\"auth\":\"dTpw\"},\"own.example\":{\"auth\":\"dTpw\"}"
	       "},"
	       "\"credHelpers\":{\"own.example\":\"\",\"gone.example\":\"gone\",\"up.example\":"
	       "\"../test\"},\"credsStore\":\"test\"}");
	assert_string_equal(auth("one.example"), "{\"password\":\"one.example\",\"serveraddress\":"
						 "\"one.example\",\"username\":\"get\"}");
	assert_non_null(strstr(auth("docker.io"), "\"password\":\"https://index.docker.io/v1/\""));
	assert_string_equal(auth("token.example"),
			    "{\"identitytoken\":\"tok\",\"serveraddress\":\"token.example\"}");
	assert_string_equal(auth("none.example"), "");
	/* Without a helper of its own: what is in the file. */
	assert_non_null(strstr(auth("own.example"), "\"password\":\"p\""));
	refused("bad.example", ERROR_REFUSED, "docker-credential-test get failed with exit code 3");
	refused("text.example", ERROR_PROTOCOL, "docker-credential-test");
	refused("gone.example", ERROR_NOT_FOUND, "docker-credential-gone");
	refused("up.example", ERROR_INVALID, "slash");
}

static void all_at_once(void **state)
{
	const char *header;

	(void)state;
	put("docker-credential-test", helper, 0700);
	config("{\"auths\":{\"one.example\":{\"auth\":\"dTpw\"},\"bad\":{\"auth\":\"s3cret!\"}},"
	       "\"credHelpers\":{\"h.example\":\"test\",\"bad.example\":\"test\"}}");
	assert_true(docker_auth_all(&docker, arena, home, &header, &e));
	assert_string_equal(
		plain(header),
		"{\"h.example\":{\"password\":\"h.example\",\"serveraddress\":\"h.example\","
		"\"username\":\"get\"},\"one.example\":{\"password\":\"p\",\"serveraddress\":"
		"\"one.example\",\"username\":\"u\"}}");
	config("{\"credsStore\":\"test\"}");
	assert_true(docker_auth_all(&docker, arena, home, &header, &e));
	assert_non_null(strstr(plain(header), "\"l.example\":{\"password\":\"l.example\""));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nobody_has_logged_in),
		TEST(a_password_in_the_file),
		TEST(keys_of_older_files),
		TEST(an_identity_token),
		TEST(what_is_broken_is_named_and_no_more),
		TEST(helpers),
		TEST(all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
