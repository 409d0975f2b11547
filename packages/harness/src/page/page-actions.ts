/** What a person can do to a lab from its page. Each action names the command that does the same. */
import { describeFrame, type Priority, priorities } from '@mtalab/mta-core';
import { networkStates } from '@mtalab/scenario';
import type { PageLesson, PlayedLesson } from '@mtalab/trace';
import { articleArgument, isText } from '../lab/arguments.js';
import type { Lab } from '../lab/lab.js';
import { HarnessError } from '../process/errors.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { shellWord } from '../shell-word.js';
import { shownOctets } from './shown-octets.js';

export type Done = {
  readonly says: string;
  readonly shown: string;
  readonly value?: unknown;
  /** It was done in one of two pairs only. */
  readonly isPartial?: boolean;
};

/** The lessons of the page. */
export type PageLessons = {
  readonly list: () => readonly PageLesson[];
  /** Lets real MTAs play a lesson, beside those of the page. They stop in order when the signal aborts. */
  readonly play: (id: string, signal: AbortSignal) => Promise<PlayedLesson>;
  /** Keeps that a reader has come to the end. */
  readonly done: (id: string, right: number, of: number) => void;
};
export type Values = Readonly<Record<string, unknown>>;
type Action = (values: Values) => Promise<Done> | Done;

/** Limits of one action. */
const most = { messages: 10_000, textLength: 512 };

function wrong(key: string, expected: string): never {
  throw new HarnessError(`${key}: expected ${expected}`);
}

function textIn(values: Values, key: string): string {
  const value = values[key];
  return isText(value) && value !== '' && value.length <= most.textLength ? value : wrong(key, 'a text');
}

export class PageActions {
  readonly #lab: Lab;
  readonly #do: Readonly<Record<string, Action>>;
  #sent = 0;

  readonly #lessons: PageLessons | null;
  readonly #closing = new AbortController();
  #playing = false;

  constructor(lab: Lab, lessons: PageLessons | null = null) {
    this.#lab = lab;
    this.#lessons = lessons;
    this.#do = {
      send: (values) => this.#send(values),
      fault: (values) => this.#fault(textIn(values, 'text')),
      release: () => this.#counted(this.#proxy().release(), 'PDU', 'let go', 'fault release'),
      drop: () => this.#drop(),
      heal: () => this.#counted(this.#proxy().heal(), 'direction', 'healed', 'fault heal'),
      cut: () => this.#counted(this.#proxy().cutAll(), 'connection', 'cut', 'fault cut'),
      network: async (values) => {
        const state = networkStates.find((each) => each === values['state']) ?? wrong('state', networkStates.join(', '));
        await this.#proxy().setNetwork(state);
        return this.#done(`the network is ${state}`, `fault network ${state}`);
      },
      pause: () => {
        this.#proxy().setStepping(true);
        return this.#done('the link stands still: each PDU waits for its step', 'fault step on');
      },
      resume: () => {
        this.#proxy().setStepping(false);
        return this.#done('the link goes on', 'fault step off');
      },
      step: () => {
        if (!this.#proxy().stepping) throw new HarnessError('the link does not stand still; stop it first');
        const pdu = this.#proxy().step();
        if (pdu === null) throw new HarnessError('no PDU waits on the link');
        return this.#done(`passed: ${describeFrame(pdu)}`, 'fault step');
      },
      lessons: () => ({ says: '', shown: '', value: this.#lessonsOr().list() }),
      lesson: (values) => this.#lesson(textIn(values, 'id')),
      'lesson-done': (values) => {
        this.#lessonsOr().done(textIn(values, 'id'), Number(values['right']), Number(values['of']));
        return { says: '', shown: '' };
      },
      octets: (values) => ({ says: '', shown: '', value: shownOctets(values['frame']) }),
      set: (values) => this.#set(values),
      restart: (values) => this.#restart(textIn(values, 'mta'), false),
      kill: (values) => this.#restart(textIn(values, 'mta'), true),
      'time-scale': async (values) => {
        const scale = Number(values['scale']);
        await this.#lab.setTimeScale(scale);
        return this.#done(`lab time runs ${scale} times as fast as real time`, `time --scale ${scale}`);
      },
      advance: (values) => this.#advance(Number(values['seconds'])),
    };
  }

  /** Does the link stand still? */
  get paused(): boolean {
    return this.#lab.proxy?.stepping ?? false;
  }

  /** @throws Error that says what was wrong. */
  async carryOut(action: string, values: Values): Promise<Done> {
    const run = Object.hasOwn(this.#do, action) ? this.#do[action] : undefined;
    if (run === undefined) throw new HarnessError(`there is no action ${JSON.stringify(String(action).slice(0, 40))}`);
    return run(values ?? {});
  }

  #proxy(): FaultProxy {
    const { proxy } = this.#lab;
    if (proxy === undefined) throw new HarnessError('this pair has no fault proxy; start it with --proxy');
    return proxy;
  }

  #lessonsOr(): PageLessons {
    if (this.#lessons === null) throw new HarnessError('this page has no lessons; `mtalab learn` has');
    return this.#lessons;
  }

  async #lesson(id: string): Promise<Done> {
    const lessons = this.#lessonsOr();
    if (this.#playing) throw new HarnessError('a lesson is being played; wait for its end');
    this.#playing = true;
    try {
      return { says: '', shown: `mtalab learn ${shellWord(id)}`, value: await lessons.play(id, this.#closing.signal) };
    } finally {
      this.#playing = false;
    }
  }

  /** Stops a lesson that is being played. */
  close(): void {
    this.#closing.abort();
  }

  #done(says: string, command: string): Done {
    return { says, shown: `mtalab ${command} --dir ${shellWord(this.#lab.dir)}` };
  }

  #counted(count: number, what: string, verb: string, command: string): Done {
    return this.#done(`${count} ${what}${count === 1 ? ' is' : 's are'} ${verb}`, command);
  }

  async #send(values: Values): Promise<Done> {
    const from = textIn(values, 'from');
    const to = textIn(values, 'to');
    const count = Number(values['count'] ?? 1);
    const priority = (values['priority'] ?? 'normal') as Priority;
    if (!Number.isInteger(count) || count < 1 || count > most.messages)
      wrong('count', `a whole number from 1 to ${most.messages}`);
    if (!priorities.includes(priority)) wrong('priority', priorities.join(', '));
    const recipient = `user@${this.#lab.domain(to)}`;
    const originator = `sender@${this.#lab.domain(from)}`;
    const contents = Array.from({ length: count }, () => {
      this.#sent += 1;
      return `From: ${originator}\r\nTo: ${recipient}\r\nSubject: page ${this.#sent}\r\n\r\nSent from the page.\r\n`;
    });
    await Promise.all(
      contents.map((content) =>
        this.#lab.submit(from, { originator, recipients: [recipient], priority, content: Buffer.from(content) }),
      ),
    );
    const says = `${count} message${count === 1 ? ' is' : 's are'} on the disk of ${from}`;
    const words = ['submit', '-', '--mta', from, '--to', recipient, ...(priority === 'normal' ? [] : ['--priority', priority])];
    const command = this.#done(says, words.map(shellWord).join(' ')).shown;
    const each = `echo 'Subject: page' | ${command}`;
    return { says, shown: count === 1 ? each : `for i in $(seq ${count}); do ${each}; done` };
  }

  #fault(text: string): Done {
    this.#proxy();
    const { id } = this.#lab.fault(text);
    return this.#done(`fault ${id} waits for its PDU`, `fault ${shellWord(text)}`);
  }

  /** The held PDU never arrives: its connections are cut while it waits. */
  #drop(): Done {
    const proxy = this.#proxy();
    const held = proxy.connections().filter((each) => each.held > 0);
    if (held.length === 0) throw new HarnessError('no PDU is held');
    const names = [...new Set(held.map(({ association }) => association))];
    for (const name of names) {
      if (name === null) proxy.cutAll();
      else proxy.cutAll(name);
    }
    const commands = names.map((name) => this.#done('', name === null ? 'fault cut' : `fault cut ${shellWord(name)}`).shown);
    return { says: `the held PDU is lost, with its connections`, shown: commands.join(' && ') };
  }

  async #set(values: Values): Promise<Done> {
    const article = textIn(values, 'article');
    const mode = values['mode'] === 'legacy' ? 'legacy' : 'fixed';
    const names = isText(values['mta']) && values['mta'] !== '' ? [values['mta']] : [...this.#lab.processes.keys()];
    const answers = await this.#lab.changes.set(articleArgument('article', article), mode, names);
    const refused = answers.find((answer) => !answer.ok);
    if (refused !== undefined && !refused.ok) throw new HarnessError(`${refused.mta}: ${refused.error.message}`);
    const of = names.length === 1 ? ` --mta ${shellWord(names[0] as string)}` : '';
    return this.#done(`${article} is ${mode} at ${names.join(' and ')}`, `set ${mode} ${article}${of}`);
  }

  async #restart(mta: string, kill: boolean): Promise<Done> {
    await this.#lab.restart(mta, { kill });
    return this.#done(`${mta} has started again`, `restart --mta ${shellWord(mta)}${kill ? ' --kill' : ''}`);
  }

  async #advance(seconds: number): Promise<Done> {
    if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 86_400) wrong('seconds', 'a number from 0 to 86400');
    await this.#lab.advanceBy(seconds * 1000);
    return this.#done(`${seconds} s of lab time have passed`, `time --advance ${seconds}`);
  }
}
