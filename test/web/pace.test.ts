/** When the page draws: in the next frame for a person, and for the lab with a bounded share of the time. */
import { Pace, type PaceClock } from '@mtalab/web/internal';
import { test } from 'tap';

/** Time that passes by itself only while something is drawn. Frames come every 10 ms. */
class Screen implements PaceClock {
  now = 0;
  readonly drawnAt: number[] = [];
  readonly #due: { readonly at: number; readonly call: () => void }[] = [];
  readonly nowMs = (): number => this.now;
  readonly atFrame = (call: () => void): void => void this.#due.push({ at: Math.floor(this.now / 10) * 10 + 10, call });
  readonly after = (ms: number, call: () => void): void => void this.#due.push({ at: this.now + ms, call });

  draws(tookMs: number): () => void {
    return () => {
      this.drawnAt.push(this.now);
      this.now += tookMs;
    };
  }

  until(end: number): void {
    for (;;) {
      this.#due.sort((one, other) => one.at - other.at);
      const next = this.#due[0];
      if (next === undefined || next.at > end) break;
      this.#due.shift();
      this.now = Math.max(this.now, next.at);
      next.call();
    }
    this.now = Math.max(this.now, end);
  }
}

/** The feed speaks every 50 ms for a while. */
function feed(screen: Screen, pace: Pace, forMs: number): void {
  for (let passed = 0; passed < forMs; passed += 50) {
    pace.later();
    screen.until(screen.now + 50);
  }
}

test('what a person does is drawn in the next frame, and once for each frame', async (t) => {
  const screen = new Screen();
  const pace = new Pace(screen.draws(40), screen);
  for (const at of [0, 1, 2]) {
    screen.until(at);
    pace.soon();
  }
  screen.until(60);
  pace.soon();
  screen.until(200);
  t.same(screen.drawnAt, [10, 70], 'the second did not wait for the share of drawing');
});

test('drawing what the lab does takes a sixteenth of the time at most', async (t) => {
  for (const tookMs of [1, 5, 25, 50]) {
    const screen = new Screen();
    feed(screen, new Pace(screen.draws(tookMs), screen), 20_000);
    const { drawnAt } = screen;
    t.ok((drawnAt.length * tookMs) / screen.now <= 1 / 16, `${drawnAt.length} times ${tookMs} ms`);
    t.ok(drawnAt.length > (screen.now / Math.max(60, tookMs * 16 + 70)) * 0.9, `often enough: ${drawnAt.length}`);
  }
});

test('a page that draws very slowly still draws once a second', async (t) => {
  const screen = new Screen();
  feed(screen, new Pace(screen.draws(300), screen), 20_000);
  const pauses = screen.drawnAt.slice(1).map((at, index) => at - (screen.drawnAt[index] ?? 0));
  t.ok(Math.max(...pauses) <= 1120, pauses.join());
});

test('the last thing that came is always drawn', async (t) => {
  const screen = new Screen();
  let [came, drawn] = [0, 0];
  const pace: Pace = new Pace(() => {
    drawn = came;
    screen.now += 20;
    // What comes while it is drawn, before anybody knows how long that takes.
    if (came === 1) {
      came = 2;
      pace.later();
    }
  }, screen);
  came = 1;
  pace.later();
  screen.until(1000);
  t.equal(drawn, 2);
  came = 3;
  pace.later();
  screen.until(2000);
  t.equal(drawn, 3);
});

test('a person who acts while the feed waits is served at once', async (t) => {
  const screen = new Screen();
  const pace = new Pace(screen.draws(50), screen);
  pace.later();
  screen.until(70);
  pace.later();
  screen.until(100);
  t.same(screen.drawnAt, [10], 'the feed waits for its share');
  pace.soon();
  screen.until(120);
  t.same(screen.drawnAt, [10, 110]);
});
