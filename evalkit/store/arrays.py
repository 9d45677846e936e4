"""Arrow arrays from Python values and back to numpy, by their buffers.

`pyarrow.array` and `to_numpy` import pandas on first use (0.6 CPU s and 55 MB), which would be a third of a short run.
The layouts here are Arrow's published columnar format: a validity bitmap, offsets where lengths vary, and the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from evalkit.store.row_codec import readable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

MONEY_DIGITS, MONEY_PLACES = 38, 15
"""15 places hold a token at 0.001 USD a million exactly; 23 digits are left before the point."""
_MONEY = Context(prec=MONEY_DIGITS, rounding=ROUND_HALF_EVEN)
_QUANTUM = Decimal(1).scaleb(-MONEY_PLACES)


def strings(values: Sequence[str | None]) -> pa.Array:
    """UTF-8 strings; halves of surrogate pairs, which UTF-8 cannot hold, are spelled out."""
    import pyarrow as pa

    present = ["" if v is None else v for v in values]
    content = "".join(present)
    if content.isascii():  # a letter is a byte
        encoded, offsets = content.encode(), _offsets(present)
    else:
        each = [_utf8(v) for v in present]
        encoded, offsets = b"".join(each), _offsets(each)
    # 32-bit offsets hold 2 GB; sealing's batches end far below.
    return pa.Array.from_buffers(pa.string(), len(values), [_validity(values), offsets, pa.py_buffer(encoded)])


def floats(values: Sequence[float | None]) -> pa.Array:
    """64-bit floats."""
    import numpy as np
    import pyarrow as pa

    numbers = np.array([0.0 if v is None else v for v in values], dtype=np.float64)
    return pa.Array.from_buffers(pa.float64(), len(values), [_validity(values), pa.py_buffer(numbers)])


def integers(values: Sequence[int | None]) -> pa.Array:
    """64-bit integers; a count that no such integer holds is unknown, not a lie."""
    import numpy as np
    import pyarrow as pa

    known = [v if isinstance(v, int) and -(2**63) <= v < 2**63 else None for v in values]
    numbers = np.array([v or 0 for v in known], dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(values), [_validity(known), pa.py_buffer(numbers)])


def booleans(values: Sequence[bool]) -> pa.Array:
    """Booleans, none of them missing."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def money(values: Sequence[Decimal | None]) -> pa.Array:
    """Amounts as decimal128, rounded to the last place kept; one that is no finite number, or absurd, is unknown."""
    import pyarrow as pa

    top = MONEY_DIGITS - MONEY_PLACES - 1  # beyond, the number has no room: more dollars than there are
    known = [v if v is not None and v.is_finite() and v.adjusted() < top else None for v in values]
    content = b"".join(bytes(16) if v is None else _places_of(v).to_bytes(16, "little", signed=True) for v in known)
    kind = pa.decimal128(MONEY_DIGITS, MONEY_PLACES)
    return pa.Array.from_buffers(kind, len(values), [_validity(known), pa.py_buffer(content)])


def _places_of(amount: Decimal) -> int:
    """How many units of the last place kept an amount is."""
    return int(amount.quantize(_QUANTUM, context=_MONEY).scaleb(MONEY_PLACES, _MONEY))


def string_maps(values: Sequence[Mapping[str, str]]) -> pa.Array:
    """Names → strings; an empty mapping is an empty map."""
    import pyarrow as pa

    return _maps(values, strings([str(x) for v in values for x in v.values()]), pa.string())


def float_maps(values: Sequence[Mapping[str, float]]) -> pa.Array:
    """Names → numbers; an empty mapping is an empty map."""
    import pyarrow as pa

    return _maps(values, floats([x for v in values for x in v.values()]), pa.float64())


def string_lists(values: Sequence[Sequence[str]]) -> pa.Array:
    """Lists of strings, none of them missing."""
    import pyarrow as pa

    items = strings(list(chain.from_iterable(values)))
    return pa.Array.from_buffers(pa.list_(pa.string()), len(values), [None, _offsets(values)], children=[items])


def float_lists(values: Sequence[Sequence[float] | None]) -> pa.Array:
    """Lists of numbers; None stays apart from an empty list."""
    import pyarrow as pa

    present = [v or () for v in values]
    items = floats(list(chain.from_iterable(present)))
    buffers = [_validity(values), _offsets(present)]
    return pa.Array.from_buffers(pa.list_(pa.float64()), len(values), buffers, children=[items])


def to_floats(array: pa.Array) -> npt.NDArray[np.float64]:
    """Numbers or booleans as floats; missing ones are NaN."""
    import numpy as np
    import pyarrow as pa

    start, stop = array.offset, array.offset + len(array)
    validity, content = array.buffers()
    if pa.types.is_boolean(array.type):
        raw: npt.NDArray[Any] = np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=stop, bitorder="little")
    else:
        raw = np.frombuffer(content, dtype=array.type.to_pandas_dtype(), count=stop)
    numbers = raw[start:].astype(np.float64)
    if array.null_count:
        known = np.unpackbits(np.frombuffer(validity, dtype=np.uint8), count=stop, bitorder="little")
        numbers[known[start:] == 0] = np.nan
    return numbers


def to_integers(array: pa.Array) -> npt.NDArray[np.int64]:
    """64-bit integers or booleans; missing ones are -1."""
    import numpy as np
    import pyarrow as pa

    start, stop = array.offset, array.offset + len(array)
    content = array.buffers()[1]
    if pa.types.is_boolean(array.type):
        raw: npt.NDArray[Any] = np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=stop, bitorder="little")
    else:
        raw = np.frombuffer(content, dtype=np.int64, count=stop)
    return np.where(is_known(array), raw[start:].astype(np.int64), -1)


def to_money(array: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]] | None:
    """Amounts as whole numbers of the last place kept, 0 where one is missing, and which are there; None where one is
    too large for 64 bits."""
    import numpy as np

    start, stop = array.offset, array.offset + len(array)
    content = array.buffers()[1]
    known = is_known(array)
    halves = np.frombuffer(content, dtype="<i8", count=2 * stop).reshape(-1, 2)[start:]
    low, high = (np.where(known, half, 0) for half in halves.T)
    return (low, known) if (high == low >> 63).all() else None


def is_known(array: pa.Array) -> npt.NDArray[np.bool_]:
    """bool[n]: which values are not missing."""
    import numpy as np

    if not array.null_count:
        return np.ones(len(array), dtype=bool)
    start, stop = array.offset, array.offset + len(array)
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], dtype=np.uint8), count=stop, bitorder="little")
    return np.asarray(bits[start:] == 1)


def to_codes(array: pa.Array, book: dict[Any, int]) -> npt.NDArray[np.int32]:
    """The array as codes of a codebook, which grows by the values it had not; -1 where a value is missing."""
    import numpy as np

    encoded = array.dictionary_encode()
    local = np.array([book.setdefault(v, len(book)) for v in encoded.dictionary.to_pylist()] + [-1], dtype=np.int32)
    places = to_floats(encoded.indices)
    places[np.isnan(places)] = len(local) - 1
    return np.asarray(local[places.astype(np.intp)], dtype=np.int32)


def _maps(values: Sequence[Mapping[str, object]], items: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    keys = strings([name for v in values for name in v])
    map_type = pa.map_(pa.string(), kind)
    fields = [map_type.key_field, map_type.item_field]
    entries = pa.StructArray.from_buffers(pa.struct(fields), len(keys), [None], children=[keys, items])
    return pa.Array.from_buffers(map_type, len(values), [None, _offsets(values)], children=[entries])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return readable(text).encode()


def _validity(values: Sequence[object]) -> pa.Buffer | None:
    return _bits([v is not None for v in values]) if None in values else None


def _bits(flags: Sequence[bool]) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    bits: npt.NDArray[np.uint8] = np.packbits(np.array(flags, dtype=bool), bitorder="little")
    return pa.py_buffer(bits)


def _offsets(values: Sequence[Any]) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    ends = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, values), np.int32, len(values)), out=ends[1:])
    return pa.py_buffer(ends)
