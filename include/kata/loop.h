/*
 * The event loop: file descriptors, timers on the monotonic clock, and signals, in one thread.
 * One turn: poll, signals, descriptors, due timers. A source removed by a callback is not
 * called any more; one added waits for the next turn.
 */
#ifndef KATA_LOOP_H
#define KATA_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop);

typedef void loop_fd_fn(void *arg, int fd, short revents);
typedef void loop_timer_fn(void *arg);

/* Watches fd for poll(2) events; a second call for the same fd changes them, 0 removes it. */
void loop_fd(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg);
/* Runs fn once after ms. Returns an id that is never used again (never 0). */
uint64_t loop_timer(struct loop *loop, int64_t ms, loop_timer_fn *fn, void *arg);
/* Runs fn once, in the turn that sees loop_stopped(); not something to wait for in itself. */
uint64_t loop_at_stop(struct loop *loop, loop_timer_fn *fn, void *arg);
/* Of both kinds; 0 and gone ids are fine. */
void loop_timer_cancel(struct loop *loop, uint64_t id);

/* SIGINT, SIGTERM and SIGHUP no longer end the process: they set loop_stopped (and interrupt a
 * turn). One that was ignored at the start stays so (nohup). SIGPIPE is ignored. One loop at a
 * time; loop_free gives all back. */
void loop_catch_signals(struct loop *loop);
/* The signal that asked us to stop, or 0. */
int loop_stopped(const struct loop *loop);

/* One turn, waiting at most ms (-1: until something happens, 0: not at all). False when there
 * was nothing to wait for (no descriptor, no timer). Never from inside a callback: BUG(). */
bool loop_turn(struct loop *loop, int64_t ms);
/* Waits ms on the loop, or until a signal asks to stop. */
void loop_sleep(struct loop *loop, int64_t ms);

int64_t loop_now_ms(void); /* monotonic */

#endif
