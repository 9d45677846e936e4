"""Other tools' tasks and results: lm-eval tasks in, samples of lm-eval, Inspect and GuideLLM in, runs out.

A bridge stands on the writing stair beside the engine: it makes tasks, or rows. Its tool is imported when it is asked
for, so that nobody who does not use it needs to have it.
"""
