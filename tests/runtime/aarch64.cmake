# cmake -D SOURCE=... -D WORK=... -D GENERATOR=... -P this: builds the runtime
# and its tests for 64-bit Arm by cmake/aarch64-linux-gnu.cmake and runs under
# emulation those that depend on the level: kernels against plain loops, and the
# golden files. Prints SKIPPED and why where a package is missing.
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
    --toolchain ${SOURCE}/../../../cmake/aarch64-linux-gnu.cmake
    -D CMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK} --parallel 2)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK} --output-on-failure)
