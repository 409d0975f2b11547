/** Defines what an entry of the command tree consists of. */
import type { Command } from 'commander';
import type { CommandIo } from '../command-io.js';
import type { TreeModel } from './model.js';

/** What the module of a command exports. Commander has parsed the arguments and options. Resolves with the exit code. */
export type CommandRun = (call: {
  readonly io: CommandIo;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  /** The whole command tree, for commands that describe it. */
  readonly tree: () => TreeModel;
}) => Promise<number>;

/** One command of the tree. A new command needs an entry in `lab-commands.ts`, `load-commands.ts` or `proof-commands.ts`. */
export type CommandEntry = {
  /** Heading of the command in the help. */
  readonly group: string;
  /** Name and arguments, in commander's notation. */
  readonly usage: string;
  readonly summary: string;
  /** More help, printed after the options. */
  readonly detail?: string;
  readonly define?: (command: Command) => Command;
  /** Without it, the command only holds its subcommands. */
  readonly load?: () => Promise<{ readonly run: CommandRun }>;
  /** Commands whose names follow that of this one, such as `compare` of `load`. They have no subcommands of their own. */
  readonly subcommands?: readonly CommandEntry[];
};

export const groups = {
  run: 'Run:',
  look: 'Look at what runs:',
  act: 'Act on what runs:',
  prove: 'Prove and draw:',
  other: 'Other:',
} as const;
