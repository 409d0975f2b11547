/** The error numbers that events carry. Most are Windows NT's; three are codes of the MTA's own connection layer. */
const texts: Readonly<Record<number, string>> = {
  5: 'access denied',
  14: 'out of memory',
  1722: 'the RPC server is unavailable',
  1723: 'the RPC server is too busy',
  1726: 'the RPC call failed; it may have run',
  1727: 'the RPC call failed and did not run',
  1783: 'the RPC stub got bad data',
  1818: 'the RPC call was cancelled',
  8464: 'code of the connection layer of the MTA (no Windows NT error)',
  8511: 'code of the connection layer of the MTA (no Windows NT error)',
  8640: 'code of the connection layer of the MTA (no Windows NT error)',
  10054: 'the connection was reset by the other side',
  10060: 'the connection attempt timed out',
  10061: 'the connection was refused',
  11004: 'the name is valid but has no data of the type asked for',
};

/** What an error number of an event means, in plain words. A number that is not known is said to be so. */
export function ntErrorText(error: number): string {
  return texts[error] ?? `error ${error}, not known here`;
}
