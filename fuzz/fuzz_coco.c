/* Any bytes as a COCO-style JSON file. */
#include "reader_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_check("coco", data, size, false);
    reader_check("coco", data, size, true);
    return 0;
}
