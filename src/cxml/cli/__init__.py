"""The command line: the verbs and a demo, for people who have a file and not a notebook.

Whatever reads data, trains or loads is imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import cxml
from cxml.cli.models import add_predict, add_train
from cxml.cli.runs import add_compare, add_promote, add_rollback
from cxml.cli.show import add_demo
from cxml.errors import CxmlError, PromotionRefused

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``cxml``, by default those that the process was started with.

    Returns
    -------
    int
        0 when it worked, 1 when a promotion was refused, 2 when the request or the data must be changed; the reason
        is then one line on stderr.

    Examples
    --------
    >>> main(["train", "churn", "--data", "customers.xls", "--target", "Churn"])  # and on stderr, what must be changed
    2
    """
    for stream in (sys.stdout, sys.stderr):
        # A console of another code page shows "?" for a letter that it lacks, instead of ending in a traceback.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(argv)
    try:
        options.command(options)
    except CxmlError as error:
        print(f"cxml: {' '.join(str(error).split())}", file=sys.stderr)
        return 1 if isinstance(error, PromotionRefused) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cxml",
        description="Predict customer experience, tracked in MLflow.",
        epilog="Start with: cxml demo. The options of a command: cxml train --help",
    )
    parser.add_argument("--version", action="version", version=f"cxml {cxml.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (add_train, add_predict, add_compare, add_promote, add_rollback, add_demo):
        add(commands)
    return parser
