"""How long log lines and samples are kept: by age and by number, whichever is less.

The journal is kept for ever; the log only has to answer what happened lately, and must not fill the
disk the journal needs. Age is measured from the newest row, never from the machine's clock, so a
replayed day is not pruned for being old.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.units import SECONDS_PER_DAY

_BY_NUMBER = "DELETE FROM {table} WHERE seq <= (SELECT max(seq) FROM {table}) - ?"
_BY_AGE = "DELETE FROM {table} WHERE at < (SELECT at FROM {table} ORDER BY seq DESC LIMIT 1) - ?"


@dataclass(frozen=True, slots=True)
class Retention:
    """What pruning leaves: at most this old and at most this many."""

    days: float = 30.0
    lines: int = 500_000
    samples: int = 500_000

    def statements(self) -> tuple[tuple[str, tuple[float]], ...]:
        """Return the deletions as SQL with their bound value."""
        age = self.days * SECONDS_PER_DAY
        return tuple(
            (template.format(table=table), (bound,))
            for table, count in (("log", self.lines), ("samples", self.samples))
            for template, bound in ((_BY_NUMBER, count), (_BY_AGE, age))
        )
