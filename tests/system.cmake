# The tests with the real binary, the real kernel and real peers: one per file and mode, as root and as an ordinary user.
# SPDX-License-Identifier: MIT
find_program(HYALITE_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
file(GLOB system_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/system/*_test.py)
execute_process(COMMAND id -u OUTPUT_VARIABLE user_id OUTPUT_STRIP_TRAILING_WHITESPACE)

function(system_test name file mode)
  add_test(NAME ${name} COMMAND ${HYALITE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/support/run_test.py ${CMAKE_BINARY_DIR}
    ${file} ${mode} ${ARGN})
  # Every lab is a network of its own: they may run beside each other.
  set_tests_properties(${name} PROPERTIES LABELS system TIMEOUT 120 SKIP_RETURN_CODE 77)
endfunction()

foreach(file IN LISTS system_tests)
  get_filename_component(name ${file} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  set(modes tproxy)
  file(STRINGS ${file} line REGEX "^MODES = ")
  if(line)
    string(REGEX MATCHALL "\"[a-z]+\"" modes ${line})
    string(REPLACE "\"" "" modes "${modes}")
  endif()
  foreach(mode IN LISTS modes)
    system_test(system.${name}.${mode} ${file} ${mode})
    if(user_id EQUAL 0)
      system_test(system.${name}.${mode}.user ${file} ${mode} user)
    endif()
  endforeach()
endforeach()
