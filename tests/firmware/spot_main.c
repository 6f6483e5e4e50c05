/* Give the int8 outputs of outputs.bin to the spotter, and write what it made of each inference to decisions.bin:
 * the label it heard, or -1, and the smoothed scores. */
#include "board.h"
#include "ea_spot.h"

static ea_spot spot;
static int8_t outputs[EA_SPOT_LABELS];
static float scores[EA_SPOT_LABELS];

int main(void)
{
    const int32_t input = board_open("outputs.bin", BOARD_READ), output = board_open("decisions.bin", BOARD_WRITE);
    ea_spot_reset(&spot);
    while (board_read(input, outputs, sizeof outputs) == sizeof outputs) {
        ea_spot_dequantise(outputs, scores);
        const int32_t heard = ea_spot_decide(&spot, scores);
        board_write(output, &heard, sizeof heard);
        board_write(output, spot.scores, sizeof spot.scores);
    }
    return 0;
}
