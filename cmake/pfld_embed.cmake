# The models inside libpfld: src/detect/builtin.c finds the files by itself.
set(builtin_source ${PROJECT_SOURCE_DIR}/src/detect/builtin.c)
set(builtin_model ${PROJECT_SOURCE_DIR}/models/pfld-0.25x-ibug68.onnx)
file(GLOB builtin_detector CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/models/pfld-detect.onnx)
if(NOT PFLD_EMBED_MODEL)
  add_compile_definitions(PFLD_NO_MODEL) # everywhere: the tests want to know it, too
elseif(EXISTS ${builtin_model})
  set_source_files_properties(${builtin_source} PROPERTIES
    OBJECT_DEPENDS "${builtin_model};${builtin_detector}"
    COMPILE_OPTIONS -fno-lto) # why: see there
else()
  message(FATAL_ERROR "${builtin_model} is missing: -DPFLD_EMBED_MODEL=OFF builds without it")
endif()
