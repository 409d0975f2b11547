/** Quotes the words of printed commands, so that a user can paste them into a shell. */

/** A word as a POSIX shell reads it: quoted if it has anything that a shell could change. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
