"""What the answers of a survey say, as tidy frames that its edition may show.

A module a subject (hypotheses, changes, ...): each function takes a survey and gives a
`analysis.show.Frame` with ids in place of words. Notebooks choose, draw and word what they show.
"""
