"""Tables with odd and duplicate headings and several sheets: no municipality is lost in silence.

    python benchmarks/odd_tables.py [HOW_MANY]

The property of tests/workbench/office/test_new_wave.py on many generated tables (default 2,000):
each municipality is read, or the table is refused.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "workbench" / "office")]

from test_new_wave import odd_tables, survey_of  # noqa: E402

from analysis.errors import InputError  # noqa: E402


def main(how_many: int) -> None:
    """Generate the tables; the first that loses a municipality is shown as an error."""
    counts = {"read": 0, "refused": 0}
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]

    @settings(max_examples=how_many, deadline=None, database=None, suppress_health_check=slow)
    @given(odd_tables())
    def each(made: tuple[Any, set[str]]) -> None:
        sheets, everyone = made
        with tempfile.TemporaryDirectory() as folder:
            try:
                said, read = survey_of(Path(folder), sheets)
            except InputError:
                counts["refused"] += 1
                return
            assert read >= everyone, said
            counts["read"] += 1

    each()
    print(", ".join(f"{n:,} {what}" for what, n in counts.items()) + ": none lost in silence")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
