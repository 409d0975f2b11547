/** Parts of the ladder's picture that do not depend on its lines: escaping, colours, patterns and the legend. */
import { printable } from '@mtalab/mta-core';

/** A text for XML: markup is escaped, and no character remains that XML 1.0 forbids. */
export function xmlText(text: string): string {
  return printable(text)
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Kinds of lines. Each has a colour and a stroke of its own, so that colour is never the only sign. */
export type LineKind = 'opening' | 'transfer' | 'confirmation' | 'turn' | 'fault';

const kinds: readonly (readonly [LineKind, RegExp])[] = [
  ['turn', /\bturn-(please|give)|\bplease-noted\b|\bTOKENS\b/],
  ['fault', /\brtab\b|\bABORT\b|\bEXCEPTION\b|\bbind_nak\b|\brtorj\b|\brefuse\b|^REFUSE\b|\bdiscard\b/],
  ['opening', /^bind|\bMtaBind|\brto(rq|ac)\b|^(CR|CC|DR|CONNECT|ACCEPT)\b|^(opening|recovery) /],
  ['confirmation', /\bconfirm\b(?!\.)|\bACK\b/],
  ['transfer', /\brttr\b|\bACTIVITY\b|\btransfers\b|\bDATA\b/],
];

export function kindOf(text: string): LineKind {
  // A folded row of transfers names the confirmations too.
  if (/^\d+ (transfers|rttr)\b/.test(text)) return 'transfer';
  return kinds.find(([, found]) => found.test(text))?.[0] ?? 'opening';
}

const light =
  '--ink:#1a1a1a;--paper:#fff;--faint:#767676;--opening:#666;--transfer:#0b57b0;--confirmation:#0b7fab;--turn:#a85400;--fault:#c0350f';
const dark =
  '--ink:#eaeaea;--paper:#16181b;--faint:#9a9a9a;--opening:#b0b0b0;--transfer:#6aa9ff;--confirmation:#7fd4f5;--turn:#ffb04d;--fault:#ff8a66';

/** Styles and patterns. They hold everything that the picture needs; it loads nothing. */
export const definitions = `<style>
svg{${light};color-scheme:light dark;background:var(--paper);font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{${dark}}}
text{fill:var(--ink)}.pdu{font:11px ui-monospace,monospace}.pdu,.halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.name{font-weight:600;font-size:14px}.faint{fill:var(--faint)}.loud{fill:var(--fault);font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}
.life{stroke:var(--faint);stroke-dasharray:2 5}.mine{fill:var(--ink);stroke:var(--ink)}.theirs{fill:var(--paper);stroke:var(--ink)}.given{fill:url(#given);stroke:var(--ink)}
.arrow{fill:none;stroke-width:1.5}.opening{stroke:var(--opening);stroke-dasharray:7 3}.transfer{stroke:var(--transfer)}.confirmation{stroke:var(--confirmation);stroke-dasharray:2 2}
.turn{stroke:var(--turn);stroke-width:2.5}.fault{stroke:var(--fault);stroke-dasharray:9 3 2 3}.head{stroke-dasharray:none}.cross{stroke:var(--fault);stroke-width:2.5;fill:none}
.band{fill:var(--paper);stroke:none}.rule{stroke:var(--fault)}
</style><defs><pattern id="given" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="4" height="4" style="fill:var(--paper)"/><path d="M1 0V4" style="stroke:var(--ink);stroke-width:1.5"/></pattern></defs>`;

const beliefs = [
  ['mine', 'believes that it has the Turn'],
  ['theirs', 'believes that the other has it'],
  ['given', 'has given it, not acknowledged'],
] as const;
const strokes = [
  ['opening', 'opening'],
  ['transfer', 'transfer'],
  ['confirmation', 'confirmation'],
  ['turn', 'Turn'],
  ['fault', 'refusal, abort'],
] as const satisfies readonly (readonly [LineKind, string])[];

/** Height of the legend, in pixels. */
export const legendHeight = 56;

/** The legend: what lifelines and arrows mean. */
export function legend(x: number, y: number): string {
  const boxes = beliefs.map(
    ([name, words], at) =>
      `<rect class="${name}" x="${x + at * 225}" y="${y}" width="8" height="14"/><text x="${x + at * 225 + 14}" y="${y + 11}">${words}</text>`,
  );
  const lines = strokes.map(
    ([name, words], at) =>
      `<path class="arrow ${name}" d="M${x + at * 135} ${y + 32}h28"/><text x="${x + at * 135 + 34}" y="${y + 36}">${words}</text>`,
  );
  return `<g aria-hidden="true">${[...boxes, ...lines].join('')}</g>`;
}
