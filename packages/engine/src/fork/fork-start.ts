/** Puts what is under way at an instant of a recording into an engine: states, stores, connections, PDUs. */
import {
  contentIn,
  type Envelope,
  frontOf,
  type LinkFrame,
  ltabOf,
  type Mta,
  type MtaConfig,
  rowsIn,
  rowsOf,
  shiftCopy,
} from '@mtalab/mta-core';
import {
  type Instant,
  type InstantConnection,
  type InstantEnd,
  InstantError,
  type InstantMta,
  type WriteEffect,
} from '@mtalab/trace';
import type { Place } from '../connection.js';
import type { Engine } from '../engine.js';
import type { VirtualNode } from '../node.js';
import type { Content } from '../virtual-store.js';

/** WSAECONNRESET. */
const connectionReset = 10054;

/** A fork starts no process, so this only names the MTA. */
export function configOfState({
  name,
  version,
  build,
  bindings,
  cluster,
  mapperPort,
  advertise,
  settings,
  localDomains,
  legacy,
}: Mta): MtaConfig {
  return {
    name,
    version,
    build,
    bindings,
    cluster,
    mapperPort,
    advertise,
    settings,
    localDomains,
    legacy,
    peers: [],
    routes: [],
  };
}

/** The name of a content: its digest, by which the receiver checks it. */
function contentOf({ digest, mtsId, sizeBytes }: Envelope): Content {
  return { name: digest === '' ? mtsId : digest, sizeBytes };
}

type Held = { readonly content: number; readonly envelope: Envelope };

/** Every copy of an MTA whose envelope is in its memory. @throws InstantError if there are others. */
function copiesOf(mta: Mta): readonly Held[] {
  const held: Held[] = [];
  for (const { name, queues, waiting, associations } of ltabOf(mta)) {
    for (const queue of Object.values(queues)) {
      if (queue.parked > 0)
        throw new InstantError(
          `${mta.name} has ${queue.parked} messages for ${name} on disk that are not in its memory: too many for a fork`,
        );
      for (let rest = queue, copy = frontOf(rest); copy !== undefined; rest = shiftCopy(rest), copy = frontOf(rest))
        held.push(copy);
    }
    held.push(...rowsIn(waiting), ...associations.flatMap(({ transfers }) => rowsIn(transfers).map(({ copy }) => copy)));
  }
  const { queue, delivering, waiting } = mta.mailboxes;
  return [...held, ...rowsOf(queue), ...delivering, ...rowsIn(waiting)];
}

function fillStore({ store }: VirtualNode, mta: Mta): void {
  store.incarnation = mta.incarnation;
  store.clean = false;
  for (const { content, envelope } of copiesOf(mta)) store.contents.set(content, contentOf(envelope));
  for (const { incoming } of ltabOf(mta))
    for (const { content, envelope, kept } of incoming)
      store.contents.set(content, { name: contentOf(envelope).name, sizeBytes: kept });
}

/** The envelope that a content of a write belongs to. */
function envelopeOf(mta: Mta, effect: Extract<WriteEffect, { type: 'store' }>, content: number): Envelope | undefined {
  const accepted = effect.accept.find((each) => each.content === content);
  if (accepted !== undefined) return accepted.envelope;
  return ltabOf(mta)
    .flatMap(({ incoming }) => incoming)
    .find((each) => each.content === content)?.envelope;
}

/** A write as the virtual store takes it: octets are named by their content, not by the place where a driver has put them. */
function virtualWrite({ store }: VirtualNode, mta: Mta, effect: WriteEffect): WriteEffect {
  if (effect.type === 'forget') return effect;
  const isRendered = (content: number): boolean => effect.render?.content === content;
  for (const { content, envelope } of effect.accept) {
    const first = effect.segments.find((each) => each.content === content);
    const known = contentOf(envelope);
    if (first === undefined) {
      if (!isRendered(content)) store.contents.set(content, known);
    } else if (first.offset > 0) store.contents.set(content, { name: known.name, sizeBytes: first.offset });
  }
  const segments = effect.segments.map(({ content, offset, handle }) => {
    const envelope = envelopeOf(mta, effect, content);
    const name = envelope === undefined ? (store.contents.get(content)?.name ?? '') : contentOf(envelope).name;
    return { content, offset, handle: { length: handle.length, ref: `${name}:${offset}` } };
  });
  return { ...effect, segments };
}

/** A content that only a PDU under way still names. The receiver does not look at it. */
function nameContent({ store }: VirtualNode, frame: LinkFrame): void {
  const handle = contentIn(frame);
  if (handle?.content === undefined || store.contents.has(handle.content)) return;
  store.contents.set(handle.content, {
    name: `content ${handle.content}`,
    sizeBytes: (handle.offset ?? 0) + handle.length,
  });
}

function resume(engine: Engine, node: VirtualNode, { mta, n, nextAccepted, writes }: InstantMta): void {
  Object.assign(node, { mta, up: true, steps: n, nextAccepted });
  fillStore(node, mta);
  for (const write of writes) engine.job(node, virtualWrite(node, mta, write));
  for (const { id } of mta.mailboxes.delivering) engine.inputLater(node, { type: 'delivered', copy: id }, 0);
}

function lose(engine: Engine, node: VirtualNode, conn: number): void {
  engine.inputLater(node, { type: 'lost', conn, error: connectionReset }, 0);
}

/** Goes on with a connection that the peer has not accepted: a proxy may have accepted it in its place. */
function reach(engine: Engine, node: VirtualNode, { dial, isUp }: InstantConnection): void {
  if (dial === null) return;
  if (!isUp) {
    engine.network.dial(node, dial);
    return;
  }
  const route = engine.policy.route(node, dial);
  if (!('node' in route)) {
    lose(engine, node, dial.conn);
    return;
  }
  const { node: server, binding, remote } = route;
  const conn = server.nextAccepted;
  server.nextAccepted += 2;
  engine.network.adopt({ node, conn: dial.conn }, { node: server, conn });
  engine.inputLater(server, { type: 'accepted', link: dial.link, conn, binding, remote }, 0);
}

/**
 * Makes the nodes of an engine what the MTAs were at an instant.
 * @throws InstantError if that is not possible.
 */
export function startFrom(engine: Engine, { mtas, connections, pdus, lost }: Instant): void {
  const nodes = new Map(engine.nodes.map((node) => [node.name, node]));
  const placeOf = ({ node, conn }: InstantEnd): Place => ({ node: nodes.get(node) as VirtualNode, conn });
  const { network } = engine;
  for (const known of mtas) resume(engine, nodes.get(known.node) as VirtualNode, known);
  for (const connection of connections) {
    const client = placeOf(connection.client);
    if (connection.server === null) {
      reach(engine, client.node, connection);
      continue;
    }
    network.adopt(client, placeOf(connection.server));
    if (!connection.isUp) engine.inputLater(client.node, { type: 'connected', conn: client.conn }, 0);
  }
  for (const { from, frame } of pdus) {
    const { node } = placeOf(from);
    nameContent(node, frame);
    network.frame(node, frame);
  }
  for (const { client, server, closedBy } of connections) {
    if (closedBy === null || server === null) continue;
    const { node, conn } = placeOf(closedBy === 'client' ? client : server);
    network.close(node, conn);
  }
  for (const { node, conn } of lost.map(placeOf)) lose(engine, node, conn);
  for (const node of nodes.values()) engine.jump(node, 0);
}
