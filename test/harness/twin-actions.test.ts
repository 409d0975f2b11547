/** An action on a page with a twin: both pairs get it, and what only one of them can do is said. */
import { type PageActions, TwinActions } from '@mtalab/harness/internal';
import { test } from 'tap';

type Values = Readonly<Record<string, unknown>>;

/** Actions of a pair that keep what they were asked for. `cannot`: an action that fails. */
function pairOf(cannot: string) {
  const got: (readonly [string, Values])[] = [];
  const actions = {
    paused: false,
    close: () => undefined,
    carryOut: async (action: string, values: Values) => {
      got.push([action, values]);
      if (action === cannot) throw new Error(`${action} is not possible`);
      return { says: `did ${action}`, shown: `mtalab ${action}` };
    },
  };
  return { actions: actions as unknown as PageActions, got };
}

async function both(first: ReturnType<typeof pairOf>, twin: ReturnType<typeof pairOf>): Promise<TwinActions> {
  const made = new TwinActions(first.actions, async () => twin.actions);
  await made.carryOut('twin', { articles: ['Q166594'] });
  return made;
}

test('without a twin all goes to the pair; a twin starts once, and only where it can', async (t) => {
  const first = pairOf('');
  const alone = new TwinActions(first.actions, null);
  t.match(await alone.carryOut('send', { count: 2 }), { says: 'did send' });
  t.same(first.got, [['send', { count: 2 }]]);
  await t.rejects(alone.carryOut('twin', { articles: ['Q166594'] }), /can have no twin/);
  const made = await both(pairOf(''), pairOf(''));
  await t.rejects(made.carryOut('twin', { articles: ['Q166594'] }), /there is a twin already/);
  await t.rejects(new TwinActions(first.actions, null).carryOut('twin', { articles: [] }), /expected a list of articles/);
});

test('a twin that cannot start leaves room for another try', async (t) => {
  let tries = 0;
  const made = new TwinActions(pairOf('').actions, async () => {
    tries += 1;
    if (tries === 1) throw new Error('no port is free');
    return pairOf('').actions;
  });
  await t.rejects(made.carryOut('twin', { articles: ['Q166594'] }), /no port is free/);
  t.match(await made.carryOut('twin', { articles: ['Q166594'] }), { says: /the twin runs/ });
});

test('both get the same; what one cannot do is said, and what neither can is an error', async (t) => {
  const [first, twin] = [pairOf('drop'), pairOf('hold')];
  const made = await both(first, twin);
  t.same(await made.carryOut('send', { count: 1 }), { says: 'did send, in both pairs', shown: 'mtalab send' });
  t.same(await made.carryOut('drop', {}), {
    says: 'First pair: not possible: drop is not possible. Twin: did drop.',
    shown: '',
    isPartial: true,
  });
  t.match(await made.carryOut('hold', {}), { says: /^First pair: did hold\. Twin: not possible/, shown: 'mtalab hold' });
  t.same(
    twin.got.map(([action]) => action),
    ['send', 'drop', 'hold'],
  );
  await made.carryOut('lessons', {});
  t.equal(twin.got.length, 3, 'lessons are of the page');
  const neither = await both(pairOf('cut'), pairOf('cut'));
  await t.rejects(neither.carryOut('cut', {}), /cut is not possible/);
});

test('a switch keeps the pairs different in the article in which they differ', async (t) => {
  const [first, twin] = [pairOf(''), pairOf('')];
  const made = await both(first, twin);
  await made.carryOut('set', { article: 'Q166594', mode: 'fixed' });
  await made.carryOut('set', { article: 'Q166594', mode: 'legacy', pair: 'second' });
  await made.carryOut('set', { article: 'Q280449', mode: 'legacy' });
  const modes = ({ got }: ReturnType<typeof pairOf>) => got.map(([, { mode }]) => mode);
  t.same(modes(first), ['fixed', 'fixed', 'legacy']);
  t.same(modes(twin), ['legacy', 'legacy', 'legacy']);
});
