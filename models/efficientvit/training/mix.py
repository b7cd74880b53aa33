"""Averages the weights of checkpoints that went on from one another.

python mix.py new.pt=0.5 old.pt=0.25 older.pt=0.25 --output mixed.pt

Wortsman et al., "Model soups", ICML 2022: what one run happened to take for an animal, another did not, and their mean does less.
All else is of the first; a calibration is left out, since it is none of the mean's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from commandline import told
from network.checkpoint import mix_checkpoints


def parse_part(text: str) -> tuple[Path, float]:
    """`PATH=SHARE`. ArgumentTypeError unless the share is above 0 and at most 1."""
    path, _, share = text.rpartition("=")
    try:
        value = float(share)
    except ValueError:
        value = 0.0
    if not path or not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected PATH=SHARE with a share above 0 and at most 1, got {text}")
    return Path(path), value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", type=parse_part, metavar="PATH=SHARE")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    with told(parser):
        args.output.parent.mkdir(parents=True, exist_ok=True)
        mix_checkpoints(args.parts, args.output)


if __name__ == "__main__":
    main()
