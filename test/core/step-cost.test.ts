/** A step copies what it changes and nothing else, however many adjacent MTAs there are. */
import { type LtabEntry, ltabOf, type Mta, nextDeadline, start, step, type Tree } from '@mtalab/mta-core';
import { test } from 'tap';
import { usualConfig } from '../support/pure-config.js';

const nowMs = 1_000_000;
const others = Array.from({ length: 1000 }, (_, index) => `P${index}`);

/** An MTA with 1,000 adjacent MTAs that runs and has one message on its way to disk for the last of them. */
function running(): Mta {
  const recovered = { incarnation: 1, storeUuid: 'store', clean: true, messages: [], received: [] };
  const begun = start(usualConfig('A', ['A', ...others], {}, []), recovered, nowMs);
  const up = step(begun.mta, { type: 'listening', link: 'rpc', binding: 0, port: 5001 }, nowMs).mta;
  const submission = {
    submissionId: 's1',
    originator: 'user@a.example',
    recipients: ['user@p999.example'],
    priority: 'normal',
    contentType: 'message/rfc822',
    sizeBytes: 100,
    content: 1,
  } as const;
  return step(up, { type: 'submit', submission }, nowMs).mta;
}

function nodesOf(tree: Tree<LtabEntry>): readonly Tree<LtabEntry>[] {
  return [tree, ...tree.children.flatMap(nodesOf)];
}

test('with 1,000 adjacent MTAs a step copies one entry and the path to it', (t) => {
  const before = running();
  const { mta: after, effects } = step(before, { type: 'stored', token: before.nextToken - 1 }, nowMs);
  t.ok(
    effects.some(({ type }) => type === 'dial'),
    'the step opens an association',
  );
  const [was, is] = [ltabOf(before), ltabOf(after)];
  t.same(
    is.filter((entry, index) => entry !== was[index]).map(({ name }) => name),
    ['P999'],
  );
  const old = new Set(nodesOf(before.ltab));
  t.equal(nodesOf(before.ltab).length > 30, true);
  t.ok(nodesOf(after.ltab).filter((node) => !old.has(node)).length <= 2);
  t.end();
});

test('the next deadline is read from the roots of the tables', (t) => {
  const before = running();
  const { mta } = step(before, { type: 'stored', token: before.nextToken - 1 }, nowMs);
  const blind = <T extends object>(tree: T): T => ({
    ...tree,
    get children(): never {
      throw new Error('a table is searched');
    },
  });
  const expected = nextDeadline(mta);
  t.type(expected, 'number');
  t.equal(nextDeadline({ ...mta, ltab: blind(mta.ltab) }), expected);
  t.end();
});
