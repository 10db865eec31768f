# llhttp, the second parser: Debian's libllhttp-dev (9 or newer) where there is one, else the C sources
# that Debian 12 ships with node-llhttp (8.1), compiled strict. -DHYALITE_LLHTTP_SOURCES=DIR takes
# {api,http,llhttp}.c and llhttp.h from DIR instead.
# Makes the target hyalite_llhttp.
set(HYALITE_LLHTTP_SOURCES "" CACHE PATH "Directory of llhttp's C sources; empty: look for it")
add_library(hyalite_llhttp INTERFACE)

set(llhttp_sources "${HYALITE_LLHTTP_SOURCES}")
if(NOT llhttp_sources)
  pkg_check_modules(libllhttp QUIET IMPORTED_TARGET libllhttp>=9)
  if(libllhttp_FOUND)
    message(STATUS "llhttp: ${libllhttp_VERSION}, packaged")
    target_link_libraries(hyalite_llhttp INTERFACE PkgConfig::libllhttp)
    return()
  endif()
  set(llhttp_sources /usr/share/llhttp)
endif()

unset(llhttp_header CACHE)
find_path(llhttp_header llhttp.h NO_DEFAULT_PATH
  PATHS ${llhttp_sources} ${llhttp_sources}/../include ${llhttp_sources}/../include/llhttp)
if(NOT llhttp_header OR NOT EXISTS ${llhttp_sources}/llhttp.c)
  message(FATAL_ERROR "llhttp is missing: install libllhttp-dev (Debian 13 and newer) or node-llhttp (Debian 12)")
endif()
message(STATUS "llhttp: the sources in ${llhttp_sources}")
add_library(hyalite_llhttp_sources STATIC
  ${llhttp_sources}/api.c ${llhttp_sources}/http.c ${llhttp_sources}/llhttp.c)
target_include_directories(hyalite_llhttp_sources SYSTEM PUBLIC ${llhttp_header})
target_compile_definitions(hyalite_llhttp_sources PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(hyalite_llhttp_sources PRIVATE -O2 -w -fstack-protector-strong "$<$<NOT:$<CONFIG:Debug>>:${hyalite_hardening}>")
target_link_libraries(hyalite_llhttp INTERFACE hyalite_llhttp_sources)
