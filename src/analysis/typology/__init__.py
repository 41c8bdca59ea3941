"""Types of municipalities, how sure they are, and who sits on the border.

Arrays and frames only: nothing here knows of a codebook, a wave or a file. `study.study` is the
entry, `study.Typology` what it gives; `classifier.Classifier` keeps the typologies of a wave.
"""
