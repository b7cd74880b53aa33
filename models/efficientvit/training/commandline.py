"""What the programs here have in common as commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Within it, a fault of what was given (OSError, ValueError) ends the program with a line and 2, as a wrong flag does."""
    try:
        yield
    except (OSError, ValueError) as fault:
        parser.error(str(fault))
