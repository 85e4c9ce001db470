# simdjson in a namespace of its own: the wheel's libparquet exports another version under the usual name
# (docs/decisions/json.md). ./dev setup has put its two files into .cache.
file(STRINGS ${CMAKE_SOURCE_DIR}/tools/dev/simdjson.txt _pinned REGEX "^[^#]")
string(REGEX REPLACE "^([^ ]+) ([^ ]+) .*$" "\\1-\\2" _folder "${_pinned}")
set(_folder ${CMAKE_SOURCE_DIR}/.cache/${_folder})
if(NOT EXISTS ${_folder}/simdjson.cpp)
  message(FATAL_ERROR "no ${_folder}: run ./dev setup")
endif()
add_library(millrace_simdjson STATIC ${_folder}/simdjson.cpp)
target_include_directories(millrace_simdjson SYSTEM PUBLIC ${_folder})
target_compile_definitions(millrace_simdjson PUBLIC simdjson=millrace_simdjson)
target_compile_options(millrace_simdjson PRIVATE -w)
add_library(millrace::simdjson ALIAS millrace_simdjson)
