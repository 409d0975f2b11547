/** Rules about the fate of messages: a ledger of all accepted, delivered and reported messages, independent of the MTAs. */
import type { Envelope, ReportFacts, StoredMessage } from '@mtalab/mta-core';
import { type Breach, Violation } from './catalogue.js';

type Accepted = {
  readonly submissionId: string;
  /** Name of its content. */
  readonly content: string;
  readonly sizeBytes: number;
  /** A message without an originator gets no report: if it cannot be delivered, it goes to the dead letters. */
  readonly reportable: boolean;
  readonly recipients: ReadonlySet<string>;
  /** The delivered copy, by recipient. */
  readonly delivered: Map<string, string>;
  readonly reported: Map<string, { readonly outcomeUnknown: boolean }>;
  deadLetters: number;
};

export type MailCounts = {
  readonly accepted: number;
  readonly delivered: number;
  readonly reported: number;
  readonly reports: number;
  readonly deadLetters: number;
};

export class MailLedger {
  readonly #messages = new Map<string, Accepted>();
  readonly #bySubmission = new Map<string, string>();
  readonly #copies = new Set<string>();
  #reports = 0;
  #delivered = 0;
  #deadLetters = 0;

  /** Called when a submission is on disk. */
  accepted(
    submissionId: string,
    mtsId: string,
    facts: {
      readonly content: string;
      readonly sizeBytes: number;
      readonly originator: string;
      readonly recipients: readonly string[];
    },
  ): void {
    const { content, sizeBytes, originator } = facts;
    const known = this.#bySubmission.get(submissionId);
    if (known !== undefined) {
      throw new Violation({
        rule: 'once',
        message: mtsId,
        detail: `Submission ${submissionId} was already accepted as ${known}.`,
      });
    }
    this.#bySubmission.set(submissionId, mtsId);
    this.#add(mtsId, submissionId, content, sizeBytes, originator !== '', facts.recipients);
  }

  #add(
    mtsId: string,
    submissionId: string,
    content: string,
    sizeBytes: number,
    reportable: boolean,
    recipients: readonly string[],
  ): void {
    if (this.#messages.has(mtsId)) {
      throw new Violation({
        rule: 'unique-ids',
        message: mtsId,
        detail: `A second message gets the MTS identifier ${mtsId}.`,
      });
    }
    this.#messages.set(mtsId, {
      submissionId,
      content,
      sizeBytes,
      reportable,
      recipients: new Set(recipients),
      delivered: new Map(),
      reported: new Map(),
      deadLetters: 0,
    });
  }

  /** Called when a report is on disk. A report is a message to the originator of its subject. */
  report(report: Envelope, facts: ReportFacts, sizeBytes: number): void {
    this.#add(report.mtsId, '', `report ${report.mtsId}`, sizeBytes, false, [facts.subject.originator]);
    this.#reports += 1;
    const about = facts.subject.mtsId;
    if (facts.subject.originator === '')
      throw new Violation({
        rule: 'reportable',
        message: about,
        detail: `It reports on ${about}, which has no originator.`,
      });
    const subject = this.#messages.get(about);
    if (subject === undefined) {
      const detail = `It reports on ${facts.subject.mtsId}, which no MTA has accepted.`;
      throw new Violation({ rule: 'nothing-lost', message: facts.subject.mtsId, detail });
    }
    for (const recipient of facts.recipients) {
      const { outcomeUnknown } = facts;
      const before = subject.reported.get(recipient);
      subject.reported.set(recipient, { outcomeUnknown: outcomeUnknown || (before?.outcomeUnknown ?? false) });
    }
  }

  /** Called when copies are on disk. @param store the store that has them. */
  copies(store: string, message: StoredMessage): void {
    const { trace, mtsId } = message.envelope;
    const here = trace.at(-1)?.mta;
    if (
      trace.filter(({ mta }) => mta === here).length > 1 &&
      message.copies.some(({ destination }) => destination.to === 'mta')
    ) {
      throw new Violation({
        rule: 'no-loop',
        message: mtsId,
        detail: `${here} is to forward a message that has passed it before.`,
      });
    }
    for (const { id } of message.copies) {
      const key = `${store} ${id}`;
      if (this.#copies.has(key)) {
        const detail = `A second copy gets the copy id ${id} of ${store}.`;
        throw new Violation({ rule: 'unique-ids', message: message.envelope.mtsId, detail });
      }
      this.#copies.add(key);
    }
  }

  /** Called when a damaged report is set aside: its store keeps it for the operator, as a dead letter. */
  setAside(mtsId: string): void {
    const message = this.#messages.get(mtsId);
    if (message !== undefined) message.deadLetters += 1;
  }

  /**
   * Called when a copy is in a mailbox or with the dead letters.
   * @param copy the copy, unique over all stores. A repeated delivery of the same copy (after a crash) does not count.
   * @param content the content of the copy in its store.
   */
  delivered(
    envelope: Envelope,
    mailbox: string | null,
    copy: string,
    content: { readonly name: string; readonly sizeBytes: number } | undefined,
  ): void {
    const message = this.#messages.get(envelope.mtsId);
    const about = { message: envelope.mtsId };
    if (message === undefined) {
      throw new Violation({
        ...about,
        rule: 'addressed',
        detail: `${envelope.mtsId} was delivered, but never submitted.`,
      });
    }
    if (
      content?.name !== message.content ||
      content.sizeBytes !== message.sizeBytes ||
      envelope.sizeBytes !== message.sizeBytes
    ) {
      const found = content === undefined ? 'nothing' : `${content.sizeBytes} octets of ${content.name}`;
      const detail = `${message.sizeBytes} octets of ${message.content} were submitted, but ${found} delivered (envelope: ${envelope.sizeBytes}).`;
      throw new Violation({ ...about, rule: 'content', detail });
    }
    if (mailbox === null) {
      message.deadLetters += 1;
      this.#deadLetters += 1;
      return;
    }
    if (!message.recipients.has(mailbox)) {
      throw new Violation({
        ...about,
        rule: 'addressed',
        detail: `It was delivered to ${mailbox}, which is not a recipient.`,
      });
    }
    const before = message.delivered.get(mailbox);
    if (before === copy) return;
    if (before !== undefined) {
      throw new Violation({ ...about, rule: 'once', detail: `${mailbox} got it twice: as ${before} and as ${copy}.` });
    }
    message.delivered.set(mailbox, copy);
    this.#delivered += 1;
  }

  /** Checks at rest that every message was delivered or reported. */
  atEnd(): Breach | null {
    for (const [mtsId, message] of this.#messages) {
      const breach = this.#fate(mtsId, message);
      if (breach !== null) return breach;
    }
    return null;
  }

  #fate(mtsId: string, { submissionId, recipients, delivered, reported, deadLetters, reportable }: Accepted): Breach | null {
    const what = submissionId === '' ? 'The report' : `Submission ${submissionId}`;
    for (const recipient of recipients) {
      const report = reported.get(recipient);
      if (delivered.has(recipient)) {
        if (report !== undefined && !report.outcomeUnknown) {
          return {
            rule: 'true-report',
            message: mtsId,
            detail: `${what} was delivered to ${recipient}, but reported as not delivered.`,
          };
        }
      } else if (report === undefined && (reportable || deadLetters === 0)) {
        return { rule: 'nothing-lost', message: mtsId, detail: `${what} for ${recipient} was neither delivered nor reported.` };
      }
    }
    return null;
  }

  counts(): MailCounts {
    let [accepted, reported] = [0, 0];
    for (const message of this.#messages.values()) {
      if (message.submissionId === '') continue;
      accepted += 1;
      reported += message.reported.size;
    }
    return { accepted, delivered: this.#delivered, reported, reports: this.#reports, deadLetters: this.#deadLetters };
  }
}
