"""Alpha-renaming: each name that a program binds becomes a number, in order of first use.

Names belong to the scope that binds them, as Python has it (functions, lambdas, comprehensions; a class's names
are attributes). Attributes are numbered where the program itself defines them: methods, class variables and what
it stores on an object. Keyword arguments follow the parameter of the program's own function of that name. What
comes from outside (imports, builtins, the library), MAS, forward and dunder names keep their names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_KEPT = frozenset({'MAS', 'forward', 'model_list'})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _Scope:
    made = 0

    def __init__(self, outer: _Scope | None, is_class: bool = False) -> None:
        self.outer, self.is_class = outer, is_class
        _Scope.made += 1
        self.number = _Scope.made
        self.bound: set[str] = set()
        self.foreign: set[str] = set()  # imported: the name comes from outside
        self.elsewhere: set[str] = set()  # global and nonlocal

    def owner(self, name: str) -> _Scope | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.bound and (scope is self or not scope.is_class):
                return None if name in scope.foreign else scope
            scope = scope.outer
        return None


class _Renaming:
    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[tuple[int, str], str] = {}
        self.numbers: dict[tuple[int, str], str] = {}
        self.functions: dict[str, Function] = {}
        self.scopes: dict[int, _Scope] = {}
        self.attributes: set[str] = set()
        self.classes: dict[str, ast.ClassDef] = {}
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS):
                self.functions.setdefault(node.name, node)
            elif isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, node)
                self.attributes |= _bound_in(node.body)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
                self.attributes.add(node.attr)
        self.attributes = {name for name in self.attributes if not _is_kept(name)}
        self.module = _Scope(None)
        _declare(self.module, tree.body)
        self._statements(tree.body, self.module)

    def _number(self, owner: int, name: str) -> str:
        return self.numbers.setdefault((owner, name), f'${len(self.numbers)}')

    def _name(self, node: ast.AST, name: str, scope: _Scope) -> None:
        if scope.is_class and name in scope.bound:
            return self._attribute(node, name)
        owner = scope.owner(name)
        if owner is not None and not _is_kept(name):
            self.names[id(node), name] = self._number(owner.number, name)

    def _attribute(self, node: ast.AST, name: str) -> None:
        if name in self.attributes:
            self.names[id(node), name] = self._number(0, name)

    def _statements(self, body: list[ast.stmt], scope: _Scope) -> None:
        for statement in body:
            self._visit(statement, scope)

    def _visit(self, node: ast.AST, scope: _Scope) -> None:
        match node:
            case ast.Name(name):
                self._name(node, name, scope)
            case ast.Attribute(value, name):
                self._visit(value, scope)
                self._attribute(node, name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._name(node, node.name, scope)
                self._function(node, scope)
            case ast.Lambda():
                self._function(node, scope)
            case ast.ClassDef():
                self._name(node, node.name, scope)
                for part in (*node.decorator_list, *node.bases, *node.keywords):
                    self._visit(part, scope)
                inner = _Scope(scope, is_class=True)
                _declare(inner, node.body)
                self._statements(node.body, inner)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                inner = _Scope(scope)
                for generator in node.generators:
                    inner.bound |= {part.id for part in ast.walk(generator.target) if isinstance(part, ast.Name)}
                for generator in node.generators:
                    self._visit(generator, inner)
                for child in ast.iter_child_nodes(node):
                    if not isinstance(child, ast.comprehension):
                        self._visit(child, inner)
            case ast.Call():
                self._children(node, scope)
                self._keywords(node)
            case ast.ExceptHandler(_, str(name)):
                self._name(node, name, scope)
                self._children(node, scope)
            case ast.Global(found) | ast.Nonlocal(found):
                for name in found:
                    self._name(node, name, scope)
            case ast.alias(name, str(alias)):
                self._name(node, alias, scope)
            case ast.MatchAs(_, str(name)) | ast.MatchStar(str(name)):
                self._children(node, scope)
                self._name(node, name, scope)
            case _:
                self._children(node, scope)

    def _children(self, node: ast.AST, scope: _Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope)

    def _function(self, node: Function, scope: _Scope) -> None:
        arguments = node.args
        if isinstance(node, _FUNCTIONS):
            for part in node.decorator_list:
                self._visit(part, scope)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self._visit(default, scope)
        inner = self.scopes[id(node)] = self.scopes.get(id(node)) or _scope_of(node, scope)
        inner.outer = scope
        for argument in _parameters(arguments):
            self._name(argument, argument.arg, inner)
            if argument.annotation is not None:
                self._visit(argument.annotation, scope)
        body = node.body if isinstance(node.body, list) else [node.body]
        for part in body:
            self._visit(part, inner)

    def _keywords(self, call: ast.Call) -> None:
        """A keyword of the program's own function is its parameter."""
        called = call.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, 'attr', '')
        function: Function | None = self.functions.get(name)
        if name in self.classes:
            methods = [part for part in self.classes[name].body if isinstance(part, _FUNCTIONS)]
            function = next((part for part in methods if part.name == '__init__'), None)
        if function is None:
            return
        own = {argument.arg for argument in _parameters(function.args)}
        scope = self.scopes.setdefault(id(function), _scope_of(function, self.module))
        for keyword in call.keywords:
            if keyword.arg is not None and keyword.arg in own and not _is_kept(keyword.arg):
                self.names[id(keyword), keyword.arg] = self._number(scope.number, keyword.arg)


def renamed(tree: ast.Module) -> dict[tuple[int, str], str]:
    """By node and name as written. Raises RecursionError for a tree that is too deep."""
    return _Renaming(tree).names


def _is_kept(name: str) -> bool:
    return name in _KEPT or (name.startswith('__') and name.endswith('__'))


def _scope_of(node: Function, outer: _Scope) -> _Scope:
    scope = _Scope(outer)
    scope.bound |= {argument.arg for argument in _parameters(node.args)}
    _declare(scope, node.body if isinstance(node.body, list) else [node.body])
    return scope


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*found, *(extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None)]


def _bound_in(body: list[ast.stmt]) -> set[str]:
    scope = _Scope(None)
    _declare(scope, body)
    return scope.bound - scope.foreign


def _declare(scope: _Scope, body: list[ast.stmt] | list[ast.expr]) -> None:
    for node in _own_nodes(body):
        match node:
            case ast.Name(name, ast.Store() | ast.Del()):
                scope.bound.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.bound.add(node.name)
            case ast.alias(name, alias):
                scope.bound.add(alias or name.partition('.')[0])
                if alias is None:
                    scope.foreign.add(name.partition('.')[0])
            case ast.ExceptHandler(_, str(name)) | ast.MatchAs(_, str(name)) | ast.MatchStar(str(name)):
                scope.bound.add(name)
            case ast.Global(names) | ast.Nonlocal(names):
                scope.elsewhere.update(names)
    scope.bound -= scope.elsewhere


def _own_nodes(body: list[ast.stmt] | list[ast.expr]) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the scopes within it."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, _COMPREHENSIONS):
            # Only an assignment expression in it binds outside of it.
            todo.extend(part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
            continue
        todo.extend(ast.iter_child_nodes(node))
