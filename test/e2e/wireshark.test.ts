/** Wireshark with the script of this repository names exactly the APDUs of the journals, in the captures of all articles. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { command } from '../support/command.js';
import { compared, conversationsInCapture, conversationsInJournal, faultsIn, journalOf, mtasIn } from '../support/wireshark.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const skip = hasTshark ? false : 'tshark is not installed';
const scenarios = readdirSync('packages/cli/scenarios').map((file) => file.replace(/\.yaml$/, ''));

for (const scenario of scenarios) {
  test(`${scenario}: tshark names the APDUs of both journals, and finds nothing wrong`, { skip, timeout: 300_000 }, async (t) => {
    const dir = join(t.testdir(), 'kept');
    const { code, stderr } = await command('scenario', scenario, '--on', 'processes', '--dir', dir);
    t.equal(code, 0, stderr);
    for (const mode of mtasIn(dir)) {
      const folder = join(dir, mode);
      const capture = join(folder, 'link.pcapng');
      t.same(faultsIn(capture), [], `${mode}: nothing is malformed`);
      for (const mta of mtasIn(folder).filter((name) => existsSync(journalOf(folder, name)))) {
        const journal = conversationsInJournal(journalOf(folder, mta));
        const found = compared(journal, conversationsInCapture(capture, mta));
        t.match(found, { onlyInCapture: [], onlyInJournal: [] }, `${mode}, ${mta}`);
        t.comment(`${mode}, ${mta}: ${found.exact} conversations are the same, ${found.shortened} end early`);
      }
    }
  });
}
