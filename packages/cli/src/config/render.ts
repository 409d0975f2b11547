/** Writes the configuration of an MTA as YAML, for labs that make their own files. */
import { stringify } from 'yaml';

/** Address of the schema in this package, for editors. */
const schemaUrl = new URL('../../schema/mta.schema.json', import.meta.url).href;

/**
 * The text of a configuration file. Its first line names the schema for editors. Leaves out keys that are undefined. Checks
 * nothing: `loadConfig` checks the file when it reads it.
 */
export function renderConfig(config: object): string {
  return `# yaml-language-server: $schema=${schemaUrl}\n${stringify(config, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
