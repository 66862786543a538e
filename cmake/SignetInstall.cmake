# cmake --install: two components.
#   runtime   libsignet_runtime, shared and static, and its headers, which need
#             nothing else
#   training  all other libraries and headers, the program with its library of
#             training commands, the recipes; needs `runtime` beside it
# find_package(signet) reads cmake/signet-config.cmake.in; what was installed is
# listed beside it, for cmake/uninstall.cmake.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/signet)
# Made here, and found by nobody before they are installed: find_package() looks
# into the folder above any bin/ of PATH, its lib/, share/ and signet*/.
set(made ${PROJECT_BINARY_DIR}/install-files)
file(REMOVE ${PROJECT_BINARY_DIR}/signet-config.cmake
  ${PROJECT_BINARY_DIR}/signet-config-version.cmake
  ${PROJECT_BINARY_DIR}/signet-runtime.pc)  # where they were made once

# A build of some targets must not be installed half: first of all, each
# component asks for its files.
function(signet_needs_built component)
  set(needed "")
  foreach(target ${ARGN})
    list(APPEND needed $<TARGET_FILE:${target}>)
  endforeach()
  list(JOIN needed "\" \"" needed)
  install(CODE "
  foreach(file \"${needed}\")
    if(NOT EXISTS \"\${file}\")
      message(FATAL_ERROR \"signet: nothing was installed, for not all is \"
        \"built: no \${file}; run cmake --build ${PROJECT_BINARY_DIR}\")
    endif()
  endforeach()" COMPONENT ${component})
endfunction()

set(parts "")
foreach(part base data runtime report core models optim measure export
        experiments)
  if(TARGET signet_${part})
    list(APPEND parts ${part})
  endif()
endforeach()

signet_needs_built(runtime signet_runtime signet_runtime_static)
set(built "")
set(training ${parts} commands)
list(REMOVE_ITEM training runtime)
list(TRANSFORM training PREPEND signet_)
foreach(target signet ${training})
  if(TARGET ${target})
    list(APPEND built ${target})
  endif()
endforeach()
if(built)
  signet_needs_built(training ${built})
  # Whoever builds the program alone can install its runtime, archive and all.
  add_dependencies(signet signet_runtime_static)
endif()

foreach(part ${parts})
  if(part STREQUAL "runtime")
    # The runtime names its public headers itself, as a FILE_SET.
    install(TARGETS signet_runtime signet_runtime_static EXPORT signet-runtime
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
      FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT runtime)
  else()
    install(TARGETS signet_${part} EXPORT signet-training
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT training)
    # kernels/ and assets.h are no one else's business.
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/signet/${part}
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/signet COMPONENT training
      FILES_MATCHING PATTERN "*.h"
      PATTERN kernels EXCLUDE PATTERN assets EXCLUDE PATTERN assets.h EXCLUDE
      PATTERN estimators EXCLUDE PATTERN rules EXCLUDE
      PATTERN problems EXCLUDE PATTERN papers EXCLUDE)
  endif()
endforeach()
if(TARGET signet_core)
  # But core/noise.h says which kernel a family has.
  install(FILES ${PROJECT_SOURCE_DIR}/signet/core/kernels/threshold_kernel.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/signet/core/kernels
    COMPONENT training)
endif()

if(TARGET signet)
  install(TARGETS signet DESTINATION ${CMAKE_INSTALL_BINDIR}
    COMPONENT training)
endif()
if(TARGET signet_commands)
  install(TARGETS signet_commands
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT training)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/recipes
  DESTINATION ${CMAKE_INSTALL_DATADIR}/signet COMPONENT training
  FILES_MATCHING PATTERN "*.toml")

set(components runtime)
if(TARGET signet)
  list(APPEND components training)
endif()
foreach(component ${components})
  install(EXPORT signet-${component} NAMESPACE signet::
    FILE signet-${component}-targets.cmake
    DESTINATION ${package_dir} COMPONENT ${component})
endforeach()
# For builds that know no CMake; --static adds what the archive needs.
file(RELATIVE_PATH prefix_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
# The standard library of C++, as a linker for C must be told.
set(cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER cxx_runtime INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+|c\\+\\+abi)$")
list(REMOVE_DUPLICATES cxx_runtime)
list(APPEND cxx_runtime m)
list(TRANSFORM cxx_runtime PREPEND "-l" OUTPUT_VARIABLE cxx_runtime_flags)
list(JOIN cxx_runtime_flags " " cxx_runtime_flags)
configure_file(${PROJECT_SOURCE_DIR}/cmake/signet-runtime.pc.in
  ${made}/signet-runtime.pc @ONLY)
install(FILES ${made}/signet-runtime.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT runtime)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/signet-config.cmake.in
  ${made}/signet-config.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(
  ${made}/signet-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${made}/signet-config.cmake
  ${made}/signet-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake
  DESTINATION ${package_dir} COMPONENT runtime)
# Last of all, as it lists what the rules above have installed.
foreach(component runtime training)
  install(CODE "set(signet_list ${package_dir}/installed-${component}.txt)"
    COMPONENT ${component})
  install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/list_installed.cmake
    COMPONENT ${component})
endforeach()

if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(uninstall COMMAND ${CMAKE_COMMAND}
    -D BUILD=${PROJECT_BINARY_DIR}
    -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake VERBATIM)
endif()
