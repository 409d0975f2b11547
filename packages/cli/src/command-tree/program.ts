/**
 * The command tree. It holds names, options and help only; what a command does is in its own module, loaded when the
 * command runs, so that `mtalab --help` and a start of an MTA do not wait for code they do not need.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { CommandIo } from '../command-io.js';
import { groups } from './command-entry.js';
import { runningCommands } from './lab-commands.js';
import { proofCommands } from './proof-commands.js';

const examples = `
Examples:
  mtalab pair --mail examples                     two MTAs, the sample mail, a live status, until Ctrl-C
  mtalab pair --once --count 1000 --json          a thousand messages, then the figures as JSON
  mtalab pair --legacy Q166594 --fault "cut before turn-give 1" --count 20 --both-ways
                                                  lose the Turn, the way Exchange 4.0 did
  mtalab associations                             ... and see what each side believes
  mtalab submit letter.eml --to ben@b.example     one letter more
  mtalab events --follow                          the event log, live
  mtalab repro Q166594                            an article, legacy and fixed, with its ladder
  mtalab check --legacy Q166594                   the shortest way into it, found by the checker
  mtalab stop

Data goes to stdout, progress and errors to stderr. Exit codes: 0 done, 1 failed, 2 asked wrongly, 130 broken
off by Ctrl-C.`;

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The whole program. `done` is told the exit code of the command that ran. */
export function buildProgram(io: CommandIo, done: (exitCode: number) => void): Command {
  const program = new Command('mtalab')
    .description('A networked emulator of the Microsoft Exchange 4.0-5.5 message transfer agent.')
    .usage('<command> [options]')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(new Command('help').argument('[command]').description('print help for a command').helpGroup(groups.other))
    // Commander says `error:`; here every complaint begins with who complains.
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'mtalab: ')) })
    .configureHelp({ subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' ') })
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride()
    .addHelpText('after', examples);
  const headings: readonly string[] = Object.values(groups);
  const all = [...runningCommands, ...proofCommands].sort((a, b) => headings.indexOf(a.group) - headings.indexOf(b.group));
  for (const entry of all) {
    const command = program.command(entry.usage).summary(entry.summary).helpGroup(entry.group);
    command.description(`${entry.summary[0]?.toUpperCase()}${entry.summary.slice(1)}.`);
    if (entry.detail !== undefined) command.addHelpText('after', entry.detail);
    entry.define?.(command);
    command.action(async (...given: unknown[]) => {
      const args = given.slice(0, -2);
      const { run } = await entry.load();
      done(await run({ io, args, options: command.opts() }));
    });
  }
  return program;
}

function argumentTerm(argument: { readonly required: boolean; readonly variadic: boolean; name(): string }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
