/** Renders the Markdown of a lesson for a terminal: paragraphs, lists, fenced code and bold words. */
import type { Paint } from './colours.js';
import { wrap } from './table.js';

/** Prose is easiest to read in lines of at most this many columns. */
export const proseColumns = 80;

/** Joins the lines of each paragraph and list item. Fenced code stays as it is. */
function blocksOf(markdown: string): readonly string[] {
  const blocks: string[] = [];
  let isCode = false;
  let open = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      isCode = !isCode;
      open = false;
    } else if (isCode) blocks.push(`  ${line}`);
    else if (line.trim() === '') {
      blocks.push('');
      open = false;
    } else if (open && !/^([-*]|\d+\.) /.test(line)) blocks.push(`${blocks.pop() ?? ''} ${line.trim()}`);
    else {
      blocks.push(line.trim());
      open = true;
    }
    if (isCode && !line.startsWith('```')) blocks.push(`\0${blocks.pop() ?? ''}`);
  }
  return blocks;
}

/** Text for a terminal. */
export function renderMarkdown(markdown: string, style: Paint): string {
  const columns = Math.max(20, Math.min(proseColumns, style.columns));
  const rows = blocksOf(markdown).flatMap((block) => {
    if (block.startsWith('\0')) return [block.slice(1)];
    const [item = ''] = /^([-*]|\d+\.) /.exec(block) ?? [];
    return wrap(block, columns, ' '.repeat(item.length));
  });
  const bold = (_: string, text: string) => text.split('\n').map(style.bold).join('\n');
  return rows.join('\n').replace(/\*\*([^*]+)\*\*/g, bold);
}
