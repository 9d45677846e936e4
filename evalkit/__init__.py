"""evalkit: may this model be swapped in production? Quality beside cost and latency, on your own tasks."""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`evalkit.load_run`, imported when asked for: it needs DuckDB and pandas, `import evalkit` does not."""
    if name == "load_run":
        from evalkit.store.queries import load_run

        return load_run
    raise AttributeError(f"module 'evalkit' has no attribute {name!r}")
