/* Any bytes as an XML file of imglab. */
#include "reader_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reader_check("imglab", data, size, false);
    reader_check("imglab", data, size, true);
    return 0;
}
