/** Everything that the library exports has a docstring, and so has each member of its classes and of its option types. */
import { resolve } from 'node:path';
import { test } from 'tap';
import ts from 'typescript';

function isDocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  return (
    ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '' || symbol.getJsDocTags(checker).length > 0
  );
}

/** The members that a reader sees: of a class, and of an object type that is written out. */
function membersOf(symbol: ts.Symbol): readonly ts.Symbol[] {
  const own = [...(symbol.members?.values() ?? [])];
  const literal = symbol.declarations?.flatMap((each) =>
    ts.isTypeAliasDeclaration(each) && ts.isTypeLiteralNode(each.type) ? each.type.members : [],
  );
  const written = (literal ?? []).map((member) => (member as unknown as { readonly symbol: ts.Symbol }).symbol);
  const isPublic = ({ name, declarations }: ts.Symbol): boolean =>
    !/^(__constructor|__type|#|prototype)/.test(name) &&
    (declarations ?? []).every(
      (each) => !(ts.getCombinedModifierFlags(each) & ts.ModifierFlags.Private) && !/^#private/.test(each.getText()),
    );
  return [...own, ...written].filter(isPublic);
}

const entries = {
  cli: resolve('packages/cli/dist/index.d.ts'),
  harness: resolve('packages/harness/dist/index.d.ts'),
  transport: resolve('packages/transport/dist/index.d.ts'),
};
/** What the library does not export by name, but gives or takes. */
const reached = { harness: ['LabOptions', 'FaultProxy'], transport: ['ControlClient', 'LabClock'] };

test('the library has docstrings', (t) => {
  const options = { module: ts.ModuleKind.NodeNext, noLib: true, types: [], skipLibCheck: true };
  const program = ts.createProgram(Object.values(entries), options);
  const checker = program.getTypeChecker();
  const exportsOf = (file: string): readonly ts.Symbol[] => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    return module === undefined ? [] : checker.getExportsOfModule(module);
  };
  const exported = [
    ...exportsOf(entries.cli),
    ...exportsOf(entries.harness).filter(({ name }) => reached.harness.includes(name)),
    ...exportsOf(entries.transport).filter(({ name }) => reached.transport.includes(name)),
  ];
  t.ok(exported.length > 44, `${exported.length} exports`);
  const lacking: string[] = [];
  let members = 0;
  for (const each of exported) {
    const symbol = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each;
    if (!isDocumented(symbol, checker)) lacking.push(each.name);
    for (const member of membersOf(symbol)) {
      members += 1;
      if (!isDocumented(member, checker)) lacking.push(`${each.name}.${member.name}`);
    }
  }
  t.ok(members > 200, `${members} members`);
  t.same(lacking, []);
  t.end();
});
