/** The little Markdown that lessons use: paragraphs, lists, bold, code, links as their text. Never HTML. */
import type { ComponentChildren } from 'preact';

const inline = /(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/;

function words(text: string): ComponentChildren {
  return text.split(inline).map((part, at) => {
    if (part.startsWith('**')) return <strong key={at}>{part.slice(2, -2)}</strong>;
    if (part.startsWith('`')) return <code key={at}>{part.slice(1, -1)}</code>;
    return part.startsWith('[') && part.includes('](') ? part.slice(1, part.indexOf('](')) : part;
  });
}

/** The items of a list; null if a block is none. */
function itemsOf(block: string): readonly string[] | null {
  if (!/^(?:\d+\.|[-*]) /.test(block)) return null;
  return block.split(/\n(?=(?:\d+\.|[-*]) )/).map((item) => item.replace(/^(?:\d+\.|[-*]) +/, '').replace(/\n\s*/g, ' '));
}

export function Markdown({ text }: { readonly text: string }) {
  return (
    <div class="markdown">
      {text
        .trim()
        .split(/\n{2,}/)
        .map((block, at) => {
          const items = itemsOf(block);
          if (items === null) return <p key={at}>{words(block.replace(/\n/g, ' '))}</p>;
          const rows = items.map((item) => <li key={item}>{words(item)}</li>);
          return /^\d/.test(block) ? <ol key={at}>{rows}</ol> : <ul key={at}>{rows}</ul>;
        })}
    </div>
  );
}
