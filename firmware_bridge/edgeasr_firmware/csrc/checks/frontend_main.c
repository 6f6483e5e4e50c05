/* Feed the samples of samples.bin to the front end, a hop at a time, and write its frames to features.bin, and
 * quantised to quantised.bin. Marks are around each hop. */
#include "board.h"
#include "ea_frontend.h"

static ea_frontend frontend;
static int16_t hop[EA_FRONTEND_HOP_SAMPLES];
static float features[EA_FRONTEND_BINS];
static int8_t quantised[EA_FRONTEND_BINS];

int main(void)
{
    float scale;
    int32_t zero_point;
    int32_t file = board_open("quantisation.bin", BOARD_READ);
    board_read(file, &scale, sizeof scale);
    board_read(file, &zero_point, sizeof zero_point);
    board_close(file);

    const int32_t input = board_open("samples.bin", BOARD_READ);
    const int32_t output = board_open("features.bin", BOARD_WRITE);
    const int32_t integers = board_open("quantised.bin", BOARD_WRITE);
    ea_frontend_reset(&frontend);
    for (;;) {
        uint32_t count = board_read(input, hop, sizeof hop) / sizeof hop[0];
        const int16_t *samples = hop;
        if (count == 0)
            return 0;
        do { /* at the start a frame may end inside a hop */
            BOARD_MARK();
            const bool complete = ea_frontend_feed(&frontend, &samples, &count, features);
            BOARD_MARK();
            if (complete) {
                ea_quantise(features, quantised, EA_FRONTEND_BINS, scale, zero_point);
                board_write(output, features, sizeof features);
                board_write(integers, quantised, sizeof quantised);
            }
        } while (count);
    }
}
