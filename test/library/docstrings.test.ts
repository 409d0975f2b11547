/** Everything that the library exports has a docstring, and so has each member of its classes and of its option types. */
import { resolve } from 'node:path';
import { test } from 'tap';
import ts from 'typescript';

const entry = resolve('packages/cli/dist/index.d.ts');

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

test('the library has docstrings', (t) => {
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, noLib: true, types: [], skipLibCheck: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = module === undefined ? [] : checker.getExportsOfModule(module);
  t.ok(exported.length > 40, `${exported.length} exports`);
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
  t.ok(members > 100, `${members} members`);
  t.same(lacking, []);
  t.end();
});
