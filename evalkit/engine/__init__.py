"""The engine: asks every sample of every model, within limits, and writes one row for each. See `runner.run`."""
