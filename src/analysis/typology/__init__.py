"""Types of municipalities, how sure they are, and who sits on the border.

`study.study` makes a `study.Typology` from arrays and frames alone; only `classifier` reads the
indicators from a codebook and caches the typologies of a wave.

In all modules ``frame`` is units x features, float, NaN where missing; its index holds codes.
``kinds`` says of each feature ``nominal | binary | asymmetric | ordinal | ratio``, ``groups`` the
index that it belongs to: groups weigh the same, and a feature of no group is one of its own.
Different rows of a frame are its answer ``patterns``; ``distance`` is patterns x patterns, and
``weights`` or ``counts`` are the units of each. Types are 1, 2, ...; 0 is unplaced.
"""
