"""The spotter of wake words: a window and minutes of features are the same model."""

import numpy as np

from edgeasr.models import build, model_spec


def test_wake_cnn_over_open_frames_gives_what_it_gives_for_each_window() -> None:
    spec = model_spec("wake-cnn")
    (frames, bins), stride = spec.frontend.shape, spec.stride
    assert stride is not None
    window, open_ended = build("wake-cnn", (frames, bins), 2), build("wake-cnn", (None, bins), 2)
    open_ended.set_weights(window.get_weights())
    features = np.random.default_rng(0).standard_normal((frames + 2 * stride, bins)).astype(np.float32)
    windows = np.stack([features[start : start + frames] for start in (0, stride, 2 * stride)])
    np.testing.assert_allclose(
        open_ended.predict_on_batch(features[None])[0], window.predict_on_batch(windows), rtol=1e-4, atol=1e-5
    )
    assert window.count_params() < 50_000
