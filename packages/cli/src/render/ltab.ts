/** Renders the locality table. */
import { type LinkKind, type LtabView, linkByName, printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { table, wrap } from './table.js';
import { bytes, until } from './units.js';
import { age, type Clocked, eachRow, type From, key, left, right, wrapping } from './view-rows.js';

/** The name of a link in configurations. */
function linkName(link: LinkKind): string {
  return Object.entries(linkByName).find(([, kind]) => kind === link)?.[0] ?? link;
}

/** What the configuration of an X.400 connector says beside its addresses; empty if it says nothing. */
function connectorText({ overrides, activation }: LtabView): string {
  const own = Object.entries(overrides).map(([name, value]) => `${name}=${value}`);
  return [...(activation === 'always' ? [] : [`activation ${activation}`]), ...own].join(', ');
}

export function renderLtab(values: readonly From<Clocked<readonly LtabView[]>>[], style: Paint): string {
  const isMixed = values.some(({ value }) => value.rows.some(({ link }) => link !== linkByName.lan));
  const columns = [
    key('MTA'),
    { ...right('INDEX'), key: true },
    key('ADJACENT MTA'),
    ...(isMixed ? [left('LINK')] : []),
    wrapping('BINDINGS'),
    wrapping('ASSOCIATIONS'),
    right('QUEUED'),
    right('SENT'),
    right('RECEIVED'),
    right('FAILED OPENS'),
    left('NEXT OPEN'),
    left('OLDEST QUEUED'),
  ];
  const rows = eachRow(values, style, (entry, nowMs) => [
    String(entry.ltabIndex),
    printable(entry.peer),
    ...(isMixed ? [linkName(entry.link)] : []),
    printable(entry.endpoints.join(', ')) || '-',
    Object.entries(entry.associations)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ') || '-',
    String(entry.queued),
    `${entry.performance['Outbound Messages Total']} (${bytes(entry.performance['Outbound Bytes Total'])})`,
    `${entry.performance['Inbound Messages Total']} (${bytes(entry.performance['Inbound Bytes Total'])})`,
    String(entry.openFailures),
    until(entry.openRetryAtMs ?? entry.activeAtMs, nowMs),
    age(entry.performance['Oldest Message Queued'], nowMs),
  ]);
  if (rows.length === 0) return style.dim('no adjacent MTAs');
  const connectors = values.flatMap(({ mta, value }) =>
    value.rows.flatMap((entry) => {
      const text = connectorText(entry);
      return text === '' ? [] : wrap(printable(`${mta}, connector to ${entry.peer}: ${text}`), style.columns, '  ');
    }),
  );
  return [table(columns, rows, style), ...(connectors.length === 0 ? [] : [connectors.join('\n')])].join('\n\n');
}
