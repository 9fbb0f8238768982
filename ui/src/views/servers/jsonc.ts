/**
 * JSON as people write and paste it: comments, trailing commas, single quotes left
 * alone. Every value knows where it stands, so that a piece of a file can be shown
 * as it is written.
 */

export type Json =
  | { kind: 'object'; start: number; end: number; members: Member[] }
  | { kind: 'array'; start: number; end: number; items: Json[] }
  | { kind: 'plain'; start: number; end: number; value: string | number | boolean | null };

export interface Member {
  name: string;
  /** Where the name begins. */
  start: number;
  value: Json;
}

/** Deeper than any configuration; a paste of ten thousand brackets must not end the page. */
const DEPTH = 64;

/** What `text` says; null where it is not JSON from beginning to end. */
export function parseJsonc(text: string): Json | null {
  try {
    const reader = new Reader(text);
    const json = reader.value(0);
    reader.end();
    return json;
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

/** The member of that name, if `json` is an object that has it. */
export function member(json: Json | undefined, name: string): Json | undefined {
  if (json?.kind !== 'object') return undefined;
  return json.members.find((member) => member.name === name)?.value;
}

/** The string that `json` is. */
export function text(json: Json | undefined): string | undefined {
  return json?.kind === 'plain' && typeof json.value === 'string' ? json.value : undefined;
}

class NotJson extends Error {}

class Reader {
  #at = 0;

  constructor(readonly source: string) {}

  value(depth: number): Json {
    this.#skip();
    const start = this.#at;
    const sign = this.source[start];
    if (depth > DEPTH) throw new NotJson();
    if (sign === '{') return this.#object(start, depth);
    if (sign === '[') return this.#array(start, depth);
    const value = sign === '"' ? this.#string() : this.#word();
    return { kind: 'plain', start, end: this.#at, value };
  }

  end(): void {
    this.#skip();
    if (this.#at < this.source.length) throw new NotJson();
  }

  #object(start: number, depth: number): Json {
    const members: Member[] = [];
    this.#list('}', () => {
      const begin = this.#at;
      const name = this.#string();
      this.#skip();
      this.#expect(':');
      members.push({ name, start: begin, value: this.value(depth + 1) });
    });
    return { kind: 'object', start, end: this.#at, members };
  }

  #array(start: number, depth: number): Json {
    const items: Json[] = [];
    this.#list(']', () => items.push(this.value(depth + 1)));
    return { kind: 'array', start, end: this.#at, items };
  }

  /** Items between brackets, with commas between them and perhaps one after the last. */
  #list(closing: string, item: () => void): void {
    this.#at += 1;
    for (;;) {
      this.#skip();
      if (this.#take(closing)) return;
      item();
      this.#skip();
      if (this.#take(',')) continue;
      this.#expect(closing);
      return;
    }
  }

  #string(): string {
    const start = this.#at;
    this.#expect('"');
    while (this.source[this.#at] !== '"') {
      if (this.#at >= this.source.length) throw new NotJson();
      this.#at += this.source[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += 1;
    const value = plain(this.source.slice(start, this.#at));
    if (typeof value !== 'string') throw new NotJson();
    return value;
  }

  #word(): number | boolean | null {
    const word = /^[\w.+-]+/.exec(this.source.slice(this.#at, this.#at + 40))?.[0] ?? '';
    this.#at += word.length;
    const value = plain(word);
    if (typeof value === 'string') throw new NotJson();
    return value;
  }

  #skip(): void {
    const blank = /(?:[\s\uFEFF]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.source);
    this.#at = blank.lastIndex;
  }

  #take(sign: string): boolean {
    if (this.source[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new NotJson();
  }
}

function plain(source: string): string | number | boolean | null {
  try {
    return JSON.parse(source) as string | number | boolean | null;
  } catch {
    throw new NotJson();
  }
}
