/**
 * Compares two models of the Turn: a second formulation in Promela (turn.pml), which spin searches, and the real core, which the
 * checker searches. Under the abstraction below both must have the same moves.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Association,
  type Carrier,
  type Connection,
  findRow,
  ltabOf,
  type Mta,
  type Pdu,
  start,
  step,
  withEntry,
} from '@mtalab/mta-core';
import { abstractMoves, type CheckedCore, type CheckOptions, check, type SeenConnection, type SeenState } from '@mtalab/proof';
import { test } from 'tap';

const model = resolve('test/promela/turn.pml');
const present = ['spin', 'gcc'].every((tool) => spawnSync(tool, [tool === 'spin' ? '-V' : '--version']).status === 0);
const skip = present ? false : 'spin and gcc are not both here (Debian packages spin and gcc)';

type Moves = ReadonlyMap<string, ReadonlySet<string>>;
type Bounds = { readonly messages: readonly [number, number]; readonly losses: number; readonly legacy: boolean };

const turnLetters = { held: 'h', 'asked-of': 'a', given: 'g', theirs: 't', asking: 'k' };
const stateLetters: Readonly<Record<string, string>> = { calling: 'c', 'calling-back': 'c', open: 'o', lost: 'l' };

/** The letter of a PDU in turn.pml: only what matters to the Turn. */
function letter(pdu: Pdu | null): string {
  if (pdu === null) return '#';
  if (pdu.type !== 'request' && pdu.type !== 'response') return `(${pdu.type})`;
  const { body } = pdu;
  if (body.op === 'MtaBind') {
    if ('rtorq' in body) return body.rtorq.turn === 'initiator' ? 'I' : 'R';
    return body.apdu.kind === 'rtoac' ? 'a' : 'r';
  }
  if (body.op === 'MtaBindBack') return 'accepted' in body ? (body.accepted ? 'Y' : 'N') : 'y';
  if (body.op !== 'MtaSend') return `(${body.op})`;
  const letters: Readonly<Record<string, string>> = {
    'turn-please': 'P',
    'please-noted': 'n',
    'turn-give': 'G',
    'turn-give-ack': 'g',
    rttr: 'T',
    confirm: 'c',
  };
  return letters[body.apdu.kind] ?? `(${body.apdu.kind})`;
}

function onlyAssociation(mta: Mta): Association | undefined {
  return ltabOf(mta)[0]?.associations[0];
}

function onlyCarrier(mta: Mta): Carrier | undefined {
  return findRow(mta.rpc.carriers, onlyAssociation(mta)?.id ?? -1);
}

/** States beyond the life of the first association, or without a data connection: turn.pml omits them. */
function isOutside({ mtas, connections }: SeenState): boolean {
  const [a, b] = mtas.map(onlyAssociation);
  if (a === undefined)
    return b !== undefined || connections.length > 0 || mtas.some((mta) => ltabOf(mta)[0]?.openRetryAtMs !== null);
  if (!a.name.startsWith('A/') || mtas.some((mta) => (ltabOf(mta)[0]?.associations.length ?? 0) > 1)) return true;
  const bound = connections.some(
    ({ serverUp, toServer }) => serverUp && toServer.some((pdu) => letter(pdu) === 'I' || letter(pdu) === 'R'),
  );
  if (b === undefined) return !bound;
  if (b.name !== a.name) return true;
  if (mtas.some((mta) => onlyCarrier(mta)?.ownData.state === 'refused')) return true;
  return [a, b].some(({ state, wantsClose }) => wantsClose || state === 'closing');
}

function sideText({ mtas, unsubmitted }: SeenState, at: number): string {
  const mta = mtas[at] as Mta;
  const association = onlyAssociation(mta);
  const queued = ltabOf(mta)[0]?.queued ?? 0;
  if (association === undefined) return `n0h0${queued}0${unsubmitted[at]}`;
  const { state, recovery, turn, transfers } = association;
  const carrier = onlyCarrier(mta);
  const inTransfer = transfers.size;
  const shown = state === 'opening' || state === 'answering' ? (carrier?.phase ?? state) : state;
  const letters = `${stateLetters[shown] ?? shown}${recovery}${turnLetters[turn]}`;
  return `${letters}${inTransfer}${queued - inTransfer}${carrier?.ownData.state === 'none' ? 0 : 1}${unsubmitted[at]}`;
}

function connectionText({ mtas }: SeenState, seen: SeenConnection): string | null {
  const toServer = seen.toServer.map(letter).join('');
  const [client, server] = [onlyAssociation(mtas[seen.client] as Mta), onlyAssociation(mtas[seen.server] as Mta)];
  const [firstKind, dataKind] = seen.client === 0 ? ['F', 'P'] : ['K', 'Q'];
  const row: Connection | undefined = seen.serverUp
    ? findRow((mtas[seen.server] as Mta).rpc.connections, seen.serverConn)
    : undefined;
  const owned = row !== undefined && row.owner !== null;
  let kind = firstKind;
  let recovery: number | undefined;
  if (seen.clientUp) {
    recovery = client?.recovery;
    if (onlyCarrier(mtas[seen.client] as Mta)?.ownFirst !== seen.clientConn) kind = dataKind;
  } else if (owned || (row !== undefined && row.group === onlyCarrier(mtas[seen.server] as Mta)?.peerGroup?.group)) {
    recovery = server?.recovery;
    if (onlyCarrier(mtas[seen.server] as Mta)?.peerFirst !== seen.serverConn) kind = dataKind;
  } else {
    // The client has abandoned it before the server has read its purpose.
    const { body } = (seen.toServer[0] ?? {}) as Partial<Extract<Pdu, { type: 'request' }>>;
    if (body?.op === 'MtaBind') recovery = body.rtorq.recovery;
    else if (body?.op === 'MtaBindBack') recovery = body.recovery;
    else return toServer === '' ? null : `x${kind}`;
  }
  const ends = `${seen.phase === 'up' ? 'u' : 'l'}${seen.clientUp ? 1 : 0}${seen.serverUp ? (owned ? 2 : 1) : 0}`;
  return `${recovery}${kind}${ends}>${toServer}<${seen.toClient.map(letter).join('')}`;
}

/** The state of the checker in the notation of turn.pml. */
function abstraction(state: SeenState): string | null {
  if (isOutside(state)) return null;
  const b = onlyAssociation(state.mtas[1] as Mta);
  const statedTurn = b?.statedTurn ?? null;
  const stated = statedTurn === null ? '-' : statedTurn === 'theirs' ? 'I' : 'R';
  const held = (onlyCarrier(state.mtas[0] as Mta)?.held ?? []).map(({ argument }) =>
    letter({ type: 'request', call: 0, context: 0, opnum: 0, body: argument }),
  );
  const connections = state.connections
    .filter(({ clientUp, serverUp }) => clientUp || serverUp)
    .flatMap((connection) => connectionText(state, connection) ?? [])
    .sort();
  return ranked(
    [`${sideText(state, 0)} ${sideText(state, 1)} ${stated}${held.join('')}${state.losses}`, ...connections].join(' '),
  );
}

function optionsOf({ messages, losses, legacy }: Bounds): CheckOptions {
  const articles = legacy ? ['Q166594'] : [];
  return { messages, losses, threshold: 50, symmetry: false, eager: false, legacy: articles };
}

/** The moves of the checker, with this core. */
function checked(bounds: Bounds, core: CheckedCore = { start, step }): { readonly states: number; readonly edges: Moves } {
  return abstractMoves({ ...optionsOf(bounds), core }, abstraction);
}

type Spun = { readonly states: number; readonly errors: number; readonly edges: Moves; readonly said: string };

/** Runs spin on the model, without any reduction that could omit a move. */
function spun({ messages, losses, legacy }: Bounds): Spun {
  const folder = mkdtempSync(join(tmpdir(), 'mtalab-promela-'));
  const run = (command: string, ...args: string[]): string => {
    const done = spawnSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 29, timeout: 120_000 });
    if (done.status !== 0)
      throw new Error(`${command} ${args.join(' ')}: ${done.error?.message ?? ''}${done.stdout}${done.stderr}`);
    return done.stdout;
  };
  try {
    const bounds = [`-DMAIL_A=${messages[0]}`, `-DMAIL_B=${messages[1]}`, `-DLOSSES=${losses}`];
    run('spin', ...bounds, ...(legacy ? ['-DLEGACY'] : []), '-a', model);
    run('gcc', '-w', '-O0', '-DNOREDUCE', '-o', 'pan', 'pan.c');
    // Spin counts all errors, and none ends the search.
    const out = run('./pan', '-c0', '-m1000000');
    const edges = new Map<string, Set<string>>();
    for (const [, before = '', after = ''] of out.matchAll(/^EDGE (.*)\|(.*)$/gm)) {
      const [from, to] = [ranked(before), ranked(after)];
      if (from === to) continue;
      const known = edges.get(from);
      if (known === undefined) edges.set(from, new Set([to]));
      else known.add(to);
    }
    const said = out.replace(/^EDGE .*\n/gm, '');
    if (/max search depth too small/.test(said)) throw new Error('the search of spin was cut short');
    const states = Number(/(\d+) states, stored/.exec(said)?.[1]);
    return { states, errors: Number(/errors: (\d+)/.exec(said)?.[1]), edges, said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of recovery numbers only the order matters: replaces them by their ranks, as the checker's fingerprints do. */
function ranked(text: string): string {
  const words = text.split(' ');
  // The first two words are the sides; a stray connection has no number.
  const at = (word: string, index: number): number | null =>
    index < 2 ? (word.startsWith('n') ? null : 1) : index > 2 && /^\d/.test(word) ? 0 : null;
  const numbers = words.flatMap((word, index) => word[at(word, index) ?? word.length] ?? []);
  const ranks = [...new Set(numbers)].sort();
  return words
    .map((word, index) => {
      const place = at(word, index);
      return place === null ? word : `${word.slice(0, place)}${ranks.indexOf(word[place] ?? '')}${word.slice(place + 1)}`;
    })
    .join(' ');
}

function listed(edges: Moves): string[] {
  return [...edges].flatMap(([from, targets]) => [...targets].map((to) => `${from}  ->  ${to}`)).sort();
}

/** The abstract states at the two ends of every move. */
function ends(edges: Moves): ReadonlySet<string> {
  return new Set([...edges].flatMap(([from, targets]) => [from, ...targets]));
}

/** Nothing is under way, every connection is up, and neither side holds the Turn. */
const nobodyHolds = /^o\d[gtk]\S* o\d[gtk]\S* \S+( \d[FKPQ]u1[12]><)*$/;

/** Number of moves on the shortest path from the start to a matching abstract state; null if there is none. */
function shortest(edges: Moves, start: string, wanted: RegExp): number | null {
  const seen = new Set([start]);
  let level = [start];
  for (let moves = 0; level.length > 0; moves += 1) {
    if (level.some((text) => wanted.test(text))) return moves;
    level = level.flatMap((text) => [...(edges.get(text) ?? [])]).filter((text) => !seen.has(text) && seen.add(text));
  }
  return null;
}

const bounded: readonly Bounds[] = [
  { messages: [1, 0], losses: 1, legacy: false },
  { messages: [1, 1], losses: 1, legacy: false },
  { messages: [2, 1], losses: 1, legacy: false },
  { messages: [1, 1], losses: 2, legacy: false },
  { messages: [1, 1], losses: 1, legacy: true },
];

for (const bounds of bounded) {
  const { messages, losses, legacy } = bounds;
  const name = `${messages.join(' and ')} messages, ${losses} losses${legacy ? ', Q166594' : ''}`;
  test(`the same moves in both models: ${name}`, { skip }, async (t) => {
    const [ours, theirs] = [checked(bounds), spun(bounds)];
    const [mine, other] = [listed(ours.edges), listed(theirs.edges)];
    const [mineSet, otherSet] = [new Set(mine), new Set(other)];
    t.comment(
      `${ours.states} states here, ${theirs.states} in spin; ${ends(ours.edges).size} abstract states, ${mine.length} moves`,
    );
    t.ok(mine.length > 50);
    t.same(
      mine.filter((edge) => !otherSet.has(edge)).slice(0, 10),
      [],
      'each move of the checker is one of the model in Promela',
    );
    t.same(
      other.filter((edge) => !mineSet.has(edge)).slice(0, 10),
      [],
      'each move of the model in Promela is one of the checker',
    );
    const lost = shortest(theirs.edges, `n0h000${messages[0]} n0h000${messages[1]} -${losses}`, nobodyHolds);
    if (legacy) {
      t.ok(theirs.errors > 0, 'spin finds that the Turn gets lost');
      const told = check(optionsOf(bounds)).properties.find(({ rule }) => rule === 'holder-after-faults');
      t.equal(lost, told?.counterexample?.moves, 'the shortest way there is as long as the one the checker tells');
    } else t.equal(lost, null);
    if (!legacy) t.equal(theirs.errors, 0, 'spin: every assertion holds');
  });
}

/** The core, except that it does not wait for the acknowledgement of a Turn-Give. */
const hasty: CheckedCore = {
  start,
  step: (mta, input, nowMs) => {
    const stepped = step(mta, input, nowMs);
    const acknowledged = (each: Association): Association => (each.turn === 'given' ? { ...each, turn: 'theirs' } : each);
    const hurried = ltabOf(stepped.mta).map((entry) => ({ ...entry, associations: entry.associations.map(acknowledged) }));
    return { ...stepped, mta: hurried.reduce(withEntry, stepped.mta) };
  },
};

test('the model exposes a core with other moves', { skip }, async (t) => {
  const bounds: Bounds = { messages: [1, 1], losses: 0, legacy: false };
  const wanted = listed(spun(bounds).edges);
  t.same(listed(checked(bounds).edges), wanted);
  const other = new Set(listed(checked(bounds, hasty).edges));
  t.ok(
    wanted.some((edge) => !other.has(edge)),
    'moves are missing',
  );
  t.ok(other.size > 0 && [...other].some((edge) => !wanted.includes(edge)), 'others are there that should not be');
});
