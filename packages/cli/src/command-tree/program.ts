/**
 * Builds the command tree: names, options and help of all commands. The code of a command is in a module of its own, which
 * is loaded when the command runs. So `mtalab --help` and the start of an MTA load no code that they do not need.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type CommandIo, processIo } from '../command-io.js';
import { type CommandEntry, groups } from './command-entry.js';
import { runningCommands } from './lab-commands.js';
import { loadCommands } from './load-commands.js';
import { modelOf, type TreeModel } from './model.js';
import { proofCommands } from './proof-commands.js';

const examples = `
Examples:
  mtalab pair --mail examples                     two MTAs, the sample mail, a live status until Ctrl-C
  mtalab pair --once --count 1000 --json          send a thousand messages, print the figures as JSON
  mtalab pair --legacy Q166594 --fault "cut before turn-give 1" --count 20 --both-ways
                                                  lose the Turn as Exchange 4.0 did
  mtalab associations                             show what each side believes about the Turn
  mtalab submit letter.eml --to ben@b.example     submit one more message
  mtalab events --follow                          follow the event log
  mtalab repro Q166594                            reproduce an article, legacy and fixed, with its ladder
  mtalab check --legacy Q166594                   let the model checker find the shortest way into the bug
  mtalab stop

Data goes to stdout, progress and errors to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C.`;

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** All commands, group by group. */
function entriesInOrder(): readonly CommandEntry[] {
  const headings: readonly string[] = Object.values(groups);
  return [...runningCommands, ...loadCommands, ...proofCommands].sort(
    (a, b) => headings.indexOf(a.group) - headings.indexOf(b.group),
  );
}

/** The command tree, as data. */
export function commandTree(): TreeModel {
  return modelOf(
    buildProgram(processIo(), () => undefined),
    entriesInOrder(),
    examples,
  );
}

/** Builds the program. It calls `done` with the exit code of the command that ran. */
export function buildProgram(io: CommandIo, done: (exitCode: number) => void): Command {
  const program = new Command('mtalab')
    .description('A networked emulator of the Microsoft Exchange 4.0-5.5 message transfer agent.')
    .usage('<command> [options]')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(new Command('help').argument('[command]').description('print help for a command').helpGroup(groups.other))
    // Every error of mtalab begins with its name. Commander's own errors begin with `error:`.
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      writeErr: io.errRaw,
      outputError: (text, write) => write(text.replace(/^error: /, 'mtalab: ')),
    })
    .configureHelp({ subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' ') })
    .showHelpAfterError('(--help shows the commands and options)')
    // A command gets its words and options in their order, so that one with subcommands can tell which options are its own.
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', examples);
  const entries = entriesInOrder();
  const tree = (): TreeModel => modelOf(program, entries, examples);
  for (const entry of entries) addCommand(program, entry, { io, done, tree });
  return program;
}

type Surroundings = {
  readonly io: CommandIo;
  readonly done: (exitCode: number) => void;
  readonly tree: () => TreeModel;
};

/** Adds a command and its subcommands. */
function addCommand(parent: Command, entry: CommandEntry, surroundings: Surroundings): void {
  const { io, done, tree } = surroundings;
  const command = parent.command(entry.usage).summary(entry.summary).helpGroup(entry.group);
  command.description(`${entry.summary[0]?.toUpperCase()}${entry.summary.slice(1)}.`);
  if (entry.detail !== undefined) command.addHelpText('after', entry.detail);
  entry.define?.(command);
  // `mtalab help` and --help are enough.
  command.helpCommand(false);
  // What follows the name of a subcommand is the subcommand's, also an option of the same name, such as --json.
  if (entry.subcommands !== undefined) command.enablePositionalOptions();
  for (const each of entry.subcommands ?? []) addCommand(command, each, surroundings);
  const { load } = entry;
  if (load === undefined) return;
  command.action(async (...received: unknown[]) => {
    // Commander appends the options and the command to the arguments.
    const args = received.slice(0, -2);
    const { run } = await load();
    done(await run({ io, args, options: command.opts(), tree }));
  });
}

function argumentTerm(argument: { readonly required: boolean; readonly variadic: boolean; name(): string }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
