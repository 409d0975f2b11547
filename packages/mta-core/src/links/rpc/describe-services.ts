/** Describes calls of the management interface and the endpoint mapper in words. */
import type { Syntax } from './pdu.js';
import { interfaceOf, type LookupHandle, nilUuid, type ServiceArgument, type ServiceResult, type Tower } from './services.js';

const maxListed = 4;

/** These values were read from a fixed number of octets, so they need no sanitising. */
function nameOf(syntax: Syntax): string {
  return interfaceOf(syntax) ?? `${syntax.uuid}/${syntax.version}`;
}

function placeOf({ abstract, address, port }: Tower): string {
  return `${nameOf(abstract)}@${address}[${port}]`;
}

function handleOf({ uuid }: LookupHandle): string {
  return uuid === nilUuid ? '' : ` handle=${uuid}`;
}

function listOf(words: readonly string[]): string {
  const shown = words.slice(0, maxListed).join();
  if (words.length === 0) return 'none';
  return words.length > maxListed ? `${shown},+${words.length - maxListed}` : shown;
}

export function describeServiceArgument(body: ServiceArgument): string {
  switch (body.op) {
    case 'inq_stats':
      return `inq_stats most=${body.most}`;
    case 'inq_princ_name':
      return `inq_princ_name service=${body.service} size=${body.size}`;
    case 'ept_lookup': {
      const which = body.abstract === null ? '' : ` interface=${nameOf(body.abstract)} versions=${body.versions}`;
      const object = body.object === null ? '' : ` object=${body.object}`;
      return `ept_lookup inquiry=${body.inquiry}${which}${object} most=${body.most}${handleOf(body.handle)}`;
    }
    case 'ept_map': {
      const tower = typeof body.tower === 'string' ? body.tower : placeOf(body.tower);
      return `ept_map tower=${tower} most=${body.most}${handleOf(body.handle)}`;
    }
    case 'ept_lookup_handle_free':
      return `ept_lookup_handle_free${handleOf(body.handle)}`;
    default:
      return body.op;
  }
}

export function describeServiceResult(body: ServiceResult): string {
  const status = body.status === 0 ? '' : ` status=${body.status.toString(16)}`;
  switch (body.op) {
    case 'inq_stats':
      return `inq_stats ${typeof body.counters === 'number' ? `first ${body.counters}` : body.counters.join()}${status}`;
    case 'inq_if_ids':
      return `inq_if_ids ${listOf(body.interfaces.map(nameOf))}${status}`;
    case 'is_server_listening':
      return `is_server_listening ${body.listening ? 'yes' : 'no'}${status}`;
    case 'ept_lookup':
      return `ept_lookup ${listOf(body.entries.map(({ tower }) => placeOf(tower)))}${status}${handleOf(body.handle)}`;
    case 'ept_map':
      return `ept_map ${listOf(body.towers.map(placeOf))}${status}${handleOf(body.handle)}`;
    default:
      return `${body.op}${status}`;
  }
}
