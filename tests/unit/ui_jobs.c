/* Jobs: command lines, what a job shows, the queue per app, cancelling, what is kept, and what goes
 * on after the screen. */
#include "ui_jobs_case.h"

static struct test {
	int changes;
	unsigned changed_id;
} test;

static int setup(void **state)
{
	memset(&test, 0, sizeof test);
	return scene_setup(state);
}

static int teardown(void **state)
{
	return scene_teardown(state);
}

/* --- command lines --- */

static void assert_command_line(const char *want, json_t *args)
{
	struct str line = STR_INIT;

	jobs_command_line(scene.jobs, args, &line);
	assert_string_equal(line.p, want);
	str_release(&line);
	json_decref(args);
}

static void command_lines_can_be_typed(void **state)
{
	(void)state;
	assert_command_line("kata-tui ls", WORDS("ls"));
	scene.options = WORDS("--root", "/srv");
	scene_begin(false);
	assert_command_line("kata-tui deploy shop --root /srv", WORDS("deploy", "shop"));
	assert_command_line("kata-tui scale a_b.c-d web=3 --root /srv",
			    WORDS("scale", "a_b.c-d", "web=3"));
	assert_command_line("kata-tui x '' 'a b' 'it'\\''s' '$x' '*' '~' 'a\nb' --root /srv",
			    WORDS("x", "", "a b", "it's", "$x", "*", "~", "a\nb"));
	/* There the end is no place for options of ours. */
	assert_command_line("kata-tui --root /srv run shop web ls -l",
			    WORDS("run", "shop", "web", "ls", "-l"));
	assert_command_line("kata-tui --root /srv ls -- x", WORDS("ls", "--", "x"));
}

/* --- jobs --- */

static void on_changed(void *arg, struct job *job)
{
	assert_ptr_equal(arg, &test);
	test.changes++;
	test.changed_id = job->id;
}

static struct job *job_about(const char *app, json_t *args)
{
	json_t *apps = app ? WORDS(app) : NULL;

	jobs_watch(scene.jobs, on_changed, &test);
	struct job *job = job_start(scene.jobs, args, apps);
	json_decref(apps);
	json_decref(args);
	return job;
}

static void turn_jobs(int64_t ms, size_t until_running)
{
	int64_t end = loop_now_ms() + ms;

	while (jobs_running(scene.jobs) > until_running && loop_now_ms() < end)
		loop_turn(scene.loop, end - loop_now_ms());
}

static void until_it_speaks(struct job *job)
{
	int64_t end = loop_now_ms() + 5000;

	while (!*job->last && loop_now_ms() < end)
		loop_turn(scene.loop, end - loop_now_ms());
	assert_true(*job->last);
}

static void assert_pane_line(struct job *job, size_t i, const char *want, enum role role)
{
	struct line *line = pane_line(&job->pane, i);

	assert_non_null(line);
	assert_int_equal(line->len, strlen(want));
	assert_memory_equal(line->text, want, line->len);
	if (line->len) {
		assert_true(line->span_count >= 1);
		assert_int_equal(line->spans[0].role, role);
	}
}

static void a_job_shows_what_it_says(void **state)
{
	struct job *job;

	(void)state;
	job = job_about("shop", WORDS("printf 'one\\n10%%\\r20%%\\r\\n'; sleep 0.2; "
				      "printf 'bad\\n' >&2; sleep 0.2; printf rest; exit 9"));
	assert_int_equal(job->id, 1);
	assert_true(job->began_ms > 0);
	assert_int_equal(job->ended_ms, 0);
	assert_int_equal(jobs_running(scene.jobs), 1);
	assert_true(test.changes > 0);
	turn_jobs(5000, 0);
	assert_true(job->ended_ms >= job->began_ms);
	assert_int_equal(job->status, 9);
	assert_false(job->cancelled);
	assert_int_equal(pane_count(&job->pane), 4);
	assert_pane_line(job, 0, "one", ROLE_text);
	assert_pane_line(job, 1, "20%", ROLE_text);
	assert_pane_line(job, 2, "bad", ROLE_bad);
	assert_pane_line(job, 3, "rest", ROLE_text);
	assert_string_equal(job->last, "rest");
	assert_int_equal(jobs_running(scene.jobs), 0);
	assert_int_equal(jobs_count(scene.jobs), 1);
}

static void its_last_line_fits_one_line_of_the_screen(void **state)
{
	struct job *job;

	(void)state;
	job = job_about("shop", WORDS("printf '  \\033[31mred\\033[0m \\a \\n\\n  \\n'"));
	turn_jobs(5000, 0);
	assert_string_equal(job->last, "red \\x07");
	/* Cut between characters: 512 of two bytes do not fit into 1023. */
	job = job_about("shop", WORDS("for i in $(seq 512); do printf '\\303\\251'; done"));
	turn_jobs(5000, 0);
	assert_int_equal(strlen(job->last), 1022);
}

static void jobs_of_an_app_take_turns(void **state)
{
	struct job *first, *second, *third, *other;
	json_t *both = WORDS("blog", "wiki"), *args = WORDS("echo second");

	(void)state;
	first = job_about("blog", WORDS("sleep 0.4; exit 1"));
	second = job_start(scene.jobs, args, both);
	/* Not before the one that waits for its app, though that is about another one, too. */
	third = job_about("wiki", WORDS("echo third"));
	other = job_about("shop", WORDS("sleep 0.1"));
	assert_true(first->began_ms && other->began_ms);
	assert_int_equal(second->began_ms, 0);
	assert_int_equal(third->began_ms, 0);
	assert_int_equal(jobs_running(scene.jobs), 4);
	assert_int_equal(jobs_count(scene.jobs), 4);
	assert_ptr_equal(jobs_at(scene.jobs, 0), other);
	assert_ptr_equal(jobs_at(scene.jobs, 3), first);
	assert_null(jobs_at(scene.jobs, 4));
	turn_jobs(5000, 0);
	assert_int_equal(jobs_running(scene.jobs), 0);
	assert_true(first->ended_ms <= second->began_ms);
	assert_true(second->ended_ms <= third->began_ms);
	assert_string_equal(second->last, "second");
	assert_string_equal(third->last, "third");
	json_decref(both);
	json_decref(args);
}

static void jobs_about_no_app_do_not_wait(void **state)
{
	(void)state;
	job_about(NULL, WORDS("sleep 30"));
	assert_true(job_about(NULL, WORDS("sleep 30"))->began_ms > 0);
	job_cancel(scene.jobs, jobs_at(scene.jobs, 0));
	job_cancel(scene.jobs, jobs_at(scene.jobs, 1));
	turn_jobs(5000, 0);
	assert_int_equal(jobs_running(scene.jobs), 0);
}

static void a_cancelled_job_is_asked_to_end(void **state)
{
	struct job *job;

	(void)state;
	job = job_about("shop", WORDS("trap 'echo bye; exit 5' TERM; echo up; "
				      "sleep 30 & wait"));
	until_it_speaks(job);
	job_cancel(scene.jobs, job);
	assert_true(job->cancelled);
	assert_int_equal(job->ended_ms, 0);
	job_cancel(scene.jobs, job);
	turn_jobs(3000, 0);
	assert_true(job->ended_ms > 0);
	assert_int_equal(job->status, 5);
	assert_int_equal(job->error.code, ERROR_CANCELLED);
	assert_string_equal(job->last, "bye");
	job_cancel(scene.jobs, job);
	assert_false(loop_turn(scene.loop, 0));
}

static void one_that_does_not_end_is_killed(void **state)
{
	int64_t start;
	struct job *job;

	(void)state;
	job = job_about("shop", WORDS("trap '' TERM; echo up; sleep 30; sleep 30"));
	until_it_speaks(job);
	start = loop_now_ms();
	job_cancel(scene.jobs, job);
	turn_jobs(8000, 0);
	assert_int_equal(job->status, 128 + SIGKILL);
	assert_in_range(loop_now_ms() - start, 4900, 7000);
}

static void a_stopped_job_can_be_cancelled(void **state)
{
	struct job *job;

	(void)state;
	job = job_about("shop", WORDS("echo up; kill -STOP $$; sleep 30"));
	until_it_speaks(job);
	loop_sleep(scene.loop, 300);
	job_cancel(scene.jobs, job);
	turn_jobs(3000, 0);
	assert_int_equal(job->status, 128 + SIGTERM);
}

static void a_waiting_job_can_be_cancelled(void **state)
{
	struct job *first, *second, *third;

	(void)state;
	first = job_about("shop", WORDS("sleep 0.3"));
	second = job_about("shop", WORDS("echo second"));
	third = job_about("shop", WORDS("echo third"));
	job_cancel(scene.jobs, second);
	assert_int_equal(test.changed_id, second->id);
	assert_true(second->ended_ms > 0);
	assert_int_equal(second->status, -1);
	assert_int_equal(second->error.code, ERROR_CANCELLED);
	assert_int_equal(third->began_ms, 0);
	turn_jobs(5000, 0);
	assert_int_equal(first->status, 0);
	assert_string_equal(second->last, "");
	assert_string_equal(third->last, "third");
}

static void a_job_that_cannot_start_has_ended(void **state)
{
	struct job *job;

	(void)state;
	unlink(scene.program);
	job = job_about("shop", WORDS("deploy", "shop"));
	assert_true(job->ended_ms > 0);
	assert_int_equal(job->status, -1);
	assert_int_equal(job->error.code, ERROR_NOT_FOUND);
	assert_int_equal(jobs_running(scene.jobs), 0);
}

static void the_newest_hundred_are_kept(void **state)
{
	(void)state;
	put("x", "done\n");
	scene_begin(true);
	job_about("shop", WORDS("x"));
	/* It does not end before the loop turns: it and all that wait for it stay. */
	for (int i = 0; i < 104; i++)
		job_about("shop", WORDS("x"));
	assert_int_equal(jobs_count(scene.jobs), 105);
	turn_jobs(5000, 0);
	assert_int_equal(jobs_running(scene.jobs), 0);
	assert_int_equal(jobs_count(scene.jobs), 105);
	assert_string_equal(jobs_at(scene.jobs, 104)->last, "done");
	job_about("shop", WORDS("x"));
	assert_int_equal(jobs_count(scene.jobs), 100);
	assert_int_equal(jobs_at(scene.jobs, 0)->id, 106);
	assert_int_equal(jobs_at(scene.jobs, 99)->id, 7);
}

/* Names of what the program does, as may_outlive() reads them: it runs a file of that name. */
static void what_changes_things_outlives_the_screen(void **state)
{
	int64_t end;

	(void)state;
	put("kata-tui",
	    "#!/bin/sh\ntrap '' PIPE TERM\necho up\nsleep 0.5\necho more\n: >\"$2.$1\"\n");
	chmod(scene.program, 0700);
	struct job *reads = job_about(NULL, WORDS("logs", in_folder("end")));
	struct job *changes = job_about("shop", WORDS("deploy", in_folder("end")));
	struct job *cancelled = job_about("blog", WORDS("stop", in_folder("end")));
	job_about("shop", WORDS("start", in_folder("end")));
	until_it_speaks(reads);
	until_it_speaks(changes);
	until_it_speaks(cancelled);
	job_cancel(scene.jobs, cancelled);
	scene_begin(false);
	end = loop_now_ms() + 5000;
	while (access(in_folder("end.deploy"), F_OK) < 0 && loop_now_ms() < end)
		loop_turn(scene.loop, 50);
	assert_int_equal(access(in_folder("end.deploy"), F_OK), 0);
	loop_sleep(scene.loop, 300);
	assert_int_equal(access(in_folder("end.logs"), F_OK), -1);
	assert_int_equal(access(in_folder("end.stop"), F_OK), -1);
	assert_int_equal(access(in_folder("end.start"), F_OK), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(command_lines_can_be_typed),
		TEST(a_job_shows_what_it_says),
		TEST(its_last_line_fits_one_line_of_the_screen),
		TEST(jobs_of_an_app_take_turns),
		TEST(jobs_about_no_app_do_not_wait),
		TEST(a_cancelled_job_is_asked_to_end),
		TEST(one_that_does_not_end_is_killed),
		TEST(a_stopped_job_can_be_cancelled),
		TEST(a_waiting_job_can_be_cancelled),
		TEST(a_job_that_cannot_start_has_ended),
		TEST(the_newest_hundred_are_kept),
		TEST(what_changes_things_outlives_the_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
