/** The forms in which a ladder leaves the lab, for the command and for the page alike. */
import { ladderMermaid, ladderPlantUml } from './diagram.js';
import { legendText } from './legend.js';
import type { LadderLine } from './line.js';
import { ladderShiViz } from './shiviz.js';
import { ladderSvg } from './svg.js';
import { ladderAsText } from './text.js';

export type LadderFormat = 'text' | 'mermaid' | 'plantuml' | 'shiviz' | 'svg' | 'json';

export type LadderFormOptions = {
  /** Of text: the width of the lane between two MTAs, in characters. Default: as wide as its lines need. */
  readonly width?: number | undefined;
  /** Of text without a width: the columns that there are. Default: no limit. */
  readonly columns?: number;
  /** Of text: explain its words below. Default true. */
  readonly legend?: boolean;
};

/** The ladder in a form, without a line end behind it. */
export function ladderIn(format: LadderFormat, lines: readonly LadderLine[], options: LadderFormOptions = {}): string {
  switch (format) {
    case 'text':
      return textOf(lines, options);
    case 'mermaid':
      return ladderMermaid(lines);
    case 'plantuml':
      return ladderPlantUml(lines);
    case 'shiviz':
      return ladderShiViz(lines);
    case 'svg':
      return ladderSvg(lines);
    case 'json':
      return JSON.stringify(lines, null, 2);
  }
}

function textOf(lines: readonly LadderLine[], options: LadderFormOptions): string {
  const { width, columns = Number.POSITIVE_INFINITY, legend = true } = options;
  const text = ladderAsText(lines, width === undefined ? { columns } : { width });
  const below = legend ? legendText(lines, width === undefined ? columns : undefined) : '';
  return below === '' ? text : `${text}\n\n${below}`;
}
