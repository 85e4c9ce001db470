# millrace_embed(ROOM FOLDER NAME FILES…): the files, by their paths below FOLDER, as one generated source
# of ROOM: `const std::vector<base::EmbeddedFile>& NAME()` in namespace millrace::ROOM (base/embedded_file.h).
function(millrace_embed room folder name)
  set(output ${CMAKE_BINARY_DIR}/embedded/${name}.cc)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${MILLRACE_PYTHON} ${CMAKE_SOURCE_DIR}/cmake/embed.py ${room} ${name} ${folder} ${output} ${ARGN}
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/embed.py
    COMMENT "Embedding ${folder}"
    VERBATIM)
  target_sources(${room} PRIVATE ${output})
endfunction()
