"""One mutated file in a process of its own: what the program makes of it.

Input: a family and a seed. Output: a verdict and one line on the mutation.
"""

import contextlib
import faulthandler
import hashlib
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

from neuroclass import cli

__all__ = ["VERDICTS", "WRONG", "judge"]

WRONG = ("traceback", "hang", "memory", "silent", "changed")
VERDICTS = ("refused", "right", "warned", *WRONG)
MOST_CPU_SECONDS = 60  # a lost byte makes hours of seconds
MOST_SECONDS = 300
_PRINTED = {}
MOST_BYTES = 3 << 30  # beyond what the process that starts it has


def judge(family, base, seed):
    """Return the verdict on one mutant, its mutation, and what was printed."""
    if base not in _PRINTED:
        # Once here: what the commands import is then there in every child.
        _PRINTED[base] = _printed_of(family, base)
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        folder = Path(scratch) / "mutant"
        shutil.copytree(base, folder, symlinks=True)
        done = family.mutate(folder, seed)
        before = _state(folder, family)
        report = Path(scratch) / "report"
        child = os.fork()
        if not child:
            _run_child(family, folder, report, _PRINTED[base])
        _, status = os.waitpid(child, 0)
        text = report.read_text(encoding="utf-8") if report.exists() else ""
        verdict, _, said = text.partition("\n")
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            is_hang = number in (signal.SIGALRM, signal.SIGXCPU)
            verdict = "hang" if is_hang else "traceback"
            innermost = [line for line in text.splitlines() if "File" in line][:6]
            said = "\n".join([signal.Signals(number).name, *innermost])
        elif not verdict:
            verdict, said = "traceback", f"ended with {status} and no verdict"
        if _state(folder, family) != before:
            verdict = "changed"
        return verdict, done, said.replace(scratch, "")


def _printed_of(family, base):
    """Return the lines that the commands print on the file as it was made."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        folder = Path(scratch) / "mutant"
        shutil.copytree(base, folder, symlinks=True)
        before = os.getcwd()
        os.chdir(folder)
        try:
            done = [_run(command) for command in family.commands(folder)]
        finally:
            os.chdir(before)
    if any(status for status, *_ in done):
        raise RuntimeError(f"{family.name}: the file as made must be read; got {done}.")
    return {line for _, out, err in done for line in (out + err).splitlines()}


def _run_child(family, folder, report, known):
    """Write the verdict and end; never return."""
    if "torch" in sys.modules:
        # The threads of OpenMP are not there after a fork, and would be waited for.
        sys.modules["torch"].set_num_threads(1)
    limit = _virtual_bytes() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with report.open("w", encoding="utf-8") as file:
        resource.setrlimit(
            resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS + 5)
        )
        faulthandler.register(signal.SIGXCPU, file=file, chain=True)
        signal.alarm(MOST_SECONDS)
        try:
            os.chdir(folder)
            verdict, said = _verdict(family, folder, known)
        except BaseException:
            verdict, said = "traceback", traceback.format_exc()
        file.write(f"{verdict}\n{said}")
    os._exit(0)


def _verdict(family, folder, known):
    is_warned, printed = False, ""
    for command in family.commands(folder):
        status, out, err = _run(command)
        lines = err.splitlines()
        if "Traceback" in err or status not in (0, 1, 2):
            return "traceback", err
        if "Unable to allocate" in err or "MemoryError" in err:
            return "memory", err
        if any(ord(c) < 32 and c not in "\n\t" for c in out + err):
            return "traceback", "control characters on the terminal: " + repr(err)
        errors = [line for line in lines if not line.startswith("neuroclass: warning")]
        if status:
            is_one_line = len(errors) == 1 and errors[0].startswith("neuroclass: error")
            return ("refused" if is_one_line else "traceback"), err
        is_warned |= any(
            line not in known and ("warning" in line or "issue" in line)
            for line in (*lines, *out.splitlines())
        )
        printed += err
    if is_warned:
        return "warned", printed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = family.loaded(folder)
        try:
            expected = family.twin(folder)
        except Exception as error:  # to the plain reader this is no such file
            expected = f"unreadable, {type(error).__name__}: {error}"
    if found != expected:
        return "silent", f"read {str(found)[:300]}; is {str(expected)[:300]}"
    return "right", ""


def _run(command):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.main([str(word) for word in command])
        except Exception:
            traceback.print_exc(file=err)
            status = 3
    return status, out.getvalue(), err.getvalue()


def _state(folder, family):
    """Return the hashes of all files that are inputs."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not family.is_output(path.relative_to(folder))
    }


def _virtual_bytes():
    if not sys.platform.startswith("linux"):
        return 64 << 30
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
