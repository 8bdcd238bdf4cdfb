/*
 * The scene of the tests of readers and jobs: a folder with a program in place of ours (it runs its
 * first argument), and at the end of each test neither a child nor a descriptor that is left.
 */
#ifndef KATA_TEST_UI_JOBS_CASE_H
#define KATA_TEST_UI_JOBS_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kata/file.h"
#include "ui/jobs.h"

/* In place of our own program: runs its first argument, the others are $2 ... */
static const char script[] = "#!/bin/sh\neval \"$1\"\n";

static struct scene {
	char folder[32], program[192];
	struct loop *loop;
	struct jobs *jobs;
	json_t *options;
	int descriptors;
} scene;

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder's own */

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static const char *in_folder(const char *name)
{
	static char path[160];

	snprintf(path, sizeof path, "%s/%s", scene.folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	struct kata_error e;

	assert_true(file_write(in_folder(name), text, strlen(text), 0600, NULL, &e));
}

static void scene_begin(bool fake)
{
	if (scene.jobs)
		jobs_free(scene.jobs);
	scene.jobs = jobs_new(scene.loop, scene.program, scene.options, fake ? scene.folder : NULL);
}

static int scene_setup(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof scene);
	snprintf(scene.folder, sizeof scene.folder, "/tmp/kata-jobs-XXXXXX");
	assert_non_null(mkdtemp(scene.folder));
	snprintf(scene.program, sizeof scene.program, "%s", in_folder("kata-tui"));
	put("kata-tui", script);
	chmod(scene.program, 0700);
	scene.descriptors = descriptors();
	scene.loop = loop_new();
	scene_begin(false);
	return 0;
}

static int scene_teardown(void **state)
{
	int64_t end = loop_now_ms() + 10000;
	struct kata_error e;

	(void)state;
	jobs_free(scene.jobs);
	while (has_children() && loop_now_ms() < end)
		loop_turn(scene.loop, 50);
	assert_false(has_children());
	assert_false(loop_turn(scene.loop, 0));
	loop_free(scene.loop);
	assert_int_equal(descriptors(), scene.descriptors);
	assert_true(file_remove_tree(scene.folder, "/tmp", &e));
	json_decref(scene.options);
	return 0;
}

static json_t *words(const char *const *texts)
{
	json_t *array = json_array();

	while (*texts)
		json_array_append_new(array, json_string(*texts++));
	return array;
}
#define WORDS(...) words((const char *const[]){__VA_ARGS__, NULL})

#endif
