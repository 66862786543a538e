# cmake -D LIBRARY=libsignet_runtime.so -P this: fails if the library needs
# LibTorch (ldd) or has a symbol of it (nm).
function(refuse what pattern)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output RESULT_VARIABLE result
                  ERROR_VARIABLE error)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${error}")
  endif()
  string(REPLACE "${LIBRARY}" "" output "${output}")
  if(output MATCHES "[^\n]*(${pattern})[^\n]*")
    message(FATAL_ERROR "${what}: ${CMAKE_MATCH_0}")
  endif()
endfunction()

refuse("needs a library of LibTorch" "libtorch|libc10" ldd ${LIBRARY})
refuse("has a symbol of LibTorch" "torch::|c10::|at::Tensor"
       nm --dynamic --demangle ${LIBRARY})
