/** `mtalab deliveries`: follows the deliveries to mailboxes. */

import type { DeliveryNotice } from '@mtalab/transport';
import { outJsonLine } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, messageOf } from '../errors.js';
import { aborted, onInterrupt } from '../interrupt.js';
import { reportFailures } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderDelivery } from '../render/events.js';
import { type Answer, chosenProcesses, chosenRun, type RunFlags, withChannel } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const found = await chosenRun(where);
  const interrupt = onInterrupt(io.readerGone);
  const style = paint(io.outColour, io.outColumns());
  const answers = await Promise.all(
    chosenProcesses(found, where.mta).map(async (one): Promise<Answer<null>> => {
      try {
        await withChannel(one, async (client) => {
          const dropped = new Promise<never>((_, reject) => {
            const entry = (line: DeliveryNotice): void => {
              if (json === true) outJsonLine(io, line);
              else io.out(renderDelivery(line, style));
            };
            const late = (): void =>
              reject(new CliError('this command reads too slowly and lost its subscription; start it again'));
            client.subscribe('deliveries', { entry, dropped: late }).catch(reject);
          });
          await Promise.race([aborted(interrupt.signal), client.closed, dropped]);
        });
        return { mta: one.name, ok: true, value: null };
      } catch (error) {
        return { mta: one.name, ok: false, error: messageOf(error) };
      }
    }),
  );
  interrupt.dispose();
  return reportFailures(io, answers);
};
