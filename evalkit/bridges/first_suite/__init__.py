"""A first suite of a person's own file: look at its columns, propose task, prompt, scorer and gate, write it down."""
