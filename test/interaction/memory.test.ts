/** The stories on the memory link: see `memory/*.txt`. */
import { testOtherLink } from './other-link.js';

testOtherLink('memory', 'The memory link');
