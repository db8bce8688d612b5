"""``cxml demo``: all of it once, on public data or on a file of yours."""

from __future__ import annotations

import argparse
from typing import Any

from cxml.cli.parsing import add_command
from cxml.cli.tables import ENDINGS_TEXT, read, texts_of
from cxml.errors import ConfigError


def add_demo(commands: Any) -> None:
    """Add ``cxml demo``."""
    demo = add_command(commands, "demo", _demo, "see all of it on public data, or on a file of yours")
    demo.add_argument("--data", metavar="FILE", help=f"your own data: {ENDINGS_TEXT}")
    demo.add_argument("--target", metavar="COLUMN", help="with --data: says who left")
    demo.add_argument("--key", metavar="COLUMN", help="with --data: names the customer")
    demo.add_argument("--out", default=".demo", metavar="FOLDER", help="for what it writes; default: .demo")


def _demo(options: argparse.Namespace) -> None:
    if not options.data and (options.target or options.key):
        raise ConfigError("--target and --key speak of your own data - got no --data. Name the file.")
    if options.data and not options.target:
        raise ConfigError(f"Your own data needs --target - got only --data {options.data}. Name the column.")
    from cxml import demo

    if not options.data:
        demo.run(out=options.out)
        return
    frame = read(options.data, texts_of(options.key))
    demo.run(frame, source=options.data, target=options.target, key=options.key, out=options.out)
