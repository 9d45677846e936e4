"""evalkit: may this model be swapped in production? Quality beside cost and latency, on your own tasks."""

__version__ = "0.1.0"
