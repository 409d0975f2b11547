/** The lessons: a list, and one lesson after the other. Each stops at the decisive moment, and the reader predicts. */
import { ladderWords, type PageExhibit, type PageLesson, type PageMoment, type PlayedLesson } from '@mtalab/trace';
import { useEffect, useState } from 'preact/hooks';
import { ladderRows } from '../model/rows.js';
import type { Store } from '../state/store.js';
import { Ladder, rowHeight } from './ladder.js';
import { Markdown } from './markdown.js';

/** Rows of a ladder in a lesson before it scrolls. */
const mostRows = 14;

type Word = { readonly word: string; readonly means: string };

function Words({ title, words }: { readonly title: string; readonly words: readonly Word[] }) {
  if (words.length === 0) return null;
  return (
    <details class="words">
      <summary>{title}</summary>
      <dl>
        {words.map(({ word, means }) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Exhibit({ exhibit, store }: { readonly exhibit: PageExhibit; readonly store: Store }) {
  const [selected, select] = useState(-1);
  switch (exhibit.kind) {
    case 'ladder': {
      const [left = 'MTA-A', right = 'MTA-B'] = [...new Set(exhibit.lines.flatMap(({ from, to }) => [from, to]))]
        .filter((name) => name !== '')
        .sort();
      const rows = ladderRows(exhibit.lines, left, right);
      return (
        <div class="exhibit">
          <div class="heads" aria-hidden="true">
            <span>{left}</span>
            <span>{right}</span>
          </div>
          <div class="frame" style={{ height: `${Math.min(mostRows, Math.max(2, rows.length)) * rowHeight}px` }}>
            <Ladder
              rows={rows}
              left={left}
              right={right}
              selected={selected}
              onSelect={select}
              onOpen={() => undefined}
              empty="Nothing passed."
            />
          </div>
          <Words
            title="What the words on this ladder mean"
            words={ladderWords(exhibit.lines).map(({ word, meaning }) => ({ word, means: meaning }))}
          />
        </div>
      );
    }
    case 'turn':
      return (
        <ul class="exhibit">
          {exhibit.associations.length === 0 && <li>There is no association.</li>}
          {exhibit.associations.map(({ name, sides }) => (
            <li key={name}>
              {name}:{' '}
              {sides
                .map(({ mta, holder }) => `${mta} believes that the Turn is ${holder === mta ? 'its own' : `${holder}'s`}`)
                .join('; ')}
            </li>
          ))}
        </ul>
      );
    case 'queues':
      return (
        <p class="exhibit">
          {exhibit.queued.map(([mta, count]) => `${mta}: ${count === null ? 'down' : `${count} queued`}`).join('; ')};{' '}
          {exhibit.delivered} delivered
        </p>
      );
    case 'events':
      return (
        <ul class="exhibit">
          {exhibit.entries.length === 0 && <li>The event logs have nothing new.</li>}
          {exhibit.entries.map(({ mta, id, text }, at) => (
            <li key={at}>
              {mta}{' '}
              <button type="button" class="link" onClick={() => store.change({ drawer: 'events', filter: `${id}` })}>
                event {id}
              </button>
              : {text}
            </li>
          ))}
        </ul>
      );
  }
}

type MomentProps = {
  readonly lesson: PlayedLesson;
  readonly moment: PageMoment;
  readonly store: Store;
  readonly chosen: number | undefined;
  readonly onChoose: (id: string, at: number) => void;
};

function Moment({ lesson, moment, store, chosen, onChoose }: MomentProps) {
  if (moment.kind === 'look')
    return (
      <>
        {moment.exhibits.map((exhibit, at) => (
          <Exhibit key={at} exhibit={exhibit} store={store} />
        ))}
      </>
    );
  const question = lesson.questions.find(({ id }) => id === moment.id);
  if (question === undefined) return null;
  if (moment.kind === 'ask')
    return (
      <fieldset class="predict">
        <legend>Predict</legend>
        <Markdown text={question.ask} />
        {question.choices.map(({ says }, at) => (
          <button
            type="button"
            key={says}
            aria-pressed={chosen === at}
            disabled={chosen !== undefined}
            onClick={() => onChoose(moment.id, at)}
          >
            <Markdown text={says} />
          </button>
        ))}
      </fieldset>
    );
  const truth = question.choices.findIndex(({ right }) => right);
  const outcome = moment.outcomes[truth];
  const choice = chosen === undefined ? undefined : question.choices[chosen];
  const corrected = question.choices.find((each) => each.corrected);
  return (
    <section class="happened">
      <h3>What happened</h3>
      <Markdown text={question.choices[truth]?.says ?? ''} />
      {outcome !== null && outcome !== undefined && <p class="quiet">Measured on the running MTAs: {outcome.seen}.</p>}
      {moment.exhibits.map((exhibit, at) => (
        <Exhibit key={at} exhibit={exhibit} store={store} />
      ))}
      <p>
        <strong>{chosen === truth ? 'You were right.' : 'You predicted something else.'}</strong>
      </p>
      <Markdown text={choice?.remark ?? ''} />
      <Markdown text={question.told} />
      {corrected !== undefined && <Markdown text={`Without the bug it would have gone like this: ${corrected.says}`} />}
    </section>
  );
}

function Lesson({ lesson, store }: { readonly lesson: PlayedLesson; readonly store: Store }) {
  const [chosen, setChosen] = useState<Readonly<Record<string, number>>>({});
  const stop = lesson.moments.findIndex((moment) => moment.kind === 'ask' && chosen[moment.id] === undefined);
  const shown = stop < 0 ? lesson.moments : lesson.moments.slice(0, stop + 1);
  const right = lesson.questions.filter(({ id, choices }) => choices[chosen[id] ?? -1]?.right === true).length;
  useEffect(() => {
    if (stop < 0) void store.act('lesson-done', { id: lesson.id, right, of: lesson.questions.length });
  }, [stop < 0]);
  return (
    <article class="lesson">
      <h2>
        Lesson {lesson.number}: {lesson.title}
      </h2>
      <Markdown text={lesson.intro} />
      <Words title="The words of this lesson" words={lesson.words} />
      {shown.map((moment, at) => (
        <Moment
          key={at}
          lesson={lesson}
          moment={moment}
          store={store}
          chosen={'id' in moment ? chosen[moment.id] : undefined}
          onChoose={(id, place) => setChosen((before) => ({ ...before, [id]: place }))}
        />
      ))}
      {stop < 0 && (
        <section class="happened">
          <h3>In short</h3>
          <Markdown text={lesson.close} />
          <p>
            {right} of {lesson.questions.length} predictions were right.
          </p>
        </section>
      )}
    </article>
  );
}

type State = PlayedLesson | 'list' | { readonly waitsFor: string } | { readonly failed: string };

export function Lessons({ store }: { readonly store: Store }) {
  const [lessons, setLessons] = useState<readonly PageLesson[]>([]);
  const [state, setState] = useState<State>('list');
  useEffect(() => {
    if (state === 'list')
      void store.act('lessons').then(({ value, ok }) => setLessons(ok ? (value as readonly PageLesson[]) : []));
  }, [state === 'list']);
  const begin = (lesson: PageLesson): void => {
    setState({ waitsFor: lesson.title });
    void store
      .act('lesson', { id: lesson.id })
      .then(({ ok, says, value }) => setState(ok ? (value as PlayedLesson) : { failed: says }));
  };
  if (state === 'list')
    return (
      <ol class="lessons">
        {lessons.map((lesson) => (
          <li key={lesson.id}>
            <button type="button" onClick={() => begin(lesson)}>
              {lesson.number}. {lesson.title} <span class="quiet">{lesson.minutes} min</span> {lesson.done ? '✓ done' : ''}
            </button>
          </li>
        ))}
      </ol>
    );
  return (
    <>
      <button type="button" onClick={() => setState('list')}>
        All lessons
      </button>
      {'waitsFor' in state && <p role="status">Two MTAs of their own play “{state.waitsFor}” now. This takes some seconds.</p>}
      {'failed' in state && <p class="bad">The lesson could not be played: {state.failed}</p>}
      {'moments' in state && <Lesson key={state.id} lesson={state} store={store} />}
    </>
  );
}
