"""The reading side: stored runs as typed objects. No SDK, no key, no network.

run = open_run("latest", results="results")
run.facts.status, run.summary.models["gpt"].all.quality.mean, run.frame()
"""

from evalkit.results.facts import judging_facts, read_facts
from evalkit.results.run import Run, load_run, open_run
from evalkit.results.side import Side

__all__ = ["Run", "Side", "judging_facts", "load_run", "open_run", "read_facts"]
