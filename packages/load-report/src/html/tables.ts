/** Tables and figures of report pages. */
import type { Chart } from '../charts.js';
import { numberText, secondsText } from '../figures.js';
import { type Html, html, nothing } from './escape.js';

export type Cell = { readonly text: string | Html; readonly kind?: 'number' | 'text' | 'good' | 'bad' | 'warn' };

const cell = ({ text, kind }: Cell): Html =>
  kind === undefined ? html`<td>${text}</td>` : html`<td class="${kind}">${text}</td>`;

/** A table. The first cell of each row is its heading. Titles of columns with numbers stand at the right. */
export function tableOf(caption: string, titles: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const isNumber = (at: number): boolean => rows.some((row) => row[at]?.kind === 'number');
  const head = titles.map((title, at) =>
    isNumber(at) ? html`<th scope="col" class="number">${title}</th>` : html`<th scope="col">${title}</th>`,
  );
  const body = rows.map(
    ([first, ...rest]) => html`<tr><th scope="row">${first?.text ?? ''}</th>${rest.map(cell)}</tr>
`,
  );
  return html`<div class="wide"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

/** A section with a heading. */
export function section(title: string, ...content: readonly Html[]): Html {
  return html`<section><h2>${title}</h2>
${content}
</section>
`;
}

/** A list of warnings; nothing without. */
export function warningsOf(warnings: readonly string[]): Html {
  if (warnings.length === 0) return nothing;
  return html`<div class="warnings"><strong class="warn">Warnings</strong><ul>${warnings.map((each) => html`<li>${each}</li>`)}</ul></div>`;
}

const valueText = (value: number | null): string => (value === null ? '-' : numberText(value));

/** A chart, with what it shows in words and its summary as a table, which need no script. */
function figureOf({ spec, about, summary, notes }: Chart): Html {
  const timed = spec.along === 'seconds';
  const rows = summary.map(({ label, least, mean, most, mostAt }): readonly Cell[] => [
    { text: label },
    { text: valueText(least), kind: 'number' },
    { text: valueText(mean), kind: 'number' },
    { text: valueText(most), kind: 'number' },
    ...(timed ? [{ text: mostAt === null ? '-' : secondsText(mostAt), kind: 'number' } as const] : []),
  ]);
  const lines = spec.lines.map(({ text }) => `; ${text}`).join('');
  const said = `${spec.title}, chart. ${summary.map(({ label, least, most }) => `${label}: ${valueText(least)} to ${valueText(most)}`).join('; ')}${lines}. Arrow keys move the cursor.`;
  const titles = ['series', 'least', 'mean', 'most', ...(timed ? ['most at'] : [])];
  return html`<figure aria-labelledby="title-${spec.id}">
<h3><span id="title-${spec.id}">${spec.title}${spec.title.includes(spec.unit) ? '' : ` (${spec.unit})`}</span> <span class="place"></span></h3>
<div class="plot scripted-only" id="plot-${spec.id}" tabindex="0" role="img" aria-label="${said}"></div>
<figcaption>${about}${notes.map((note) => html` ${note}.`)}</figcaption>
<details><summary>Summary as a table</summary>${tableOf(`${spec.title}, ${spec.unit}, over all intervals`, titles, rows)}</details>
</figure>
`;
}

/** All charts, with how to use them. */
export function chartsOf(charts: readonly Chart[]): Html {
  return section(
    'Charts',
    html`<p class="soft scripted-only">The cursor shows the values of all charts at one instant; arrow keys move it. Drag to look closer; a double click or Escape shows the whole again. A press on a series hides it.</p>
<p class="soft unscripted-only">The charts need JavaScript; their summaries do not.</p>
`,
    ...charts.map(figureOf),
  );
}
