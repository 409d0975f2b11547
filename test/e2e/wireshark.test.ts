/** Wireshark with the script of this repository names exactly the APDUs of the journals, in the captures of all articles. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { command } from '../support/command.js';
import { compared, conversationsInJournal, journalOf, mtasIn, readCapture } from '../support/wireshark.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const skip = hasTshark ? false : 'tshark is not installed';
const folder = 'packages/cli/scenarios';
/** The scenarios on the LAN, and one on the X.400 connector. */
const scenarios = readdirSync(folder)
  .filter((file) => file === 'q185934.yaml' || !/^link: x400$/m.test(readFileSync(join(folder, file), 'utf8')))
  .map((file) => file.replace(/\.yaml$/, ''));

for (const scenario of scenarios) {
  test(`${scenario}: tshark names the APDUs of both journals, and finds nothing wrong`, { skip, timeout: 300_000 }, async (t) => {
    const dir = join(t.testdir(), 'kept');
    const { code, stderr } = await command('scenario', scenario, '--on', 'processes', '--dir', dir);
    t.equal(code, 0, stderr);
    for (const mode of mtasIn(dir)) {
      const run = join(dir, mode);
      const capture = join(run, 'link.pcapng');
      const reading = readCapture(capture);
      t.same(reading.faults, [], `${mode}: nothing is malformed`);
      for (const mta of mtasIn(run).filter((name) => existsSync(journalOf(run, name)))) {
        const journal = conversationsInJournal(journalOf(run, mta));
        const found = compared(journal, reading.at(mta));
        t.match(found, { onlyInCapture: [], onlyInJournal: [] }, `${mode}, ${mta}`);
        t.ok(found.exact > 0, `${mode}, ${mta}: some conversations are the same`);
        t.comment(`${mode}, ${mta}: ${found.exact} conversations are the same, ${found.shortened} end early`);
      }
    }
  });
}
