"""A comparison as a table: which columns there are, what each says, and who is best."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tensorview.comparison.compare import Comparison, Row


@dataclass(frozen=True, slots=True)
class Column:
    """better: which end is good, "" for neither. of: the number of a row, NaN where it has none."""

    name: str
    better: str
    help: str
    of: Callable[[Row], float]
    format: str

    def text(self, row: Row) -> str:
        value = self.of(row)
        return "–" if math.isnan(value) else self.format.format(value)


def columns(comparison: Comparison) -> tuple[Column, ...]:
    """The columns that at least one method has a number in."""
    return tuple(
        column for column in COLUMNS if any(not math.isnan(column.of(row)) for row in comparison.rows)
    )  # fmt: skip


def best(column: Column, comparison: Comparison) -> float:
    """The best number of a column; NaN where it has no better end, or all are the same."""
    numbers = [value for row in comparison.rows if not math.isnan(value := column.of(row))]
    if not column.better or len(set(numbers)) < 2:
        return math.nan
    return min(numbers) if column.better == "less is better" else max(numbers)


def _mean(values: np.ndarray | None) -> float:
    known = values[np.isfinite(values)] if values is not None else np.zeros(0)
    return float(known.mean()) if known.size else math.nan


LESS, MORE = "less is better", "more is better"
COLUMNS = (
    Column(
        "deletion", LESS, "area under the answer while the map's pixels are taken away, the strongest first",
        lambda row: _mean(row.curves.deletion_area if row.curves else None), "{:.3f}",
    ),
    Column(
        "insertion", MORE, "area under the answer while they are brought back into a blurred picture",
        lambda row: _mean(row.curves.insertion_area if row.curves else None), "{:.3f}",
    ),
    Column(
        "average drop", LESS, "share of the answer that is lost when only what the map shows is seen",
        lambda row: _mean(row.drop.drop if row.drop else None), "{:.1%}",
    ),
    Column(
        "increase", MORE, "share of the samples whose answer rises then",
        lambda row: _mean(row.drop.increase.astype(np.float64) if row.drop else None), "{:.0%}",
    ),
    Column(
        "randomised", LESS, "rank correlation with the map of the model whose weights are all random: near 1 says that "
        "the method does not look at what was learned",
        lambda row: _mean(np.abs(row.randomisation.similarity[-1]) if row.randomisation else None), "{:.2f}",
    ),
    Column(
        "time", LESS, "seconds of a call for all samples, once the model is traced",
        lambda row: math.nan if row.steady_s is None else row.steady_s, "{:.3f} s",
    ),
    Column(
        "first call", "", "seconds with the tracing",
        lambda row: math.nan if row.first_s is None else row.first_s, "{:.2f} s",
    ),
)  # fmt: skip
