# cmake -D OBJECTS=... -P this: fails if an object of a level with compile flags
# of its own defines a weak symbol. The linker keeps one copy of such a symbol
# for the whole program, and would hand that level's instructions to processors
# without them (signet/runtime/kernels/kernel.h).
set(seen 0)
foreach(object ${OBJECTS})
  if(object MATCHES "kernels/(avx|neon|scalar)")
    math(EXPR seen "${seen} + 1")
  endif()
  if(object MATCHES "kernels/(avx|amx.cpp)|drawing/draw_avx")
    execute_process(COMMAND nm --demangle --defined-only ${object}
                    OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
    if(output MATCHES "[^\n]* [WVuw] [^\n]*")
      message(FATAL_ERROR "${object}: weak symbol: ${CMAKE_MATCH_0}")
    endif()
  endif()
endforeach()
if(seen EQUAL 0)
  message(FATAL_ERROR "no kernel among the objects: ${OBJECTS}")
endif()
