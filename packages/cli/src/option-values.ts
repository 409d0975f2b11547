/** Reads values of command-line options that several commands share. */
import { defaultSettings, type Settings } from '@mtalab/mta-core';
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
 * Reads a mailbox address. Checks only what routing needs: a local part, an @ and a domain.
 * @throws UsageError when it is no address.
 */
export function addressOption(option: string, text: string): string {
  const at = text.lastIndexOf('@');
  if (at < 1 || at === text.length - 1 || /[\s\p{Cc}<>]/u.test(text) || text.length > 320) {
    throw new UsageError(`${option} takes an address such as ben@b.example, not "${excerpt(text)}"`);
  }
  return text;
}
