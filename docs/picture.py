"""Draw `docs/demo.svg`, the picture of the README, from what the commands really print.

make demo && .venv/bin/python docs/picture.py
"""

import os
import re
import subprocess
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "edgeasr export --int8 --float32 --out demo/digits",
    "edgeasr bench demo/digits",
    "edgeasr listen demo/digits/ds-cnn.int8.tflite demo/three-seven.wav",
)


def main() -> None:
    """Run the commands and draw their results."""
    environment = {**os.environ, "COLUMNS": "80", "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=80, file=nowhere)
        for command in COMMANDS:
            done = subprocess.run(
                command.split(), cwd=ROOT, env=environment, capture_output=True, text=True, check=True
            )
            console.print(Text(f"$ {command}", style="bold green"))
            console.print(Text(done.stdout))
    svg = console.export_svg(title="edgeasr")
    (ROOT / "docs" / "demo.svg").write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))


if __name__ == "__main__":
    main()
