"""The cage around code of a model: what the kernel lets such a process see and do.

`worker.py` is started as a program of its own, without site-packages, and builds the cage around itself from the other
modules here; they import nothing but the standard library, and evalkit's own process never runs them.
"""
