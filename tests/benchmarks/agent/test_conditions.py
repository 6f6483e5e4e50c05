"""What changes a measurement while it is taken."""

from dataclasses import replace

import pytest

from edgeasr_bench.agent.conditions import Conditions, changes, read_conditions

COOL = Conditions(temperature_c=48.3, frequency_mhz=1500.0, governor="ondemand", throttled="0")


@pytest.fixture
def root(tmp_path):
    """Give the root of a Raspberry Pi."""
    texts = {
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
        "sys/class/thermal/thermal_zone1/temp": "41000\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "600000\n",
        "sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq": "1500000\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_read_conditions_takes_the_hottest_zone_and_the_fastest_core(root):
    assert read_conditions(root) == COOL


def test_read_conditions_of_a_machine_that_says_nothing_are_not_known(tmp_path):
    assert read_conditions(tmp_path) == Conditions(None, None, None, None)
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text("unknown")
    assert read_conditions(tmp_path).temperature_c is None


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"governor": "powersave"}, "governor changed from ondemand to powersave"),
        ({"frequency_mhz": 1000.0}, "clock fell from 1500 to 1000 MHz"),
        ({"temperature_c": 80.1}, "warmed up from 48.3 to 80.1 °C"),
        ({"throttled": "50005"}, "throttled (0x50005)"),
    ],
)
def test_changes_says_what_spoils_the_times(after, said):
    (line,) = changes(COOL, replace(COOL, **after))
    assert said in line


@pytest.mark.parametrize(
    "after",
    [{}, {"frequency_mhz": 1490.0}, {"frequency_mhz": None}, {"temperature_c": 55.0}, {"throttled": "50000"}],
)
def test_changes_says_nothing_of_what_spoils_nothing(after):
    assert changes(COOL, replace(COOL, **after)) == []
