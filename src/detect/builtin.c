/*
 * The models inside the library: ONNX files among the constants.
 *
 * The assembler copies a file: that takes no compile time, needs no generator that a cross build
 * would have to run, and puts it into read-only memory once. -Isrc, which every build gives, tells
 * the preprocessor and the assembler alike where to look. Without an assembler in GNU's dialect
 * (gcc and clang have it on every system), without the file, or with -DPFLD_NO_MODEL the library
 * has no model inside. Link-time optimisation assembles later, where -Isrc is forgotten: compile
 * this file with -fno-lto then.
 */
#include "detect/builtin.h"

#include "core/error.h"

#define LANDMARKS_FILE "../models/pfld-0.25x-ibug68.onnx" /* BUILTIN_NAME */
#define DETECTOR_FILE  "../models/pfld-detect.onnx"       /* BUILTIN_DETECTOR_NAME */

#if !defined(PFLD_NO_MODEL) && defined(__GNUC__) && defined(__has_include)
#  if __has_include(LANDMARKS_FILE)
#    define HAS_LANDMARKS
#  endif
#  if __has_include(DETECTOR_FILE)
#    define HAS_DETECTOR
#  endif
#endif

typedef struct builtin_file {
    uint32_t size;
    uint8_t bytes[]; /* [size] */
} builtin_file;

/* A constant that no other library sees, as each object format says it. */
#if defined(__APPLE__) /* Mach-O */
#  define HEAD(symbol) ".section __TEXT,__const\n.private_extern " symbol "\n"
#  define TAIL(symbol) ""
#elif defined(_WIN32) /* COFF */
#  define HEAD(symbol) ".section .rdata,\"dr\"\n"
#  define TAIL(symbol) ""
#elif defined(__wasm__)
#  define HEAD(symbol)                                                                             \
    ".section .rodata." symbol ",\"\",@\n.hidden " symbol "\n.type " symbol ",@object\n"
#  define TAIL(symbol) ".size " symbol ", 2b - " symbol "\n"
#else /* ELF */
#  define HEAD(symbol)                                                                             \
    ".section .rodata." symbol ",\"a\",%progbits\n.hidden " symbol "\n.type " symbol ",%object\n"
#  define TAIL(symbol) ".size " symbol ", 2b - " symbol "\n"
#endif

#define EMBED(symbol, file)                                                                        \
  __asm__(HEAD(symbol) ".globl " symbol "\n"                                                       \
                       ".p2align 6\n" symbol ":\n"                                                 \
                       ".long 2f - 1f\n"                                                           \
                       "1: .incbin \"" file "\"\n"                                                 \
                       "2:\n" TAIL(symbol) ".text\n")

#ifdef HAS_LANDMARKS
extern const builtin_file landmarks_file __asm__("pfld_builtin_landmarks");
EMBED("pfld_builtin_landmarks", LANDMARKS_FILE);
#  define LANDMARKS (&landmarks_file)
#else
#  define LANDMARKS NULL
#endif

#ifdef HAS_DETECTOR
extern const builtin_file detector_file __asm__("pfld_builtin_detector");
EMBED("pfld_builtin_detector", DETECTOR_FILE);
#  define DETECTOR (&detector_file)
#else
#  define DETECTOR NULL
#endif

static pfld_status give(const builtin_file *file, const char *what, const uint8_t **bytes,
                        size_t *size, pfld_error *err)
{
    if (!file)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "no %s was built into this pfld: give it one in a file", what);
    *bytes = file->bytes;
    *size = file->size;
    return PFLD_OK;
}

pfld_status builtin_model(const uint8_t **bytes, size_t *size, pfld_error *err)
{
    return give(LANDMARKS, "model", bytes, size, err);
}

pfld_status builtin_detector(const uint8_t **bytes, size_t *size, pfld_error *err)
{
    return give(DETECTOR, "face detector", bytes, size, err);
}
