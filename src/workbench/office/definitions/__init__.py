"""Definitions of questionnaires as form tools keep them, from which a codebook is drafted whole."""
