/**
 * Answers calls of the management interface and the endpoint mapper. It keeps no state between calls: a lookup handle contains
 * its own position.
 */

import { rowOf } from '../../collections/table.js';
import type { Mta } from '../../machine/state.js';
import { familyOf } from '../string-binding.js';
import { faultStatus, managementInterface, mapperInterface, mtaInterface, ndrSyntax, type Syntax } from './pdu.js';
import {
  countersKept,
  type LookupHandle,
  type MapperEntry,
  nilHandle,
  nilUuid,
  type ServiceArgument,
  type ServiceResult,
  serviceStatus,
  type Tower,
} from './services.js';
import type { ListeningAddress } from './state.js';

const handlePrefix = '4d54414c-4142-4550-8d00-';
/** Longest annotation, in octets: 64 with the NUL (ept_max_annotation_size). */
const annotationLength = 63;
const anyIpv4 = '0.0.0.0';

type Argument<Op extends ServiceArgument['op']> = Extract<ServiceArgument, { readonly op: Op }>;

/** The answer to a call that arrived at this listening address, or the status of the fault that answers it. */
export function answerService(mta: Mta, at: ListeningAddress, argument: ServiceArgument): ServiceResult | number {
  switch (argument.op) {
    case 'inq_if_ids': {
      const own = at.serves === 'mapper' ? mapperInterface : mtaInterface;
      return { op: 'inq_if_ids', interfaces: [own, managementInterface], status: serviceStatus.ok };
    }
    case 'inq_stats':
      return { op: 'inq_stats', counters: Math.min(argument.most, countersKept), status: serviceStatus.ok };
    case 'inq_princ_name':
      // There is no authentication on this link, so there is no principal.
      return { op: 'inq_princ_name', name: '', size: argument.size, status: serviceStatus.unknownAuthenticationService };
    case 'is_server_listening':
      return { op: 'is_server_listening', listening: true, status: serviceStatus.ok };
    case 'stop_server_listening':
      // No client may stop this server.
      return { op: 'stop_server_listening', status: serviceStatus.accessDenied };
    case 'ept_lookup':
      return lookUp(mta, argument);
    case 'ept_map':
      return map(mta, at, argument);
    case 'ept_lookup_handle_free':
      if (placeOf(argument.handle) === null) return faultStatus.contextMismatch;
      return { op: 'ept_lookup_handle_free', handle: nilHandle, status: serviceStatus.ok };
  }
}

type Registered = { readonly listening: ListeningAddress; readonly tower: Tower };

function towerAt(listening: ListeningAddress, abstract: Syntax): Tower {
  const address = familyOf(listening.address) === 'IPv4' ? listening.address : anyIpv4;
  return { abstract, transfer: ndrSyntax, port: listening.port, address };
}

/** The MTA's listening addresses: each binding that is enabled and listened on, in the order of dialling. */
function listenedOn(mta: Mta): readonly ListeningAddress[] {
  return mta.bindings.flatMap(({ id, enabled }) => {
    const listening = rowOf(mta.rpc.addresses, id);
    return enabled && listening?.state === 'up' ? [listening] : [];
  });
}

/** One entry for each listening address of the MTA. */
function registered(mta: Mta): readonly MapperEntry[] {
  const annotation = `Microsoft Exchange MTA (${mta.name})`.slice(0, annotationLength);
  return listenedOn(mta).map((at) => ({ object: nilUuid, tower: towerAt(at, mtaInterface), annotation }));
}

/**
 * Where an interface can be called. The runtime's own interfaces are not registered, but every server has them, so `ept_map` finds
 * them too: the mapper at its own addresses, the management interface at those of the MTA and of the mapper.
 */
function placesOf(mta: Mta, { uuid }: Syntax): readonly Registered[] {
  const mappers = mta.rpc.addresses.filter(({ serves, state }) => serves === 'mapper' && state === 'up');
  const places = (abstract: Syntax, all: readonly ListeningAddress[]): readonly Registered[] =>
    all.map((listening) => ({ listening, tower: towerAt(listening, abstract) }));
  if (uuid === mapperInterface.uuid) return places(mapperInterface, mappers);
  if (uuid === managementInterface.uuid) return places(managementInterface, [...listenedOn(mta), ...mappers]);
  return places(mtaInterface, listenedOn(mta));
}

/** The list index where a handle continues: 0 for a nil handle, null for a handle that is not ours. */
function placeOf({ attributes, uuid }: LookupHandle): number | null {
  if (attributes !== 0) return null;
  if (uuid === nilUuid) return 0;
  return uuid.startsWith(handlePrefix) ? Number.parseInt(uuid.slice(handlePrefix.length), 16) : null;
}

function handleAt(place: number): LookupHandle {
  return { attributes: 0, uuid: `${handlePrefix}${place.toString(16).padStart(12, '0')}` };
}

type Page<T> = { readonly handle: LookupHandle; readonly page: readonly T[]; readonly status: number };

/**
 * The part of a list that fits into one answer. A page that is not full is the last one, and its handle is nil: some clients take
 * "not registered" after it for an error. After a full page the lookup goes on over its handle until nothing is left.
 */
function pageOf<T>(all: readonly T[], handle: LookupHandle, most: number): Page<T> | null {
  const from = placeOf(handle);
  if (from === null) return null;
  if (most === 0) return { handle: nilHandle, page: [], status: serviceStatus.cannotPerform };
  const page = all.slice(from, from + most);
  const status = page.length === 0 ? serviceStatus.notRegistered : serviceStatus.ok;
  return { handle: page.length === most ? handleAt(from + most) : nilHandle, page, status };
}

function lookUp(mta: Mta, argument: Argument<'ept_lookup'>): ServiceResult | number {
  const { inquiry, abstract, versions, handle, most } = argument;
  const refused = (status: number): ServiceResult => ({ op: 'ept_lookup', handle: nilHandle, most, entries: [], status });
  if (inquiry > 3) return refused(serviceStatus.invalidInquiryType);
  const byInterface = inquiry === 1 || inquiry === 3;
  if (byInterface && abstract === null) return refused(serviceStatus.cannotPerform);
  if (byInterface && (versions < 1 || versions > 5)) return refused(serviceStatus.invalidVersionOption);
  // No entry has an object.
  const byObject = inquiry >= 2 && (argument.object ?? nilUuid) !== nilUuid;
  const entries = registered(mta).filter(({ tower }) => {
    if (byObject) return false;
    return !byInterface || abstract === null || isVersionOf(tower.abstract, abstract, versions);
  });
  const paged = pageOf(entries, handle, most);
  if (paged === null) return faultStatus.contextMismatch;
  const { page, ...rest } = paged;
  return { op: 'ept_lookup', most, entries: page, ...rest };
}

const major = ({ version }: Syntax): number => version & 0xffff;
const minor = ({ version }: Syntax): number => version >>> 16;

/** Is the entry's interface the one asked for, in a version that this option permits (C706, vers_option)? */
function isVersionOf(entry: Syntax, asked: Syntax, option: number): boolean {
  if (entry.uuid !== asked.uuid) return false;
  const sameMajor = major(entry) === major(asked);
  switch (option) {
    case 2:
      return sameMajor && minor(entry) >= minor(asked);
    case 3:
      return entry.version === asked.version;
    case 4:
      return sameMajor;
    case 5:
      return major(entry) < major(asked) || (sameMajor && minor(entry) <= minor(asked));
    default:
      return true;
  }
}

function map(mta: Mta, at: ListeningAddress, { tower, handle, most }: Argument<'ept_map'>): ServiceResult | number {
  if (tower === 'none') return { op: 'ept_map', handle: nilHandle, most, towers: [], status: serviceStatus.cannotPerform };
  const all = tower === 'other' ? [] : placesOf(mta, tower.abstract);
  // The client has reached this address, so it can reach it again.
  const near = all.filter(({ listening }) => listening.address === at.address);
  const far = all.filter(({ listening }) => listening.address !== at.address);
  const towers = [...near, ...far].map((place) => place.tower).filter((each) => answers(each, tower));
  const paged = pageOf(towers, handle, most);
  if (paged === null) return faultStatus.contextMismatch;
  const { page, ...rest } = paged;
  return { op: 'ept_map', most, towers: page, ...rest };
}

/** An entry without an object serves every object. */
function answers(entry: Tower, asked: Tower | 'other'): boolean {
  return asked !== 'other' && isVersionOf(entry.abstract, asked.abstract, 2) && isVersionOf(entry.transfer, asked.transfer, 3);
}
