"""The Python door: suites made in Python, and the functions `run`, `arun`, `compare` and `gate` behind `import evalkit`.

It stands beside `cli/` and joins the side that asks with the side that reads results. Nothing here prints, and nothing
ends the process: what goes wrong is an exception of `evalkit.errors`.
"""
