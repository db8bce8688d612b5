"""How the demo writes: paragraphs and tables that fit a terminal, and commands that can be typed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Final
from unicodedata import east_asian_width

_WIDEST: Final = 96


def paragraph(text: str) -> str:
    """Break a paragraph so that it fits the terminal; a word too long for it - a URI - stays whole."""
    widest = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 0)).columns)
    lines = [" "]
    for word in text.split():
        if lines[-1].strip() and width_of(f"{lines[-1]} {word}") > widest:
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(lines)


def is_figure(cell: str) -> bool:
    """Whether a cell is to stand at the right: a number, with what belongs to it."""
    return cell[:1].isdigit() or cell[:1] in "+-"


def right_columns(rows: Sequence[Sequence[str]]) -> list[bool]:
    """Which columns hold figures only.

    Examples
    --------
    >>> right_columns([("a", "1"), ("b", "")])
    [False, True]
    """
    return [all(not cell or is_figure(cell) for cell in column) for column in zip(*rows, strict=True)]


def lay_out(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table: texts to the left, figures to the right, each column as wide as its widest cell.

    Examples
    --------
    >>> print(lay_out(("who", "calls"), [("Kim", "7"), ("Namgung", "12")]))
      who      calls
      Kim          7
      Namgung     12
    """
    right = right_columns(rows) if rows else [False] * len(columns)
    wide = [max(map(width_of, column)) for column in zip(columns, *rows, strict=True)]
    lines = []
    for row in (columns, *rows):
        cells = []
        for cell, width, is_right in zip(row, wide, right, strict=True):
            blank = " " * (width - width_of(cell))
            cells.append(blank + cell if is_right else cell + blank)
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: a Korean letter takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def tool(name: str) -> str:
    """Write a command so that it can be typed here, whether or not its environment is the shell's own."""
    own = Path(sys.executable).with_name(name)
    if shutil.which(name) == str(own) or not own.exists():
        return name
    return quote(str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own))


def look_at_runs() -> str:
    """What to type to see the runs in a browser, wherever MLflow keeps them."""
    store = os.environ.get("MLFLOW_TRACKING_URI", "")
    if store.startswith(("http://", "https://")):
        return f"{tool('python')} -m webbrowser {quote(store)}"
    if store:
        return f"{tool('mlflow')} ui --backend-store-uri {quote(store)}"
    is_checkout = Path(__file__).resolve().parents[3] == Path.cwd() and Path("Makefile").is_file()
    return "make ui" if is_checkout else f"{tool('mlflow')} ui --backend-store-uri sqlite:///mlflow.db"
