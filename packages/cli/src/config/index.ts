/** The configuration file of one MTA. */
export { type LoadedConfig, loadConfig } from './load.js';
export { ConfigError } from './problems.js';
export { renderConfig } from './render.js';
export { configSchema, renderConfigSchema } from './schema.js';
