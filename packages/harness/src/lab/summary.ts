/** Sums up what a lab has done. */
import type { Members } from './members.js';

/** Counts and delays of a lab since it started. */
export type LabSummary = {
  /** Messages accepted by the MTAs of this lab. */
  readonly submitted: number;
  /** Copies delivered to mailboxes since the lab started, each counted once. */
  readonly delivered: number;
  /** From submission to delivery, in ms of lab time. */
  readonly meanDelayMs: number;
  /** The longest such time. */
  readonly maxDelayMs: number;
  /** Opened by any MTA, without recoveries. */
  readonly associationsOpened: number;
  /** Turn-Gives sent by any MTA. */
  readonly turnsGiven: number;
  /** Non-delivery reports made. */
  readonly reports: number;
};

/** @param submitted messages that the lab itself has submitted. */
export async function summaryOf(members: Members, submitted: number): Promise<LabSummary> {
  await members.statuses();
  const { counters } = members;
  const sums = counters.sums();
  return {
    // The lab keeps its count when a process is killed. The count of the MTAs includes mail from outside the lab.
    submitted: Math.max(sums.submitted, submitted),
    delivered: counters.delivered,
    meanDelayMs: counters.delays.meanMs,
    maxDelayMs: counters.delays.maxMs,
    associationsOpened: sums.associationsOpened,
    turnsGiven: sums.turnsGiven,
    reports: sums.reports,
  };
}
