# cmake -D SOURCE=... -D WORK=... -D BUILD=... -P this: what is not built is not
# installed in part either; a project in C that adds signet is told what it
# lacks; and what tools/demo.sh builds is all that an installation needs.
file(REMOVE_RECURSE ${WORK})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build
  -G ${GENERATOR} -D SIGNET_PARTS=library -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_C_COMPILER=${C_COMPILER}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${WORK}/build
  --prefix ${WORK}/prefix RESULT_VARIABLE result
  OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0 OR EXISTS ${WORK}/prefix OR
   NOT output MATCHES "nothing was installed.*cmake --build")
  message(FATAL_ERROR "an installation of nothing: ${result}\n${output}")
endif()

file(WRITE ${WORK}/c/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C)
add_subdirectory(${SOURCE} signet)\n")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/c -B ${WORK}/c/build
  -G ${GENERATOR} -D SIGNET_PARTS=library -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_C_COMPILER=${C_COMPILER} RESULT_VARIABLE result
  OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0 OR NOT output MATCHES "LANGUAGES C CXX")
  message(FATAL_ERROR "added to a project in C: ${result}\n${output}")
endif()

if(NOT GENERATOR STREQUAL "Ninja" OR NOT EXISTS ${BUILD}/bin/signet)
  return()
endif()
find_program(NINJA ninja REQUIRED)
file(STRINGS ${SOURCE}/tools/demo.sh targets REGEX "--target")
string(REGEX REPLACE ".*--target " "" targets "${targets}")
separate_arguments(targets)
execute_process(COMMAND ${NINJA} -C ${BUILD} -t inputs ${targets}
  OUTPUT_VARIABLE inputs COMMAND_ERROR_IS_FATAL ANY)
foreach(target ${targets})  # their own files, a program or a module
  string(APPEND inputs "bin/${target}\nlib/lib${target}.so\n")
endforeach()
file(STRINGS ${BUILD}/cmake_install.cmake needed REGEX "foreach\\(file ")
string(REGEX MATCHALL "(lib|bin)/[^/\" ]*signet[^\" ]*" needed "${needed}")
set(missing "")
foreach(file ${needed})
  string(FIND "\n${inputs}" "\n${file}\n" found)
  if(found EQUAL -1)
    list(APPEND missing ${file})
  endif()
endforeach()
if(NOT needed)
  message(FATAL_ERROR "${BUILD}/cmake_install.cmake names no files")
endif()
if(missing)
  message(FATAL_ERROR "tools/demo.sh builds ${targets}, but not ${missing}")
endif()
