#!/usr/bin/env bash
# neo 0.14.6: `BCI2000RawIO` masks away the last byte of a state whose bits end with a
# byte. A StimulusCode of 8 bits in a byte of its own never changes, so that it has no
# event; of one of 16 bits only the value modulo 256 is left. And numbers in the header
# are read up to their point: a gain of 0.195 uV is 0, so that the signal is 0
# everywhere, and one of 1.5 is 1.
# Output seen: "StimulusCode of 8 bits: []", "of 16 bits: ['3', '0', '44', '0'], right:
# ['3', '0', '300', '0']", "gain: 0.0, right: 0.195".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/a.dat" <<'PY'
import struct
import sys

from neo.rawio.bci2000rawio import BCI2000RawIO

CODES = [0] * 5 + [3] * 5 + [0] * 5 + [300] * 5 + [0] * 5
HEAD = """[ State Vector Definition ]
StimulusCode {bits} 0 0 0
[ Parameter Definition ]
Source int SamplingRate= 1000 256Hz 1 %
Source floatlist SourceChGain= 1 0.195 0.003 % %
Source floatlist SourceChOffset= 1 0 0 % %
Storage string StorageTime= 2020-01-01T00:00:00

"""


def read(path, bits, kind):
    text = HEAD.format(bits=bits).replace("\n", "\r\n")
    first = "BCI2000V= 1.1 HeaderLen= {:5d} SourceCh= 1 StatevectorLen= {} "
    first += "DataFormat= int16\r\n"
    length = len(first.format(0, bits // 8)) + len(text)
    with open(path, "wb") as file:
        file.write((first.format(length, bits // 8) + text).encode())
        for code in CODES:
            file.write(struct.pack("<h" + kind, 100, code % 2**bits))
    reader = BCI2000RawIO(path)
    reader.parse_header()
    labels = [str(label) for label in reader.get_event_timestamps(0, 0, 0)[2]]
    return labels, float(reader.header["signal_channels"]["gain"][0])


short, gain = read(sys.argv[1], 8, "B")
wide, _ = read(sys.argv[1], 16, "H")
print("StimulusCode of 8 bits:", short)
print(f"of 16 bits: {wide}, right: {['3', '0', '300', '0']}")
print(f"gain: {gain}, right: 0.195")
if short or "300" in wide or gain:
    sys.exit("another result now: the finding is out of date")
PY
