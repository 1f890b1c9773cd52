"""`python -m bench [row …] [--quick] [--write]`: measure, print the table and the machine.

Ends with 0 whether or not the aims are met: the table says so. Anything else is an error.
"""

import argparse
import os
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from bench import machine, photographs, report
from bench.load import generator
from bench.results import Bench, Line
from bench.table import ROWS


def main() -> int:
    arguments = _arguments()
    console = Console()
    measured: dict[str, list[Line]] = {}
    failed: list[str] = []
    others = os.getloadavg()[1]
    with _folder(arguments.work) as work:
        bench = Bench(
            work=work,
            photographs=photographs.make(work / "photographs"),
            runs=1 if arguments.quick else arguments.runs,
            seconds=2 if arguments.quick else arguments.seconds,
            images=100_000 if arguments.quick else arguments.images,
        )
        for name in arguments.rows or ROWS:
            console.print(f"[bold]{name}[/bold] …")
            try:
                lines = []
                for line in ROWS[name](bench):
                    lines.append(line)
                    console.print(f"  {line.job}: {line.measured} against {line.baseline}: {line.verdict}")
                measured[name] = lines
            except Exception:  # noqa: BLE001  one row that cannot be measured keeps no other from it
                failed.append(name)
                console.print(traceback.format_exc(), markup=False)
    method = (
        f"{bench.runs} counted runs of {bench.seconds:g} s a figure, baseline and Atpix in turn, medians; "
        f"{bench.images:,} images; load: {generator()}; the machine's load average just before: {others:.1f}."
    )
    console.print(method)
    report.show([line for lines in measured.values() for line in lines], machine.described(), console)
    if arguments.write and measured:
        console.print(f"Written to {report.write(measured, machine.described(), method)}")
    if failed:
        console.print(f"[red]These rows could not be measured: {', '.join(failed)}[/red]")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", choices=[*ROWS, []], help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="one run of 2 s a figure and 100,000 images: a first look")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument(
        "--work", type=Path, help="keep files here, seeded databases among them; default: a folder that goes"
    )
    parser.add_argument(
        "--write", action="store_true", help="also into docs/benchmarks.md; other rows keep their figures there"
    )
    return parser.parse_args()


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="atpix-bench-") as made:
        yield Path(made)


if __name__ == "__main__":
    raise SystemExit(main())
