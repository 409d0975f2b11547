/** Maps a server's answers to the Windows NT errors that the client reports. */
import { faultStatus, type NakReason, ntError } from './pdu.js';

/** Congestion and limits give 1723, an unsupported version gives 1728. Any other reason gives 1727. */
export function errorOfNak(reason: NakReason): number {
  switch (reason) {
    case 1:
    case 2:
      return ntError.serverTooBusy;
    case 4:
      return ntError.protocolError;
    default:
      return ntError.callFailedDidNotExecute;
  }
}

/**
 * The error for a context that the server rejected in a bind_ack: RPC_S_UNKNOWN_IF (1717) when it does not know the interface,
 * RPC_S_UNSUPPORTED_TRANS_SYN (1730) when it knows none of the transfer syntaxes, RPC_S_SERVER_TOO_BUSY (1723) at its limit of
 * contexts, else 1728.
 */
export function errorOfRejection(reason: number): number {
  switch (reason) {
    case 1:
      return ntError.unknownInterface;
    case 2:
      return ntError.unsupportedTransferSyntax;
    case 3:
      return ntError.serverTooBusy;
    default:
      return ntError.protocolError;
  }
}

/**
 * The error for a fault's status. Windows servers also put their own small error numbers there (5, 1783), which stay as they are.
 * Any other status gives 1726, or 1727 if the server says that nothing was executed.
 */
export function errorOfFault(status: number, didNotExecute: boolean): number {
  switch (status) {
    case faultStatus.operationOutOfRange:
      return ntError.operationOutOfRange;
    case faultStatus.unknownInterface:
      return ntError.unknownInterface;
    case faultStatus.protocolError:
      return ntError.protocolError;
    case faultStatus.serverTooBusy:
      return ntError.serverTooBusy;
    case faultStatus.cancelled:
      return ntError.callCancelled;
  }
  if (status > 0 && status <= 0xffff) return status;
  return didNotExecute ? ntError.callFailedDidNotExecute : ntError.callFailed;
}

/**
 * The error of a failed listen, by the operating system's error. A taken port and a missing right are those of the RPC function that
 * makes an endpoint (RPC_S_DUPLICATE_ENDPOINT, RPC_S_ACCESS_DENIED). Anything else is an adapter that cannot serve RPC: 11004.
 */
export function errorOfListen(osError: string): number {
  switch (osError) {
    case 'EADDRINUSE':
      return ntError.duplicateEndpoint;
    case 'EACCES':
      return ntError.accessDenied;
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
      return ntError.outOfMemory;
    default:
      return ntError.noData;
  }
}
