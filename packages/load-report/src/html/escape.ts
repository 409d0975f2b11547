/** Texts in HTML. Every text of a result passes here, because a label or a fault may hold anything. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** HTML that is safe to put into a page. */
export type Html = { readonly html: string };

/** A text as HTML. Control characters and bidirectional controls, which could make a text look like another, become their numbers. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (sign) =>
      sign === '\n' ? ' ' : `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    );
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

/** JSON inside a script element: no text in it can end the element. */
export function jsonInScript(value: unknown): Html {
  return { html: JSON.stringify(value).replaceAll('<', '\\u003c') };
}
