#!/usr/bin/env bash
# neo 0.14.6: to open a file whose name ends in .pl2, `Plexon2RawIO` needs the network:
# before it looks at the file it fetches a library of Plexon (a Windows DLL) from a
# repository on GitHub into the home folder. On a computer of a setup, which has no
# network, it ends in an error of urllib that names neither the file nor the library.
# Output seen: "asked for https://raw.githubusercontent.com/Neuralensemble/pypl2/master/
# bin/PL2FileReader.dll, folder .plexon_dlls_for_neo made".
# Here: .pl2 is refused unless that library is there already, with the formats that
# Plexon's own programs can save.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q neo==0.14.6 numpy==2.4.6
mkdir "$folder/home"
HOME="$folder/home" "$folder/venv/bin/python" -W ignore - "$folder" <<'PY'
import sys
import urllib.error
from pathlib import Path

from neo.rawio import plexon2rawio

path = Path(sys.argv[1]) / "recording.pl2"
path.write_bytes(bytes(600))  # any content: it is not looked at before
asked = []


def urlopen(url):  # the network is not needed to see what is asked for
    asked.append(url)
    raise urllib.error.URLError("no network in this script")


plexon2rawio.plexon2rawio.urlopen = urlopen
try:
    plexon2rawio.Plexon2RawIO(str(path))
except urllib.error.URLError:
    pass
made = (Path.home() / ".plexon_dlls_for_neo").is_dir()
if not asked or not made:
    sys.exit("nothing is downloaded now: the finding is out of date")
print(f"asked for {asked[0]}, folder .plexon_dlls_for_neo made")
PY
