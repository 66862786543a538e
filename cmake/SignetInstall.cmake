# cmake --install: two components.
#   runtime   libsignet_runtime, shared and static, and its headers, which need
#             nothing else
#   training  all other libraries and headers, the program with its library of
#             training commands, the recipes; needs `runtime` beside it
# find_package(signet) reads cmake/signet-config.cmake.in.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/signet)
set(parts "")
foreach(part base data runtime report core models optim measure export
        experiments)
  if(TARGET signet_${part})
    list(APPEND parts ${part})
  endif()
endforeach()

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
configure_file(${PROJECT_SOURCE_DIR}/cmake/signet-runtime.pc.in
  ${PROJECT_BINARY_DIR}/signet-runtime.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/signet-runtime.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT runtime)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/signet-config.cmake.in
  ${PROJECT_BINARY_DIR}/signet-config.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/signet-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/signet-config.cmake
  ${PROJECT_BINARY_DIR}/signet-config-version.cmake
  DESTINATION ${package_dir} COMPONENT runtime)
