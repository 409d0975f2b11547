/** Errors of the client of a control server. */
/**
 * What can go wrong: `refused` the MTA said no, `gone` the connection or the process ended, `timeout` no answer came in
 * time, `unauthorised` the token is wrong, `unreachable` nobody listens there, `unreadable` the answer is not what the
 * schema says.
 */
export type ControlErrorCode = 'refused' | 'gone' | 'timeout' | 'unauthorised' | 'unreachable' | 'unreadable';

export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ControlErrorCode;
  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
