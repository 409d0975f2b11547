/** What the page of a report draws: charts as plain data, made by the report and read by the script in the page. */

/** A colour of the page by its role. The style sheet has a light and a dark form of each. */
export type ChartColour = 'c1' | 'c2' | 'c3' | 'c4' | 'c5' | 'c6' | 'c7' | 'c8' | 'passing' | 'nobody' | 'muted';

export type ChartSeries = {
  readonly label: string;
  readonly colour: ChartColour;
  readonly dashed: boolean;
  /** Where a value holds: after its place until the next, or before it since the last one. Else straight lines join the values. */
  readonly stepped: 'after' | 'before' | 'no';
};

/** Values over one row of positions: `columns[series][position]`. Null: there is no value, so the line has a gap. */
export type ChartTable = {
  readonly x: readonly number[];
  readonly columns: readonly (readonly (number | null)[])[];
};

export type ChartLine = { readonly value: number; readonly text: string };

export type ChartMark = {
  /** Its number in the table of marks, such as `3` or `B3`. */
  readonly number: string;
  readonly atS: number;
  readonly text: string;
  readonly isFault: boolean;
};

export type ChartSpec = {
  readonly id: string;
  readonly title: string;
  /** What stands along x: seconds, or the percentile as its number of nines (0.9 is 1, 0.99 is 2). */
  readonly along: 'seconds' | 'nines';
  readonly unit: string;
  /** `asinh` is linear near 0 and logarithmic far from it, and has a place for 0. */
  readonly scale: 'linear' | 'log' | 'asinh';
  readonly stacked: boolean;
  /** Are the values whole numbers of things? */
  readonly counts: boolean;
  /** All series, those of the first table first. */
  readonly series: readonly ChartSeries[];
  /** One table for each run. */
  readonly tables: readonly ChartTable[];
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
};

/** The data of a page. */
export type PageSpec = {
  /** The ends of the axis of time, the same for all charts. */
  readonly fromS: number;
  readonly toS: number;
  readonly charts: readonly ChartSpec[];
};
