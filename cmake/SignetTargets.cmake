# Rules that every target shares, and the two ways to make one:
#   signet_library(NAME [TORCH] DEPENDS ...)  signet/NAME/*.cpp -> libsignet_NAME
#   signet_test(NAME [TORCH] [SHARDS n] DEPENDS ...)
#                                             tests/NAME/*.cpp  -> test_NAME
# and signet_plain(FILES ...) for what need not be fast itself.
# TORCH marks what sees LibTorch; all of it shares one precompiled header.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
include(GNUInstallDirs)
set(CMAKE_INSTALL_RPATH "$ORIGIN;$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# One code model for libraries and programs, so that they can share a
# precompiled header.
add_compile_options(-fPIC -Wall -Wextra)
# Results are the same on every machine: no fused multiply-add unless written.
add_compile_options(-ffp-contract=off)
# Nobody reads errno or floating-point traps after a square root; loops that
# must keep them do not vectorise.
add_compile_options(-fno-math-errno -fno-trapping-math)
add_link_options(-Wl,--no-undefined)
if(SIGNET_WERROR)
  add_compile_options(-Werror)
endif()
if(SIGNET_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

# g++ marks all that it has read once its heap has grown: that of LibTorch's
# headers takes a tenth of the time.
add_compile_options($<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1000000>)

# Code that spends its time in ATen, or runs once a command: -O1 compiles in
# three quarters of the time of -O3, and results are the same.
set(SIGNET_PLAIN_OPTIONS "$<$<CONFIG:Release>:-O1>")
function(signet_plain)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS
    ${SIGNET_PLAIN_OPTIONS})
endfunction()

function(signet_torch_target target)
  target_link_libraries(${target} PUBLIC ${TORCH_LIBRARIES})
  # LibTorch's headers are not ours to warn about.
  target_include_directories(${target} SYSTEM PUBLIC ${TORCH_INCLUDE_DIRS})
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
  if(target STREQUAL "signet_core")
    target_precompile_headers(${target} PRIVATE
      ${PROJECT_SOURCE_DIR}/signet/core/torch.h)
  else()
    target_precompile_headers(${target} REUSE_FROM signet_core)
  endif()
endfunction()

function(signet_library name)
  cmake_parse_arguments(arg "TORCH" "" "DEPENDS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  set(target signet_${name})
  add_library(${target} SHARED ${sources} ${arg_SOURCES})
  add_library(signet::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS})
  if(arg_TORCH)
    signet_torch_target(${target})
  endif()
endfunction()

function(signet_test name)
  cmake_parse_arguments(arg "TORCH" "SHARDS" "DEPENDS;SOURCES" ${ARGN})
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS
      ${PROJECT_SOURCE_DIR}/tests/${name}/*.cpp)
  endif()
  set(target test_${name})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_DEPENDS} GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${SIGNET_PLAIN_OPTIONS})
  if(arg_TORCH)
    signet_torch_target(${target})
  endif()
  # A program is started once, as loading LibTorch takes a second; in shards it
  # fills the cores. Several run at once, so each takes one thread.
  if(NOT arg_SHARDS)
    set(arg_SHARDS 1)
  endif()
  foreach(shard RANGE 1 ${arg_SHARDS})
    set(entry ${name})
    if(arg_SHARDS GREATER 1)
      set(entry ${name}.${shard})
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${entry} COMMAND ${target} --gtest_brief=1)
    set_tests_properties(${entry} PROPERTIES TIMEOUT 900 LABELS ${name}
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${index};OMP_NUM_THREADS=1")
  endforeach()
endfunction()
