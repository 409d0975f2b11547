/** Every kind of link keeps the contract of `links/link.ts`. `UPDATE=1` rewrites the outcomes to those of the last kind. */
import { type AssociationView, type LinkKind, viewAssociations } from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab, withLink } from '../support/purelab.js';
import { testStories } from '../support/stories.js';
import { leftOver, loseAt, moments, outcomeOn } from './link-contract.js';

const kinds: readonly LinkKind[] = ['rpc', 'x400', 'memory'];

for (const kind of kinds) {
  testStories(
    'test/core/links',
    (text) => outcomeOn(kind, text),
    (t, seen) => t.notMatch(seen, /NEVER REACHED/),
    kind,
  );

  test(`${kind}: the view of an association during its opening, a transfer and a loss`, (t) => {
    const lab = new PureLab(['A', 'B'], {}, {}, withLink(kind));
    const shown = (): AssociationView | undefined => viewAssociations(lab.mta('A'))[0];
    lab.heldStores.add('B');
    lab.submit('A', 'm1', ['x@b.example']);
    const states = [shown()?.state];
    while (lab.deliverOne()) if (shown()?.state !== states.at(-1)) states.push(shown()?.state);
    t.same(states, ['dialling', 'calling', 'open']);
    t.match(shown(), { dataConnection: 'bound', openByMs: null, endpoint: String });
    t.ok((shown()?.connections ?? 0) > 0);
    lab.unreachable.add('B');
    lab.cutAll();
    t.match(shown(), { state: 'lost', connections: 0, dataConnection: 'none', openByMs: null });
    t.end();
  });

  for (const moment of moments) {
    for (const when of ['before', 'after'] as const) {
      test(`${kind}: all connections are lost ${when} the ${moment.kind} from ${moment.from}`, (t) => {
        const { fate, lab } = loseAt(kind, moment, when);
        t.equal(fate, moment[when]);
        t.same(lab.deliveries.map(({ mailbox }) => mailbox).sort(), ['x@a.example', 'x@b.example']);
        t.equal(leftOver(lab), 0);
        t.end();
      });
    }
  }
}

/** A and B are joined by the memory link, B and C by RPC. */
function chain(linkAtB: LinkKind): PureLab {
  const linkTo = (name: string, peer: string): LinkKind => {
    if (name === 'B' && peer === 'A') return linkAtB;
    return name === 'C' || peer === 'C' ? 'rpc' : 'memory';
  };
  return new PureLab(['A', 'B', 'C'], {}, {}, (config) => ({
    ...config,
    peers: config.peers.map((peer) => ({ ...peer, link: linkTo(config.name, peer.name) })),
    routes: config.name === 'B' ? config.routes : [{ domain: '*', mta: 'B' }],
  }));
}

test('an MTA with links of two kinds forwards mail from one to the other', (t) => {
  const lab = chain('memory');
  const links: string[] = [];
  lab.hooks.onDial = ({ from, to, link }) => void links.push(`${from}-${to} ${link}`);
  lab.submit('A', 'm1', ['x@c.example']);
  lab.settle();
  lab.submit('C', 'm2', ['x@a.example']);
  lab.settle();
  t.same(
    lab.deliveries.map(({ node, mailbox }) => `${node} ${mailbox}`),
    ['C x@c.example', 'A x@a.example'],
  );
  t.same([...new Set(links)].sort(), ['A-B memory', 'B-C rpc', 'C-B rpc']);
  lab.pass(3_600_000);
  t.equal(leftOver(lab), 0);
  t.end();
});

test('an MTA refuses an RTORQ over a link that is not configured, like that of a stranger', (t) => {
  const lab = chain('rpc');
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  t.equal(lab.deliveries.length, 0);
  t.match(
    lab.events.filter(({ node, event }) => node === 'B' && event.id === 51),
    [{ event: { params: { mtaName: 'A' } } }],
  );
  t.equal(leftOver(lab), 0);
  t.end();
});
