/*
 * argv to the command table, nothing else.
 */
#include <malloc.h>

#include "kata/cmd.h"
#include "kata/ui.h"

#ifdef KATA_NO_UI
#define SCREEN NULL
#else
#define SCREEN ui_run
#endif

int main(int argc, char **argv)
{
	/* One short run: memory that is freed will be used again, so none goes back to the kernel.
	 */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	return cmd_main(argc, argv, SCREEN);
}
