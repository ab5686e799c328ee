# hadal_embed(<target> <header> <file>...)
#
# Writes <header>, in which each file is a `constexpr std::string_view` of namespace hadal::embedded,
# named after the file (report.css -> report_css).
function(hadal_embed target header)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${header}")
  add_custom_command(OUTPUT "${output}"
    COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${output}" "-DFILES=${ARGN}"
            -P "${PROJECT_SOURCE_DIR}/cmake/embed.cmake"
    DEPENDS ${ARGN} "${PROJECT_SOURCE_DIR}/cmake/embed.cmake" VERBATIM)
  target_sources(${target} PRIVATE "${output}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
