"""The board: a Streamlit app over a folder of results. Each page is a function `render(store)`; `app` only routes.

`results.reader` reads and caches, `charts` draws, `elements` shows what several pages share; the figures
themselves come from `evalkit.store.summary`, `evalkit.stats` and `evalkit.render`, so that the terminal and the board
cannot disagree.
"""
