/** Reads values of command-line options that several commands share. */
import { defaultSettings, mailAddressProblem, maxRecipients, type Settings } from '@mtalab/mta-core';
import { settingProblem } from './config/settings.js';
import { UsageError } from './errors.js';
import { suggestion } from './render/suggestions.js';

/** The beginning of a long text, enough to recognize it. */
export function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/**
 * Reads `name=value` for a setting. The value gets the type of the setting's default.
 * @throws UsageError when the setting is unknown or the value is out of range.
 */
export function settingOption(text: string): readonly [string, unknown] {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const names = Object.keys(defaultSettings);
  if (name === '') throw new UsageError(`--set takes name=value, such as openRetryIntervalS=60, not "${text}"`);
  if (!names.includes(name))
    throw new UsageError(`--set: unknown setting ${name}${suggestion(name, names)}; \`mtalab schema\` describes them all`);
  const usual = defaultSettings[name as keyof Settings];
  if (typeof usual === 'boolean') {
    if (value !== 'true' && value !== 'false') throw new UsageError(`--set: ${name} is true or false, not "${value}"`);
    return [name, value === 'true'];
  }
  if (typeof usual === 'number' && !/^\d{1,15}$/.test(value))
    throw new UsageError(`--set: ${name} is a whole number, not "${excerpt(value)}"`);
  const read = typeof usual === 'number' ? Number(value) : value;
  const problem = settingProblem(name as keyof Settings, read);
  if (problem !== undefined) throw new UsageError(`--set: ${name}: ${problem}; found ${excerpt(value)}`);
  return [name, read];
}

/**
 * Reads one mail address.
 * @throws UsageError when it is none, or a list.
 */
export function addressOption(option: string, text: string): string {
  const problem = mailAddressProblem(text);
  if (problem === null) return text;
  const count = splitAddresses(text).length;
  if (count > 1) throw new UsageError(`${option} takes one address, not ${count}: "${excerpt(text)}"`);
  throw new UsageError(`${option} takes an address such as ben@b.example, not "${excerpt(text)}": ${problem}`);
}

/** The texts between commas. A comma in quotes separates nothing: `"smith, ben"@b.example` is one address. */
function splitAddresses(text: string): readonly string[] {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === ',' && !quoted) {
      parts.push('');
      continue;
    }
    if (sign === '"') quoted = !quoted;
    const taken = quoted && sign === '\\' ? text.slice(at, at + 2) : sign;
    parts[parts.length - 1] += taken;
    at += taken.length - 1;
  }
  return parts.map((part) => part.trim());
}

/**
 * Reads the recipients of a message: an option that may be repeated, each with one address or a comma list.
 * @throws UsageError naming an address that is none, or when there are too many.
 */
export function addressesOption(option: string, texts: readonly string[]): readonly string[] {
  const addresses = texts.flatMap(splitAddresses);
  if (addresses.length > maxRecipients)
    throw new UsageError(`${option}: ${addresses.length} recipients; a message has at most ${maxRecipients}`);
  return addresses.map((address) => addressOption(option, address));
}
