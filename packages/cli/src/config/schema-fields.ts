/** Fields of the schemas of files. Each has one error message, which says what was expected. */
import { isIP } from 'node:net';
import { mailDomainPattern } from '@mtalab/mta-core';
import * as z from 'zod';
import { emulatedArticles } from './releases.js';
import { timePattern } from './selected-times.js';

/** A whole number. The caller adds to each message where the value is and what it is. */
export function whole(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function flag() {
  return z.boolean({ error: 'expected true or false' });
}

export function choice<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, { error: `expected ${values.length === 1 ? values[0] : `one of ${values.join(', ')}`}` });
}

/** One line of at most `max` characters. */
export function text(max: number) {
  const error = `expected a text of at most ${max} characters, without control characters`;
  return z
    .string({ error })
    .max(max, { error })
    .regex(/^\P{Cc}*$/u, { error });
}

/** The name of an MTA. It becomes part of MTS identifiers, events and file names. */
export function mtaName() {
  const error = 'expected the name of an MTA: 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first';
  return z.string({ error }).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error });
}

const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const hostPattern = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);
const routePattern = new RegExp(`^\\*$|${mailDomainPattern.source}`, 'u');

export function domain() {
  const error = 'expected a mail domain, such as a.example';
  return z.string({ error }).regex(mailDomainPattern, { error });
}

export function routeDomain() {
  const error = 'expected a mail domain, such as b.example, or "*" for every domain';
  return z.string({ error }).regex(routePattern, { error });
}

export function ipAddress() {
  const error = 'expected an IPv4 or IPv6 address, such as 127.0.0.1';
  return z.string({ error }).refine((value) => isIP(value) !== 0, { error });
}

/** Is this a host name or an IP address? Digits and dots alone must be an IPv4 address. */
export function isHost(value: string): boolean {
  return isIP(value) !== 0 || (hostPattern.test(value) && !/^[0-9.]+$/.test(value));
}

export function host() {
  const error = 'expected a host name or an IP address, such as 127.0.0.1';
  return z.string({ error }).refine(isHost, { error });
}

const bindingPattern =
  /^(?:ncacn_ip_tcp:)?(\[[A-Za-z0-9._:%-]{1,253}\]|[A-Za-z0-9._:%-]{1,253}?)(?:\[(?:,mapper=)?([0-9]{1,5})\])?$/;

/** Is this `HOST[PORT]`, `HOST` or `HOST[,mapper=PORT]`, with or without `ncacn_ip_tcp:` before it? */
function isStringBinding(value: string): boolean {
  const match = bindingPattern.exec(value);
  if (match === null) return false;
  const [, host = '', port = '135'] = match;
  const number = Number(port);
  // An IPv6 address may have brackets of its own.
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6 && number >= 1 && number <= 65_535;
  // A name with a colon must be an IPv6 address.
  return isHost(host) && number >= 1 && number <= 65_535;
}

export function stringBinding() {
  const error =
    'expected a string binding HOST[PORT] with a port from 1 to 65535, such as 127.0.0.1[4097], or HOST or HOST[,mapper=PORT] for the endpoint mapper of that host, each also with ncacn_ip_tcp: before it';
  return z
    .string({ error })
    .regex(bindingPattern, { error })
    .refine((value) => isStringBinding(value), { error });
}

/** A time of each day or of some days of the week. */
export function selectedTime() {
  const error = 'expected a time in UTC, such as 08:00-18:00, mon-fri 08:00-18:00 or sun 22:00-02:00';
  return z.string({ error }).regex(timePattern, { error });
}

/** An article that MTA Lab emulates. */
export function article() {
  return z.enum(emulatedArticles, { error: `expected one of ${emulatedArticles.join(', ')}` });
}

/** The path of a file or folder. */
export function path() {
  const error = 'expected a path of 1 to 1024 characters, without control characters';
  return z
    .string({ error })
    .min(1, { error })
    .max(1024, { error })
    .regex(/^\P{Cc}*$/u, { error });
}

export function list<Item extends z.ZodType>(item: Item, min: number, max: number) {
  const error = `expected a list of ${min === 0 ? 'at most' : `${min} to`} ${max} entries`;
  return z.array(item, { error }).min(min, { error }).max(max, { error });
}

/** A mapping without unknown keys. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const example = Object.keys(shape).find((key) => key !== '$schema');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? `expected a mapping with keys such as ${example}` : undefined),
  });
}
