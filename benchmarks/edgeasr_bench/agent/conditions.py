"""What changes a measurement while it is taken: temperature, clock frequency, governor, throttling."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Conditions", "changes", "read_conditions"]

_SLOWER = 0.95  # of the clock frequency before: a governor that works at its limit wobbles by less
_HOTTER_C = 15.0
_THROTTLED_NOW = 0xF  # the bits of Raspberry Pi's get_throttled that are about this moment


@dataclass(frozen=True)
class Conditions:
    """A machine under load at one moment; null where the system does not say.

    Attributes:
        temperature_c: of the hottest thermal zone.
        frequency_mhz: of the fastest core's clock.
        governor: of the first core's clock frequency.
        throttled: what the firmware of a Raspberry Pi says of itself, bits in hexadecimal; 0 for nothing.
    """

    temperature_c: float | None
    frequency_mhz: float | None
    governor: str | None
    throttled: str | None


def read_conditions(root: Path = Path("/")) -> Conditions:
    """Read the conditions as they are now.

    Args:
        root: the folder that `sys` is in.
    """
    temperatures = _numbers(root, "sys/class/thermal/thermal_zone*/temp")
    frequencies = _numbers(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")
    return Conditions(
        temperature_c=round(max(temperatures) / 1000, 1) if temperatures else None,
        frequency_mhz=round(max(frequencies) / 1000, 1) if frequencies else None,
        governor=_first(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        throttled=_first(root, "sys/devices/platform/soc/soc:firmware/get_throttled"),
    )


def changes(before: Conditions, after: Conditions) -> list[str]:
    """Say in a line each what became so different that the timings between cannot be trusted."""
    lines = []
    if before.governor != after.governor:
        lines.append(f"the governor changed from {before.governor} to {after.governor} while it was timed")
    if before.frequency_mhz and after.frequency_mhz and after.frequency_mhz < _SLOWER * before.frequency_mhz:
        lines.append(f"the clock fell from {before.frequency_mhz:g} to {after.frequency_mhz:g} MHz while it was timed")
    if before.temperature_c and after.temperature_c and after.temperature_c > before.temperature_c + _HOTTER_C:
        lines.append(f"it warmed up from {before.temperature_c:g} to {after.temperature_c:g} °C while it was timed")
    if after.throttled and int(after.throttled, 16) & _THROTTLED_NOW:
        lines.append(f"the machine was throttled (0x{after.throttled}): too hot, or too little voltage")
    return lines


def _first(root: Path, path: str) -> str | None:
    try:
        return (root / path).read_text().strip() or None
    except OSError:
        return None


def _numbers(root: Path, pattern: str) -> list[float]:
    texts = (_first(root, str(path.relative_to(root))) for path in root.glob(pattern))
    return [float(text) for text in texts if text and text.lstrip("-").isdigit()]
