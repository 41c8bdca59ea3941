"""One figure of answers, checked, drawn and written: processor seconds and sizes of files."""

import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd

from analysis.figures import plots
from analysis.figures.gallery import Gallery

TIMES = 8


def main() -> None:
    mpl.use("agg")
    answers = {"answer": list("甲乙丙丁戊己"), "count": [3, 2, 9, 1, 5, 8]}
    shares = pd.DataFrame(answers | {"share": [0.1, 0.1, 0.3, 0.1, 0.2, 0.3]})
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(Path(folder), language="ja", source="調査", invented=True)
        taken = []
        for _ in range(TIMES + 1):  # the first loads the font
            began = time.process_time()
            about: dict[str, Any] = {
                "title": "題",
                "alt": "最も多いのは丙",
                "denominator": "回答した団体",
            }
            gallery.show(plots.shares(shares), "q", data=shares, n=28, **about)
            taken.append(time.process_time() - began)
        sizes = {p.suffix: p.stat().st_size for p in Path(folder).glob("figures/*")}
    print("| what | result |\n|---|---|")
    print(f"| one figure, processor seconds | {sum(taken[1:]) / TIMES:.3f} |")
    print(f"| its PNG and SVG, bytes | {sizes['.png']:,} and {sizes['.svg']:,} |")


if __name__ == "__main__":
    main()
