"""Seeded edits of bytes, text, arrays and JSON: each returns what it made of a value.

No edit is made to crash a library: they are what copying, exporting and editing by hand
do to files.
"""

import json

import numpy as np

NAN, INF = float("nan"), float("inf")


def edit_bytes(content, rng):
    """Return bytes with one thing wrong, and what it is."""
    size = len(content)
    kind = rng.choice(["flip", "flips", "cut", "zeros", "twice", "insert", "swap"])
    at = int(rng.integers(size))
    width = int(min(rng.integers(1, 512), size - at))
    changed = bytearray(content)
    if kind in ("flip", "flips"):
        for place in rng.integers(size, size=1 if kind == "flip" else 8):
            changed[place] ^= 1 << int(rng.integers(8))
    elif kind == "cut":
        del changed[at:]
    elif kind == "zeros":
        changed[at : at + width] = bytes(width)
    elif kind == "twice":
        changed[at:at] = content[at : at + width]
    elif kind == "insert":
        changed[at:at] = rng.bytes(int(rng.integers(1, 9)))
    else:
        other = int(rng.integers(size))
        part = content[at : at + width]
        changed[other : other + width] = part
    return bytes(changed), f"{kind} at {at} of {size} bytes"


def edit_text(text, rng):
    """Return a table as bytes with one thing wrong, and what it is."""
    lines = text.splitlines()
    row = int(rng.integers(len(lines)))
    cells = lines[row].split(",")
    column = int(rng.integers(len(cells)))
    words = [
        *(
            "",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "abc",
            '"',
            '"abc',
            "1;2",
            "1_000",
            "0x10",
        ),
        *("1,5", "-1", "1e12", "\x00", "\x1b[2J", "=1+1", "None", "\u221e", "\u0661"),
        "9" * 140_000,
    ]
    kind = rng.choice(
        [
            *("cell", "cell", "cell", "drop", "extra", "line", "swap", "latin"),
            *("utf-16", "bom", "cr", "mixed", "header", "empty", "comment", "ragged"),
        ]
    )
    encoding, newline = "utf-8", "\n"
    if kind == "cell":
        cells[column] = str(rng.choice(words))
        lines[row] = ",".join(cells)
        kind = f"cell {cells[column][:12]!r}"
    elif kind == "drop":
        del cells[column]
        lines[row] = ",".join(cells)
    elif kind == "extra":
        lines[row] += ",7"
    elif kind == "line":
        lines.insert(row, lines[int(rng.integers(len(lines)))])
    elif kind == "swap":
        other = int(rng.integers(len(lines)))
        lines[row], lines[other] = lines[other], lines[row]
    elif kind == "latin":
        lines[row], encoding = "\u00e9,\u00b5", "latin-1"
    elif kind == "utf-16":
        encoding = "utf-16"
    elif kind == "bom":
        encoding = "utf-8-sig"
    elif kind == "cr":
        newline = "\r"
    elif kind == "mixed":
        lines[row] += "\r"
    elif kind == "header":
        lines[0] = str(
            rng.choice(["", "a", "a,a", "time,time", lines[0].upper(), "1,2"])
        )
    elif kind == "empty":
        lines = lines[: int(rng.integers(2))]
    elif kind == "comment":
        lines[row] = "#" + lines[row]
    elif kind == "ragged":
        lines[row] = ""
    content = newline.join([*lines, ""]).encode(encoding, "replace")
    return content, f"{kind} in line {row}"


ARRAY_EDITS = (
    *("text", "bytes", "complex", "bool", "float16", "big-endian", "int8", "uint64"),
    *("datetime", "structured", "scalar", "column", "cube", "empty", "shorter"),
    *("longer", "reversed", "nan", "inf", "negative", "huge", "all nan", "same"),
    *("shuffled", "transposed", "float ids", "twice", "words"),
)


def edit_array(values, rng, *, kinds=ARRAY_EDITS):
    """Return an array with one thing wrong, and what it is."""
    values = np.atleast_1d(np.array(values))  # a number is an array of one
    kind = str(rng.choice(kinds))
    numbers = (
        values if values.dtype.kind in "iuf" else np.arange(values.size, dtype=float)
    )
    floats = numbers.astype(np.float64)
    at = int(rng.integers(max(floats.size, 1)))
    single = {"nan": NAN, "inf": INF, "negative": -1.0, "huge": 1e300}
    if kind in single and floats.size:
        floats.flat[at] = single[kind]
        return floats, f"{kind} at {at}"
    with np.errstate(all="ignore"):
        made = {
            "text": lambda: values.astype(str),
            "bytes": lambda: values.astype("S"),
            "words": lambda: np.full(values.shape, "abc"),
            "complex": lambda: floats + 1j,
            "bool": lambda: floats > np.median(floats),
            "float16": lambda: np.clip(floats, -6e4, 6e4).astype(np.float16),
            "big-endian": lambda: floats.astype(">f8"),
            "int8": lambda: np.clip(floats, -128, 127).astype(np.int8),
            "uint64": lambda: np.full(values.shape, 2**63, dtype=np.uint64),
            "datetime": lambda: np.zeros(values.shape, dtype="M8[s]"),
            "structured": lambda: np.zeros(values.shape, dtype=[("a", "f8")]),
            "scalar": lambda: floats.flat[at] if floats.size else np.float64(1),
            "column": lambda: floats.reshape(*floats.shape, 1),
            "cube": lambda: floats.reshape(1, *floats.shape, 1),
            "empty": lambda: floats[:0],
            "shorter": lambda: numbers[:at],
            "longer": lambda: np.concatenate([numbers, numbers[-1:] + 1]),
            "reversed": lambda: numbers[::-1],
            "all nan": lambda: np.full(values.shape, NAN),
            "same": lambda: np.full(values.shape, numbers.flat[at]),
            "shuffled": lambda: rng.permutation(numbers),
            "transposed": lambda: numbers.T,
            "float ids": lambda: floats + 0.5,
            "twice": lambda: np.concatenate([numbers, numbers]),
        }
        return np.asarray(made.get(kind, made["empty"])()), kind


def edit_json(text, rng):
    """Return JSON with one value replaced, removed or nested, and what was done."""
    content = json.loads(text)
    holder, key = content, None
    while True:
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        if not keys:
            break
        key = keys[int(rng.integers(len(keys)))]
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.25:
            break
        holder = inner
    deep = []
    for _ in range(60):
        deep = [deep]
    replaced = [
        *(None, True, -1, 0, 10**400, 1e308, "", "abc", [], {}, [None], {"a": 1}),
        *("<script>document.title='x'</script>", "\x1b[2J", "x" * 100_000, deep),
    ]
    if key is None or rng.random() < 0.2:
        if key is not None:
            del holder[key]
        return json.dumps(content), f"without {key}"
    value = replaced[int(rng.integers(len(replaced)))]
    holder[key] = value
    return json.dumps(content), f"{key} = {str(value)[:20]!r}"
