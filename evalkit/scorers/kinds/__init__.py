"""Scorers, one file each: the file's name is the scorer's name (`_` for `-`), and no list has to be kept.

    kinds/helps.py  ->  score: helps

A file has `make(options) -> Scorer` and `EXAMPLES`, which the conformance kit runs it through.
"""
