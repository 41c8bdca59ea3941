"""Executed notebooks become offline pages, an index, workbooks and a PDF."""
