"""What draws: the terminal's tables, Markdown, HTML, JUnit, annotations and charts, from read models alone.

Nothing here decides or computes a figure. Digits and escaping are those of `evalkit.text`.
"""
