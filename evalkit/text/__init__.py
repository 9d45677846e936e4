"""How figures and other people's texts are written, decided once: digits, escaping, tables.

These modules know nothing of runs and stand below everything, so that a stored run can draw its own small table, and
a model's name is harmless wherever it is shown.
"""
