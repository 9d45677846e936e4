"""Answers shown to judges, and what their replies come to: the panel, the requests, the verdicts, people's labels."""
