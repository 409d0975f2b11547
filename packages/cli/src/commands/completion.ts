/** `mtalab completion SHELL`: prints a script that completes command lines. */
import type { CommandRun } from '../command-tree/command-entry.js';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import { exitCodes } from '../errors.js';

/** The scripts, by shell. */
export const completionScripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export const run: CommandRun = async ({ io, args, tree }) => {
  io.out(completionScripts[args[0] as keyof typeof completionScripts](tree()).trimEnd());
  return exitCodes.ok;
};
