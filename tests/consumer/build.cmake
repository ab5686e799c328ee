# Builds and runs a project against an installed Hadal, as its user does.
#
#   cmake -DSOURCE=<project> -DWORK=<scratch folder> -DHADAL=<installed tree> -DTORCH_DIR=...
#         -DCOMPILER=... -DFLAGS=... -DLAUNCHER=... -DPROGRAM=<name and arguments> -P build.cmake
include("${CMAKE_CURRENT_LIST_DIR}/run.cmake")

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" -G Ninja -S "${SOURCE}" -B "${WORK}"
  "-DHadal_DIR=" "-DCMAKE_PREFIX_PATH=${HADAL}" "-DTorch_DIR=${TORCH_DIR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_BUILD_TYPE=Release"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
run("${CMAKE_COMMAND}" --build "${WORK}")
run("${CMAKE_COMMAND}" -E chdir "${WORK}" ./${PROGRAM})
message(STATUS "${output}")
