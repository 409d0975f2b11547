/** Logs failed listeners of the RPC link, and decides whether the MTA can run on the others. */
import { behaviourOf } from '../../catalogues/quirks/index.js';
import { rowOf } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { Mta } from '../../machine/state.js';
import { report } from '../../machine/update.js';
import type { Readiness } from '../link.js';
import { placeOfBinding } from '../local-bindings.js';
import { errorOfListen } from './errors.js';

/** Logs event 9321 for a failed listener. */
export function reportFailedListen(ctx: Context, input: Extract<Input, { type: 'listen-failed' }>): void {
  const listening = rowOf(ctx.mta.rpc.addresses, input.binding);
  const address = listening === undefined ? '' : placeOfBinding(listening);
  report(ctx, 9321, { ntError: errorOfListen(input.osError), address, osError: input.osError });
}

export function readiness(mta: Mta): Readiness {
  const { addresses } = mta.rpc;
  if (addresses.some((address) => address.state === 'opening')) return 'waiting';
  const failed = addresses.filter((address) => address.state === 'failed');
  if (failed.length === 0) return 'ready';
  // Peers rely on a configured endpoint mapper, so its failure counts, unless the MTA's own listener at that address has failed
  // too.
  const serving = addresses.filter(({ state, serves }) => state === 'up' && serves === 'mta').map(({ address }) => address);
  const mapperFailed = failed.some(({ serves, address }) => serves === 'mapper' && serving.includes(address));
  const goesOn = behaviourOf(mta.legacy).afterFailedListen(mta.cluster) === 'go on';
  return serving.length > 0 && !mapperFailed && goesOn ? 'ready' : 'impossible';
}
