/** The reliable transfer and the mail do not depend on links: they compile without any link, and name none. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { test } from 'tap';
import ts from 'typescript';

const core = resolve('packages/mta-core');
const rooms = ['reliable-transfer', 'mail'].map((room) => join(core, 'src', room));
const links = readdirSync(join(core, 'src/links'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const below = (folder: string, file: string): boolean => !relative(folder, file).startsWith('..');
const sourcesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));

/** Compiles both folders while the modules of one other folder are hidden. */
function compileWithout(hidden: string): { readonly program: ts.Program; readonly errors: readonly ts.Diagnostic[] } {
  const host = ts.createCompilerHost({});
  const onDisk = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const config = ts.getParsedCommandLineOfConfigFile(join(core, 'tsconfig.json'), {}, onDisk);
  if (config === undefined) throw new Error('mta-core has no tsconfig.json');
  const options: ts.CompilerOptions = { ...config.options, composite: false, incremental: false, noEmit: true };
  host.resolveModuleNameLiterals = (literals, from, redirected) =>
    literals.map(({ text }) => {
      const found = ts.resolveModuleName(text, from, options, host, undefined, redirected);
      const isHidden = found.resolvedModule !== undefined && below(hidden, resolve(found.resolvedModule.resolvedFileName));
      return isHidden ? { resolvedModule: undefined } : found;
    });
  const program = ts.createProgram(rooms.flatMap(sourcesIn), options, host);
  return { program, errors: ts.getPreEmitDiagnostics(program) };
}

const explained = ({ file, messageText }: ts.Diagnostic): string =>
  `${file === undefined ? '' : relative(core, file.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
const isIn = (folders: readonly string[], file: string | undefined): boolean =>
  file !== undefined && folders.some((folder) => below(folder, resolve(file)));

test('there are links to hide', (t) => {
  t.ok(links.includes('rpc'));
  t.end();
});

for (const link of links) {
  test(`the reliable transfer compiles without ${link}`, (t) => {
    const hidden = join(core, 'src/links', link);
    const { program, errors } = compileWithout(hidden);
    const compiled = program.getSourceFiles().map(({ fileName }) => resolve(fileName));
    t.same(
      compiled.filter((file) => below(hidden, file)),
      [],
      'the link is hidden',
    );
    t.ok(compiled.includes(join(core, 'src/links/link.ts')), 'the seam is not');
    t.ok(
      errors.some((error) => /Cannot find module/.test(explained(error))),
      'modules that import it fail',
    );
    t.same(errors.filter(({ file }) => isIn(rooms, file?.fileName)).map(explained), []);
    t.end();
  });
}

/** Words of RPC alone. About links, the reliable transfer uses the words of link.ts: open, send, answer, close, drop. */
const wordsOfRpc = [
  /rpc/i,
  /Mta(Un)?Bind/,
  /MtaSend/,
  /\bbind(s|ing|ings)?\b/i,
  /\bbound\b/i,
  /\bcall(s|ed|er|ing)?\b.{0,20}\bback\b/i,
  /\bassociation groups?\b|\bgroup\b/i,
  /\bdata connections?\b/i,
  /\bcarriers?\b/i,
  /\bendpoints?\b/i,
  /\bdial(s|led|ling)?\b/i,
  /\blisteners?\b/i,
  /\bpdus?\b/i,
  /\bncacn/i,
];

test('the reliable transfer uses no word of RPC', (t) => {
  const sources = rooms.flatMap(sourcesIn);
  t.ok(sources.length > 10);
  for (const file of sources) {
    const said = readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) => (wordsOfRpc.some((word) => word.test(line)) ? [`${index + 1}: ${line.trim()}`] : []));
    t.same(said, [], relative(core, file));
  }
  const texts = join(core, 'src/links/string-binding.ts');
  const rpc = [...sourcesIn(join(core, 'src/links/rpc')), texts].map((file) => readFileSync(file, 'utf8'));
  for (const word of wordsOfRpc)
    t.ok(
      rpc.some((text) => word.test(text)),
      `RPC uses ${word}`,
    );
  t.end();
});
