"""A command that looks for published files, gets them on request, and says what is missing and what to do about it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable


def get_and_say(
    title: str,
    args: argparse.Namespace,
    get: Callable[[], dict[str, str]],
    missing: Callable[[], list[str]],
    remedy: str,
) -> int:
    """Get what is asked for, and look what is missing.

    Args:
        title: Name of the data set.
        args: Arguments of the command: its name ``command``, ``root``, ``download`` and ``have``.
        get: Function that gets the files, where ``download`` says so, and returns why a file could not be got, by its
            name.
        missing: Function that returns the names of what is missing.
        remedy: Sentence that says what to do where something is missing.

    Returns:
        Exit status: 0 where everything is in place, 1 where it is not, 130 after an interrupt.
    """
    failures: dict[str, str] = {}
    try:
        if args.download:
            failures = get()
        elif args.have:
            raise ValueError("--have says where to take files from; it goes with --download")
        lacking = missing()
    except (ValueError, OSError) as error:
        print(f"{args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{args.command}: interrupted; nothing is lost, the same command goes on from here", file=sys.stderr)
        return 130
    for file, reason in failures.items():
        print(f"{args.command}: {file}: {reason}", file=sys.stderr)
    if lacking:
        print(f"{title} is not in place: {args.root} lacks {', '.join(lacking)}.", file=sys.stderr)
    if failures:
        print("Delete or replace what is refused above; the same command then goes on from here.", file=sys.stderr)
    elif lacking:
        print(remedy, file=sys.stderr)
    if failures or lacking:
        return 1
    print(f"{title} is in place in {args.root}")
    return 0
