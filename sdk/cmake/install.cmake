# What authors of plugins get: `find_package(hyalite)` and `pkg-config hyalite`.
# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)
set(sdk_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hyalite)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hyaliteConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/hyaliteConfig.cmake INSTALL_DESTINATION ${sdk_cmake_dir}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Until 1.0 a plugin is built for exactly this minor version of the ABI.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/hyaliteConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
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
