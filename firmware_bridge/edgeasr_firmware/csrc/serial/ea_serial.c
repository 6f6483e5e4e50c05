#include "ea_serial.h"

#define DEFAULT_WARMUPS 10
#define LARGEST_NUMBER 1000000

static void write_digits(const ea_serial_device *device, uint32_t value, uint32_t fewest)
{
    char text[11], *digit = text + sizeof text - 1;
    *digit = 0;
    for (uint32_t count = 0; value || count < fewest; value /= 10, count++)
        *--digit = (char)('0' + value % 10);
    device->write(digit);
}

static void write_number(const ea_serial_device *device, const char *before, uint32_t value, const char *after)
{
    device->write(before);
    write_digits(device, value, 1);
    device->write(after);
}

static void write_result(const ea_serial_device *device, float value)
{
    if (value < 0) {
        device->write("-");
        value = -value;
    }
    uint32_t whole = (uint32_t)value, millionths = (uint32_t)((value - (float)whole) * 1e6f + 0.5f);
    if (millionths == 1000000) {
        whole++;
        millionths = 0;
    }
    write_number(device, "", whole, ".");
    write_digits(device, millionths, 6);
}

static void write_results(const ea_serial_device *device)
{
    device->write("m-results-[");
    for (uint32_t index = 0; index < device->results; index++) {
        if (index)
            device->write(",");
        write_result(device, device->result(index));
    }
    device->write("]\r\n");
}

static void write_bytes(const ea_serial *serial)
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t index = 0; index < serial->loaded; index++) {
        const uint8_t byte = serial->device->input[index];
        const char text[] = {digits[byte >> 4], digits[byte & 15], 0};
        serial->device->write(index % 8 ? "-" : "m-buffer-");
        serial->device->write(text);
        if (index % 8 == 7 || index + 1 == serial->loaded)
            serial->device->write("\r\n");
    }
}

/* Take the next word off a command; it is empty at the end. */
static const char *next_word(char **rest)
{
    while (**rest == ' ' || **rest == '\r' || **rest == '\n')
        ++*rest;
    const char *word = *rest;
    while (**rest && **rest != ' ')
        ++*rest;
    if (**rest)
        *(*rest)++ = 0;
    return word;
}

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* Read a number. Returns -1 for what is none, or too large. */
static int32_t number_of(const char *text)
{
    int32_t value = *text ? 0 : -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > LARGEST_NUMBER)
            return -1;
        value = 10 * value + (*text - '0');
    }
    return value;
}

static int32_t digit_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static void load_bytes(ea_serial *serial, const char *digits)
{
    for (; serial->loaded < serial->expected && *digits; digits += 2) {
        const int32_t high = digit_of(digits[0]), low = digit_of(digits[1]);
        if (high < 0 || low < 0) {
            serial->device->write("e-[expected pairs of hexadecimal digits]\r\n");
            return;
        }
        serial->device->input[serial->loaded++] = (uint8_t)(high << 4 | low);
        if (serial->loaded == serial->expected)
            serial->device->write("m-load-done\r\n");
    }
}

static void buffer(ea_serial *serial, char *rest)
{
    const char *word = next_word(&rest);
    if (equal(word, "load")) {
        const int32_t bytes = number_of(next_word(&rest));
        if (bytes <= 0 || (uint32_t)bytes > serial->device->input_bytes) {
            write_number(serial->device, "e-[expected 1 to ", serial->device->input_bytes, " bytes]\r\n");
            return;
        }
        serial->loaded = 0;
        serial->expected = (uint32_t)bytes;
        write_number(serial->device, "m-[Expecting ", (uint32_t)bytes, " bytes]\r\n");
    } else if (equal(word, "print")) {
        write_bytes(serial);
    } else if (*word && serial->loaded < serial->expected) {
        load_bytes(serial, word);
    } else {
        serial->device->write("e-[expected db load N, and then no more than N bytes]\r\n");
    }
}

static void infer(const ea_serial_device *device, char *rest)
{
    const char *word = next_word(&rest);
    const int32_t count = *word ? number_of(word) : 1;
    word = next_word(&rest);
    int32_t warmups = *word ? number_of(word) : DEFAULT_WARMUPS;
    if (count <= 0 || warmups < 0) {
        device->write("e-[expected infer N W with N above 0]\r\n");
        return;
    }
    write_number(device, "m-warmup-start-", (uint32_t)warmups, "\r\n");
    while (warmups-- > 0)
        device->infer();
    device->write("m-warmup-done\r\n");
    write_number(device, "m-infer-start-", (uint32_t)count, "\r\n");
    const uint32_t begin_us = device->now_us(); /* not after it is written: the line is slow */
    for (int32_t i = 0; i < count; i++)
        device->infer();
    const uint32_t end_us = device->now_us();
    write_number(device, "m-lap-us-", begin_us, "\r\n");
    write_number(device, "m-lap-us-", end_us, "\r\n");
    device->write("m-infer-done\r\n");
    write_results(device);
}

static void listen(const ea_serial_device *device)
{
    device->listen();
    write_number(device, "m-listen-[", device->sample_rate_hz, ",");
    write_number(device, "", device->most_samples, ",");
    write_number(device, "", device->window_samples, "]\r\n");
}

static void audio(ea_serial *serial, char *rest)
{
    const int32_t count = number_of(next_word(&rest));
    if (count <= 0 || (uint32_t)count > serial->device->most_samples) {
        write_number(serial->device, "e-[expected 1 to ", serial->device->most_samples, " samples]\r\n");
        return;
    }
    serial->audio_bytes = 2 * (uint32_t)count;
    serial->audio_loaded = 0;
}

static void take_audio(ea_serial *serial, uint8_t byte)
{
    int16_t *sample = serial->device->samples + serial->audio_loaded / 2;
    *sample = serial->audio_loaded++ % 2 ? (int16_t)(uint16_t)(*sample | byte << 8) : (int16_t)byte;
    if (serial->audio_loaded < serial->audio_bytes)
        return;
    serial->audio_bytes = 0;
    serial->device->hear(serial->audio_loaded / 2);
    serial->device->write("m-ready\r\n");
}

void ea_serial_heard(const ea_serial_device *device, uint32_t samples, float score, const char *label)
{
    write_number(device, "m-heard-[", samples, ",");
    write_result(device, score);
    device->write(",");
    device->write(label);
    device->write("]\r\n");
}

static void do_command(ea_serial *serial)
{
    const ea_serial_device *device = serial->device;
    char *rest = serial->command;
    const char *word = next_word(&rest);
    if (serial->length > EA_SERIAL_COMMAND_CHARS) {
        device->write("e-[the command is too long]\r\n");
    } else if (equal(word, "name")) {
        device->write("m-name-dut-[");
        device->write(device->name);
        device->write("]\r\n");
    } else if (equal(word, "profile")) {
        device->write("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[");
        device->write(device->model);
        device->write("]\r\n");
    } else if (equal(word, "timestamp")) {
        write_number(device, "m-lap-us-", device->now_us(), "\r\n");
    } else if (equal(word, "db")) {
        buffer(serial, rest);
    } else if (equal(word, "infer")) {
        infer(device, rest);
    } else if (equal(word, "results")) {
        write_results(device);
    } else if (device->samples && equal(word, "listen")) {
        listen(device);
    } else if (device->samples && equal(word, "audio")) {
        audio(serial, rest);
    } else {
        device->write("e-[Unknown command: ");
        device->write(word);
        device->write("]\r\n");
    }
}

void ea_serial_start(ea_serial *serial, const ea_serial_device *device)
{
    serial->device = device;
    serial->length = serial->expected = serial->loaded = 0;
    serial->audio_bytes = serial->audio_loaded = 0;
    device->write("m-timestamp-mode-performance\r\nm-init-done\r\nm-ready\r\n");
}

void ea_serial_take(ea_serial *serial, char received)
{
    if (serial->audio_bytes) {
        take_audio(serial, (uint8_t)received);
        return;
    }
    if (received != '%') {
        if (serial->length < EA_SERIAL_COMMAND_CHARS)
            serial->command[serial->length] = received;
        if (serial->length <= EA_SERIAL_COMMAND_CHARS)
            serial->length++;
        return;
    }
    serial->command[serial->length < EA_SERIAL_COMMAND_CHARS ? serial->length : EA_SERIAL_COMMAND_CHARS] = 0;
    do_command(serial);
    serial->length = 0;
    if (serial->audio_bytes == 0) /* else the samples come first */
        serial->device->write("m-ready\r\n");
}
