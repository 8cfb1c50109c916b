"""Every line with which the command line, a start or a reload refuses or warns, read out of the code that says it.

What is filled in at run time is `…` here. A line begins with the setting it is about; where the code only knows
`called(...)`, the setting it is called with stands here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "proxy"
ERRORS = {"CommandError", "ControlError", "ListenError", "TlsError", "ConfigError"}
PROBLEMS = ("config/checks.py", "config/server_checks.py", "config/audit_checks.py")
PROBLEMS += ("config/injection_settings.py", "config/route_settings.py")
RAISES = ("commands", "config", "server")
ABOUT_A_VALUE = ("config/values.py", "config/addresses.py")
"""Here a ValueError says what is wrong with one value; whoever catches it puts the setting in front."""
WORDED = {"_explain", "_unknown", "_without_place"}
"""Functions that return a line, or the end of one."""
FILLED_IN = "…"


def refusals() -> set[str]:
    """Return the templates of all lines."""
    found: set[str] = set()
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT)
        if name.parts[0] in RAISES:
            tree = ast.parse(path.read_text())
            found |= set(_raised(tree))
            found |= set(_worded(tree)) | set(_passed_on(tree))
            if name.as_posix() in PROBLEMS:
                found |= set(_yielded(tree))
            if name.as_posix() in ABOUT_A_VALUE:
                found |= {f"{FILLED_IN}: {text}" for text in _raised(tree, {"ValueError"})}
    return found - {f"{FILLED_IN}: {FILLED_IN}", f"upstream.url: {FILLED_IN}"}


def _raised(tree: ast.Module, errors: set[str] = ERRORS) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            called = node.exc.func
            if isinstance(called, ast.Name) and called.id in errors and node.exc.args:
                yield from _texts(node.exc.args[0])


def _passed_on(tree: ast.Module) -> Iterator[str]:
    """Yield what is added to a list of problems, and the warnings of a start."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="append", value=ast.Attribute(attr="problems")), args=[text]
            ):
                yield from _texts(text)
            case ast.Call(func=ast.Name(id="warn"), args=[_, text]):
                yield from _texts(text)


def _worded(tree: ast.Module) -> Iterator[str]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name in WORDED:
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    lead = "" if function.name != "_without_place" else f"{FILLED_IN}: "
                    yield from (lead + text for text in _texts(node.value))


def _yielded(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield) and node.value is not None:
            yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.List):
        for element in node.elts:
            yield from _texts(element)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_piece(value) for value in node.values)
    elif isinstance(node, ast.BinOp):
        yield from _texts(node.left)


def _piece(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    match node.value:
        case ast.Call(func=ast.Name(id="called"), args=[ast.Constant(value=str(setting))]):
            return setting
    return FILLED_IN
