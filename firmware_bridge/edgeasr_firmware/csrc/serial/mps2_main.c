/* The model behind the UART of an MPS2 board (cortex-m0, m3, m4f and m7), with times by the timer of the board. */
#include "ea_serial.h"
#include "model.h"

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
    };
    static ea_serial serial;
    TIMER[TIMER_RELOAD] = UINT32_MAX;
    TIMER[TIMER_CONTROL] = 1;
    UART[UART_DIVIDER] = 217; /* 115200 baud */
    UART[UART_CONTROL] = 3;
    if (ea_model_start(arena, sizeof arena) != EA_MODEL_OK)
        return 1;
    ea_serial_start(&serial, &device);
    for (;;) {
        while (!(UART[UART_STATE] & UART_RECEIVED)) {
        }
        ea_serial_take(&serial, (char)UART[UART_DATA]);
    }
}
