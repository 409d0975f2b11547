/** Trees of rows against the simplest thing that does the same: a map, sorted whenever it is looked at. */
import { dropRow, dueRows, emptyTree, findRow, firstRow, putRow, rowsIn, type Tree, treeOf } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';

type Row = { readonly id: number; readonly dueMs: number | null };
const dueOf = ({ dueMs }: Row): number | null => dueMs;

const instants = fc.option(fc.integer({ min: 0, max: 9 }), { nil: null });
/** Many ids, so that leaves split, and few, so that rows are replaced and dropped. */
const ids = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 }));
const acts = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ act: fc.constant('put' as const), id: ids, dueMs: instants }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('drop' as const), id: ids }) },
    {
      weight: 2,
      arbitrary: fc.record({ act: fc.constant('append' as const), count: fc.integer({ min: 1, max: 50 }), dueMs: instants }),
    },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('drop-first' as const), count: fc.integer({ min: 1, max: 60 }) }) },
  ),
  { maxLength: 60 },
);

function frozen(tree: Tree<Row>): Tree<Row> {
  Object.freeze(tree.rows);
  Object.freeze(tree.children);
  for (const child of tree.children) frozen(child);
  return Object.freeze(tree);
}

/** What must hold of every node. */
function unsound({ low, size, rows, children }: Tree<Row>): string | null {
  if (rows.length > 32 || children.length > 32) return 'a node is too large';
  if (rows.length > 0 && children.length > 0) return 'a node is leaf and branch';
  if (children.length === 1) return 'a branch has one child';
  if (low !== (rows[0]?.id ?? children[0]?.low ?? 0)) return 'a node has another lowest id';
  if (size !== rows.length + children.reduce((sum, child) => sum + child.size, 0)) return 'a node counts its rows wrongly';
  return children.map(unsound).find((found) => found !== null) ?? null;
}

test('a tree does what a map does, whatever is done to it, and leaves what it was', (t) => {
  fc.assert(
    fc.property(acts, (list) => {
      let tree = frozen(emptyTree<Row>());
      const model = new Map<number, Row>();
      const put = (row: Row): void => {
        tree = frozen(putRow(tree, Object.freeze(row), dueOf));
        model.set(row.id, row);
      };
      const drop = (id: number): void => {
        tree = frozen(dropRow(tree, id, dueOf));
        model.delete(id);
      };
      for (const act of list) {
        if (act.act === 'put') put({ id: act.id, dueMs: act.dueMs });
        else if (act.act === 'drop') drop(act.id);
        else if (act.act === 'append') {
          const from = Math.max(0, ...model.keys());
          for (let index = 1; index <= act.count; index += 1) put({ id: from + index, dueMs: act.dueMs });
        } else for (let count = 0; count < act.count; count += 1) drop(firstRow(tree)?.id ?? 0);
        const rows = [...model.values()].sort((one, other) => one.id - other.id);
        const due = rows.flatMap(({ dueMs }) => dueMs ?? []);
        if (unsound(tree) !== null) throw new Error(unsound(tree) ?? '');
        if (JSON.stringify(rowsIn(tree)) !== JSON.stringify(rows)) throw new Error('other rows');
        if (firstRow(tree) !== rows[0]) throw new Error('another first row');
        if (tree.dueMs !== (due.length === 0 ? null : Math.min(...due))) throw new Error(`${tree.dueMs} is not the earliest`);
        const fives = rows.filter(({ dueMs }) => dueMs !== null && dueMs <= 5);
        if (JSON.stringify(dueRows(tree, 5, dueOf)) !== JSON.stringify(fives)) throw new Error('other rows are due');
        for (const id of [0, 1, 20, 4999, rows.at(-1)?.id ?? 7])
          if (findRow(tree, id) !== model.get(id)) throw new Error(`row ${id}`);
      }
    }),
    { numRuns: 300 },
  );
  t.pass('as a map');
  t.end();
});

test('a tree of many rows is shallow, and a change shares all but a path', (t) => {
  const many = treeOf(Array.from({ length: 20_000 }, (_, index): Row => ({ id: index + 1, dueMs: null })));
  const nodesOf = (tree: Tree<Row>): Tree<Row>[] => [tree, ...tree.children.flatMap(nodesOf)];
  const before = new Set(nodesOf(many));
  const made = nodesOf(putRow(many, { id: 12_345, dueMs: 3 }, dueOf)).filter((node) => !before.has(node));
  t.ok(made.length <= 4, `${made.length} new nodes of ${before.size}`);
  t.equal(made[0]?.dueMs, 3);
  t.end();
});
