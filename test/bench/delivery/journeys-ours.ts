import { CommandBus } from '@nestjs/cqrs';
import type { TestDatabase } from '../../../src/platform/testing/index.js';
import { testDatabase } from '../../../src/platform/testing/index.js';
import type pg from 'pg';
import type { Travelling } from '../journey.js';
import { JOURNEY_MODULES, StartJourney } from '../journey.js';
import { poolOf } from '../server.js';
import { Stage } from '../stage.js';

/** A saga that sends three durable commands, one after the answer to the other. */
export class OurJourneys implements Travelling {
  private constructor(
    private readonly database: TestDatabase,
    private readonly admin: pg.Pool,
    private readonly stage: Stage,
  ) {}

  static async open(): Promise<OurJourneys> {
    const database = await testDatabase(JOURNEY_MODULES);
    const stage = await Stage.open(JOURNEY_MODULES, database, { poolSize: 20 });
    stage.start();
    return new OurJourneys(database, poolOf(database.adminUrl, 2), stage);
  }

  async start(journey: string): Promise<void> {
    await this.stage.get(CommandBus).execute(new StartJourney({ journey }));
  }

  async visits(): Promise<number> {
    return (await this.admin.query('SELECT count(*)::int AS n FROM stations.visit')).rows[0].n as number;
  }

  async close(): Promise<void> {
    await this.stage.close();
    await this.admin.end();
    await this.database.drop();
  }
}
