# millrace_embed(TARGET FOLDER NAME FILES…): the files, by their paths below FOLDER, as one generated source
# of TARGET: `const std::vector<EmbeddedFile>& NAME()` in namespace millrace::cli (src/cli/embedded_file.h).
function(millrace_embed target folder name)
  set(output ${CMAKE_BINARY_DIR}/embedded/${name}.cc)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${MILLRACE_PYTHON} ${CMAKE_SOURCE_DIR}/cmake/embed.py ${name} ${folder} ${output} ${ARGN}
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/embed.py
    COMMENT "Embedding ${folder}"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
