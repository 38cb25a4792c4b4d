"""What is wrong with a program, or likely to go wrong, from its text alone: a finding says what to change.

{"severity": "error" | "warning", "kind", "line", "message"}. An error fails when its line runs.
"""

from __future__ import annotations

from typing import Any

import shape
from failures import Failure
from reading import fingerprint, findings_calls, findings_imports, findings_loops, findings_names, graph

MAX_FINDINGS = 200


def read_program(source: str) -> dict[str, Any]:
    """{"findings", "graph", "fingerprint"}; the last two are null when the program has not the form of one."""
    source = source.removeprefix('\ufeff')
    try:
        tree = shape.parse(source)
    except Failure as failure:
        found = [{'severity': 'error', **_located(failure, source)}]
        return {'findings': found, 'graph': None, 'fingerprint': None}
    drawn = graph.read_graph(tree)
    found = [
        *findings_names.unknown_names(source, tree),
        *findings_imports.imports(tree),
        *findings_calls.calls(tree),
        *findings_loops.loops(tree, drawn),
        *_agents(drawn),
    ]
    ordered = sorted(found, key=lambda one: (one['severity'], one['line'] or 0, one['message']))
    read = {'findings': ordered[:MAX_FINDINGS], 'graph': drawn}
    return {**read, 'fingerprint': fingerprint.fingerprint(tree)}


def _located(failure: Failure, source: str) -> dict[str, Any]:
    line = None
    words = failure.message.partition('line ')[2].partition(':')[0].split(' ')[0].strip('s)')
    if words.isdigit() and 0 < int(words) <= source.count('\n') + 1:
        line = int(words)
    return {'kind': failure.kind, 'line': line, 'message': failure.message}


def _agents(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    if drawn['unresolved'] or any(node['kind'] == 'agent' for node in drawn['nodes']):
        return []
    message = 'no call of a model is reached from forward: ask one with `self.llm.call_llm(prompt)`'
    return [{'severity': 'warning', 'kind': 'noAgents', 'line': None, 'message': message}]
