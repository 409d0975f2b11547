/**
 * Reads the arguments of MAIL and RCPT (RFC 5321 4.1.2). The core decides what an address is, so this takes any path, a quoted local
 * part and a domain in either form included, and changes nothing in it but the source route, which RFC 5321 wants ignored.
 */

export type PathArgument = {
  readonly address: string;
  /** Parameters by their names in capitals. `true` for one without a value. */
  readonly args: Record<string, string | true>;
  /** A parameter that occurs twice. */
  readonly duplicate?: string;
};

/** A path with a quoted local part may have blanks and angle brackets in it. */
const pathForm = /^<((?:"(?:\\.|[^"\\])*"|[^"<>])*)>(?:[ \t]+(.*))?$/;
const sourceRoute = /^@[^\s,:@]+(?:,@[^\s,:@]+)*:/;
const parameterForm = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?$/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(line: Uint8Array | string): string | null {
  if (typeof line === 'string') return line;
  try {
    return utf8.decode(line);
  } catch {
    return null;
  }
}

/**
 * @param verb `mail from` or `rcpt to`.
 * @returns false for a line that is no such command, or has a parameter of a wrong form.
 */
export function readPath(verb: string, line: Uint8Array | string): PathArgument | false {
  const text = textOf(line);
  if (text === null) return false;
  const colon = text.indexOf(':');
  if (colon < 0 || text.slice(0, colon).trim().toLowerCase() !== verb) return false;
  const [whole, path = '', parameters = ''] = pathForm.exec(text.slice(colon + 1).trim()) ?? [];
  if (whole === undefined) return false;
  const args: Record<string, string | true> = {};
  let duplicate: string | undefined;
  for (const parameter of parameters.split(/[ \t]+/).filter((word) => word !== '')) {
    const [found, name = '', value = true] = parameterForm.exec(parameter) ?? [];
    if (found === undefined) return false;
    const key = name.toUpperCase();
    if (Object.hasOwn(args, key)) duplicate = key;
    args[key] = value;
  }
  return { address: path.replace(sourceRoute, ''), args, ...(duplicate === undefined ? {} : { duplicate }) };
}
