/** Writes configuration files, for a lab that makes its own. */
import { stringify } from 'yaml';

/** Where the shipped schema is, for editors. */
const schemaUrl = new URL('../../schema/mta.schema.json', import.meta.url).href;

/**
 * A configuration as the text of a file; its first line tells editors where the schema is. Keys that are undefined are left
 * out. Nothing is checked here: `loadConfig` does that when the file is read.
 */
export function renderConfig(config: object): string {
  return `# yaml-language-server: $schema=${schemaUrl}\n${stringify(config, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
