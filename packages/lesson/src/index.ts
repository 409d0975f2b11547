/** The public entry of lessons: their model and the parser of their files. Runs in a browser. */
export {
  type Choice,
  type Evidence,
  evidenceKinds,
  type Lesson,
  type LessonWord,
  type Question,
  type Story,
  type StoryStep,
} from './model.js';
export { inOrder } from './order.js';
export { type ParsedLesson, parseLesson } from './parse.js';
export { LessonError, type LessonProblem, type Path } from './problems.js';
