"""Command ``report``: the page of a result folder, rendered again."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass.cli.options import add_command, add_json
from neuroclass.cli.printing import print_json

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["add_parser", "run"]


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        commands,
        "report",
        "DIR",
        "Render report.html of a result folder again from its files.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="a result folder")
    add_json(parser)


def run(args: "Namespace") -> None:
    """Run the command."""
    from neuroclass.report import write_report  # noqa: PLC0415

    path = write_report(args.folder)
    if args.json:
        print_json({"report": str(path)})
    else:
        print(f"wrote {path}")
