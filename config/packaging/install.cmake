# Where everything that is not program, plugin or SDK goes.
# SPDX-License-Identifier: MIT
include(GNUInstallDirs)
set(data_dir ${CMAKE_INSTALL_DATADIR}/hyalite)
set(config_dir ${CMAKE_CURRENT_LIST_DIR}/..)
set(made ${CMAKE_CURRENT_BINARY_DIR}/config)

# Settings: the manual (every setting), one file per use, and the schema that editors read.
install(FILES ${config_dir}/default.yaml ${config_dir}/minimal.yaml ${config_dir}/gateway.yaml ${config_dir}/auditing.yaml
  ${config_dir}/hyalite.schema.json DESTINATION ${data_dir})
# The service's own settings begin as the least that works; in /etc the schema is no neighbour.
file(READ ${config_dir}/minimal.yaml text)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${config_dir}/minimal.yaml)
string(REPLACE "$schema=hyalite.schema.json" "$schema=${CMAKE_INSTALL_FULL_DATADIR}/hyalite/hyalite.schema.json" text "${text}")
string(REPLACE "default.yaml has every setting" "hyalite.yaml(5) has every setting" text "${text}")
file(WRITE ${made}/hyalite.yaml "${text}")
install(FILES ${made}/hyalite.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/hyalite)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/logrotate DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d RENAME hyalite)

# The units, with the program and its settings where they are installed.
foreach(unit hyalite hyalite-intercept hyalite-intercept-watch)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${config_dir}/${unit}.service)
  file(READ ${config_dir}/${unit}.service text)
  string(REPLACE "/usr/bin/hyalite" "${CMAKE_INSTALL_FULL_BINDIR}/hyalite" text "${text}")
  string(REPLACE "/etc/hyalite" "${CMAKE_INSTALL_FULL_SYSCONFDIR}/hyalite" text "${text}")
  file(WRITE ${made}/${unit}.service "${text}")
endforeach()
set(HYALITE_SYSTEMD_DIR lib/systemd/system CACHE STRING "Where systemd's units go, from the prefix")
set(HYALITE_SYSUSERS_DIR lib/sysusers.d CACHE STRING "Where the service's user is declared, from the prefix")
install(FILES ${made}/hyalite.service ${made}/hyalite-intercept.service ${made}/hyalite-intercept-watch.service DESTINATION ${HYALITE_SYSTEMD_DIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/sysusers.conf DESTINATION ${HYALITE_SYSUSERS_DIR} RENAME hyalite.conf)

# hyalite.yaml(5) is committed, like default.yaml; hyalite(1) is made by the program.
add_custom_command(OUTPUT ${made}/hyalite.1
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:hyalite> -DFRAME=${PROJECT_SOURCE_DIR}/docs/man/hyalite.1.in
    -DPAGE=${made}/hyalite.1 -DPROJECT_VERSION=${PROJECT_VERSION} -DCMAKE_INSTALL_FULL_LIBDIR=${CMAKE_INSTALL_FULL_LIBDIR}
    -P ${CMAKE_CURRENT_LIST_DIR}/man.cmake
  DEPENDS hyalite ${PROJECT_SOURCE_DIR}/docs/man/hyalite.1.in ${CMAKE_CURRENT_LIST_DIR}/man.cmake VERBATIM)
add_custom_target(manual ALL DEPENDS ${made}/hyalite.1)
install(FILES ${made}/hyalite.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/hyalite.yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${config_dir}/completion/hyalite.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME hyalite)
install(FILES ${config_dir}/completion/_hyalite DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${config_dir}/completion/hyalite.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/SECURITY.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
# The pages lie to each other as they do here, so that their links lead somewhere; config/ is where the settings are.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md PATTERN *.png PATTERN man EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/plugins DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN README.md PATTERN *.schema.json
  PATTERN shared EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN target EXCLUDE PATTERN build EXCLUDE
  PATTERN __pycache__ EXCLUDE)
file(RELATIVE_PATH settings_from_pages /${CMAKE_INSTALL_DOCDIR} /${data_dir})
file(CREATE_LINK ${settings_from_pages} ${made}/config SYMBOLIC)
install(FILES ${made}/config DESTINATION ${CMAKE_INSTALL_DOCDIR})
