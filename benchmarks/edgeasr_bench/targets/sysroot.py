"""A user space of Debian for another architecture, unpacked and not installed: qemu runs its programs as they are.

apt gets a state of its own, so neither this machine's architectures nor its package lists are touched.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.errors import TargetError

__all__ = ["make_sysroot"]

_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
_LIMIT_S = 600


def make_sysroot(folder: Path, architecture: str, packages: Sequence[str]) -> Path:
    """Give a folder with packages and all that they depend on; one that is there is taken as it is.

    Args:
        folder: where it is to be.
        architecture: Debian's name of it, such as "arm64".
        packages: Debian's names of them.

    Raises:
        TargetError: this is no Debian, or the packages cannot be fetched.
    """
    if folder.exists():
        return folder
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and _SOURCES.exists()):
        raise TargetError(f"an emulated board is made of Debian's packages: expected a Debian with {_SOURCES}")
    with replacing(folder) as scratch:
        apt = scratch / "apt"
        for part in ("state/lists/partial", "cache/archives/partial", "sources"):
            (apt / part).mkdir(parents=True)
        (apt / "status").touch()
        shutil.copy(_SOURCES, apt / "sources")
        _apt(apt, architecture, "update")  # of one index that is broken nothing follows: the next line says
        failed = _apt(apt, architecture, "--yes", "--download-only", "install", *packages)
        archives = sorted(apt.glob("cache/archives/*.deb"))
        if failed or not archives:
            raise TargetError(f"apt-get cannot fetch {', '.join(packages)} for {architecture} ({failed})")
        for archive in archives:
            subprocess.run(["dpkg-deb", "--extract", archive, scratch], check=True, timeout=_LIMIT_S)
        shutil.rmtree(apt)
    return folder


def _apt(folder: Path, architecture: str, *words: str) -> str:
    """Run apt-get with a state of its own; give the reason where it fails."""
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": folder / "sources",
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "APT::Install-Recommends": 0,
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": 1,
    }
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    try:
        done = subprocess.run(["apt-get", *options, "-qq", *words], capture_output=True, text=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"nothing within {_LIMIT_S} s: check the network"
    lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
    return (lines[-1] if lines else f"code {done.returncode}") if done.returncode else ""
