/** The stories on the X.400 connector: see `x400/*.txt`. */
import { testOtherLink } from './other-link.js';

testOtherLink('x400', 'The X.400 connector');
