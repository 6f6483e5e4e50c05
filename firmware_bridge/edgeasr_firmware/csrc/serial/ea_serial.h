/* A device that is driven over a serial line by the protocol of MLPerf Tiny: commands end with '%', answers are lines
 * and end with "m-ready". What it does not know of is given by the caller as functions. */
#ifndef EA_SERIAL_H
#define EA_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#define EA_SERIAL_COMMAND_CHARS 80

typedef struct {
    const char *name, *model;
    void (*write)(const char *text);
    uint32_t (*now_us)(void);
    uint8_t *input; /* of `input_bytes`, which `infer` reads and leaves as it is */
    uint32_t input_bytes;
    void (*infer)(void);
    float (*result)(uint32_t index);
    uint32_t results;
} ea_serial_device;

/* The caller's memory. */
typedef struct {
    const ea_serial_device *device;
    char command[EA_SERIAL_COMMAND_CHARS + 1];
    uint32_t length; /* of the command so far; more than EA_SERIAL_COMMAND_CHARS where it is too long */
    uint32_t expected, loaded;
} ea_serial;

/* Announce the device, as after a reset. */
void ea_serial_start(ea_serial *serial, const ea_serial_device *device);

/* Take a character; the last of a command does it and answers. */
void ea_serial_take(ea_serial *serial, char received);

#endif
