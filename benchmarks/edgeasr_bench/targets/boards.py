"""Boards that are emulated: what a program that runs there sees of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeasr_bench.targets.wheels import System

__all__ = ["BOARDS", "Board", "write_facts"]

_CORES = 4
_PYTHON = (3, 11)  # Debian 12's
_GLIBC = 36


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        model: what it calls itself.
        cpu: qemu's name of its processor. Never left to qemu: its default has SME, with which XNNPACK is wrong.
        part: number of the processor in /proc/cpuinfo.
        features: of the processor, in the same place.
        debian: Debian's name of the architecture.
        qemu: the program that emulates it.
        getpgid: number of that system call, which is a mark for counting instructions.
        libraries: folders of libraries that Debian's installation would have linked to.
    """

    model: str
    cpu: str
    part: int
    features: str
    debian: str = "arm64"
    qemu: str = "qemu-aarch64"
    getpgid: int = 155
    libraries: tuple[str, ...] = ()

    @property
    def system(self) -> System:
        """What its wheels must fit."""
        return System(_PYTHON, "aarch64" if self.debian == "arm64" else "armv7l", _GLIBC)

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages that it needs: for 32 bits NumPy as well, which has no wheel."""
        common = ("base-files", "python3", "libgomp1", "libstdc++6")
        return common if self.debian == "arm64" else (*common, "python3-numpy", "libatomic1")


_ARMV8 = "fp asimd evtstrm crc32 cpuid"
BOARDS: Mapping[str, Board] = {
    "pi3": Board("Raspberry Pi 3 Model B Plus Rev 1.3", "cortex-a53", 0xD03, _ARMV8),
    "pi4": Board("Raspberry Pi 4 Model B Rev 1.5", "cortex-a72", 0xD08, _ARMV8),
    "pi5": Board(
        "Raspberry Pi 5 Model B Rev 1.0",
        "cortex-a76",
        0xD0B,
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
    ),
    "pi-armv7": Board(
        "Raspberry Pi 2 Model B Rev 1.1",
        "cortex-a7",
        0xC07,
        "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm",
        debian="armhf",
        qemu="qemu-arm",
        getpgid=132,
        libraries=("usr/lib/arm-linux-gnueabihf/blas", "usr/lib/arm-linux-gnueabihf/lapack"),
    ),
}


def write_facts(board: Board, root: Path) -> None:
    """Write what the kernel of a board would say into the folders `proc` and `sys` of `root`.

    qemu looks there first. The libraries of the runtimes read /proc/cpuinfo, and crash on that of another architecture.
    """
    architecture = 8 if board.debian == "arm64" else 7
    cores = "".join(
        f"processor\t: {core}\nBogoMIPS\t: 108.00\nFeatures\t: {board.features}\nCPU implementer\t: 0x41\n"
        f"CPU architecture: {architecture}\nCPU variant\t: 0x0\nCPU part\t: {board.part:#x}\nCPU revision\t: 3\n\n"
        for core in range(_CORES)
    )
    online = f"0-{_CORES - 1}\n"
    facts = {
        "proc/cpuinfo": f"{cores}Model\t\t: {board.model}\n",
        "proc/device-tree/model": f"{board.model}\0",
        "sys/devices/system/cpu/possible": online,
        "sys/devices/system/cpu/present": online,
        "sys/devices/system/cpu/online": online,
        "sys/devices/system/cpu/kernel_max": f"{_CORES - 1}\n",
    }
    for path, text in facts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
