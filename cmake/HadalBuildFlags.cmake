# Flags that every target of ours shares: language level, warnings, sanitizers, linker.
include(GNUInstallDirs)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(HADAL_CCACHE ccache)
if(HADAL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are only cached when ccache is told that their macros may be trusted. Paths
  # relative to the source tree let one clone use what another has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${HADAL_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

add_library(hadal_flags INTERFACE)
target_compile_options(hadal_flags INTERFACE -Wall -Wextra -Wno-unknown-pragmas
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess -Winvalid-pch>
  $<$<BOOL:${HADAL_WARNINGS_AS_ERRORS}>:-Werror>)
if(HADAL_SANITIZE)
  target_compile_options(hadal_flags INTERFACE
    -fsanitize=${HADAL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hadal_flags INTERFACE -fsanitize=${HADAL_SANITIZE})
endif()
find_program(HADAL_MOLD mold)
if(HADAL_MOLD)
  target_link_options(hadal_flags INTERFACE -fuse-ld=mold)
endif()
