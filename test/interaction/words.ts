/** The words of a command line, and the names of frames in stories. */
import { type BindingConfig, type BindingWish, type LinkFrame, type Priority, priorities } from '@mtalab/mta-core';

/** Separates `name=value` words from the others. */
export class Words {
  readonly bare: string[] = [];
  readonly named = new Map<string, string>();

  constructor(text: string) {
    for (const word of text.split(/\s+/).filter((part) => part !== '')) {
      const at = word.indexOf('=');
      if (at > 0) this.named.set(word.slice(0, at), word.slice(at + 1));
      else this.bare.push(word);
    }
  }

  /** Takes the next word without a name. */
  take(what: string): string {
    const word = this.bare.shift();
    if (word === undefined) throw new Error(`${what} is missing`);
    return word;
  }

  /** Takes this word and the one after it, and returns the latter; undefined if this word is missing. */
  after(word: string): string | undefined {
    const at = this.bare.indexOf(word);
    return at < 0 ? undefined : this.bare.splice(at, 2)[1];
  }

  has(word: string): boolean {
    return this.bare.includes(word);
  }

  number(name: string, missing: number): number {
    const value = this.named.get(name);
    return value === undefined ? missing : Number(value);
  }
}

export function priorityOf(text: string | undefined): Priority {
  if (text === undefined) return 'normal';
  const priority = priorities.find((each) => each === text);
  if (priority === undefined) throw new Error(`no priority ${text}`);
  return priority;
}

/** `10s`, `2h`, `10d` in milliseconds. */
export function durationMs(text: string): number {
  const found = /^(\d+)(ms|s|min|h|d)$/.exec(text);
  if (found === null) throw new Error(`no duration ${text}`);
  const unit = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }[found[2] as 'ms' | 's' | 'min' | 'h' | 'd'];
  return Number(found[1]) * unit;
}

/** `lan1@127.0.0.2[6001]`, `[::1]`, `lan2@!127.0.0.2` (disabled). The default port is the given one. */
export function bindingOf(text: string, usualPort: number): BindingConfig {
  const found = /^(?:(\w+)@)?(!?)(?:\[([0-9a-f:]+)\]|([\d.]+))(?:\[(\d+)\])?$/.exec(text);
  const address = found?.[3] ?? found?.[4];
  if (found === null || address === undefined) throw new Error(`no binding ${text}`);
  const port = found[5] === undefined ? usualPort : Number(found[5]);
  return { address, port, label: found[1] ?? '', enabled: found[2] === '' };
}

/** `order lan2 127.0.0.1`, `disable lan1`, `enable lan1`. */
export function wishOf(words: Words): BindingWish {
  const what = words.take('what to do with the bindings');
  if (what !== 'order' && what !== 'disable' && what !== 'enable') throw new Error(`bindings cannot be told to ${what}`);
  return { [what]: [...words.bare] };
}

/** Does this frame do more than bind a connection? */
export function carriesApdu(carried: LinkFrame): boolean {
  if (carried.link === 'x400') return carried.frame.type !== 'connection-request' && carried.frame.type !== 'connection-confirm';
  if (carried.link !== 'rpc') return true;
  const { type } = carried.frame;
  return type === 'request' || type === 'response' || type === 'fault';
}
