"""The rooms keep to themselves: imports go one way, and the rules know no clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"domain", "portal", "workflows", "workers", "importers", "migrations", "bench", "tests"}

#: What each room may import of ours; `portal` reaches one module of the workflows' room.
MAY_IMPORT = {
    "domain": {"domain"},
    "importers": {"importers", "domain"},
    "workflows": {"workflows", "domain"},
    "portal": {"portal", "domain", "importers", "workflows.contract"},
    "migrations": {"portal"},
    "workers": {"workers", "portal", "domain", "importers", "workflows"},
    "bench": {"bench", "workers", "portal", "domain", "importers", "workflows"},
}
#: Which library may be named where.
KEPT_TO = {
    "pandas": ("importers/",),
    "openpyxl": ("importers/",),
    "xlsxwriter": ("importers/",),
    "python_calamine": ("importers/",),
    "temporalio": ("workflows/", "workers/", "portal/gateway.py", "bench/"),
    "flask": ("portal/", "workers/demo/"),
}
#: Where now, chance and the outside world come from; a rule gets them as arguments.
BANNED_IN_DOMAIN = {"time", "random", "os", "uuid", "secrets", "logging", "socket", "pathlib"}
CLOCK_CALLS = {"now", "today", "utcnow"}


def modules(room: str) -> list[Path]:
    return sorted(
        path
        for path in (ROOT / room).rglob("*.py")
        if "static" not in path.parts and "__pycache__" not in path.parts
    )


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: import from the root, not relatively"
            yield node.module, node
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node


def is_within(name: str, allowed: str) -> bool:
    return name == allowed or name.startswith(allowed + ".")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_go_one_way(room: str) -> None:
    offences = []
    for path in modules(room):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "workflows":
                    names = [f"workflows.{alias.name}" for alias in node.names]
            for name in names:
                ours = name.split(".")[0] in OURS
                if ours and not any(is_within(name, allowed) for allowed in MAY_IMPORT[room]):
                    offences.append(f"{path.relative_to(ROOT)}: {name}")
    assert offences == []


@pytest.mark.parametrize("library", KEPT_TO)
def test_a_library_stays_in_its_room(library: str) -> None:
    offences = []
    for room in MAY_IMPORT:
        for path in modules(room):
            place = path.relative_to(ROOT).as_posix()
            named = any(is_within(name, library) for name, _ in imports(path))
            if named and not any(place.startswith(allowed) for allowed in KEPT_TO[library]):
                offences.append(place)
    assert offences == []


def test_rules_know_no_clock_no_chance_and_no_outside() -> None:
    offences = []
    for path in modules("domain"):
        for name, _ in imports(path):
            if name.split(".")[0] in BANNED_IN_DOMAIN:
                offences.append(f"{path.name}: {name}")
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in CLOCK_CALLS
            ):
                offences.append(f"{path.name}:{node.lineno}: {node.func.attr}()")
    assert offences == []


def test_our_own_code_is_imported_at_the_top() -> None:
    offences = []
    for room in MAY_IMPORT:
        for path in modules(room):
            tree = ast.parse(path.read_text())
            for function in ast.walk(tree):
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for node in ast.walk(function):
                        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
                            offences.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert offences == []


@pytest.mark.parametrize("room", ["workflows", "workers"])
def test_packages_that_the_sandbox_executes_are_empty(room: str) -> None:
    assert (ROOT / room / "__init__.py").read_text() == ""


def test_only_services_and_access_write_to_the_session() -> None:
    offences = []
    for path in modules("portal"):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith(("portal/services/", "portal/models/", "portal/access.py", "portal/database.py")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"commit", "add", "add_all", "delete", "merge"}
                and ast.unparse(node.func.value).endswith("session")
            ):
                offences.append(f"{place}:{node.lineno}: {ast.unparse(node.func)}")
    assert offences == []
