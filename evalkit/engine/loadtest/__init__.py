"""A load test: `sweep` asks at rising rates, `execution` keeps it as a folder of its own."""
