/**
 * Every event in all three forms of the log, and the selection options of `mtalab events`. The expected forms are in
 * data/forms.txt; UPDATE=1 rewrites them. catalogue.test.ts compares them with the documented table.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEvent, describeEventLines, type EventId, errorMeaning, eventIds, printOf, sampleEvent } from '@mtalab/mta-core';
import {
  consoleFormat,
  explainedEvent,
  jsonFormat,
  LogTail,
  needsNow,
  paint,
  renderReason,
  type SelectionFlags,
  selectionFilter,
  selectionOf,
  textFormat,
} from 'mtalab/internal';
import { test } from 'tap';

const dataFile = 'test/events/data/forms.txt';
const startMs = Date.UTC(1999, 5, 14, 9, 30, 0, 250);

function lineOf(id: EventId, nowMs: number) {
  const event = sampleEvent(id);
  return {
    kind: 'event' as const,
    nowMs,
    node: 'MTA-A',
    event: describeEvent(event),
    lines: describeEventLines(event),
    origin: printOf(event).origin,
    meaning: errorMeaning(event),
  };
}

/** An entry of `events.jsonl`. */
const viewOf = (id: EventId, nowMs = startMs) => JSON.parse(jsonFormat(lineOf(id, nowMs))) as Parameters<typeof renderReason>[0];

test('each event in each form', (t) => {
  const blocks = eventIds.map((id) => {
    const line = lineOf(id, startMs);
    return [`== ${id}`, consoleFormat(line, false), jsonFormat(line), textFormat(line)].join('\n');
  });
  if (process.env['UPDATE'] === '1') writeFileSync(dataFile, `${blocks.join('\n')}`);
  const kept = readFileSync(dataFile, 'utf8')
    .split(/^(?=== \d+$)/m)
    .filter((block) => block !== '');
  t.equal(kept.length, eventIds.length);
  for (const [at, id] of eventIds.entries()) {
    const [title, onConsole, json, ...text] = (kept[at] ?? '').trimEnd().split('\n');
    const line = lineOf(id, startMs);
    t.equal(title, `== ${id}`);
    t.equal(consoleFormat(line, false), onConsole, `${id} on the console`);
    t.equal(jsonFormat(line), json, `${id} in events.jsonl`);
    t.equal(textFormat(line).trimEnd(), text.join('\n'), `${id} in ev0.log`);
    const [head = '', place = '', ...lines] = text;
    t.match(head, /^message NMI\d{4}: [A-Z][A-Za-z.0-9 ]+ Event, severity (6|8|10|12|14|16)$/);
    t.match(place, /^(\([^()]+(\(\d+\))?( Proc \d+)?\) )?06-14-99 09:30:00am$/, 'place and time');
    for (const each of lines) t.match(each, /^ {2}\S.{0,200}$/, 'short lines');
  }
  t.end();
});

test('selection', (t) => {
  const nowMs = startMs + 3_600_000;
  const events = [9298, 51, 9316, 9318, 271, 9266].map((id, at) => viewOf(id as EventId, startMs + at * 60_000));
  const cases: readonly (readonly [SelectionFlags, readonly number[]])[] = [
    [{}, [9298, 51, 9316, 9318, 271, 9266]],
    [{ id: ['9316', '9318'] }, [9316, 9318]],
    [{ category: ['interface'] }, [9316, 9318, 9266]],
    [{ category: ['SECURITY', 'x.400 service'] }, [9298, 51, 271]],
    [{ type: ['ERROR', 'information'] }, [9298, 271, 9266]],
    [{ severity: 14 }, [9298, 51, 9318, 9266]],
    [{ severity: 16 }, [9266]],
    [{ id: ['9316', '51'], type: ['warning'], category: ['interface'] }, [9316]],
    [{ since: '1999-06-14T09:33' }, [9318, 271, 9266]],
    [{ since: '1999-06-14 09:33:00.250' }, [9318, 271, 9266]],
    [{ since: '1999-06-14T11:33:00.250+02:00', until: '1999-06-14T09:34:30Z' }, [9318, 271]],
    [{ until: '1999-06-14' }, []],
    [{ since: '1999-06-14' }, [9298, 51, 9316, 9318, 271, 9266]],
    [{ since: '57min' }, [9318, 271, 9266]],
    [{ since: '56.5 m', until: '55min' }, [271, 9266]],
    [{ since: '0h 57min 30s', until: '56min 59s' }, [9318]],
    [{ since: '1d', until: '1h' }, [9298]],
    [{ until: '0ms' }, [9298, 51, 9316, 9318, 271, 9266]],
  ];
  for (const [flags, ids] of cases) {
    const chosen = events.filter(selectionFilter(selectionOf(flags), nowMs)).map(({ id }) => id);
    t.same(chosen, ids, JSON.stringify(flags));
  }
  t.equal(needsNow(selectionOf({ since: '1999-06-14', until: '10min' })), true);
  t.equal(needsNow(selectionOf({ since: '1999-06-14' })), false);
  for (const [flags, message] of [
    [{ id: ['9316', '9361'] }, /--id: unknown event 9361; did you mean 9321\?/],
    [{ id: ['all'] }, /--id: unknown event all; `mtalab explain --all`/],
    [{ category: ['field'] }, /did you mean Field Engineering\?/],
    [{ type: ['warnings'] }, /did you mean warning\?/],
    [{ since: '1999-02-29' }, /--since takes an instant/],
    [{ since: '1999-06-14T25:00' }, /--since takes an instant/],
    [{ until: 'yesterday' }, /--until takes an instant/],
    [{ since: '' }, /--since takes an instant/],
    [{ since: '1999-06-15', until: '1999-06-14' }, /is after --until/],
    [{ since: '1h', until: '2h' }, /is after --until/],
  ] as const)
    t.throws(() => selectionOf(flags), { name: 'UsageError', exitCode: 2, message });
  t.end();
});

test('the explanations of an event and of its error number', (t) => {
  t.match(explainedEvent(viewOf(9316)), {
    id: 9316,
    explanation: /refused the bind/,
    error: /^1727: the RPC call failed and did not run\. /,
    articles: ['Q181721'],
  });
  t.match(explainedEvent(viewOf(2219)), { error: null, articles: ['Q285350', 'Q280449', 'Q163295'] });
  t.equal(renderReason(viewOf(9298), paint(false)).split('\n').length, 1);
  t.match(renderReason(viewOf(9318), paint(false)).split('\n'), [
    /^ {6}This MTA could not connect .* \(Q280449, .*\)$/,
    /^ {6}error 1722: /,
  ]);
  t.match(renderReason({ ...viewOf(9298), id: 1 }, paint(false)), /the catalogue does not have this event/);
  t.end();
});

test('a follower reads a log to its end before it follows the rotated one', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'events.jsonl');
  const tail = new LogTail(file);
  t.same(await tail.read(), []);
  appendFileSync(file, 'one\ntwo\nthr');
  t.same(await tail.read(), ['one', 'two']);
  appendFileSync(file, 'ee\nfour\n');
  renameSync(file, join(folder, 'events.1.jsonl'));
  appendFileSync(file, 'five\nsi');
  t.same(await tail.read(), ['three', 'four', 'five']);
  appendFileSync(file, 'x\n');
  t.same(await tail.read(), ['six']);
});
