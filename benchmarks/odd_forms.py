"""Forms in styles drawn at random: how many answers are read as given, and that none is lost.

    python benchmarks/odd_forms.py [HOW_MANY] [FIRST_SEED]

The property of tests/analysis/intake/test_odd_forms.py on many surveys of one to four forms.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "analysis" / "intake")]

from test_odd_forms import outcomes  # noqa: E402


def main(how_many: int, first: int) -> None:
    """Read the surveys; what was lost or refused as a whole is listed behind the counts."""
    count: Counter[str] = Counter()
    for seed in tqdm(range(first, first + how_many), disable=None):
        with tempfile.TemporaryDirectory() as folder:
            count += outcomes(Path(folder), seed)
    for outcome, n in count.most_common():
        print(f"{n:8,}  {outcome}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ["500"]), *([0] if len(sys.argv) < 3 else []))
