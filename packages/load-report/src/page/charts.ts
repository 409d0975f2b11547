/**
 * The script in the page of a report: draws its charts with uPlot. It must stay one file without imports but of types, because
 * the page holds it as text.
 */
import type { ChartColour, ChartMark, ChartSeries, ChartSpec, PageSpec } from './spec.js';

type Placed = { readonly mark: ChartMark; readonly text: string; readonly left: number; readonly row: number };
type Drawn = { readonly spec: ChartSpec; readonly plot: uPlot; readonly host: HTMLElement };

const font = '11px system-ui, sans-serif';
const axisWidth = 66;
const textHeight = 15;
/** Rows of texts of marks above a plot, for each run. A mark without room in them shows its number alone, or only its line. */
const markRowsOfRun = 3;

const page = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageSpec;
const dark = matchMedia('(prefers-color-scheme: dark)');
const drawn: Drawn[] = [];
let inks = readInks();

function readInks(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  const known = new Map<string, string>();
  return (name) => {
    const colour = known.get(name) ?? style.getPropertyValue(`--${name}`).trim();
    known.set(name, colour);
    return colour;
  };
}

function faded(colour: ChartColour): string {
  return `${inks(colour)}a0`;
}

function numberText(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: value >= 1000 ? Math.ceil(Math.log10(value + 1)) : 4 });
}

/** `99.9 %` for 3 nines. */
function percentText(nines: number): string {
  return `${Number((100 - 100 * 10 ** -nines).toFixed(Math.max(1, Math.ceil(nines) - 1)))} %`;
}

function alongText(spec: ChartSpec, x: number): string {
  return spec.along === 'seconds' ? `${numberText(Number(x.toFixed(3)))} s` : percentText(x);
}

/**
 * One table for uPlot. A place without a value of a run stays undefined there, so its line goes on over it. All charts of time
 * have the same first and last place, so their axes agree.
 */
function tableOf(spec: ChartSpec): uPlot.AlignedData {
  const tables = spec.tables.map(({ x, columns }) => [x, ...columns] as unknown as uPlot.AlignedData);
  const ends = spec.along === 'seconds' ? [[[page.fromS, page.toS]] as uPlot.AlignedData] : [];
  const joined = uPlot.join([...tables, ...ends]);
  return spec.stacked ? stacked(joined) : joined;
}

/** Sums: each series stands on those before it. */
function stacked([x, ...columns]: uPlot.AlignedData): uPlot.AlignedData {
  const sums = x.map(() => 0) as number[];
  const grown = columns.map((column) =>
    [...column].map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return value === null || value === undefined ? value : sums[at];
    }),
  );
  return [x, ...grown] as uPlot.AlignedData;
}

/** The value of a series by itself, also where series stand on each other. */
function ownValue(spec: ChartSpec, plot: uPlot, series: number, at: number | null | undefined): number | null {
  if (at === null || at === undefined) return null;
  const value = plot.data[series + 1]?.[at] ?? null;
  const below = spec.stacked && series > 0 ? (plot.data[series]?.[at] ?? 0) : 0;
  return value === null ? null : value - below;
}

function rangeOf(spec: ChartSpec): uPlot.Scale.Range {
  const highest = Math.max(0, ...spec.lines.map(({ value }) => value));
  return (_, least, most) => {
    if (spec.scale === 'log') return uPlot.rangeLog(least ?? 0.1, Math.max(most ?? 1, (least ?? 0.1) * 1.01), 10, true);
    const top = Math.max(most ?? 0, highest, 1);
    // Above the highest value is room for the text of a line.
    return [0, top * (spec.scale === 'asinh' ? 2 : spec.lines.length > 0 ? 1.2 : 1.08)];
  };
}

function alongAxis(spec: ChartSpec): uPlot.Axis {
  const look = {
    stroke: () => inks('text'),
    grid: { stroke: () => inks('grid'), width: 1 },
    ticks: { stroke: () => inks('grid') },
    font,
    size: 34,
  };
  if (spec.along === 'seconds') return { ...look, values: (_, splits) => splits.map((at) => `${numberText(at)} s`) };
  const splits = [0, Math.log10(2), 1, 2, 3, 4, 5, 6, 7];
  return {
    ...look,
    splits: (_, __, from, to) => splits.filter((at) => at >= from && at <= to),
    values: (_, s) => s.map(percentText),
  };
}

function valueAxis(spec: ChartSpec): uPlot.Axis {
  const logFilter =
    spec.scale === 'log'
      ? { filter: (plot: uPlot, splits: number[]) => splits.map((value) => (isLabelled(plot, value) ? value : null)) }
      : {};
  return {
    stroke: () => inks('text'),
    grid: { stroke: () => inks('grid'), width: 1, ...logFilter },
    ticks: { stroke: () => inks('grid'), ...logFilter },
    font,
    size: axisWidth,
    space: 26,
    ...(spec.counts ? { incrs: wholeSteps } : {}),
    ...logFilter,
    values: (_, splits) => splits.map((value) => (value === null ? '' : numberText(value))),
  };
}

/** Does this value of a logarithmic axis get a number? Powers of ten do; over few decades their doubles and halves too. */
function isLabelled(plot: uPlot, value: number): boolean {
  const { min = 1, max = 10 } = plot.scales['y'] ?? {};
  const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, ...(max / min <= 100 ? [2, 5] : [])].some((wanted) => Math.abs(digit - wanted) < 1e-6);
}

/** Steps of an axis that counts things. */
const wholeSteps = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

function scaleOf(spec: ChartSpec): uPlot.Scale {
  if (spec.scale === 'log') return { distr: 3, log: 10, range: rangeOf(spec) };
  return spec.scale === 'asinh' ? { distr: 4, asinh: 1, range: rangeOf(spec) } : { range: rangeOf(spec) };
}

/** A text cut to a width in the font of the context, with an ellipsis. */
function cut(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let kept = text;
  while (kept.length > 1 && ctx.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}…`;
}

function markRowsOf({ marks, tables }: ChartSpec): number {
  return marks.length === 0 ? 0 : markRowsOfRun * tables.length;
}

/** Gives each mark a row where its text has room, else a row for its number alone, else no text. In pixels of the canvas. */
function placeMarks(plot: uPlot, marks: readonly ChartMark[], rows: number): readonly Placed[] {
  const { ctx, bbox } = plot;
  const ends = Array.from({ length: rows }, () => Number.NEGATIVE_INFINITY);
  const right = bbox.left + bbox.width;
  const gap = 8 * devicePixelRatio;
  const xs = marks.map(({ atS }) => plot.valToPos(atS, 'x', true));
  return marks.flatMap((mark, at) => {
    const x = xs[at] ?? 0;
    if (x < bbox.left - 1 || x > right + 1) return [];
    for (const whole of [cut(ctx, `${mark.number} ${mark.text}`, bbox.width / 2), mark.number]) {
      const width = ctx.measureText(whole).width;
      const left = Math.min(x, right - width);
      const row = ends.findIndex((end) => left >= end + gap);
      if (row < 0) continue;
      ends[row] = left + width;
      return [{ mark, text: whole, left, row }];
    }
    return [{ mark, text: '', left: x, row: 0 }];
  });
}

/** Draws the lines of marks, then their texts on a plain ground, so that no line crosses a text. */
function drawMarks(plot: uPlot, spec: ChartSpec): void {
  const { ctx, bbox } = plot;
  const rows = markRowsOf(spec);
  const line = textHeight * devicePixelRatio;
  ctx.save();
  ctx.font = font.replace('11px', `${11 * devicePixelRatio}px`);
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.lineWidth = devicePixelRatio;
  const placed = placeMarks(plot, spec.marks, rows).map((each) => ({ ...each, y: bbox.top - (rows - each.row - 0.5) * line }));
  for (const { mark, text, y } of placed) {
    // Half a pixel, so that a line of odd width falls on whole pixels.
    const x = Math.round(plot.valToPos(mark.atS, 'x', true)) + (Math.round(ctx.lineWidth) % 2) / 2;
    ctx.strokeStyle = inks(mark.isFault ? 'fault' : 'mark');
    ctx.setLineDash(mark.isFault ? [] : [4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, text === '' ? bbox.top : y + line / 2);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  for (const { mark, text, left, y } of placed) {
    if (text === '') continue;
    ctx.fillStyle = inks('paper');
    ctx.fillRect(left - 2 * devicePixelRatio, y - line / 2, ctx.measureText(text).width + 4 * devicePixelRatio, line);
    ctx.fillStyle = inks(mark.isFault ? 'fault' : 'text');
    ctx.fillText(text, left, y);
  }
  ctx.restore();
}

function drawLines(plot: uPlot, spec: ChartSpec): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = font.replace('11px', `${11 * devicePixelRatio}px`);
  ctx.textAlign = 'right';
  for (const { value, text } of spec.lines) {
    const y = Math.round(plot.valToPos(value, 'y', true));
    ctx.strokeStyle = inks('threshold');
    ctx.fillStyle = inks('threshold');
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([8 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(text, bbox.left + bbox.width - 4 * devicePixelRatio, y - 5 * devicePixelRatio);
  }
  ctx.restore();
}

/** uPlot's own straight lines, or steps. */
function pathsOf(stepped: ChartSeries['stepped']): { readonly paths?: uPlot.Series.PathBuilder } {
  const steps = stepped === 'no' ? undefined : uPlot.paths.stepped?.({ align: stepped === 'after' ? 1 : -1 });
  return steps === undefined ? {} : { paths: steps };
}

function seriesOf(spec: ChartSpec): uPlot.Series[] {
  return spec.series.map(({ label, colour, dashed, stepped }, at) => ({
    label,
    stroke: () => inks(colour),
    // The edge of a series without height would lie on its neighbour as if it were there.
    width: spec.stacked ? 0 : dashed ? 1.5 : 2,
    points: { show: false },
    ...(dashed ? { dash: [6, 4] } : {}),
    ...pathsOf(stepped),
    // Above the lowest series of a stack, bands fill the space between two series.
    ...(spec.stacked && at === 0 ? { fill: () => faded(colour) } : {}),
  }));
}

function bandsOf(spec: ChartSpec): uPlot.Band[] {
  if (!spec.stacked) return [];
  return spec.series.slice(1).map(({ colour }, at) => ({ series: [at + 2, at + 1], fill: () => faded(colour) }));
}

function heightOf(spec: ChartSpec): number {
  return markRowsOf(spec) * textHeight + Math.max(150, Math.min(215, Math.round(innerHeight * 0.5)));
}

function optionsOf(spec: ChartSpec, host: HTMLElement): uPlot.Options {
  return {
    width: host.clientWidth,
    height: heightOf(spec),
    padding: [markRowsOf(spec) * textHeight + (spec.marks.length > 0 ? 4 : 12), 16, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: spec.along, scales: ['x', null] }, drag: { x: true, y: false } },
    scales: {
      x: { time: false },
      y: scaleOf(spec),
    },
    axes: [alongAxis(spec), valueAxis(spec)],
    series: [{}, ...seriesOf(spec)],
    bands: bandsOf(spec),
    hooks: {
      draw: [(plot) => drawLines(plot, spec), (plot) => drawMarks(plot, spec)],
      setCursor: [(plot) => showValues(spec, plot, host)],
    },
  };
}

/** The list of series below a chart: what each colour means, and its value at the cursor. A press hides or shows a series. */
function keyOf(spec: ChartSpec, plot: uPlot): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'key';
  for (const [at, { label, colour, dashed }] of spec.series.entries()) {
    const item = document.createElement('li');
    const face = document.createElement(spec.stacked ? 'span' : 'button');
    face.className = 'series';
    const swatch = document.createElement('span');
    swatch.className = `swatch ${colour}${dashed ? ' dashed' : ''}${spec.stacked ? ' area' : ''}`;
    const value = document.createElement('output');
    face.append(swatch, `${label} `, value);
    if (face instanceof HTMLButtonElement) {
      face.type = 'button';
      face.setAttribute('aria-pressed', 'true');
      face.addEventListener('click', () => {
        const shown = face.getAttribute('aria-pressed') !== 'true';
        face.setAttribute('aria-pressed', String(shown));
        plot.setSeries(at + 1, { show: shown });
      });
    }
    item.append(face);
    list.append(item);
  }
  return list;
}

function showValues(spec: ChartSpec, plot: uPlot, host: HTMLElement): void {
  const { idx, idxs } = plot.cursor;
  const along = idx === null || idx === undefined ? undefined : plot.data[0][idx];
  const place = host.parentElement?.querySelector('.place');
  if (place) place.textContent = along === undefined ? '' : `at ${alongText(spec, along)}`;
  for (const [at, output] of [...(host.parentElement?.querySelectorAll('.key output') ?? [])].entries()) {
    const value = ownValue(spec, plot, at, idxs?.[at + 1]);
    output.textContent = value === null || along === undefined ? '' : numberText(value);
  }
}

/** Arrow keys move the cursor of all charts of the same axis; Home and End go to its ends, Escape shows the whole again. */
function moveByKey(one: Drawn, event: KeyboardEvent): void {
  const { plot, spec, host } = one;
  const places = plot.data[0];
  const at = plot.cursor.idx ?? null;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: (at ?? places.length) - 1,
    ArrowRight: (at ?? -1) + 1,
    PageUp: (at ?? places.length) - 10,
    PageDown: (at ?? -1) + 10,
    Home: 0,
    End: places.length - 1,
  };
  const together = drawn.filter((each) => each.spec.along === spec.along);
  if (event.key === 'Escape') for (const each of together) each.plot.setData(each.plot.data, true);
  const wanted = steps[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  const next = Math.max(0, Math.min(places.length - 1, wanted));
  for (const each of together) each.plot.setCursor({ left: each.plot.valToPos(places[next] ?? 0, 'x'), top: 10 });
  const heard = document.getElementById('heard');
  const values = spec.series.map(({ label }, series) => {
    const value = ownValue(spec, plot, series, plot.cursor.idxs?.[series + 1]);
    return `${label} ${value === null ? 'no value' : numberText(value)}`;
  });
  if (heard !== null)
    heard.textContent = `${host.parentElement?.querySelector('.place')?.textContent ?? ''}: ${values.join(', ')}`;
}

function draw(spec: ChartSpec): void {
  const host = document.getElementById(`plot-${spec.id}`);
  if (host === null) return;
  host.hidden = false;
  const plot = new uPlot(optionsOf(spec, host), tableOf(spec), host);
  const one = { spec, plot, host };
  drawn.push(one);
  host.after(keyOf(spec, plot));
  host.addEventListener('keydown', (event) => moveByKey(one, event));
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: heightOf(spec) })).observe(host);
}

document.documentElement.classList.add('scripted');
for (const spec of page.charts) draw(spec);
dark.addEventListener('change', () => {
  inks = readInks();
  for (const { plot } of drawn) plot.redraw(false, true);
});
