"""The table, for a terminal and for docs/benchmarks.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.results import Line

_COLUMNS = ("job", "baseline", "measured", "ratio", "must reach", "")
_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures: written by `python -m bench --write` -->", "<!-- end of figures -->"
_HEAD_LINES = 2


@dataclass(frozen=True)
class Part:
    """What was measured in one call: when, where and how, then the lines of its table, the name of the row first."""

    about: str
    lines: tuple[str, ...]

    def without(self, names: Sequence[str]) -> "Part":
        return replace(self, lines=tuple(line for line in self.lines if line.split("`")[1] not in names))

    def __str__(self) -> str:
        columns = ("row", *_COLUMNS)
        head = ("| " + " | ".join(columns) + " |", "|" + "---|" * len(columns))
        return "\n".join([self.about, "", *head, *self.lines, ""])


def show(lines: Sequence[Line], machine: str, console: Console) -> None:
    table = Table(*_COLUMNS, title="Speed and memory", caption=machine, show_lines=True)
    for line in lines:
        job = "\n".join([line.job, *(f"[dim]{note}[/dim]" for note in line.notes)])
        table.add_row(job, line.baseline, line.measured, _ratio(line), line.must, line.verdict)
    console.print(table)
    missed = [line.job for line in lines if line.met is False]
    console.print(f"{len(missed)} of {len(lines)} missed" + "".join(f"\n- {job}" for job in missed))


def write(rows: Mapping[str, Sequence[Line]], machine: str, method: str) -> Path:
    """Put these rows' figures into docs/benchmarks.md, in place of their older ones. Rows that were not measured keep
    theirs, below the words that say when and where that was. All other words are a person's.
    """
    page = _PAGE.read_text() if _PAGE.exists() else f"# Benchmarks\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = page.partition(_BEGIN)
    figures, _, after = rest.partition(_END)
    kept = [part for old in _parts(figures) if (part := old.without([*rows])).lines]
    about = f"{datetime.now(UTC):%Y-%m-%d}. {machine}.\n\n{method}"
    new = Part(about, tuple(_row(name, line) for name, lines in rows.items() for line in lines))
    text = "\n".join([_BEGIN, "", *map(str, [*kept, new]), _END])
    _PAGE.write_text(before + text + after)
    return _PAGE


def _parts(figures: str) -> Iterator[Part]:
    """What `write` wrote: words and tables in turn."""
    about = ""
    for is_table, group in groupby(figures.strip().splitlines(), lambda line: line.startswith("|")):
        lines = tuple(group)
        if is_table:
            yield Part(about, lines[_HEAD_LINES:])
        else:
            about = "\n".join(lines).strip()


def _row(name: str, line: Line) -> str:
    job = "<br>".join([line.job, *line.notes])
    return f"| `{name}` | {job} | {line.baseline} | {line.measured} | {_ratio(line)} | {line.must} | {line.verdict} |"


def _ratio(line: Line) -> str:
    return "" if line.ratio is None else f"{line.ratio:.2f}"
