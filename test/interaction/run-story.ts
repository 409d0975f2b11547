/** Reads and runs interaction files: blocks of comments and commands, `----`, and what the commands led to. */
import type { LinkKind } from '@mtalab/mta-core';
import type { Level } from './printer.js';
import { Story } from './story.js';
import { Words } from './words.js';

/** `head`: the comments and commands. `lines`: what they led to; null where there is no command. */
export type Block = { readonly head: readonly string[]; readonly lines: readonly string[] | null };

/** The blocks of a file, without outcomes. */
function headsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split(/\n{2,}/)
    .map((block) => {
      const lines = block.split('\n');
      const ruler = lines.indexOf('----');
      return ruler < 0 ? lines : lines.slice(0, ruler);
    });
}

function commandsOf(head: readonly string[]): string[] {
  return head.filter((line) => !line.startsWith('#'));
}

type Run = {
  readonly link: LinkKind;
  /** How much is printed; null: as much as the story watches. */
  readonly level: Level | null;
  /** Called after each block: lines to be added. */
  readonly after: (story: Story) => readonly string[];
};

function runBlocks(text: string, { link, level, after }: Run): Block[] {
  let story: Story | null = null;
  const blocks = headsOf(text).map((head): Block => {
    const commands = commandsOf(head);
    if (commands.length === 0) return { head, lines: null };
    const lines: string[] = [];
    for (const line of commands) {
      const words = new Words(line);
      const command = words.take('the command');
      if (command === 'lab') {
        if (story !== null) lines.push(...missed(story));
        story = new Story(words, link, level);
      } else if (story === null) {
        throw new Error('a story begins with lab');
      } else {
        story.carryOut(command, words);
      }
      lines.push(...story.take());
    }
    return { head, lines: story === null ? lines : [...lines, ...after(story)] };
  });
  const left = story === null ? [] : missed(story);
  return left.length === 0 ? blocks : [...blocks, { head: left, lines: null }];
}

function missed(story: Story): string[] {
  return story.unreached.map((fault) => `NEVER REACHED: ${fault}`);
}

/** Runs an interaction file and gives it back with the outcomes that were seen in place of those it had. */
export function runStory(text: string, link: LinkKind = 'rpc'): string {
  return writtenOut(runBlocks(text, { link, level: null, after: () => [] }));
}

/** Blocks as they stand in a file. */
export function writtenOut(blocks: readonly Block[]): string {
  const shown = blocks.map(({ head, lines }) =>
    lines === null ? head : [...head, '----', ...(lines.length === 0 ? ['nothing'] : lines)],
  );
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** What becomes of the mail and the associations, block by block, without the frames that do it. */
export function outcomesOf(text: string, link: LinkKind): readonly Block[] {
  return runBlocks(text, { link, level: 'outcomes', after: (story) => story.atRest() });
}

/** The commands and comments of a file, without the labs of these numbers, counted from 1. */
export function withoutLabs(text: string, left: ReadonlySet<number>): string {
  let lab = 0;
  const kept = headsOf(text).filter((head) => {
    if (commandsOf(head).some((command) => command.startsWith('lab '))) lab += 1;
    return !left.has(lab);
  });
  return `${kept.map((head) => head.join('\n')).join('\n\n')}\n`;
}
