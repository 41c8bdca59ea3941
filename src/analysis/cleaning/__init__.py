"""Cells become answers, kinds of missing, findings and a ledger that adds up."""
