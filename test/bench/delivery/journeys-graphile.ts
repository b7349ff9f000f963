import type pg from 'pg';
import { arrivals } from '../arrivals.js';
import type { Travelling } from '../journey.js';
import { INSERT_JOURNEY, INSERT_VISIT, JOURNEY_TABLES, STEPS } from '../journey.js';
import { SETTINGS } from '../graphile.js';
import type { GraphileHelpers } from '../rivals.js';
import { graphileWorker } from '../rivals.js';
import { Place, poolOf } from '../server.js';

const NEXT = {
  name: 'next-job',
  text: `SELECT graphile_worker.add_job('visit', json_build_object('journey', $1::text, 'stop', $2::int))`,
};

/** A chain of three jobs of graphile-worker, each of which adds the next in the transaction of its effect. */
export class GraphileJourneys implements Travelling {
  private constructor(
    private readonly place: Place,
    private readonly clients: pg.Pool,
    private readonly runner: { stop(): Promise<void> },
  ) {}

  static async open(): Promise<GraphileJourneys> {
    const library = await graphileWorker();
    const place = await Place.make();
    await place.pool.query(JOURNEY_TABLES);
    const options = { connectionString: place.url, logger: new library.Logger(() => () => undefined) };
    await library.runMigrations(options);
    const visit = async (payload: { journey: string; stop: number }, helpers: GraphileHelpers) => {
      await helpers.withPgClient((client) => step(client, payload));
      if (payload.stop === STEPS) arrivals.add(1);
    };
    return new GraphileJourneys(
      place,
      poolOf(place.url, 16),
      await library.run({ ...options, ...SETTINGS, taskList: { visit } }),
    );
  }

  async start(journey: string): Promise<void> {
    const client = await this.clients.connect();
    await client.query('BEGIN');
    await client.query(INSERT_JOURNEY, [journey]);
    await client.query({ ...NEXT, values: [journey, 1] });
    await client.query('COMMIT');
    client.release();
  }

  async visits(): Promise<number> {
    return (await this.place.pool.query('SELECT count(*)::int AS n FROM visit')).rows[0].n as number;
  }

  async close(): Promise<void> {
    await this.runner.stop();
    await this.clients.end();
    await this.place.drop();
  }
}

interface Client {
  query(text: string | object, values?: unknown[]): Promise<unknown>;
}

async function step(client: Client, { journey, stop }: { journey: string; stop: number }): Promise<void> {
  if (stop === STEPS) {
    await client.query(INSERT_VISIT, [journey, stop]);
    return;
  }
  await client.query('BEGIN');
  await client.query(INSERT_VISIT, [journey, stop]);
  await client.query({ ...NEXT, values: [journey, stop + 1] });
  await client.query('COMMIT');
}
