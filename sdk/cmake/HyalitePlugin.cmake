# hyalite_add_plugin(NAME source...): builds NAME.so, a plugin of Hyalite, with the flags that the loader asks for:
# one exported symbol, everything resolved at load, nothing shared with other plugins by accident.

function(hyalite_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE hyalite::sdk)
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME ${name}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  if(NOT CMAKE_LIBRARY_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE -Wl,-z,now,-z,relro,-z,noexecstack -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map
    -Wl,--exclude-libs,ALL)
  # A sanitizer's runtime is in the program that loads the plugin.
  if(NOT HYALITE_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  # The loader refuses a file that others could write or replace; a umask of 002 would make it one.
  add_custom_command(TARGET ${name} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${name}> $<TARGET_FILE_DIR:${name}> VERBATIM)
endfunction()

# hyalite_add_test(NAME PLUGIN source...): a test of that plugin through the real engine; it finds it at HYALITE_PLUGIN_FILE.
function(hyalite_add_test name plugin)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE hyalite::testing)
  target_compile_definitions(${name} PRIVATE HYALITE_PLUGIN_FILE="$<TARGET_FILE:${plugin}>")
  add_dependencies(${name} ${plugin})
  add_test(NAME ${name} COMMAND ${name})
endfunction()
