"""A YAML file can neither end the process nor fill its memory."""

import pytest

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError

LEVELS = 25
MERGES = "a0: &a0 {x0: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 2)}], x{n}: 1}}\n" for n in range(1, LEVELS)
)
ALIASES = "a0: &a0 [1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, LEVELS)
)
BAD = {
    "flow sequences": "title: " + "[" * 100_000,
    "flow mappings": "title: " + "{a: " * 100_000,
    "block mappings": "".join(f"{' ' * n}a:\n" for n in range(2000)),
    "block sequences": "title:\n" + "- " * 100_000,
    "merge keys": MERGES,
    "aliases": ALIASES,
    "an alias of itself": "title: &a [*a]",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("what", ["codebook", "wave.yml"])
def test_entries_without_end_are_refused_before_anything_is_built(tmp_path, what, text):
    file = tmp_path / ("book.yml" if what == "codebook" else "wave.yml")
    file.write_text(text, encoding="utf-8")
    said = "more than 50 entries within entries, or more than 1,000,000 by aliases"
    with pytest.raises(InputError, match=f"not readable YAML.*{said}"):
        Codebook.read(str(file)) if what == "codebook" else Wave.read(tmp_path)
