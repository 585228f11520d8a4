/* Any bytes as one of the lists of lines; the first byte says of which format. */
#include "reader_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"csv68", "mtfl", "mtfl-test", "wflw", "aflw2000"};

    if (size == 0)
        return 0;
    reader_check(formats[*data % 5], data + 1, size - 1, *data & 32);
    return 0;
}
