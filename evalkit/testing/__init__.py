"""What a user needs to test a suite without a key: `fake_provider`, a local server that speaks every dialect."""
