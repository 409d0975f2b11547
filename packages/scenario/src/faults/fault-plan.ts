/**
 * The faults of a link (the proxy's, or a virtual one): which are armed, what each has counted, and what each does to an
 * arriving PDU.
 */
import { type BareFrame, kindsIn } from '@mtalab/mta-core';
import { mayBecome, type PduStart } from './fault-kinds.js';
import { describeFault, type FaultSpec } from './fault-language.js';
import { type Chance, chance } from './seeded-chance.js';

/** `armed`: not met yet. `reached`: it acts, or (seeded faults) has acted and may act again. `done`: it has ended. */
export type FaultState = 'armed' | 'reached' | 'done';

/** A live view of one fault: its values change while the proxy runs. */
export type FaultHandle = {
  /** Number by which the proxy removes, releases or heals it. */
  readonly id: number;
  /** The fault in the language, in its shortest form. */
  readonly text: string;
  /** Has it been reached, and does it still act? */
  readonly state: FaultState;
  /** How many times it acted. */
  readonly hits: number;
  /** PDUs of its kind, from its sender, that reached the proxy since it was added. */
  readonly seen: number;
};

export type ArmedFault = { -readonly [Key in keyof FaultHandle]: FaultHandle[Key] } & {
  readonly spec: FaultSpec;
  readonly chance: Chance | null;
};

/**
 * What happens to one PDU. Several faults may act on it: a cut before it outranks swallowing, and swallowing outranks the rest.
 */
type FaultDecision = {
  readonly cutBefore?: ArmedFault;
  readonly swallow?: ArmedFault;
  readonly hold?: ArmedFault;
  readonly delay?: ArmedFault;
  readonly cutAfter?: ArmedFault;
};

const maxFaults = 100;
const pass: FaultDecision = {};

export class FaultPlan {
  readonly #faults: ArmedFault[] = [];
  #lastId = 0;

  /** @throws Error if there are too many faults. */
  add(spec: FaultSpec): ArmedFault {
    if (this.#faults.length >= maxFaults) throw new Error(`a proxy takes at most ${maxFaults} faults: remove some that are done`);
    this.#lastId += 1;
    const fault: ArmedFault = {
      id: this.#lastId,
      text: describeFault(spec),
      state: 'armed',
      hits: 0,
      seen: 0,
      spec,
      chance: spec.action === 'cut-randomly' ? chance(spec.seed) : null,
    };
    this.#faults.push(fault);
    return fault;
  }

  remove(id: number): ArmedFault | undefined {
    const at = this.#faults.findIndex((fault) => fault.id === id);
    return at < 0 ? undefined : this.#faults.splice(at, 1)[0];
  }

  all(): readonly ArmedFault[] {
    return [...this.#faults];
  }

  /** Faults added later have higher ids. Only the faults known at its first octets act on a PDU. */
  get lastId(): number {
    return this.#lastId;
  }

  /**
   * Whether the first octets of a PDU must wait until it is complete, because a fault may act before they pass.
   */
  needsWhole(start: PduStart, from: string): boolean {
    return this.#faults.some((fault) => {
      if (!isLive(fault) || (fault.spec.from !== null && fault.spec.from !== from)) return false;
      if ('when' in fault.spec && fault.spec.when === 'after') return false;
      return mayBecome(fault.spec.kind, start);
    });
  }

  /** Counts this PDU with every fault up to id `knownId`, and says what those faults do to it. */
  judge(pdu: BareFrame, from: string, knownId: number): FaultDecision {
    if (this.#faults.length === 0) return pass;
    const kinds = kindsIn(pdu);
    let verdict = pass;
    for (const fault of this.#faults) {
      if (fault.id > knownId || !isLive(fault)) continue;
      const { spec } = fault;
      if ((spec.from !== null && spec.from !== from) || !kinds.includes(spec.kind)) continue;
      fault.seen += 1;
      const act = meets(fault);
      if (act === null) continue;
      fault.hits += 1;
      fault.state = stateAfterHit(fault);
      verdict = { [act]: fault, ...verdict };
    }
    return verdict;
  }
}

/** Whether the fault can still meet a PDU. After their first hit only seeded faults can. */
function isLive(fault: ArmedFault): boolean {
  return fault.state === 'armed' || (fault.state === 'reached' && fault.chance !== null);
}

function meets(fault: ArmedFault): keyof FaultDecision | null {
  const { spec } = fault;
  if (spec.action === 'cut-randomly') {
    if (fault.chance === null || fault.chance.below(spec.outOf) >= spec.hits) return null;
    return fault.chance.below(2) === 0 ? 'cutBefore' : 'cutAfter';
  }
  if (fault.seen !== spec.nth) return null;
  switch (spec.action) {
    case 'hold':
      return 'hold';
    case 'black-hole':
      return 'swallow';
    case 'delay':
      return 'delay';
    default:
      return spec.when === 'before' ? 'cutBefore' : 'cutAfter';
  }
}

/** Ends what the fault does: its PDUs were released, healed or passed on, or its connection is gone. Seeded faults go on. */
export function endAction(fault: ArmedFault | null | undefined): void {
  if (fault?.state === 'reached' && fault.chance === null) fault.state = 'done';
}

function stateAfterHit(fault: ArmedFault): FaultState {
  if (fault.spec.action === 'cut-randomly') return fault.hits === fault.spec.limit ? 'done' : 'reached';
  // A cut after the PDU is done only when the PDU has left, which the flow reports.
  return 'when' in fault.spec && fault.spec.when === 'before' ? 'done' : 'reached';
}
