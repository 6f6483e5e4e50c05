"""A page as blocks, written as Markdown or as HTML that needs no other file."""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "Bullets", "Code", "Drawings", "Heading", "Picture", "Table", "Text", "to_html", "to_markdown"]


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


@dataclass(frozen=True)
class Drawings:
    """SVG drawings with their captions, side by side where there is room, below a text; Markdown goes without."""

    drawings: Sequence[tuple[str, str]]
    text: str = ""


Block = Heading | Text | Bullets | Code | Table | Picture | Drawings

_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
"""


def to_markdown(blocks: Sequence[Block]) -> str:
    """Write blocks as Markdown; pictures stay files of their own, drawings are left out."""
    return "\n\n".join(_markdown(block) for block in blocks if not isinstance(block, Drawings)) + "\n"


def to_html(blocks: Sequence[Block], folder: Path) -> str:
    """Write blocks as one HTML file with its pictures inside.

    Args:
        blocks: the page; its first heading is the title.
        folder: where the paths of the pictures begin.
    """
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join(_html(block, folder) for block in blocks)
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return f"{_HEAD.format(title=html.escape(title), style=style)}{body}\n</html>\n"


def _markdown(block: Heading | Text | Bullets | Code | Table | Picture) -> str:
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
            classes = [_class([row[index] for row in rows]) for index in range(len(heads))]
            head = "".join(f"<th{kind}>{_inline(cell)}</th>" for kind, cell in zip(classes, heads, strict=True))
            lines = (
                "".join(f"<td{kind}>{_inline(cell)}</td>" for kind, cell in zip(classes, row, strict=True))
                for row in rows
            )
            body = "".join(f"<tr>{line}</tr>" for line in lines)
            return f'<div class="table"><table><tr>{head}</tr>{body}</table></div>'
        case Picture(path, caption):
            data = base64.b64encode((folder / path).read_bytes()).decode()
            return (
                f'<figure><img src="data:image/png;base64,{data}" alt="{html.escape(caption)}">'
                f"<figcaption>{_inline(caption)}</figcaption></figure>"
            )
        case Drawings(drawings, text):
            above = f"<p>{_inline(text)}</p>" if text else ""
            figures = (
                f"<figure>{svg}<figcaption>{_inline(caption)}</figcaption></figure>" for svg, caption in drawings
            )
            return f'{above}<div class="drawings">{"".join(figures)}</div>'


def _class(cells: Sequence[str]) -> str:
    """Give the class attribute of a column: its cells are numbers, with what belongs to them, or not."""
    numbers = bool(cells) and all(re.fullmatch(r"-|[-+]?\d[\d.,]*( [%(].*)?", cell) for cell in cells)
    return ' class="number"' if numbers else ""


def _inline(text: str) -> str:
    """Escape a text; what stands between backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
