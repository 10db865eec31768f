# Debian packages: `cmake --workflow --preset package` makes hyalite and hyalite-dev in build/package.
# SPDX-License-Identifier: MIT
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hyalite)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Hyalite developers <hyalite@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL hyalite dev)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_COMPONENT_HYALITE_DESCRIPTION "plugin-based, transparent layer-7 inspection proxy
 Connections that the kernel redirects reach it without the client's knowledge;
 it finds out where they were going and what they speak, passes them through a
 chain of plugins (logger, header rewriter, blocker, or others), and forwards
 them to their original destination.")
set(CPACK_DEBIAN_HYALITE_PACKAGE_NAME hyalite)
set(CPACK_DEBIAN_HYALITE_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_HYALITE_PACKAGE_RECOMMENDS "nftables, iproute2, ca-certificates")
set(CPACK_DEBIAN_HYALITE_PACKAGE_SUGGESTS "logrotate")
set(CPACK_DEBIAN_HYALITE_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/postinst ${CMAKE_CURRENT_LIST_DIR}/prerm
  ${CMAKE_CURRENT_LIST_DIR}/postrm ${CMAKE_CURRENT_LIST_DIR}/conffiles)

set(CPACK_COMPONENT_DEV_DESCRIPTION "SDK for plugins of the Hyalite inspection proxy
 Headers (C and C++17), CMake package, pkg-config files, and the engine as a
 library for tests of plugins.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME hyalite-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
# What its library needs is found by dpkg-shlibdeps, as for the program.
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "hyalite (= ${PROJECT_VERSION}), cmake, g++")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "libgtest-dev, pkg-config, cargo")
include(CPack)
