/** The functions of the reliable transfer that links call. */
import type { LinkUser } from '../links/link.js';
import { agreed, openRequested, refuses } from './association/answer.js';
import { closed, closeRequested } from './association/close.js';
import { abortAssociation, endAssociation, interruptIncoming, loseAssociation, protocolError } from './association/end.js';
import { meetPeer } from './association/introduction.js';
import { attemptFailed, credentialsFor, openAnswered, openRequest } from './association/open.js';
import { apduReceived } from './incoming-apdus.js';
import { activityFailed } from './transfer/interrupt.js';
import { segmentUnreadable, transferAnswered } from './transfer/send.js';
import { takeSettled } from './transfer/settlement.js';
import { giveAcknowledged } from './turn/turn.js';

export const reliableTransfer: LinkUser = {
  openRequest,
  credentials: credentialsFor,
  introduced: (ctx, ref, from) => meetPeer(ctx, ref.entry, from, ref.association),
  openRequested,
  agreed,
  refuses,
  openAnswered,
  attemptFailed,
  received: apduReceived,
  takeSettled,
  answered: transferAnswered,
  unreadable: segmentUnreadable,
  giveAcknowledged,
  transferFailed: activityFailed,
  interrupted: interruptIncoming,
  closeRequested,
  closed,
  lost: loseAssociation,
  ended: endAssociation,
  breached: protocolError,
  aborts: (ctx, ref, why) => abortAssociation(ctx, ref, 'protocolError', why),
};
