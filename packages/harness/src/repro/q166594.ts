/**
 * Q166594 on real sockets: A has opened the association and holds the Turn, B asks, A gives, and the network takes the
 * association away before the give has arrived. A recovers it. Who may send now?
 */
import type { LabAssociation } from '../lab/associations.js';
import type { ProxiedPdu } from '../proxy/fault-proxy.js';
import type { Reproduction, Stage } from './reproduce.js';

const hourMs = 3_600_000;

/** Associations are counted by the first connection of each: the one that carried a fresh MtaBind. */
function opened(pdus: readonly ProxiedPdu[]): number {
  const first = new Set<number>();
  for (const { pdu, conn, fate } of pdus) {
    if (fate === 'passed' && pdu.type === 'request' && pdu.body.op === 'MtaBind' && pdu.body.rtorq.recovery === 0) first.add(conn);
  }
  return first.size;
}

function recoveries(pdus: readonly ProxiedPdu[]): number {
  return pdus.filter(({ pdu, fate }) => {
    return fate === 'passed' && pdu.type === 'request' && pdu.body.op === 'MtaBind' && pdu.body.rtorq.recovery > 0;
  }).length;
}

async function submit(stage: Stage, from: string, to: string, count: number): Promise<void> {
  const originator = `sender@${stage.lab.domain(from)}`;
  const recipients = [`user@${stage.lab.domain(to)}`];
  for (let number = 1; number <= count; number += 1) {
    const content = Buffer.from(`From: ${originator}\r\nTo: ${recipients[0]}\r\nSubject: ${number} of ${count}\r\n\r\nHello.\r\n`);
    await stage.lab.submit(from, { originator, recipients, content });
  }
}

function believed(associations: readonly LabAssociation[]): string {
  return associations
    .map((each) =>
      Object.entries(each.holder)
        .map(([side, holder]) => `${side} believes the Turn is ${holder === side ? 'its own' : `${holder}'s`}`)
        .join(', '),
    )
    .join('; ');
}

/** The association is opened, B asks for the Turn, and the give is lost with the connections. */
async function loseTheGive(stage: Stage): Promise<void> {
  const { lab, tell } = stage;
  tell('A opens the association with a first message');
  await submit(stage, 'MTA-A', 'MTA-B', 1);
  await lab.waitForDelivered(1);
  await lab.settle();
  const fault = lab.fault('cut before turn-give 1');
  tell('B queues a message and asks for the Turn; the give is cut away, with all connections');
  await submit(stage, 'MTA-B', 'MTA-A', 1);
  await lab.settle();
  stage.observed.note('The fault was reached: the give left A and never came to B.', fault.hits === 1, `${fault.hits} time(s)`);
}

async function run(stage: Stage): Promise<void> {
  const { lab, mode, observed, tell, pdus } = stage;
  const legacy = mode === 'legacy';
  await loseTheGive(stage);

  const recovered = await lab.associations();
  const up = recovered.length === 1 && Object.values(recovered[0]?.sides ?? {}).every((each) => each.state === 'open');
  observed.note('A has recovered the association: it is up on both sides.', up && recoveries(pdus) === 1, believed(recovered));
  const turn = recovered[0]?.turn ?? 'unknown';
  if (legacy) observed.note('Each side believes that the other has the Turn.', turn === 'nobody', believed(recovered));
  else observed.note('Exactly one side has the Turn.', turn === 'one', believed(recovered));

  tell('49 messages are queued at A');
  await submit(stage, 'MTA-A', 'MTA-B', 49);
  await lab.settle();
  const before = lab.delivered;
  if (legacy) {
    tell('the clocks are moved on by twelve hours');
    await lab.advanceBy(12 * hourMs);
    observed.note('None of the 49, nor the message of B, moves, though twelve hours pass.', before === 1 && lab.delivered === 1, `${lab.delivered - 1} delivered`);
    observed.note('No second association is opened below the threshold.', opened(pdus) === 1, `${opened(pdus)} first connection(s)`);
  } else {
    await lab.waitForDelivered(51);
    observed.note('The queues drain on the recovered association: 49 from A and the one from B.', lab.delivered === 51, `${lab.delivered - 1} delivered`);
  }

  tell('the 50th message is queued at A');
  await submit(stage, 'MTA-A', 'MTA-B', 1);
  await lab.waitForDelivered(52);
  await lab.settle();
  const all = lab.delivered === 52;
  if (legacy) {
    observed.note('The 50th opens a second association.', opened(pdus) === 2, `${opened(pdus)} first connections`);
    observed.note('Over it everything is delivered: the 50 from A and the one from B.', all, `${lab.delivered - 1} delivered`);
    const stuck = (await lab.associations()).filter((each) => each.turn === 'nobody').length;
    observed.note('The first association is still up, and still nobody holds its Turn.', stuck === 1, `${stuck} such association(s)`);
  } else {
    observed.note('The 50th is delivered too.', all, `${lab.delivered - 1} delivered`);
    observed.note('No second association was opened.', opened(pdus) === 1, `${opened(pdus)} first connection(s)`);
  }
}

export const q166594: Reproduction = {
  article: 'Q166594',
  title: 'Messages not delivered over the first association',
  legacyOn: ['MTA-A', 'MTA-B'],
  fault: 'all connections of the association are cut when the first Turn-Give has been sent, before it arrives',
  run,
  verdict: {
    legacy:
      'Fails as documented: the association is up, each MTA believes the other has the Turn, and nothing moves until the 50th message opens a second association.',
    fixed: 'Passes: after the recovery one side holds the Turn, and the queues drain without a second association.',
  },
};
