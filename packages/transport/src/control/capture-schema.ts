/** The commands that record the octets of connections: of an MTA that was started singly, or of a pair. */
import * as z from 'zod';

const nothing = z.object({});
const captureNumber = z.int({ error: 'the number of a capture' });

export const captureCommands = {
  /** Begins to record the octets of all connections, until there are so many packets or `capture-end`. */
  'capture-begin': {
    arguments: z.object({ packets: z.int({ error: 'a number of packets' }).min(1).optional() }),
    result: z.object({ capture: z.number() }),
  },
  /** The next piece of a capture, in base64. Answered within a second, also if there is nothing. */
  'capture-read': {
    arguments: z.object({ capture: captureNumber }),
    result: z.object({ octets: z.string(), packets: z.number(), dropped: z.number(), last: z.boolean() }),
  },
  'capture-end': { arguments: z.object({ capture: captureNumber }), result: nothing },
} as const;

type Piece = z.output<(typeof captureCommands)['capture-read']['result']>;

/** Carries the commands out. Each method throws an Error in words for the client. */
export type CaptureService = {
  /** @param packets the capture ends by itself after so many. @returns the number of the capture. */
  readonly begin: (packets: number | undefined) => number;
  readonly read: (capture: number) => Promise<Piece>;
  readonly end: (capture: number) => void;
  /** All connections are over: ends every capture, and waits a while until they are read. */
  readonly finish: () => Promise<void>;
};
