"""The rules of the house: who may import whom, what stays light, what must agree."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import neuroclass

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "neuroclass"

# A package knows only the packages of its row.
MATHEMATICS = {"estimators", "information", "clustering", "discrimination"}
DATA = {"io", "presentations", "responses"}
MAY_IMPORT = {
    "_version": set(),
    "exceptions": set(),
    "_lib": set(),
    "io": set(),
    "presentations": {"io"},
    "responses": {"io", "presentations"},
    "estimators": set(),
    "information": {"estimators"},
    "clustering": {"estimators", "information"},
    "discrimination": {"estimators", "information", "clustering"},
    "simulation": set(),
    "results": MATHEMATICS | DATA,
    "plotting": MATHEMATICS | DATA | {"results"},
    "report": MATHEMATICS | DATA | {"results", "plotting"},
    "analysis": MATHEMATICS | DATA | {"results", "plotting", "report"},
    "cli": MATHEMATICS
    | DATA
    | {"results", "plotting", "report", "analysis", "simulation", "snn"},
}
BY_ALL = {"_version", "exceptions", "_lib"}
HEAVY = {"torch", "elephant", "sklearn", "matplotlib.pyplot", "pynwb"}


def imports_of(path):
    """Return (module, line, is inside a function) of each import that is carried out.

    Names after ``from package import`` are joined, so that both ``import a.b`` and
    ``from a import b`` read "a.b"; imports for the type checker only are left out.
    """
    found = []

    def visit(node, in_function):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, node.lineno, in_function) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found.extend(
                (f"{node.module}.{alias.name}", node.lineno, in_function)
                for alias in node.names
            )
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            "lazy.load"
        ):
            # lazy_loader.load("neuroclass.plotting") is an import, too.
            found.append((ast.literal_eval(node.args[0]), node.lineno, True))
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            visit(child, in_function or is_function)

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return found


def stage_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def stage_named(module):
    """Return the stage that `module` is of, or None if it is not ours."""
    package, *parts = module.split(".")
    return parts[0] if package == "neuroclass" and parts else None


def our_imports():
    """Yield (path, line, importing stage, imported stage, is inside a function)."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path == PACKAGE / "__init__.py":
            continue
        for module, line, in_function in imports_of(path):
            imported = stage_named(module)
            if imported and imported != stage_of(path):
                yield path, line, stage_of(path), imported, in_function


def test_every_package_has_its_place():
    found = {stage_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "snn"}
    assert found == set(MAY_IMPORT)


def test_a_package_imports_only_what_it_may():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path, line, stage, imported, _ in our_imports()
        if "snn" not in (stage, imported)
        and imported not in MAY_IMPORT[stage] | BY_ALL | {"classify_neurons"}
    ]
    assert wrong == []


def test_only_the_command_line_imports_the_networks_and_only_in_a_handler():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, line, stage, imported, in_function in our_imports()
        if imported == "snn" and not (stage == "cli" and in_function)
    ]
    assert wrong == []


def test_tasks_run_in_parallel_in_one_way_that_a_cluster_can_lose_workers_of():
    importing = {
        path.name
        for path in PACKAGE.rglob("*.py")
        for module, _, _ in imports_of(path)
        if module.startswith("joblib")
    }
    assert importing == {"parallel.py", "cluster.py"}, "use run_tasks"


def test_only_what_draws_imports_plotting():
    importing = {
        stage for _, _, stage, imported, _ in our_imports() if imported == "plotting"
    }
    assert importing <= {"report", "cli", "analysis"}


@pytest.mark.parametrize("stage", ["estimators", "information"])
def test_the_mathematics_knows_neither_recordings_nor_figures(stage):
    reached, queue = set(), [stage]
    while queue:
        current = queue.pop()
        for path in PACKAGE.glob(f"{current}/**/*.py"):
            for module, _, _ in imports_of(path):
                imported = stage_named(module)
                if imported and imported not in reached:
                    queue.append(imported)
                reached.add(imported or module.split(".")[0])
    assert not reached & {"neo", "quantities", "matplotlib", *DATA}


def test_the_rules_would_catch_a_broken_one(tmp_path):
    path = tmp_path / "words.py"
    path.write_text(
        "import neo.io\n"
        "from neuroclass.report import save_results\n"
        "def plot():\n    from neuroclass import plotting\n"
        "if TYPE_CHECKING:\n    import torch\n"
        "plotting = lazy.load('neuroclass.plotting')\n"
    )
    assert imports_of(path) == [
        ("neo.io", 1, False),
        ("neuroclass.report.save_results", 2, False),
        ("neuroclass.plotting", 4, True),
        ("neuroclass.plotting", 7, True),
    ]


def modules_after(code):
    """Return the names of the modules that a fresh interpreter holds after `code`."""
    code += (
        "\nimport json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_import_neuroclass_loads_nothing_heavy():
    loaded = modules_after("import neuroclass")
    assert not loaded & {*HEAVY, "numpy", "scipy", "neo", "matplotlib"}


def test_the_public_names_are_found_without_loading_them():
    loaded = modules_after("import neuroclass; dir(neuroclass)")
    assert not loaded & {*HEAVY, "numpy"}


def test_help_loads_nothing_heavy():
    loaded = modules_after("from neuroclass.cli import main; main(['--help'])")
    assert not loaded & {*HEAVY, "numpy", "scipy", "neo", "matplotlib"}


def test_every_public_name_can_be_had():
    for name in neuroclass.__all__:
        assert getattr(neuroclass, name) is not None


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_readme_has_the_two_commands_after_their_markers():
    for marker in ("run", "test"):
        match = re.search(
            rf"<!-- ci: {marker} -->\n```bash\n(.*)\n```\n", read("README.md")
        )
        assert match, marker
        assert "-c constraints.txt" in match[1]


def test_constraints_pin_every_package_that_the_metadata_ask_for():
    pins = dict(
        re.findall(r"^([\w.-]+)==(\S+)$", read("constraints.txt"), re.MULTILINE)
    )
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in pins}
    project = tomllib.loads(read("pyproject.toml"))["project"]
    asked = [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]
    names = {
        re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()
        for requirement in asked
    }
    assert names - {"neuroclass"} <= pinned
    assert pins["torch"] == "2.13.0"


def test_the_citation_names_the_version():
    assert f"\nversion: {neuroclass.__version__}\n" in read("CITATION.cff")


def test_notebooks_hold_no_outputs():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not any(c.get("outputs") or c.get("execution_count") for c in cells)
