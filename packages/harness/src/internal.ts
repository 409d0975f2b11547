/** Exports for this package's own tests. They change without notice. */
export { Capture } from './capture/capture.js';
export {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  maxPacketBytes,
  sectionHeader,
} from './capture/pcapng.js';
export { packetOf, TcpStream } from './capture/tcp-packets.js';
export { countsOf, verdictOf } from './load/conclude.js';
export { Correlation } from './load/correlation.js';
export { LoadMessages } from './load/messages.js';
export { OrderCheck } from './load/order.js';
export { sequencesBetween } from './load/order-limit.js';
export { type FoundDelivery, reckonWay, type WayEvidence } from './load/reckon.js';
export { Recorder, type Started } from './load/recorder.js';
export { startTimes } from './load/schedule.js';
export { placeOf, SentLog, type SentMessage } from './load/sent-log.js';
export { judgeThreshold, type Measured } from './load/thresholds.js';
export { turnHolders } from './load/turn-holders.js';
export { FeedLog } from './page/feed-log.js';
export { LabFeed } from './page/lab-feed.js';
export { PageActions } from './page/page-actions.js';
export { PageServer } from './page/page-server.js';
export { PageSession } from './page/page-session.js';
export { packedOctets } from './page/recorded-octets.js';
export { readRecording } from './page/recording.js';
export { readStaticFiles } from './page/static-files.js';
export { TwinActions } from './page/twin-actions.js';
export { labTimers } from './proxy/lab-timers.js';
