/**
 * The simulator's answer key: known queries by their text. `find` returns the longest known text that stands verbatim
 * in a prompt, in time that grows with the prompt's words and the logarithm of the key's size.
 */
import type { Query } from '../../../workflows/shared/query.ts';

/** Starts of texts are looked up by this many characters; shorter texts by all of theirs. */
const prefixLength = 24;

interface Entry {
  readonly query: Query;
  /** The longest other known text that this text begins with. */
  readonly parent: Entry | undefined;
}

export class AnswerKey {
  readonly #byText = new Map<string, Query>();
  #sorted: Entry[] | undefined;
  /** Prefix lengths in use, and all prefixes. */
  #lengths: number[] = [];
  readonly #prefixes = new Set<string>();
  /** Marks the hashes of all first four characters: spares most positions the look-up. */
  readonly #starts = new Uint8Array(65_536);

  /** The last gold of a text counts. Returns false when query and gold were known already. */
  add(query: Query): boolean {
    const text = query.text.trim();
    if (text === '' || this.#byText.get(text)?.id === query.id) return false;
    this.#byText.set(text, { ...query, text });
    this.#sorted = undefined;
    return true;
  }

  get size(): number {
    return this.#byText.size;
  }

  find(prompt: string): Query | undefined {
    const sorted = (this.#sorted ??= this.#index());
    let longest: Query | undefined;
    let afterWord = false;
    for (let at = 0; at < prompt.length; at++) {
      const insideWord = afterWord && isWordCharacter(prompt.charCodeAt(at));
      afterWord = isWordCharacter(prompt.charCodeAt(at));
      if (insideWord || !this.#mayStartAt(prompt, at)) continue;
      const found = longestPrefix(sorted, prompt.slice(at));
      if (found && found.text.length > (longest?.text.length ?? 0)) longest = found;
    }
    return longest;
  }

  #mayStartAt(prompt: string, at: number): boolean {
    if (this.#starts[hashOfFour(prompt, at)] === 0) return false;
    return this.#lengths.some((length) => this.#prefixes.has(prompt.slice(at, at + length)));
  }

  #index(): Entry[] {
    this.#prefixes.clear();
    this.#starts.fill(0);
    for (const text of this.#byText.keys()) {
      this.#prefixes.add(text.slice(0, prefixLength));
      if (text.length < 4) this.#starts.fill(1);
      else this.#starts[hashOfFour(text, 0)] = 1;
    }
    this.#lengths = [...new Set([...this.#prefixes].map((prefix) => prefix.length))];
    const queries = [...this.#byText.values()].toSorted((a, b) => (a.text < b.text ? -1 : 1));
    const entries: Entry[] = [];
    for (const query of queries) {
      let parent = entries.at(-1);
      while (parent && !query.text.startsWith(parent.query.text)) parent = parent.parent;
      entries.push({ query, parent });
    }
    return entries;
  }
}

/** All texts sorted between a prefix of `text` and `text` itself share that prefix, so the chain of parents holds it. */
function longestPrefix(sorted: readonly Entry[], text: string): Query | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.query.text <= text) low = middle + 1;
    else high = middle;
  }
  let entry = sorted[low - 1];
  while (entry && !text.startsWith(entry.query.text)) entry = entry.parent;
  return entry?.query;
}

function hashOfFour(text: string, at: number): number {
  let hash = 0;
  for (let offset = 0; offset < 4; offset++) hash = (hash * 31 + text.charCodeAt(at + offset)) | 0;
  return (hash ^ (hash >>> 16)) & 0xffff;
}

/** A known text never starts in the middle of an ASCII word, which spares four look-ups of five. */
function isWordCharacter(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}
