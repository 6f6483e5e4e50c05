"""A page as blocks, written as Markdown or as HTML that needs no other file."""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "Bullets", "Code", "Heading", "Picture", "Table", "Text", "to_html", "to_markdown"]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 or 2."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; what stands between backticks is code."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    points: Sequence[str]


@dataclass(frozen=True)
class Code:
    """A command line."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table: its heads, and its rows."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A PNG file, by its path from the page, and what it shows."""

    path: str
    caption: str


Block = Heading | Text | Bullets | Code | Table | Picture

_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a;
  background: #fff; }}
h1, h2 {{ line-height: 1.25; }}
h2 {{ margin-top: 2.5rem; border-bottom: 1px solid #ddd; }}
img {{ max-width: 100%; height: auto; }}
figure {{ margin: 1rem 0; }}
figcaption {{ color: #555; font-size: .9rem; }}
pre, .table {{ overflow-x: auto; }}
pre {{ background: #f5f5f5; padding: .75rem; }}
code {{ font-size: .9em; background: #f5f5f5; }}
table {{ border-collapse: collapse; font-size: .9rem; }}
th, td {{ padding: .3rem .7rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }}
th {{ border-bottom: 2px solid #999; }}
</style>
"""


def to_markdown(blocks: Sequence[Block]) -> str:
    """Write blocks as Markdown; pictures stay files of their own."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def to_html(blocks: Sequence[Block], folder: Path) -> str:
    """Write blocks as one HTML file with its pictures inside.

    Args:
        blocks: the page; its first heading is the title.
        folder: where the paths of the pictures begin.
    """
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join(_html(block, folder) for block in blocks)
    return f"{_HEAD.format(title=html.escape(title))}{body}\n</html>\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Text(text):
            return text
        case Bullets(points):
            return "\n".join(f"- {point}" for point in points)
        case Code(text):
            return f"```sh\n{text}\n```"
        case Table(heads, rows):
            lines = [heads, ["---"] * len(heads), *rows]
            return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
        case Picture(path, caption):
            return f"![{caption}]({path})"


def _html(block: Block, folder: Path) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_inline(text)}</h{level}>"
        case Text(text):
            return f"<p>{_inline(text)}</p>"
        case Bullets(points):
            return f"<ul>{''.join(f'<li>{_inline(point)}</li>' for point in points)}</ul>"
        case Code(text):
            return f"<pre>{html.escape(text)}</pre>"
        case Table(heads, rows):
            head = "".join(f"<th>{_inline(cell)}</th>" for cell in heads)
            body = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in rows)
            return f'<div class="table"><table><tr>{head}</tr>{body}</table></div>'
        case Picture(path, caption):
            data = base64.b64encode((folder / path).read_bytes()).decode()
            return (
                f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(caption)}">'
                f"<figcaption>{_inline(caption)}</figcaption></figure>"
            )


def _inline(text: str) -> str:
    """Escape a text; what stands between backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
