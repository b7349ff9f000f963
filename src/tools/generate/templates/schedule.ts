import { pascal, spoken } from '../words.js';
import type { Place } from './place.js';
import { specHead } from './place.js';

export function scheduledCommand({ module, name }: Place): string {
  const type = pascal(name);
  return `import { Logger } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { defineCommand, Scheduled } from '../../src/platform/index.js';

/** Runs each night. */
export class ${type} extends defineCommand('${module}.${name}.v1', { payload: z.object({}) }) {}

@CommandHandler(${type})
@Scheduled({ name: '${name}', cron: '30 2 * * *', timezone: 'UTC' })
export class ${type}Handler implements ICommandHandler<${type}> {
  constructor(private readonly log: Logger) {}

  async execute() {
    this.log.log('there is nothing to ${spoken(name)} yet');
  }
}
`;
}

export function scheduleSpec(place: Place): string {
  const type = pascal(place.name);
  return `${specHead(place, `import { ${type} } from './${place.name}.js';`)}
describe('${type}', () => {
  it('runs each night', async () => {
    await scene.passTime('3 days');
    const runs = await scene.sql('SELECT FROM outbox WHERE type = $1', [${type}.definition.name]);
    expect(runs).toHaveLength(3);
  });
});
`;
}
