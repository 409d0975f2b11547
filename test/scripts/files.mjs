/** Finds the test files. It lists sources, not `dist`, so the compiled remains of a deleted test never run. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const ending = '.test.ts';

function under(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return ['dist', 'node_modules'].includes(entry.name) ? [] : under(join(folder, entry.name));
    return entry.name.endsWith(ending) ? [join(folder, entry.name)] : [];
  });
}

/** Test sources for one argument: a folder, a test's source, or the compiled file of a test. */
function named(argument) {
  const source = relative('', resolve(argument)).replace(`test${sep}dist`, 'test').replace(/\.js$/, '.ts');
  if (!existsSync(source)) throw new Error(`There is no ${argument}. Name test files, or folders of them, such as test/core.`);
  if (statSync(source).isDirectory()) return under(source);
  if (!source.endsWith(ending)) throw new Error(`${argument} is not a test: the names of tests end in ${ending}.`);
  return [source];
}

/** Sources of the tests to run, all of them if none is named. */
export function testSources(chosen) {
  const sources = chosen.length === 0 ? under('test') : chosen.flatMap(named);
  if (sources.length === 0) throw new Error(`No tests in ${chosen.join(', ')}.`);
  return [...new Set(sources)].sort();
}

/** The compiled file of a test. */
export function compiled(source) {
  return source.replace(`test${sep}`, `test${sep}dist${sep}`).replace(/\.ts$/, '.js');
}
