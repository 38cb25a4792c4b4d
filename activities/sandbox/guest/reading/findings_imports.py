"""Imports that fail in the sandbox, and those of modules that cannot work there, each with the reason."""

from __future__ import annotations

import ast
import importlib.util
import sys
from typing import Any

import science

_NETWORK = 'the sandbox has no network'
_PROCESSES = 'the sandbox starts no processes'
_MODELS = 'agents are asked with `self.llm.call_llm(prompt)`; no address or key is in the sandbox'
# Modules that are not here, and why none is needed.
_MISSING = dict.fromkeys(
    'openai anthropic litellm langchain langchain_openai langchain_core langgraph autogen crewai dspy cohere '
    'mistralai groq ollama vllm transformers google boto3 tiktoken instructor'.split(),
    _MODELS,
) | dict.fromkeys('requests httpx aiohttp urllib3 bs4 selenium playwright scrapy'.split(), _NETWORK)
# Modules that are here, but whose work is refused.
_USELESS = dict.fromkeys(
    'socket socketserver ssl ftplib smtplib poplib imaplib telnetlib http.client http.server urllib.request '
    'xmlrpc xmlrpc.client webbrowser'.split(),
    _NETWORK,
) | dict.fromkeys('subprocess pty multiprocessing'.split(), _PROCESSES)
_INSTEAD = {
    _NETWORK: "use `websearch(query)` or the model's own knowledge",
    _PROCESSES: 'run code with `execute_code(code)`, and agents side by side with ThreadPoolExecutor',
}
_CALLS = {
    'os.system': _PROCESSES,
    'os.popen': _PROCESSES,
    'os.fork': _PROCESSES,
    'os.execv': _PROCESSES,
    'os.kill': _PROCESSES,
    'input': 'there is nobody to type an answer: the query is the argument of forward',
    'quit': 'the program must not exit: return the answer from forward',
    'exit': 'the program must not exit: return the answer from forward',
    'sys.exit': 'the program must not exit: return the answer from forward',
    'os._exit': 'the program must not exit: return the answer from forward',
}


def imports(tree: ast.Module) -> list[dict[str, Any]]:
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and _catches(node)
        for inner in _body(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            problems = {_problem(path) for path in _modules(node)} - {None}
            for severity, reason in sorted(problem for problem in problems if problem):
                found.append(_finding('warning' if id(node) in guarded else severity, node, reason))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _CALLS:
            called = ast.unparse(node.func)
            reason = _CALLS[called]
            found.append(_finding('error', node, f'{called}() fails: {reason}', 'forbiddenCall'))
    return found


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level > 0:
        return ['.' * node.level + (node.module or '')]
    module = node.module or ''
    return [
        module,
        *(f'{module}.{alias.name}' for alias in node.names if f'{module}.{alias.name}' in _USELESS),
    ]


def _problem(path: str) -> tuple[str, str] | None:
    """(severity, reason), or None when the import does its work."""
    top = path.partition('.')[0]
    if path.startswith('.'):
        return 'error', f'`{path}` cannot be imported: a program is one file'
    if path in _USELESS or top in _USELESS and top != 'multiprocessing':
        reason = _USELESS.get(path) or _USELESS[top]
        return 'warning', f'{path} can be imported but does not work: {reason}; {_INSTEAD[reason]}'
    if top in science.NAMES:
        if science.is_loaded():
            return None
        return (
            'warning',
            f'{path} is there only where the worker has the scientific libraries (see `masgpt doctor`)',
        )
    if top == 'utils' or top in sys.modules or _exists(top):
        return None
    reason = _MISSING.get(top, 'only the standard library and `utils` are there')
    instead = f'; {_INSTEAD[reason]}' if reason in _INSTEAD else ''
    return 'error', f'there is no module {path} in the sandbox: {reason}{instead}'


def _exists(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, OSError):
        return top in sys.stdlib_module_names


def _catches(statement: ast.Try) -> bool:
    names = {'ImportError', 'ModuleNotFoundError', 'Exception', 'BaseException'}
    return any(
        handler.type is None or any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(handler.type))
        for handler in statement.handlers
    )


def _body(statement: ast.Try) -> list[ast.AST]:
    return [inner for part in statement.body for inner in ast.walk(part)]


def _finding(
    severity: str, node: ast.stmt | ast.expr, reason: str, kind: str = 'forbiddenImport'
) -> dict[str, Any]:
    return {
        'severity': severity,
        'kind': kind,
        'line': node.lineno,
        'message': f'line {node.lineno}: {reason}',
    }
