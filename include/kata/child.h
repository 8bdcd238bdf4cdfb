/*
 * Child processes without a shell: arguments as a list, input and output over pipes, no open
 * descriptor but 0, 1 and 2, signals as at our own start.
 */
#ifndef KATA_CHILD_H
#define KATA_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "kata/error.h"
#include "kata/memory.h"

/*
 * Runs argv[0] (looked up in PATH; argv ends with NULL), gives it `input` (may be NULL) on its
 * standard input, appends what it says on standard output (at most max bytes) to *out and, when
 * err is not NULL, on standard error to *err. Kills it and fails after timeout_ms (ERROR_TIMEOUT).
 * False: it could not be started (ERROR_NOT_FOUND: no such program) or timed out. *status: exit
 * code, or 128 + signal. Nothing of input ever shows in an error.
 */
bool child_run(const char *const *argv, const char *input, size_t input_len, int timeout_ms,
	       size_t max, struct str *out, struct str *err, int *status, struct kata_error *e);

#endif
