/* Listen to samples.bin, in pieces of 100, and write each inference to decisions.bin: the label that was heard or -1,
 * and the smoothed scores. */
#include "board.h"
#include "ea_listen.h"
#include "model.h"

static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
static ea_listener listener;
static int16_t piece[100];

int main(void)
{
    const int32_t input = board_open("samples.bin", BOARD_READ), output = board_open("decisions.bin", BOARD_WRITE);
    int32_t heard;
    if (ea_model_start(arena, sizeof arena) != EA_MODEL_OK)
        return 1;
    ea_listen_reset(&listener);
    for (;;) {
        uint32_t count = board_read(input, piece, sizeof piece) / sizeof piece[0];
        const int16_t *samples = piece;
        if (count == 0)
            return 0;
        while (ea_listen_feed(&listener, arena, &samples, &count, &heard)) {
            board_write(output, &heard, sizeof heard);
            board_write(output, listener.spot.scores, sizeof listener.spot.scores);
        }
    }
}
