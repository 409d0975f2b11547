/** The options of a load as a person writes them, for its result. */
import type { SizeRange } from './messages.js';
import type { LoadOptions, LoadPlan } from './options.js';

const range = ({ least, most }: SizeRange): string => (least === most ? String(least) : `${least}-${most}`);

/** The options as words of the command line. With them, and on the same MTAs, a run has the same schedule. */
export function describeOptions(options: LoadOptions, plan: LoadPlan): readonly string[] {
  const words: string[] = [];
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) words.push(`--${name} ${value}`);
  };
  add('rate', options.rate);
  add('duration', options.durationS === undefined ? undefined : `${options.durationS}s`);
  add('stage', options.stages?.map(({ from, to, seconds }) => `${from}:${to}:${seconds}s`).join(','));
  add('arrival', options.arrival);
  add('in-flight', options.inFlight);
  add('count', options.count);
  if (options.sizeBytes !== undefined) add('size', range(plan.size));
  add('mail', options.mail);
  if (options.priorities !== undefined)
    add(
      'priority',
      Object.entries(options.priorities)
        .map(([name, weight]) => `${name}:${weight}`)
        .join(','),
    );
  add('from', options.from);
  add('to', options.to);
  if (options.bothWays === true) words.push('--both-ways');
  if (options.warmUp === true) words.push('--warm-up');
  add('prefill', options.prefill);
  for (const fault of options.faults ?? []) add('fault', JSON.stringify(fault));
  for (const threshold of options.thresholds ?? []) add('threshold', JSON.stringify(threshold));
  add('patience', options.patienceS);
  add('seed', plan.seed);
  return words;
}
