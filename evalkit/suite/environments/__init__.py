"""What an agent's tools act on: state and transitions as data, read from a file beside the suite."""

from evalkit.suite.environments.reading import Environment, read_environment, redacted
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.environments.world import Played, PlayedCall, World, world_of

__all__ = [
    "BrokenEnvironment",
    "Environment",
    "Played",
    "PlayedCall",
    "World",
    "read_environment",
    "redacted",
    "world_of",
]
