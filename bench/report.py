"""The table, for a terminal and for docs/benchmarks.md."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.results import Line

_COLUMNS = ("job", "baseline", "measured", "ratio", "must reach", "")
_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures: written by `python -m bench --write` -->", "<!-- end of figures -->"


def show(lines: Sequence[Line], machine: str, console: Console) -> None:
    table = Table(*_COLUMNS, title="Speed and memory", caption=machine, show_lines=True)
    for line in lines:
        job = "\n".join([line.job, *(f"[dim]{note}[/dim]" for note in line.notes)])
        table.add_row(job, line.baseline, line.measured, _ratio(line), line.must, line.verdict)
    console.print(table)
    missed = [line.job for line in lines if line.met is False]
    console.print(f"{len(missed)} of {len(lines)} missed" + "".join(f"\n- {job}" for job in missed))


def write(lines: Sequence[Line], machine: str, method: str) -> Path:
    """Replace the figures in docs/benchmarks.md; the words around them are a person's."""
    page = _PAGE.read_text() if _PAGE.exists() else f"# Benchmarks\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    figures = "\n".join(
        [_BEGIN, "", f"{datetime.now(UTC):%Y-%m-%d}. {machine}.", "", method, "", *_rows(lines), "", _END]
    )
    _PAGE.write_text(before + figures + after)
    return _PAGE


def _rows(lines: Sequence[Line]) -> list[str]:
    head = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    return head + [
        f"| {'<br>'.join([line.job, *line.notes])} | {line.baseline} | {line.measured} | {_ratio(line)} | {line.must} "
        f"| {line.verdict} |"
        for line in lines
    ]


def _ratio(line: Line) -> str:
    return "" if line.ratio is None else f"{line.ratio:.2f}"
