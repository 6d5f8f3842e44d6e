"""The rules of the house: who may import whom, what stays light, what must agree."""

import ast
import dataclasses
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import neuroclass
from neuroclass.cli import build_parser
from neuroclass.responses import ResponseSettings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "neuroclass"

# Package -> packages that it may import. Two wings, of mathematics and of data, know
# nothing of each other; they meet in results, and in the column above it.
BY_ALL = {"_version", "exceptions", "_lib"}
MATHEMATICS = {
    "estimators",
    "information",
    "clustering",
    "discrimination",
    "groupings",
    "mosaics",
    "tuning",
}
DATA = {"io", "presentations", "responses", "spike_times"}
MAY_IMPORT = {
    "_version": set(),
    "exceptions": set(),
    "_lib": set(),
    "io": set(),
    "presentations": {"io"},
    "responses": {"io", "presentations"},
    "spike_times": {"io", "presentations", "responses"},
    "estimators": set(),
    "information": {"estimators"},
    "clustering": {"estimators", "information"},
    "discrimination": {"estimators", "information", "clustering"},
    "groupings": set(),
    "mosaics": set(),
    "tuning": set(),
    "simulation": {"mosaics"},
    "results": MATHEMATICS | DATA,
    "plotting": MATHEMATICS | DATA | {"results"},
    "report": MATHEMATICS | DATA | {"results", "plotting"},
    "analysis": MATHEMATICS | DATA | {"simulation", "results", "plotting", "report"},
    "cli": MATHEMATICS
    | DATA
    | {"results", "plotting", "report", "analysis", "simulation", "snn"},
    "snn.components": set(),
    "snn.engine": {"snn.components"},
    "snn.learning": {"snn.components", "snn.engine"},
    "snn.models": {"snn.components", "snn.engine", "snn.learning"},
    "snn.training": {"snn.components", "snn.engine", "snn.learning", "snn.models"},
    "snn.spiking_module": {"snn.components"},
    "snn.recording": {
        "io",
        "snn.components",
        "snn.models",
        "snn.spiking_module",
        "snn.training",
    },
}
# What a wing of mathematics is free of, and the one file that makes a recording.
NOT_MATHEMATICS = {"neo", "quantities", "matplotlib"}
MAKES_A_RECORDING = PACKAGE / "simulation" / "retina.py"
TOP = {"__init__.py", "__init__.pyi", "_version.py", "exceptions.py", "py.typed"}
MOST_FILES = 18  # of a folder
COMMANDS = next(
    action.choices for action in build_parser()._actions if action.dest == "command"
)
HEAVY = {"torch", "elephant", "sklearn", "matplotlib.pyplot", "pynwb"}


def module_of(path):
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def faces():
    """Return (package, name) -> module for every name of every lazy face."""
    found = {}
    for stub in PACKAGE.rglob("__init__.pyi"):
        package = module_of(stub.with_suffix(".py"))
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                inside = f"{package}.{node.module}" if node.module else package
                for alias in node.names:
                    found[package, alias.name] = (
                        inside if node.module else f"{inside}.{alias.name}"
                    )
    return found


FACES = faces()


def defined_in(module, name):
    """Return the file that a name of a module or a face comes from."""
    if f"{module}.{name}" in MODULES:
        return f"{module}.{name}"
    while (module, name) in FACES:
        module = FACES[module, name]
        if f"{module}.{name}" in MODULES and (module, name) not in FACES:
            break
    return module


def imports_of(path):
    """Return (module, name, line, is inside a function) of each import.

    Those for the type checker only count, too.
    """
    found = []

    def visit(node, in_function):
        if isinstance(node, ast.Import):
            found.extend((a.name, "", node.lineno, in_function) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found.extend(
                (node.module, a.name, node.lineno, in_function) for a in node.names
            )
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            visit(child, in_function or is_function)

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return found


def package_of(module):
    """Return the package of a module, for the networks the room."""
    parts = module.split(".")[1:]
    if not parts:
        return ""
    return ".".join(parts[:2]) if parts[0] == "snn" and parts[1:] else parts[0]


def our_imports():
    """Yield (file, line, importing module, imported module, is inside a function)."""
    for module, path in MODULES.items():
        for source, name, line, in_function in imports_of(path):
            if source.split(".")[0] == "neuroclass":
                yield path, line, module, defined_in(source, name), in_function


def test_every_package_has_its_place():
    found = {package_of(module) for module in MODULES}
    assert found - {"", "snn"} == set(MAY_IMPORT)


def test_a_package_imports_only_what_it_may():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path, line, module, imported, _ in our_imports()
        if (
            package_of(module) not in ("", package_of(imported))
            and package_of(imported).split(".")[0]
            not in {p.split(".")[0] for p in MAY_IMPORT.get(package_of(module), set())}
            | BY_ALL
        )
        or (
            (package_of(module).startswith("snn.") and package_of(imported) != "snn")
            and package_of(imported) != package_of(module)
            and package_of(imported) not in MAY_IMPORT[package_of(module)] | BY_ALL
        )
    ]
    assert wrong == []


def test_no_two_files_import_each_other_even_for_annotations():
    graph = {module: set() for module in MODULES}
    for _, _, module, imported, _ in our_imports():
        if imported in MODULES and imported != module:
            graph[module].add(imported)
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in MODULES:
                graph[module].add(node.value)  # importlib.import_module("...")
        graph[module].discard(module)
    while True:  # take away what imports nothing that is left
        leaves = {module for module, imported in graph.items() if not imported}
        if not leaves:
            break
        graph = {
            m: imported - leaves for m, imported in graph.items() if m not in leaves
        }
    assert sorted(graph) == []


def test_only_the_command_line_imports_the_networks():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, line, module, imported, in_function in our_imports()
        if package_of(imported).startswith("snn")
        and not package_of(module).startswith("snn")
        and not (package_of(module) == "cli" and in_function)
    ]
    assert wrong == []


def test_only_a_command_imports_inside_a_function():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for module, path in MODULES.items()
        for _, _, line, in_function in imports_of(path)
        if in_function and package_of(module) != "cli"
    ]
    assert wrong == []


def test_the_mathematics_knows_neither_recordings_nor_figures():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {source}"
        for module, path in MODULES.items()
        if package_of(module) in MATHEMATICS | {"simulation"}
        and path != MAKES_A_RECORDING
        for source, _, line, _ in imports_of(path)
        if source.split(".")[0] in NOT_MATHEMATICS
    ]
    assert wrong == []


def test_tasks_run_in_parallel_in_one_way_that_a_cluster_can_lose_workers_of():
    importing = {
        path.name
        for path in MODULES.values()
        for source, _, _, _ in imports_of(path)
        if source.startswith("joblib")
    }
    assert importing == {"parallel.py", "cluster.py"}, "use run_tasks"


def test_the_top_holds_packages_and_no_folder_is_crowded():
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == TOP
    # A command of the command line is a file: these are as many as users need.
    not_counted = {"__init__.py"}
    of_cli = {f"{command}.py" for command in COMMANDS}
    crowded = {
        str(folder.relative_to(ROOT)): n
        for folder in [PACKAGE, *PACKAGE.rglob("*")]
        if folder.is_dir()
        if (
            n := len(
                {path.name for path in folder.glob("*.py")}
                - not_counted
                - (of_cli if folder == PACKAGE / "cli" else set())
            )
        )
        > MOST_FILES
    }
    assert crowded == {}


def test_no_two_files_have_one_name():
    names = [
        path.name
        for module, path in MODULES.items()
        if path.name != "__init__.py" and package_of(module) != "cli"
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_a_name_of_a_face_is_no_name_of_a_file():
    wrong = [
        f"{package}.{name}"
        for package, name in FACES
        if f"{package}.{name}" in MODULES
        if FACES[package, name] not in (package, f"{package}.{name}")
        if MODULES[f"{package}.{name}"].name != "__init__.py"
    ]
    assert wrong == []


def test_every_name_of_a_face_can_be_had():
    for package, name in FACES:
        if not package.startswith("neuroclass.snn") and "_compiled" not in package:
            assert getattr(importlib.import_module(package), name) is not None


def test_defaults_of_the_responses_stand_in_one_place():
    settings = {
        field.name: field.default
        for field in dataclasses.fields(ResponseSettings)
        if field.default is not None
    }
    allowed = {"word_length", "response"}  # of functions that are given no settings
    wrong = []
    for path in MODULES.values():
        if path.parts[-2:] in (
            ("responses", "settings.py"),
            ("presentations", "settings.py"),
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            named = node.args.args + node.args.posonlyargs
            pairs = [
                *zip(named[::-1], node.args.defaults[::-1], strict=False),
                *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
            ]
            wrong += [
                f"{path.relative_to(ROOT)}:{node.lineno} {argument.arg}"
                for argument, default in pairs
                if argument.arg in settings
                and argument.arg not in allowed
                and isinstance(default, ast.Constant)
                and default.value == settings[argument.arg]
            ]
    assert wrong == []


def banned_words():
    """Return the wordings that the field does not share, as patterns."""
    lines = (ROOT / "tests" / "banned_words.txt").read_text(encoding="utf-8")
    return [
        re.compile(rf"(?<![\w`]){line.strip()}(?![\w`])", re.IGNORECASE)
        for line in lines.splitlines()
        if line.strip() and not line.startswith("#")
    ]


def texts_of(path):
    """Yield (line, text) of each docstring, message and label of a Python file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for k, line in enumerate(node.value.splitlines()):
                yield node.lineno + k, line


def test_the_words_are_those_of_the_field():
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(p for p in (ROOT / "docs").glob("*.md") if p.name != "glossary.md"),
        *PACKAGE.rglob("*.html"),
    ]
    texts = [
        (path, line, text) for path in MODULES.values() for line, text in texts_of(path)
    ] + [
        (path, k, text)
        for path in pages
        for k, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {found[0]}"
        for pattern in banned_words()
        for path, line, text in texts
        if (found := pattern.search(text))
    ]
    assert wrong == []


def test_tests_name_no_private_name_of_a_file_and_mock_none_of_ours():
    wrong = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        ours = {
            a.asname or a.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("neuroclass")
            for a in node.names
        }
        for k, line in enumerate(text.splitlines(), 1):
            is_private = any(
                match[1] in ours for match in re.finditer(r"\b(\w+)\._[a-z]\w*", line)
            ) or re.search(r"from neuroclass[\w.]* import .*\b_[a-z]", line)
            is_mock = re.search(r"setattr\(\s*[\"']neuroclass", line) or (
                (found := re.search(r"setattr\(\s*(\w+)[\w.]*,", line))
                and found[1] in ours
            )
            if is_private or is_mock:
                wrong.append(f"{path.relative_to(ROOT)}:{k}: {line.strip()}")
    assert wrong == []


def test_the_rules_would_catch_a_broken_one(tmp_path):
    path = tmp_path / "words.py"
    path.write_text(
        "import neo.io\n"
        "from neuroclass.report import save_results\n"
        "def plot():\n    from neuroclass import plotting\n"
        "if TYPE_CHECKING:\n    import torch\n"
    )
    assert imports_of(path) == [
        ("neo.io", "", 1, False),
        ("neuroclass.report", "save_results", 2, False),
        ("neuroclass", "plotting", 4, True),
        ("torch", "", 6, False),
    ]
    assert (
        defined_in("neuroclass", "classify_neurons") == "neuroclass.analysis.classify"
    )
    assert any(pattern.search("tells who spoke") for pattern in banned_words())


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


def test_the_conda_recipe_and_the_changelog_are_those_of_the_version():
    recipe = read("conda/meta.yaml")
    assert f'version = "{neuroclass.__version__}"' in recipe
    assert f"\n## [{neuroclass.__version__}] - " in read("CHANGELOG.md")
    dependencies = tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]
    names = {
        "elephant": "python-elephant",
        "matplotlib": "matplotlib-base",
        "neo": "python-neo",
    }
    wanted = {
        f"{names.get(name, name)} >={version}"
        for name, version in (text.split(">=") for text in dependencies)
    }
    run = recipe.split("  run:\n")[1].split("\n\n")[0]
    assert set(re.findall(r"- (.+)", run)) == {"python >=3.11", *wanted}


def public_docstrings():
    """Yield (package, name, node) of every function and class that a face offers."""
    for (package, name), _ in FACES.items():
        if any(part.startswith("_") for part in package.split(".")):
            continue
        module = defined_in(package, name)
        if module not in MODULES:
            continue
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                yield package, name, node


def untyped_parameters(docstring):
    """Return the parameters of a docstring that say no type."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?:\n\n\w|\Z)", docstring, re.M | re.S)
    if section is None:
        return []
    lines = [line for line in section[1].splitlines() if line[:1].strip()]
    return [line for line in lines if " : " not in line and not line.startswith("*")]


def test_parameters_of_public_names_have_types():
    wrong = [
        f"{package}.{name}: {line}"
        for package, name, node in public_docstrings()
        for line in untyped_parameters(ast.get_docstring(node) or "")
    ]
    assert wrong == []


# What notebooks call; of the other packages their tests show the use.
WITH_EXAMPLES = ("neuroclass", "neuroclass.analysis", "neuroclass.plotting")


def test_functions_of_daily_use_have_an_example():
    without = {
        f"{package}.{name}"
        for package, name, node in public_docstrings()
        if package in WITH_EXAMPLES
        and isinstance(node, ast.FunctionDef)
        and not name.startswith(("write_", "information_curve_svg"))
        and "\nExamples\n" not in (ast.get_docstring(node) or "")
    }
    assert without == set()
