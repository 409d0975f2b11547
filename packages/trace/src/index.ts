/** The public entry of the trace: journal, replay and ladder. Needs the core only; runs in a browser. */
export { describeEffect, describeInput } from './journal/describe.js';
export type { JournalEntry, JournalStart, LocatedEntry } from './journal/entry.js';
export { JournalError, JournalReader, readJournalText } from './journal/read.js';
export { type ReplayCore, type Replayed, Replayer } from './journal/replay.js';
export { type Difference, JournalVerifier, type Verification, verifyJournal } from './journal/verify.js';
export { annotated, withIdleEnds } from './ladder/annotate.js';
export { ladderMermaid, ladderPlantUml } from './ladder/diagram.js';
export { folded, withShortOpenings } from './ladder/fold.js';
export { type FollowOptions, LadderFollower } from './ladder/follow.js';
export { type LadderFormat, ladderIn } from './ladder/formats.js';
export { ladderWords, legendText } from './ladder/legend.js';
export { isNote, type LadderLine, ladderLine, ladderLineFrom, nodesOf, noteLine } from './ladder/line.js';
export { ladderOf } from './ladder/link-lines.js';
export { callIn, type Fate, type LinkPdu, withoutContent } from './ladder/link-pdu.js';
export { mergeTrails } from './ladder/merge.js';
export { ladderShiViz, shivizExpression } from './ladder/shiviz.js';
export { LadderStream, type StreamOptions } from './ladder/stream-text.js';
export { ladderSvg } from './ladder/svg.js';
export { ladderAsText, ladderText, type TextOptions } from './ladder/text.js';
export { LadderError, locate, type Moment, type PduMoment, type Place, Trail, Trails } from './ladder/trail.js';
export { type ComparedAt, type Comparison, compareLadders, type Divergence, divergenceText } from './live/divergence.js';
export type { FeedItem, FiguresItem, GapItem, PairedItem, PduItem, ProcessItem, StateItem, StepItem } from './live/feed-item.js';
export {
  type Instant,
  type InstantConnection,
  type InstantEnd,
  InstantError,
  type InstantMta,
  type InstantPdu,
  instantAt,
  type WriteEffect,
} from './live/instant.js';
export { defaultLiveLimits, type KeptStep, type LiveLimits, LiveTrace, type NodeAt } from './live/live-trace.js';
export type {
  LabNow,
  PageDone,
  PageExhibit,
  PageHello,
  PageItems,
  PageLesson,
  PageMessage,
  PageMoment,
  PageNow,
  PageOctets,
  PageRequest,
  PlayedLesson,
} from './live/page-protocol.js';
