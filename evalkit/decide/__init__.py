"""From stored rows to a verdict: pairing, comparability, rules, and the gate. Reads results and asks no model."""
