"""CTranslate2: Llama-architecture weights in this process, from a Hugging Face checkpoint to log-likelihoods."""
