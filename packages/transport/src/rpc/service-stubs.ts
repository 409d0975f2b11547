/** Stubs of the operations that the RPC runtime serves itself: the management interface and the endpoint mapper (C706 appendices O, Q). */
import {
  type LookupHandle,
  type MapperEntry,
  type RpcInterface,
  type ServiceArgument,
  type ServiceOperation,
  type ServiceResult,
  type Syntax,
  serviceOperation,
  type Tower,
} from '@mtalab/mta-core';
import { Unreadable } from './field-checks.js';
import type { BadBody } from './mta-stubs.js';
import { NdrReader, NdrWriter } from './ndr.js';
import { maxTowerBytes, readTower, towerOctets } from './towers.js';
import { countersOf, type TrafficCounts } from './traffic-counts.js';

export type ServiceInterface = Exclude<RpcInterface, 'mta'>;

/** Rows of a list in an answer. */
const maxRows = 1000;
/** Octets of an annotation, with its NUL. */
const maxAnnotationBytes = 64;
/** Octets of a principal name that are read. */
const maxNameBytes = 1024;

/**
 * Read a request stub. Never throws. Of an operation that is not served: `unread`. As on Windows, a client may leave any octets behind
 * the last argument.
 */
export function readServiceArgument(
  serves: ServiceInterface,
  opnum: number,
  octets: Uint8Array,
  start: number,
  end: number,
): ServiceArgument | BadBody | { readonly op: 'unread' } {
  const op = serviceOperation(serves, opnum);
  if (op === undefined) return { op: 'unread' };
  return guarded(octets, start, end, (reader) => argumentIn(op, reader));
}

/** Read a response stub. Never throws. */
export function readServiceResult(
  serves: ServiceInterface,
  opnum: number,
  octets: Uint8Array,
  start: number,
  end: number,
): ServiceResult | BadBody {
  const op = serviceOperation(serves, opnum);
  if (op === undefined) return { op: 'bad', detail: `operation ${opnum} is not known` };
  return guarded(octets, start, end, (reader) => {
    const result = resultIn(op, reader);
    reader.finish();
    return result;
  });
}

function argumentIn(op: ServiceOperation, reader: NdrReader): ServiceArgument {
  switch (op) {
    case 'ept_lookup': {
      const inquiry = reader.u32();
      const object = optional(reader, () => reader.uuid());
      const abstract = optional(reader, () => readInterfaceId(reader));
      return { op, inquiry, object, abstract, versions: reader.u32(), handle: readHandle(reader), most: reader.u32() };
    }
    case 'ept_map': {
      const object = optional(reader, () => reader.uuid());
      const tower = optional(reader, () => readTowerOf(reader) ?? 'other') ?? 'none';
      return { op, object, tower, handle: readHandle(reader), most: reader.u32() };
    }
    case 'ept_lookup_handle_free':
      return { op, handle: readHandle(reader) };
    case 'inq_stats':
      return { op, most: reader.u32() };
    case 'inq_princ_name':
      return { op, service: reader.u32(), size: reader.u32() };
    default:
      return { op };
  }
}

function resultIn(op: ServiceOperation, reader: NdrReader): ServiceResult {
  switch (op) {
    case 'inq_if_ids': {
      const interfaces = optional(reader, () => readInterfaceIds(reader)) ?? [];
      return { op, interfaces, status: reader.u32() };
    }
    case 'inq_stats': {
      const [count, size] = [reader.u32(), reader.u32()];
      if (count !== size || count > maxRows) throw new Unreadable(`an array of ${size} counters does not fit the count ${count}`);
      return { op, counters: Array.from({ length: count }, () => reader.u32()), status: reader.u32() };
    }
    case 'inq_princ_name': {
      const size = reader.u32();
      const name = readString(reader, size, maxNameBytes);
      return { op, name, size, status: reader.u32() };
    }
    case 'is_server_listening': {
      const status = reader.u32();
      return { op, listening: reader.u32() !== 0, status };
    }
    case 'stop_server_listening':
      return { op, status: reader.u32() };
    case 'ept_lookup': {
      const handle = readHandle(reader);
      const { most, rows } = readRows(reader, () => readEntryHead(reader));
      const entries = rows.flatMap(({ object, points, annotation }): MapperEntry[] => {
        const tower = points ? readTowerOf(reader) : null;
        return tower === null ? [] : [{ object, tower, annotation }];
      });
      return { op, handle, most, entries, status: reader.u32() };
    }
    case 'ept_map': {
      const handle = readHandle(reader);
      const { most, rows } = readRows(reader, () => reader.u32() !== 0);
      const towers = rows.flatMap((points): Tower[] => {
        const tower = points ? readTowerOf(reader) : null;
        return tower === null ? [] : [tower];
      });
      return { op, handle, most, towers, status: reader.u32() };
    }
    case 'ept_lookup_handle_free':
      return { op, handle: readHandle(reader), status: reader.u32() };
  }
}

/** The stub of a request. */
export function serviceArgumentStub(argument: ServiceArgument): Uint8Array {
  const writer = new NdrWriter('request');
  switch (argument.op) {
    case 'ept_lookup':
      writer.u32(argument.inquiry);
      writeObject(writer, argument.object);
      if (argument.abstract === null) writer.u32(0);
      else {
        writer.pointer();
        writeInterfaceId(writer, argument.abstract);
      }
      writer.u32(argument.versions);
      writeHandle(writer, argument.handle);
      writer.u32(argument.most);
      break;
    case 'ept_map':
      writeObject(writer, argument.object);
      if (argument.tower === 'none') writer.u32(0);
      else {
        writer.pointer();
        writeTower(writer, argument.tower);
      }
      writeHandle(writer, argument.handle);
      writer.u32(argument.most);
      break;
    case 'ept_lookup_handle_free':
      writeHandle(writer, argument.handle);
      break;
    case 'inq_stats':
      writer.u32(argument.most);
      break;
    case 'inq_princ_name':
      writer.u32(argument.service);
      writer.u32(argument.size);
      break;
    case 'inq_if_ids':
    case 'is_server_listening':
    case 'stop_server_listening':
      break;
  }
  return writer.finish();
}

/**
 * The stub of a response.
 * @param counts what an answer to `inq_stats` tells if it names no values itself.
 */
export function serviceResultStub(result: ServiceResult, counts: TrafficCounts): Uint8Array {
  const writer = new NdrWriter('response');
  switch (result.op) {
    case 'inq_if_ids':
      writer.pointer();
      writer.u32(result.interfaces.length);
      writer.u32(result.interfaces.length);
      for (const _each of result.interfaces) writer.pointer();
      for (const syntax of result.interfaces) writeInterfaceId(writer, syntax);
      break;
    case 'inq_stats': {
      const { counters } = result;
      const values = typeof counters === 'number' ? countersOf(counts).slice(0, counters) : counters;
      for (const value of [values.length, values.length, ...values]) writer.u32(value);
      break;
    }
    case 'inq_princ_name':
      writer.u32(result.size);
      writeString(writer, result.name, result.size);
      break;
    case 'is_server_listening':
      writer.u32(result.status);
      writer.u32(result.listening ? 1 : 0);
      return writer.finish();
    case 'ept_lookup':
      writeHandle(writer, result.handle);
      writeRowsHead(writer, result.most, result.entries.length);
      for (const entry of result.entries) writeEntryHead(writer, entry);
      for (const { tower } of result.entries) writeTower(writer, tower);
      break;
    case 'ept_map':
      writeHandle(writer, result.handle);
      writeRowsHead(writer, result.most, result.towers.length);
      for (const _each of result.towers) writer.pointer();
      for (const tower of result.towers) writeTower(writer, tower);
      break;
    case 'ept_lookup_handle_free':
      writeHandle(writer, result.handle);
      break;
    case 'stop_server_listening':
      break;
  }
  writer.u32(result.status);
  return writer.finish();
}

/** What a pointer points at, which follows it at once; null for a null pointer. */
function optional<T>(reader: NdrReader, read: () => T): T | null {
  return reader.u32() === 0 ? null : read();
}

function writeObject(writer: NdrWriter, object: string | null): void {
  if (object === null) {
    writer.u32(0);
    return;
  }
  writer.pointer();
  writer.uuid(object);
}

function readInterfaceId(reader: NdrReader): Syntax {
  const uuid = reader.uuid();
  const major = reader.u16();
  return { uuid, version: (major | (reader.u16() << 16)) >>> 0 };
}

function writeInterfaceId(writer: NdrWriter, { uuid, version }: Syntax): void {
  writer.uuid(uuid);
  writer.u16(version);
  writer.u16(version >>> 16);
}

function readInterfaceIds(reader: NdrReader): Syntax[] {
  const size = reader.u32();
  if (reader.u32() !== size || size > maxRows) throw new Unreadable(`a vector of ${size} interfaces does not fit its count`);
  const points = Array.from({ length: size }, () => reader.u32() !== 0);
  return points.flatMap((there) => (there ? [readInterfaceId(reader)] : []));
}

function readHandle(reader: NdrReader): LookupHandle {
  return { attributes: reader.u32(), uuid: reader.uuid() };
}

function writeHandle(writer: NdrWriter, { attributes, uuid }: LookupHandle): void {
  writer.u32(attributes);
  writer.uuid(uuid);
}

/** A count, and the heads of as many rows in a conformant varying array. What they point at follows behind them all. */
function readRows<T>(reader: NdrReader, read: () => T): { readonly most: number; readonly rows: readonly T[] } {
  const count = reader.u32();
  const most = reader.u32();
  const offset = reader.u32();
  const actual = reader.u32();
  if (count !== actual || offset !== 0 || actual > most || actual > maxRows)
    throw new Unreadable(`an array of ${actual} of ${most} rows from ${offset} on does not fit the count ${count}`);
  return { most, rows: Array.from({ length: actual }, read) };
}

function writeRowsHead(writer: NdrWriter, most: number, count: number): void {
  for (const value of [count, most, 0, count]) writer.u32(value);
}

function readEntryHead(reader: NdrReader): { readonly object: string; readonly points: boolean; readonly annotation: string } {
  const object = reader.uuid();
  const points = reader.u32() !== 0;
  return { object, points, annotation: readString(reader, maxAnnotationBytes, maxAnnotationBytes) };
}

/** A varying string up to its NUL, behind the size of its array. */
function readString(reader: NdrReader, size: number, maxBytes: number): string {
  const offset = reader.u32();
  const bytes = reader.u32();
  if (offset !== 0 || bytes > Math.min(size, maxBytes))
    throw new Unreadable(`a string of ${bytes} octets from ${offset} on, where ${Math.min(size, maxBytes)} are possible`);
  return Buffer.from(reader.octets(bytes)).toString('latin1').replace(/\0.*$/s, '');
}

/**
 * A string and its NUL in an array of this size; nothing in an array without room.
 * @throws RangeError when the string is too long.
 */
function writeString(writer: NdrWriter, text: string, size: number): void {
  const octets = Buffer.from(size === 0 && text === '' ? '' : `${text}\0`, 'latin1');
  if (octets.length > size) throw new RangeError(`string of ${octets.length} octets where ${size} are possible`);
  writer.u32(0);
  writer.u32(octets.length);
  writer.octets(octets);
}

/** @throws RangeError when the annotation is too long. */
function writeEntryHead(writer: NdrWriter, { object, annotation }: MapperEntry): void {
  writer.uuid(object);
  writer.pointer();
  writeString(writer, annotation, maxAnnotationBytes);
}

/** A tower behind its pointer. Null when it is not one of RPC over TCP: it is read over. */
function readTowerOf(reader: NdrReader): Tower | null {
  const size = reader.u32();
  const bytes = reader.u32();
  if (bytes !== size || bytes > maxTowerBytes) throw new Unreadable(`a tower of ${bytes} octets in an array of ${size}`);
  return readTower(reader.octets(bytes));
}

function writeTower(writer: NdrWriter, tower: Tower | 'other'): void {
  const octets = tower === 'other' ? new Uint8Array() : towerOctets(tower);
  writer.u32(octets.length);
  writer.u32(octets.length);
  writer.octets(octets);
}

/** Whatever goes wrong with octets from a stranger becomes a body that says so. */
function guarded<T>(octets: Uint8Array, start: number, end: number, read: (reader: NdrReader) => T): T | BadBody {
  const reader = new NdrReader(octets, start, end);
  try {
    return read(reader);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { op: 'bad', detail: error.message };
  }
}
