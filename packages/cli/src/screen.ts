/** A whole terminal for one command: the alternate screen, without a cursor, with single keys. It is given back whatever happens. */

export type Screen = {
  readonly columns: () => number;
  readonly rows: () => number;
  /** Replaces what the terminal shows. */
  readonly draw: (rows: readonly string[]) => void;
  /** Gives the terminal back. A second call does nothing. */
  readonly close: () => void;
};

export type ScreenEvents = {
  /** A key: its character, or `ctrl-c`. */
  readonly onKey: (key: string) => void;
  /** The terminal has a new size, or shows this process again. */
  readonly onResize: () => void;
};

// The alternate screen; no cursor; no wrapping of long rows.
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** Ctrl-C, and the end of a closed terminal, both of which are no signal here. */
const keyNames: Readonly<Record<string, string>> = { '\u0003': 'ctrl-c', '\u0004': 'ctrl-c' };

/** Takes the terminal. Undefined if stdin or stdout is none, or one that cannot redraw. */
export function openScreen({ onKey, onResize }: ScreenEvents): Screen | undefined {
  const { stdin, stdout } = process;
  if (stdin.isTTY !== true || stdout.isTTY !== true || process.env['TERM'] === 'dumb') return undefined;
  const wasRaw = stdin.isRaw;
  let isOpen = true;
  const keys = (data: Buffer): void => {
    const text = data.toString('utf8');
    // A key such as an arrow sends an escape sequence, which is no row of keys.
    if (!text.startsWith('\u001b')) for (const key of text) onKey(keyNames[key] ?? key);
  };
  const gone = (): void => onKey('ctrl-c');
  const take = (): void => {
    stdin.setRawMode(true);
    stdout.write(enter);
  };
  // After a stop, the shell has changed the terminal.
  const again = (): void => {
    take();
    onResize();
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stdin.off('data', keys);
    stdin.off('end', gone);
    stdout.off('resize', onResize);
    process.off('SIGCONT', again);
    process.off('exit', close);
    stdout.write(leave);
    stdin.setRawMode(wasRaw);
    stdin.pause();
  };
  take();
  stdin.on('data', keys);
  stdin.on('end', gone);
  stdin.resume();
  stdout.on('resize', onResize);
  process.on('SIGCONT', again);
  // The command may end by an error or by a second signal.
  process.on('exit', close);
  return {
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    draw: (rows) => {
      if (isOpen) stdout.write(`\u001b[H${rows.map((row) => `${row}\u001b[K`).join('\r\n')}\u001b[J`);
    },
    close,
  };
}
