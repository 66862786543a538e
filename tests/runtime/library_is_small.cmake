# cmake -D LIBRARY=libsignet_runtime.a -D LIMIT=400000 -P this: fails if the
# code and data of the archive's objects take LIMIT bytes or more.
execute_process(COMMAND size --totals ${LIBRARY} OUTPUT_VARIABLE output
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT output MATCHES "\n *([0-9]+)[ \t]+([0-9]+)[^\n]*\\(TOTALS\\)")
  message(FATAL_ERROR "no total in the output of size:\n${output}")
endif()
math(EXPR bytes "${CMAKE_MATCH_1} + ${CMAKE_MATCH_2}")
message(STATUS "${bytes} bytes of code and data")
if(NOT bytes LESS LIMIT)
  message(FATAL_ERROR "must be less than ${LIMIT}:\n${output}")
endif()
