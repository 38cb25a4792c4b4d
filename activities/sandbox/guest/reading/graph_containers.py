"""What is in a container, as far as it is known: elements, sizes, items by index or key."""

from __future__ import annotations

from reading.graph_values import (
    Const,
    Either,
    Future,
    Hole,
    Mapping,
    Sequence,
    Text,
    Value,
    chosen_by,
    deps_of,
    one_of,
    options_of,
    with_deps,
)


def elements_of(value: Value) -> list[Value]:
    """What a loop over the value meets; at least one."""
    found: list[Value] = []
    for option in options_of(value):
        match option:
            case Sequence():
                found += [with_deps(item, option.deps) for item in option.items]
            case Mapping():
                found += [with_deps(key, option.deps) for key, _ in option.entries]
            case Text():
                found.append(Text((Hole('character'),), option.deps))
            case Future():
                found.append(option)
            case _:
                found.append(Value(deps_of(option)))
    return found or [Value(deps_of(value))]


def spread(value: Value) -> list[Value]:
    """The arguments that `*value` gives, each by its place where that is known."""
    options = options_of(value)
    rows = [option.items for option in options if isinstance(option, Sequence) and option.exact]
    if len(rows) < len(options) or len({len(row) for row in rows}) != 1:
        return elements_of(value)
    return [one_of(column, value.deps) for column in zip(*rows)]


def pairs_of(mapping: Mapping) -> list[Value]:
    return [Sequence(entry, mapping.deps, exact=True) for entry in mapping.entries] or [Value(mapping.deps)]


def size_of(value: Value) -> int | None:
    sizes = {_size(option) for option in options_of(value)}
    return sizes.pop() if len(sizes) == 1 else None


def _size(value: Value) -> int | None:
    if isinstance(value, (Sequence, Mapping)):
        return value.size
    return None


def item_of(container: Value, index: Value) -> Value:
    """`container[index]`; what the index came from decides which item it is."""
    chosen = chosen_by(deps_of(index))
    found: list[Value] = []
    for option in options_of(container):
        match option, index:
            case Sequence(exact=True), Const(value=int() as at) if (
                -len(option.items) <= at < len(option.items)
            ):
                found.append(with_deps(option.items[at], option.deps))
            case Sequence(), _:
                found.append(with_deps(one_of(option.items or [Value()]), option.deps | chosen))
            case Mapping(), _:
                found.append(_entry(option, index, chosen))
            case Text(), _:
                found.append(Text((Hole('part'),), option.deps | chosen))
            case _:
                found.append(Value(deps_of(option) | chosen))
    return one_of(found, container.deps if isinstance(container, Either) else chosen)


def _entry(mapping: Mapping, index: Value, chosen: frozenset[str]) -> Value:
    key = index.literal() if isinstance(index, Text) else None
    if key is not None:
        exact = [value for name, value in mapping.entries if isinstance(name, Text) and name.literal() == key]
        if exact:
            return with_deps(one_of(exact), mapping.deps)
    values = [value for _, value in mapping.entries]
    if not values and mapping.default:
        made = new_container(mapping.default)
        mapping.put(index, made)
        return made
    return with_deps(one_of(values or [Value()]), mapping.deps | chosen)


def new_container(name: str) -> Value:
    return {'list': Sequence, 'set': Sequence, 'deque': Sequence, 'dict': Mapping}.get(name, Value)()


def store_item(container: Value, index: Value, value: Value) -> None:
    for option in options_of(container):
        match option:
            case Sequence():
                size = option.size
                option.add(value)
                option.size = size
            case Mapping():
                option.put(index, value)
            case _ if type(option) is Value:
                option.deps |= deps_of(value)
