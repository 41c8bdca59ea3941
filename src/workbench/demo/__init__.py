"""Invented waves with a known truth, written as replies arrive."""
