/** The length of a queue over lab time, with the threshold. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { QueuePoint } from '../state/store.js';

const height = 64;

export type ChartProps = {
  readonly points: readonly QueuePoint[];
  readonly threshold: number | null;
  /** The latest item that is shown. */
  readonly at: number;
  readonly label: string;
};

function colours(): { readonly line: string; readonly limit: string } {
  const style = getComputedStyle(document.documentElement);
  return { line: style.getPropertyValue('--transfer').trim(), limit: style.getPropertyValue('--fault').trim() };
}

export function Chart({ points, threshold, at, label }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const { line, limit } = colours();
    const made = new uPlot(
      {
        width: element.clientWidth || 180,
        height,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [-1, Math.max(10, high * 1.15)] } },
        axes: [
          { show: false },
          { show: true, size: 30, font: '11px system-ui', stroke: 'gray', ticks: { show: false }, grid: { show: false } },
        ],
        series: [
          {},
          { stroke: line, width: 2, points: { show: false } },
          { stroke: limit, width: 1, dash: [4, 3], points: { show: false } },
        ],
      },
      [[], [], []],
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => {
    const shown = points.filter((point) => point.at <= at).slice(-400);
    const limit = threshold ?? null;
    plot.current?.setData([shown.map(({ tMs }) => tMs / 1000), shown.map(({ queued }) => queued), shown.map(() => limit)]);
  }, [points.length, points.at(-1)?.at, threshold, at]);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
