"""The pages: links that work on GitHub, commands that are right, output as shown.

The long form runs every command: ``pytest -m slow -s tests/docs``.
"""

import re
import shlex
from pathlib import Path

import pytest

from docs.check_pages import DOCS, blocks_of, check_page, main, missing_part
from neuroclass.cli import build_parser

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "data" / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("howto/*.md")),
]
RUN = [DOCS / "quickstart.md", *sorted(DOCS.glob("howto/*.md"))]


def prose_of(page):
    """Return the text of a page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors_of(page):
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_texts_and_lead_to_files_and_headings_that_exist(page):
    wrong = []
    for text, target in re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", prose_of(page)):
        if target.startswith(("http", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        if not text or not linked.exists():
            wrong.append(f"[{text}]({target})")
        elif anchor and anchor not in anchors_of(linked):
            wrong.append(f"[{text}]({target}): no such heading")
    assert wrong == []


def commands_of(page):
    """Yield (line, words) of each neuroclass command in the bash blocks of a page."""
    for block in blocks_of(page):
        if block.language != "bash":
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["neuroclass"] and "COMMAND" not in words:
                yield block.line, [word for word in words[1:] if word != "&"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_pages_are_understood(page, capsys):
    for line, words in commands_of(page):
        try:
            build_parser().parse_args(words)
        except SystemExit:
            pytest.fail(f"{page.name}:{line}: {words}\n{capsys.readouterr().err}")


def test_what_runs_is_what_a_new_user_reads():
    assert {page.stem for page in RUN} >= {
        "quickstart",
        "csv_and_triggers",
        "kilosort_and_ttl",
        "chirp_and_bars",
        "two_recordings",
        "trained_network",
        "ten_thousand_cells",
    }
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in RUN:
        assert page.relative_to(DOCS).with_suffix("").as_posix() in index


def test_output_that_is_shown_and_not_printed_is_found(tmp_path):
    page = DOCS / "quickstart.md"
    assert blocks_of(page)[0].is_run is False
    wrong = tmp_path / "page.md"
    wrong.write_text(
        "```bash\necho one; echo two\n```\n\n```text\none\n...\nthree\n```\n\n"
        "```bash\nfalse\n```\n\n```python\nprint(x)\n```\n"
    )
    (tmp_path / "work").mkdir()
    found = check_page(wrong, tmp_path / "work")
    assert len(found) == 3
    assert "page.md:5: shown, but not printed:\nthree" in found[0]
    assert "page.md:11: RuntimeError: exit status 1" in found[1]
    assert "NameError" in found[2]


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        ("b\nc\n", ""),
        ("a\n...\nd\n", ""),
        ("a\nc\n", "a\nc\n"),
        ("d\n...\na\n", "a\n"),
        ("b", ""),
        ("bc\n", "bc\n"),
    ],
)
def test_shown_parts_are_found_in_their_order(shown, missing):
    assert missing_part(shown, "a\nb  \nc\nd\n") == missing


def test_theory_names_functions_and_tests_that_exist():
    text = (DOCS / "theory.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)` \| `(test_\w+)` \|$", text, re.MULTILINE)
    assert len(named) == text.count("| `test_") > 15
    api = (DOCS / "api.md").read_text(encoding="utf-8")
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    for function, test in named:
        assert re.search(rf"\.{function}$", api, re.MULTILINE), function
        assert f"def {test}(" in tests, test


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_page_prints_what_it_shows(page):
    assert main([str(page)]) == 0
