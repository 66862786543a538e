# cmake -D SOURCE=... -D SEEDS=... -D WORK=... -D SECONDS=... -P this: builds
# the fuzzer with clang in WORK/build and runs it from a fresh copy of SEEDS.
# What makes it fail stays in WORK/findings.
find_program(clang NAMES clang++ NO_CACHE)
if(NOT clang)
  message(STATUS "skipped: there is no clang++")
  return()
endif()
file(MAKE_DIRECTORY ${WORK})
file(WRITE ${WORK}/probe.cpp "#include <cstddef>
extern \"C\" int LLVMFuzzerTestOneInput(const char*, std::size_t) { return 0; }")
execute_process(
  COMMAND ${clang} -fsanitize=fuzzer,address,undefined ${WORK}/probe.cpp
          -o ${WORK}/probe
  RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE error)
if(NOT result EQUAL 0)
  message(STATUS "skipped: ${clang} has no libFuzzer (libclang-rt-dev): ${error}")
  return()
endif()

foreach(step "-S;${SOURCE};-B;${WORK}/build;-G;${GENERATOR};-D;CMAKE_CXX_COMPILER=${clang}"
        "--build;${WORK}/build;--target;fuzz_model")
  execute_process(COMMAND ${CMAKE_COMMAND} ${step} RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${output}")
  endif()
endforeach()

file(REMOVE_RECURSE ${WORK}/corpus ${WORK}/findings)
file(COPY ${SEEDS}/ DESTINATION ${WORK}/corpus FILES_MATCHING PATTERN "*.signet")
file(MAKE_DIRECTORY ${WORK}/findings)
execute_process(
  # Seconds of the clock, so ample for a busy machine; a file takes milliseconds.
  COMMAND ${WORK}/build/fuzz_model -seed=1 -max_len=5000 -timeout=120
          -max_total_time=${SECONDS} -print_final_stats=1
          -artifact_prefix=${WORK}/findings/ ${WORK}/corpus
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX MATCH "[^\n]*number_of_executed_units[^\n]*" executed "${output}")
message(STATUS "${executed}")
if(NOT result EQUAL 0)
  string(LENGTH "${output}" length)
  math(EXPR start "${length} > 6000 ? ${length} - 6000 : 0" OUTPUT_FORMAT DECIMAL)
  string(SUBSTRING "${output}" ${start} -1 output)
  message(FATAL_ERROR "${result}\n${output}")
endif()
