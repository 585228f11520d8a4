# How every C file of this project is compiled.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON) # for clang-tidy and editors

# A fused multiply-add is written, never implied: results must not depend on the compiler's mood.
add_compile_options(-ffp-contract=off)
add_compile_options(
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef
  -Wvla -Wdouble-promotion -Wcast-qual)
if(PFLD_WERROR)
  add_compile_options(-Werror)
endif()

if(PFLD_SANITIZE)
  add_compile_options(-fsanitize=${PFLD_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${PFLD_SANITIZE})
endif()
if(PFLD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
