import { readdirSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { modules } from '../../src/modules.js';

/** Every module there is, those of other repositories included: what is not named in `src/modules.ts` would go unchecked. */
export function everyModule(): readonly Type[] {
  const entries = readdirSync('modules', { withFileTypes: true });
  expect(modules).toHaveLength(entries.filter((entry) => entry.isDirectory()).length);
  return modules;
}
