"""Instructions that a program can check (IFEval, Zhou et al. 2023, arXiv 2311.07911), one file per family of kinds.

A record says what it asks for in one of two forms:

    {"instructions": [{"kind": "length_constraints:number_words", "relation": "exactly", "num_words": 5}]}
    {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}          IFEval's own

The checks are written anew from the paper's descriptions; the few known deviations are in docs/scoring.md.
"""

from evalkit.scorers.instructions.reading import (
    Instruction,
    follows_loosely,
    follows_strictly,
    known_kinds,
    make,
    read_instructions,
)

__all__ = ["Instruction", "follows_loosely", "follows_strictly", "known_kinds", "make", "read_instructions"]
