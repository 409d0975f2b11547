/** Texts in HTML. Every text of a result passes here, because a label or a fault may hold anything. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** HTML that is safe to put into a page. */
export type Html = { readonly html: string };

/** A text in which nothing is hidden: control characters, and bidirectional controls that reorder a text, become their numbers. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (sign) =>
    sign === '\n' ? ' ' : `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

type Part = string | number | Html | readonly Html[];

/** Fills a template. Texts and numbers are escaped; HTML stays as it is. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const filled = parts.map((part) => {
    if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
    return 'html' in part ? part.html : part.map((each) => each.html).join('');
  });
  return { html: strings.map((text, at) => `${text}${filled[at] ?? ''}`).join('') };
}

export const nothing: Html = { html: '' };

/** JSON inside a script element: no text in it can end the element, and each text is one that the page may show. */
export function jsonInScript(value: unknown): Html {
  const json = JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? visible(member) : member));
  return { html: json.replaceAll('<', '\\u003c') };
}
