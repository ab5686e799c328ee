# Installs Hadal, moves the installed tree, and builds and runs project/ against it.
#
#   cmake -DBUILD=<build folder> -DWORK=<scratch folder> -DTORCH_DIR=... -DCOMPILER=... -DFLAGS=...
#         -DLAUNCHER=... -DFORBIDDEN=<folders that the package must not name> -P run.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

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
run("${CMAKE_COMMAND}" -G Ninja -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${WORK}/build"
  "-DHadal_DIR=" "-DCMAKE_PREFIX_PATH=${WORK}/moved" "-DTorch_DIR=${TORCH_DIR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_BUILD_TYPE=Release"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${CMAKE_COMMAND}" -E chdir "${WORK}/build" ./consumer)
message(STATUS "${output}")
if(EXISTS "${WORK}/moved/bin/hadal")
  run("${WORK}/moved/bin/hadal" --version)
  message(STATUS "${output}")
endif()
