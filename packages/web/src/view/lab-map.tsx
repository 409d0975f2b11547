/** The map of a lab with more than two MTAs. The drawing is for the eye and the mouse; the list beside it is for everyone. */

import type { LadderLine, NodeAt } from '@mtalab/trace';
import { useMemo, useRef, useState } from 'preact/hooks';
import { kindWords, type LinkKind, type MapLink, type MapNode, mapOf, mapSize } from '../model/map.js';
import type { Picture } from '../model/picture.js';
import './lab-map.css';

export type LabMapProps = {
  /** Of all MTAs. */
  readonly picture: Picture;
  readonly nodes: readonly NodeAt[];
  readonly lines: readonly LadderLine[];
  /** The instant that is shown is past. */
  readonly isPast: boolean;
  /** Opens the ladder of a link. */
  readonly onOpen: (one: string, other: string) => void;
};

type Ends = readonly [MapNode, MapNode];

/** Where the words of a link stand. Lines across the map cross in its middle, so theirs stand nearer to one end. */
function labelPlace([one, other]: Ends): { readonly x: number; readonly y: number } {
  const crosses = Math.abs((one.x + other.x) / 2 - mapSize.width / 2) + Math.abs((one.y + other.y) / 2 - mapSize.height / 2) < 40;
  const share = crosses ? 0.34 : 0.5;
  return { x: one.x + (other.x - one.x) * share, y: one.y + (other.y - one.y) * share };
}

function Link({ link, ends, isNear, onOpen }: { link: MapLink; ends: Ends; isNear: boolean; onOpen: () => void }) {
  const [one, other] = ends;
  const at = labelPlace(ends);
  const [trouble] = link.troubles;
  const line = { x1: one.x, y1: one.y, x2: other.x, y2: other.y };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list beside the drawing takes the keys
    <g class={`link ${link.kind} ${trouble === undefined ? '' : 'trouble'} ${isNear ? 'near' : ''}`} onClick={onOpen}>
      <line class="reach" {...line} />
      <line {...line} />
      {link.kind === 'x400' && <line class="core" {...line} />}
      <text x={at.x} y={at.y - 6}>
        {kindWords[link.kind]}
      </text>
      {trouble !== undefined && (
        <text class="word" x={at.x} y={at.y + 16}>
          ⚠ {trouble.word}
          {link.troubles.length > 1 ? ` +${link.troubles.length - 1}` : ''}
        </text>
      )}
    </g>
  );
}

function Node({ node }: { readonly node: MapNode }) {
  const { nodeWidth: width, nodeHeight: height } = mapSize;
  return (
    <g class={`node ${node.isUp ? '' : 'down'} ${node.isFull ? 'trouble' : ''}`}>
      <rect x={node.x - width / 2} y={node.y - height / 2} width={width} height={height} rx="6" />
      <text class="name" x={node.x} y={node.y - 8}>
        {node.name}
      </text>
      <text class="figures" x={node.x} y={node.y + 18}>
        {node.isUp ? `${node.isFull ? '⚠ ' : ''}${node.queued} queued` : '✕ down'}
      </text>
    </g>
  );
}

function linkText({ left, right, kind, open, queued }: MapLink): string {
  const associations = `${open} association${open === 1 ? '' : 's'} open`;
  return `${kindWords[kind]}, ${associations}, queued ${queued[0]} at ${left}, ${queued[1]} at ${right}`;
}

export function LabMap({ picture, nodes, lines, isPast, onOpen }: LabMapProps) {
  const known = useRef(new Map<string, LinkKind>());
  const [near, setNear] = useState<MapLink['left'] | null>(null);
  const map = useMemo(() => mapOf({ picture, nodes, lines }, known.current), [picture, nodes, lines]);
  const nodeNamed = (name: string): MapNode => map.nodes.find((each) => each.name === name) as MapNode;
  const keyOf = ({ left, right }: MapLink): string => `${left} ${right}`;
  const bad = map.links.filter(({ troubles }) => troubles.length > 0).length;
  const down = map.nodes.filter(({ isUp }) => !isUp).map(({ name }) => name);
  return (
    <main class="map">
      <section class="drawing" aria-label="Map of the lab">
        <svg viewBox={`0 0 ${mapSize.width} ${mapSize.height}`} aria-hidden="true">
          {map.links.map((link) => (
            <Link
              key={keyOf(link)}
              link={link}
              ends={[nodeNamed(link.left), nodeNamed(link.right)]}
              isNear={near === keyOf(link)}
              onOpen={() => onOpen(link.left, link.right)}
            />
          ))}
          {map.nodes.map((node) => (
            <Node key={node.name} node={node} />
          ))}
        </svg>
      </section>
      <section class="links" aria-label="The links">
        <p class={`verdict ${bad + down.length > 0 ? 'trouble' : picture.tone}`} role="status" aria-live="polite">
          <strong>
            {isPast ? 'Then: ' : ''}
            {bad === 0 ? 'No link is in trouble.' : `${bad} of ${map.links.length} links ${bad === 1 ? 'is' : 'are'} in trouble.`}
            {down.length === 0 ? '' : ` ${down.join(', ')} ${down.length === 1 ? 'is' : 'are'} down.`}
          </strong>
        </p>
        <h2>Links</h2>
        {map.links.length === 0 && <p class="empty">No MTA has named its adjacent MTAs yet.</p>}
        <ul>
          {map.links.map((link) => (
            <li key={keyOf(link)}>
              <button
                type="button"
                onClick={() => onOpen(link.left, link.right)}
                onFocus={() => setNear(keyOf(link))}
                onBlur={() => setNear(null)}
                onMouseEnter={() => setNear(keyOf(link))}
                onMouseLeave={() => setNear(null)}
              >
                <strong>
                  {link.left} and {link.right}
                </strong>
                <span class="quiet">{linkText(link)}</span>
                {link.troubles.map(({ says }) => (
                  <span class="trouble" key={says}>
                    ⚠ {says}
                  </span>
                ))}
              </button>
            </li>
          ))}
        </ul>
        <h2>MTAs</h2>
        <ul>
          {map.nodes.map(({ name, queued, isUp, process }) => (
            <li key={name} class={isUp ? '' : 'trouble'}>
              {name}: {isUp ? `${queued} queued` : `✕ ${process}`}
            </li>
          ))}
        </ul>
      </section>
    </main>
  );
}
