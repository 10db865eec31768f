# The program itself, from the room cli.
# SPDX-License-Identifier: MIT
find_package(CLI11 REQUIRED)

# For `hyalite --version`: what it was built with.
if(libllhttp_FOUND)
  set(llhttp_version ${libllhttp_VERSION})
else()
  set(llhttp_version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS ${llhttp_header}/llhttp.h line REGEX "define LLHTTP_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+$" number "${line}")
    list(APPEND llhttp_version ${number})
  endforeach()
  list(JOIN llhttp_version "." llhttp_version)
endif()
string(CONCAT libraries "libevent ${libevent_libevent_core_VERSION}, llhttp ${llhttp_version}, "
  "yaml-cpp ${yaml-cpp_VERSION}, nlohmann-json ${nlohmann_json_VERSION}, CLI11 ${CLI11_VERSION}, OpenSSL ${OPENSSL_VERSION}, "
  "zlib ${codings_zlib_VERSION}, brotli ${codings_libbrotlidec_VERSION}, zstd ${codings_libzstd_VERSION}")

room(cli USES base event settings metrics coding net interception tls lab doctor plugin services flow check admin process)
target_link_libraries(hyalite_cli PRIVATE CLI11::CLI11)
file(RELATIVE_PATH plugins_from_program ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/hyalite/plugins)
target_compile_definitions(hyalite_cli PRIVATE HYALITE_VERSION="${PROJECT_VERSION}" HYALITE_LIBRARIES="${libraries}"
  HYALITE_PLUGINS_FROM_PROGRAM="${plugins_from_program}")
# The build tree is laid out alike.
cmake_path(ABSOLUTE_PATH plugins_from_program BASE_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} NORMALIZE OUTPUT_VARIABLE link)
cmake_path(GET link PARENT_PATH directory)
file(MAKE_DIRECTORY ${directory})
file(CREATE_LINK ${CMAKE_BINARY_DIR}/plugins ${link} SYMBOLIC)

include(cli/templates.cmake)

add_executable(hyalite cli/main.cc)
target_link_libraries(hyalite PRIVATE hyalite_cli)
install(TARGETS hyalite RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
