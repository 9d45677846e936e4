"""The loopback servers of `evalkit.testing.loopback`, under the name by which the tests know them."""

from evalkit.testing.loopback import Loopback, Sent, loopback, raw_server, reply, stream_of

__all__ = ["Loopback", "Sent", "loopback", "raw_server", "reply", "stream_of"]
