"""What is asked: suite files, their data, prompts and identity. Enter by `evalkit.suite.loading.load_suite`."""
