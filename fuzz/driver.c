/* Replays a folder of inputs through a fuzz target, without libFuzzer: what was found once stays
 * fixed, under any compiler. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The block is exactly as large as the file: a sanitizer then sees a read one byte beyond it. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    long n;

    if (!f)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        *size = (size_t)n;
        data = malloc(*size ? *size : 1);
        if (data && fread(data, 1, *size, f) != *size) {
            free(data);
            data = NULL;
        }
    }
    fclose(f);
    return data;
}

/* Returns the number of inputs, or -1. */
static long replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    long n = 0;

    if (!dir) {
        perror(folder);
        return -1;
    }
    while (n >= 0 && (entry = readdir(dir))) {
        char path[4096];
        uint8_t *data;
        size_t size = 0;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        data = read_file(path, &size);
        if (data) {
            printf("%s\n", path);
            fflush(stdout); /* the last line names the input that crashed */
            LLVMFuzzerTestOneInput(data, size);
            free(data);
            n++;
        } else {
            perror(path);
            n = -1;
        }
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    long total = 0;

    for (int i = 1; i < argc; i++) {
        long n = replay_folder(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("%ld inputs\n", total);
    return total > 0 ? 0 : 1;
}
