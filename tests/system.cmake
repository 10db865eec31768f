# The tests with the real binary, the real kernel and real peers: one per file and mode; and the demonstration.
# SPDX-License-Identifier: MIT
find_program(HYALITE_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
file(GLOB system_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/system/*_test.py)
execute_process(COMMAND id -u OUTPUT_VARIABLE user_id OUTPUT_STRIP_TRAILING_WHITESPACE)

# lab_test(NAME LABEL FILE ARGUMENT...): run by whoever runs ctest, and when that is root by an ordinary user too.
function(lab_test name label)
  set(runner ${HYALITE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/support/run_test.py)
  add_test(NAME ${name} COMMAND ${runner} ${CMAKE_BINARY_DIR} ${ARGN})
  set(names ${name})
  if(user_id EQUAL 0)
    add_test(NAME ${name}.user COMMAND ${runner} --user ${CMAKE_BINARY_DIR} ${ARGN})
    list(APPEND names ${name}.user)
  endif()
  # Every lab is a network of its own: they may run beside each other.
  set_tests_properties(${names} PROPERTIES LABELS ${label} TIMEOUT 120 SKIP_RETURN_CODE 77)
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
    lab_test(system.${name}.${mode} system ${file} ${mode})
  endforeach()
endforeach()
# They run programs a thousand times.
foreach(name doctor.tproxy doctor.routing doctor.hybrid doctor.redirect intercept.tproxy intercept.routing intercept.hybrid intercept.redirect
    intercept.anyip intercept_ways.none intercept_pmtu.outside)
  set_tests_properties(system.${name} PROPERTIES TIMEOUT 300)
  if(user_id EQUAL 0)
    set_tests_properties(system.${name}.user PROPERTIES TIMEOUT 300)
  endif()
endforeach()
# Some seconds of it; `tests/soak/run.py --minutes N` is the whole thing.
add_test(NAME soak COMMAND ${HYALITE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/support/run_test.py ${CMAKE_BINARY_DIR}
  ${CMAKE_CURRENT_SOURCE_DIR}/soak/run.py --seconds 6)
set_tests_properties(soak PROPERTIES LABELS soak TIMEOUT 240 SKIP_RETURN_CODE 77)
lab_test(demo demo ${PROJECT_SOURCE_DIR}/demo)
