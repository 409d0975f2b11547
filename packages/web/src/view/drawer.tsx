/** The drawer: event log, queues, LTAB, associations, and the commands that do what was done on the page. */
import { useState } from 'preact/hooks';
import { type EventRow, eventRows } from '../model/event-log.js';
import type { Picture } from '../model/picture.js';
import type { Drawer as DrawerName, Store } from '../state/store.js';

export const drawers: readonly (readonly [Exclude<DrawerName, null>, string])[] = [
  ['events', 'Event log'],
  ['queues', 'Queues'],
  ['ltab', 'LTAB'],
  ['associations', 'Associations'],
  ['commands', 'Commands'],
];

function timeText(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString().slice(11, 23);
}

function Events({ store }: { readonly store: Store }) {
  const [open, setOpen] = useState<EventRow | null>(null);
  const [all, setAll] = useState(false);
  const rows = eventRows(store.trace.steps, store.at, store.filter, all);
  return (
    <div class="events">
      <label>
        Filter{' '}
        <input
          id="filter"
          type="search"
          value={store.filter}
          placeholder="id, word or MTA"
          onInput={(event) => store.change({ filter: event.currentTarget.value })}
        />
      </label>{' '}
      <label>
        <input type="checkbox" checked={all} onChange={() => setAll(!all)} /> also events of higher diagnostics levels
      </label>
      {rows.length === 0 && (
        <p class="empty">No event has been logged{store.filter === '' ? ' yet' : ' that has these words'}.</p>
      )}
      <div class="split">
        <table>
          <thead>
            <tr>
              <th>Type</th>
              <th>Time</th>
              <th>MTA</th>
              <th>Category</th>
              <th>Event</th>
              <th>Text</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at} class={`${row.type.toLowerCase()} ${open === row ? 'selected' : ''}`}>
                <td>{row.type}</td>
                <td class="figures">{timeText(row.tMs)}</td>
                <td>{row.node}</td>
                <td>{row.category}</td>
                <td class="figures">{row.id}</td>
                <td>
                  <button type="button" class="link" onClick={() => setOpen(row)}>
                    {row.text}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {open !== null && (
          <aside aria-label={`Event ${open.id}`}>
            <h3>
              Event {open.id}, {open.type}
            </h3>
            <p>{open.text}</p>
            <p class="quiet">{open.trailer}</p>
            <p>{open.about}</p>
          </aside>
        )}
      </div>
    </div>
  );
}

type Cells = readonly (string | number)[];

function Table({ head, rows, empty }: { readonly head: Cells; readonly rows: readonly Cells[]; readonly empty: string }) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table>
      <thead>
        <tr>
          {head.map((cell) => (
            <th key={cell}>{cell}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            {row.map((cell, column) => (
              <td key={column} class={typeof cell === 'number' ? 'figures' : ''}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Queues({ picture }: { readonly picture: Picture }) {
  const rows = picture.cards.flatMap(({ name, queues }) =>
    queues.map((each): Cells => {
      const why = picture.waits.find(({ mta, queue }) => mta === name && queue === each.queue);
      const says = why?.reasons.map((reason) => reason.says).join('; ') ?? '';
      return [name, each.queue, each.queued, each.urgent, each.normal, each.nonUrgent, each.inTransfer, each.waiting, says];
    }),
  );
  const head = ['MTA', 'Queue', 'Queued', 'Urgent', 'Normal', 'Non-urgent', 'In transfer', 'Waiting', 'Why'];
  return <Table head={head} rows={rows} empty="No MTA runs." />;
}

function Ltab({ picture }: { readonly picture: Picture }) {
  const rows = picture.cards.flatMap(({ name, ltab }) =>
    ltab.map((each): Cells => {
      const associations = Object.entries(each.associations).map(([state, count]) => `${count} ${state}`);
      return [
        name,
        each.ltabIndex,
        each.peer,
        each.link,
        each.endpoints.join(' '),
        associations.join(', '),
        each.queued,
        each.openFailures,
      ];
    }),
  );
  const head = ['MTA', 'Index', 'Adjacent MTA', 'Link', 'Endpoints', 'Associations', 'Queued', 'Open failures'];
  return <Table head={head} rows={rows} empty="No MTA runs." />;
}

function Associations({ picture }: { readonly picture: Picture }) {
  const words = { one: 'both agree', nobody: 'NOBODY may send', both: 'BOTH believe they may', unknown: 'one side only' };
  const rows = picture.associations.map((each): Cells => {
    const beliefs = each.sides.map(
      ({ mta, believes, state }) => `${mta}: ${believes === 'mine' ? 'mine' : 'the other’s'} (${state})`,
    );
    const moved = Math.max(0, ...each.sides.map((side) => side.moved));
    const recoveries = Math.max(0, ...each.sides.map(({ recovery }) => recovery));
    return [each.name, each.between.join(' → '), beliefs.join(', '), words[each.turn], moved, recoveries];
  });
  const head = ['Association', 'From initiator', 'Whose Turn each side believes it is', 'Agreement', 'Moved', 'Recoveries'];
  return <Table head={head} rows={rows} empty="No association is open: a queued message opens one." />;
}

function Commands({ store }: { readonly store: Store }) {
  if (store.commands.length === 0)
    return <p class="empty">Whatever you do on this page appears here as the command that does the same.</p>;
  return (
    <ol class="commands">
      {store.commands.map(({ says, command }, at) => (
        <li key={at}>
          <code>{command}</code> <span class="quiet">{says}</span>
        </li>
      ))}
    </ol>
  );
}

export function Drawer({ store, picture }: { readonly store: Store; readonly picture: Picture }) {
  const { drawer } = store;
  return (
    <section class={`drawer ${drawer === null ? 'shut' : ''}`} aria-label="Details of the lab">
      <div role="tablist" aria-label="Details of the lab" class="tabs">
        {drawers.map(([name, title], at) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`tab-${name}`}
            aria-selected={drawer === name}
            aria-controls="drawer-panel"
            title={`Key ${at + 1}`}
            onClick={() => store.change({ drawer: drawer === name ? null : name })}
          >
            {title}
          </button>
        ))}
      </div>
      <div
        id="drawer-panel"
        role="tabpanel"
        aria-labelledby={drawer === null ? undefined : `tab-${drawer}`}
        class="panel"
        hidden={drawer === null}
        tabIndex={drawer === null ? -1 : 0}
      >
        {drawer === 'events' && <Events store={store} />}
        {drawer === 'queues' && <Queues picture={picture} />}
        {drawer === 'ltab' && <Ltab picture={picture} />}
        {drawer === 'associations' && <Associations picture={picture} />}
        {drawer === 'commands' && <Commands store={store} />}
      </div>
    </section>
  );
}
