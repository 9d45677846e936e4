"""Native adapters, one file each: the file's name is the adapter's name, and no list has to be kept.

    dialects/gemini.py  ->  adapter: gemini

A file has `make(spec) -> Adapter` and the record `Options`. CONTRIBUTING.md says how one is written and tested.
"""
