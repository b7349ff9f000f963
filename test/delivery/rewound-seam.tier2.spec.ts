import { it } from '@jest/globals';
import { doesNotHearAgain, hearingParts } from '../support/hearing-parts.js';

it('a listener in another process does not hear again what it has heard when its tables are lost', async () => {
  await doesNotHearAgain(await hearingParts(() => ({ kind: 'feed' })));
}, 120_000);
