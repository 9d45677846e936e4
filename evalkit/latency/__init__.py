"""What durations say: distributions of times, and what a load sweep found. Pure; who asks models is the engine's."""
