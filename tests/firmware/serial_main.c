/* A device whose model adds up its inputs, and which hears every sample above 1000; what comes over its line is in line.bin, what it says goes to answers.bin. */
#include "board.h"
#include "ea_serial.h"

static int32_t answers;
static uint8_t input[40];
static int32_t sum;
static uint32_t clock_us;

static void write_text(const char *text)
{
    uint32_t length = 0;
    while (text[length])
        length++;
    board_write(answers, text, length);
}

static uint32_t now_us(void) { return clock_us; }

static void infer(void)
{
    sum = 0;
    for (uint32_t i = 0; i < sizeof input; i++)
        sum += input[i];
    clock_us += 1500;
}

static float result(uint32_t index) { return index ? -0.25f * (float)sum : (float)sum; }

static int16_t samples[4];
static uint32_t before;
static const ea_serial_device *self;

static void begin(void) { before = 0; }

static void hear(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (samples[i] > 1000)
            ea_serial_heard(self, before + i + 1, (float)samples[i] / 32768, "loud, \"too\"");
    before += count;
}

int main(void)
{
    static const ea_serial_device device = {
        .name = "adder",
        .model = "sum01",
        .write = write_text,
        .now_us = now_us,
        .input = input,
        .input_bytes = sizeof input,
        .infer = infer,
        .result = result,
        .results = 2,
        .samples = samples,
        .most_samples = 4,
        .sample_rate_hz = 8000,
        .window_samples = 6,
        .listen = begin,
        .hear = hear,
    };
    self = &device;
    static ea_serial serial;
    const int32_t line = board_open("line.bin", BOARD_READ);
    answers = board_open("answers.bin", BOARD_WRITE);
    ea_serial_start(&serial, &device);
    char received;
    while (board_read(line, &received, 1) == 1)
        ea_serial_take(&serial, received);
    return 0;
}
