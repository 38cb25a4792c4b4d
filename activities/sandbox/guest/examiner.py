"""Runs tests on code that is in another process (subject.py): what the code returns comes in a plain form,
and is compared here, where the code has never been. A test that needs more than values (a class of the
code, a function as argument) runs in the process of the code, and its verdict says so (`inProcess`), as
does one that the code may have had a say in: by a second function of its own, or by what it did to its
arguments.
"""

from __future__ import annotations

import builtins
import importlib
import json
import symtable
import sys
import types
from collections.abc import Iterator
from typing import Any

import plain
import science
from channel import Channel
from failures import one_line


class _Gone(BaseException):
    """The code's process has ended; the text says why."""


def examine(start: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Sends a frame {"t": "verdict"} per test; start: {"prelude", "entryPoint", "tests"}."""
    examination = _Examination(channel, start)
    for index in range(len(start['tests'])):
        channel.send({'t': 'verdict', **examination.judge(index)})
    return {'t': 'examined'}


class _Examination:
    def __init__(self, channel: Channel, start: dict[str, Any]) -> None:
        self.channel = channel
        self.tests: list[str] = start['tests']
        self.entry_point: str | None = start['entryPoint']
        self.called: set[str] = set()
        self.touched = False  # the code changed an argument
        self.gone: str | None = None
        self.borrowed: set[str] = set()  # names whose plain values are the code's
        self.run_there = 0  # tests that the code's process has run
        module = types.ModuleType('__main__')
        sys.modules['__main__'] = module
        self.namespace = module.__dict__
        try:
            exec(compile(start['prelude'], '<prelude>', 'exec', dont_inherit=True), self.namespace)
        except BaseException:
            pass  # a prelude that only the code completes
        if self.entry_point:
            self.namespace[self.entry_point] = _Remote(self, self.entry_point)

    def judge(self, index: int) -> dict[str, Any]:
        self.called, self.touched, plain.Opaque.asked = set(), False, 0
        status, message = self.run(self.tests[index])
        if self.gone is not None:
            status, message = 'error', self.gone
        elif plain.Opaque.asked:
            return self.judge_there(index)
        others = len(self.called - {self.entry_point}) - (self.entry_point is None)
        return {'status': status, 'message': message, 'inProcess': self.touched or others > 0}

    def run(self, test: str) -> tuple[str, str]:
        try:
            self.find_names(test)
            exec(compile(test, '<test>', 'exec', dont_inherit=True), self.namespace)
        except AssertionError as error:
            return 'fail', one_line(error) if str(error) else 'the assertion does not hold'
        except BaseException as error:
            return 'error', one_line(error)
        return 'pass', ''

    def judge_there(self, index: int) -> dict[str, Any]:
        """With the tests before it, whose names it may use."""
        tests = self.tests[self.run_there : index + 1]
        self.run_there = index + 1
        try:
            answer = self.ask({'op': 'test', 'source': tests})
        except _Gone as gone:
            return {'status': 'error', 'message': str(gone), 'inProcess': True}
        status, message = answer.get('status'), answer.get('message')
        if status not in ('pass', 'fail', 'error') or not isinstance(message, str):
            status, message = 'error', 'the process of the code gave no verdict'
        return {'status': status, 'message': message, 'inProcess': True}

    def find_names(self, test: str) -> None:
        """Gives the test what it takes from the code: a way to call its functions, its plain values,
        modules.
        """
        names = [name for name in _free_names(test) if name not in self.namespace or name in self.borrowed]
        if self.entry_point:  # then it is known what is under test: other names mean what they always mean
            names = [
                name
                for name in names
                if not hasattr(builtins, name) and not self.import_module(name, _MODULES.get(name, name))
            ]
        if names:
            found = self.ask({'op': 'names', 'names': names})
            for name in names:
                self.bind(name, found[name])

    def bind(self, name: str, found: dict[str, Any]) -> None:
        kind = found['kind']
        if kind == 'module' and self.import_module(name, _MODULES.get(name, name)):
            return
        if kind in ('callable', 'class') and self.entry_point and self.import_member(name, found['module']):
            return
        if kind == 'callable':
            self.namespace[name] = _Remote(self, name)
        elif kind == 'value':
            self.namespace[name] = plain.loads(found['value'])
            self.borrowed.add(name)
        elif kind != 'absent':
            plain.Opaque(name)._reach()

    def import_module(self, name: str, module: str) -> bool:
        if module.partition('.')[0] not in _IMPORTABLE:
            return False
        try:
            self.namespace[name] = importlib.import_module(module)
        except ImportError:
            return False
        return True

    def import_member(self, name: str, module: Any) -> bool:
        """A name that the code has from the standard library: the genuine one."""
        if not isinstance(module, str) or module.partition('.')[0] not in _IMPORTABLE:
            return False
        try:
            self.namespace[name] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            return False
        return True

    def ask(self, ask: dict[str, Any]) -> Any:
        """What subject.py answers; hostile."""
        reply = self.channel.call('0', 'ask', {'ask': json.dumps(ask)})
        if not reply.get('ok'):
            self.gone = reply['error']['message']
            raise _Gone(self.gone)
        return json.loads(reply['value'])


class _Remote:
    """A function of the code under test."""

    def __init__(self, examination: _Examination, name: str) -> None:
        self._examination = examination
        self.__name__ = self.__qualname__ = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        examination = self._examination
        try:
            text = plain.dumps([list(arguments), named], strict=True)
        except plain.NotPlain:
            return plain.Opaque(self.__name__)._reach()
        examination.called.add(self.__name__)
        answer = examination.ask({'op': 'call', 'name': self.__name__, 'args': text})
        if 'raised' in answer:
            raise _error_like(answer['raised'], answer['message'])
        try:
            value = plain.loads(answer['value'])
            after = plain.loads(answer['args'])[0] if 'args' in answer else list(arguments)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, MemoryError, OverflowError):
            return plain.Opaque('a value that cannot be read')
        if _take_over(arguments, after):
            examination.touched = True
        same = answer.get('same')
        is_argument = isinstance(same, int) and 0 <= same < len(arguments)
        return arguments[same] if is_argument and arguments[same] == value else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return plain.Opaque(self.__name__)._reach()


def _take_over(arguments: tuple[Any, ...], after: list[Any]) -> bool:
    """What the call did to its arguments; whether it did anything."""
    changed = False
    for before, now in zip(arguments, after):
        if type(before) is not type(now) or before == now:
            continue
        if isinstance(before, (list, bytearray)):
            before[:] = now
            changed = True
        elif isinstance(before, (dict, set)):
            before.clear()
            before.update(now)
            changed = True
    return changed


def _error_like(names: list[str], message: str) -> BaseException:
    """An error of the same name, of the built-in class nearest to it."""
    kinds = (getattr(builtins, name, None) for name in names)
    base = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)), Exception)
    try:
        return base(message) if base.__name__ == names[0] else type(names[0], (base,), {})(message)
    except TypeError:  # a UnicodeDecodeError takes five arguments
        return type(names[0], (Exception,), {})(message)


def _free_names(test: str) -> list[str]:
    def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        yield table
        for child in table.get_children():
            yield from tables(child)

    names: dict[str, None] = {}
    for table in tables(symtable.symtable(test, '<test>', 'exec')):
        top = table.get_type() == 'module'
        for symbol in table.get_symbols():
            bound = symbol.is_assigned() or symbol.is_imported() if top else not symbol.is_global()
            if symbol.is_referenced() and not bound:
                names[symbol.get_name()] = None
    return list(names)


_IMPORTABLE = sys.stdlib_module_names - {'builtins', '__main__'} | set(science.NAMES)
_MODULES = {alias: module for alias, module in science.PRESETS.items() if alias != module}
