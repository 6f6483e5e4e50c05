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
    /* Of a device that listens; `samples` is null in one that does not. */
    int16_t *samples; /* `most_samples` of them, which `hear` reads */
    uint32_t most_samples, sample_rate_hz, window_samples; /* the last: what the model sees at once */
    void (*listen)(void);         /* begins a stream, after silence */
    void (*hear)(uint32_t count); /* takes the next samples of it; calls ea_serial_heard for what it hears */
} ea_serial_device;

/* The caller's memory. */
typedef struct {
    const ea_serial_device *device;
    char command[EA_SERIAL_COMMAND_CHARS + 1];
    uint32_t length; /* of the command so far; more than EA_SERIAL_COMMAND_CHARS where it is too long */
    uint32_t expected, loaded;
    uint32_t audio_bytes, audio_loaded; /* of the samples that follow the command `audio` */
} ea_serial;

/* Announce the device, as after a reset. */
void ea_serial_start(ea_serial *serial, const ea_serial_device *device);

/* Take a character; the last of a command does it and answers.
 *
 * Beyond MLPerf Tiny: `listen%` begins a stream and is answered with m-listen-[samples a second,most at once,window];
 * `audio N%` and then N samples, 16 bits each, the low byte first, go on with it. */
void ea_serial_take(ea_serial *serial, char received);

/* Tell what was heard: m-heard-[samples from the beginning of the stream,score,label]. */
void ea_serial_heard(const ea_serial_device *device, uint32_t samples, float score, const char *label);

#endif
