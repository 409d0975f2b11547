/** What an entry of the command tree is made of, and the options that several commands share. */
import type { Command } from 'commander';
import type { CommandIo } from '../command-io.js';

/** What a command's module exports. Arguments and options come as commander parsed them. Resolves with the exit code. */
export type CommandRun = (call: {
  readonly io: CommandIo;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
}) => Promise<number>;

/** One command of the tree. To add one: add an entry to `commands`. */
export type CommandEntry = {
  /** Heading it stands under in the help. */
  readonly group: string;
  /** Name and arguments, in commander's notation. */
  readonly usage: string;
  readonly summary: string;
  /** Further help, printed after the summary. */
  readonly detail?: string;
  readonly define?: (command: Command) => Command;
  readonly load: () => Promise<{ readonly run: CommandRun }>;
};

export const groups = {
  run: 'Run:',
  look: 'Look at what runs:',
  act: 'Act on what runs:',
  prove: 'Prove and draw:',
  other: 'Other:',
} as const;
