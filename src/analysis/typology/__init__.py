"""Types of municipalities, how sure they are, and who sits on the border.

Arrays and frames only: nothing here knows of a codebook, a wave or a file. `study.study` is the
entry, `study.Typology` what it gives; `classifier.Classifier` keeps the typologies of a wave.

In all modules ``frame`` is units x features, float, NaN where missing; its index holds codes.
``kinds`` says of each feature ``nominal | binary | asymmetric | ordinal | ratio``, ``groups`` the
index that it belongs to: groups weigh the same, and a feature of no group is one of its own.
Different rows of a frame are its answer ``patterns``; ``distance`` is patterns x patterns, and
``weights`` or ``counts`` are the units of each. Types are 1, 2, ...; 0 is unplaced.
"""
