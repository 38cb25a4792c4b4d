/** What citty leaves open: unknown flags, repeated flags and stray arguments are wrong usage. */
import { stripVTControlCharacters } from 'node:util';
import { type ArgsDef, type CommandDef, renderUsage } from 'citty';
import { UsageError } from './errors.ts';

export function wantsHelp(rawArgs: readonly string[]): boolean {
  const end = rawArgs.indexOf('--');
  return (end < 0 ? rawArgs : rawArgs.slice(0, end)).some(
    (argument) => argument === '--help' || argument === '-h',
  );
}

export async function usageOf(main: CommandDef, rawArgs: readonly string[]): Promise<string> {
  const { command, parent } = await resolve(main, rawArgs);
  const usage = await renderUsage(command, parent);
  return `${process.stdout.isTTY ? usage : stripVTControlCharacters(usage)}\n`;
}

/** The arguments, with the name of the subcommand where a default is meant. Throws `UsageError`. */
export async function checkArguments(main: CommandDef, rawArgs: readonly string[]): Promise<string[]> {
  const { command, rest, path } = await resolve(main, rawArgs);
  const known = await value<ArgsDef>(command.args, {});
  const subCommands = Object.keys(await value<object>(command.subCommands, {}));
  const remedy = `see \`masgpt ${path.join(' ')} --help\``;
  const given = new Set<string>();
  let positionals = Object.values(known).filter((arg) => arg.type === 'positional').length;
  for (let index = 0; index < rest.length; index += 1) {
    const argument = rest[index] as string;
    if (argument === '--') break;
    if (!argument.startsWith('-') || argument === '-') {
      positionals -= 1;
      if (positionals < 0) throw new UsageError(`unexpected argument: ${argument}`, remedy);
      continue;
    }
    const [flag = '', inline] = argument.split(/=(.*)/s);
    const definition = find(known, flag);
    if (!definition && subCommands.length > 0)
      throw new UsageError(
        `${flag} stands before the name of a subcommand`,
        `one of: ${subCommands.join(', ')}`,
      );
    if (!definition) throw new UsageError(`unknown flag: ${flag}`, remedy);
    if (given.has(flag))
      throw new UsageError(`${flag} is given twice`, 'several values go into one flag, apart by comma');
    given.add(flag);
    if (definition.type === 'boolean' || inline !== undefined) continue;
    index += 1;
    const next = rest[index];
    if (next === undefined || next.startsWith('--')) throw new UsageError(`${flag} needs a value`, remedy);
  }
  return [...path, ...rest];
}

function find(known: ArgsDef, flag: string): ArgsDef[string] | undefined {
  const name = flag.replace(/^--?/, '');
  const positive = flag.startsWith('--no-') ? flag.slice('--no-'.length) : undefined;
  for (const [key, definition] of Object.entries(known)) {
    if (definition.type === 'positional') continue;
    const alias = 'alias' in definition ? [definition.alias ?? []].flat() : [];
    if (key === name || alias.includes(name)) return definition;
    if (positive === key && definition.type === 'boolean') return definition;
  }
  return undefined;
}

interface Resolved {
  readonly command: CommandDef;
  readonly parent?: CommandDef;
  /** The arguments after the command's own name. */
  readonly rest: readonly string[];
  readonly path: readonly string[];
}

async function resolve(main: CommandDef, rawArgs: readonly string[]): Promise<Resolved> {
  let found: Resolved = { command: main, rest: rawArgs, path: [] };
  for (;;) {
    const subCommands = await value<Record<string, CommandDef>>(found.command.subCommands, {});
    if (Object.keys(subCommands).length === 0) return found;
    let name = found.rest[0];
    let rest = found.rest.slice(1);
    if (name === undefined || name.startsWith('-')) {
      name = await value<string | undefined>(found.command.default, undefined);
      rest = [...found.rest];
      if (name === undefined) return found;
    }
    const next = subCommands[name];
    if (next === undefined) {
      throw new UsageError(
        `unknown command: ${[...found.path, name].join(' ')}`,
        `one of: ${Object.keys(subCommands).join(', ')}`,
      );
    }
    const command = await value<CommandDef>(next, {});
    found = { command, parent: found.command, rest, path: [...found.path, name] };
  }
}

async function value<T>(resolvable: unknown, otherwise: T): Promise<T> {
  const resolved: unknown = await (typeof resolvable === 'function' ? resolvable() : resolvable);
  return (resolved as T | undefined) ?? otherwise;
}
