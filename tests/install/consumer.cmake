# cmake -D BUILD=... -D SOURCE=... -D WORK=... -D COMPONENT=... -P this:
# installs BUILD (one COMPONENT, or everything) into WORK/prefix, builds SOURCE
# against it and runs its programs, one a target of signet. Of the runtime alone
# they must not load LibTorch, nor the headers be there; then the same by
# pkg-config. In the end it uninstalls, and nothing may be left.
function(call)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${result}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)
set(install ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
if(COMPONENT)
  list(APPEND install --component ${COMPONENT})
endif()
call(${install})

# The prefix is found through PATH, and the program of the build folder comes
# before it, as after `export PATH=$PWD/build/release/bin:$PATH`.
set(ENV{PATH} "${BUILD}/bin:${prefix}/bin:$ENV{PATH}")
function(build source folder)
  call(${CMAKE_COMMAND} -S ${source} -B ${folder} -G ${GENERATOR}
    -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_C_COMPILER=${C_COMPILER})
  call(${CMAKE_COMMAND} --build ${folder})
endfunction()
build(${SOURCE} ${WORK}/build)

file(GLOB programs ${WORK}/build/consumer*)
foreach(program ${programs})
  call(${program})
  message(STATUS "${output}")
  call(ldd ${program})
  if(output MATCHES "${prefix}/${LIBDIR}/libsignet_")
    if(program MATCHES "static")
      message(FATAL_ERROR "loads what it was to hold:\n${output}")
    endif()
  elseif(NOT program MATCHES "static")
    message(FATAL_ERROR "does not use the installed library:\n${output}")
  endif()
  if(output MATCHES "[^\n]*not found[^\n]*")
    message(FATAL_ERROR "${CMAKE_MATCH_0}")
  endif()
  if(COMPONENT STREQUAL "runtime" AND output MATCHES
     "[^\n]*(libtorch|libc10|flatbuffers|libsignet_base)[^\n]*")
    message(FATAL_ERROR "the runtime alone needs ${CMAKE_MATCH_0}")
  endif()
endforeach()

if(COMPONENT STREQUAL "runtime")
  file(GLOB parts RELATIVE ${prefix}/include/signet ${prefix}/include/signet/*)
  if(NOT parts STREQUAL "runtime")
    message(FATAL_ERROR "the runtime alone installs headers of: ${parts}")
  endif()
  # Without CMake: the library; the archive in an ordinary program; a program
  # that is all static. All by a compiler for C, if that is the language.
  find_program(PKG_CONFIG pkg-config)
  file(GLOB source ${SOURCE}/main.*)
  set(compiler ${C_COMPILER})
  if(source MATCHES "cpp$")
    set(compiler ${COMPILER} -std=c++20)
  endif()
  if(PKG_CONFIG)
    set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
    foreach(kind "" "--static")
      call(${PKG_CONFIG} --cflags --libs ${kind} signet-runtime)
      separate_arguments(flags UNIX_COMMAND "${output}")
      string(REGEX REPLACE "^--" "-" all_static "${kind}")
      call(${compiler} ${source} -o ${WORK}/program ${all_static} ${flags}
           -Wl,-rpath,${prefix}/${LIBDIR})
      call(${WORK}/program)
    endforeach()
    list(TRANSFORM flags REPLACE "^-lsignet_runtime$"
      "${prefix}/${LIBDIR}/libsignet_runtime.a")
    call(${compiler} ${source} -o ${WORK}/program ${flags})
    call(${WORK}/program)
  else()
    message(STATUS "no pkg-config here: not tried")
  endif()
else()
  # A project in C has the runtime, whatever else is installed.
  file(READ ${SOURCE}/../c/CMakeLists.txt project)
  string(REPLACE " COMPONENTS runtime" "" project "${project}")
  file(WRITE ${WORK}/c/CMakeLists.txt "${project}")
  file(COPY ${SOURCE}/../c/main.c DESTINATION ${WORK}/c)
  build(${WORK}/c ${WORK}/c/build)
  call(${WORK}/c/build/consumer_runtime_static)
  # The installed program finds its library of training commands.
  call(${prefix}/bin/signet estimators)
  if(NOT output MATCHES "st-deterministic")
    message(FATAL_ERROR "signet estimators: ${output}")
  endif()
  call(${prefix}/bin/signet --help)
  if(NOT output MATCHES "train" OR output MATCHES "Not available")
    message(FATAL_ERROR "signet --help: ${output}")
  endif()
endif()

file(WRITE ${prefix}/${LIBDIR}/cmake/other.txt "of somebody else\n")
call(${CMAKE_COMMAND} -P ${prefix}/${LIBDIR}/cmake/signet/uninstall.cmake)
file(GLOB_RECURSE left LIST_DIRECTORIES false ${prefix}/*)
file(GLOB_RECURSE all LIST_DIRECTORIES true ${prefix}/*)
list(FILTER all INCLUDE REGEX "^${prefix}/.*signet")
if(all OR NOT left STREQUAL "${prefix}/${LIBDIR}/cmake/other.txt")
  message(FATAL_ERROR "after uninstalling there are: ${left} ${all}")
endif()
