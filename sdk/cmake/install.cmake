# What authors of plugins get: `find_package(hyalite)` and `pkg-config hyalite`.
# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)
set(sdk_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hyalite)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hyaliteConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/hyaliteConfig.cmake INSTALL_DESTINATION ${sdk_cmake_dir}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# The package's version is the plugin interface's: what a plugin asks for is there in every later one of the same major version.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/../include/hyalite/abi.h)
file(READ ${CMAKE_CURRENT_LIST_DIR}/../include/hyalite/abi.h abi)
string(REGEX MATCH "#define HYALITE_ABI_MAJOR ([0-9]+)" found "${abi}")
set(abi_version ${CMAKE_MATCH_1})
string(REGEX MATCH "#define HYALITE_ABI_NEWEST_MINOR ([0-9]+)" found "${abi}")
string(APPEND abi_version .${CMAKE_MATCH_1})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/hyaliteConfigVersion.cmake
  VERSION ${abi_version} COMPATIBILITY SameMajorVersion)
# Seen from themselves, so that what was installed may be moved.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/hyalite.pc.in ${CMAKE_CURRENT_BINARY_DIR}/hyalite.pc @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/hyalite-testing.pc.in ${CMAKE_CURRENT_BINARY_DIR}/hyalite-testing.pc @ONLY)

install(TARGETS hyalite_sdk EXPORT hyalite COMPONENT dev)
install(EXPORT hyalite NAMESPACE hyalite:: FILE hyaliteTargets.cmake DESTINATION ${sdk_cmake_dir} COMPONENT dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hyaliteConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/hyaliteConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/HyalitePlugin.cmake ${CMAKE_CURRENT_LIST_DIR}/plugin.map
  DESTINATION ${sdk_cmake_dir} COMPONENT dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hyalite.pc ${CMAKE_CURRENT_BINARY_DIR}/hyalite-testing.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/../rust/hyalite.rs ${CMAKE_CURRENT_LIST_DIR}/../rust/hyalite_testing.rs
  DESTINATION ${CMAKE_INSTALL_DATADIR}/hyalite/rust COMPONENT dev)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/../include/hyalite DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/../README.md ${CMAKE_CURRENT_LIST_DIR}/../TUTORIAL.md DESTINATION ${CMAKE_INSTALL_DOCDIR}-dev COMPONENT dev)
# Where the other pages' links look for them.
install(FILES ${CMAKE_CURRENT_LIST_DIR}/../README.md ${CMAKE_CURRENT_LIST_DIR}/../TUTORIAL.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/sdk COMPONENT dev)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/../abi/LOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/sdk/abi COMPONENT dev)
