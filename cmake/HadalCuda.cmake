# CUDA sources are compiled wherever a CUDA compiler is found, for Hopper unless
# CMAKE_CUDA_ARCHITECTURES says otherwise, so that they cannot rot; they become a part of Hadal with
# HADAL_CUDA only, which needs a CUDA LibTorch.
include(CheckLanguage)
check_language(CUDA)
if(CMAKE_CUDA_COMPILER)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90)
  endif()
  enable_language(CUDA)
  set(CMAKE_CUDA_STANDARD 17)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_EXTENSIONS OFF)
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)  # as LibTorch has it
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12)
    message(STATUS "CUDA ${CMAKE_CUDA_COMPILER_VERSION} is older than 12: its sources are left out")
    set(CMAKE_CUDA_COMPILER NOTFOUND)
  endif()
else()
  message(STATUS "No CUDA compiler: the CUDA sources are left out")
endif()
set(HADAL_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}")
set(HADAL_CUDA_FLAGS "${CMAKE_CUDA_FLAGS}")
if(HADAL_CUDA AND NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "HADAL_CUDA is on, but there is no CUDA compiler, 12 or newer. "
    "Set CUDACXX to an nvcc, or configure with -DHADAL_CUDA=OFF.")
endif()

# hadal_cuda_module(<name>)
#
# For a module made by hadal_module(): compiles the *.cu in its folder kernels/cuda where there is a
# CUDA compiler. With HADAL_CUDA these and the C++ sources there become a part of the module. Without,
# its tests get those that need no CUDA; those that do are called *.cuda.cpp.
function(hadal_cuda_module name)
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/kernels/cuda")
  file(GLOB kernels CONFIGURE_DEPENDS "${folder}/*.cu")
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  if(CMAKE_CUDA_COMPILER)
    add_library(hadal_${name}_cuda OBJECT ${kernels})
    target_include_directories(hadal_${name}_cuda PRIVATE "${PROJECT_SOURCE_DIR}")
    target_compile_options(hadal_${name}_cuda PRIVATE
      $<$<BOOL:${HADAL_WARNINGS_AS_ERRORS}>:-Werror=all-warnings>)
  endif()
  if(HADAL_CUDA)
    target_sources(hadal_${name} PRIVATE ${sources} $<TARGET_OBJECTS:hadal_${name}_cuda>)
    target_compile_definitions(hadal_${name} PRIVATE HADAL_CUDA)
    if(HADAL_BUILD_TESTS)
      target_compile_definitions(${name}_tests PRIVATE HADAL_CUDA)
    endif()
  elseif(HADAL_BUILD_TESTS)
    list(FILTER sources EXCLUDE REGEX "\\.cuda\\.cpp$")
    target_sources(${name}_tests PRIVATE ${sources})
    set_source_files_properties(${sources} PROPERTIES UNITY_GROUP ${name}_tests_cuda)
  endif()
endfunction()
