/** For tests: what the page is made of, without a browser. No interface to build on. */
export { mapOf } from './model/map.js';
export { pictureOf } from './model/picture.js';
export { Pace, type PaceClock } from './state/pace.js';
export { RecordedOctets } from './state/recorded-octets.js';
