# kata-tui. `make` builds ./kata-tui; everything else lands under build/. For people: demo check
# check-fast asan valgrind lint format fuzz bench install uninstall deps (see README.md).
# V=1 shows commands; T=NAME chooses tests; B=build/NAME builds in a folder of its own.

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
V       ?= 0
T       ?=
F       ?=
TIME    ?= 60
B       ?= build/release
BASAN   ?= $(B)-asan
BFUZZ   ?= $(B)-fuzz
PEERS   ?= build/peers
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
PYTHON  ?= $(firstword $(wildcard /usr/bin/python3) python3)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-5s %s\n')

PKGS    := libcurl jansson yaml-0.1 libxxhash libcrypto libarchive $(if $(NOUI),,ncursesw)
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
           -Wwrite-strings -Wvla -Wundef -Wconversion -Wno-sign-conversion -fno-common
WARN    += $(if $(DEVELOPER),-Werror)
HARDEN  := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
OPT     ?= -O2 -g
SAN     ?=
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -Iinclude -iquote . $(if $(NOUI),-DKATA_NO_UI) $(WARN) $(OPT) $(if $(SAN),$(SAN),$(HARDEN)) \
           -DKATA_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = $(if $(SAN),$(SAN),-pie -Wl,-z,relro) -Wl,--as-needed $(LDFLAGS)

# Rooms, outermost first: an archive may only use those to its right (DESIGN: arrows point inward).
# cmd and ui stand side by side. NOUI=1 builds without the screen, and without curses.
ROOMS   := cmd engine docker caddy sys core base
NOUI    ?=
UI      := $(if $(NOUI),,ui)
LIBS_base := $(shell pkg-config --libs jansson yaml-0.1 libcrypto 2>/dev/null) -lm
# Not libarchive: it is loaded when a build needs it (src/docker/libarchive.h).
LIBS_sys  := $(shell pkg-config --libs libcurl libxxhash 2>/dev/null) -ldl
LIBS_all  := $(LIBS_base) $(LIBS_sys)
LIBS_ui   := $(if $(NOUI),,$(shell pkg-config --libs ncursesw 2>/dev/null))

room_objs = $(patsubst src/%.c,$(B)/%.o,$(wildcard src/$(1)/*.c))
ui_objs   = $(patsubst %.c,$(B)/%.o,$(wildcard ui/*.c))
archive   = $(B)/lib$(1).a

all: kata-tui

kata-tui: $(B)/kata-tui
	$(Q)cp -f $< $@

$(B)/kata-tui: $(B)/main.o $(foreach r,$(UI) $(ROOMS),$(call archive,$(r)))
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_all) $(LIBS_ui)

define room_rule
$(call archive,$(1)): $(call room_objs,$(1))
	$(say) AR $$@
	$(Q)mkdir -p $$(@D) && rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_rule,$(r))))

$(B)/libui.a: $(ui_objs)
	$(say) AR $@
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

$(B)/ui/%.o: ui/%.c | $(B)/.libraries
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/%.o: src/%.c | $(B)/.libraries
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/.libraries:
	$(Q)pkg-config --exists $(PKGS) || { echo "libraries are missing; run: make deps" >&2; exit 2; }
	$(Q)mkdir -p $(@D) && touch $@

# Unit tests: tests/unit/<room>_<what>.c links its room and those inward of it, nothing else.
UNITS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(filter-out $(if $(NOUI),tests/unit/ui_%),$(wildcard tests/unit/*.c)))
rooms_of_base   := base
rooms_of_core   := core base
rooms_of_sys    := sys base
rooms_of_caddy  := caddy sys core base
rooms_of_docker := docker sys core base
rooms_of_engine := engine docker caddy sys core base
rooms_of_cmd    := $(ROOMS)
rooms_of_ui     := ui engine docker caddy sys core base
unit_room = $(firstword $(subst _, ,$(notdir $(1))))

define unit_rule
$(1): $(patsubst $(B)/unit/%,tests/unit/%.c,$(1)) $(foreach r,$(rooms_of_$(call unit_room,$(1))),$(call archive,$(r)))
	$$(say) LINK $$@
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(CFLAGS_ALL) -Itests/lib $$(LDFLAGS_ALL) -MMD -MP -o $$@ \
		$$(filter %.c %.a,$$^) -lcmocka $$(if $$(filter base core,$(call unit_room,$(1))),$$(LIBS_base),$$(LIBS_all)) \
		$$(LIBS_own) $$(if $$(filter ui,$(call unit_room,$(1))),$$(LIBS_ui))
endef
$(foreach u,$(UNITS),$(eval $(call unit_rule,$(u))))
# It reads what was made with the library itself.
$(B)/unit/docker_context: LIBS_own := $(shell pkg-config --libs libarchive 2>/dev/null)
# It lets time run faster.
$(B)/unit/docker_rollout: LIBS_own := -Wl,--wrap=loop_timer -Wl,--wrap=http_start

units: $(UNITS)

# Fuzz targets: tests/fuzz/<name>.c. Linked with replay.c they replay tests/fuzz/corpus/<name>
# under any compiler; linked with libFuzzer (clang) they search.
FUZZERS  := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_LIB := $(foreach r,$(UI) engine docker caddy sys core base,$(call archive,$(r)))

$(B)/replay/%: tests/fuzz/%.c tests/fuzz/replay.c $(FUZZ_LIB)
	$(say) LINK $@
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -Wno-missing-prototypes $(LDFLAGS_ALL) -o $@ $^ $(LIBS_all) $(LIBS_ui)

$(B)/fuzz/%: tests/fuzz/%.c $(FUZZ_LIB)
	$(say) LINK $@
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -Wno-missing-prototypes $(LDFLAGS_ALL) \
		-fsanitize=fuzzer -o $@ $^ $(LIBS_all) $(LIBS_ui)

replays: $(addprefix $(B)/replay/,$(FUZZERS))
fuzzers: $(addprefix $(B)/fuzz/,$(if $(F),$(F),$(FUZZERS)))

# The same Makefile again: with what `deps` installed meanwhile, or another folder and flags.
again     = $(MAKE) --no-print-directory $(if $(filter 1,$(V)),,-s) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
ASAN      = B=$(BASAN) OPT='-O1 -g -fno-omit-frame-pointer' \
            SAN='-fsanitize=address,undefined -fno-sanitize-recover=all'
FUZZ      = B=$(BFUZZ) CC=clang OPT='-O1 -g' SAN='-fsanitize=fuzzer-no-link,address,undefined'
NEWEST    = $$(tests/lib/newest-peers $(PEERS) || :)
run_tests = env KATA_TUI=$(B)/kata-tui $(NEWEST) $(PYTHON) -B tests/run $(if $(T),-k '$(T)')

check: deps
	$(Q)+$(again) tested
	$(Q)$(run_tests) --units $(B)/unit --replays $(BASAN)/replay --integration

tested: $(B)/kata-tui units
	$(Q)+$(again) $(ASAN) replays

# The inner loop: unit tests, corpora, and the short integration tests against the installed Caddy.
check-fast: deps
	$(Q)+$(again) tested
	$(Q)$(run_tests) --units $(B)/unit --replays $(BASAN)/replay --integration --fast

# Unit tests, corpora and (with T=NAME, only those) integration tests under ASan and UBSan.
asan: deps
	$(Q)+$(again) $(ASAN) $(BASAN)/kata-tui units replays
	$(Q)env KATA_TUI=$(BASAN)/kata-tui $(NEWEST) $(PYTHON) -B tests/run \
		--units $(BASAN)/unit --replays $(BASAN)/replay $(if $(T),--integration -k '$(T)')

valgrind: deps
	$(Q)tests/lib/deps.sh valgrind
	$(Q)+$(again) units
	$(Q)$(PYTHON) -B tests/run --units $(B)/unit $(if $(T),-k '$(T)') \
		--wrap 'valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite'

fuzz:
	$(Q)tests/lib/deps.sh build fuzz
	$(Q)+$(again) $(FUZZ) fuzzers
	$(Q)for f in $(if $(F),$(F),$(FUZZERS)); do \
		mkdir -p build/fuzz-found/$$f tests/fuzz/corpus/$$f; \
		printf '  %-5s %s\n' FUZZ "$$f for $(TIME) s"; \
		$(BFUZZ)/fuzz/$$f -max_total_time=$(TIME) -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=build/fuzz-found/$$f- \
			build/fuzz-found/$$f tests/fuzz/corpus/$$f || exit 1; \
	done

bench: deps
	$(Q)+$(again) $(B)/kata-tui
	$(Q)env KATA_TUI=$(B)/kata-tui $(NEWEST) $(PYTHON) -B tests/bench/bench.py $(BENCH)

demo:
	$(Q)tests/lib/deps.sh build demo
	$(Q)+$(again) kata-tui
	$(Q)sh tests/demo.sh

deps:
	$(Q)tests/lib/deps.sh build test

SOURCES := $(wildcard src/*.c src/*/*.[ch] ui/*.[ch] include/kata/*.h tests/unit/*.c tests/fuzz/*.c tests/lib/*.h)
HEADERS := $(wildcard include/kata/*.h)
# Left out are checks that found only false alarms here, or judge style.
TIDY    := -*,bugprone-*,clang-analyzer-*,misc-redundant-expression,misc-unused-parameters
TIDY    := $(TIDY),-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier
TIDY    := $(TIDY),-bugprone-sizeof-expression,-bugprone-narrowing-conversions
TIDY    := $(TIDY),-bugprone-macro-parentheses,-bugprone-suspicious-missing-comma
TIDY    := $(TIDY),-bugprone-implicit-widening-of-multiplication-result,-bugprone-branch-clone
TIDY    := $(TIDY),-bugprone-not-null-terminated-result,-bugprone-suspicious-string-compare
TIDY    := $(TIDY),-clang-analyzer-valist.Uninitialized,-clang-analyzer-core.NullDereference
TIDY    := $(TIDY),-clang-analyzer-unix.Malloc,-clang-analyzer-core.CallAndMessage
TIDY    := $(TIDY),-clang-analyzer-core.DivideZero,-clang-analyzer-core.NonNullParamChecker
TIDY    := $(TIDY),-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling

lint: check-headers check-deps check-sizes check-format check-docs check-tidy check-cppcheck

# The README's pictures are golden screens of tests/tui in a theme's colours.
pictures:
	$(Q)mkdir -p share/pictures
	$(Q)for name in screen tree; do \
		$(PYTHON) -B tests/lib/picture.py themes/default <tests/tui/picture_$$name.txt \
			>share/pictures/$$name.svg || exit 1; \
	done

# The man page and the completions are made from the command table.
DOCS := share/man/kata-tui.1:man share/completions/kata-tui.bash:bash share/completions/_kata-tui:zsh
$(B)/mkdocs: $(B)/mkdocs.o $(foreach r,$(ROOMS),$(call archive,$(r)))
	$(say) LINK $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_all)

docs: $(B)/mkdocs
	$(Q)for d in $(DOCS); do mkdir -p $$(dirname $$d); $< $${d##*:} >$${d%:*} || exit 1; done

check-docs: $(B)/mkdocs
	$(say) LINT 'man page and completions'
	$(Q)for d in $(DOCS); do $< $${d##*:} | cmp -s - $${d%:*} || \
		{ echo "$${d%:*} is stale: make docs"; exit 1; }; done

check-headers:
	$(say) LINT 'each header compiles alone'
	$(Q)for h in $(HEADERS); do \
		echo "#include \"$${h#include/}\"" | $(CC) $(CFLAGS_ALL) -Werror -fsyntax-only -x c - || exit 1; done

check-deps: $(foreach r,$(UI) $(ROOMS),$(call archive,$(r)))
	$(say) LINT 'arrows between rooms'
	$(Q)$(PYTHON) -B tests/lib/lint.py --deps $^

check-sizes:
	$(say) LINT 'sizes, banned functions'
	$(Q)$(PYTHON) -B tests/lib/lint.py $(SOURCES)

check-format:
	$(say) LINT clang-format
	$(Q)command -v clang-format >/dev/null || { echo 'SKIP  clang-format is not here'; exit 0; }; \
	bad=0; for f in $(SOURCES); do clang-format --dry-run -Werror $$f >/dev/null 2>&1 || \
		{ echo "$$f: run make format"; bad=1; }; done; exit $$bad

check-tidy: compile_commands.json
	$(say) LINT clang-tidy
	$(Q)if command -v clang-tidy >/dev/null; then printf '%s\n' $(wildcard src/*.c src/*/*.c ui/*.c) | \
		xargs -P $(JOBS) -n 4 clang-tidy --quiet --checks='$(TIDY)' --warnings-as-errors='*' 2>/dev/null; \
		else echo 'SKIP  clang-tidy is not here'; fi

check-cppcheck:
	$(say) LINT cppcheck
	$(Q)if command -v cppcheck >/dev/null; then cppcheck --quiet --std=c11 -Iinclude -D_GNU_SOURCE \
		--enable=warning,portability,performance --inline-suppr --error-exitcode=1 -j $(JOBS) \
		--include=tests/lib/cppcheck.h --suppress=missingIncludeSystem \
		--suppress=incorrectLogicOperator --suppress=identicalConditionAfterEarlyExit \
		--suppress=nullPointerRedundantCheck --suppress=varFuncNullUB -I. src ui; \
		else echo 'SKIP  cppcheck is not here'; fi

format:
	clang-format -i $(SOURCES)

compile_commands.json: Makefile $(wildcard src/*.c src/*/*.c ui/*.c tests/unit/*.c tests/fuzz/*.c)
	$(say) GEN $@
	$(Q)$(PYTHON) -B tests/lib/lint.py --compdb $(CC) -- $(CFLAGS_ALL) -Itests/lib >$@

# Files of other kinds go where their programs look for them; a kind that is not there is passed over.
DATA := $(DESTDIR)$(PREFIX)/share
install: kata-tui
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 kata-tui $(DESTDIR)$(PREFIX)/bin/kata-tui
	ln -sf kata-tui $(DESTDIR)$(PREFIX)/bin/kata
	$(Q)set -e; put() { for f in $$2; do [ ! -e "$$f" ] || install -D -m 644 "$$f" "$$1/$${3:-$${f##*/}}"; done; }; \
	put $(DATA)/man/man1 'share/man/*.1'; \
	put $(DATA)/bash-completion/completions share/completions/kata-tui.bash kata-tui; \
	put $(DATA)/bash-completion/completions share/completions/kata-tui.bash kata; \
	put $(DATA)/zsh/site-functions share/completions/_kata-tui; \
	put $(DATA)/kata-tui/themes 'themes/*'; \
	put $(DATA)/kata-tui share/keys.conf; \
	(cd share && find examples runtimes -type f) | while read -r f; do \
		install -D -m 644 "share/$$f" "$(DATA)/kata-tui/$$f"; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/kata-tui $(DESTDIR)$(PREFIX)/bin/kata
	rm -f $(patsubst share/man/%,$(DATA)/man/man1/%,$(wildcard share/man/*.1))
	rm -f $(DATA)/bash-completion/completions/kata-tui $(DATA)/bash-completion/completions/kata
	rm -f $(DATA)/zsh/site-functions/_kata-tui
	rm -rf $(DATA)/kata-tui

clean:
	rm -rf build kata-tui compile_commands.json

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all units replays fuzzers tested check check-fast asan valgrind fuzz bench demo deps lint \
	docs pictures check-docs check-headers check-deps check-sizes check-format check-tidy check-cppcheck format install \
	uninstall clean
.SECONDARY:
