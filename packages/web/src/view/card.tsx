/** One MTA: its Turn, its queue, its associations, its switches. */
import { quirks } from '@mtalab/mta-core';
import type { Card as CardModel } from '../model/picture.js';
import type { Store } from '../state/store.js';
import { Chart } from './chart.js';

/** Associations listed on a card. */
const maxAssociations = 6;

export type CardProps = { readonly store: Store; readonly card: CardModel; readonly peer: string };

function Associations({ card }: { readonly card: CardModel }) {
  const { associations } = card;
  if (associations.length === 0) return <p class="quiet">No association is open.</p>;
  return (
    <ul class="associations">
      {associations.slice(0, maxAssociations).map((each) => (
        <li key={`${each.peer} ${each.name}`}>
          <span class={`badge ${each.believes}`}>{each.believes === 'mine' ? '■ mine' : `□ ${each.peer}'s`}</span>
          <span class="name">{each.name}</span> <span class="quiet">{each.state}</span>
        </li>
      ))}
      {associations.length > maxAssociations && <li class="quiet">and {associations.length - maxAssociations} more</li>}
    </ul>
  );
}

function Switches({ store, card }: { readonly store: Store; readonly card: CardModel }) {
  return (
    <fieldset class="switches">
      <legend>Legacy bugs</legend>
      {quirks.map(({ article, title }) => {
        const isOn = card.legacy.includes(article);
        return (
          <label key={article} title={title}>
            <input
              type="checkbox"
              role="switch"
              checked={isOn}
              aria-checked={isOn}
              disabled={!card.isUp || !store.canAct}
              aria-label={`${article} legacy at ${card.name}: ${title}`}
              onChange={() => void store.act('set', { article, mode: isOn ? 'fixed' : 'legacy', mta: card.name })}
            />
            {article}
          </label>
        );
      })}
    </fieldset>
  );
}

export function Card({ store, card, peer }: CardProps) {
  const { name, queued, nextThreshold } = card;
  const isLive = !store.isRecording && store.fork === null && store.cursor === null;
  return (
    <section class={`card ${card.isUp ? '' : 'down'}`} aria-label={name}>
      <header>
        <h2>{name}</h2>
        <span class="quiet">
          {card.version === '' ? '' : `Exchange ${card.version}`} {card.isUp ? '' : card.process}
        </span>
      </header>
      <p class="turn">{card.turn}</p>
      <p class="queue">
        <strong>{queued}</strong>
        <span>
          queued{nextThreshold === null ? '' : `, the next association opens at ${nextThreshold}`}
          {card.isBusy ? ' (busy: figures only)' : ''}
        </span>
      </p>
      <Chart
        points={store.points.get(name) ?? []}
        threshold={nextThreshold}
        at={store.at}
        label={`Queue of ${name}: ${queued} messages for ${peer}`}
      />
      <h3>Associations</h3>
      <Associations card={card} />
      {!store.isRecording && (
        <div class="process">
          <button type="button" class="restart" disabled={!isLive} onClick={() => void store.act('restart', { mta: name })}>
            Restart
          </button>
          <button type="button" class="kill" disabled={!isLive} onClick={() => void store.act('kill', { mta: name })}>
            Kill and restart
          </button>
        </div>
      )}
      <Switches store={store} card={card} />
    </section>
  );
}
