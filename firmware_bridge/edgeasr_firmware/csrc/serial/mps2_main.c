/* The model behind the UART of an MPS2 board (cortex-m0, m3, m4f and m7), with times by the timer of the board. */
#include "ea_serial.h"
#include "model.h"
#ifdef EA_SERIAL_LABELS
#include "ea_listen.h"
#endif

/* CMSDK UART 0 and timer 0, Arm DDI 0479: 25 MHz */
#define UART ((volatile uint32_t *)0x40004000u)
#define TIMER ((volatile uint32_t *)0x40000000u)
enum { UART_DATA = 0, UART_STATE = 1, UART_CONTROL = 2, UART_DIVIDER = 4, UART_SENDING = 1, UART_RECEIVED = 2 };
enum { TIMER_CONTROL = 0, TIMER_VALUE = 1, TIMER_RELOAD = 2, TICKS_PER_US = 25 };

static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
static uint8_t input[EA_MODEL_INPUT_0_BYTES];

static void write(const char *text)
{
    for (; *text; text++) {
        while (UART[UART_STATE] & UART_SENDING) {
        }
        UART[UART_DATA] = (uint8_t)*text;
    }
}

static uint32_t now_us(void)
{
    static uint32_t last;
    static uint64_t ticks; /* the timer counts down, and over in 171 s */
    const uint32_t now = ~TIMER[TIMER_VALUE];
    ticks += now - last;
    last = now;
    return (uint32_t)(ticks / TICKS_PER_US);
}

static void infer(void)
{
    uint8_t *to = (uint8_t *)ea_model_input_0(arena);
    for (uint32_t i = 0; i < sizeof input; i++)
        to[i] = input[i];
    ea_model_run(arena);
}

static float result(uint32_t index)
{
    return (float)(ea_model_output_0(arena)[index] - EA_MODEL_OUTPUT_0_ZERO_POINT) * EA_MODEL_OUTPUT_0_SCALE;
}

#ifdef EA_SERIAL_LABELS
static const char *const labels[] = EA_SERIAL_LABELS;
static int16_t samples[2 * EA_FRONTEND_HOP_SAMPLES];
static ea_listener listener;
static uint32_t heard_samples;
static const ea_serial_device *self;

static void listen(void)
{
    ea_listen_reset(&listener);
    heard_samples = 0;
}

static void hear(uint32_t count)
{
    const int16_t *next = samples;
    const uint32_t end = heard_samples + count;
    int32_t heard;
    while (ea_listen_feed(&listener, arena, &next, &count, &heard))
        if (heard >= 0)
            ea_serial_heard(self, end - count, listener.spot.scores[heard], labels[heard]);
    heard_samples = end;
}
#endif

int main(void)
{
    static const ea_serial_device device = {
        .name = "edgeasr",
        .model = EA_SERIAL_MODEL,
        .write = write,
        .now_us = now_us,
        .input = input,
        .input_bytes = sizeof input,
        .infer = infer,
        .result = result,
        .results = EA_MODEL_OUTPUT_0_COUNT,
#ifdef EA_SERIAL_LABELS
        .samples = samples,
        .most_samples = sizeof samples / sizeof samples[0],
        .sample_rate_hz = EA_FRONTEND_SAMPLE_RATE_HZ,
        .window_samples = (EA_FRONTEND_FRAMES - 1) * EA_FRONTEND_HOP_SAMPLES + EA_FRONTEND_WINDOW_SAMPLES,
        .listen = listen,
        .hear = hear,
#endif
    };
    static ea_serial serial;
    TIMER[TIMER_RELOAD] = UINT32_MAX;
    TIMER[TIMER_CONTROL] = 1;
    UART[UART_DIVIDER] = 217; /* 115200 baud */
    UART[UART_CONTROL] = 3;
    if (ea_model_start(arena, sizeof arena) != EA_MODEL_OK)
        return 1;
#ifdef EA_SERIAL_LABELS
    self = &device;
    listen();
#endif
    ea_serial_start(&serial, &device);
    for (;;) {
        while (!(UART[UART_STATE] & UART_RECEIVED)) {
        }
        ea_serial_take(&serial, (char)UART[UART_DATA]);
    }
}
