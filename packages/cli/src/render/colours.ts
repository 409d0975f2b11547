/** Colours, weights and the width for text on a terminal. */

/** How to draw for a terminal. The functions put ANSI attributes around a text. Without colour they return the text. */
export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  /** Columns of the terminal, which tables fit. Infinite for a file or a pipe. */
  readonly columns: number;
};

export function paint(colour: boolean, columns = Number.POSITIVE_INFINITY): Paint {
  const wrap = (open: number, close: number) => (text: string) => (colour ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), green: wrap(32, 39), yellow: wrap(33, 39), columns };
}
