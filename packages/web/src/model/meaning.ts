/** What a PDU means, in plain sentences, from the glossary. */
import { termOf } from '@mtalab/mta-core';
import { isNote, type LadderLine } from '@mtalab/trace';

/** Words of a line, the most telling first, and their entry in the glossary. */
const words: readonly (readonly [RegExp, string])[] = [
  [/\bturn-give-ack\b/, 'turn-give-ack'],
  [/\bturn-give\b/, 'Turn-Give'],
  [/\bturn-please\b/, 'Turn-Please'],
  [/\bplease-noted\b/, 'please-noted'],
  [/\brttr\b/, 'RTTR'],
  [/\bconfirm\b/, 'Confirmation'],
  [/\brtorq\b/, 'RTORQ'],
  [/\brtoac\b/, 'RTOAC'],
  [/\brtorj\b/, 'RTORJ'],
  [/\brtab\b/, 'RTAB'],
  [/\bclose\b/, 'Close'],
  [/^bind_nak\b/, 'bind_nak'],
  [/^bind\b/, 'Bind'],
  [/\bMtaBind(Back)?\b/, 'MtaBind'],
  [/^(CONNECT|ACCEPT|REFUSE)\b/, 'CONNECT'],
  [/^(CR|CC|DR)\b/, 'CR'],
  [/\bdiscard(ed)?\b/, 'Discard'],
  [/\brefuse\b/, 'Refuse'],
];

/** Markdown without its marks. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
}

export type Meaning = {
  /** One sentence about this line. */
  readonly says: string;
  /** The entry of the glossary. */
  readonly word: string;
  readonly text: string;
  readonly source: string;
};

/** What became of the PDU, in words. */
export function fateText({ fate, fault, to }: LadderLine): string {
  const by = fault === null ? '' : ` (fault: ${fault})`;
  switch (fate) {
    case 'passed':
      return fault === null ? `It arrived at ${to}.` : `It arrived at ${to}${by}.`;
    case 'held':
      return `It is held on the link: ${to} has not seen an octet of it${by}.`;
    case 'swallowed':
      return `The link swallowed it: ${to} never sees it${by}.`;
    case 'cut':
      return `It was lost when its connection was cut${by}.`;
    case 'lost':
      return `It has not arrived at ${to}.`;
  }
}

export function meaningOf(line: LadderLine): Meaning | null {
  if (isNote(line)) return null;
  const found = words.find(([occurs]) => occurs.test(line.text));
  const term = found === undefined ? undefined : termOf(found[1]);
  if (term === undefined) return null;
  return {
    says: `${line.from} sent it to ${line.to}. ${fateText(line)}`,
    word: term.names[0],
    text: plain(term.text),
    source: plain(term.source ?? ''),
  };
}

/** Kinds that are told apart by colour and by a letter. */
export type PduKind = 'opening' | 'transfer' | 'confirm' | 'turn' | 'end' | 'other';

export function kindOf({ text }: LadderLine): PduKind {
  if (/\bturn-(please|give)|\bplease-noted\b|TOKENS/.test(text)) return 'turn';
  if (/\bconfirm\b|SYNC ACK|END ACK/.test(text)) return 'confirm';
  if (/\brttr\b|^DATA|ACTIVITY START/.test(text)) return 'transfer';
  if (/^bind|\bMtaBind|\brto(rq|ac|rj)\b|^(CR|CC|CONNECT|ACCEPT)\b|associations? open/.test(text)) return 'opening';
  if (/\b(rtab|close|refuse|discard|fault)\b|^(DR|FINISH|DISCONNECT|ABORT|REFUSE)\b|MtaUnBind/.test(text)) return 'end';
  return 'other';
}
