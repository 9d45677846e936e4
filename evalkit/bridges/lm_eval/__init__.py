"""Tasks of lm-eval in a suite, and samples of lm-eval as a run: `bridge` is the way in, `samples` the other one."""
