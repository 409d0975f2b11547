/** Draws the ladder as a picture: one self-contained SVG, for light and dark, and a list for screen readers. */
import { annotated } from './annotate.js';
import { isNote, type LadderLine, nodesOf, noteLine } from './line.js';
import { type Placed, placed, type StripPart, stripParts, stripStep, stripsOf, stripWidth } from './svg-layout.js';
import { definitions, kindOf, legend, legendHeight, xmlText } from './svg-parts.js';

/** Limit of the lines in one picture. A note says how many are left out. */
const maxLines = 2000;
/** Limit of the MTAs with a lifeline. */
const maxNodes = 16;
/** Pixels: the column of times, between two MTAs, above the first line, and of one character of a PDU. */
const timeWidth = 120;
const twoApart = 560;
const manyApart = 400;
const topY = 92;
const characterWidth = 6.7;

type Stage = {
  /** Where each MTA stands. */
  readonly xs: ReadonlyMap<string, number>;
  readonly apart: number;
  readonly width: number;
  readonly strips: ReadonlyMap<string, readonly string[]>;
  /** Do the lines name their association, because there are several? */
  readonly several: boolean;
};

function clipped(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(1, columns - 1)).join('')}…`;
}

function clockOf(tMs: number | undefined): string | null {
  if (tMs === undefined || !Number.isFinite(tMs) || Math.abs(tMs) > 8.64e15) return null;
  return new Date(tMs).toISOString().slice(11, 23);
}

/** Half the width of the lifelines of an MTA, with some air. */
function reach(stage: Stage, node: string): number {
  return (Math.max(1, stage.strips.get(node)?.length ?? 1) * stripStep) / 2 + 1;
}

/** The words of a line for a reader that sees no picture. */
function spoken(line: LadderLine): string {
  const fault = line.fault === null ? '' : `, fault: ${line.fault}`;
  const of = line.association === null ? '' : ` of ${line.association}`;
  const turn = Object.entries(line.believes).map(([node, side]) => `${node} believes that the Turn${of} is ${side}`);
  const who = isNote(line) ? (line.from === '' ? '' : `${line.from} `) : `${line.from} to ${line.to}: `;
  const fate = line.fate === 'passed' || isNote(line) ? '' : `, ${line.fate}`;
  return [`${clockOf(line.tMs) ?? ''} ${who}${line.text}${fate}${fault}`.trim(), ...turn].join('; ');
}

function item(line: LadderLine, inner: string): string {
  const words = xmlText(spoken(line));
  return `<g role="listitem" aria-label="${words}"><title>${words}</title>${inner}</g>`;
}

function drawnNote({ line, leaveY }: Placed, stage: Stage): string {
  const fault = line.fault === null ? '' : ` [${line.fault}]`;
  const x = stage.xs.get(line.from);
  if (x === undefined) {
    const middle = (timeWidth + stage.width) / 2;
    const text = xmlText(clipped(`${line.text}${fault}`, Math.floor((stage.width - timeWidth) / characterWidth)));
    const look = line.mark === 'turn' ? ' loud halo' : line.mark === 'idle' ? ' faint' : ' halo';
    const width = stage.width - timeWidth;
    const behind =
      line.mark === 'turn'
        ? `<path class="rule" d="M${timeWidth} ${leaveY + 8}h${width - 10}"/>`
        : line.mark === 'idle'
          ? `<rect class="band" x="${timeWidth}" y="${leaveY - 10}" width="${width}" height="16"/>`
          : '';
    return item(line, `${behind}<text class="middle${look}" x="${middle}" y="${leaveY + 3}">${text}</text>`);
  }
  // The text of the last MTA goes to the left, where there is room.
  const isLast = x >= Math.max(...stage.xs.values()) && stage.xs.size > 1;
  const aside = isLast ? -reach(stage, line.from) - 8 : reach(stage, line.from) + 8;
  const text = xmlText(clipped(`${line.text}${fault}`, Math.floor((stage.apart - 40) / characterWidth)));
  return item(
    line,
    `<circle class="mine" cx="${x + aside / 1.4}" cy="${leaveY}" r="2.5"/><text class="pdu${isLast ? ' end' : ''}" x="${x + aside}" y="${leaveY + 4}">${text}</text>`,
  );
}

function drawnPdu(each: Placed, stage: Stage): string {
  const { line, leaveY, arriveY } = each;
  const [fromX, toX] = [stage.xs.get(line.from), stage.xs.get(line.to)];
  if (fromX === undefined || toX === undefined) return drawnNote({ ...each, line: elsewhere(line) }, stage);
  const right = toX > fromX;
  const sign = right ? 1 : -1;
  const x1 = fromX + sign * reach(stage, line.from);
  const whole = toX - sign * reach(stage, line.to);
  const lost = line.fate !== 'passed';
  const share = lost ? 0.65 : 1;
  const x2 = Math.round(x1 + (whole - x1) * share);
  const y2 = Math.round(leaveY + (arriveY - leaveY) * share);
  const kind = kindOf(line.text);
  const of = stage.several && line.association !== null ? ` (${line.association})` : '';
  const text = xmlText(clipped(`${line.text}${of}`, Math.floor((Math.abs(whole - x1) - 12) / characterWidth)));
  const why = lost ? xmlText(clipped(line.fault ?? line.fate, Math.floor(Math.abs(whole - x2) / characterWidth))) : '';
  const end = lost
    ? `<path class="cross" d="M${x2 - 5} ${y2 - 5}l10 10m0 -10l-10 10"/><text class="pdu loud${right ? '' : ' end'}" x="${x2 + sign * 9}" y="${y2 + 4}">${why}</text>`
    : `<path class="arrow head ${kind}" d="M${x2 - sign * 7} ${y2 - 4}L${x2} ${y2}L${x2 - sign * 7} ${y2 + 4}"/>`;
  const remark = lost || line.fault === null ? '' : ` [${xmlText(clipped(line.fault, 40))}]`;
  return item(
    line,
    `<path class="arrow ${kind}" d="M${x1} ${leaveY}L${x2} ${y2}"/>${end}<text class="pdu${right ? '' : ' end'}" x="${x1 + sign * 6}" y="${leaveY - 5}">${text}${remark}</text>`,
  );
}

/** A line of an MTA without a lifeline, as a note. */
function elsewhere(line: LadderLine): LadderLine {
  return {
    ...noteLine('', `${line.from} to ${line.to}: ${line.text}`),
    fault: line.fault,
    ...(line.tMs === undefined ? {} : { tMs: line.tMs }),
  };
}

function drawnStrip({ node, association, state, fromY, toY }: StripPart, stage: Stage): string {
  const own = stage.strips.get(node) ?? [];
  const at = own.indexOf(association);
  const x = stage.xs.get(node);
  if (at < 0 || x === undefined) return '';
  const left = x + (at - (own.length - 1) / 2) * stripStep - stripWidth / 2;
  return `<rect class="${state}" x="${left}" y="${fromY}" width="${stripWidth}" height="${toY - fromY}"/>`;
}

function heads(stage: Stage, bottomY: number): string {
  const room = Math.floor(stage.apart / 9);
  return [...stage.xs]
    .map(([node, x]) => {
      const associations = stage.several ? (stage.strips.get(node) ?? []).join(', ') : '';
      const below =
        associations === ''
          ? ''
          : `<text class="middle faint" x="${x}" y="68">${xmlText(clipped(associations, Math.floor(stage.apart / 6.5)))}</text>`;
      return `<text class="middle name" x="${x}" y="50">${xmlText(clipped(node, room))}</text>${below}<path class="life" d="M${x} ${topY - 18}V${bottomY}"/>`;
    })
    .join('');
}

/** The times, where they differ from the one above. */
function times(lines: readonly Placed[]): string {
  let last = '';
  return lines
    .map(({ line, leaveY }) => {
      const time = clockOf(line.tMs) ?? '';
      if (time === '' || time === last) return '';
      last = time;
      return `<text class="pdu faint" x="10" y="${leaveY + 4}">${time}</text>`;
    })
    .join('');
}

function summary(lines: readonly LadderLine[], names: readonly string[]): string {
  const pdus = lines.filter((line) => !isNote(line));
  const lost = pdus.filter(({ fate }) => fate !== 'passed').length;
  const date = lines.find(({ tMs }) => clockOf(tMs) !== null)?.tMs;
  const day = date === undefined ? '' : ` Times are of ${new Date(date).toISOString().slice(0, 10)}, in UTC.`;
  const turn = lines.filter(({ mark }) => mark === 'turn').map(({ text }) => ` ${text}.`);
  if (lines.length === 0) return 'Nothing passed between MTAs.';
  return `${pdus.length} lines between ${names.slice(0, maxNodes).join(', ')}; ${lost} did not arrive.${day}${turn.slice(0, 5).join('')}`;
}

function shortened(lines: readonly LadderLine[]): readonly LadderLine[] {
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines), noteLine('', `${lines.length - maxLines} more lines are left out`)];
}

/**
 * An SVG of the ladder. The lifeline of each MTA carries its belief about the Turn: solid, it has it; hollow, the other has it;
 * hatched, from its Turn-Give to the acknowledgement. Arrows slant from sending to arrival, and a lost PDU ends in the air. Draws at most 2000
 * lines and 16 MTAs; a note stands for the rest. It is well-formed whatever the names are, and loads nothing.
 */
export function ladderSvg(all: readonly LadderLine[]): string {
  const names = [...nodesOf(all)].sort();
  const lines = annotated(shortened(all));
  const apart = names.length > 2 ? manyApart : twoApart;
  // Room for the names of several associations under the first and the last MTA.
  const margin = names.length > 2 ? manyApart / 2 - timeWidth / 2 : 60;
  const xs = new Map(names.slice(0, maxNodes).map((name, at) => [name, timeWidth + margin + at * apart] as const));
  const rows = placed(lines, topY);
  const bottomY = Math.max(topY, ...rows.map(({ arriveY }) => arriveY)) + 24;
  const parts = stripParts(rows, bottomY);
  const strips = stripsOf(parts);
  const width = Math.max(860, timeWidth + 2 * margin + Math.max(0, xs.size - 1) * apart);
  const associations = new Set(all.map(({ association }) => association).filter((name) => name !== null));
  const stage: Stage = { xs, apart, width, strips, several: associations.size > 1 };
  const only = [...associations][0];
  const about = stage.several || only === undefined ? '' : `, association ${only}`;
  const title = xmlText(`Ladder of ${names.slice(0, maxNodes).join(', ') || 'no MTAs'}${about}`);
  const height = bottomY + legendHeight;
  const drawn = rows.map((row) => (isNote(row.line) ? drawnNote(row, stage) : drawnPdu(row, stage))).join('\n');
  const empty = lines.length > 0 ? '' : `<text class="middle" x="${width / 2}" y="${topY}">Nothing passed between MTAs.</text>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-labelledby="ladder-title" aria-describedby="ladder-desc">
<title id="ladder-title">${title}</title><desc id="ladder-desc">${xmlText(summary(lines, names))}</desc>
${definitions}
<text x="10" y="22">${xmlText(clipped(`Ladder of ${names.slice(0, maxNodes).join(', ') || 'no MTAs'}${about}`, Math.floor((width - 20) / 7)))}</text>
${heads(stage, bottomY)}
${parts.map((part) => drawnStrip(part, stage)).join('')}
${times(rows)}
<g role="list">
${drawn}
</g>${empty}
${legend(10, bottomY + 10)}
</svg>`;
}
