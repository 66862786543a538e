# Part of `cmake --install`: writes what was installed so far, relative to the
# prefix, into ${signet_list} below it, whose own name comes last.
set(names "")
foreach(file ${CMAKE_INSTALL_MANIFEST_FILES})
  cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
  string(APPEND names "${file}\n")
endforeach()
set(list ${CMAKE_INSTALL_PREFIX}/${signet_list})
file(WRITE $ENV{DESTDIR}${list} "${names}${signet_list}\n")
list(APPEND CMAKE_INSTALL_MANIFEST_FILES ${list})
