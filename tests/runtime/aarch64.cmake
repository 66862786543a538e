# cmake -D SOURCE=... -D WORK=... -D GENERATOR=... -P this: builds the runtime
# and its tests for 64-bit Arm and runs under emulation those that depend on the
# level: kernels against plain loops, and the golden files. Prints SKIPPED and
# why where a package is missing.
set(compiler aarch64-linux-gnu-g++)
set(emulator qemu-aarch64)
set(googletest /usr/src/googletest/googletest/src/gtest-all.cc)
find_program(COMPILER ${compiler})
find_program(EMULATOR ${emulator})
foreach(needed "${COMPILER}=${compiler}, package g++-aarch64-linux-gnu"
               "${EMULATOR}=${emulator}, package qemu-user"
               "${googletest}=${googletest}, package googletest")
  string(REGEX MATCH "^([^=]*)=(.*)$" matched "${needed}")
  if(NOT EXISTS "${CMAKE_MATCH_1}")
    message(STATUS "SKIPPED: no ${CMAKE_MATCH_2}")
    return()
  endif()
endforeach()

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK} -G ${GENERATOR}
    -D CMAKE_SYSTEM_NAME=Linux -D CMAKE_SYSTEM_PROCESSOR=aarch64
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK} --parallel 2)
run(${EMULATOR} -L /usr/aarch64-linux-gnu ${WORK}/bin/test_runtime
    --gtest_filter=Calls.*:Golden.*:Levels/*:Packing.*)
