# cmake -D BUILD=... -D SOURCE=... -D WORK=... -D COMPONENT=... -P this:
# installs BUILD (one COMPONENT, or everything) into WORK/prefix, builds SOURCE
# against it and runs its program. Of the runtime alone the program must not
# load LibTorch, nor the headers be there.
function(call)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${result}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
set(install ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
if(COMPONENT)
  list(APPEND install --component ${COMPONENT})
endif()
call(${install})
call(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR}
  -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_C_COMPILER=${C_COMPILER}
  -D CMAKE_PREFIX_PATH=${WORK}/prefix)
call(${CMAKE_COMMAND} --build ${WORK}/build)
call(${WORK}/build/consumer)
message(STATUS "${output}")

call(ldd ${WORK}/build/consumer)
if(NOT output MATCHES "${WORK}/prefix/${LIBDIR}/libsignet_")
  message(FATAL_ERROR "does not use the installed library:\n${output}")
endif()
if(output MATCHES "[^\n]*not found[^\n]*")
  message(FATAL_ERROR "${CMAKE_MATCH_0}")
endif()
if(COMPONENT STREQUAL "runtime")
  if(output MATCHES "[^\n]*(libtorch|libc10|flatbuffers|libsignet_base)[^\n]*")
    message(FATAL_ERROR "the runtime alone needs ${CMAKE_MATCH_0}")
  endif()
  file(GLOB parts RELATIVE ${WORK}/prefix/include/signet
       ${WORK}/prefix/include/signet/*)
  if(NOT parts STREQUAL "runtime")
    message(FATAL_ERROR "the runtime alone installs headers of: ${parts}")
  endif()
  # The archive alone makes the same program, by what the .pc file says.
  file(GLOB sources ${SOURCE}/main.c)
  file(READ ${WORK}/prefix/${LIBDIR}/pkgconfig/signet-runtime.pc pkgconfig)
  string(REGEX MATCH "Libs.private: ([^\n]*)" private "${pkgconfig}")
  separate_arguments(private UNIX_COMMAND "${CMAKE_MATCH_1}")
  if(sources)
    call(${C_COMPILER} ${sources} -I${WORK}/prefix/include
         ${WORK}/prefix/${LIBDIR}/libsignet_runtime.a ${private}
         -o ${WORK}/static)
    call(${WORK}/static)
  endif()
else()
  # The installed program finds its library of training commands.
  call(${WORK}/prefix/bin/signet estimators)
  if(NOT output MATCHES "st-deterministic")
    message(FATAL_ERROR "signet estimators: ${output}")
  endif()
  call(${WORK}/prefix/bin/signet --help)
  if(NOT output MATCHES "train" OR output MATCHES "Not available")
    message(FATAL_ERROR "signet --help: ${output}")
  endif()
endif()
