/** Hands the messages of a batch to the driver. Each has its own outcome. */
import type { Driver } from '../driver/driver.js';
import { SubmitRefused } from '../driver/submissions.js';
import { BadRequest } from './bad-request.js';
import type { BatchMessage, BatchResult } from './submit-batch.js';
import type { Uploads } from './uploads.js';

/** Resolves when all messages are on disk or refused. */
export async function submitTogether(messages: readonly BatchMessage[], driver: Driver, uploads: Uploads): Promise<BatchResult> {
  const mtsIds: (string | null)[] = new Array(messages.length).fill(null);
  const known: number[] = [];
  const refused: [number, string][] = [];
  const refuse = (place: number, error: unknown): void => {
    if (!(error instanceof BadRequest || error instanceof SubmitRefused)) throw error;
    refused.push([place, error.message]);
  };
  const waiting = messages.map((message, place): Promise<void> | undefined => {
    if (message instanceof BadRequest) {
      refuse(place, message);
      return undefined;
    }
    const { content, ...envelope } = message;
    try {
      const submitted = driver.submit({ ...envelope, ...uploads.whole(content) });
      return submitted.then(
        (result) => {
          mtsIds[place] = result.mtsId;
          if (result.known) known.push(place);
        },
        (error: unknown) => refuse(place, error),
      );
    } catch (error) {
      refuse(place, error);
      return undefined;
    }
  });
  await Promise.all(waiting);
  return { mtsIds, known, refused };
}
