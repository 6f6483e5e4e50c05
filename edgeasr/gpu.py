"""The GPUs that a Keras backend computes on."""

import importlib
from collections.abc import Callable, Mapping

__all__ = ["gpus_of"]


def gpus_of(backend: str) -> list[str]:
    """Name the GPUs that a backend (`tensorflow`, `jax`, `torch`) sees; it is imported for that."""
    return _GPUS[backend]() if backend in _GPUS else []


def _tensorflow_gpus() -> list[str]:
    config = importlib.import_module("tensorflow").config
    details = [config.experimental.get_device_details(gpu) for gpu in config.list_physical_devices("GPU")]
    return [str(detail.get("device_name", "GPU")) for detail in details]


def _jax_gpus() -> list[str]:
    devices = importlib.import_module("jax").devices()
    return [str(device.device_kind) for device in devices if device.platform != "cpu"]


def _torch_gpus() -> list[str]:
    torch = importlib.import_module("torch")
    if torch.backends.mps.is_available():
        return ["Apple GPU"]
    return [str(torch.cuda.get_device_name(index)) for index in range(torch.cuda.device_count())]


_GPUS: Mapping[str, Callable[[], list[str]]] = {
    "tensorflow": _tensorflow_gpus,
    "jax": _jax_gpus,
    "torch": _torch_gpus,
}
