# The binary build/bin/millrace: src/cli/main.cc, the room cli, the template repositories inside it, and
# the stamp that `millrace version` prints.
if(TARGET cli AND NOT MILLRACE_FUZZ)
  file(GLOB_RECURSE _template CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/template/*)
  millrace_embed(cli ${CMAKE_SOURCE_DIR}/src/cli/template TemplateFiles ${_template})

  # The example without its data, and without the demo, which runs from the sources.
  file(GLOB _shop CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/examples/shop/millrace.yaml
    ${CMAKE_SOURCE_DIR}/examples/shop/features/*.yaml
    ${CMAKE_SOURCE_DIR}/examples/shop/*.md
    ${CMAKE_SOURCE_DIR}/examples/shop/*.py)
  millrace_embed(cli ${CMAKE_SOURCE_DIR}/examples/shop ShopFiles ${_shop})

  # Looked up in every build, so that it is never the commit of an earlier one; rewritten only when it changes.
  set(_stamp ${CMAKE_BINARY_DIR}/stamp/build_stamp.cc)
  add_custom_target(build_stamp
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${_stamp}
      -DVERSION=${PROJECT_VERSION} "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
      "-DBUILD=${CMAKE_BUILD_TYPE}" "-DSANITIZE=${MILLRACE_SANITIZE}"
      -P ${CMAKE_SOURCE_DIR}/cmake/BuildStamp.cmake
    BYPRODUCTS ${_stamp}
    VERBATIM)
  target_sources(cli PRIVATE ${_stamp})
  add_dependencies(cli build_stamp)

  if(EXISTS ${CMAKE_SOURCE_DIR}/src/cli/main.cc)
    add_executable(millrace ${CMAKE_SOURCE_DIR}/src/cli/main.cc)
    target_link_libraries(millrace PRIVATE cli)
  endif()
endif()
