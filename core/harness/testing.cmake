# The harness as third parties get it: one shared library that has the engine in it, and shows <hyalite/testing.h> alone.
# SPDX-License-Identifier: MIT
add_library(hyalite_testing SHARED harness/border/testing.cc)
add_library(hyalite::testing ALIAS hyalite_testing)
target_link_libraries(hyalite_testing PRIVATE hyalite_harness)
target_link_libraries(hyalite_testing INTERFACE hyalite_sdk)
target_compile_definitions(hyalite_testing PRIVATE HYALITE_PLUGIN_DIR="${CMAKE_INSTALL_FULL_LIBDIR}/hyalite/plugins")
# Until 1.0 it belongs to exactly one minor version, like the headers.
set_target_properties(hyalite_testing PROPERTIES EXPORT_NAME testing OUTPUT_NAME hyalite-testing
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/harness/border/testing.map)
target_link_options(hyalite_testing PRIVATE -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/harness/border/testing.map
  -Wl,--exclude-libs,ALL)
if(NOT HYALITE_SANITIZE)
  target_link_options(hyalite_testing PRIVATE -Wl,-z,defs)
endif()
install(TARGETS hyalite_testing EXPORT hyalite LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev NAMELINK_COMPONENT dev)
