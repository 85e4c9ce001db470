# Arrow C++ out of the pyarrow wheel of a Python (MILLRACE_PYTHON): targets
# ArrowWheel::{arrow,compute,acero,dataset,parquet,s3}. The wheel carries headers and libraries but no
# CMake files and no unversioned names, so each library is imported by its full path.
execute_process(
  COMMAND "${MILLRACE_PYTHON}" -c "
import importlib.metadata, importlib.util, os
folder = os.path.dirname(importlib.util.find_spec('pyarrow').origin)
print(folder + ';' + importlib.metadata.version('pyarrow'))"
  OUTPUT_VARIABLE _wheel OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _failed)
if(NOT _failed)
  list(GET _wheel 0 ArrowWheel_DIR)
  list(GET _wheel 1 ArrowWheel_VERSION)
  file(STRINGS "${ArrowWheel_DIR}/include/arrow/util/config.h" _so_line REGEX "define ARROW_SO_VERSION ")
  string(REGEX MATCH "[0-9]+" _so_version "${_so_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  ArrowWheel
  REQUIRED_VARS ArrowWheel_DIR VERSION_VAR ArrowWheel_VERSION
  REASON_FAILURE_MESSAGE "no pyarrow in '${MILLRACE_PYTHON}': run ./dev setup, or set MILLRACE_PYTHON")

if(ArrowWheel_FOUND AND NOT TARGET ArrowWheel::arrow)
  foreach(_part arrow compute acero dataset parquet s3)
    set(_name arrow_${_part})
    if(_part STREQUAL arrow OR _part STREQUAL parquet)
      set(_name ${_part})
    endif()
    set(_file "${ArrowWheel_DIR}/lib${_name}.so.${_so_version}")
    if(NOT EXISTS "${_file}")
      message(FATAL_ERROR "the pyarrow wheel has no ${_file}")
    endif()
    add_library(ArrowWheel::${_part} SHARED IMPORTED)
    set_target_properties(ArrowWheel::${_part} PROPERTIES
      IMPORTED_LOCATION "${_file}"
      IMPORTED_SONAME "lib${_name}.so.${_so_version}"
      INTERFACE_INCLUDE_DIRECTORIES "${ArrowWheel_DIR}/include")
    if(NOT _part STREQUAL arrow)
      target_link_libraries(ArrowWheel::${_part} INTERFACE ArrowWheel::arrow)
    endif()
  endforeach()
  target_link_libraries(ArrowWheel::acero INTERFACE ArrowWheel::compute)
  target_link_libraries(ArrowWheel::dataset INTERFACE ArrowWheel::acero ArrowWheel::parquet)
endif()
