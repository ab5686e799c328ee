# Installs Hadal, checks what was installed, and moves it to WORK/moved.
#
#   cmake -DBUILD=<build folder> -DWORK=<scratch folder>
#         -DFORBIDDEN=<folders that the package must not name> -P install.cmake
include("${CMAKE_CURRENT_LIST_DIR}/run.cmake")

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/staged")

file(GLOB_RECURSE package_files "${WORK}/staged/*.cmake")
if(NOT package_files)
  message(FATAL_ERROR "nothing was installed for CMake to find")
endif()
foreach(file IN LISTS package_files)
  file(READ "${file}" text)
  foreach(folder IN LISTS FORBIDDEN ITEMS "${WORK}")
    string(FIND "${text}" "${folder}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${folder}, so that the package works on no other machine")
    endif()
  endforeach()
endforeach()
file(GLOB_RECURSE licence "${WORK}/staged/share/doc/*/LICENSE")
if(NOT licence)
  message(FATAL_ERROR "the licence was not installed")
endif()

file(RENAME "${WORK}/staged" "${WORK}/moved")
if(EXISTS "${WORK}/moved/bin/hadal")
  run("${WORK}/moved/bin/hadal" --version)
  message(STATUS "${output}")
endif()
