# WebAssembly with SIMD128 over WASI, by Debian's clang, lld, wasi-libc and compiler-rt; node runs
# what is built.
set(CMAKE_SYSTEM_NAME Generic) # CMake 3.25 does not know WASI
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_C_FLAGS_INIT "-msimd128")
set(CMAKE_EXECUTABLE_SUFFIX_C .wasm)
# lld's stack of 64 KB is too small, and would grow into the data.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-z,stack-size=1048576 -Wl,--stack-first")
set(CMAKE_CROSSCOMPILING_EMULATOR
    node;--no-warnings;${CMAKE_CURRENT_LIST_DIR}/../tests/wasi.mjs)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY) # the host's are of no use
