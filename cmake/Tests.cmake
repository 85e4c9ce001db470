# Tests that are not of one room: each tests/<folder> with a CMakeLists.txt, and the Python ones, which
# are run by pytest. Labels: unit, cases, layers, e2e, crash, integration (./dev test and ./dev check choose by
# them).

# millrace_pytest(NAME LABEL PATH): PATH below tests/, with the binary and the sources in its environment.
function(millrace_pytest name label path)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/tests/${path})
    return()
  endif()
  add_test(NAME ${name}
    COMMAND ${MILLRACE_PYTHON} -m pytest -q -p no:cacheprovider ${CMAKE_SOURCE_DIR}/tests/${path})
  set_tests_properties(${name} PROPERTIES
    LABELS ${label}
    TIMEOUT 1800
    ENVIRONMENT "MILLRACE_BIN=${CMAKE_BINARY_DIR}/bin/millrace;MILLRACE_SOURCE_DIR=${CMAKE_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1;PYTEST_DISABLE_PLUGIN_AUTOLOAD=1")
endfunction()

file(GLOB _folders CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/CMakeLists.txt)
foreach(_file IN LISTS _folders)
  get_filename_component(_folder ${_file} DIRECTORY)
  get_filename_component(_name ${_folder} NAME)
  add_subdirectory(${_folder} ${CMAKE_BINARY_DIR}/tests/${_name})
endforeach()

if(NOT MILLRACE_FUZZ)
  millrace_pytest(layers layers layers_test.py)
  millrace_pytest(openapi layers openapi_test.py)
  millrace_pytest(e2e e2e e2e)
  millrace_pytest(integration integration integration)
  if(NOT MILLRACE_SANITIZE)
    millrace_pytest(crash crash crash) # hundreds of processes that are to be quick
  endif()
endif()

# What ./dev test --all runs, one name per line.
get_property(_fuzzers GLOBAL PROPERTY MILLRACE_FUZZ_TARGETS)
list(JOIN _fuzzers "\n" _lines)
file(WRITE ${CMAKE_BINARY_DIR}/fuzz_targets.txt "${_lines}\n")
