"""Logs of production calls, as other tools write them, become a suite: read, settled, sampled, written."""
