# hadal_isa_sources(<target> <file.isa.cpp>...)
#
# Compiles each file once per instruction set, into the namespace that HADAL_ISA_NAMESPACE names. A
# file called x.<level>.isa.cpp, written by hand for that level, is compiled for that one only.
# hadal/core/isa.h picks among the results at run time.
#
# Such a file may include only other such plain headers: an inline function of the standard library
# compiled with wider instructions could be the copy that the linker keeps for everyone.
set(HADAL_ISA_LEVELS portable)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND HADAL_ISA_LEVELS avx2 avx512 avx512_bf16 amx)
endif()
set(HADAL_ISA_FLAGS_portable "")
set(HADAL_ISA_FLAGS_avx2 -mavx2 -mfma -mf16c)
set(HADAL_ISA_FLAGS_avx512 ${HADAL_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
set(HADAL_ISA_FLAGS_avx512_bf16 ${HADAL_ISA_FLAGS_avx512} -mavx512bf16 -mavx512vnni)
set(HADAL_ISA_FLAGS_amx ${HADAL_ISA_FLAGS_avx512_bf16} -mamx-tile -mamx-bf16 -mamx-int8)
# GCC 12 takes the undefined vectors of its own intrinsics for uninitialized (GCC bug 105593).
set(HADAL_ISA_WARNINGS $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)

# Tiles of accumulators stay in registers only where their loops are unrolled: at -O2 kernels take
# twice as long.
set(HADAL_ISA_OPTIMIZATION $<$<NOT:$<CONFIG:Debug>>:-O3>)

function(hadal_isa_sources target)
  foreach(source IN LISTS ARGN)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE file)
    set(levels ${HADAL_ISA_LEVELS})
    if(file MATCHES "\\.(portable|avx2|avx512|avx512_bf16|amx)\\.isa\\.cpp$")
      list(FILTER levels INCLUDE REGEX "^${CMAKE_MATCH_1}$")
    endif()
    foreach(isa IN LISTS levels)
      set(unit "${CMAKE_CURRENT_BINARY_DIR}/isa/${isa}/${file}")
      file(CONFIGURE OUTPUT "${unit}" CONTENT "#include \"${file}\"\n")
      set_source_files_properties("${unit}" PROPERTIES
        COMPILE_OPTIONS "${HADAL_ISA_FLAGS_${isa}};${HADAL_ISA_OPTIMIZATION};${HADAL_ISA_WARNINGS}"
        COMPILE_DEFINITIONS "HADAL_ISA_NAMESPACE=${isa}"
        SKIP_PRECOMPILE_HEADERS ON)
      target_sources(${target} PRIVATE "${unit}")
    endforeach()
  endforeach()
endfunction()
