"""Figures: style, gallery, checks, and the plots themselves."""
