# Install rules, and the package that find_package(Hadal COMPONENTS core ...) reads: docs/cmake.md.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Hadal")
get_property(modules GLOBAL PROPERTY HADAL_INSTALL_TARGETS)

# Programs and shared libraries find each other by place, and LibTorch where it was at build time.
# (INSTALL_RPATH_USE_LINK_PATH would leave out a LibTorch within the source tree.)
set(torch_lib "${TORCH_INSTALL_PREFIX}/lib")
set_target_properties(${modules} PROPERTIES INSTALL_RPATH "$ORIGIN;${torch_lib}")
install(TARGETS ${modules} EXPORT HadalTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET hadal)
  set_target_properties(hadal PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${torch_lib}")
  install(TARGETS hadal RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
# The operators for Python, and the package that loads them: docs/python.md.
set_target_properties(hadal_ops PROPERTIES INSTALL_RPATH "$ORIGIN;${torch_lib}")
install(TARGETS hadal_ops LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY python/hadal DESTINATION "${CMAKE_INSTALL_LIBDIR}/python" FILES_MATCHING PATTERN "*.py")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# The package that defines an imported target, as HadalConfig.cmake looks it up. A static library
# needs its private dependencies too, which it passes on as $<LINK_ONLY:...>.
set(HADAL_PACKAGE_OF_torch Torch)
set(HADAL_PACKAGE_OF_OpenSSL OpenSSL)
set(HADAL_PACKAGE_OF_nlohmann_json nlohmann_json)
set(HADAL_PACKAGE_OF_CLI11 CLI11)
set(HADAL_PACKAGE_OF_ZLIB ZLIB)
set(HADAL_PACKAGE_OF_Boost Boost)
set(HADAL_PACKAGE_OF_Threads Threads)
set(HADAL_PACKAGE_OF_OpenMP OpenMP)

# hadal_package_needs(<target> <modules-var> <packages-var> <pkgconfig-var>): what a user of the
# installed <target> has to find first.
function(hadal_package_needs target modules_var packages_var pkgconfig_var)
  set(needed_modules "")
  set(packages "")
  set(pkgconfig "")
  get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
  foreach(library IN LISTS libraries)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" library "${library}")
    string(REGEX REPLACE "::.*" "" scope "${library}")
    if(library MATCHES "^\\$<BUILD_INTERFACE:")
      continue()
    elseif(library MATCHES "^Hadal::(.+)")
      list(APPEND needed_modules ${CMAKE_MATCH_1})
    elseif(library MATCHES "^PkgConfig::(.+)")
      list(APPEND pkgconfig ${CMAKE_MATCH_1}=${${CMAKE_MATCH_1}_MODULE_NAME})
    elseif(DEFINED HADAL_PACKAGE_OF_${scope})
      list(APPEND packages ${HADAL_PACKAGE_OF_${scope}})
    else()
      message(FATAL_ERROR "${target} links ${library}, but cmake/HadalInstall.cmake does not know "
        "which package a user has to find for it: add a HADAL_PACKAGE_OF_${scope}.")
    endif()
  endforeach()
  set(${modules_var} ${needed_modules} PARENT_SCOPE)
  set(${packages_var} ${packages} PARENT_SCOPE)
  set(${pkgconfig_var} ${pkgconfig} PARENT_SCOPE)
endfunction()

set(HADAL_COMPONENTS "")
set(HADAL_COMPONENT_NEEDS "")
foreach(module IN LISTS modules)
  get_target_property(name ${module} EXPORT_NAME)
  hadal_package_needs(${module} needed_modules packages pkgconfig)
  list(APPEND HADAL_COMPONENTS ${name})
  string(APPEND HADAL_COMPONENT_NEEDS
    "set(Hadal_${name}_modules ${needed_modules})\n"
    "set(Hadal_${name}_packages ${packages})\n"
    "set(Hadal_${name}_pkgconfig ${pkgconfig})\n")
endforeach()

string(REGEX MATCH "^[0-9]+\\.[0-9]+" HADAL_TORCH_VERSION "${Torch_VERSION}")
configure_package_config_file(cmake/HadalConfig.cmake.in "${PROJECT_BINARY_DIR}/HadalConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/HadalConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/HadalConfig.cmake"
              "${PROJECT_BINARY_DIR}/HadalConfigVersion.cmake" DESTINATION "${package_dir}")
install(EXPORT HadalTargets NAMESPACE Hadal:: DESTINATION "${package_dir}")
