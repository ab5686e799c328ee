# hadal_module(<name> [INTERNAL] PUBLIC_HEADERS <h>... [PUBLIC <lib>...] [PRIVATE <lib>...] [PRECOMPILE <h>...])
#
# Makes the library Hadal::<name> from the sources below the current folder, its tests from the
# *_test.cpp files there and its fuzzers from *_fuzz.cpp. Files called *.isa.cpp are compiled once an
# instruction set. A new source or test file needs no edit here. An INTERNAL library is not installed.
function(hadal_module name)
  cmake_parse_arguments(ARG "INTERNAL" "" "PUBLIC_HEADERS;PUBLIC;PRIVATE;PRECOMPILE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  # Libraries of their own.
  list(FILTER sources EXCLUDE REGEX "/bench/cases/|/dao/ops/")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests EXCLUDE REGEX "/bench/cases/")  # see below
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  set(isa_sources ${sources})
  list(FILTER isa_sources INCLUDE REGEX "\\.isa\\.cpp$")
  set(test_isa_sources ${isa_sources})
  list(FILTER isa_sources EXCLUDE REGEX "_test(\\.[a-z0-9_]+)?\\.isa\\.cpp$")
  list(FILTER test_isa_sources INCLUDE REGEX "_test(\\.[a-z0-9_]+)?\\.isa\\.cpp$")
  # cli/main.cpp is the program, and kernels/cuda a matter of hadal_cuda_module().
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|_fuzz\\.cpp$|\\.isa\\.cpp$|/cli/main\\.cpp$|/kernels/cuda/")

  set(target hadal_${name})
  add_library(${target} ${sources})
  add_library(Hadal::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}"
                 FILES ${ARG_PUBLIC_HEADERS})
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} $<BUILD_INTERFACE:hadal_flags>)
  hadal_isa_sources(${target} ${isa_sources})
  hadal_unity(${target} ${sources})
  if(ARG_PRECOMPILE AND NOT CMAKE_UNITY_BUILD)
    target_precompile_headers(${target} PRIVATE ${ARG_PRECOMPILE})
  endif()
  if(NOT ARG_INTERNAL)
    set_property(GLOBAL APPEND PROPERTY HADAL_INSTALL_TARGETS ${target})
  endif()

  if(HADAL_BUILD_TESTS AND tests)
    hadal_tests(${name} ${tests})
    hadal_isa_sources(${name}_tests ${test_isa_sources})
    if(ARG_PRECOMPILE AND NOT CMAKE_UNITY_BUILD)
      target_precompile_headers(${name}_tests PRIVATE ${ARG_PRECOMPILE})
    endif()
  endif()
  if(HADAL_BUILD_FUZZERS)
    foreach(fuzzer IN LISTS fuzzers)
      hadal_fuzzer(${name} "${fuzzer}")
    endforeach()
  endif()
endfunction()

# Tests whose suite name ends in RealData get the label `data`, those in Distributed, which start
# several processes, `dist`, all others `unit`.
function(hadal_tests name)
  include(GoogleTest)
  add_executable(${name}_tests ${ARGN})
  hadal_unity(${name}_tests ${ARGN})
  target_link_libraries(${name}_tests PRIVATE hadal_${name} hadal_flags hadal_testing GTest::gtest_main)
  set(common DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX "${name}.")
  gtest_discover_tests(${name}_tests ${common} TEST_FILTER "-*RealData.*:*Distributed.*"
    PROPERTIES LABELS unit SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" TIMEOUT 300)
  gtest_discover_tests(${name}_tests ${common} TEST_FILTER "*RealData.*"
    PROPERTIES LABELS data SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" TIMEOUT 300)
  gtest_discover_tests(${name}_tests ${common} TEST_FILTER "*Distributed.*"
    PROPERTIES LABELS dist TIMEOUT 300)
endfunction()

# One libFuzzer program per *_fuzz.cpp, named after it: safetensors_fuzz.cpp -> fuzz_safetensors.
function(hadal_fuzzer name source)
  get_filename_component(stem "${source}" NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" stem "${stem}")
  add_executable(fuzz_${stem} "${source}")
  target_link_libraries(fuzz_${stem} PRIVATE hadal_${name} hadal_flags)
  target_link_options(fuzz_${stem} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY HADAL_FUZZERS fuzz_${stem})
endfunction()
