"""The Python door: suites made in Python, and what is behind `evalkit.run`, `arun`, `compare` and `gate`.

It stands beside `cli/` and joins the side that asks with the side that reads results. Nothing here prints, and nothing
ends the process: what goes wrong is an exception of `evalkit.errors`.
"""
