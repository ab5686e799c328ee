# The two commands of a new user are `make bench` and `make test`; both install what is missing and build.
PRESET ?= release
BUILD := build/$(PRESET)
HADAL := $(BUILD)/bin/hadal
FUZZ_SECONDS ?= 300
# Threads that wait must not spin while another test could run.
CTEST := OMP_WAIT_POLICY=passive ctest --output-on-failure --no-tests=error --parallel $(shell nproc)
SOURCES := $(shell git ls-files --cached --others --exclude-standard '*.h' '*.cpp' '*.cu' '*.cuh' 2>/dev/null)

.PHONY: help setup setup-test build bench test test-asan fuzz format format-check clean

help:
	@echo 'make bench         install what is missing, build, run the quick benchmarks -> report/report.html'
	@echo 'make test          install what is missing, build, run all tests'
	@echo 'make build         install what is missing, build everything        (PRESET=release|dev|ci|asan|tsan)'
	@echo 'make fuzz          fuzz each parser for FUZZ_SECONDS=$(FUZZ_SECONDS) seconds (needs clang)'
	@echo 'make format        format the sources        make format-check   check that they are'
	@echo 'make clean         remove build/ and report/'

setup:
	@scripts/setup.sh build

setup-test:
	@scripts/setup.sh build test

$(BUILD)/build.ninja:
	@cmake --preset $(PRESET)

# Ninja runs CMake again by itself where a CMake file changed.
bench: setup
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@cmake --build $(BUILD) --target hadal
	@mkdir -p report
	$(HADAL) bench run --quick --json report/report.json --html report/report.html

build: setup-test
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@cmake --build $(BUILD)

test: build
	$(CTEST) --test-dir $(BUILD)

# The tests of what parses, with the address and undefined-behaviour sanitizers.
test-asan: setup-test
	@$(MAKE) --no-print-directory PRESET=asan build/asan/build.ninja
	@cmake --build build/asan --target core_tests data_tests bench_tests
	$(CTEST) --test-dir build/asan -R '^(core|data|bench)\.'

fuzz:
	@scripts/setup.sh build fuzz
	@$(MAKE) --no-print-directory PRESET=fuzz build/fuzz/build.ninja
	@cmake --build build/fuzz --target fuzzers
	scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS)

format:
	@clang-format-19 -i $(SOURCES)

format-check:
	@clang-format-19 --dry-run --Werror $(SOURCES)

clean:
	rm -rf build report
