/**
 * The protocol, told as stories in `data/*.txt`: commands, then `----`, then what they led to. `UPDATE=1` rewrites the
 * outcomes; read the difference before you keep it.
 */
import { testStories } from '../support/stories.js';
import { runStory } from './run-story.js';

testStories(
  'test/interaction/data',
  (text) => runStory(text),
  (t, seen) => {
    t.notMatch(seen, /NEVER REACHED|TWICE|disagree/);
  },
);
