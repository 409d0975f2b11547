/** All links, by kind. */
import type { Link, Links } from './link.js';
import { memoryLink } from './memory/memory-link.js';
import { rpcLink } from './rpc/rpc-link.js';
import { x400Link } from './x400/x400-link.js';

export const links: Links = { rpc: rpcLink, x400: x400Link, memory: memoryLink };

/** All links, in the order in which their timers fire. */
export const allLinks: readonly Link[] = Object.values(links);
