/* The board that is this computer. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_FILES 8

static FILE *files[MAX_FILES];

int32_t board_open(const char *name, int mode)
{
    int32_t file = 0;
    while (file < MAX_FILES && files[file])
        file++;
    if (file < MAX_FILES)
        files[file] = fopen(name, mode == BOARD_WRITE ? "wb" : "rb");
    if (file == MAX_FILES || !files[file]) {
        printf("cannot open %s\n", name);
        exit(1);
    }
    return file;
}

uint32_t board_read(int32_t file, void *data, uint32_t bytes) { return (uint32_t)fread(data, 1, bytes, files[file]); }

uint32_t board_write(int32_t file, const void *data, uint32_t bytes)
{
    return (uint32_t)fwrite(data, 1, bytes, files[file]);
}

void board_close(int32_t file)
{
    fclose(files[file]);
    files[file] = NULL;
}

void board_print(const char *text) { fputs(text, stdout); }

void board_exit(int status) { exit(status); }
