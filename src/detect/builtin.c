/*
 * The landmark model inside the library: an ONNX file among the constants.
 *
 * The assembler copies the file: that takes no compile time, needs no generator that a cross build
 * would have to run, and puts it into read-only memory once. -Isrc, which every build gives, tells
 * the preprocessor and the assembler alike where to look. Without an assembler in GNU's dialect
 * (gcc and clang have it on every system), without the file, or with -DPFLD_NO_MODEL the library
 * has no model inside. Link-time optimisation assembles later, where -Isrc is forgotten: compile
 * this file with -fno-lto then.
 */
#include "detect/builtin.h"

#include "core/error.h"

#define MODEL_FILE "../models/pfld-0.25x-ibug68.onnx" /* BUILTIN_NAME */

#if !defined(PFLD_NO_MODEL) && defined(__GNUC__) && defined(__has_include)
#  if __has_include(MODEL_FILE)
#    define HAS_MODEL
#  endif
#endif

#ifdef HAS_MODEL

extern const struct builtin {
    uint32_t size;
    uint8_t bytes[]; /* [size] */
} builtin_file __asm__("pfld_builtin_file");

/* A constant that no other library sees, as each object format says it. */
#  if defined(__APPLE__) /* Mach-O */
#    define HEAD ".section __TEXT,__const\n.private_extern pfld_builtin_file\n"
#    define TAIL ""
#  elif defined(_WIN32) /* COFF */
#    define HEAD ".section .rdata,\"dr\"\n"
#    define TAIL ""
#  elif defined(__wasm__)
#    define HEAD                                                                                   \
      ".section .rodata.pfld_builtin_file,\"\",@\n.hidden pfld_builtin_file\n"                     \
      ".type pfld_builtin_file,@object\n"
#    define TAIL ".size pfld_builtin_file, 2b - pfld_builtin_file\n"
#  else /* ELF */
#    define HEAD                                                                                   \
      ".section .rodata.pfld_builtin_file,\"a\",%progbits\n.hidden pfld_builtin_file\n"            \
      ".type pfld_builtin_file,%object\n"
#    define TAIL ".size pfld_builtin_file, 2b - pfld_builtin_file\n"
#  endif

__asm__(HEAD ".globl pfld_builtin_file\n"
             ".p2align 6\n"
             "pfld_builtin_file:\n"
             ".long 2f - 1f\n"
             "1: .incbin \"" MODEL_FILE "\"\n"
             "2:\n" TAIL ".text\n");

pfld_status builtin_model(const uint8_t **bytes, size_t *size, pfld_error *err)
{
    (void)err;
    *bytes = builtin_file.bytes;
    *size = builtin_file.size;
    return PFLD_OK;
}

#else

pfld_status builtin_model(const uint8_t **bytes, size_t *size, pfld_error *err)
{
    (void)bytes;
    (void)size;
    return error_set(err, PFLD_ERR_UNSUPPORTED,
                     "no model was built into this pfld: give it one in a file");
}

#endif
