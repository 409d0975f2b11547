/** The MTAs of a lab as the target of a load. */
import { defaultSettings } from '@mtalab/mta-core';
import type { DeliveryNotice, LabClock } from '@mtalab/transport';
import type { Lab } from '../lab/lab.js';
import { dataFolderOf, mailboxFolderOf } from '../lab/lab-paths.js';
import type { Members } from '../lab/members.js';
import { describeExit } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import type { LinkControl, LoadTarget } from './target.js';

function linkOf(proxy: FaultProxy): LinkControl {
  return {
    fault: async (text) => {
      const handle = proxy.add(text);
      return { text: handle.text, hits: async () => handle.hits };
    },
    cut: async () => void proxy.cutAll(),
    network: (state) => proxy.setNetwork(state),
    release: async () => void proxy.release(),
    heal: async () => void proxy.heal(),
    pause: () => proxy.pause(),
    resume: () => proxy.resume(),
  };
}

/** An instant of lab time, ms of the monotonic clock. */
function realMs({ epochMs, baseMs, timeScale, offsetMs }: LabClock, labMs: number): number {
  return baseMs + (labMs - offsetMs - epochMs) / timeScale;
}

export function labTarget(lab: Lab, members: Members): LoadTarget {
  const { plan, proxy } = members;
  return {
    names: plan.names,
    timeScale: plan.timeScale,
    domain: (name) => lab.domain(name),
    client: (name) => {
      const process = members.get(name);
      return process.up ? process.client : undefined;
    },
    ask: (ask) => lab.ask(ask),
    follow: async (note: (notice: DeliveryNotice) => void) => members.onDelivery(note),
    realMs: (_, labMs) => realMs(members.clock, labMs),
    setup: (name) => {
      const settings = { ...defaultSettings, ...plan.settings, ...plan.settingsOf?.[name] };
      return { threshold: settings.threshold, associationsPerMta: settings.maxAssociationsPerMta };
    },
    places: (name) => ({
      data: dataFolderOf(plan.dir, name),
      delivery: plan.delivery,
      mailboxes: mailboxFolderOf(plan.dir, name),
    }),
    link: proxy === undefined ? undefined : linkOf(proxy),
    signal: (name, signal) => members.get(name).kill(signal),
    restart: async (name, kill) => void (await lab.restart(name, { kill })),
    atRest: () => lab.quiescent(),
    ended: () =>
      [...members.processes.values()].flatMap(({ name, exit }) => {
        return exit === undefined || lab.isRestarting(name) ? [] : [`${name} ${describeExit(exit)}`];
      }),
  };
}
